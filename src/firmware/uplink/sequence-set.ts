/** Which sequences need not be sent (any more): a few ascending ranges. */
import type { SequenceRange } from "../../protocol/wire/acknowledgement.js";

/**
 * Ranges a session may keep apart. Every batch and every hole adds one at most and most of them
 * touch; beyond this the session ends and the next one begins from the acknowledgement.
 */
export const SEQUENCE_RANGES_MAX = 64;

export class SequenceSet {
	readonly #ranges: SequenceRange[] = [];

	/** Ascending, apart from each other. */
	get ranges(): readonly SequenceRange[] {
		return this.#ranges;
	}

	get isFull(): boolean {
		return this.#ranges.length >= SEQUENCE_RANGES_MAX;
	}

	/** Adds first..last; nothing when `last` is below `first`. */
	add(first: number, last: number): void {
		if (last < first) return;
		let low = first;
		let high = last;
		let index = 0;
		for (; index < this.#ranges.length; index++) {
			const range = this.#ranges[index];
			if (range !== undefined && range.last >= low - 1) break;
		}
		let merged = 0;
		for (; index + merged < this.#ranges.length; merged++) {
			const range = this.#ranges[index + merged];
			if (range === undefined || range.first > high + 1) break;
			low = Math.min(low, range.first);
			high = Math.max(high, range.last);
		}
		this.#ranges.splice(index, merged, { first: low, last: high });
	}

	/** The lowest range within first..last that is not in the set, or undefined. */
	lowestMissing(first: number, last: number): SequenceRange | undefined {
		let at = first;
		for (const range of this.#ranges) {
			if (range.last < at) continue;
			if (range.first > at) return at > last ? undefined : clip(at, range.first - 1, last);
			at = range.last + 1;
		}
		return at > last ? undefined : { first: at, last };
	}

	/** The highest range within first..last that is not in the set, or undefined. */
	highestMissing(first: number, last: number): SequenceRange | undefined {
		let at = last;
		for (let index = this.#ranges.length - 1; index >= 0; index--) {
			const range = this.#ranges[index];
			if (range === undefined || range.first > at) continue;
			if (range.last < at) {
				return at < first ? undefined : { first: Math.max(range.last + 1, first), last: at };
			}
			at = range.first - 1;
		}
		return at < first ? undefined : { first, last: at };
	}
}

function clip(first: number, last: number, lastMax: number): SequenceRange {
	return { first, last: Math.min(last, lastMax) };
}
