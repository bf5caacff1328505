/**
 * Reading one sector's frames: shared by recovery, by every later look into the journal, by the
 * exporter of raw images and by the checkers.
 */

import { uint32At } from "../../core/bytes.js";
import {
	type Anchor,
	decodeAnchor,
	decodeDelta,
	decodeKey,
	decodeRaw,
	type EntryPosition,
} from "./journal-codec.js";
import type { SectorHeader } from "./journal-format.js";
import {
	FIRST_SLOT,
	FRAME_HEAD_BYTES,
	FRAME_TYPES,
	type FrameReading,
	frameSeedOf,
	isErased,
	openFrame,
	SLOT_BYTES,
} from "./journal-format.js";

/** What became of a sector's slots. */
export interface SectorScan {
	/** One more than the highest index of a frame whose CRC holds; 0 for a sector without entries. */
	readonly nextIndex: number;
	/** Entries that came out whole. */
	readonly readable: number;
	/** Indexes below `nextIndex` that did not, the first of them, if any. */
	readonly unreadable: number;
	readonly firstUnreadable: number | undefined;
	/** Slot after the last frame whose CRC holds. */
	readonly endSlot: number;
	/** Slot of that frame. */
	readonly lastSlot: number;
	/** Highest cursor of header and frames. */
	readonly cursor: number;
	/** What cursor frames say of former epochs, the last of each. */
	readonly formers: ReadonlyMap<number, FormerMark>;
	readonly correctedBits: number;
	/** Slots before `endSlot`, neither erased nor part of a frame: torn, rotten, or foreign. */
	readonly skippedSlots: number;
	/** The same after `endSlot`: what a cut has left. */
	readonly tornSlots: number;
	/** The newest key and the newest key or anchor, with their slots. */
	readonly key: StoredAnchor | undefined;
	readonly anchor: StoredAnchor | undefined;
}

/** A former epoch by its cursor frame. */
export interface FormerMark {
	/** Its last sequence. */
	readonly last: number;
	readonly cursor: number;
}

export interface StoredAnchor extends Anchor {
	readonly slot: number;
}

export function storedAnchor(
	{ index, canonicalBytes, parameters }: Anchor,
	slot: number,
): StoredAnchor {
	return { index, canonicalBytes, parameters, slot };
}

/** Of a cursor frame: cursor, epoch, and of a former epoch its last sequence. */
export const CURSOR_AT = FRAME_HEAD_BYTES;

/** A header counts numbers that are passed over in a byte. */
export const UNPROVED_MAX = 255;

/** Called for every entry in order; return false to stop early. */
export type EntryVisitor = (index: number, canonicalBytes: Uint8Array) => boolean | undefined;

/**
 * Walks the frames of a sector's `bytes` (header included), of which `header` was read. Where no
 * CRC holds it continues one slot further, so that corruption costs a frame and not the rest. Corrupted bits
 * are put right in `bytes`. Transient memory: a few objects per frame. Entries below `firstIndex` are
 * not visited, and decoded only where later ones refer to them.
 */
export function scanSector(
	bytes: Uint8Array,
	header: SectorHeader,
	visit: EntryVisitor = () => true,
	firstIndex = 0,
): SectorScan {
	return new SectorScanner(bytes, header, visit, firstIndex).scan();
}

/**
 * The same of a sector whose header cannot be read, under the serial that belongs there and the ring and
 * epoch of `like`. Numbers that were passed over after its first frame count with the entries.
 */
export function scanHeaderless(bytes: Uint8Array, like: SectorHeader, serial: number): SectorScan {
	const header = {
		...like,
		isUnwritten: false,
		isCopying: false,
		serial,
		firstSequence: 1,
		cursor: 0,
	};
	return new SectorScanner(bytes, header, () => true, 0, UNPROVED_MAX).scan();
}

/** The walk through one sector. */
class SectorScanner {
	readonly #bytes: Uint8Array;
	readonly #header: SectorHeader;
	readonly #visit: EntryVisitor;
	readonly #firstIndex: number;
	/** After the copy, so many indexes stand for numbers that are passed over. */
	readonly #passed: number;
	/** Where that is not known: so many at most. */
	readonly #passedMax: number;
	readonly #anchors = new Map<number, Anchor>();
	readonly #formers = new Map<number, FormerMark>();
	#key: StoredAnchor | undefined;
	#anchor: StoredAnchor | undefined;
	#nextIndex = 0;
	#readable = 0;
	#firstUnreadable: number | undefined;
	#cursor: number;

	constructor(
		bytes: Uint8Array,
		header: SectorHeader,
		visit: EntryVisitor,
		firstIndex: number,
		passedMax = 0,
	) {
		this.#bytes = bytes;
		this.#header = header;
		this.#visit = visit;
		this.#firstIndex = firstIndex;
		this.#passed = header.isCopying ? header.unproved : 0;
		this.#passedMax = passedMax;
		this.#cursor = header.cursor;
	}

