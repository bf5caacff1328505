/**
 * What is lost and not yet named by an entry: an overflow follows from the extent of the log, rot
 * is remembered as reading meets it, until the gap entry that names it is appended.
 */
import { GAP_REASONS } from "../../protocol/entry.js";
import type { LogExtent } from "./log-extent.js";

/** Rot gaps remembered until they are delivered; more wait until these are gone. */
const ROT_GAPS_MAX = 8;

const OVERFLOW_REASON = GAP_REASONS.indexOf("overflow");
const ROT_REASON = GAP_REASONS.indexOf("rot");

export interface JournalGap {
	/** Former epoch of these numbers, 0: the present one. */
	readonly lostEpoch: number;
	readonly from: number;
	readonly to: number;
	/** Index into GAP_REASONS. */
	readonly reason: number;
	/** h(to), 32 bytes. */
	readonly resume: Uint8Array;
}

export class LossAccount {
	/** Sequence up to which overflows were turned into entries. */
	deliveredTo = 0;
	#rot: JournalGap[] = [];

	/** Bytes kept: a head and three numbers for each gap of rot. */
	get heldBytes(): number {
		let bytes = 0;
		for (const gap of this.#rot) bytes += gap.resume.length + 12;
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
		const from = extent.cursor + 1;
		const to = extent.firstSequenceHeld - 1;
		const gaps: JournalGap[] = [];
		if (from <= to && to > this.deliveredTo) {
			const resume = headBefore(extent.firstSequenceHeld);
			if (resume !== undefined)
				gaps.push({ lostEpoch: 0, from, to, reason: OVERFLOW_REASON, resume });
		}
		return [...gaps, ...this.#rot.filter((gap) => gap.to > to && gap.to > extent.cursor)];
	}

	/** Entries `from` to `to` cannot be read; `resume` is the head that the next header names. */
	noteRot(from: number, to: number, resume: Uint8Array): void {
		if (this.#rot.length >= ROT_GAPS_MAX) return;
		if (this.#rot.some((known) => known.to === to && known.from <= from)) return;
		const gap = { lostEpoch: 0, from, to, reason: ROT_REASON, resume };
		this.#rot = [...this.#rot.filter((known) => known.to !== to), gap];
	}

	/** What was taken for rot was given up with its sector. */
	forgetRot(): void {
		this.#rot = [];
	}

	/** A gap entry was appended. */
	delivered(from: number, to: number, firstSequenceHeld: number): void {
		this.#rot = this.#rot.filter((gap) => gap.from !== from || gap.to !== to);
		if (to < firstSequenceHeld) this.deliveredTo = Math.max(this.deliveredTo, to);
	}
}
