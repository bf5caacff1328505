/**
 * `npm run bench -- winter [--days N] [--only TEXT]`: thirty days without sun on batteries of three kinds, each against what its
 * station forecast on the first day; and a winter, December to February at 44 N, with the sun of
 * `test/support/worlds/winter-sun.ts` on a panel of 10 Wp, dull and snowed-in weeks included. The last line is JSON; exit
 * 0 within the limits below. All in the simulator's account: no board was measured.
 */
import { parseArgs } from "node:util";
import type { BatteryChemistry } from "../../sim/board/battery-cells.js";
import { PACKS } from "../../sim/board/battery-cells.js";
import { quietBor } from "../../sim/river/quiet-bor.js";
import type { River } from "../../sim/river/river.js";
import type { Disturbances } from "../../sim/station/disturbances.js";
import type { SimulatedStation } from "../../sim/station/station.js";
import type { StationConfiguration } from "../../src/firmware/config/configuration.js";
import { forecastOf, stretchedSecondsOf } from "../../src/firmware/config/power-policy.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import type { Entry } from "../../src/protocol/record/entry-layouts.js";
import {
	openBareCollector,
	runStationUntil,
	serviceStation,
} from "../support/engines/bare-collector.js";
import { bareStation } from "../support/engines/bare-station.js";
import { UsageError } from "../support/engines/dispatch.js";
import { wholeNumber } from "../support/engines/number-options.js";
import { quantileOf } from "../support/judges/figures.js";
import { SNOWED_IN, winterSun } from "../support/worlds/winter-sun.js";

const STATION = "bor-1";
const DAY = 86_400;
/** 2026-12-01T00:00:00Z */
const DECEMBER = 1_796_083_200;
const WINTER_DAYS = 90;
/** The river of formulas has one season, of about 12.5 degC; in winter it has 4.5. */
const MILD_CELSIUS = 12.5;
const WINTER_CELSIUS = 4.5;
const SUNLESS_DAYS = 30;
/** What the month takes may differ from the first day's forecast by this part. */
const ERROR_MAX = 0.15;
/** Of the readings that a day's pace asks for. */
const COMPLETENESS_MIN = 0.99;

interface Trial {
	readonly name: string;
	readonly chemistry: BatteryChemistry;
	readonly milliampereHours: number;
	readonly gauge: "divider" | "ina226";
	/** Of what it holds, at the beginning. */
	readonly part: number;
	readonly turbidityEvery: number;
	readonly solarMilliwatts: (utcSeconds: number) => number;
}

