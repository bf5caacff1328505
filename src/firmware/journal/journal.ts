/**
 * The journal: a durable queue of entries on NOR flash. One write per append, proven by reading it
 * back; nothing is ever programmed twice; what a power cut may have touched is not trusted and not
 * programmed before it was erased. Format, recovery and guarantees: docs/FORMAT.md.
 */
import { StationError, type StationErrorCode } from "../../core/errors.js";
import { chainStart } from "../../protocol/chain.js";
import { type EntryDraft, EPOCH_REASONS, encodeDraft } from "../../protocol/entry.js";
import { KEY_MARK_BYTES, type SectorHeader } from "../../protocol/journal-format.js";
import type { Entropy, FlashPartition, Sha256 } from "../ports.js";
import { drawIdentity, formatRing } from "./formatting.js";
import type { EpochOrigin, FormerEpoch } from "./former-epoch.js";
import { decodeNote, encodeNote, type JournalNote } from "./journal-note.js";
import { LogExtent } from "./log-extent.js";
import { LogReader } from "./log-reader.js";
import { LogWriter } from "./log-writer.js";
import { type JournalGap, LossAccount } from "./loss-account.js";
import { recoverLog } from "./recovery.js";
import { resumeFrom } from "./resumption.js";
import { RingFlash } from "./ring-flash.js";
import { type RingState, searchRing } from "./ring-search.js";

export type { JournalGap } from "./loss-account.js";

export interface JournalOptions {
	readonly flash: FlashPartition;
	/** Station id, 1 to 8 of `[a-z0-9-]`. */
	readonly station: string;
	readonly sha256: Sha256;
	/** Draws the epoch when the partition is formatted. */
	readonly entropy: Entropy;
	/** 33 bytes, part of h(0). */
	readonly publicKey: Uint8Array;
	/** What `save` returned at the end of the last wake; leave out after anything unclean. */
	readonly retained?: Uint8Array;
}

const FIRST_ORIGIN: EpochOrigin = Object.freeze({
	reason: EPOCH_REASONS.indexOf("first"),
	previousEpoch: 0,
	previousSequence: 0,
	previousHead: new Uint8Array(32),
});

export interface JournalHealth {
	/** Sectors of the partition. */
	readonly sectors: number;
	/** Sectors of the log that hold none of it because they refused to. Reads every header. */
	readonly retiredSectors: number;
	/** Since this journal was opened: */
	readonly correctedBits: number;
	readonly skippedFrames: number;
	readonly hops: number;
	readonly failedPrograms: number;
}

export class Journal {
	readonly #flash: RingFlash;
	readonly #extent = new LogExtent();
	readonly #losses = new LossAccount();
	readonly #reader: LogReader;
	readonly #writer: LogWriter;
	#wasFormatted = false;
	readonly #origin: EpochOrigin = FIRST_ORIGIN;
	#recoveryNote: string | undefined;
	#correctedBits = 0;
	#skippedFrames = 0;

	/**
	 * Opens the journal: by the retained note if flash bears it out, else by recovery, which reads
	 * only; formats where no append can ever have returned. Throws `journal-foreign-version` (a
	 * newer format or another station's: the data are kept), `flash-failed`.
	 */
	static open(options: JournalOptions): Journal {
		return new Journal(options);
	}

