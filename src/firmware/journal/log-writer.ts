/**
 * The writing end of the log: the slot that comes next, the sectors that are begun, and the switch to a
 * fresh sector that comes before the first write after an unclean boot. Nothing is ever programmed
 * twice; what a power cut may have touched is erased before it is used.
 */
import { uint32At } from "../../core/bytes.js";
import { assert, StationError } from "../../core/errors.js";
import {
	encodeSectorHeader,
	FIRST_SLOT,
	frameSeedOf,
	INDEX_MAX,
	SECTOR_HEADER_BYTES,
	SLOT_BYTES,
} from "../../protocol/flash/journal-format.js";
import { chainNext, type Hash } from "../../protocol/record/chain.js";
import { encodeCursor, FrameEncoder } from "./frame-encoder.js";
import type { JournalCheckpoint } from "./journal-checkpoint.js";
import { CodecTuning } from "./journal-tuning.js";
import type { LogExtent } from "./log-extent.js";
import type { HeaderOf, LogReader } from "./log-reader.js";
import type { PendingSwitch } from "./recovery.js";
import type { Resumption } from "./resumption.js";
import type { RingFlash } from "./ring-flash.js";
import { STALE_MAX } from "./ring-search.js";

/** Erase ahead once fewer slots than this are free: two hours of readings and cursors. */
const ERASE_AHEAD_SLOTS = 26;
/** Sectors opened for one append before the flash is given up: each try is one failed program. */
const STORE_ATTEMPTS_MAX = 64;

/** What of a note only the writer knows. */
type WriterNote = Pick<
	JournalCheckpoint,
	"lastSlot" | "endSlot" | "keySlot" | "anchorSlot" | "isErasedAhead" | "tuning"
>;

export class LogWriter {
	/** Since the journal was opened. */
	failedPrograms = 0;
	sectorSwitches = 0;

	readonly #flash: RingFlash;
	#extent: LogExtent;
	/** Former epochs that are not delivered, and the readers of all epochs of the ring. */
	readonly #formers: () => readonly LogExtent[];
	readonly #readers: () => readonly LogReader[];
	readonly #station: string;
	readonly #sha256: Hash;
	readonly #encoder = new FrameEncoder(new CodecTuning());
	#firstSequence = 1;
	#nextSlot = 0;
	#lastSlot = 0;
	#isErasedAhead = false;
	/** Set after an unclean boot until the first write has begun a new sector. */
	#switch: PendingSwitch | undefined;
	/** A frame was not read back as it was written: it may stand there all the same. */
	#mayStand = false;
	/** Set where the key is another until the first write has begun the new epoch. */
	#next: LogExtent | undefined;

	constructor(
		flash: RingFlash,
		extent: LogExtent,
		epochs: {
			readonly formers: () => readonly LogExtent[];
			readonly readers: () => readonly LogReader[];
		},
		station: string,
		sha256: Hash,
	) {
		this.#flash = flash;
		this.#extent = extent;
		this.#formers = epochs.formers;
		this.#readers = epochs.readers;
		this.#station = station;
		this.#sha256 = sha256;
	}

	get #slotsPerSector(): number {
		return Math.floor(this.#flash.sectorBytes / SLOT_BYTES);
	}

	/** Bytes kept in arrays between calls: anchors, tuning, the entry to be copied. */
	get heldBytes(): number {
		const sectorSwitch = this.#switch;
		const switchBytes =
			sectorSwitch === undefined ? 0 : sectorSwitch.head.length + (sectorSwitch.copy?.length ?? 0);
		return this.#encoder.heldBytes + switchBytes;
	}

	/** True when `sequence` and all after it are in the sector that is being written. */
	isInNewestSector(sequence: number): boolean {
		return !this.isUnsettled && sequence >= this.#firstSequence;
	}

	/** The first write will begin a new sector. */
	get isUnsettled(): boolean {
		return this.#switch !== undefined || this.#next !== undefined;
	}

