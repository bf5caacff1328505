/**
 * How a probe is and when it will want service, from what the record holds of it: pure functions, each with its arithmetic
 * in words, for whoever asks: technician, page, station. docs/VISIT.md, "How a probe is".
 */

/** Something that was found at a time: Unix seconds. */
export interface HealthFinding {
	readonly utcSeconds: number;
	readonly value: number;
}

/** A parabola through the findings of a year, and when it meets a limit. */
export interface HealthForecast {
	/** A week. */
	readonly slopePerWeek: number;
	/** Standard error of it. */
	readonly slopeErrorPerWeek: number;
	/** Of the parabola at the time that was asked about. */
	readonly now: number;
	/** Until it meets the limit; undefined where it goes another way, or nobody can say. */
	readonly daysLeft: number | undefined;
	/** It will want service within SERVICE_DAYS, and that is no chance. */
	readonly isIll: boolean;
	/** How that came about. */
	readonly arithmetic: string;
}

export interface Limit {
	readonly value: number;
	/** Healthy is above it, or below. */
	readonly isFloor: boolean;
}

const DAY_SECONDS = 86_400;
/** A year of monthly visits. An electrode ages faster towards its end: a straight line through them would promise too much. */
const FINDINGS_MAX = 12;
/** A line through fewer says nothing of its error. */
const FINDINGS_MIN = 4;
/** A trend counts when it is so many standard errors from none. */
const SIGNIFICANCE = 3;
/** Service is called for so many days ahead. */
export const SERVICE_DAYS = 35;

/** Limits of the rule of calibrations: an electrode is at its end at 90 % of the slope, or 30 mV off. */
export const HEALTH_LIMITS = Object.freeze({
	slopePercent: Object.freeze({ value: 90, isFloor: true }),
	offsetMillivolts: Object.freeze({ value: 30, isFloor: false }),
} as const);

/** Findings ascending in time, since the probe was new or swapped. */
export function forecast(
	findings: readonly HealthFinding[],
	limit: Limit,
	nowUtcSeconds: number,
): HealthForecast | undefined {
	const last = findings.slice(-FINDINGS_MAX);
	const count = last.length;
	if (count < FINDINGS_MIN) return undefined;
	const days = last.map(({ utcSeconds }) => (utcSeconds - nowUtcSeconds) / DAY_SECONDS);
	const [meanDay, mean] = [meanOf(days), meanOf(last.map(({ value }) => value))];
	let [squares, products] = [0, 0];
	last.forEach(({ value }, index) => {
		const off = (days[index] ?? 0) - meanDay;
		squares += off * off;
		products += off * (value - mean);
	});
	if (squares === 0) return undefined;
	const slope = products / squares;
	let residuals = 0;
	last.forEach(({ value }, index) => {
		const rest = value - mean - slope * ((days[index] ?? 0) - meanDay);
		residuals += rest * rest;
	});
	const error = Math.sqrt(residuals / (count - 2) / squares);
	const curve = parabolaThrough(
		days,
		last.map(({ value }) => value),
	);
	const [now, rate, bend] = curve ?? [mean - slope * meanDay, slope, 0];
	const isTrend = Math.abs(slope) > SIGNIFICANCE * error;
	const isBeyond = limit.isFloor ? now < limit.value : now > limit.value;
	const daysLeft = isBeyond ? 0 : isTrend ? crossingOf(now, rate, bend, limit) : undefined;
	const left = daysLeft === undefined ? "no end in sight" : `${daysLeft.toFixed(0)} days`;
	return {
		slopePerWeek: slope * 7,
		slopeErrorPerWeek: error * 7,
		now,
		daysLeft,
		isIll: daysLeft !== undefined && daysLeft <= SERVICE_DAYS,
		arithmetic:
			`${count} calibrations: ${(slope * 7).toFixed(3)} a week (error ${(error * 7).toFixed(3)}); ` +
			`${now.toFixed(2)} ${signed(rate)} d ${signed(bend)} d^2 meets ${limit.value} in ${left}`,
	};
}

/** The later, the more pressing. */
export const HEALTH_VERDICTS = Object.freeze(["unknown", "good", "watch", "ill"] as const);

export function verdictOfForecast({ isIll, daysLeft }: HealthForecast): "good" | "watch" | "ill" {
	return isIll ? "ill" : daysLeft === undefined ? "good" : "watch";
}

function signed(value: number): string {
	return `${value < 0 ? "-" : "+"} ${Math.abs(value).toFixed(6)}`;
}

/** Days until a + b d + c d^2 meets the limit; undefined where it never does. */
function crossingOf(a: number, b: number, c: number, { value }: Limit): number | undefined {
	const height = a - value;
	if (Math.abs(c) < 1e-12) {
		const days = -height / b;
		return days > 0 ? days : undefined;
	}
	const root = b * b - 4 * c * height;
	if (root < 0) return undefined;
	const both = [(-b - Math.sqrt(root)) / (2 * c), (-b + Math.sqrt(root)) / (2 * c)];
	const ahead = both.filter((days) => days > 0);
	return ahead.length === 0 ? undefined : Math.min(...ahead);
}

