/**
 * The journal: a durable queue of entries on NOR flash. One write per append, proven by reading it
 * back; nothing is ever programmed twice; what a power cut may have touched is not trusted and not
 * programmed before it was erased. Format, recovery and guarantees: docs/FORMAT.md.
 */
import { StationError } from "../../core/errors.js";
import { chainNext, chainStart } from "../../protocol/chain.js";
import { type EntryDraft, encodeEntry, GAP_REASONS } from "../../protocol/entry.js";
import { isReading } from "../../protocol/journal-codec.js";
import {
	encodeSectorHeader,
	FIRST_SLOT,
	FRAME_SLOTS_MAX,
	frameSeedOf,
	isErased,
	openFrame,
	SECTOR_HEADER_BYTES,
	type SectorHeader,
	SLOT_BYTES,
} from "../../protocol/journal-format.js";
import { decodeFrame, type PlacedAnchor, scanSector } from "../../protocol/journal-image.js";
import { CodecTuning } from "../../protocol/journal-tuning.js";
import type { Entropy, FlashPartition, Sha256 } from "../ports.js";
import { encodeCursor, FrameEncoder } from "./frame-encoder.js";
import { decodeNote, encodeNote, type JournalNote } from "./journal-note.js";
import { type PendingHop, recoverLog } from "./recovery.js";
import { RingFlash } from "./ring-flash.js";
import { type RingState, STALE_RUN_MAX, searchRing } from "./ring-search.js";

/** Erase ahead once fewer slots than this are free: two hours of readings and cursors. */
const ERASE_AHEAD_SLOTS = 26;
/** Rot gaps remembered until they are delivered; more wait until these are gone. */
const ROT_GAPS_MAX = 8;
/** Sectors opened for one append before the flash is given up: each try is one failed program. */
const STORE_ATTEMPTS_MAX = 64;
/** An index must fit a byte. */
const INDEX_MAX = 255;

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

export interface JournalGap {
	readonly from: number;
	readonly to: number;
	/** Index into GAP_REASONS. */
	readonly reason: number;
	/** h(to), 32 bytes. */
	readonly resume: Uint8Array;
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

interface Located {
	readonly header: SectorHeader;
	/** Sequence behind the last that this sector answers for. */
	readonly end: number;
	/** The next sector's header, if there is one. */
	readonly next: SectorHeader | undefined;
}

export class Journal {
	readonly #flash: RingFlash;
	readonly #station: string;
	readonly #sha256: Sha256;
	readonly #slotsPerSector: number;
	readonly #encoder: FrameEncoder;
	#epoch = 0;
	/** Newest sector with entries; -1 before the first append. */
	#serial = -1;
	#firstSequence = 1;
	#nextSlot = 0;
	#nextSequence = 1;
	#head: Uint8Array;
	#cursor = 0;
	#oldestSerial = 0;
	#oldestFirst = 1;
	#isErasedAhead = false;
	#lastSlot = 0;
	#gapsDeliveredTo = 0;
	#rotGaps: JournalGap[] = [];
	/** Set after an unclean boot until the first append has begun a new sector. */
	#hop: PendingHop | undefined;
	#wasFormatted = false;
	#recoveryNote: string | undefined;
	#correctedBits = 0;
	#skippedFrames = 0;
	#hops = 0;
	#failedPrograms = 0;

	/**
	 * Opens the journal: by the retained note if flash bears it out, else by recovery, which reads
	 * only; formats where no append can ever have returned. Throws `journal-foreign-version` (a
	 * newer format or another station's: the data are kept), `flash-failed`.
	 */
	static open(options: JournalOptions): Journal {
		return new Journal(options);
	}

