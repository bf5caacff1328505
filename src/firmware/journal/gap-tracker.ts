/**
 * What of an epoch is lost and not yet named by an entry: an overflow follows from the extent of the log;
 * corruption and unproved numbers are remembered as they are met, until the gap entry that names them is appended.
 */
import { GAP_REASONS } from "../../protocol/record/entry-layouts.js";
import type { LogExtent } from "./log-extent.js";

/** Gaps remembered until they are delivered; more wait until these are gone. */
const GAPS_MAX = 8;

export const OVERFLOW_REASON = GAP_REASONS.indexOf("overflow");
export const CORRUPTION_REASON = GAP_REASONS.indexOf("corruption");
export const UNPROVED_REASON = GAP_REASONS.indexOf("unproved");
const UNKNOWN_HEAD: Uint8Array = new Uint8Array(32);

export interface JournalGap {
	/** Former epoch of these numbers, 0: the present one. A field of the gap entry. */
	readonly lostEpoch: number;
	readonly from: number;
	readonly to: number;
	/** Index into GAP_REASONS. */
	readonly reason: number;
	/** h(to), 32 bytes; zeros where it is not known. */
	readonly resume: Uint8Array;
}

export class GapTracker {
	/** Sequence up to which overflows were turned into entries. */
	deliveredTo = 0;
	/** Epoch that its gaps name, 0 the present one. */
	lostEpoch = 0;
	#met: JournalGap[] = [];

	/** Bytes kept: a head and three numbers for each gap. */
	get heldBytes(): number {
		let bytes = 0;
		for (const gap of this.#met) bytes += gap.resume.length + 12;
		return bytes;
	}

	/**
	 * Losses that no entry names yet. An overflow that has grown is named anew from the cursor on:
	 * the ring may have overwritten the entry that named the first part of it before it was
	 * delivered. `headBefore` gives the head that the chain resumes with.
	 */
	open(
		extent: LogExtent,
		headBefore: (sequence: number) => Uint8Array | undefined,
	): readonly JournalGap[] {
		const { lostEpoch } = this;
		const from = extent.cursor + 1;
		const to = extent.firstSequenceHeld - 1;
		const gaps: JournalGap[] = [];
		if (from <= to && to > this.deliveredTo) {
			const resume = headBefore(extent.firstSequenceHeld) ?? UNKNOWN_HEAD;
			gaps.push({ lostEpoch, from, to, reason: OVERFLOW_REASON, resume });
		}
		const isOpen = (gap: JournalGap): boolean => gap.to > to && gap.to > extent.cursor;
		return [...gaps, ...this.#met.filter(isOpen)];
	}

	/** Entries `from` to `to` cannot be read, or were never proved; the chain resumes with `resume`. */
	note(from: number, to: number, reason: number, resume = UNKNOWN_HEAD): void {
		if (this.#met.length >= GAPS_MAX) return;
		if (this.#met.some((known) => known.to === to && known.from <= from)) return;
		const gap = { lostEpoch: this.lostEpoch, from, to, reason, resume };
		this.#met = [...this.#met.filter((known) => known.to !== to), gap];
	}

	/** What was met so far, for `restore`: a look that is not to count. */
	save(): readonly JournalGap[] {
		return this.#met;
	}

	restore(met: readonly JournalGap[]): void {
		this.#met = [...met];
	}

	/** A gap entry was appended. Corruption says nothing of an overflow that may come yet. */
	delivered({ from, to, reason }: JournalGap): void {
		this.#met = this.#met.filter((gap) => gap.from !== from || gap.to !== to);
		if (reason === OVERFLOW_REASON) this.deliveredTo = Math.max(this.deliveredTo, to);
	}
}
