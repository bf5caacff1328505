/**
 * What a battery has left by its rest voltage, and what a station does more rarely as it empties: tables. Their sources
 * and what was assumed are in docs/POWER.md.
 */

interface Chemistry {
	/** Of a rested pack at 25 degC, ascending, and the charge at each, 0.001. */
	readonly millivolts: readonly number[];
	readonly perMille: readonly number[];
	/** By so many microvolts the rest voltage falls for each degree below 25. */
	readonly microvoltsPerDegree: number;
	/** What each degree below 20 leaves in it, 0.001 of its charge. */
	readonly coldPerMille: number;
	/** Between these two charges the voltage says nothing, 0.001. */
	readonly plateau: readonly [low: number, high: number];
}

const NOWHERE = Object.freeze([0, 0]) as readonly [number, number];

export const CHEMISTRIES = Object.freeze({
	/** Six cells. */
	"lead-acid": {
		millivolts: [10_500, 11_510, 11_660, 11_960, 12_100, 12_240, 12_500, 12_620, 12_730],
		perMille: [0, 100, 200, 400, 500, 600, 800, 900, 1000],
		microvoltsPerDegree: 1300,
		coldPerMille: 8,
		plateau: NOWHERE,
	},
	/** One cell. */
	"li-ion": {
		millivolts: [3000, 3230, 3390, 3510, 3600, 3680, 3760, 3850, 3950, 4040, 4100, 4180],
		perMille: [0, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000],
		microvoltsPerDegree: 0,
		coldPerMille: 10,
		plateau: NOWHERE,
	},
	/** Four cells. */
	lifepo4: {
		millivolts: [10_000, 11_570, 12_120, 12_570, 12_700, 12_860, 13_270, 13_400],
		perMille: [0, 50, 100, 150, 200, 300, 950, 1000],
		microvoltsPerDegree: 0,
		coldPerMille: 10,
		plateau: [300, 950],
	},
} as const satisfies Record<string, Chemistry>);

export type ChemistryName = keyof typeof CHEMISTRIES;

/** Choices of the configuration: a battery of which nobody said what it is has no charge. */
export const BATTERY_CHEMISTRIES = Object.freeze([
	"unstated",
	"lead-acid",
	"li-ion",
	"lifepo4",
] as const);

interface Level {
	/** From this charge on, 0.001. */
	readonly from: number;
	/** Times what is configured, and what a shorter interval is stretched to at most, seconds. */
	readonly reading: number;
	readonly readingSeconds: number;
	/** 0: none. */
	readonly upload: number;
	/** Turbidity with one reading of so many. */
	readonly turbidity: number;
}

/** Five minutes and an hour become 10 min and 3 h, 15 min and 6 h, an hour and a day, four readings a day and no radio. */
export const LEVELS: readonly Level[] = Object.freeze([
	{ from: 600, reading: 1, readingSeconds: 0, upload: 1, turbidity: 1 },
	{ from: 400, reading: 2, readingSeconds: 600, upload: 3, turbidity: 2 },
	{ from: 200, reading: 3, readingSeconds: 900, upload: 6, turbidity: 2 },
	{ from: 100, reading: 12, readingSeconds: 3600, upload: 24, turbidity: 2 },
	{ from: 0, reading: 72, readingSeconds: 21_600, upload: 0, turbidity: 2 },
]);
/** The level without radio and without erases. */
export const LAST_LEVEL = LEVELS.length - 1;
/** An event is measured as often as it asks for above this level; below as often as is configured. */
export const EVENT_LEVEL_MAX = 2;
/** Rising to a better level takes so much more. */
const HYSTERESIS_PER_MILLE = 80;

/** Of a pack at rest, 0.001; undefined where its voltage does not tell. */
export function chargeOf(
	name: ChemistryName,
	millivolts: number,
	celsius: number,
): number | undefined {
	const { millivolts: volts, perMille, microvoltsPerDegree, plateau } = CHEMISTRIES[name];
	const at25 = millivolts + ((25 - celsius) * microvoltsPerDegree) / 1000;
	const above = volts.findIndex((each) => each > at25);
	const [low, high] = plateau;
	if (above === 0) return 0;
	if (above < 0) return 1000;
	const [from = 0, to = 0] = [volts[above - 1], volts[above]];
	const [least = 0, most = 0] = [perMille[above - 1], perMille[above]];
	const charge = Math.round(least + ((most - least) * (at25 - from)) / (to - from));
	return charge > low && charge < high ? undefined : charge;
}