	private constructor(options: JournalOptions) {
		this.#flash = new RingFlash(options.flash);
		this.#station = options.station;
		this.#sha256 = options.sha256;
		this.#slotsPerSector = Math.floor(this.#flash.sectorBytes / SLOT_BYTES);
		this.#encoder = new FrameEncoder(new CodecTuning());
		this.#head = new Uint8Array(0);
		const note = options.retained === undefined ? undefined : decodeNote(options.retained);
		if (note !== undefined && this.#resume(note)) return;
		this.#recover(searchRing(this.#flash), options);
	}

	/** Random identity of this formatting. */
	get epoch(): number {
		return this.#epoch;
	}

	/** Highest acknowledged sequence, 0 for none. */
	get cursor(): number {
		return this.#cursor;
	}

	/** Lowest sequence still on flash; equal to `nextSequence` when there is none. */
	get firstSequenceHeld(): number {
		return Math.min(this.#oldestFirst, this.#nextSequence);
	}

	/** Sequence of the next append; 1 in a fresh epoch. */
	get nextSequence(): number {
		return this.#nextSequence;
	}

	/**
	 * Share of the ring's sectors that hold what is not acknowledged, 0..1. Reads headers where that
	 * reaches beyond the present sector: eight of 256.
	 */
	get waitingShare(): number {
		const first = Math.max(this.#cursor + 1, this.firstSequenceHeld);
		if (first >= this.#nextSequence || this.#serial < 0) return 0;
		if (this.#hop === undefined && first >= this.#firstSequence) return 1 / this.#flash.count;
		const place = this.#locate(first);
		const serial = place?.header.serial ?? this.#oldestSerial;
		return Math.min((this.#serial - serial + 1) / this.#flash.count, 1);
	}

	/** h(nextSequence - 1), 32 bytes. */
	get head(): Uint8Array {
		return this.#head;
	}

	/** True until the first append of an epoch: the station then appends its epoch entry. */
	get wasFormatted(): boolean {
		return this.#wasFormatted;
	}

	/** What recovery found worth an event, for the technician. */
	get recoveryNote(): string | undefined {
		return this.#recoveryNote;
	}

	/** Bytes kept in arrays between calls: head, anchors, the entry to be copied. */
	get heldBytes(): number {
		let bytes = this.#head.length + this.#encoder.heldBytes;
		if (this.#hop !== undefined) bytes += this.#hop.head.length + (this.#hop.copy?.length ?? 0);
		for (const gap of this.#rotGaps) bytes += gap.resume.length + 12;
		return bytes;
	}

	/**
	 * Appends an entry and gives it its place. Durable when it returns. Blocks for a flash write
	 * (about 1 ms), with an erase when none was made ahead (45 ms, 400 ms at worst). Throws
	 * `flash-failed`, `journal-full-of-bad-sectors`; then the entry is not there.
	 */
	append(draft: EntryDraft): { readonly sequence: number; readonly canonical: Uint8Array } {
		this.#settle();
		const sequence = this.#nextSequence;
		const canonical = encodeEntry({ ...draft, epoch: this.#epoch, sequence });
		this.#store(canonical);
		if (draft.kind === "gap") this.#gapDelivered(draft.from, draft.to);
		return { sequence, canonical };
	}

	/**
	 * Releases everything up to `cursor`; durable when it returns. A lower one changes nothing.
	 * Throws `acknowledgement-beyond` for what was never appended, and what `append` throws.
	 */
	acknowledge(cursor: number): void {
		if (cursor >= this.#nextSequence) {
			throw new StationError(
				"acknowledgement-beyond",
				`acknowledged ${cursor}, but the last entry is ${this.#nextSequence - 1}`,
			);
		}
		// A cursor that recovery read may be a torn frame: it is firm once the new sector repeats it.
		if (this.#hop !== undefined) this.#settle();
		if (cursor <= this.#cursor) return;
		for (let attempt = 0; attempt < STORE_ATTEMPTS_MAX; attempt++) {
			if (this.#nextSlot < this.#slotsPerSector) {
				const index = this.#nextSequence - this.#firstSequence;
				const frame = encodeCursor(cursor, index, frameSeedOf(this.#epoch, this.#serial));
				if (index <= INDEX_MAX && this.#program(frame, 1)) {
					this.#cursor = cursor;
					return;
				}
			}
			this.#openSector(this.#serial + 1, this.#nextSequence, this.#head, false);
		}
		throw fullOfBadSectors();
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
		const end = Math.min(first + count, this.#nextSequence);
		let sequence = Math.max(first, this.firstSequenceHeld);
		let place = sequence < end ? this.#locate(sequence) : undefined;
		while (place !== undefined && sequence < end) {
			this.#walk(place, (at, canonical) => {
				if (at >= sequence && at < end) visit(at, canonical);
				return at + 1 < end;
			});
			sequence = Math.max(place.end, sequence);
			place = place.next === undefined ? undefined : this.#place(place.next);
		}
	}

	/**
	 * h(sequence - 1), walked from the header of the sector that holds `sequence`; undefined when
	 * that is not held, or something before it in its sector cannot be read.
	 */
	headBefore(sequence: number): Uint8Array | undefined {
		if (sequence === this.#nextSequence) return this.#head;
		if (sequence < this.firstSequenceHeld || sequence > this.#nextSequence) return undefined;
		const place = this.#locate(sequence);
		if (place === undefined) return undefined;
		let head: Uint8Array = place.header.head;
		let expected = place.header.firstSequence;
		this.#walk(place, (at, canonical) => {
			if (at >= sequence || at !== expected) return false;
			head = chainNext(this.#sha256, head, canonical);
			expected++;
			return true;
		});
		return expected === sequence ? head : undefined;
	}

	/**
	 * Losses that no entry names yet. The station appends each as a gap entry. An overflow that has
	 * grown is named anew from the cursor on: the ring may have overwritten the entry that named the
	 * first part of it before it was delivered.
	 */
	get gaps(): readonly JournalGap[] {
		const from = this.#cursor + 1;
		const to = this.firstSequenceHeld - 1;
		const gaps: JournalGap[] = [];
		if (from <= to && to > this.#gapsDeliveredTo) {
			const resume = this.headBefore(this.firstSequenceHeld);
			if (resume !== undefined) gaps.push({ from, to, reason: 0, resume });
		}
		return [...gaps, ...this.#rotGaps.filter((gap) => gap.to > to && gap.to > this.#cursor)];
	}

	/** Condition of the flash. Reads every header of the log: not for every wake. */
	health(): JournalHealth {
		let retiredSectors = 0;
		for (let serial = this.#oldestSerial; serial < this.#serial; serial++) {
			if (this.#headerOf(serial) === undefined) retiredSectors++;
		}
		return {
			sectors: this.#flash.count,
			retiredSectors,
			correctedBits: this.#correctedBits,
			skippedFrames: this.#skippedFrames,
			hops: this.#hops,
			failedPrograms: this.#failedPrograms,
		};
	}

	/** At most 116 bytes for retained memory; empty when there is nothing safe to resume from. */
	save(): Uint8Array {
		if (this.#hop !== undefined || this.#serial < 0 || this.#lastSlot === 0) {
			return new Uint8Array(0);
		}
		return encodeNote({
			epoch: this.#epoch,
			serial: this.#serial,
			oldestSerial: this.#oldestSerial,
			oldestFirst: this.#oldestFirst,
			nextSequence: this.#nextSequence,
			cursor: this.#cursor,
			gapsDeliveredTo: this.#gapsDeliveredTo,
			lastSlot: this.#lastSlot,
			endSlot: this.#nextSlot,
			keySlot: this.#encoder.key?.slot,
			anchorSlot: this.#encoder.anchor?.slot,
			isErasedAhead: this.#isErasedAhead,
			head: this.#head,
			tuning: this.#encoder.tuning.save(),
		});
	}

	/** Erases the next sector when this one is nearly full, so that no append has to wait for it. */
	idle(): void {
		if (this.#hop !== undefined || this.#serial < 0 || this.#isErasedAhead) return;
		if (this.#slotsPerSector - this.#nextSlot > ERASE_AHEAD_SLOTS) return;
		const serial = this.#serial + 1;
		this.#dropBelow(serial - this.#flash.count + 1);
		this.#isErasedAhead = this.#flash.erase(serial % this.#flash.count);
	}

	// --- Opening ------------------------------------------------------------------------------------

	#recover(state: RingState, options: JournalOptions): void {
		if (state.kind === "used") {
			if (state.newest.station !== options.station) {
				throw new StationError(
					"journal-foreign-version",
					`the journal is of station ${state.newest.station}: erase the partition to reuse it`,
				);
			}
			this.#epoch = state.newest.epoch;
			const log = recoverLog(
				this.#flash,
				state.newest,
				state.oldest,
				state.isReadable,
				this.#sha256,
			);
			this.#serial = log.serial;
			this.#nextSequence = log.nextSequence;
			this.#head = log.head;
			this.#cursor = log.cursor;
			this.#hop = log.hop;
			this.#oldestSerial = state.oldest.serial;
			this.#oldestFirst = state.oldest.firstSequence;
			// The first append erases the next sector; a cut may have begun to. What it holds is given
			// up now, so that nothing is offered that may be half erased.
			this.#dropBelow(log.hop.serial - this.#flash.count + 1, state.headerOf);
			const erasedNext = log.hop.serial - this.#flash.count;
			if (erasedNext >= 0 && state.headerOf(erasedNext) === undefined) this.#dropHalfErased();
			this.#correctedBits = log.correctedBits;
			this.#skippedFrames = log.skippedSlots;
			this.#recoveryNote = log.note;
			// Nothing was ever appended: a sector was begun, and that is all.
			this.#wasFormatted = log.nextSequence === 1;
			return;
		}
		const isResumed = state.kind === "virgin" && state.station === options.station;
		this.#epoch = isResumed ? state.epoch : drawEpoch(options.entropy);
		this.#format(isResumed ? state.lowest : this.#flash.count);
		this.#wasFormatted = true;
		this.#recoveryNote = isResumed ? undefined : "formatted";
		this.#head = chainStart(this.#sha256, {
			station: options.station,
			epoch: this.#epoch,
			publicKey: options.publicKey,
			previousHead: new Uint8Array(32),
		});
	}

	/**
	 * Where the sector to be erased next is none of the log's (it refuses, or was erased ahead), an
	 * erase may have gone on to the oldest, and been cut there: if that is not whole, it is given up.
	 */
	#dropHalfErased(): void {
		if (this.#oldestSerial >= this.#serial) return;
		const oldest = this.#locate(this.#oldestFirst);
		if (oldest === undefined) return;
		let readable = 0;
		this.#walk(oldest, () => {
			readable++;
			return true;
		});
		if (readable < oldest.end - oldest.header.firstSequence)
			this.#dropBelow(this.#oldestSerial + 1);
		this.#rotGaps = [];
	}

	/** Virgin headers from sector `end` - 1 down to 0: no append happens before all are there. */
	#format(end: number): void {
		for (let sector = end - 1; sector >= 0; sector--) {
			if (!this.#flash.erase(sector)) continue;
			const header = encodeSectorHeader({
				isVirgin: true,
				isCopying: false,
				epoch: this.#epoch,
				serial: sector,
				firstSequence: 0,
				cursor: 0,
				station: this.#station,
				head: new Uint8Array(32),
			});
			if (!this.#flash.program(sector, 0, header)) this.#failedPrograms++;
		}
	}

	/** Goes on where the note says, if flash bears it out: header, last frame, nothing behind it. */
	#resume(note: JournalNote): boolean {
		const sector = note.serial % this.#flash.count;
		const reading = this.#flash.readHeader(sector);
		if (reading.kind !== "header" || reading.header.isVirgin) return false;
		const header = reading.header;
		if (header.epoch !== note.epoch || header.serial !== note.serial) return false;
		if (header.station !== this.#station || header.firstSequence > note.nextSequence) return false;
		const end = Math.min(note.endSlot + FRAME_SLOTS_MAX, this.#slotsPerSector);
		if (note.lastSlot < FIRST_SLOT || note.endSlot > end || note.lastSlot >= note.endSlot) {
			return false;
		}
		const tail = this.#readSlots(sector, note.lastSlot, end);
		const seed = frameSeedOf(note.epoch, note.serial);
		const last = openFrame(tail, 0, seed);
		if (last === undefined || note.lastSlot + last.slots !== note.endSlot) return false;
		if (!isErased(tail, last.slots * SLOT_BYTES, tail.length)) return false;
		const key = this.#readAnchor(header, note.keySlot, undefined);
		const anchor =
			note.anchorSlot === note.keySlot ? key : this.#readAnchor(header, note.anchorSlot, key);
		this.#encoder.resume(key, anchor ?? key);
		const latest = decodeFrame(
			tail.subarray(0, last.slots * SLOT_BYTES),
			last,
			(index) => [key, anchor].find((known) => known?.index === index),
			{ epoch: note.epoch, sequence: header.firstSequence + last.index },
		);
		const isLatestReading = latest !== undefined && isReading(latest.canonical);
		this.#encoder.tuning.restore(note.tuning, isLatestReading ? latest.canonical : undefined);
		this.#epoch = note.epoch;
		this.#serial = note.serial;
		this.#firstSequence = header.firstSequence;
		this.#nextSlot = note.endSlot;
		this.#lastSlot = note.lastSlot;
		this.#nextSequence = note.nextSequence;
		this.#head = note.head;
		this.#cursor = note.cursor;
		this.#gapsDeliveredTo = note.gapsDeliveredTo;
		this.#oldestSerial = note.oldestSerial;
		this.#oldestFirst = note.oldestFirst;
		this.#isErasedAhead = note.isErasedAhead;
		return true;
	}

	#readAnchor(
		header: SectorHeader,
		slot: number | undefined,
		key: PlacedAnchor | undefined,
	): PlacedAnchor | undefined {
		if (slot === undefined || slot >= this.#slotsPerSector) return undefined;
		const end = Math.min(slot + FRAME_SLOTS_MAX, this.#slotsPerSector);
		const bytes = this.#readSlots(header.serial % this.#flash.count, slot, end);
		const frame = openFrame(bytes, 0, frameSeedOf(header.epoch, header.serial));
		if (frame === undefined) return undefined;
		const decoded = decodeFrame(
			bytes.subarray(0, frame.slots * SLOT_BYTES),
			frame,
			(index) => (key?.index === index ? key : undefined),
			{ epoch: header.epoch, sequence: header.firstSequence + frame.index },
		);
		return decoded?.anchor === undefined ? undefined : { ...decoded.anchor, slot };
	}

	#readSlots(sector: number, first: number, end: number): Uint8Array {
		return this.#flash.read(sector, first * SLOT_BYTES, (end - first) * SLOT_BYTES);
	}

	// --- Writing ------------------------------------------------------------------------------------

	/**
	 * After an unclean boot: begins a new sector, erased for certain, and copies the last entry
	 * there, because a frame that a cut has torn may read well today and badly tomorrow.
	 */
	#settle(): void {
		const hop = this.#hop;
		if (hop !== undefined) {
			this.#clearAhead(hop.serial + 1);
			this.#openSector(hop.serial, hop.firstSequence, hop.head, hop.copy !== undefined);
			this.#nextSequence = hop.firstSequence;
			this.#head = hop.head;
			if (hop.copy !== undefined) this.#store(hop.copy);
			this.#hops++;
			this.#hop = undefined;
		} else if (this.#serial < 0) {
			this.#openSector(0, this.#nextSequence, this.#head, false);
		}
	}

	/**
	 * Erases what an earlier attempt may have begun further on: a torn header that reads as nothing
	 * today would be the newest of all on the day it reads well. Ends where sectors of the last lap
	 * stand, which no attempt has touched; a few of them, because a refusing sector looks the same.
	 */
	#clearAhead(serial: number): void {
		const count = this.#flash.count;
		let untouched = 0;
		for (
			let ahead = serial;
			untouched <= STALE_RUN_MAX && ahead - Math.max(this.#serial, 0) < count;
			ahead++
		) {
			const reading = this.#flash.readHeader(ahead % count);
			const isLastLap =
				reading.kind === "header" &&
				(reading.header.isVirgin ? ahead < count : reading.header.serial === ahead - count);
			if (isLastLap) untouched++;
			else this.#flash.erase(ahead % count);
		}
	}

	/** Writes the frame of `nextSequence`, in this sector or, where that is full or bad, a next one. */
	#store(canonical: Uint8Array): void {
		for (let attempt = 0; attempt < STORE_ATTEMPTS_MAX; attempt++) {
			const index = this.#nextSequence - this.#firstSequence;
			if (index <= INDEX_MAX && this.#nextSlot < this.#slotsPerSector) {
				const seed = frameSeedOf(this.#epoch, this.#serial);
				const encoded = this.#encoder.encode(canonical, index, this.#epoch, seed);
				const slot = this.#nextSlot;
				if (slot + encoded.slots <= this.#slotsPerSector) {
					if (this.#program(encoded.bytes, encoded.slots)) {
						this.#encoder.commit(encoded, slot);
						this.#head = chainNext(this.#sha256, this.#head, canonical);
						this.#nextSequence++;
						this.#wasFormatted = false;
						return;
					}
				}
			}
			const isCopying = this.#hop?.copy === canonical;
			this.#openSector(this.#serial + 1, this.#nextSequence, this.#head, isCopying);
		}
		throw fullOfBadSectors();
	}

	/** Programs the next `slots` slots; on refusal the sector takes nothing any more. */
	#program(frame: Uint8Array, slots: number): boolean {
		const slot = this.#nextSlot;
		this.#nextSlot = this.#slotsPerSector;
		const sector = this.#serial % this.#flash.count;
		if (!this.#flash.program(sector, slot * SLOT_BYTES, frame)) {
			this.#failedPrograms++;
			return false;
		}
		this.#nextSlot = slot + slots;
		this.#lastSlot = slot;
		return true;
	}

	/**
	 * Begins the sector of `serial` or the first behind it that takes a header. The sector is erased
	 * first, unless this very session did so ahead: bytes that look erased prove nothing.
	 */
	#openSector(serial: number, firstSequence: number, head: Uint8Array, isCopying: boolean): void {
		const count = this.#flash.count;
		let staleRun = 0;
		for (let candidate = serial; candidate - this.#serial < count; candidate++) {
			const sector = candidate % count;
			this.#dropBelow(candidate - count + 1);
			const isErasedAhead = this.#isErasedAhead && candidate === this.#serial + 1;
			this.#isErasedAhead = false;
			const header = encodeSectorHeader({
				isVirgin: false,
				isCopying,
				epoch: this.#epoch,
				serial: candidate,
				firstSequence,
				cursor: this.#cursor,
				station: this.#station,
				head,
			});
			if ((isErasedAhead || this.#flash.erase(sector)) && this.#flash.program(sector, 0, header)) {
				if (this.#serial < 0) {
					this.#oldestSerial = candidate;
					this.#oldestFirst = firstSequence;
				}
				this.#serial = candidate;
				this.#firstSequence = firstSequence;
				this.#nextSlot = FIRST_SLOT;
				this.#lastSlot = 0;
				this.#encoder.beginSector();
				return;
			}
			this.#failedPrograms++;
			staleRun = this.#keepsItsHeader(sector) ? staleRun + 1 : 0;
			if (staleRun > STALE_RUN_MAX) break;
		}
		throw fullOfBadSectors();
	}

	/** A refused sector that still shows a header would look like the end of the log to a search. */
	#keepsItsHeader(sector: number): boolean {
		this.#flash.program(sector, 0, new Uint8Array(SECTOR_HEADER_BYTES));
		return this.#flash.readHeader(sector).kind === "header";
	}

	/** Everything below `serial` is gone or about to be: finds the oldest that stays. */
	#dropBelow(serial: number, headerOf?: (serial: number) => SectorHeader | undefined): void {
		if (this.#oldestSerial >= serial || this.#serial < 0) return;
		for (let candidate = serial; candidate <= this.#serial; candidate++) {
			const header = headerOf?.(candidate) ?? this.#headerOf(candidate);
			if (header === undefined) continue;
			this.#oldestSerial = candidate;
			this.#oldestFirst = header.firstSequence;
			return;
		}
		this.#oldestSerial = this.#serial + 1;
		this.#oldestFirst = this.#nextSequence;
	}

	#gapDelivered(from: number, to: number): void {
		this.#rotGaps = this.#rotGaps.filter((gap) => gap.from !== from || gap.to !== to);
		if (to < this.firstSequenceHeld) this.#gapsDeliveredTo = Math.max(this.#gapsDeliveredTo, to);
	}

	// --- Reading ------------------------------------------------------------------------------------

	/** Header of the sector of `serial`, or undefined where there is none of it. */
	#headerOf(serial: number): SectorHeader | undefined {
		const reading = this.#flash.readHeader(serial % this.#flash.count);
		if (reading.kind !== "header" || reading.header.isVirgin) return undefined;
		const { header } = reading;
		return header.serial === serial && header.epoch === this.#epoch ? header : undefined;
	}

	/** The sector that answers for `sequence`: bisection over the first sequences. */
	#locate(sequence: number): Located | undefined {
		let low = this.#oldestSerial;
		let high = this.#serial;
		let found = this.#headerAtOrAbove(low, high);
		if (found === undefined || found.firstSequence > sequence) return undefined;
		low = found.serial;
		while (low < high) {
			const probe = this.#headerAtOrAbove(low + Math.ceil((high - low) / 2), high);
			if (probe === undefined) {
				high = low + Math.ceil((high - low) / 2) - 1;
			} else if (probe.firstSequence <= sequence) {
				found = probe;
				low = probe.serial;
			} else {
				high = low + Math.ceil((high - low) / 2) - 1;
			}
		}
		return this.#place(found);
	}

	#place(header: SectorHeader): Located {
		const next = this.#headerAtOrAbove(header.serial + 1, this.#serial);
		return { header, end: next?.firstSequence ?? this.#nextSequence, next };
	}

	#headerAtOrAbove(serial: number, last: number): SectorHeader | undefined {
		for (let candidate = serial; candidate <= last; candidate++) {
			const header = this.#headerOf(candidate);
			if (header !== undefined) return header;
		}
		return undefined;
	}

	/** Visits the readable entries a sector answers for; keeps account of those that are not. */
	#walk(place: Located, visit: (sequence: number, canonical: Uint8Array) => boolean): void {
		const { header, end, next } = place;
		const sector = header.serial % this.#flash.count;
		const bytes = this.#flash.read(sector, 0, this.#flash.sectorBytes);
		let expected = header.firstSequence;
		let firstLost: number | undefined;
		let isStopped = false;
		scanSector(bytes, header, (index, canonical) => {
			const sequence = header.firstSequence + index;
			if (sequence >= end) return false;
			if (sequence !== expected) firstLost ??= expected;
			expected = sequence + 1;
			isStopped = !visit(sequence, canonical);
			return !isStopped;
		});
		if (!isStopped && expected < end) firstLost ??= expected;
		if (firstLost !== undefined && next !== undefined) {
			this.#noteRot({ from: firstLost, to: end - 1, reason: ROT_REASON, resume: next.head });
		}
	}

	#noteRot(gap: JournalGap): void {
		if (this.#rotGaps.length >= ROT_GAPS_MAX) return;
		if (this.#rotGaps.some((known) => known.to === gap.to && known.from <= gap.from)) return;
		this.#rotGaps = [...this.#rotGaps.filter((known) => known.to !== gap.to), gap];
	}
}

const ROT_REASON = GAP_REASONS.indexOf("rot");

function drawEpoch(entropy: Entropy): number {
	const bytes = new Uint8Array(4);
	entropy.fill(bytes);
	const epoch = new DataView(bytes.buffer).getUint32(0, true);
	// 0 means "no epoch" in the entries.
	return epoch === 0 ? 1 : epoch;
}

function fullOfBadSectors(): StationError {
	return new StationError(
		"journal-full-of-bad-sectors",
		"the flash takes no more: replace the board; what it holds can still be read",
	);
}
