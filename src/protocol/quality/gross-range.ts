/** Gross range: what the sensor or the operator calls impossible, and what is doubtful. */
import {
	type FlagSink,
	QUALITY_FLAGS,
	QualityRefusal,
	type QualityTest,
	type SeriesValue,
} from "./flags.js";

/** Both ends belong to the span; given in either order. */
export type ValueSpan = readonly [number, number];

export interface GrossRangeOptions {
	/** Outside: fail. */
	readonly failSpan: ValueSpan;
	/** Outside: suspect. Lies within failSpan, else QualityRefusal. */
	readonly suspectSpan?: ValueSpan | undefined;
}

export class GrossRange implements QualityTest {
	readonly #fail: ValueSpan;
	readonly #suspect: ValueSpan | undefined;
	readonly #sink: FlagSink;

	constructor({ failSpan, suspectSpan }: GrossRangeOptions, sink: FlagSink) {
		this.#fail = sorted(failSpan);
		this.#suspect = suspectSpan === undefined ? undefined : sorted(suspectSpan);
		this.#sink = sink;
		const suspect = this.#suspect;
		if (suspect === undefined) return;
		if (suspect[0] >= this.#fail[0] && suspect[1] <= this.#fail[1]) return;
		throw new QualityRefusal(
			`the suspect span ${suspect.join(" to ")} reaches beyond the fail span ${this.#fail.join(" to ")}`,
		);
	}

	push(_seconds: number, value: SeriesValue): void {
		const { good, suspect, fail, missing } = QUALITY_FLAGS;
		if (value === undefined) this.#sink(missing);
		else if (isOutside(value, this.#fail)) this.#sink(fail);
		else this.#sink(isOutside(value, this.#suspect) ? suspect : good);
	}

	end(): void {}
}

/** The lower end first. */
export function sorted([a, b]: ValueSpan): ValueSpan {
	return a <= b ? [a, b] : [b, a];
}

/** False without a span, and at its ends. */
export function isOutside(value: number, span: ValueSpan | undefined): boolean {
	return span !== undefined && (value < span[0] || value > span[1]);
}
