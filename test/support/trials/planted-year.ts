/**
 * A year of readings of the quiet Bor with faults planted at known times, and what the default policy flags of them.
 * What is recorded is what a station would record: the values that its probes gave, and its own flags.
 */

import { hydrograph, wave } from "../../../sim/river/noise.js";
import { quietBor } from "../../../sim/river/quiet-bor.js";
import type { WaterState } from "../../../sim/river/water.js";
import { fraction, normal, SeededRandom } from "../../../src/core/random.js";
import type { PublishedRow } from "../../../src/protocol/audit/published-values.js";
import { naturalWaterFactorTo25 } from "../../../src/protocol/record/derive.js";
import type { Entry } from "../../../src/protocol/record/entry-layouts.js";
import { CHANNEL_FLAGS } from "../../../src/protocol/record/reading.js";
import { CONFIGURATION_BODY } from "../data/configuration-body.js";
import { fieldsOfNamed } from "../data/named-reading.js";

const DAY_SECONDS = 86_400;
const INTERVAL_SECONDS = 300;
const DAYS = 365;
/** 2026-01-01T00:00:00Z */
const START_SECONDS = 1_767_225_600;
const MICROVOLTS_PER_FNU = 1500;
const MICROVOLTS_AT_ZERO_FNU = 675_000;
const MICROVOLTS_PER_CODE = 125;

type Channel = "ph" | "temperature" | "ec25" | "turbidity";

interface Recorded {
	pH: number | undefined;
	celsius: number | undefined;
	/** Raw, uS/cm. */
	conductivity: number | undefined;
	fnu: number | undefined;
	/** The station's flags of all four values. */
	contextFlags: number;
	/** Seconds that the station's clock is wrong by. */
	clockSeconds: number;
	isLeftOut: boolean;
}

interface Planted {
	readonly what: string;
	readonly channels: readonly Channel[];
	/** The water was like that. */
	readonly isTrue: boolean;
	readonly from: string;
	readonly days: number;
	/** Alters what is recorded. `part`: 0 to 1 of its time; `index`: of the reading in it. */
	readonly plant: (recorded: Recorded, part: number, index: number) => void;
	/** Whether reading `index` of its time is one of those that it makes wrong; all without it. */
	readonly hits?: (index: number) => boolean;
}

const everyTwelfth = (index: number): boolean => index % 12 === 6;

