/** Median and spread of a burst of signals: robust against bubbles and leaves. */
import { assert } from "../../core/errors.js";

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
	return { median, spread: middleOf(values.map((value) => Math.abs(value - median))) };
}

function middleOf(values: readonly number[]): number {
	return ascending(values)[(values.length - 1) / 2] ?? 0;
}

/** A sorted copy. */
export function ascending(values: readonly number[]): number[] {
	// By insertion: a burst is short, and this needs no call for each comparison.
	const sorted: number[] = [];
	for (const value of values) {
		let place = sorted.length;
		for (; place > 0 && (sorted[place - 1] ?? 0) > value; place--) {
			sorted[place] = sorted[place - 1] ?? 0;
		}
		sorted[place] = value;
	}
	return sorted;
}
