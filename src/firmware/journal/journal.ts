/**
 * The journal: a durable queue of entries on NOR flash. One write per append, proven by reading it
 * back; nothing is ever programmed twice; what a power cut may have touched is not trusted and not
 * programmed before it was erased. Format, recovery and guarantees: docs/FORMAT.md.
 */
import { equalBytes } from "../../core/bytes.js";
import { StationError, type StationErrorCode } from "../../core/errors.js";
import { KEY_MARK_BYTES, type SectorHeader } from "../../protocol/flash/journal-format.js";
import type { FormerMark } from "../../protocol/flash/journal-image.js";
import { chainStart, HEAD_BYTES } from "../../protocol/record/chain.js";
import { type EntryDraft, EPOCH_REASONS, encodeDraft } from "../../protocol/record/entry.js";
import type { Entropy, FlashPartition, Sha256 } from "../ports.js";
import { drawIdentity, formatRing } from "./formatting.js";
import { decodeNote, encodeNote, type JournalNote } from "./journal-note.js";
import { LogExtent } from "./log-extent.js";
import { type HeaderOf, LogReader, ringHeader } from "./log-reader.js";
import { LogWriter } from "./log-writer.js";
import { type JournalGap, LossAccount, OVERFLOW_REASON, UNPROVED_REASON } from "./loss-account.js";
import { formersOf, recoverLog } from "./recovery.js";
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

/** Fields of the epoch entry that only the journal knows. */
export interface EpochOrigin {
	/** Index into EPOCH_REASONS. */
	readonly reason: number;
	/** Zeros where nothing is known of an epoch before. */
	readonly previousEpoch: number;
	readonly previousSequence: number;
	/** h(previousSequence) of the previous epoch; part of h(0) of this one. */
	readonly previousHead: Uint8Array;
}

/** A former epoch as whoever delivers it sees it. */
export interface FormerEpoch {
	readonly epoch: number;
	/** Highest acknowledged sequence, 0 none. */
	readonly cursor: number;
	readonly firstSequenceHeld: number;
	/** One more than its last. */
	readonly nextSequence: number;
	headBefore(sequence: number): Uint8Array | undefined;
	read(
		first: number,
		count: number,
		visit: (sequence: number, canonical: Uint8Array) => void,
	): void;
	acknowledge(cursor: number): void;
}

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

/** An epoch of the ring: where it lies, what of it is lost, and how it is read. */
class HeldEpoch {
	readonly extent: LogExtent;
	readonly losses = new LossAccount();
	readonly reader: LogReader;
	/** Last gap entry that names a loss of this former epoch: its place, and what it names. */
	named: { readonly sequence: number; readonly from: number; readonly to: number } | undefined;

	constructor(flash: RingFlash, extent: LogExtent, sha256: Sha256, isFormer: boolean) {
		this.extent = extent;
		if (isFormer) this.losses.lostEpoch = extent.epoch;
		this.reader = new LogReader(flash, extent, this.losses, sha256);
	}

	get gaps(): readonly JournalGap[] {
		return this.losses.open(this.extent, (sequence) => this.reader.headBefore(sequence));
	}

	/** Everything is acknowledged. */
	get isDone(): boolean {
		return this.extent.cursor + 1 >= this.extent.nextSequence;
	}

	read(
		first: number,
		count: number,
		visit: (sequence: number, canonical: Uint8Array) => void,
	): void {
		this.reader.read(first, Math.min(first + count, this.extent.nextSequence), visit);
	}
}