/** Index into LEVELS of a charge, with hysteresis about `level`, the last one. */
export function levelOf(charge: number, level: number): number {
	const next = LEVELS.findIndex(({ from }) => charge >= from);
	if (next >= level) return next;
	// The charge is above the last level's hysteresis here, so that there is always one.
	const better = LEVELS.findIndex(({ from }) => charge >= from + HYSTERESIS_PER_MILLE);
	return Math.min(better, level);
}

/** Of a configured interval between readings at a level, seconds. */
export function stretchedSecondsOf(configuredSeconds: number, level: number): number {
	const { reading = 1, readingSeconds = 0 } = LEVELS[level] ?? {};
	return Math.min(configuredSeconds * reading, Math.max(configuredSeconds, readingSeconds));
}

export interface Spending {
	readonly capacityMilliwattHours: number;
	/** 0.001. */
	readonly charge: number;
	readonly chemistry: ChemistryName;
	readonly celsius: number;
	readonly intervalSeconds: number;
	readonly uploadIntervalSeconds: number;
	/** Turbidity with one reading of so many, as configured. */
	readonly turbidityEvery: number;
}

/** Idle, day and night; a reading without and of turbidity; an upload: the simulator's account (docs/BOARD.md). */
export const IDLE_MILLIWATT_HOURS_A_DAY = 14;
export const READING_MILLIWATT_HOURS = 0.39;
export const TURBIDITY_MILLIWATT_HOURS = 1.56;
const UPLOAD_MILLIWATT_HOURS = 0.55;
const DAY_SECONDS = 86_400;
/** No upload interval is stretched beyond it. */
const UPLOAD_SECONDS_MAX = 86_400;

/** What a day takes at a level, mWh. */
export function dayMilliwattHours(
	{ intervalSeconds, uploadIntervalSeconds, turbidityEvery }: Spending,
	level: number,
): number {
	const { upload = 1, turbidity = 1 } = LEVELS[level] ?? {};
	const readings = DAY_SECONDS / stretchedSecondsOf(intervalSeconds, level);
	const most = Math.max(uploadIntervalSeconds, UPLOAD_SECONDS_MAX);
	const uploads = upload === 0 ? 0 : DAY_SECONDS / Math.min(uploadIntervalSeconds * upload, most);
	const every = Math.max(turbidity, turbidityEvery);
	const perReading = READING_MILLIWATT_HOURS + TURBIDITY_MILLIWATT_HOURS / every;
	return IDLE_MILLIWATT_HOURS_A_DAY + readings * perReading + uploads * UPLOAD_MILLIWATT_HOURS;
}

export interface Forecast {
	/** Until it is empty without sun, by the levels that it comes through. */
	readonly days: number;
	/** What the next thirty days take, mWh. */
	readonly monthMilliwattHours: number;
}

const MONTH_DAYS = 30;

export function forecastOf(spending: Spending): Forecast {
	const { capacityMilliwattHours, chemistry, celsius } = spending;
	const cold = CHEMISTRIES[chemistry].coldPerMille * Math.max(20 - celsius, 0);
	const usable = (capacityMilliwattHours * Math.max(1000 - cold, 500)) / 1_000_000;
	let { charge } = spending;
	let days = 0;
	let month = 0;
	for (let level = levelOf(charge, 0); level <= LAST_LEVEL; level++) {
		const day = dayMilliwattHours(spending, level);
		const { from = 0 } = LEVELS[level] ?? {};
		const span = ((charge - from) * usable) / day;
		month += Math.min(span, Math.max(MONTH_DAYS - days, 0)) * day;
		days += span;
		charge = from;
	}
	return { days: Math.floor(days), monthMilliwattHours: Math.round(month) };
}