const DARK = (): number => 0;
const SUNLESS: readonly Omit<Trial, "solarMilliwatts">[] = [
	{
		name: "lead 7 Ah, full",
		chemistry: "lead-acid",
		milliampereHours: 7000,
		gauge: "divider",
		part: 1,
		turbidityEvery: 1,
	},
	{
		name: "lead 2.3 Ah, full",
		chemistry: "lead-acid",
		milliampereHours: 2300,
		gauge: "divider",
		part: 1,
		turbidityEvery: 1,
	},
	{
		name: "Li-ion 3.4 Ah, full",
		chemistry: "li-ion",
		milliampereHours: 3400,
		gauge: "divider",
		part: 1,
		turbidityEvery: 1,
	},
	{
		name: "Li-ion 3.4 Ah, full, turbidity every third",
		chemistry: "li-ion",
		milliampereHours: 3400,
		gauge: "divider",
		part: 1,
		turbidityEvery: 3,
	},
	{
		name: "Li-ion 1.5 Ah, full",
		chemistry: "li-ion",
		milliampereHours: 1500,
		gauge: "divider",
		part: 1,
		turbidityEvery: 1,
	},
	{
		name: "LiFePO4 3.6 Ah, full, coulombs",
		chemistry: "lifepo4",
		milliampereHours: 3600,
		gauge: "ina226",
		part: 1,
		turbidityEvery: 1,
	},
	{
		name: "LiFePO4 1.5 Ah, full, coulombs",
		chemistry: "lifepo4",
		milliampereHours: 1500,
		gauge: "ina226",
		part: 1,
		turbidityEvery: 1,
	},
];
const WINTERS: readonly Trial[] = [
	{
		name: "lead 7 Ah",
		chemistry: "lead-acid",
		milliampereHours: 7000,
		gauge: "divider",
		part: 0.8,
		turbidityEvery: 1,
		solarMilliwatts: winterSun(DECEMBER, []),
	},
	{
		name: "lead 7 Ah, snowed in",
		chemistry: "lead-acid",
		milliampereHours: 7000,
		gauge: "divider",
		part: 0.8,
		turbidityEvery: 1,
		solarMilliwatts: winterSun(DECEMBER, SNOWED_IN),
	},
	{
		name: "Li-ion 3.4 Ah, snowed in",
		chemistry: "li-ion",
		milliampereHours: 3400,
		gauge: "divider",
		part: 0.8,
		turbidityEvery: 1,
		solarMilliwatts: winterSun(DECEMBER, SNOWED_IN),
	},
	{
		name: "Li-ion 1 Ah, snowed in",
		chemistry: "li-ion",
		milliampereHours: 1000,
		gauge: "divider",
		part: 0.8,
		turbidityEvery: 1,
		solarMilliwatts: winterSun(DECEMBER, SNOWED_IN),
	},
	{
		name: "LiFePO4 3.6 Ah, coulombs, snowed in",
		chemistry: "lifepo4",
		milliampereHours: 3600,
		gauge: "ina226",
		part: 0.8,
		turbidityEvery: 1,
		solarMilliwatts: winterSun(DECEMBER, SNOWED_IN),
	},
];

interface DaySeen {
	readonly readings: number;
	/** By the pace of the levels that held. */
	readonly due: number;
	readonly level: number;
	readonly milliwattHours: number;
}

interface Lived {
	readonly days: readonly DaySeen[];
	readonly entries: readonly Entry[];
	readonly boots: number;
	readonly crashes: number;
	readonly undelivered: number;
	readonly gaps: number;
	readonly batteryMilliwattHours: number;
	readonly configuration: StationConfiguration;
}

async function live(trial: Trial, days: number): Promise<Lived> {
	const { chemistry, milliampereHours, part, gauge, turbidityEvery } = trial;
	const capacityMilliwattHours = milliampereHours * PACKS[chemistry].nominalVolts;
	const mild = quietBor(1);
	const water = (utcSeconds: number) => {
		const state = mild(utcSeconds);
		return {
			...state,
			temperatureCelsius: state.temperatureCelsius + WINTER_CELSIUS - MILD_CELSIUS,
		};
	};
	// Lead keeps 85 % of its charge at 0 degC, LiFePO4 80 %; the box is as cold as the river here.
	const lost = chemistry === "lead-acid" ? 0.0075 : 0.01;
	const disturbances: Disturbances = {
		battery: {
			capacityMilliwattHours,
			chargeMilliwattHours: part * capacityMilliwattHours,
			chemistry,
			coldPart: (utc) => 1 - lost * Math.max(20 - water(utc).temperatureCelsius, 0),
		},
		solarMilliwatts: trial.solarMilliwatts,
	};
	const river: River = {
		name: "quiet Bor",
		at: water,
		firstUtcSeconds: undefined,
		lastUtcSeconds: undefined,
		disturbances,
	};
	const entries: Entry[] = [];
	const clock = {
		get utcSeconds() {
			return station.utcSeconds;
		},
	};
	const { store, publicKey, endpoint } = await openBareCollector(clock, STATION);
	const settings: Partial<StationConfiguration> = {
		batteryChemistry: chemistry,
		batteryMilliampereHours: milliampereHours,
		batteryGauge: gauge,
		batteryLowMillivolts: chemistry === "li-ion" ? 3400 : 11_600,
		turbidityEvery,
	};
	let cursor = 0;
	const station: SimulatedStation = bareStation({
		name: STATION,
		originUtcSeconds: DECEMBER,
		river,
		collectorPublicKey: publicKey,
		endpoint,
		configuration: settings,
		witness: {
			appended: (canonicalBytes) => entries.push(decodeEntry(canonicalBytes)),
			acknowledged: (to) => {
				cursor = to;
			},
		},
	});
	const seen: DaySeen[] = [];
	let spent = 0;
	let level = 0;
	let at = 0;
	for (let day = 1; day <= days; day++) {
		await runStationUntil(station, DECEMBER + day * DAY);
		let readings = 0;
		let due = 0;
		let since = DECEMBER + (day - 1) * DAY;
		const pace = (until: number): void => {
			due += Math.max(until - since, 0) / stretchedSecondsOf(300, level);
			since = Math.max(since, until);
		};
		for (; at < entries.length; at++) {
			const entry = entries[at];
			if (entry === undefined) continue;
			if (entry.kind === "reading") readings++;
			if (entry.kind !== "event" || entry.code !== POWER_LEVEL) continue;
			pace(entry.utcSeconds);
			level = entry.detail;
		}
		pace(DECEMBER + day * DAY);
		const all = station.hardware.energy.totalMilliwattHours();
		seen.push({ readings, due, level, milliwattHours: all - spent });
		spent = all;
	}
	// What a silent station holds comes when somebody presses the button.
	for (let press = 0; press < 40 && cursor < (entries.at(-1)?.sequence ?? 0); press++) {
		await serviceStation(station);
	}
	const rows = store.rowsOf(STATION).map(decodeEntry);
	return {
		days: seen,
		entries,
		boots: entries.filter(({ kind }) => kind === "boot").length,
		crashes: station.counters.crashes + station.counters.watchdogResets,
		undelivered: entries.length - rows.length,
		gaps: rows.filter(({ kind }) => kind === "gap").length,
		batteryMilliwattHours: station.hardware.battery.chargeMilliwattHours,
		configuration: {
			intervalSeconds: 300,
			uploadIntervalSeconds: 3600,
			...settings,
		} as StationConfiguration,
	};
}

