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

/** Rows that fell out of the period before their places are given back. */
const SLACK = 256;

/** Without a period all flags come at the end. */
export class AttenuatedSignal implements QualityTest {
	readonly #options: AttenuatedSignalOptions;
	readonly #sink: FlagSink;
	/** From `#first` on the rows of the period, or all. */
	readonly #seconds: number[] = [];
	readonly #values: SeriesValue[] = [];
	#first = 0;
	#validCount = 0;

	constructor(options: AttenuatedSignalOptions, sink: FlagSink) {
		this.#options = options;
		this.#sink = sink;
	}

	push(seconds: number, value: SeriesValue): void {
		const { testPeriodSeconds, validValuesMin, checkType } = this.#options;
		const before = this.rowsHeld === 0 ? seconds : (this.#seconds[this.#seconds.length - 1] ?? 0);
		if (testPeriodSeconds !== undefined && seconds < before) {
			throw new QualityRefusal(`attenuated signal: time goes back to ${seconds}`);
		}
		this.#seconds.push(seconds);
		this.#values.push(value);
		if (value !== undefined) this.#validCount++;
		if (testPeriodSeconds === undefined) return;
		this.#forgetUpTo(seconds - testPeriodSeconds);
		if (value === undefined) {
			this.#sink(QUALITY_FLAGS.missing);
			return;
		}
		const isJudged =
			this.#validCount >= (validValuesMin ?? 1) &&
			(checkType === "std" || this.#validCount === this.rowsHeld);
		this.#sink(isJudged ? this.#flagOf(this.#variation()) : QUALITY_FLAGS.notEvaluated);
	}

	/** Rows kept in memory: those of the longer window, or all where the whole series is judged. */
	get rowsHeld(): number {
		return this.#values.length - this.#first;
	}

	end(): void {
		if (this.#options.testPeriodSeconds !== undefined) return;
		const variation = this.#variation();
		for (const value of this.#values) {
			this.#sink(value === undefined ? QUALITY_FLAGS.missing : this.#flagOf(variation));
		}
	}

	#forgetUpTo(seconds: number): void {
		const end = this.#values.length;
		while (this.#first < end && (this.#seconds[this.#first] ?? 0) <= seconds) {
			if (this.#values[this.#first] !== undefined) this.#validCount--;
			this.#first++;
		}
		if (this.#first < SLACK) return;
		this.#seconds.splice(0, this.#first);
		this.#values.splice(0, this.#first);
		this.#first = 0;
	}

	#flagOf(variation: number | undefined): QualityFlag {
		const { good, suspect, fail, notEvaluated } = QUALITY_FLAGS;
		if (variation === undefined) return notEvaluated;
		if (variation < this.#options.failThreshold) return fail;
		return variation >= this.#options.suspectThreshold ? good : suspect;
	}

	/** Of the valid values kept; two passes, because a running sum of squares cancels. */
	#variation(): number | undefined {
		const values = this.#values;
		const end = values.length;
		const count = this.#validCount;
		if (count === 0) return undefined;
		if (this.#options.checkType === "range") {
			let lowest = Number.POSITIVE_INFINITY;
			let highest = Number.NEGATIVE_INFINITY;
			for (let row = this.#first; row < end; row++) {
				const value = values[row];
				if (value === undefined) continue;
				if (value < lowest) lowest = value;
				if (value > highest) highest = value;
			}
			return highest - lowest;
		}
		let sum = 0;
		for (let row = this.#first; row < end; row++) sum += values[row] ?? 0;
		const mean = sum / count;
		let squares = 0;
		for (let row = this.#first; row < end; row++) {
			const value = values[row];
			if (value !== undefined) squares += (value - mean) * (value - mean);
		}
		return Math.sqrt(squares / count);
	}
}
