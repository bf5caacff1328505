/** Attenuated signal: values that vary too little, over the whole series or over a period. */
import {
	type FlagSink,
	QUALITY_FLAGS,
	type QualityFlag,
	QualityRefusal,
	type QualityTest,
	type SeriesValue,
} from "./flags.js";

export interface AttenuatedSignalOptions {
	/** At least so much variation is good, in the value's unit. */
	readonly suspectThreshold: number;
	/** Less is fail. */
	readonly failThreshold: number;
	/** `std`: population standard deviation; `range`: largest less smallest. */
	readonly checkType: "std" | "range";
	/** Seconds, the left end open; undefined: one judgement over the whole series. */
	readonly testPeriodSeconds?: number | undefined;
	/** Valid values in the period that are needed, 1 by default. One alone varies by 0 and fails. */
	readonly validValuesMin?: number | undefined;
}

interface Row {
	readonly seconds: number;
	readonly value: SeriesValue;
}

/** Without a period all flags come at the end. */
export class AttenuatedSignal implements QualityTest {
	readonly #options: AttenuatedSignalOptions;
	readonly #sink: FlagSink;
	/** The rows of the period, or all. */
	#rows: Row[] = [];

	constructor(options: AttenuatedSignalOptions, sink: FlagSink) {
		this.#options = options;
		this.#sink = sink;
	}

	push(seconds: number, value: SeriesValue): void {
		const before = this.#rows.at(-1);
		const { testPeriodSeconds, validValuesMin } = this.#options;
		if (testPeriodSeconds !== undefined && before !== undefined && seconds < before.seconds) {
			throw new QualityRefusal(`attenuated signal: time goes back to ${seconds}`);
		}
		this.#rows.push({ seconds, value });
		if (testPeriodSeconds === undefined) return;
		while ((this.#rows[0]?.seconds ?? seconds) <= seconds - testPeriodSeconds) this.#rows.shift();
		if (value === undefined) {
			this.#sink(QUALITY_FLAGS.missing);
			return;
		}
		const valid = this.#rows.filter((row) => row.value !== undefined).length;
		const isJudged =
			valid >= (validValuesMin ?? 1) &&
			(this.#options.checkType === "std" || valid === this.#rows.length);
		this.#sink(isJudged ? this.#flagOf(this.#variation()) : QUALITY_FLAGS.notEvaluated);
	}

	/** Rows kept in memory: those of the longer window, or all where the whole series is judged. */
	get rowsHeld(): number {
		return this.#rows.length;
	}

	end(): void {
		if (this.#options.testPeriodSeconds !== undefined) return;
		const variation = this.#variation();
		for (const { value } of this.#rows) {
			this.#sink(value === undefined ? QUALITY_FLAGS.missing : this.#flagOf(variation));
		}
	}

	#flagOf(variation: number | undefined): QualityFlag {
		const { good, suspect, fail, notEvaluated } = QUALITY_FLAGS;
		if (variation === undefined) return notEvaluated;
		if (variation < this.#options.failThreshold) return fail;
		return variation >= this.#options.suspectThreshold ? good : suspect;
	}

	/** Of the valid values kept; two passes, because a running sum of squares cancels. */
	#variation(): number | undefined {
		let count = 0;
		let sum = 0;
		let lowest = Number.POSITIVE_INFINITY;
		let highest = Number.NEGATIVE_INFINITY;
		for (const { value } of this.#rows) {
			if (value === undefined) continue;
			count++;
			sum += value;
			if (value < lowest) lowest = value;
			if (value > highest) highest = value;
		}
		if (count === 0) return undefined;
		if (this.#options.checkType === "range") return highest - lowest;
		const mean = sum / count;
		let squares = 0;
		for (const { value } of this.#rows) {
			if (value !== undefined) squares += (value - mean) * (value - mean);
		}
		return Math.sqrt(squares / count);
	}
}