	private constructor(options: JournalOptions) {
		const { station, sha256 } = options;
		this.#flash = new RingFlash(options.flash);
		this.#reader = new LogReader(this.#flash, this.#extent, this.#losses, sha256);
		this.#writer = new LogWriter(this.#flash, this.#extent, this.#reader, station, sha256);
		const note = options.retained === undefined ? undefined : decodeNote(options.retained);
		if (note !== undefined && this.#resume(note, station)) return;
		const state = searchRing(this.#flash);
		if (state.kind === "used") this.#recover(state, options);
		else this.#format(options);
	}

	/** Random identity of this formatting. */
	get epoch(): number {
		return this.#extent.epoch;
	}

	/** Highest acknowledged sequence, 0 for none. */
	get cursor(): number {
		return this.#extent.cursor;
	}

	/** Lowest sequence still on flash; equal to `nextSequence` when there is none. */
	get firstSequenceHeld(): number {
		return this.#extent.firstSequenceHeld;
	}

	/** Sequence of the next append; 1 in a fresh epoch. */
	get nextSequence(): number {
		return this.#extent.nextSequence;
	}

	/**
	 * Share of the ring's sectors that hold what is not acknowledged, 0..1. Reads headers where that
	 * reaches beyond the present sector: eight of 256.
	 */
	get waitingShare(): number {
		const { cursor, firstSequenceHeld, nextSequence, serial, oldestSerial } = this.#extent;
		const first = Math.max(cursor + 1, firstSequenceHeld);
		if (first >= nextSequence || serial < 0) return 0;
		if (this.#writer.isInNewestSector(first)) return 1 / this.#flash.count;
		const firstSerial = this.#reader.locate(first)?.header.serial ?? oldestSerial;
		return Math.min((serial - firstSerial + 1) / this.#flash.count, 1);
	}

	/** h(nextSequence - 1), 32 bytes. */
	get head(): Uint8Array {
		return this.#extent.head;
	}

	/** What the first entry of the epoch says of how it came about. */
	get origin(): EpochOrigin {
		return this.#origin;
	}

	/** Former epochs of the ring with something that is not acknowledged. */
	get formers(): readonly FormerEpoch[] {
		return [];
	}

	/** Why nothing can be written; undefined when it can. */
	get refusal(): StationErrorCode | undefined {
		return undefined;
	}

	/** True until the first append of an epoch: the station then appends its epoch entry. */
	get wasFormatted(): boolean {
		return this.#wasFormatted;
	}

	/** What recovery found worth an event, for the technician. */
	get recoveryNote(): string | undefined {
		return this.#recoveryNote;
	}

	/** Bytes kept in arrays between calls: head, anchors, the entry to be copied, gaps of rot. */
	get heldBytes(): number {
		return this.#extent.head.length + this.#writer.heldBytes + this.#losses.heldBytes;
	}

	/**
	 * Appends an entry and gives it its place. Durable when it returns. Blocks for a flash write
	 * (about 1 ms), with an erase when none was made ahead (45 ms, 400 ms at worst). Throws
	 * `flash-failed`, `journal-full-of-bad-sectors`; then the entry is not there.
	 */
	append(draft: EntryDraft): { readonly sequence: number; readonly canonical: Uint8Array } {
		this.#writer.settle();
		const { epoch, nextSequence: sequence } = this.#extent;
		const canonical = encodeDraft(draft, epoch, sequence);
		this.#writer.store(canonical);
		this.#wasFormatted = false;
		if (draft.kind === "gap") this.#losses.delivered(draft.from, draft.to, this.firstSequenceHeld);
		return { sequence, canonical };
	}

	/**
	 * Releases everything up to `cursor`; durable when it returns. A lower one changes nothing.
	 * Throws `acknowledgement-beyond` for what was never appended, and what `append` throws.
	 */
	acknowledge(cursor: number): void {
		if (cursor >= this.nextSequence) {
			throw new StationError(
				"acknowledgement-beyond",
				`acknowledged ${cursor}, but the last entry is ${this.nextSequence - 1}`,
			);
		}
		this.#writer.storeCursor(cursor);
	}

	/**
	 * Calls `visit` for each entry of `first .. first + count - 1` that is held and readable, in
	 * order. Rot that it meets becomes a gap. After an unclean boot and before the first append the
	 * last entry may be a torn write that happens to read well: append first (the boot entry).
	 */
	read(
		first: number,
		count: number,
		visit: (sequence: number, canonical: Uint8Array) => void,
	): void {
		this.#reader.read(first, Math.min(first + count, this.nextSequence), visit);
	}

	/**
	 * h(sequence - 1), walked from the header of the sector that holds `sequence`; undefined when
	 * that is not held, or something before it in its sector cannot be read.
	 */
	headBefore(sequence: number): Uint8Array | undefined {
		return this.#reader.headBefore(sequence);
	}

	/** Losses that no entry names yet. The station appends each as a gap entry. */
	get gaps(): readonly JournalGap[] {
		return this.#losses.open(this.#extent, (sequence) => this.#reader.headBefore(sequence));
	}

	/** Condition of the flash. Reads every header of the log: not for every wake. */
	health(): JournalHealth {
		const { oldestSerial, serial } = this.#extent;
		let retiredSectors = 0;
		for (let candidate = oldestSerial; candidate < serial; candidate++) {
			if (this.#reader.headerOf(candidate) === undefined) retiredSectors++;
		}
		return {
			sectors: this.#flash.count,
			retiredSectors,
			correctedBits: this.#correctedBits,
			skippedFrames: this.#skippedFrames,
			hops: this.#writer.hops,
			failedPrograms: this.#writer.failedPrograms,
		};
	}

	/** At most 124 bytes for retained memory; empty when there is nothing safe to resume from. */
	save(): Uint8Array {
		const place = this.#writer.save();
		if (place === undefined) return new Uint8Array(0);
		const { ring, epoch, serial, oldestSerial, oldestFirst, nextSequence, cursor, head } =
			this.#extent;
		return encodeNote({
			ring,
			count: this.#flash.count,
			base: 0,
			epoch,
			serial,
			oldestSerial,
			oldestFirst,
			nextSequence,
			cursor,
			gapsDeliveredTo: this.#losses.deliveredTo,
			head,
			...place,
		});
	}

	/** Erases the next sector when this one is nearly full, so that no append has to wait for it. */
	idle(): void {
		this.#writer.eraseAhead();
	}

	// --- Opening ------------------------------------------------------------------------------------

	/** Goes on where the note says, if flash bears it out. */
	#resume(note: JournalNote, station: string): boolean {
		const found = resumeFrom(note, this.#flash, station);
		if (found === undefined) return false;
		this.#writer.resume(note, found);
		const extent = this.#extent;
		extent.ring = note.ring;
		extent.epoch = note.epoch;
		extent.keyMark = found.header.keyMark;
		extent.serial = note.serial;
		extent.nextSequence = note.nextSequence;
		extent.head = note.head;
		extent.cursor = note.cursor;
		extent.oldestSerial = note.oldestSerial;
		extent.oldestFirst = note.oldestFirst;
		this.#losses.deliveredTo = note.gapsDeliveredTo;
		return true;
	}

	#recover(state: RingState & { kind: "used" }, options: JournalOptions): void {
		const { newest, oldest, isGarbled, headerOf } = state;
		if (newest.station !== options.station) {
			throw new StationError(
				"journal-foreign-version",
				`the journal is of station ${newest.station}: erase the partition to reuse it`,
			);
		}
		const log = recoverLog(this.#flash, newest, oldest, isGarbled, options.sha256);
		const extent = this.#extent;
		extent.ring = newest.ring;
		extent.epoch = newest.epoch;
		extent.keyMark = newest.keyMark;
		extent.serial = log.serial;
		extent.nextSequence = log.nextSequence;
		extent.head = log.head;
		extent.cursor = log.cursor;
		extent.oldestSerial = oldest.serial;
		extent.oldestFirst = oldest.firstSequence;
		this.#writer.hopFirst(log.hop);
		// The first append erases the next sector; a cut may have begun to. What it holds is given
		// up now, so that nothing is offered that may be half erased.
		const erasedNext = log.hop.serial - this.#flash.count;
		this.#writer.dropBelow(erasedNext + 1, headerOf);
		if (erasedNext >= 0 && headerOf(erasedNext) === undefined) {
			this.#dropHalfErased(headerOf);
		}
		this.#correctedBits = log.correctedBits;
		this.#skippedFrames = log.skippedSlots;
		this.#recoveryNote = log.note;
		// Nothing was ever appended: a sector was begun, and that is all.
		this.#wasFormatted = log.nextSequence === 1;
	}

	/**
	 * Where the sector to be erased next is none of the log's (it refuses, or was erased ahead), an
	 * erase may have gone on to the oldest, and been cut there: if that is not whole, it is given up.
	 */
	#dropHalfErased(headerOf: (serial: number) => SectorHeader | undefined): void {
		const { oldestSerial, serial } = this.#extent;
		const oldest = oldestSerial < serial ? headerOf(oldestSerial) : undefined;
		if (oldest === undefined) return;
		const place = this.#reader.place(oldest, headerOf);
		let readable = 0;
		this.#reader.walk(place, () => {
			readable++;
			return true;
		});
		if (readable < place.end - oldest.firstSequence)
			this.#writer.dropBelow(oldestSerial + 1, headerOf);
		this.#losses.forgetRot();
	}

	#format(options: JournalOptions): void {
		const { station, publicKey, sha256 } = options;
		const ring = drawIdentity(options.entropy);
		const epoch = drawIdentity(options.entropy);
		const keyMark = sha256(publicKey).slice(0, KEY_MARK_BYTES);
		const identity = { ring, epoch, keyMark };
		this.#writer.failedPrograms += formatRing(this.#flash, this.#flash.count, identity, station);
		this.#wasFormatted = true;
		this.#recoveryNote = "formatted";
		this.#extent.ring = ring;
		this.#extent.keyMark = keyMark;
		const previousHead = new Uint8Array(32);
		this.#extent.epoch = epoch;
		this.#extent.head = chainStart(sha256, { station, epoch, publicKey, previousHead });
	}
}
