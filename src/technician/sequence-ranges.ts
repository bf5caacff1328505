/** Runs of sequences that are not there, alike for images of flash, exported files and what is said. */
import type { SequenceRange } from "../protocol/wire/acknowledgement.js";

/** What lies between `first` and before `end` and is not among the ascending `held`. */
export function rangesMissing(
	held: Iterable<number>,
	first: number,
	end: number,
): readonly SequenceRange[] {
	const missing: SequenceRange[] = [];
	let next = first;
	for (const sequence of held) {
		if (sequence > next) missing.push({ first: next, last: sequence - 1 });
		next = Math.max(next, sequence + 1);
	}
	if (next < end) missing.push({ first: next, last: end - 1 });
	return missing;
}

/** How many sequences the ranges hold. */
export function countOf(ranges: readonly SequenceRange[]): number {
	return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

/** "entry 7" or "entries 7 to 9". */
export function rangeText({ first, last }: SequenceRange): string {
	return first === last ? `entry ${first}` : `entries ${first} to ${last}`;
}
