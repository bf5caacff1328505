/** Rate of change: how fast a value moved since the one before. */
import {
	type FlagSink,
	QUALITY_FLAGS,
	type QualityFlag,
	type QualityTest,
	type SeriesValue,
} from "./flags.js";

export interface RateOfChangeOptions {
	/** Units per second; above it suspect. */
	readonly threshold: number;
	/** Above it fail. */
	readonly failThreshold?: number | undefined;
	/**
	 * The reference takes two values of one time as one second apart. True: such a value is not
	 * evaluated. Off by default.
	 */
	readonly isEqualTimeUnjudged?: boolean | undefined;
}

export class RateOfChange implements QualityTest {
	readonly #options: RateOfChangeOptions;
	readonly #sink: FlagSink;
	#beforeSeconds = 0;
	#before: SeriesValue;

	constructor(options: RateOfChangeOptions, sink: FlagSink) {
		this.#options = options;
		this.#sink = sink;
	}

	push(seconds: number, value: SeriesValue): void {
		this.#sink(this.#judge(seconds, value));
		this.#beforeSeconds = seconds;
		this.#before = value;
	}

	end(): void {}

	#judge(seconds: number, value: SeriesValue): QualityFlag {
		const { good, notEvaluated, suspect, fail, missing } = QUALITY_FLAGS;
		const before = this.#before;
		if (value === undefined) return missing;
		if (before === undefined) return good;
		const { threshold, failThreshold, isEqualTimeUnjudged } = this.#options;
		// Whole seconds, cut toward minus infinity; times are compared in whole microseconds, so that
		// 3.9 - 1.9 is 2 and not a little less.
		const microseconds = Math.round(seconds * 1e6) - Math.round(this.#beforeSeconds * 1e6);
		const apart = Math.abs(Math.floor(microseconds / 1e6));
		if (apart === 0 && isEqualTimeUnjudged === true) return notEvaluated;
		const rate = Math.abs(value - before) / (apart === 0 ? 1 : apart);
		if (failThreshold !== undefined && rate > failThreshold) return fail;
		return rate > threshold ? suspect : good;
	}
}