export class Journal {
	readonly #flash: RingFlash;
	readonly #sha256: Sha256;
	readonly #present: HeldEpoch;
	#former: HeldEpoch[] = [];
	#predecessor: HeldEpoch | undefined;
	/** After a wake: former epochs are looked for when they are asked for. */
	#newestWithFormers: SectorHeader | undefined;
	readonly #writer: LogWriter;
	#wasFormatted = false;
	#origin: EpochOrigin = FIRST_ORIGIN;
	#refusal: StationErrorCode | undefined;
	#formerGapAt = 0;
	#recoveryNote: string | undefined;
	#correctedBits = 0;
	#skippedFrames = 0;

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
		const { station, sha256, publicKey } = options;
		this.#flash = new RingFlash(options.flash);
		this.#sha256 = sha256;
		this.#present = new HeldEpoch(this.#flash, new LogExtent(), sha256, false);
		const keyMark = sha256(publicKey).slice(0, KEY_MARK_BYTES);
		this.#writer = new LogWriter(
			this.#flash,
			this.#present.extent,
			{
				formers: () => this.#formers().map(({ extent }) => extent),
				readers: () => [...this.#formers(), this.#present].map(({ reader }) => reader),
			},
			station,
			sha256,
		);
		const note = options.retained === undefined ? undefined : decodeNote(options.retained);
		if (note !== undefined && this.#resume(note, station, keyMark)) return;
		const state = searchRing(this.#flash);
		this.#refusal = this.#flash.refusal;
		if (state.kind === "used") this.#recover(state, keyMark, options);
		else this.#begin(state, keyMark, options);
		// What was acknowledged to a ring that cannot be written stands in the note alone.
		if (note !== undefined && this.#refusal !== undefined) {
			for (const { extent } of [this.#present, ...this.#former]) {
				if (extent.epoch === note.epoch) extent.cursor = Math.max(extent.cursor, note.cursor);
			}
			this.#former = this.#former.filter(({ isDone }) => !isDone);
		}
	}

	/** Random identity of this epoch. */
	get epoch(): number {
		return this.#present.extent.epoch;
	}

	/** Highest acknowledged sequence, 0 for none. */
	get cursor(): number {
		return this.#present.extent.cursor;
	}

	/** Lowest sequence still on flash; equal to `nextSequence` when there is none. */
	get firstSequenceHeld(): number {
		return this.#present.extent.firstSequenceHeld;
	}

	/** Sequence of the next append; 1 in a fresh epoch. */
	get nextSequence(): number {
		return this.#present.extent.nextSequence;
	}

	/**
	 * Share of the ring's sectors that hold what is not acknowledged, 0..1. Reads headers where that
	 * reaches beyond the present sector: eight of 256.
	 */
	get waitingShare(): number {
		const { cursor, firstSequenceHeld, nextSequence, serial, oldestSerial } = this.#present.extent;
		const first = Math.max(cursor + 1, firstSequenceHeld);
		if (first >= nextSequence || serial < 0) return 0;
		if (this.#writer.isInNewestSector(first)) return 1 / this.#flash.count;
		const firstSerial = this.#present.reader.locate(first)?.header.serial ?? oldestSerial;
		return Math.min((serial - firstSerial + 1) / this.#flash.count, 1);
	}

	/** h(nextSequence - 1), 32 bytes. */
	get head(): Uint8Array {
		return this.#present.extent.head;
	}

	/** What the first entry of the epoch says of how it came about. */
	get origin(): EpochOrigin {
		return this.#origin;
	}

	/** Former epochs of the ring with something that is not acknowledged, oldest first. */
	get formers(): readonly FormerEpoch[] {
		return this.#formers().map((held) => {
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
	get predecessor(): Pick<FormerEpoch, "firstSequenceHeld" | "nextSequence" | "read"> | undefined {
		const held = this.#predecessor ?? this.#former[this.#former.length - 1];
		if (held === undefined || this.nextSequence > 1) return undefined;
		return {
			firstSequenceHeld: held.extent.firstSequenceHeld,
			nextSequence: held.extent.nextSequence,
			read: (first, count, visit) => held.read(first, count, visit),
		};
	}

	/** Why nothing can be written; undefined when it can. */
	get refusal(): StationErrorCode | undefined {
		return this.#refusal;
	}

	/** True until the first append of an epoch: the station then appends its epoch entry. */
	get wasFormatted(): boolean {
		return this.#wasFormatted;
	}

	/** What recovery found worth an event, for the technician. */
	get recoveryNote(): string | undefined {
		return this.#recoveryNote;
	}

	/** Bytes kept in arrays between calls: heads, anchors, the entry to be copied, gaps of rot. */
	get heldBytes(): number {
		let bytes = this.#writer.heldBytes;
		for (const { extent, losses } of [this.#present, ...this.#former]) {
			bytes += extent.head.length + extent.keyMark.length + losses.heldBytes;
		}
		return bytes;
	}

	/**
	 * Appends an entry and gives it its place. Durable when it returns. Blocks for a flash write
	 * (about 1 ms), with an erase when none was made ahead (45 ms, 400 ms at worst). Throws
	 * `flash-failed`, `journal-full-of-bad-sectors`, `journal-geometry`; then the entry is not there.
	 */
	append(draft: EntryDraft): { readonly sequence: number; readonly canonical: Uint8Array } {
		this.#requireWritable();
		const { extent } = this.#present;
		const canonical = this.#write(() => {
			this.#writer.settle();
			const bytes = encodeDraft(draft, extent.epoch, extent.nextSequence);
			this.#writer.store(bytes);
			return bytes;
		});
		const sequence = extent.nextSequence - 1;
		this.#wasFormatted = false;
		if (draft.kind === "gap") this.#named(draft, sequence);
		return { sequence, canonical };
	}

	/**
	 * Releases everything up to `cursor`; durable when it returns, unless nothing can be written: then it
	 * holds as long as this journal and its note. A lower one changes nothing. Throws
	 * `acknowledgement-beyond` for what was never appended, and `flash-failed`.
	 */
	acknowledge(cursor: number): void {
		const { extent } = this.#present;
		requireWithin(cursor, extent);
		if (!this.#tryWriting(() => this.#writer.storeCursor(cursor))) {
			extent.cursor = Math.max(extent.cursor, cursor);
		}
		for (const held of this.#formers()) {
			const { named } = held;
			// Whoever has the entry that names a former epoch's loss waits for it no longer.
			if (named === undefined || named.sequence > cursor) continue;
			if (named.from <= held.extent.cursor + 1) this.#acknowledgeFormer(held, named.to);
		}
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
		this.#present.read(first, count, visit);
	}

	/**
	 * h(sequence - 1), walked from the header of the sector that holds `sequence`; undefined when
	 * that is not held, or something before it in its sector cannot be read.
	 */
	headBefore(sequence: number): Uint8Array | undefined {
		return this.#present.reader.headBefore(sequence);
	}

	/** Losses that no entry names yet, of former epochs first. The station appends each as a gap entry. */
	get gaps(): readonly JournalGap[] {
		// After a wake it is not known what was named: an overflow waits until that entry is acknowledged.
		const isNamed = this.#formerGapAt > this.cursor;
		const former = this.#formers()
			.flatMap(({ gaps }) => gaps)
			.filter(({ reason }) => !isNamed || reason !== OVERFLOW_REASON);
		return [...former, ...this.#present.gaps];
	}

	/** Condition of the flash. Reads every header of the log: not for every wake. */
	health(): JournalHealth {
		const { oldestSerial, serial } = this.#present.extent;
		let retiredSectors = 0;
		for (let candidate = oldestSerial; candidate < serial; candidate++) {
			if (this.#present.reader.headerOf(candidate) === undefined) retiredSectors++;
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

	/** At most 128 bytes for retained memory; empty when there is nothing safe to resume from. */
	save(): Uint8Array {
		const place = this.#refusal === undefined ? this.#writer.save() : NO_PLACE;
		if (place === undefined) return new Uint8Array(0);
		// Of a ring that cannot be written, the epoch that is being delivered.
		const held = this.#refusal === undefined ? this.#present : (this.#former[0] ?? this.#present);
		const { extent, losses } = held;
		return encodeNote({
			ring: extent.ring,
			count: this.#flash.count,
			base: Math.max(this.#flash.base, 0),
			epoch: extent.epoch,
			serial: extent.serial,
			oldestSerial: extent.oldestSerial,
			oldestFirst: extent.oldestFirst,
			nextSequence: extent.nextSequence,
			cursor: extent.cursor,
			gapsDeliveredTo: losses.deliveredTo,
			formerGapAt: this.#formerGapAt,
			head: extent.head.length > 0 ? extent.head : new Uint8Array(HEAD_BYTES),
			...place,
		});
	}

	/** Erases the next sector when this one is nearly full, so that no append has to wait for it. */
	idle(): void {
		if (this.#refusal === undefined) this.#writer.eraseAhead();
	}

	// --- Writing ------------------------------------------------------------------------------------

	#requireWritable(): void {
		if (this.#refusal !== "journal-geometry") return;
		throw new StationError(
			"journal-geometry",
			"the ring of the journal does not fit its partition: it is only read",
		);
	}

	/** A flash that takes nothing is remembered; a later write may still find it better. */
	#write<Result>(write: () => Result): Result {
		try {
			const result = write();
			this.#refusal = undefined;
			return result;
		} catch (error) {
			if (error instanceof StationError && error.code === FULL) this.#refusal = FULL;
			throw error;
		}
	}

	/** False where nothing can be written. */
	#tryWriting(write: () => void): boolean {
		if (this.#refusal === "journal-geometry") return false;
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
		if (!this.#tryWriting(() => this.#writer.storeFormer(extent, cursor))) {
			extent.cursor = Math.max(extent.cursor, cursor);
		}
		if (held.isDone) this.#former = this.#former.filter((known) => known !== held);
	}

	#named(gap: JournalGap, sequence: number): void {
		if (gap.lostEpoch === 0) {
			this.#present.losses.delivered(gap);
			return;
		}
		if (gap.reason === OVERFLOW_REASON) this.#formerGapAt = sequence;
		const held = this.#formers().find(({ extent }) => extent.epoch === gap.lostEpoch);
		if (held === undefined) return;
		held.losses.delivered(gap);
		held.named = { sequence, from: gap.from, to: gap.to };
	}

	// --- Opening ------------------------------------------------------------------------------------

	/** Goes on where the note says, if flash bears it out. */
	#resume(note: JournalNote, station: string, keyMark: Uint8Array): boolean {
		const found = resumeFrom(note, this.#flash, station);
		if (found === undefined || !equalBytes(found.header.keyMark, keyMark)) return false;
		this.#writer.resume(note, found);
		const { extent, losses } = this.#present;
		extent.ring = note.ring;
		extent.epoch = note.epoch;
		extent.keyMark = keyMark;
		extent.serial = note.serial;
		extent.nextSequence = note.nextSequence;
		extent.head = note.head;
		extent.cursor = note.cursor;
		extent.oldestSerial = note.oldestSerial;
		extent.oldestFirst = note.oldestFirst;
		losses.deliveredTo = note.gapsDeliveredTo;
		this.#formerGapAt = note.formerGapAt;
		if (found.header.formers > 0) this.#newestWithFormers = found.header;
		return true;
	}

	#recover(
		state: RingState & { kind: "used" },
		keyMark: Uint8Array,
		options: JournalOptions,
	): void {
		const { newest, oldest } = state;
		if (newest.station !== options.station) throw foreignStation(newest.station);
		const log = recoverLog(this.#flash, state, options.sha256);
		if (log.isUnbegun) {
			this.#beginBehind(newest, keyMark, options);
			return;
		}
		const isSameKey = equalBytes(log.header.keyMark, keyMark);
		const { extent } = isSameKey
			? this.#present
			: new HeldEpoch(this.#flash, new LogExtent(), this.#sha256, true);
		extent.ring = newest.ring;
		extent.epoch = log.header.epoch;
		extent.keyMark = log.header.keyMark;
		extent.serial = log.header.serial;
		extent.nextSequence = log.nextSequence;
		extent.head = log.head;
		extent.cursor = log.cursor;
		extent.oldestSerial = oldest.serial;
		extent.oldestFirst = oldest.firstSequence;
		const held = isSameKey ? this.#present : this.#replaceKey(extent, keyMark, options);
		const { headerOf } = state;
		this.#holdFormers(log.formers, newest, oldest, headerOf);
		if (!isSameKey) {
			this.#former.push(held);
			this.#predecessor = held;
		}
		// The first append erases the next sector; a cut may have begun to. What it holds is given
		// up now, so that nothing is offered that may be half erased.
		const erasedNext = this.#refusal === undefined ? log.hop.serial - this.#flash.count : -1;
		const first = Math.max(oldest.serial, erasedNext + 1);
		for (const each of [...this.#former, this.#present]) this.#keepTo(each, first, headerOf);
		this.#writer.hopFirst(log.hop);
		if (log.hop.unproved > 0) {
			const from = log.nextSequence - log.hop.unproved;
			held.losses.note(from, log.nextSequence - 1, UNPROVED_REASON, log.head);
		}
		if (erasedNext >= 0 && headerOf(erasedNext) === undefined) this.#dropHalfErased(headerOf);
		this.#correctedBits = log.correctedBits;
		this.#skippedFrames = log.skippedSlots;
		this.#recoveryNote = isSameKey ? log.note : "another key: a new epoch";
		this.#former = this.#former.filter(({ isDone }) => !isDone);
		// Nothing was ever appended: a sector was begun, and that is all.
		this.#wasFormatted = this.nextSequence === 1;
	}

	/** No entry of the only epoch can be read, and one may have been: another epoch begins behind it. */
	#beginBehind(newest: SectorHeader, keyMark: Uint8Array, options: JournalOptions): void {
		const { publicKey, sha256, station, entropy } = options;
		const { extent } = this.#present;
		const { previousHead } = this.#origin;
		const epoch = drawIdentity(entropy);
		extent.ring = newest.ring;
		extent.epoch = epoch;
		extent.keyMark = keyMark;
		extent.serial = newest.serial;
		extent.oldestSerial = newest.serial + 1;
		extent.head = chainStart(sha256, { station, epoch, publicKey, previousHead });
		this.#wasFormatted = true;
		this.#writer.beginEpoch(extent);
	}

	/** The log as it is becomes a former epoch, and a new one is drawn that names it. */
	#replaceKey(before: LogExtent, keyMark: Uint8Array, options: JournalOptions): HeldEpoch {
		const { publicKey, sha256, station } = options;
		const { extent } = this.#present;
		extent.ring = before.ring;
		extent.epoch = drawIdentity(options.entropy);
		extent.keyMark = keyMark;
		extent.serial = before.serial;
		extent.oldestSerial = before.serial + 1;
		this.#origin = {
			reason: EPOCH_REASONS.indexOf("other-key"),
			previousEpoch: before.epoch,
			previousSequence: before.nextSequence - 1,
			previousHead: before.head,
		};
		const { epoch } = extent;
		const { previousHead } = this.#origin;
		extent.head = chainStart(sha256, { station, epoch, publicKey, previousHead });
		this.#writer.continueIn(before);
		this.#writer.beginEpoch(extent);
		return new HeldEpoch(this.#flash, before, sha256, true);
	}

	/** Former epochs that the newest sectors name, as far as something of them waits. */
	#holdFormers(
		marks: ReadonlyMap<number, FormerMark>,
		newest: SectorHeader,
		oldest: SectorHeader,
		headerOf: HeaderOf,
	): void {
		for (const [epoch, { last, cursor }] of marks) {
			if (cursor >= last) continue;
			const extent = new LogExtent();
			extent.ring = newest.ring;
			extent.epoch = epoch;
			extent.cursor = cursor;
			extent.nextSequence = last + 1;
			extent.serial = newest.serial;
			extent.oldestSerial = oldest.serial;
			this.#former.push(new HeldEpoch(this.#flash, extent, this.#sha256, true));
		}
		for (const held of this.#former) this.#keepTo(held, oldest.serial, headerOf);
		this.#former.sort((a, b) => a.extent.serial - b.extent.serial);
	}

	/** Finds the first and the last sector of an epoch from the serial `first` on. */
	#keepTo({ extent, reader }: HeldEpoch, first: number, headerOf: HeaderOf): void {
		const newest = extent.serial;
		extent.oldestSerial = newest + 1;
		extent.oldestFirst = extent.nextSequence;
		if (this.#former.length === 0) {
			extent.oldestSerial = first;
			reader.keepFrom(first, headerOf);
			return;
		}
		let last: number | undefined;
		for (let serial = first; serial <= newest; serial++) {
			const header = reader.headerOf(serial, headerOf);
			if (header === undefined) continue;
			if (last === undefined) {
				extent.oldestSerial = serial;
				extent.oldestFirst = header.firstSequence;
			}
			last = serial;
		}
		if (extent !== this.#present.extent) extent.serial = last ?? first - 1;
	}

	/** Looked for once they are asked for, after a wake. */
	#formers(): readonly HeldEpoch[] {
		const newest = this.#newestWithFormers;
		if (newest !== undefined) {
			this.#newestWithFormers = undefined;
			const first = Math.max(this.#present.extent.serial - this.#flash.count + 1, 0);
			const headerOf: HeaderOf = (serial) => ringHeader(this.#flash, newest.ring, serial);
			const oldest = { ...newest, serial: first };
			const marks = formersOf(this.#flash, newest, oldest, headerOf);
			this.#holdFormers(marks, newest, oldest, headerOf);
		}
		return this.#former;
	}

	/**
	 * Where the sector to be erased next is none of the log's (it refuses, or was erased ahead), an
	 * erase may have gone on to the oldest, and been cut there: if that is not whole, it is given up.
	 */
	#dropHalfErased(headerOf: HeaderOf): void {
		const held = this.#former[0] ?? this.#present;
		const { extent, reader, losses } = held;
		const { oldestSerial, serial } = extent;
		const oldest = oldestSerial < serial ? reader.headerOf(oldestSerial, headerOf) : undefined;
		if (oldest === undefined) return;
		const place = reader.place(oldest, headerOf);
		const known = losses.save();
		let readable = 0;
		reader.walk(place, () => {
			readable++;
			return true;
		});
		const unproved = oldest.isCopying ? oldest.unproved : 0;
		if (readable < place.end - oldest.firstSequence - unproved) {
			reader.dropBelow(oldestSerial + 1, headerOf);
		}
		losses.restore(known);
	}

	/** Nothing was ever appended, or all headers below the virgin ones are lost. */
	#begin(
		state: RingState & { kind: "blank" | "virgin" },
		keyMark: Uint8Array,
		options: JournalOptions,
	): void {
		const { station, publicKey, sha256 } = options;
		const { extent } = this.#present;
		const { previousHead } = FIRST_ORIGIN;
		if (state.kind === "virgin" && state.lost > 0 && state.header.station !== station) {
			throw foreignStation(state.header.station);
		}
		const isKept =
			state.kind === "virgin" &&
			equalBytes(state.header.keyMark, keyMark) &&
			state.header.station === station &&
			(state.lost > 0 || state.lowest === 0);
		if (isKept) {
			extent.ring = state.header.ring;
			extent.epoch = state.header.epoch;
		} else {
			// Whatever is or was here: what begins anew has another ring and another epoch.
			extent.ring = drawIdentity(options.entropy);
			extent.epoch = drawIdentity(options.entropy);
		}
		const { ring, epoch } = extent;
		extent.keyMark = keyMark;
		extent.head = chainStart(sha256, { station, epoch, publicKey, previousHead });
		this.#wasFormatted = true;
		if (state.kind === "virgin" && state.lost > 0) {
			if (!isKept) extent.ring = state.header.ring;
			this.#goOnBehind(state.lost, state.lowest, isKept ? undefined : state.header, options);
		} else if (!isKept && this.#refusal === undefined) {
			this.#writer.failedPrograms += formatRing(this.#flash, { ring, epoch, keyMark }, station);
			this.#recoveryNote = "formatted";
		}
	}

	/** The headers of the first sectors are lost with `lost` entries: their numbers are passed over. */
	#goOnBehind(
		lost: number,
		serial: number,
		other: SectorHeader | undefined,
		{ sha256, publicKey, station }: JournalOptions,
	): void {
		const { extent } = this.#present;
		this.#recoveryNote = `headers are lost with ${lost} entries`;
		extent.serial = serial - 1;
		extent.oldestSerial = serial;
		if (other !== undefined) {
			// Under another key: nothing can be said of their chain.
			const previousHead = new Uint8Array(HEAD_BYTES);
			const reason = EPOCH_REASONS.indexOf("other-key");
			const previous = { previousEpoch: other.epoch, previousSequence: lost, previousHead };
			this.#origin = { reason, ...previous };
			const { epoch } = extent;
			extent.head = chainStart(sha256, { station, epoch, publicKey, previousHead });
			this.#writer.beginEpoch(extent);
			return;
		}
		extent.nextSequence = lost + 1;
		extent.oldestFirst = lost + 1;
		extent.head = sha256(extent.head);
		this.#wasFormatted = false;
		this.#writer.hopFirst({
			serial,
			firstSequence: lost + 1,
			head: extent.head,
			copy: undefined,
			unproved: 0,
		});
	}
}

const FULL = "journal-full-of-bad-sectors";

/** A note from which nothing is resumed, but for its cursor. */
const NO_PLACE = Object.freeze({
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

function foreignStation(station: string): StationError {
	return new StationError(
		"journal-foreign-version",
		`the journal is of station ${station}: erase the partition to reuse it`,
	);
}