/** A probe's jitter is left where a fault does not say what it gives. */
const PLANTED: readonly Planted[] = [
	{
		what: "ice: water at 0.02 degC for two days",
		channels: ["temperature"],
		isTrue: true,
		from: "2026-01-20",
		days: 2,
		plant: (recorded) => {
			recorded.celsius = 0.02;
		},
	},
	{
		what: "pH electrode stuck at 7.000 for four days",
		channels: ["ph"],
		isTrue: false,
		from: "2026-02-10",
		days: 4,
		plant: (recorded) => {
			recorded.pH = 7;
		},
	},
	{
		what: "storm: 900 FNU within an hour, conductivity a third less",
		channels: ["turbidity", "ec25"],
		isTrue: true,
		from: "2026-03-22",
		days: 1,
		plant: (recorded, part) => {
			const silt = hydrograph(part * DAY_SECONDS, 3600, 4 * 3600);
			recorded.fnu = (recorded.fnu ?? 0) + 900 * silt;
			recorded.conductivity = (recorded.conductivity ?? 0) * (1 - 0.33 * silt);
		},
	},
	{
		what: "bubble in the cell for one reading, a third less, once an hour",
		channels: ["ec25"],
		isTrue: false,
		from: "2026-04-05",
		days: 1,
		plant: (recorded, _part, index) => {
			if (everyTwelfth(index)) recorded.conductivity = (recorded.conductivity ?? 0) * 0.67;
		},
		hits: everyTwelfth,
	},
	{
		what: "bubbles at the optics for one reading, 60 FNU more, once an hour",
		channels: ["turbidity"],
		isTrue: false,
		from: "2026-04-07",
		days: 1,
		plant: (recorded, _part, index) => {
			if (everyTwelfth(index)) recorded.fnu = (recorded.fnu ?? 0) + 60;
		},
		hits: everyTwelfth,
	},
	{
		what: "bubble that stays in the cell for four hours",
		channels: ["ec25"],
		isTrue: false,
		from: "2026-04-10",
		days: 1 / 6,
		plant: (recorded) => {
			recorded.conductivity = (recorded.conductivity ?? 0) * 0.67;
		},
	},
	{
		what: "clock two hours behind for a day, set right after it",
		channels: ["ph"],
		isTrue: true,
		from: "2026-05-20",
		days: 1,
		plant: (recorded) => {
			recorded.clockSeconds = -7200;
		},
	},
	{
		what: "clock a month ahead for an hour",
		channels: ["ph"],
		isTrue: true,
		from: "2026-05-27",
		days: 1 / 24,
		plant: (recorded) => {
			recorded.clockSeconds = 30 * DAY_SECONDS;
		},
	},
	{
		what: "no reading for three days; the first hour after",
		channels: ["ph", "ec25"],
		isTrue: true,
		from: "2026-06-01",
		days: 3 + 1 / 24,
		plant: (recorded, _part, index) => {
			recorded.isLeftOut = index < (3 * DAY_SECONDS) / INTERVAL_SECONDS;
		},
	},
	{
		what: "thermometer gone for six hours, conductivity at 25 degC with it",
		channels: ["temperature", "ec25"],
		isTrue: false,
		from: "2026-06-20",
		days: 0.25,
		plant: (recorded) => {
			recorded.celsius = undefined;
		},
	},
	{
		what: "probes dry for two weeks, air from 12 to 36 degC",
		channels: ["temperature", "ec25", "turbidity", "ph"],
		isTrue: false,
		from: "2026-08-03",
		days: 14,
		plant: (recorded, part) => {
			recorded.celsius = 24 + 12 * wave(part * 14 - 0.38);
			recorded.conductivity = 0.2;
			// The station's own word where the cell conducts less than any river: all probes hang in the air.
			recorded.contextFlags = CHANNEL_FLAGS.suspect;
			recorded.fnu = 0.4;
			recorded.pH = 6.2 + 0.9 * wave(part * 30);
		},
	},
	{
		what: "pH probe swapped for one that reads 0.25 more, for a week",
		channels: ["ph"],
		isTrue: false,
		from: "2026-09-10",
		days: 7,
		plant: (recorded) => {
			recorded.pH = (recorded.pH ?? 0) + 0.25;
		},
	},
	{
		what: "pH probe swapped for one that reads 0.9 more, for a week",
		channels: ["ph"],
		isTrue: false,
		from: "2026-09-20",
		days: 7,
		plant: (recorded) => {
			recorded.pH = (recorded.pH ?? 0) + 0.9;
		},
	},
	{
		what: "slime: pH 0.3 less by the end of a month",
		channels: ["ph"],
		isTrue: false,
		from: "2026-10-01",
		days: 30,
		plant: (recorded, part) => {
			recorded.pH = (recorded.pH ?? 0) - 0.3 * part;
		},
	},
	{
		what: "acid front: pH 3.2 and 3000 uS/cm within 40 minutes",
		channels: ["ph", "ec25", "turbidity"],
		isTrue: true,
		from: "2026-11-12",
		days: 1,
		plant: (recorded, part) => {
			const acid = hydrograph(part * DAY_SECONDS, 2400, 3 * 3600);
			recorded.pH = (recorded.pH ?? 0) - 4.4 * acid;
			recorded.conductivity = (recorded.conductivity ?? 0) * (1 + 2.5 * acid);
			recorded.fnu = (recorded.fnu ?? 0) + 300 * acid;
		},
	},
];

export interface PlantedOutcome {
	readonly what: string;
	readonly channel: Channel;
	readonly isTrue: boolean;
	readonly readings: number;
	/** By rolled-up flag. */
	readonly flags: Readonly<Record<1 | 2 | 3 | 4 | 9, number>>;
	/** Tests that raised suspect or fail, by place. */
	readonly raisedBy: readonly number[];
}

/** Entries of the year, ascending. Pure. */
export function plantedYear(): Entry[] {
	const river = quietBor(1);
	const random = new SeededRandom(7);
	const entries: Entry[] = [CONFIGURATION];
	for (let index = 0; index < (DAYS * DAY_SECONDS) / INTERVAL_SECONDS; index++) {
		const seconds = START_SECONDS + index * INTERVAL_SECONDS;
		const recorded = recordedOf(river(seconds), seasonal(seconds), random);
		for (const planted of PLANTED) {
			const plantedPart = plantedAt(planted, seconds);
			if (plantedPart !== undefined) planted.plant(recorded, plantedPart.part, plantedPart.index);
		}
		if (!recorded.isLeftOut) entries.push(readingOf(index + 2, seconds, recorded));
	}
	return entries;
}

/** What became of each planted fault, and of all that was not planted, by the rows of its table. */
export function outcomesOf(rows: readonly PublishedRow[], cellsOf: CellsOf): PlantedOutcome[] {
	const outcomes = PLANTED.flatMap((planted) =>
		planted.channels.map((channel) => {
			const { what, isTrue } = planted;
			const counts = emptyOf(what, channel, isTrue);
			for (const row of rows) {
				const plantedPart = plantedAt(planted, trueSecondsOf(row));
				if (plantedPart === undefined || planted.hits?.(plantedPart.index) === false) continue;
				count(counts, cellsOf(row, channel));
			}
			return counts;
		}),
	);
	const rest = (["ph", "temperature", "ec25", "turbidity"] as const).map((channel) => {
		const counts = emptyOf("all the rest of the year", channel, true);
		for (const row of rows) {
			const isPlanted = PLANTED.some((planted) => {
				const plantedPart = plantedAt(planted, trueSecondsOf(row));
				return plantedPart !== undefined && planted.channels.includes(channel);
			});
			if (!isPlanted) count(counts, cellsOf(row, channel));
		}
		return counts;
	});
	return [...outcomes, ...rest];
}

