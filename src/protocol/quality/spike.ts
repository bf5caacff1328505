/** Spike: a value that neither neighbour explains. */
import {
	type FlagSink,
	QUALITY_FLAGS,
	type QualityFlag,
	QualityRefusal,
	type QualityTest,
	type SeriesValue,
} from "./flags.js";

export interface SpikeOptions {
	/** In the value's unit; 0 or undefined switches that grade off. */
	readonly suspectThreshold?: number | undefined;
	readonly failThreshold?: number | undefined;
	/**
	 * `average`: distance from the mean of both neighbours; it also flags both sides of a step.
	 * `differential`: the smaller of the two differences where they point apart; a step, such as a front
	 * of acid water, is none.
	 */
	readonly method: "average" | "differential";
	/** Thresholds are parts of the mean of both neighbours, without its sign. Off by default. */
	readonly isRelative?: boolean | undefined;
}

/** The flag of a value comes with the value after it; the first and the last are not evaluated. */
export class Spike implements QualityTest {
	readonly #options: SpikeOptions;
	readonly #sink: FlagSink;
	#count = 0;
	#before: SeriesValue;
	#middle: SeriesValue;

	constructor(options: SpikeOptions, sink: FlagSink) {
		this.#options = options;
		this.#sink = sink;
	}

	push(_seconds: number, value: SeriesValue): void {
		if (this.#count === 1) this.#sink(unjudged(this.#middle));
		if (this.#count > 1) this.#sink(this.#judge(value));
		this.#before = this.#middle;
		this.#middle = value;
		this.#count++;
	}

	end(): void {
		if (this.#count === 0) throw new QualityRefusal("spike: an empty series");
		this.#sink(unjudged(this.#middle));
	}

	#judge(after: SeriesValue): QualityFlag {
		const before = this.#before;
		const value = this.#middle;
		if (before === undefined || value === undefined || after === undefined) return unjudged(value);
		const distance =
			this.#options.method === "average"
				? Math.abs(value - (before + after) / 2)
				: apartOf(value - before, after - value);
		const { suspectThreshold, failThreshold, isRelative } = this.#options;
		const level = isRelative === true ? Math.abs((before + after) / 2) : 1;
		if (exceeds(distance, failThreshold, level)) return QUALITY_FLAGS.fail;
		return exceeds(distance, suspectThreshold, level) ? QUALITY_FLAGS.suspect : QUALITY_FLAGS.good;
	}
}

function unjudged(value: SeriesValue): QualityFlag {
	return value === undefined ? QUALITY_FLAGS.missing : QUALITY_FLAGS.notEvaluated;
}

/** 0 where both differences have one sign. */
function apartOf(rise: number, next: number): number {
	return rise * next >= 0 ? 0 : Math.min(Math.abs(rise), Math.abs(next));
}

function exceeds(distance: number, threshold: number | undefined, level: number): boolean {
	return threshold !== undefined && threshold !== 0 && distance > threshold * level;
}
