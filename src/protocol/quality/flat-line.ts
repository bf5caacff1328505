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
	readonly #suspect: SpanWindow;
	readonly #fail: SpanWindow;
	/** Of the first rows, while there are too few, with their values. */
	#early: { readonly value: SeriesValue; readonly flag: QualityFlag }[] = [];
	#count = 0;

	constructor(options: FlatLineOptions, sink: FlagSink) {
		this.#options = options;
		this.#sink = sink;
		const steps = (seconds: number): number =>
			Math.trunc(Math.trunc(seconds) / options.intervalSeconds);
		this.#suspect = new SpanWindow(steps(options.suspectThresholdSeconds));
		this.#fail = new SpanWindow(steps(options.failThresholdSeconds));
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
		this.#suspect.push(value);
		this.#fail.push(value);
		this.#count++;
		const flag = this.#judge(value);
		if (this.#count < ROWS_MIN) {
			this.#early.push({ value, flag });
			return;
		}
		for (const early of this.#early) this.#sink(early.flag);
		this.#early = [];
		this.#sink(flag);
	}

	/** Valid values kept in memory at most: those of the longer window. */
	get rowsHeld(): number {
		return Math.max(this.#suspect.validValues, this.#fail.validValues);
	}

	end(): void {
		for (const { value } of this.#early) {
			this.#sink(this.#isExempt(value) ? QUALITY_FLAGS.notEvaluated : QUALITY_FLAGS.good);
		}
	}

	#isExempt(value: SeriesValue): boolean {
		const { valueMin } = this.#options;
		return valueMin !== undefined && value !== undefined && value < valueMin;
	}

	/** The newest row. */
	#judge(value: SeriesValue): QualityFlag {
		const { good, suspect, fail, missing, notEvaluated } = QUALITY_FLAGS;
		if (value === undefined) return missing;
		if (this.#isExempt(value)) return notEvaluated;
		const failed = this.#isFlat(this.#fail);
		if (failed === true) return fail;
		const doubtful = this.#isFlat(this.#suspect);
		if (doubtful === true) return suspect;
		return failed === undefined || doubtful === undefined ? notEvaluated : good;
	}

	/** Undefined: too few valid values to say. */
	#isFlat(window: SpanWindow): boolean | undefined {
		if (!window.isFull) return false;
		if (window.validValues < (this.#options.validValuesMin ?? 1)) return undefined;
		return window.span < this.#options.tolerance;
	}
}

/**
 * Greatest less least of the newest `steps` + 1 rows, without looking through them at each: a value is forgotten once
 * a newer one stands beyond it, or once it is too old.
 */
class SpanWindow {
	readonly #steps: number;
	readonly #valid = new RowQueue();
	readonly #lowest = new RowQueue();
	readonly #highest = new RowQueue();
	#rows = 0;

	constructor(steps: number) {
		this.#steps = steps;
	}

	push(value: SeriesValue): void {
		const row = this.#rows++;
		if (value !== undefined) {
			this.#valid.push(row, value);
			this.#lowest.dropLastWhile((last) => last >= value);
			this.#lowest.push(row, value);
			this.#highest.dropLastWhile((last) => last <= value);
			this.#highest.push(row, value);
		}
		const first = row - this.#steps;
		this.#valid.dropBefore(first);
		this.#lowest.dropBefore(first);
		this.#highest.dropBefore(first);
	}

	get isFull(): boolean {
		return this.#rows > this.#steps;
	}

	get validValues(): number {
		return this.#valid.length;
	}

	/** Of at least one valid value. */
	get span(): number {
		return this.#highest.first - this.#lowest.first;
	}
}

/** Places that were taken out of its front before they are given back. */
const SLACK = 64;

/** Rows and values that come at one end and go at both. */
class RowQueue {
	#rows: number[] = [];
	#values: number[] = [];
	#head = 0;

	get length(): number {
		return this.#rows.length - this.#head;
	}

	/** Value of the oldest row. */
	get first(): number {
		return this.#values[this.#head] ?? 0;
	}

	push(row: number, value: number): void {
		this.#rows.push(row);
		this.#values.push(value);
	}

	dropBefore(row: number): void {
		while (this.length > 0 && (this.#rows[this.#head] ?? row) < row) this.#head++;
		if (this.#head < SLACK) return;
		this.#rows.splice(0, this.#head);
		this.#values.splice(0, this.#head);
		this.#head = 0;
	}

	dropLastWhile(isDropped: (value: number) => boolean): void {
		while (this.length > 0 && isDropped(this.#values[this.#values.length - 1] ?? 0)) {
			this.#rows.pop();
			this.#values.pop();
		}
	}
}
