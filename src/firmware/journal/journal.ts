/**
 * The journal: a durable queue of entries on NOR flash. One write per append, proven by reading it
 * back; nothing is ever programmed twice; what a power cut may have touched is not trusted and not
 * programmed before it was erased. Format, recovery and guarantees: docs/FORMAT.md.
 */
import { assert, StationError, type StationErrorCode } from "../../core/errors.js";
import { HEAD_BYTES } from "../../protocol/record/chain.js";
import { decodeEntry, encodeDraft } from "../../protocol/record/entry.js";
import type { EntryDraft } from "../../protocol/record/entry-layouts.js";
import type { EntrySource, ReadableEntries } from "../../protocol/record/entry-source.js";
import { type JournalGap, OVERFLOW_REASON, UNPROVED_REASON } from "./gap-tracker.js";
import type { HeldEpoch } from "./held-epoch.js";
import { encodeCheckpoint } from "./journal-checkpoint.js";
import type { EpochOrigin, JournalHealth, JournalOptions } from "./journal-types.js";
import type { LogExtent } from "./log-extent.js";
import { OpenedRing } from "./opened-ring.js";

export class Journal {
	readonly #ring: OpenedRing;

	/**
	 * Opens the journal: by the retained note if flash bears it out, else by recovery, which reads
	 * only; formats where no append can ever have returned. A ring that does not fit its partition is
	 * opened for reading (`refusal`). Throws `journal-foreign-version` (a newer format or another
	 * station's: the data are kept), `flash-failed`.
	 */
	static open(options: JournalOptions): Journal {
		return new Journal(options);
	}

	private constructor(options: JournalOptions) {
		this.#ring = new OpenedRing(options);
	}

	/** Random identity of this epoch. */
	get epoch(): number {
		return this.#ring.present.extent.epoch;
	}

	/** Highest acknowledged sequence, 0 for none. */
	get cursor(): number {
		return this.#ring.present.extent.cursor;
	}

	/** Lowest sequence still on flash; equal to `nextSequence` when there is none. */
	get firstSequenceHeld(): number {
		return this.#ring.present.extent.firstSequenceHeld;
	}

	/** Sequence of the next append; 1 in a fresh epoch. */
	get nextSequence(): number {
		return this.#ring.present.extent.nextSequence;
	}

	/**
	 * Share of the ring's sectors that hold what is not acknowledged, 0..1. Reads headers where that
	 * reaches beyond the present sector: eight of 256.
	 */
	get waitingShare(): number {
		const { cursor, firstSequenceHeld, nextSequence, serial, oldestSerial } =
			this.#ring.present.extent;
		const first = Math.max(cursor + 1, firstSequenceHeld);
		if (first >= nextSequence || serial < 0) return 0;
		if (this.#ring.writer.isInNewestSector(first)) return 1 / this.#ring.flash.count;
		const firstSerial = this.#ring.present.reader.locate(first)?.header.serial ?? oldestSerial;
		return Math.min((serial - firstSerial + 1) / this.#ring.flash.count, 1);
	}

	/** h(nextSequence - 1), 32 bytes. */
	get head(): Uint8Array {
		return this.#ring.present.extent.head;
	}

	/** What the first entry of the epoch says of how it came about. */
	get origin(): EpochOrigin {
		return this.#ring.origin;
	}

	/** Former epochs of the ring with something that is not acknowledged, oldest first. */
	get formers(): readonly EntrySource[] {
		return this.#ring.formers().map((held) => {
			const { extent, reader } = held;
			return {
				epoch: extent.epoch,
				get cursor() {
					return extent.cursor;
				},
				get firstSequenceHeld() {
					return extent.firstSequenceHeld;
				},
				nextSequence: extent.nextSequence,
				headBefore: (sequence) => reader.headBefore(sequence),
				read: (first, count, visit) => held.read(first, count, visit),
				acknowledge: (cursor) => this.#acknowledgeFormer(held, cursor),
			};
		});
	}

	/**
	 * The epoch before an epoch without an entry, as far as it can be read, delivered or not: what the
	 * station knew last. Undefined where there is none, and once the present epoch has an entry.
	 */
	get predecessor(): ReadableEntries | undefined {
		const held = this.#ring.predecessor ?? this.#ring.former[this.#ring.former.length - 1];
		if (held === undefined || this.nextSequence > 1) return undefined;
		return {
			firstSequenceHeld: held.extent.firstSequenceHeld,
			nextSequence: held.extent.nextSequence,
			read: (first, count, visit) => held.read(first, count, visit),
		};
	}

	/** Why nothing can be written; undefined when it can. */
	get refusal(): StationErrorCode | undefined {
		return this.#ring.refusal;
	}

	/** True until the first append of an epoch: the station then appends its epoch entry. */
	get wasFormatted(): boolean {
		return this.#ring.wasFormatted;
	}

