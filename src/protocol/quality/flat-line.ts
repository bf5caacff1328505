/** Flat line: a value that has not moved for too long. */
import {
	type FlagSink,
	medianStepSeconds,
	QUALITY_FLAGS,
	type QualityFlag,
	QualityRefusal,
	type QualityTest,
	type SeriesValue,
} from "./flags.js";

export interface FlatLineOptions {
	/** Seconds; 0 or more. */
	readonly suspectThresholdSeconds: number;
	readonly failThresholdSeconds: number;
	/** The span of the values in the window must reach it; 0 never flags. */
	readonly tolerance: number;
	/** Between two rows: `medianStepSeconds` of a series, the configured interval of a stream. */
	readonly intervalSeconds: number;
	/**
	 * The reference flags the first value after an outage, because alone in its window it spans nothing. With
	 * a minimum of valid values, a window with fewer is not evaluated. 1 by default.
	 */
	readonly validValuesMin?: number | undefined;
	/** A value below it is not evaluated: ice water is truly flat. Without it all are. */
	readonly valueMin?: number | undefined;
}

/** Fewer rows than these are all good, whatever they hold. */
const ROWS_MIN = 3;

/** The flags of the first two rows come with the third. */
export class FlatLine implements QualityTest {
	readonly #options: FlatLineOptions;
	readonly #sink: FlagSink;
	readonly #suspectSteps: number;
	readonly #failSteps: number;
	/** The newest rows, as many as the longer window needs and the first three. */
	readonly #rows: SeriesValue[] = [];
	#count = 0;

	constructor(options: FlatLineOptions, sink: FlagSink) {
		this.#options = options;
		this.#sink = sink;
		const steps = (seconds: number): number =>
			Math.trunc(Math.trunc(seconds) / options.intervalSeconds);
		this.#suspectSteps = steps(options.suspectThresholdSeconds);
		this.#failSteps = steps(options.failThresholdSeconds);
	}

	/** For a series: its interval is the median of its steps. */
	static ofSeries(
		options: Omit<FlatLineOptions, "intervalSeconds">,
		seconds: readonly number[],
		sink: FlagSink,
	): FlatLine {
		const intervalSeconds = seconds.length < ROWS_MIN ? 1 : medianStepSeconds(seconds);
		return new FlatLine({ ...options, intervalSeconds }, sink);
	}

	push(_seconds: number, value: SeriesValue): void {
		if (this.#options.intervalSeconds <= 0) {
			throw new QualityRefusal(
				`flat line: an interval of ${this.#options.intervalSeconds} s; times must rise by whole seconds`,
			);
		}
		this.#rows.push(value);
		this.#count++;
		if (this.#count < ROWS_MIN) return;
		if (this.#count === ROWS_MIN) {
			for (let index = 0; index < ROWS_MIN - 1; index++) this.#sink(this.#judge(index));
		}
		this.#sink(this.#judge(this.#rows.length - 1));
		const kept = Math.max(this.#suspectSteps, this.#failSteps, ROWS_MIN - 1) + 1;
		if (this.#rows.length > kept) this.#rows.shift();
	}

	/** Rows kept in memory: those of the longer window, or all where the whole series is judged. */
	get rowsHeld(): number {
		return this.#rows.length;
	}

	end(): void {
		if (this.#count >= ROWS_MIN) return;
		for (const value of this.#rows) {
			this.#sink(this.#isExempt(value) ? QUALITY_FLAGS.notEvaluated : QUALITY_FLAGS.good);
		}
	}

	#isExempt(value: SeriesValue): boolean {
		const { valueMin } = this.#options;
		return valueMin !== undefined && value !== undefined && value < valueMin;
	}

	/** `index` among the rows kept; the newest is the last. */
	#judge(index: number): QualityFlag {
		const { good, suspect, fail, missing, notEvaluated } = QUALITY_FLAGS;
		const value = this.#rows[index];
		if (value === undefined) return missing;
		if (this.#isExempt(value)) return notEvaluated;
		const failed = this.#isFlat(index, this.#failSteps);
		if (failed === true) return fail;
		const doubtful = this.#isFlat(index, this.#suspectSteps);
		if (doubtful === true) return suspect;
		return failed === undefined || doubtful === undefined ? notEvaluated : good;
	}

	/** Undefined: too few valid values to say. */
	#isFlat(index: number, steps: number): boolean | undefined {
		const first = index - steps;
		// Rows that were dropped are older than any window.
		if (first < 0) return false;
		let lowest = Number.POSITIVE_INFINITY;
		let highest = Number.NEGATIVE_INFINITY;
		let valid = 0;
		for (let row = first; row <= index; row++) {
			const value = this.#rows[row];
			if (value === undefined) continue;
			valid++;
			if (value < lowest) lowest = value;
			if (value > highest) highest = value;
		}
		if (valid < (this.#options.validValuesMin ?? 1)) return undefined;
		return highest - lowest < this.#options.tolerance;
	}
}
