/**
 * `npm run bench -- year [--days N] [--turbidity-every N] [--where]`: a year of one station at a reading every five minutes, from the
 * chips to the acknowledged row, with the simulated network and the ledger over a store in memory.
 * Signatures are a keyed hash: pure-JavaScript ES256 would be measured instead of the station. `--where`
 * says where the time goes, and is no measurement of the whole.
 */

import { parseArgs } from "node:util";
import { KEYED_HASH_NAME } from "../../sim/keys/keyed-hash-signer.js";
import type { SimulatedStation } from "../../sim/station/station.js";
import { entrySequenceOf } from "../../src/protocol/record/entry.js";
import {
	openBareCollector,
	runStationUntil,
	serviceStation,
} from "../support/engines/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../support/engines/bare-station.js";
import { UsageError } from "../support/engines/dispatch.js";
import { wholeNumber } from "../support/engines/number-options.js";
import { timeSharesOf } from "../support/judges/time-shares.js";

const STATION = "bor-1";
const DAY_SECONDS = 86_400;
const MONTH_DAYS = 30;
/** What the year is to stay under on two cores. */
const WALL_SECONDS_MAX = 20;
/** Garbage that a collection leaves now and then; a leak of 100 bytes a reading would be 10 MB. */
const HEAP_GROWTH_MEGABYTES_MAX = 1;

export async function run(args: string[]): Promise<boolean> {
	const { days, turbidityEvery, where } = optionsOf(args);
	if (where) {
		let isGood = false;
		const shares = await timeSharesOf(async () => {
			isGood = await runDays(days, turbidityEvery, false);
		});
		for (const [room, share] of shares)
			console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${room}`);
		console.log(
			JSON.stringify({
				days,
				shares: Object.fromEntries(
					shares.map(([room, share]) => [room, Math.round(share * 1000) / 1000]),
				),
			}),
		);
		return isGood;
	}
	return runDays(days, turbidityEvery, days === 365);
}

/** `isTimed`: the wall counts, too. */
async function runDays(days: number, turbidityEvery: number, isTimed: boolean): Promise<boolean> {
	console.log(`${days} days, signatures: ${KEYED_HASH_NAME}`);
	const clock = {
		get utcSeconds() {
			return station.utcSeconds;
		},
	};
	const { store, publicKey, endpoint } = await openBareCollector(clock, STATION);
	const seen = { readings: 0, appended: 0, cursor: 0, newest: 0 };
	const station: SimulatedStation = bareStation({
		name: STATION,
		collectorPublicKey: publicKey,
		configuration: turbidityEvery === 1 ? {} : { turbidityEvery },
		endpoint,
		witness: {
			appended: (canonicalBytes) => {
				seen.appended++;
				if (canonicalBytes[1] === 1) seen.readings++;
				seen.newest = entrySequenceOf(canonicalBytes);
			},
			acknowledged: (cursor) => {
				seen.cursor = cursor;
			},
		},
	});
	const started = performance.now();
	const cpu = process.cpuUsage();
	const heapMegabytes: number[] = [];
	for (let day = 1; day <= days; day++) {
		await runStationUntil(station, START_UTC_SECONDS + day * DAY_SECONDS);
		if (day === MONTH_DAYS || day === days) heapMegabytes.push(heapInUse());
	}
	while (seen.cursor < seen.newest) await serviceStation(station);
	const wallSeconds = (performance.now() - started) / 1000;
	const used = process.cpuUsage(cpu);
	const rows = store.rowsOf(STATION).length;
	const [month1 = 0, month12 = month1] = heapMegabytes;
	const perDay: Record<string, number> = {};
	let all = 0;
	for (const [part, milliwattHours] of station.hardware.energy.milliwattHoursByPart()) {
		perDay[part] = rounded(milliwattHours / days);
		all += milliwattHours / days;
	}
	const result = {
		days,
		readings: seen.readings,
		wallSeconds: rounded(wallSeconds),
		processorSeconds: rounded((used.user + used.system) / 1e6),
		heapMegabytesAtMonth1: days >= MONTH_DAYS ? rounded(month1) : null,
		heapMegabytesAtMonth12: days >= 12 * MONTH_DAYS ? rounded(month12) : null,
		delivered: rows,
		missing: seen.appended - rows,
		crashes: station.counters.crashes,
		energyMilliwattHoursPerDay: { all: rounded(all), ...perDay },
	};
	console.log(JSON.stringify(result));
	return (
		result.missing === 0 &&
		result.crashes === 0 &&
		month12 - month1 <= HEAP_GROWTH_MEGABYTES_MAX &&
		(!isTimed || wallSeconds <= WALL_SECONDS_MAX)
	);
}

function heapInUse(): number {
	globalThis.gc?.();
	return process.memoryUsage().heapUsed / 1e6;
}

function rounded(value: number): number {
	return Math.round(value * 100) / 100;
}

const USAGE = "usage: npm run bench -- year [--days 1..3650] [--turbidity-every 1..48] [--where]";

/** Throws UsageError. */
function optionsOf(args: string[]): {
	readonly days: number;
	readonly turbidityEvery: number;
	readonly where: boolean;
} {
	let values: { days?: string; where?: boolean; "turbidity-every"?: string };
	try {
		const options = {
			days: { type: "string" },
			where: { type: "boolean" },
			"turbidity-every": { type: "string" },
		} as const;
		({ values } = parseArgs({ args, options }));
	} catch (error) {
		throw new UsageError(`${(error as Error).message}\n${USAGE}`);
	}
	const every = values["turbidity-every"] ?? "1";
	return {
		days: wholeNumber("--days", values.days ?? "365", [1, 3650], USAGE),
		turbidityEvery: wholeNumber("--turbidity-every", every, [1, 48], USAGE),
		where: values.where === true,
	};
}