	/** Continues in a sector that flash shows to be as the note says. */
	resume(note: JournalCheckpoint, found: Resumption): void {
		assert(note.lastSlot < note.endSlot, "a note whose last frame has no end");
		this.#encoder.resume(found.key, found.anchor);
		this.#encoder.tuning.restore(note.tuning, found.latestReading);
		this.#firstSequence = found.header.firstSequence;
		this.#nextSlot = note.endSlot;
		this.#lastSlot = note.lastSlot;
		this.#isErasedAhead = note.isErasedAhead;
	}

	/** The boot was unclean: the first write will begin a new sector. */
	switchFirst(sectorSwitch: PendingSwitch): void {
		this.#switch = sectorSwitch;
	}

	/** The log that is gone on with until a new epoch begins. */
	continueIn(extent: LogExtent): void {
		this.#extent = extent;
	}

	/** The key is another: after the log as it is, copy and all, a new epoch begins with the first write. */
	beginEpoch(next: LogExtent): void {
		this.#next = next;
	}

	/** What a wake needs to continue here; undefined when there is nothing safe to resume from. */
	save(): WriterNote | undefined {
		if (this.isUnsettled || this.#extent.serial < 0 || this.#lastSlot === 0) return undefined;
		assert(this.#lastSlot < this.#nextSlot, "a last frame that has no end");
		return {
			lastSlot: this.#lastSlot,
			endSlot: this.#nextSlot,
			keySlot: this.#encoder.key?.slot,
			anchorSlot: this.#encoder.anchor?.slot,
			isErasedAhead: this.#isErasedAhead,
			tuning: this.#encoder.tuning.save(),
		};
	}

	/** Erases the next sector when this one is nearly full, so that no append has to wait for it. */
	eraseAhead(): void {
		if (this.isUnsettled || this.#extent.serial < 0 || this.#isErasedAhead) return;
		if (this.#slotsPerSector - this.#nextSlot > ERASE_AHEAD_SLOTS) return;
		const serial = this.#extent.serial + 1;
		this.dropBelow(serial - this.#flash.count + 1);
		this.#isErasedAhead = this.#flash.erase(serial % this.#flash.count);
		if (!this.#isErasedAhead) this.#regain();
	}

	/**
	 * After an unclean boot: begins a new sector, erased for certain, and copies the last entry
	 * there, because a frame that a cut has torn may read well today and badly tomorrow. A new epoch
	 * begins in the sector after that.
	 */
	settle(): void {
		const sectorSwitch = this.#switch;
		if (sectorSwitch !== undefined) {
			const extent = this.#extent;
			const { nextSequence, head } = extent;
			this.#clearAhead(sectorSwitch.serial + 1);
			this.#openSector(sectorSwitch.serial, sectorSwitch.firstSequence, sectorSwitch.head);
			if (sectorSwitch.copy !== undefined) {
				extent.nextSequence = sectorSwitch.firstSequence;
				extent.head = sectorSwitch.head;
				try {
					this.store(sectorSwitch.copy);
				} finally {
					// Numbers that are passed over stand after the copy.
					extent.nextSequence = nextSequence;
					extent.head = head;
				}
			}
			this.sectorSwitches++;
			this.#switch = undefined;
		}
		const next = this.#next;
		if (next !== undefined) {
			next.serial = Math.max(this.#extent.serial, next.serial);
			this.#extent = next;
			this.#openSector(next.serial + 1, next.nextSequence, next.head);
			next.oldestSerial = next.serial;
			this.#next = undefined;
		}
		if (this.#extent.serial < 0) {
			this.#openSector(0, this.#extent.nextSequence, this.#extent.head);
		}
	}

	/**
	 * `store` of an entry that is new. Where it throws after a frame that may stand whole, the number is passed
	 * over: it must not bear something else, should the sector that bears that lose its header.
	 */
	append(canonicalBytes: Uint8Array): void {
		this.#mayStand = false;
		try {
			this.store(canonicalBytes);
		} catch (error) {
			if (this.#mayStand) this.#passOver();
			throw error;
		}
	}

	#passOver(): void {
		const extent = this.#extent;
		extent.head = this.#sha256(extent.head);
		extent.nextSequence++;
		const { head, nextSequence: firstSequence } = extent;
		const serial = extent.serial + 1;
		this.#switch = { serial, firstSequence, head, copy: undefined, unproved: 1 };
	}

	/** Writes the frame of `nextSequence`, in this sector or, where that is full or bad, a next one. */
	store(canonicalBytes: Uint8Array): void {
		const extent = this.#extent;
		assert(uint32At(canonicalBytes, 4) === extent.epoch, "an entry of another epoch is stored");
		assert(
			uint32At(canonicalBytes, 8) === extent.nextSequence,
			"an entry is stored out of its order",
		);
		this.#storeFrame(
			(index, seed) => this.#encoder.encode(canonicalBytes, index, extent.epoch, seed),
			(encoded, slot) => this.#encoder.commit(encoded, slot),
		);
		extent.head = chainNext(this.#sha256, extent.head, canonicalBytes);
		extent.nextSequence++;
	}

	/** Writes a cursor frame; a cursor that is not higher changes nothing. */
	storeCursor(cursor: number): void {
		// A cursor that recovery read may be a torn frame: it is firm once the new sector repeats it.
		if (this.isUnsettled) this.settle();
		const extent = this.#extent;
		if (cursor <= extent.cursor) return;
		assert(cursor < extent.nextSequence, "a cursor ahead of its log");
		this.#storeFrame((index, seed) => encodeCursor({ cursor, epoch: extent.epoch }, index, seed));
		extent.cursor = cursor;
	}

	/** The same of a former epoch. */
	storeFormer(former: LogExtent, cursor: number): void {
		if (this.isUnsettled) this.settle();
		if (cursor <= former.cursor) return;
		const mark = { cursor, epoch: former.epoch, last: former.nextSequence - 1 };
		this.#storeFrame((index, seed) => encodeCursor(mark, index, seed));
		former.cursor = cursor;
	}

	/** Everything below `serial` is gone or about to be. */
	dropBelow(serial: number, known?: HeaderOf): void {
		for (const reader of this.#readers()) reader.dropBelow(serial, known);
	}

	/** Programs a frame where the log ends, in as many sectors as it takes. */
	#storeFrame<Frame extends { readonly bytes: Uint8Array; readonly slots: number }>(
		encode: (index: number, seed: number) => Frame,
		commit: (frame: Frame, slot: number) => void = () => {},
	): void {
		const extent = this.#extent;
		for (let attempt = 0; attempt < STORE_ATTEMPTS_MAX; attempt++) {
			const index = extent.nextSequence - this.#firstSequence;
			if (index <= INDEX_MAX && this.#nextSlot < this.#slotsPerSector) {
				const frame = encode(index, frameSeedOf(extent.ring, extent.serial));
				const slot = this.#nextSlot;
				if (slot + frame.slots <= this.#slotsPerSector && this.#program(frame)) {
					commit(frame, slot);
					return;
				}
			}
			this.#openSector(extent.serial + 1, extent.nextSequence, extent.head);
		}
		throw fullOfBadSectors();
	}

	/**
	 * Erases what an earlier attempt may have begun further on: a torn header that reads as nothing
	 * today would be the newest of all on the day it reads well. Ends where sectors of the last lap
	 * stand, which no attempt has touched; a few of them, because a refusing sector looks the same.
	 */
	#clearAhead(serial: number): void {
		const count = this.#flash.count;
		const newest = Math.max(this.#extent.serial, 0);
		let untouched = 0;
		for (let ahead = serial; untouched <= STALE_MAX && ahead - newest < count; ahead++) {
			const reading = this.#flash.readHeader(ahead % count);
			const isLastLap =
				reading.kind === "header" &&
				reading.header.ring === this.#extent.ring &&
				(reading.header.isUnwritten ? ahead < count : reading.header.serial === ahead - count);
			if (isLastLap) untouched++;
			else this.#flash.erase(ahead % count);
		}
	}

	/** Programs the next slots; on refusal the sector takes nothing any more. */
	#program({ bytes, slots }: { readonly bytes: Uint8Array; readonly slots: number }): boolean {
		const slot = this.#nextSlot;
		assert(slot * SLOT_BYTES >= SECTOR_HEADER_BYTES, "a frame over its sector's header");
		this.#nextSlot = this.#slotsPerSector;
		const sector = this.#extent.serial % this.#flash.count;
		if (!this.#flash.program(sector, slot * SLOT_BYTES, bytes)) {
			this.failedPrograms++;
			this.#mayStand = true;
			return false;
		}
		this.#nextSlot = slot + slots;
		this.#lastSlot = slot;
		return true;
	}

	/**
	 * Begins the sector of `serial` or the first after it that takes a header. The sector is erased
	 * first, unless this very session did so ahead: bytes that look erased prove nothing. From here on
	 * the sector before takes nothing: a header that could not be read back may stand all the same.
	 */
	#openSector(serial: number, firstSequence: number, head: Uint8Array): void {
		const extent = this.#extent;
		const count = this.#flash.count;
		this.#nextSlot = this.#slotsPerSector;
		this.#lastSlot = 0;
		const formers = this.#formers().filter(({ epoch }) => epoch !== extent.epoch);
		let stale = 0;
		for (let candidate = serial; candidate - extent.serial < count; candidate++) {
			const sector = candidate % count;
			this.dropBelow(candidate - count + 1);
			const isErasedAhead = this.#isErasedAhead && candidate === extent.serial + 1;
			this.#isErasedAhead = false;
			const header = encodeSectorHeader({
				isUnwritten: false,
				isCopying: this.#switch?.copy !== undefined,
				count,
				sectorBytes: this.#flash.sectorBytes,
				unproved: this.#switch?.unproved ?? 0,
				formers: formers.length,
				ring: extent.ring,
				epoch: extent.epoch,
				serial: candidate,
				firstSequence,
				cursor: extent.cursor,
				station: this.#station,
				keyMark: extent.keyMark,
				head,
			});
			if ((isErasedAhead || this.#flash.erase(sector)) && this.#flash.program(sector, 0, header)) {
				if (extent.serial < 0) {
					extent.oldestSerial = candidate;
					extent.oldestFirst = firstSequence;
				}
				extent.serial = candidate;
				this.#firstSequence = firstSequence;
				this.#nextSlot = FIRST_SLOT;
				this.#encoder.beginSector();
				this.#repeat(formers);
				return;
			}
			this.failedPrograms++;
			if (this.#keepsItsHeader(sector)) stale++;
			if (stale > STALE_MAX) break;
		}
		this.#regain();
		throw fullOfBadSectors();
	}

	/**
	 * No sector could be begun: what shows its header still is the log's, one lap of it. It was given up for
	 * the erase, and an erase that was refused may have left all of it.
	 */
	#regain(): void {
		const first = Math.max(this.#extent.serial - this.#flash.count + 1, 0);
		for (const reader of this.#readers()) reader.keepFrom(first);
	}

	/** What is still to be delivered of former epochs, at the beginning of each sector. */
	#repeat(formers: readonly LogExtent[]): void {
		const seed = frameSeedOf(this.#extent.ring, this.#extent.serial);
		for (const { epoch, cursor, nextSequence } of formers) {
			if (this.#nextSlot >= this.#slotsPerSector) return;
			this.#program(encodeCursor({ epoch, cursor, last: nextSequence - 1 }, 0, seed));
		}
	}

	/** A refused sector that still shows a header would look like the end of the log to a search. */
	#keepsItsHeader(sector: number): boolean {
		this.#flash.program(sector, 0, new Uint8Array(SECTOR_HEADER_BYTES));
		try {
			return this.#flash.readHeader(sector).kind === "header";
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			return true;
		}
	}
}

function fullOfBadSectors(): StationError {
	return new StationError(
		"journal-full-of-bad-sectors",
		"the flash takes no more: replace the board; what it holds can still be read",
	);
}