/** Least squares: value, slope and bend at day 0; undefined where days do not tell them apart. */
function parabolaThrough(
	days: readonly number[],
	values: readonly number[],
): readonly [number, number, number] | undefined {
	const sums = [0, 0, 0, 0, 0];
	const products = [0, 0, 0];
	days.forEach((day, index) => {
		let power = 1;
		for (let order = 0; order < 5; order++) {
			sums[order] = (sums[order] ?? 0) + power;
			if (order < 3) products[order] = (products[order] ?? 0) + power * (values[index] ?? 0);
			power *= day;
		}
	});
	const [n = 0, x = 0, xx = 0, xxx = 0, xxxx = 0] = sums;
	const [y = 0, xy = 0, xxy = 0] = products;
	const determinant =
		n * (xx * xxxx - xxx * xxx) - x * (x * xxxx - xxx * xx) + xx * (x * xxx - xx * xx);
	if (Math.abs(determinant) < 1e-9) return undefined;
	// By Cramer's rule: three unknowns want no more.
	return [
		(y * (xx * xxxx - xxx * xxx) - x * (xy * xxxx - xxx * xxy) + xx * (xy * xxx - xx * xxy)) /
			determinant,
		(n * (xy * xxxx - xxx * xxy) - y * (x * xxxx - xxx * xx) + xx * (x * xxy - xy * xx)) /
			determinant,
		(n * (xx * xxy - xy * xxx) - x * (x * xxy - xy * xx) + y * (x * xxx - xx * xx)) / determinant,
	];
}

/** Whether it settles more slowly than it did: median of the last three against the first three. */
export function settlingTrend(
	secondsToSettle: readonly number[],
): { readonly ratio: number; readonly isSlow: boolean; readonly arithmetic: string } | undefined {
	if (secondsToSettle.length < 6) return undefined;
	const first = medianOf(secondsToSettle.slice(0, 3));
	const last = medianOf(secondsToSettle.slice(-3));
	const ratio = last / Math.max(first, 1);
	return {
		ratio,
		isSlow: ratio > 2,
		arithmetic: `settles in ${last} s, at first in ${first} s: ${ratio.toFixed(2)} times`,
	};
}

/** Noise of readings: 1.4826 times the median of second differences over sqrt 6, which no steady change moves. */
export function noiseFloor(values: readonly number[]): number | undefined {
	if (values.length < 12) return undefined;
	const seconds: number[] = [];
	for (let index = 2; index < values.length; index++) {
		const [a, b, c] = [values[index - 2] ?? 0, values[index - 1] ?? 0, values[index] ?? 0];
		seconds.push(Math.abs(a - 2 * b + c));
	}
	return (1.4826 * medianOf(seconds)) / Math.sqrt(6);
}

/** Ranges of days, oldest first: flat when each of the last three is under a third of the median before them. */
export function dielRange(
	ranges: readonly number[],
): { readonly usual: number; readonly isFlat: boolean; readonly arithmetic: string } | undefined {
	if (ranges.length < 10) return undefined;
	const usual = medianOf(ranges.slice(0, -3));
	const last = ranges.slice(-3);
	const isFlat = usual > 0 && last.every((range) => range < usual / 3);
	return {
		usual,
		isFlat,
		arithmetic: `last days ${last.map((each) => each.toFixed(3)).join(", ")}, usual ${usual.toFixed(3)}`,
	};
}

/** Lowest turbidity of each day since the last cleaning: a film is a rise of them that is no chance. */
export function filmGrowth(
	lowest: readonly HealthFinding[],
): { readonly perWeek: number; readonly isFilm: boolean; readonly arithmetic: string } | undefined {
	if (lowest.length < 7) return undefined;
	const rises: number[] = [];
	for (const [index, late] of lowest.entries()) {
		for (const early of lowest.slice(0, index)) {
			const days = (late.utcSeconds - early.utcSeconds) / DAY_SECONDS;
			if (days > 0) rises.push((late.value - early.value) / days);
		}
	}
	// Of Theil and Sen: storms move a mean, and not the median of all slopes.
	const perWeek = 7 * medianOf(rises);
	const part = rises.filter((rise) => rise > 0).length / rises.length;
	return {
		perWeek,
		isFilm: perWeek > 1 && part > 0.8,
		arithmetic: `${perWeek.toFixed(2)} a week, ${Math.round(part * 100)} % of pairs of days rise`,
	};
}

const OPEN_BELOW_MICROSIEMENS = 10;
const SHORT_ABOVE_MICROSIEMENS = 200_000;
const CELL_READINGS = 3;

/** The last readings of a cell, uS/cm at the water's temperature: in the air or off its cable, or shorted. */
export function cellState(microsiemens: readonly number[]): "good" | "open" | "short" | undefined {
	const last = microsiemens.slice(-CELL_READINGS);
	if (last.length < CELL_READINGS) return undefined;
	if (last.every((each) => each < OPEN_BELOW_MICROSIEMENS)) return "open";
	return last.every((each) => each > SHORT_ABOVE_MICROSIEMENS) ? "short" : "good";
}

function meanOf(values: readonly number[]): number {
	let sum = 0;
	for (const value of values) sum += value;
	return sum / values.length;
}

function medianOf(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	const high = sorted[middle] ?? 0;
	return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? 0) + high) / 2;
}