const POWER_LEVEL = 52;

async function sunless(trial: Omit<Trial, "solarMilliwatts">) {
	const lived = await live({ ...trial, solarMilliwatts: DARK }, SUNLESS_DAYS + 1);
	const { entries, configuration } = lived;
	// It speaks of the thirty days after it.
	const days = lived.days.slice(1);
	// The first day's report is what the station forecast then; the rest of the month by the same function.
	const heartbeat = entries.find((entry) => entry.kind === "heartbeat");
	if (heartbeat?.kind !== "heartbeat" || heartbeat.chargePerMille === undefined) {
		throw new Error(`${trial.name}: no forecast on the first day`);
	}
	const before = entries
		.slice(0, heartbeat.sequence)
		.filter(({ kind }) => kind === "reading")
		.at(-1);
	const millidegrees = before?.kind === "reading" ? (before.fields[3] ?? 0) : 0;
	const { days: daysLeft, monthMilliwattHours } = forecastOf({
		capacityMilliwattHours: trial.milliampereHours * VOLTS[trial.chemistry],
		charge: heartbeat.chargePerMille,
		chemistry: trial.chemistry,
		celsius: Math.round(millidegrees / 1000),
		intervalSeconds: configuration.intervalSeconds,
		uploadIntervalSeconds: configuration.uploadIntervalSeconds,
		turbidityEvery: trial.turbidityEvery,
	});
	if (daysLeft !== heartbeat.forecastDays) {
		throw new Error(
			`${trial.name}: ${daysLeft} days, and the station says ${heartbeat.forecastDays}`,
		);
	}
	const usedMilliwattHours = sumOf(days.map((day) => day.milliwattHours));
	const errorPart = usedMilliwattHours / monthMilliwattHours - 1;
	const completeness = days.map(({ readings, due }) => readings / due);
	return {
		battery: trial.name,
		forecastDays: heartbeat.forecastDays,
		forecastMilliwattHours: monthMilliwattHours,
		usedMilliwattHours: Math.round(usedMilliwattHours),
		errorPart: rounded(errorPart),
		lastLevel: days.at(-1)?.level,
		readings: sumOf(days.map((day) => day.readings)),
		readingsOnDay30: days.at(-1)?.readings,
		completenessMin: rounded(Math.min(...completeness)),
		leftMilliwattHours: Math.round(lived.batteryMilliwattHours),
		boots: lived.boots,
		crashes: lived.crashes,
		undelivered: lived.undelivered,
		gaps: lived.gaps,
		isGood:
			Math.abs(errorPart) <= ERROR_MAX &&
			(days.at(-1)?.readings ?? 0) >= 4 &&
			isSound(lived, completeness),
	};
}