/** Roll-up and digits of a channel. */
export type CellsOf = (
	row: PublishedRow,
	channel: Channel,
) => { readonly flag: string; readonly digits: string };

type Counts = { -readonly [Name in keyof PlantedOutcome]: PlantedOutcome[Name] } & {
	readonly flags: Record<1 | 2 | 3 | 4 | 9, number>;
	readonly raisedBy: number[];
};

function emptyOf(what: string, channel: Channel, isTrue: boolean): Counts {
	const flags = { 1: 0, 2: 0, 3: 0, 4: 0, 9: 0 };
	return { what, channel, isTrue, readings: 0, flags, raisedBy: [] };
}

function count(counts: Counts, { flag, digits }: ReturnType<CellsOf>): void {
	counts.readings++;
	counts.flags[Number(flag) as 1 | 2 | 3 | 4 | 9]++;
	for (const [at, digit] of [...digits].entries()) {
		if ((digit === "3" || digit === "4") && !counts.raisedBy.includes(at)) counts.raisedBy.push(at);
	}
}

/** By its place in the record, whatever its clock said. */
function trueSecondsOf({ sequence }: PublishedRow): number {
	return START_SECONDS + (sequence - 2) * INTERVAL_SECONDS;
}

function plantedAt(
	{ from, days }: Planted,
	seconds: number,
): { readonly part: number; readonly index: number } | undefined {
	const since = seconds - Date.parse(`${from}T00:00:00Z`) / 1000;
	const part = since / (days * DAY_SECONDS);
	return part >= 0 && part < 1 ? { part, index: Math.round(since / INTERVAL_SECONDS) } : undefined;
}

/** Degrees that the season adds to the scenario's 12.5: cold in January, warm in July. */
function seasonal(seconds: number): number {
	return 9.5 * wave((seconds - START_SECONDS) / (DAYS * DAY_SECONDS) - 0.3);
}

function recordedOf(water: WaterState, season: number, random: SeededRandom): Recorded {
	const celsius = water.temperatureCelsius + season + 0.004 * normal(random);
	return {
		pH: water.pH + 0.004 * normal(random),
		celsius,
		conductivity:
			water.conductivityAt25MicrosiemensPerCm / naturalWaterFactorTo25(celsius) +
			0.3 * normal(random),
		fnu:
			water.turbidityFormazinUnits * (1 + 0.02 * (fraction(random) - 0.5)) + 0.2 * normal(random),
		contextFlags: 0,
		clockSeconds: 0,
		isLeftOut: false,
	};
}

const HEADER = {
	channelSet: 0,
	timeQuality: 2,
	epoch: 1,
	boot: 1,
	configurationId: 1,
	stationFlags: 0,
};

const CONFIGURATION: Entry = {
	...HEADER,
	sequence: 1,
	uptimeSeconds: 1,
	utcSeconds: START_SECONDS - INTERVAL_SECONDS,
	...CONFIGURATION_BODY,
	intervalSeconds: INTERVAL_SECONDS,
};

function readingOf(sequence: number, seconds: number, recorded: Recorded): Entry {
	const { pH, celsius, conductivity, fnu, contextFlags, clockSeconds } = recorded;
	const scaled = (value: number | undefined, scale: number): number | undefined =>
		value === undefined ? undefined : Math.round(value * scale);
	const flagsOf = (value: number | undefined): number =>
		contextFlags | (value === undefined ? CHANNEL_FLAGS.absent : 0);
	const codes = scaled(
		fnu === undefined
			? undefined
			: (MICROVOLTS_AT_ZERO_FNU + fnu * MICROVOLTS_PER_FNU) / MICROVOLTS_PER_CODE,
		1,
	);
	return {
		...HEADER,
		channelSet: 1,
		sequence,
		uptimeSeconds: seconds - START_SECONDS + INTERVAL_SECONDS,
		utcSeconds: seconds + clockSeconds,
		kind: "reading",
		fields: fieldsOfNamed({
			pHMilli: scaled(pH, 1000),
			pHFlags: flagsOf(pH),
			pHCalibration: 0,
			temperatureMillidegrees: scaled(celsius, 1000),
			temperatureFlags: flagsOf(celsius),
			temperatureCalibration: 0,
			conductivityHundredths: scaled(conductivity, 100),
			conductivityFlags: flagsOf(conductivity),
			conductivityCalibration: 0,
			turbidityMicrovolts: codes === undefined ? undefined : codes * MICROVOLTS_PER_CODE,
			turbiditySpreadSteps: 2,
			turbidityRange: 0,
			turbidityFlags: flagsOf(codes),
			turbidityCalibration: 0,
			batteryMillivolts: 12_750,
			batteryFlags: 0,
		}),
	};
}
