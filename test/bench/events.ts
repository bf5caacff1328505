/**
 * `npm run bench -- events [--seed N] [--years N] [--worlds a,b] [--inflows N]`: the detector of events over seeded
 * station-years of each world of test/support/worlds/event-river.ts, with a threshold on pH and a CUSUM as yardsticks
 * on the same five-minute readings. Delays count from the true conductivity's being 5 % above what it would be
 * without the inflow; "acid" are inflows that raise it by 30 % and more, "weak" the others. A false alarm is any alarm
 * outside an inflow, a watch counts where no inflow is. The last line is JSON; exit 0 when `together` holds its limits.
 */
import { parseArgs } from "node:util";
import { eventThresholdsOf } from "../../src/firmware/config/configuration.js";
import { EVENT_RULE_VERSION } from "../../src/firmware/events/event-rule.js";
import { UsageError } from "../support/engines/dispatch.js";
import { wholeNumber } from "../support/engines/number-options.js";
import { quantileOf, ratioOf, rounded } from "../support/judges/figures.js";
import { type EventYear, eventYear, type Found } from "../support/trials/event-trial.js";
import { EVENT_WORLDS } from "../support/worlds/event-river.js";

const YEARS = 200;
const INFLOWS = 6;

export async function run(args: string[]): Promise<boolean> {
	const { seed, years, worlds, inflows } = optionsOf(args);
	console.log(`seed ${seed}, ${years} station-years of each world, ${inflows} inflows a year`);
	const results: Record<string, ReturnType<typeof resultOf>> = {};
	const started = performance.now();
	for (const world of worlds) {
		const all: EventYear[] = [];
		for (let year = 0; year < years; year++) {
			all.push(
				eventYear({ seed: (seed + year * 7919) >>> 0, world, inflows }, eventThresholdsOf({})),
			);
		}
		const result = resultOf(all);
		results[world] = result;
		const seconds = Math.round((performance.now() - started) / 1000);
		console.log(`${world} (${seconds} s): ${JSON.stringify(result)}`);
	}
	const { together } = results;
	const isGood = together === undefined || isWithin(together);
	console.log(JSON.stringify({ rule: EVENT_RULE_VERSION, seed, years, isGood, worlds: results }));
	return isGood;
}

function isWithin({ acid, falseAlarmsPerYear, watchesPerYear }: ReturnType<typeof resultOf>) {
	return (
		// Without an inflow there is nothing to find.
		(acid.found ?? 1) >= 0.99 &&
		(acid.watchWithin15Minutes ?? 1) >= 0.99 &&
		(acid.alarmWithin18Minutes ?? 1) >= 0.97 &&
		falseAlarmsPerYear <= 0.5 &&
		watchesPerYear <= 25
	);
}

function resultOf(all: readonly EventYear[]) {
	const years = all.length;
	const found = all.flatMap((year) => year.found);
	const mean = (value: (year: EventYear) => number): number =>
		Math.round((1000 * all.reduce((sum, year) => sum + value(year), 0)) / years) / 1000;
	const acid = found.filter(({ isAcidClass }) => isAcidClass);
	return {
		acid: classOf(acid),
		weak: classOf(found.filter(({ isAcidClass }) => !isAcidClass)),
		falseAlarmsPerYear: mean((year) => year.falseAlarms),
		falseAcidPerYear: mean((year) => year.falseByCode["acid"] ?? 0),
		watchesPerYear: mean((year) => year.watches),
		stormsPerYear: mean((year) => year.storms),
		extraReadingsPerYear: mean((year) => year.extraReadings),
		pHThreshold: yardstick(
			acid,
			({ thresholdMinutes }) => thresholdMinutes,
			mean((year) => year.thresholdFalse),
		),
		cusum: yardstick(
			acid,
			({ cusumMinutes }) => cusumMinutes,
			mean((year) => year.cusumFalse),
		),
	};
}

function classOf(found: readonly Found[]) {
	const watches = found.map(({ watchMinutes }) => watchMinutes ?? Number.POSITIVE_INFINITY);
	const alarms = found.map(({ alarmMinutes }) => alarmMinutes ?? Number.POSITIVE_INFINITY);
	return {
		count: found.length,
		found: shareOf(alarms, Number.MAX_VALUE),
		watched: shareOf(watches, Number.MAX_VALUE),
		watchWithin15Minutes: shareOf(watches, 15),
		alarmWithin18Minutes: shareOf(alarms, 18),
		watchMinutes: quantiles(watches),
		alarmMinutes: quantiles(alarms),
	};
}

function yardstick(
	found: readonly Found[],
	minutesOf: (found: Found) => number | undefined,
	falseAlarmsPerYear: number,
) {
	const minutes = found.map((each) => minutesOf(each) ?? Number.POSITIVE_INFINITY);
	return {
		found: shareOf(minutes, Number.MAX_VALUE),
		alarmWithin18Minutes: shareOf(minutes, 18),
		alarmMinutes: quantiles(minutes),
		falseAlarmsPerYear,
	};
}

/** Rounded down: 1 is all of them; null of none. */
function shareOf(minutes: readonly number[], most: number): number | null {
	const share = ratioOf(minutes.filter((each) => each <= most).length, minutes.length);
	return share === null ? null : Math.floor(10_000 * share) / 10_000;
}

/** Median, 95 % and 99 %; null where it was not found. */
function quantiles(minutes: readonly number[]): readonly (number | null)[] {
	return [0.5, 0.95, 0.99].map((part) => rounded(quantileOf(minutes, part), 1));
}

const USAGE =
	"usage: npm run bench -- events [--seed 0..4294967295] [--years 1..1000] [--worlds a,b] [--inflows 0..60]";

/** Throws UsageError. */
function optionsOf(args: string[]) {
	let values: { seed?: string; years?: string; worlds?: string; inflows?: string };
	try {
		const text = { type: "string" } as const;
		const options = { seed: text, years: text, worlds: text, inflows: text };
		({ values } = parseArgs({ args, options }));
	} catch (error) {
		throw new UsageError(`${(error as Error).message}\n${USAGE}`);
	}
	const number = (
		name: "seed" | "years" | "inflows",
		start: number,
		range: readonly [number, number],
	): number => wholeNumber(`--${name}`, values[name] ?? String(start), range, USAGE);
	const names = Object.keys(EVENT_WORLDS) as (keyof typeof EVENT_WORLDS)[];
	const asked = values.worlds?.split(",") ?? names;
	const worlds = names.filter((name) => asked.includes(name));
	if (worlds.length !== asked.length)
		throw new UsageError(`--worlds of ${names.join(",")}\n${USAGE}`);
	return {
		seed: number("seed", 1, [0, 0xffff_ffff]),
		years: number("years", YEARS, [1, 1000]),
		inflows: number("inflows", INFLOWS, [0, 60]),
		worlds,
	};
}
