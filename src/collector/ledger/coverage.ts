/** What an acknowledgement says of what is stored. */
import { RANGES_MAX } from "../../protocol/wire/acknowledgement.js";
import type { StoreOutcome } from "../store/batch-writer.js";
import type { Label } from "./opened-envelope.js";

/** What an acknowledgement is made of. */
export interface Acknowledged {
	readonly label: Label;
	/** SHA-256 of the envelope that is answered. */
	readonly hash: Uint8Array;
	readonly stored: Omit<StoreOutcome, "outcome">;
	readonly configuration: Uint8Array | undefined;
	readonly entryCount: number;
}

/**
 * The acknowledgement's cursor and ranges from the covered ranges. Below the station's floor nothing
 * will ever come any more, and nothing is left that a gap entry would name: what is missing there was
 * released once and lost here. `verify` names it; it must not hold back the release of what is stored.
 */
export function coverageOf(
	floor: number,
	firsts: readonly number[],
	lasts: readonly number[],
): { cursor: number; ranges: { first: number; last: number }[] } {
	// A floor of 0 says nothing (WIRE.md, section 3): no entry is below 1.
	let cursor = Math.max(floor, 1) - 1;
	const ranges: { first: number; last: number }[] = [];
	firsts.forEach((first, index) => {
		const last = lasts[index] ?? first;
		if (first <= cursor + 1) cursor = Math.max(cursor, last);
		else ranges.push({ first, last });
	});
	return { cursor, ranges: ranges.slice(-RANGES_MAX) };
}
