/**
 * QARTOD flags (IOOS, "Manual for Real-Time Quality Control", flag scheme of IOC 54-V3) and what all
 * tests have in common. The semantics are those of the field's reference implementation, ioos_qc at
 * commit 9c1853a; where ours differ on purpose it is an option whose default equals the reference.
 */

export const QUALITY_FLAGS = Object.freeze({
	good: 1,
	notEvaluated: 2,
	suspect: 3,
	fail: 4,
	missing: 9,
});

export type QualityFlag = (typeof QUALITY_FLAGS)[keyof typeof QUALITY_FLAGS];

/** A value of a series; undefined where there was a row and no value. Never NaN, never infinite. */
export type SeriesValue = number | undefined;

/**
 * A test that is fed a series in order and gives one flag for each value, in order, some of them late: a
 * spike is known when the next value is there. Feeding one value at a time or a whole series is the
 * same code, so that station, collector and exporter cannot differ.
 */
export interface QualityTest {
	/** Takes the value at `seconds` (since 1970 UTC; fractions allowed). Throws QualityRefusal. */
	push(seconds: number, value: SeriesValue): void;
	/** No value will come any more: the flags that waited for one. Throws QualityRefusal. */
	end(): void;
}

/** Where a test leaves its flags. */
export type FlagSink = (flag: QualityFlag) => void;

/** Parameters or a series that a test cannot judge; the message says which and why. */
export class QualityRefusal extends Error {
	override name = "QualityRefusal";
}

/** Median of the steps between times, cut to whole seconds: the reference's idea of an interval. */
export function medianStepSeconds(seconds: readonly number[]): number {
	const steps: number[] = [];
	for (let index = 1; index < seconds.length; index++) {
		steps.push((seconds[index] ?? 0) - (seconds[index - 1] ?? 0));
	}
	steps.sort((a, b) => a - b);
	const middle = steps.length >> 1;
	const upper = steps[middle] ?? 0;
	const median = steps.length % 2 === 1 ? upper : ((steps[middle - 1] ?? 0) + upper) / 2;
	return Math.trunc(median);
}
