/**
 * Figures of a channel over a period, by time and not by readings: a station that measures each minute during an event must
 * not make the event longer. docs/PUBLISHING.md, section 9, is the formulas.
 */
import type { ClassLimit } from "../../../protocol/audit/documents.js";
import type { QualityChannel } from "../../../protocol/quality/correction.js";
import type { ShownChannel } from "../channels.js";
import type { Series } from "../series.js";

/** After a longer step than so many intervals there is a hole, here and in plots. */
export const HOLE_INTERVALS = 3.5;
/** Of five minutes where no policy says the interval. */
export const INTERVAL_SECONDS_DEFAULT = 300;
/** EC20 = EC25 / 1.116: docs/VALUES.md, section 3. */
const EC20_DIVISOR = 1.116;
const FAIL = 4;

export interface WithinLimit {
	readonly class: string;
	readonly quantity: ClassLimit["quantity"];
	readonly low: number | null;
	readonly high: number | null;
	/** Of the measured time, bounds included. */
	readonly withinPercent: number;
	readonly reason: string;
}

export interface Figures {
	readonly unit: string;
	readonly decimals: number;
	/** Values that these figures are of. */
	readonly readings: number;
	/** Values that were judged bad, or are in another unit. */
	readonly leftOut: number;
	readonly measuredSeconds: number;
	/** Of the period. */
	readonly coveragePercent: number;
	/** Null where there is no value. */
	readonly p5: number | null;
	readonly median: number | null;
	readonly p95: number | null;
	readonly limits: readonly WithinLimit[];
}

export interface FiguresOptions {
	readonly period: { readonly from: number; readonly to: number };
	readonly intervalSeconds: number;
	/** Those of the station's class. */
	readonly limits: readonly ClassLimit[];
}

/** Seconds that each reading stands for: until the next one; before a hole, and the last, one interval. */
export function heldSeconds(
	seconds: Float64Array,
	intervalSeconds: number,
	to: number,
): Float64Array {
	return seconds.map((at, row) => {
		const next = seconds[row + 1];
		const step = next === undefined ? Number.POSITIVE_INFINITY : next - at;
		const held = step <= HOLE_INTERVALS * intervalSeconds ? step : intervalSeconds;
		return Math.min(held, to - at);
	});
}

export function figuresOf(
	series: Series,
	channel: ShownChannel,
	held: Float64Array,
	{ period, limits }: FiguresOptions,
): Figures {
	const derived = series.numbers(channel.value);
	const corrected = channel.corrected && series.numbers(channel.corrected);
	const judged = channel.judged && series.numbers(channel.judged);
	const units = channel.name === "turbidity" ? series.texts("turbidity_unit") : undefined;
	const lastUnit = units?.texts[units.indexes[series.count - 1] ?? 0];
	const found: (readonly [value: number, seconds: number])[] = [];
	let leftOut = 0;
	for (let row = 0; row < series.count; row++) {
		const own = corrected ? (corrected[row] ?? Number.NaN) : Number.NaN;
		const value = Number.isNaN(own) ? (derived[row] ?? Number.NaN) : own;
		if (Number.isNaN(value)) continue;
		const isBad = judged ? judged[row] === FAIL : false;
		const isOther = units !== undefined && units.texts[units.indexes[row] ?? 0] !== lastUnit;
		if (isBad || isOther) leftOut++;
		else found.push([value, held[row] ?? 0]);
	}
	found.sort(([a], [b]) => a - b);
	const measuredSeconds = found.reduce((sum, [, seconds]) => sum + seconds, 0);
	const length = period.to - period.from;
	return {
		unit: lastUnit || channel.unit,
		decimals: channel.decimals,
		readings: found.length,
		leftOut,
		measuredSeconds,
		coveragePercent: length > 0 ? (100 * measuredSeconds) / length : 0,
		p5: percentile(found, measuredSeconds, 0.05),
		median: percentile(found, measuredSeconds, 0.5),
		p95: percentile(found, measuredSeconds, 0.95),
		limits: measuredSeconds === 0 ? [] : withinLimits(channel, found, measuredSeconds, limits),
	};
}

/** The least value at or below which the water was for that part of the measured time. */
function percentile(
	rising: readonly (readonly [number, number])[],
	measuredSeconds: number,
	part: number,
): number | null {
	let sum = 0;
	for (const [value, seconds] of rising) {
		sum += seconds;
		if (sum >= part * measuredSeconds) return value;
	}
	return rising.at(-1)?.[0] ?? null;
}

function withinLimits(
	{ name }: ShownChannel,
	found: readonly (readonly [number, number])[],
	measuredSeconds: number,
	limits: readonly ClassLimit[],
): WithinLimit[] {
	return limits.flatMap((limit) => {
		const divisor = limit.quantity === "ec20" ? EC20_DIVISOR : 1;
		if (channelOfQuantity(limit.quantity) !== name) return [];
		const { low, high } = limit;
		let inside = 0;
		for (const [value, seconds] of found) {
			const shown = value / divisor;
			if (shown >= (low ?? shown) && shown <= (high ?? shown)) inside += seconds;
		}
		return {
			class: limit.class,
			quantity: limit.quantity,
			low: low ?? null,
			high: high ?? null,
			withinPercent: (100 * inside) / measuredSeconds,
			reason: limit.reason,
		};
	});
}

export function channelOfQuantity(quantity: ClassLimit["quantity"]): QualityChannel {
	return quantity === "ec20" ? "ec25" : quantity;
}
