/** What a burst of signals says: median and spread, robust against bubbles and leaves, and flags. */
import { assert } from "../../core/errors.js";
import { CHANNEL_FLAGS } from "../../protocol/record/reading.js";
import type { TurbiditySample } from "./sensor.js";

/**
 * A bubble brightens, and nothing darkens: the darkest eighth of a burst is water. Where the median is
 * above that by more than this part of it, most signals may be of bubbles.
 */
const CALM_PART = 0.1;
const DARKEST_PART = 1 / 8;
/** One step of the stored spread, microvolts. */
const SPREAD_STEP_MICROVOLTS = 125;
const SPREAD_STEPS_MAX = 0xfffe;

export type TurbiditySignal = TurbiditySample["turbidimeter"];

export interface BurstStatistics {
	/** The middle value: one that was measured, because the count is odd. */
	readonly median: number;
	/** Median absolute deviation from it. */
	readonly spread: number;
}

/** Statistics of an odd number of values; the order of `values` is left alone. */
export function burstStatistics(values: readonly number[]): BurstStatistics {
	assert(values.length % 2 === 1, "a burst of an even count has no middle");
	const median = middleOf(values);
	const deviations: number[] = [];
	for (const value of values) deviations.push(Math.abs(value - median));
	return { median, spread: middleOf(deviations) };
}

function middleOf(values: readonly number[]): number {
	return ascending(values)[(values.length - 1) / 2] ?? 0;
}

/** A sorted copy. */
function ascending(values: readonly number[]): number[] {
	// By insertion: a burst is short, and this needs no call for each comparison.
	const sorted: number[] = [];
	for (let count = 0; count < values.length; count++) {
		const value = values[count] ?? 0;
		let index = count;
		sorted.push(value);
		for (; index > 0; index--) {
			const before = sorted[index - 1] ?? 0;
			if (before <= value) break;
			sorted[index] = before;
		}
		sorted[index] = value;
	}
	return sorted;
}

/**
 * Median and spread of the signals without those that NE 43 calls a fault. Where most are faults,
 * their own median stands, flagged: a raw count that explains the fault is worth keeping. After
 * saturation a signal on the scale is suspect until it has been small: in extreme sediment all
 * optics fall back into their range, and then the worst of the flood looks like its end.
 */
export function summaryOf(signals: readonly TurbiditySignal[], mayRollOverBefore: boolean) {
	const good: TurbiditySignal[] = [];
	for (const signal of signals) if (signal.state !== "fault") good.push(signal);
	const isFault = good.length * 2 < signals.length;
	const used = ofOneRange(isFault ? signals : good);
	// An odd count has a middle that was measured, not made.
	if (used.length % 2 === 0) used.pop();
	const values: number[] = [];
	for (const { signalMicrovolts } of used) values.push(signalMicrovolts);
	const { median, spread } = burstStatistics(values);
	const middle = used[values.indexOf(median)];
	let flags = 0;
	if (isFault) flags |= CHANNEL_FLAGS.fault;
	else if (good.length < signals.length) flags |= CHANNEL_FLAGS.suspect;
	if (middle?.state === "saturated") flags |= CHANNEL_FLAGS.saturated;
	if (middle?.state === "clipped") flags |= CHANNEL_FLAGS.saturated | CHANNEL_FLAGS.outOfRange;
	// A fault says nothing about the water, so what was feared before it still is.
	const isHigh = median >= (middle?.tenthOfScaleMicrovolts ?? Number.POSITIVE_INFINITY);
	const isSaturated = (flags & CHANNEL_FLAGS.saturated) !== 0;
	const mayRollOver = isFault ? mayRollOverBefore : isSaturated || (mayRollOverBefore && isHigh);
	if (mayRollOver && !isSaturated && !isFault) flags |= CHANNEL_FLAGS.suspect;
	if (!isFault && !isCalm(used, middle)) flags |= CHANNEL_FLAGS.unstable;
	return {
		mayRollOver,
		value: Math.round(median),
		spread: Math.min(Math.round(spread / SPREAD_STEP_MICROVOLTS), SPREAD_STEPS_MAX),
		range: middle?.range ?? 0,
		flags,
	};
}

/** Whether the middle of a burst lies near its darkest signals. */
function isCalm(signals: readonly TurbiditySignal[], middle: TurbiditySignal | undefined): boolean {
	const { zeroMicrovolts, calmMicrovolts } = middle ?? {};
	if (zeroMicrovolts === undefined || calmMicrovolts === undefined) return true;
	const distances: number[] = [];
	for (const { signalMicrovolts } of signals) {
		distances.push(Math.abs(signalMicrovolts - zeroMicrovolts));
	}
	const turbid = ascending(distances);
	const darkest = turbid[Math.floor(turbid.length * DARKEST_PART)] ?? 0;
	const median = turbid[(turbid.length - 1) / 2] ?? 0;
	return median - darkest <= Math.max(calmMicrovolts, CALM_PART * median);
}

function isOfOneRange(signals: readonly TurbiditySignal[]): boolean {
	for (const { range } of signals) if (range !== signals[0]?.range) return false;
	return true;
}

/**
 * A burst at the edge of two ranges has signals of both: those of the commoner one, else the
 * higher.
 */
function ofOneRange(signals: readonly TurbiditySignal[]): TurbiditySignal[] {
	if (isOfOneRange(signals)) return signals.slice();
	let best: TurbiditySignal[] = [];
	for (const range of new Set(signals.map((signal) => signal.range))) {
		const these = signals.filter((signal) => signal.range === range);
		const isHigher = range > (best[0]?.range ?? -1);
		if (these.length > best.length || (these.length === best.length && isHigher)) best = these;
	}
	return best;
}