	scan(): SectorScan {
		const bytes = this.#bytes;
		const seed = frameSeedOf(this.#header.ring, this.#header.serial);
		const slots = Math.floor(bytes.length / SLOT_BYTES);
		let correctedBits = 0;
		let skippedSlots = 0;
		let pendingSlots = 0;
		let endSlot = FIRST_SLOT;
		let lastSlot = FIRST_SLOT;
		for (let slot = FIRST_SLOT; slot < slots; ) {
			const at = slot * SLOT_BYTES;
			const frame = openFrame(bytes, at, seed);
			if (frame === undefined || !this.#isPossible(frame, slot - endSlot)) {
				if (!isErased(bytes, at, at + SLOT_BYTES)) pendingSlots++;
				slot++;
				continue;
			}
			correctedBits += frame.correctedBits;
			skippedSlots += pendingSlots;
			pendingSlots = 0;
			lastSlot = slot;
			slot += frame.slots;
			endSlot = slot;
			if (frame.type === FRAME_TYPES.cursor) this.#takeCursor(frame, at);
			else if (!this.#takeEntry(frame, lastSlot)) break;
		}
		const nextIndex = this.#nextIndex;
		const readable = this.#readable;
		return {
			nextIndex,
			readable,
			unreadable: nextIndex - readable - (nextIndex > this.#passed ? this.#passed : 0),
			firstUnreadable: this.#firstUnreadable,
			endSlot,
			lastSlot,
			cursor: this.#cursor,
			formers: this.#formers,
			correctedBits,
			skippedSlots,
			tornSlots: pendingSlots,
			key: this.#key,
			anchor: this.#anchor,
		};
	}

	/** Every entry takes a slot at least and indexes never step back: what says otherwise only looks like a frame. */
	#isPossible({ index }: FrameReading, slotsSinceLast: number): boolean {
		const passed =
			this.#nextIndex === 0 ? this.#passed : this.#nextIndex === 1 ? this.#passedMax : 0;
		const stepMax = slotsSinceLast + passed;
		return index >= this.#nextIndex && index - this.#nextIndex <= stepMax;
	}

	#takeCursor({ index, slots }: FrameReading, at: number): void {
		const statedCursor = uint32At(this.#bytes, at + CURSOR_AT);
		const epoch = uint32At(this.#bytes, at + CURSOR_AT + 4);
		if (epoch === this.#header.epoch) this.#cursor = Math.max(this.#cursor, statedCursor);
		else if (slots > 1) {
			this.#formers.set(epoch, {
				cursor: statedCursor,
				last: uint32At(this.#bytes, at + CURSOR_AT + 8),
			});
		}
		// What it counts as taken was appended, though its frame may be beyond repair.
		if (index <= this.#nextIndex) return;
		this.#firstUnreadable ??= this.#nextIndex;
		this.#nextIndex = index;
	}

	/** False when the visitor has seen enough. */
	#takeEntry(frame: FrameReading, slot: number): boolean {
		const { index, type } = frame;
		if (index > this.#nextIndex) this.#firstUnreadable ??= this.#nextIndex;
		this.#nextIndex = index + 1;
		if (this.#nextIndex === 1) this.#nextIndex += this.#passed;
		const isReferredTo = type === FRAME_TYPES.key || type === FRAME_TYPES.anchor;
		if (index < this.#firstIndex && !isReferredTo) {
			// Its CRC holds. Whether it could be decoded hangs on its anchor, whose loss is reported by itself.
			this.#readable++;
			return true;
		}
		const { epoch, firstSequence } = this.#header;
		const position = { epoch, sequence: firstSequence + index };
		const whole = this.#bytes.subarray(slot * SLOT_BYTES, (slot + frame.slots) * SLOT_BYTES);
		const entry = decodeFrame(whole, frame, (at) => this.#anchors.get(at), position);
		if (entry === undefined) {
			this.#firstUnreadable ??= index;
			return true;
		}
		if (entry.anchor !== undefined) {
			this.#anchors.set(index, entry.anchor);
			this.#anchor = storedAnchor(entry.anchor, slot);
			if (type === FRAME_TYPES.key) this.#key = this.#anchor;
		}
		this.#readable++;
		return index < this.#firstIndex || this.#visit(index, entry.canonicalBytes) !== false;
	}
}

export interface DecodedFrame {
	readonly canonicalBytes: Uint8Array;
	/** Set when later frames may refer to this one. */
	readonly anchor: Anchor | undefined;
}

/** An entry frame's contents, or undefined when it cannot be decoded (its anchor is lost). */
export function decodeFrame(
	whole: Uint8Array,
	frame: Pick<FrameReading, "type" | "index">,
	anchorOf: (index: number) => Anchor | undefined,
	position: EntryPosition,
): DecodedFrame | undefined {
	if (frame.type === FRAME_TYPES.cursor) return undefined;
	if (frame.type === FRAME_TYPES.key || frame.type === FRAME_TYPES.anchor) {
		const anchor =
			frame.type === FRAME_TYPES.key
				? decodeKey(whole, frame.index, position)
				: decodeAnchor(whole, frame.index, anchorOf, position);
		return anchor === undefined ? undefined : { canonicalBytes: anchor.canonicalBytes, anchor };
	}
	const canonicalBytes =
		frame.type === FRAME_TYPES.raw
			? decodeRaw(whole, position)
			: decodeDelta(whole, frame.index, anchorOf, position);
	return canonicalBytes === undefined ? undefined : { canonicalBytes, anchor: undefined };
}