	/** What recovery found worth an event, for the technician. */
	get recoveryNote(): string | undefined {
		return this.#ring.recoveryNote;
	}

	/** Bytes kept in arrays between calls: heads, anchors, the entry to be copied, gaps of corruption. */
	get heldBytes(): number {
		let bytes = this.#ring.writer.heldBytes;
		for (const { extent, losses } of [this.#ring.present, ...this.#ring.former]) {
			bytes += extent.head.length + extent.keyMark.length + losses.heldBytes;
		}
		return bytes;
	}

	/**
	 * Appends an entry and gives it its sequence. Durable when it returns. Blocks for a flash write
	 * (about 1 ms), with an erase when none was made ahead (45 ms, 400 ms at worst). Throws
	 * `flash-failed`, `journal-full-of-bad-sectors`, `journal-geometry`; then the entry is not there.
	 */
	append(draft: EntryDraft): { readonly sequence: number; readonly canonicalBytes: Uint8Array } {
		this.#requireWritable();
		const { extent, losses } = this.#ring.present;
		const sequence = extent.nextSequence;
		let canonicalBytes: Uint8Array;
		try {
			canonicalBytes = this.#write(() => {
				this.#ring.writer.settle();
				const bytes = encodeDraft(draft, extent.epoch, sequence);
				this.#ring.writer.append(bytes);
				return bytes;
			});
		} catch (error) {
			if (extent.nextSequence > sequence) {
				losses.note(sequence, sequence, UNPROVED_REASON, extent.head);
			}
			throw error;
		}
		assert(extent.nextSequence === sequence + 1, "an append that moved its log otherwise");
		this.#ring.wasFormatted = false;
		if (draft.kind === "gap") this.#named(draft, sequence);
		return { sequence, canonicalBytes };
	}

	/**
	 * Releases everything up to `cursor`; durable when it returns, unless nothing can be written: then it
	 * holds as long as this journal and its note. A lower one changes nothing. Throws
	 * `acknowledgement-beyond` for what was never appended, and `flash-failed`.
	 */
	acknowledge(cursor: number): void {
		const { extent } = this.#ring.present;
		requireWithin(cursor, extent);
		const { formerGapAt } = this.#ring;
		// A wake since has forgotten what that entry names.
		if (formerGapAt > extent.cursor && formerGapAt <= cursor) this.#recallNamed(formerGapAt);
		if (!this.#tryWriting(() => this.#ring.writer.storeCursor(cursor))) {
			extent.cursor = Math.max(extent.cursor, cursor);
		}
		for (const held of this.#ring.formers()) {
			const { named } = held;
			// A reader that has the entry that names a former epoch's loss waits for it no longer.
			if (named === undefined || named.sequence > cursor) continue;
			if (named.from <= held.extent.cursor + 1) this.#acknowledgeFormer(held, named.to);
		}
	}

	/**
	 * Calls `visit` for each entry of `first .. first + count - 1` that is held and readable, in
	 * order. Corruption that it meets becomes a gap. After an unclean boot and before the first append the
	 * last entry may be a torn write that happens to read well: append first (the boot entry).
	 */
	read(
		first: number,
		count: number,
		visit: (sequence: number, canonicalBytes: Uint8Array) => void,
	): void {
		this.#ring.present.read(first, count, visit);
	}

	/**
	 * h(sequence - 1), walked from the header of the sector that holds `sequence`; undefined when
	 * that is not held, or something before it in its sector cannot be read.
	 */
	headBefore(sequence: number): Uint8Array | undefined {
		return this.#ring.present.reader.headBefore(sequence);
	}

	/** Losses that no entry names yet, of former epochs first. The station appends each as a gap entry. */
	get gaps(): readonly JournalGap[] {
		// After a wake it is not known what was named: an overflow waits until that entry is acknowledged.
		const isNamed = this.#ring.formerGapAt > this.cursor;
		const former = this.#ring
			.formers()
			.flatMap(({ gaps }) => gaps)
			.filter(({ reason }) => !isNamed || reason !== OVERFLOW_REASON);
		return [...former, ...this.#ring.present.gaps];
	}

	/** Since this journal was opened. */
	get correctedBits(): number {
		return this.#ring.correctedBits;
	}

	/** Condition of the flash. Reads every header of the log: not for every wake. */
	health(): JournalHealth {
		const { oldestSerial, serial } = this.#ring.present.extent;
		let retiredSectors = 0;
		for (let candidate = oldestSerial; candidate < serial; candidate++) {
			if (this.#ring.present.reader.headerOf(candidate) === undefined) retiredSectors++;
		}
		return {
			sectors: this.#ring.flash.count,
			retiredSectors,
			correctedBits: this.#ring.correctedBits,
			skippedFrames: this.#ring.skippedFrames,
			sectorSwitches: this.#ring.writer.sectorSwitches,
			failedPrograms: this.#ring.writer.failedPrograms,
		};
	}

	/** As `encodeCheckpoint`, for retained memory; empty when there is nothing safe to resume from. */
	save(into?: Uint8Array): Uint8Array {
		const writerState =
			this.#ring.refusal === undefined ? this.#ring.writer.save() : NO_WRITER_STATE;
		if (writerState === undefined) return NOTHING;
		// Of a ring that cannot be written, the epoch that is being delivered.
		const held =
			this.#ring.refusal === undefined
				? this.#ring.present
				: (this.#ring.former[0] ?? this.#ring.present);
		const { extent, losses } = held;
		const note = {
			ring: extent.ring,
			count: this.#ring.flash.count,
			base: Math.max(this.#ring.flash.base, 0),
			epoch: extent.epoch,
			serial: extent.serial,
			oldestSerial: extent.oldestSerial,
			oldestFirst: extent.oldestFirst,
			nextSequence: extent.nextSequence,
			cursor: extent.cursor,
			gapsDeliveredTo: losses.deliveredTo,
			formerGapAt: this.#ring.formerGapAt,
			head: extent.head.length > 0 ? extent.head : new Uint8Array(HEAD_BYTES),
			...writerState,
		};
		return encodeCheckpoint(note, into);
	}

	/** Erases the next sector when this one is nearly full, so that no append has to wait for it. */
	idle(): void {
		if (this.#ring.refusal === undefined) this.#ring.writer.eraseAhead();
	}

	// --- Writing ------------------------------------------------------------------------------------

	#requireWritable(): void {
		if (this.#ring.refusal !== "journal-geometry") return;
		throw new StationError(
			"journal-geometry",
			"the ring of the journal does not fit its partition: it is only read",
		);
	}

	/** A flash that takes nothing is remembered; a later write may still find it better. */
	#write<Result>(write: () => Result): Result {
		try {
			const result = write();
			this.#ring.refusal = undefined;
			return result;
		} catch (error) {
			if (error instanceof StationError && error.code === FULL) this.#ring.refusal = FULL;
			throw error;
		}
	}

	/** False where nothing can be written. */
	#tryWriting(write: () => void): boolean {
		if (this.#ring.refusal === "journal-geometry") return false;
		try {
			this.#write(write);
			return true;
		} catch (error) {
			if (error instanceof StationError && error.code === FULL) return false;
			throw error;
		}
	}

	#acknowledgeFormer(held: HeldEpoch, cursor: number): void {
		const { extent } = held;
		requireWithin(cursor, extent);
		if (!this.#tryWriting(() => this.#ring.writer.storeFormer(extent, cursor))) {
			extent.cursor = Math.max(extent.cursor, cursor);
		}
		if (held.isDone) this.#ring.former = this.#ring.former.filter((known) => known !== held);
	}

	/** From the entries themselves: those of one session are appended one after the other. */
	#recallNamed(last: number): void {
		const { present } = this.#ring;
		const first = Math.max(last - NAMED_TOGETHER + 1, present.extent.firstSequenceHeld);
		present.read(first, last - first + 1, (sequence, canonicalBytes) => {
			const entry = decodeEntry(canonicalBytes);
			if (entry.kind !== "gap" || entry.lostEpoch === 0) return;
			const held = this.#ring.formers().find(({ extent }) => extent.epoch === entry.lostEpoch);
			if (held === undefined || held.named !== undefined) return;
			held.named = { sequence, from: entry.from, to: entry.to };
		});
	}

	#named(gap: JournalGap, sequence: number): void {
		if (gap.lostEpoch === 0) {
			this.#ring.present.losses.delivered(gap);
			return;
		}
		if (gap.reason === OVERFLOW_REASON) this.#ring.formerGapAt = sequence;
		const held = this.#ring.formers().find(({ extent }) => extent.epoch === gap.lostEpoch);
		if (held === undefined) return;
		held.losses.delivered(gap);
		held.named = { sequence, from: gap.from, to: gap.to };
	}
}

/** A session names an overflow of each former epoch at most; the ring's sectors repeat no more of them. */
const NAMED_TOGETHER = 8;
const FULL = "journal-full-of-bad-sectors";

/** A note from which nothing is resumed, but for its cursor. */
const NOTHING = new Uint8Array(0);
const NO_WRITER_STATE = Object.freeze({
	lastSlot: 0,
	endSlot: 0,
	keySlot: undefined,
	anchorSlot: undefined,
	isErasedAhead: false,
	tuning: new Uint8Array(0),
});

function requireWithin(cursor: number, { nextSequence }: LogExtent): void {
	if (cursor < nextSequence) return;
	throw new StationError(
		"acknowledgement-beyond",
		`acknowledged ${cursor}, but the last entry is ${nextSequence - 1}`,
	);
}