/** As the firmware takes packs for its forecast. */
const VOLTS = Object.freeze({ "lead-acid": 12, "li-ion": 3.6, lifepo4: 12.8 });

async function winter(trial: Trial, dayCount: number) {
	const lived = await live(trial, dayCount);
	const { days } = lived;
	const completeness = days.map(({ readings, due }) => readings / due);
	const levels = [0, 1, 2, 3, 4].map((level) => days.filter((day) => day.level === level).length);
	return {
		battery: trial.name,
		days: days.length,
		readings: sumOf(days.map((day) => day.readings)),
		readingsPerDayMedian: quantileOf(
			days.map((day) => day.readings),
			0.5,
		),
		readingsPerDayLeast: Math.min(...days.map((day) => day.readings)),
		completenessMin: rounded(Math.min(...completeness)),
		daysAtLevel: levels,
		milliwattHoursPerDay: rounded(sumOf(days.map((day) => day.milliwattHours)) / days.length),
		leftMilliwattHours: Math.round(lived.batteryMilliwattHours),
		boots: lived.boots,
		crashes: lived.crashes,
		undelivered: lived.undelivered,
		gaps: lived.gaps,
		isGood: isSound(lived, completeness),
	};
}

function isSound(
	{ boots, crashes, undelivered, gaps }: Lived,
	completeness: readonly number[],
): boolean {
	return (
		boots === 1 &&
		crashes === 0 &&
		undelivered === 0 &&
		gaps === 0 &&
		Math.min(...completeness) >= COMPLETENESS_MIN
	);
}

export async function run(args: string[]): Promise<boolean> {
	const { days: dayCount, only } = optionsOf(args);
	const isMeant = ({ name }: { readonly name: string }): boolean => name.includes(only);
	if (![...SUNLESS, ...WINTERS].some(isMeant)) {
		const names = [...SUNLESS, ...WINTERS].map(({ name }) => name).join(", ");
		throw new UsageError(`--only ${only}: no battery of ${names} is called so\n${USAGE}`);
	}
	const began = performance.now();
	const months = [];
	for (const trial of SUNLESS.filter(isMeant)) {
		const month = await sunless(trial);
		console.log(JSON.stringify(month));
		months.push(month);
	}
	const winters = [];
	for (const trial of WINTERS.filter(isMeant)) {
		const found = await winter(trial, dayCount);
		console.log(JSON.stringify(found));
		winters.push(found);
	}
	const isGood = [...months, ...winters].every((each) => each.isGood);
	const seconds = rounded((performance.now() - began) / 1000);
	console.log(JSON.stringify({ sunless: months, winter: winters, isGood, seconds }));
	return isGood;
}

function sumOf(values: readonly number[]): number {
	return values.reduce((sum, each) => sum + each, 0);
}

function rounded(value: number): number {
	return Math.round(value * 1000) / 1000;
}

const USAGE = "usage: npm run bench -- winter [--days 2..90] [--only TEXT]";

/** Throws UsageError. */
function optionsOf(args: string[]): { readonly days: number; readonly only: string } {
	let values: { days?: string; only?: string };
	try {
		const options = { days: { type: "string" }, only: { type: "string" } } as const;
		({ values } = parseArgs({ args, options }));
	} catch (error) {
		throw new UsageError(`${(error as Error).message}\n${USAGE}`);
	}
	const days = values.days ?? String(WINTER_DAYS);
	return {
		days: wholeNumber("--days", days, [2, WINTER_DAYS], USAGE),
		only: values.only ?? "",
	};
}
