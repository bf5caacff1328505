/**
 * Corrections for fouling and calibration drift, and grades, after USGS TM1-D3 (Wagner and others 2006):
 * docs/VALUES.md, section 5. Linear in time, fouling first; drift looks up the value corrected for fouling.
 */

/** Channels that are judged, corrected and graded. */
export const QUALITY_CHANNELS = Object.freeze(["ph", "temperature", "ec25", "turbidity"] as const);

export type QualityChannel = (typeof QUALITY_CHANNELS)[number];

/** In the river, before and after cleaning: the station and a field meter beside it. In the channel's unit. */
export interface FoulingCheck {
	readonly stationFouled: number;
	readonly stationCleaned: number;
	readonly fieldFouled: number;
	readonly fieldCleaned: number;
}

/** In a standard: its value at its temperature, and what the station read. */
export interface DriftPoint {
	readonly standard: number;
	readonly reading: number;
}

/** What was seen of one channel at a visit. */
export interface ChannelCheck {
	readonly fouling?: FoulingCheck | undefined;
	/** In any order. */
	readonly drift?: readonly DriftPoint[] | undefined;
}

export interface CorrectedValue {
	readonly value: number;
	/** Of the absolute corrections; in percent where `isFraction`. */
	readonly sum: number;
	readonly isFraction: boolean;
}

/** Turbidity up to here is corrected and graded in its unit, above in parts of the value. */
export const TURBIDITY_ABSOLUTE_MAX = 10;

interface ErrorCurve {
	readonly fouling: number;
	/** Ascending by reading; one after the other, not equal. */
	readonly drift: readonly { readonly reading: number; readonly error: number }[];
}

/** Errors that grow from `fromSeconds` to those of a check at `toSeconds`, both included. */
export class Correction {
	readonly #channel: QualityChannel;
	readonly #fromSeconds: number;
	readonly #toSeconds: number;
	readonly #inUnit: ErrorCurve;
	readonly #inFractions: ErrorCurve;

	constructor(
		channel: QualityChannel,
		span: { readonly fromSeconds: number; readonly toSeconds: number },
		check: ChannelCheck,
	) {
		this.#channel = channel;
		this.#fromSeconds = span.fromSeconds;
		this.#toSeconds = span.toSeconds;
		const fouling = check.fouling === undefined ? 0 : foulingErrorOf(check.fouling);
		const points = [...(check.drift ?? [])].sort((a, b) => a.reading - b.reading);
		this.#inUnit = {
			fouling,
			drift: points.map(({ standard, reading }) => ({ reading, error: standard - reading })),
		};
		this.#inFractions = {
			fouling: check.fouling === undefined ? 0 : fouling / check.fouling.stationFouled,
			drift: points
				.filter(({ reading }) => channel !== "turbidity" || reading > TURBIDITY_ABSOLUTE_MAX)
				.map(({ standard, reading }) => ({ reading, error: (standard - reading) / reading })),
		};
	}

	/** A value at Unix seconds; undefined outside the span. */
	at(seconds: number, raw: number): CorrectedValue | undefined {
		if (!(seconds >= this.#fromSeconds && seconds <= this.#toSeconds)) return undefined;
		const w = (seconds - this.#fromSeconds) / (this.#toSeconds - this.#fromSeconds);
		const isFraction = isInFractions(this.#channel, raw);
		if (!isFraction) {
			const { fouling, drift } = this.#inUnit;
			const a = w * fouling;
			const c1 = raw + a;
			const b = w * errorAt(drift, c1);
			return { value: c1 + b, sum: Math.abs(a) + Math.abs(b), isFraction };
		}
		const { fouling, drift } = this.#inFractions;
		const a = w * fouling * raw;
		const c1 = raw + a;
		const b = w * errorAt(drift, c1) * c1;
		return { value: c1 + b, sum: (partOf(a, raw) + partOf(b, c1)) * 100, isFraction };
	}
}

/** (S cleaned - S fouled) - (F cleaned - F fouled). */
export function foulingErrorOf(check: FoulingCheck): number {
	return check.stationCleaned - check.stationFouled - (check.fieldCleaned - check.fieldFouled);
}

/** Whether a value is corrected and graded in parts of itself. */
export function isInFractions(channel: QualityChannel, value: number): boolean {
	return channel === "ec25" || (channel === "turbidity" && value > TURBIDITY_ABSOLUTE_MAX);
}

function errorAt(points: ErrorCurve["drift"], x: number): number {
	const [first] = points;
	if (first === undefined) return 0;
	if (x < first.reading) return first.error;
	let before = first;
	for (const point of points) {
		if (point.reading > x) {
			const part = (x - before.reading) / (point.reading - before.reading);
			return before.error + (point.error - before.error) * part;
		}
		before = point;
	}
	return before.error;
}

function partOf(correction: number, value: number): number {
	return value === 0 ? 0 : Math.abs(correction) / Math.abs(value);
}

export const GRADES = Object.freeze([
	"excellent",
	"good",
	"fair",
	"poor",
	"consider-deletion",
] as const);

export type Grade = (typeof GRADES)[number];

type Bounds = readonly [excellent: number, good: number, fair: number, poor: number];

/** USGS, water.usgs.gov/usgs/owq/dqrating: up to and including. */
const IN_UNIT: Readonly<Record<QualityChannel, Bounds>> = Object.freeze({
	ph: [0.2, 0.5, 0.8, 2],
	temperature: [0.2, 0.5, 0.8, 2],
	/** Never in its unit. */
	ec25: [0, 0, 0, 0],
	turbidity: [0.5, 1, 1.5, 3],
});
const IN_PERCENT: Readonly<Record<"ec25" | "turbidity", Bounds>> = Object.freeze({
	ec25: [3, 10, 15, 30],
	turbidity: [5, 10, 15, 30],
});

/** Of a value by the sum of its corrections, in its unit or in percent. */
export function gradeOf(channel: QualityChannel, value: number, sum: number): Grade {
	const bounds = boundsOf(channel, value);
	const at = bounds.findIndex((bound) => sum <= bound);
	return GRADES[at] ?? "consider-deletion";
}

export function boundsOf(channel: QualityChannel, value: number): Bounds {
	const isPercent =
		isInFractions(channel, value) && (channel === "ec25" || channel === "turbidity");
	return isPercent ? IN_PERCENT[channel] : IN_UNIT[channel];
}
