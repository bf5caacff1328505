/**
 * The outer forms of the journal on flash: sector headers and frames with their check sums. Every
 * bit and the reasons are in docs/FORMAT.md; firmware, exporter and checkers share this file.
 */

import { putUint32, uint16At, uint32At } from "../../core/bytes.js";
import { crc32, crc32OfUint32 } from "../../core/crc32.js";
import { assert } from "../../core/errors.js";
import { HEAD_BYTES } from "../record/chain.js";
import { stationIdAt, stationIdBytes } from "../record/entry.js";

/** Frames begin and end on multiples of this: the unit of encrypted flash, and of resynchronising. */
export const SLOT_BYTES = 16;
export const SECTOR_HEADER_BYTES = 80;
/** An index must fit a byte. */
export const INDEX_MAX = 255;
export const FIRST_SLOT = SECTOR_HEADER_BYTES / SLOT_BYTES;
export const FRAME_SLOTS_MAX = 8;
export const FRAME_HEAD_BYTES = 2;
export const CRC_BYTES = 4;
/** (4096 - 80) / 16: an index within a sector fits a byte. */
export const SECTOR_BYTES_MAX = 4096;
/** A header and one frame of any length. */
export const SECTOR_BYTES_MIN = 256;
export const JOURNAL_VERSION = 2;
/** Of SHA-256 of the public key. */
export const KEY_MARK_BYTES = 8;

/** "jB" little-endian. */
const MAGIC = 0x426a;
const FLAG_UNWRITTEN = 0x01;
const FLAG_COPYING = 0x02;
/** log2 of the sector's bytes, less 8. */
const SIZE_SHIFT = 2;
const SIZE_MASK = 0x1c;
const FLAGS_KNOWN = FLAG_UNWRITTEN | FLAG_COPYING | SIZE_MASK;
const CRC_AT = SECTOR_HEADER_BYTES - CRC_BYTES;
/** The reflected polynomial of CRC-32. */
const POLYNOMIAL = 0xedb88320;

export interface SectorHeader {
	/** Written by formatting: no entry was ever written after it. */
	readonly isUnwritten: boolean;
	/**
	 * Frame 0 is a copy of the last entry of the sector before, made after an unclean boot. Until it
	 * is there this sector counts for nothing.
	 */
	readonly isCopying: boolean;
	/** Sectors of the ring, and bytes of one, 256 * 2^k: what the ring was formatted with. */
	readonly count: number;
	readonly sectorBytes: number;
	/**
	 * Numbers that may have been given before an unclean boot and are not used again: those after
	 * `firstSequence` of a copying sector, else those before it. 0..255.
	 */
	readonly unproved: number;
	/** Former epochs whose cursors are repeated in this sector. */
	readonly formers: number;
	/** Drawn when the ring was formatted; the seed of its frames. */
	readonly ring: number;
	readonly epoch: number;
	/** 0, 1, 2 ...; serial s lies in sector s modulo the number of sectors. */
	readonly serial: number;
	/** Sequence of the frame with index 0. */
	readonly firstSequence: number;
	/** Highest acknowledged sequence when the header was written. */
	readonly cursor: number;
	readonly station: string;
	/** First 8 bytes of SHA-256 of the public key of this epoch. */
	readonly keyMark: Uint8Array;
	/** h(firstSequence - 1). */
	readonly head: Uint8Array;
}

/** What 80 bytes at the start of a sector are. */
export type HeaderReading =
	| { readonly kind: "header"; readonly header: SectorHeader; readonly correctedBits: number }
	| { readonly kind: "newer"; readonly version: number }
	| { readonly kind: "blank" }
	| { readonly kind: "unreadable" };

/** The 80 bytes of a header. */
export function encodeSectorHeader(header: SectorHeader): Uint8Array {
	const bytes = new Uint8Array(SECTOR_HEADER_BYTES);
	bytes[0] = MAGIC & 0xff;
	bytes[1] = MAGIC >> 8;
	bytes[2] = JOURNAL_VERSION;
	bytes[3] =
		(header.isUnwritten ? FLAG_UNWRITTEN : 0) |
		(header.isCopying ? FLAG_COPYING : 0) |
		((23 - Math.clz32(header.sectorBytes)) << SIZE_SHIFT);
	bytes[4] = header.count;
	bytes[5] = header.count >> 8;
	bytes[6] = header.unproved;
	bytes[7] = header.formers;
	putUint32(bytes, 8, header.ring);
	putUint32(bytes, 12, header.epoch);
	putUint32(bytes, 16, header.serial);
	putUint32(bytes, 20, header.firstSequence);
	putUint32(bytes, 24, header.cursor);
	bytes.set(stationIdBytes(header.station), 28);
	bytes.set(header.keyMark, 36);
	bytes.set(header.head, 44);
	putUint32(bytes, CRC_AT, crc32(bytes, 0, CRC_AT));
	return bytes;
}

/** Where in its ring a sector stands. */
export type SectorOrder = Pick<SectorHeader, "isUnwritten" | "ring" | "serial">;

/** Reads a header, putting one rotten bit right. Allocates; changes `bytes` when it corrects. */
export function readSectorHeader(bytes: Uint8Array): HeaderReading {
	const checked = checkHeader(bytes);
	if (checked.kind !== "header") return checked;
	const flags = bytes[3] ?? 0;
	return {
		...checked,
		header: {
			...orderIn(bytes),
			isCopying: (flags & FLAG_COPYING) !== 0,
			count: uint16At(bytes, 4),
			sectorBytes: SECTOR_BYTES_MIN << ((flags & SIZE_MASK) >> SIZE_SHIFT),
			unproved: bytes[6] ?? 0,
			formers: bytes[7] ?? 0,
			epoch: uint32At(bytes, 12),
			firstSequence: uint32At(bytes, 20),
			cursor: uint32At(bytes, 24),
			station: stationIdAt(bytes, 28),
			keyMark: bytes.slice(36, 36 + KEY_MARK_BYTES),
			head: bytes.slice(44, 44 + HEAD_BYTES),
		},
	};
}

/** The same where only its place is asked, as each wake does of the sectors ahead; undefined: no header. */
export function readSectorOrder(bytes: Uint8Array): SectorOrder | undefined {
	return checkHeader(bytes).kind === "header" ? orderIn(bytes) : undefined;
}

/** Of bytes that are a header. */
function orderIn(bytes: Uint8Array): SectorOrder {
	return {
		isUnwritten: ((bytes[3] ?? 0) & FLAG_UNWRITTEN) !== 0,
		ring: uint32At(bytes, 8),
		serial: uint32At(bytes, 16),
	};
}

type CheckedHeader =
	| Omit<Extract<HeaderReading, { kind: "header" }>, "header">
	| Exclude<HeaderReading, { kind: "header" }>;

/** What the bytes are; one rotten bit is put right in them. */
function checkHeader(bytes: Uint8Array): CheckedHeader {
	let correctedBits = 0;
	if (uint32At(bytes, CRC_AT) !== crc32(bytes, 0, CRC_AT)) {
		if (isErased(bytes, 0, bytes.length)) return { kind: "blank" };
		if (!correctSingleBit(bytes, 0, SECTOR_HEADER_BYTES, 0)) return { kind: "unreadable" };
		correctedBits = 1;
	}
	const magic = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
	const version = bytes[2] ?? 0;
	const flags = bytes[3] ?? 0;
	if (magic !== MAGIC) return { kind: "unreadable" };
	if (version > JOURNAL_VERSION) return { kind: "newer", version };
	const isKnown = version === JOURNAL_VERSION && (flags & ~FLAGS_KNOWN) === 0;
	const isHeader = isKnown && uint16At(bytes, 4) > 0;
	return isHeader ? { kind: "header", correctedBits } : { kind: "unreadable" };
}

export const FRAME_TYPES = Object.freeze({
	/** A reading as differences from an anchor, one slot. */
	delta: 0,
	/** A reading whole, with the parameters of the deltas that follow. */
	key: 1,
	/** A reading as differences from a key, with new parameters; deltas may refer to it. */
	anchor: 2,
	/** Any entry, whole. */
	raw: 3,
	/** No entry: the acknowledged cursor of an epoch; of a former one with its last sequence, two slots. */
	cursor: 4,
});
const FRAME_TYPE_LAST = 4;

/**
 * Seed of the CRCs of a sector's frames. For one ring it is a bijection of the serial, and CRC-32
 * is a bijection of its seed: bytes that were valid under one serial are never valid under another,
 * so that a frame of an earlier lap cannot pass. The mixing is needed because of the correction: a
 * seed that differs in one bit looks like one wrong bit in the first four bytes. (Finaliser of
 * MurmurHash3, Appleby: each step can be undone.)
 */
export function frameSeedOf(ring: number, serial: number): number {
	let mixed = serial ^ (serial >>> 16);
	mixed = Math.imul(mixed, 0x85ebca6b);
	mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
	return (crc32OfUint32(ring) ^ mixed ^ (mixed >>> 16)) >>> 0;
}

/** Completes a frame of `slots` slots at the start of `frame`: head, index and CRC. */
export function sealFrame(
	frame: Uint8Array,
	type: number,
	slots: number,
	index: number,
	seed: number,
): void {
	assert(slots >= 1 && slots <= FRAME_SLOTS_MAX && index <= INDEX_MAX, "a frame that has no form");
	const end = slots * SLOT_BYTES - CRC_BYTES;
	frame[0] = (type << 3) | (slots - 1);
	frame[1] = index;
	const crc = crc32(frame, 0, end, seed);
	for (let byte = 0; byte < CRC_BYTES; byte++) frame[end + byte] = crc >>> (8 * byte);
}

/** A frame whose CRC holds. */
export interface FrameReading {
	readonly type: number;
	readonly slots: number;
	readonly index: number;
	readonly correctedBits: number;
}

/**
 * The frame at `at` of a sector's bytes, or undefined. One rotten bit is put right in place: a
 * frame of at most 128 bytes is corrected wrongly only by four wrong bits or more, because
 * CRC-32 keeps a distance of 5 up to 2 974 bits (Koopman 2002).
 */
export function openFrame(bytes: Uint8Array, at: number, seed: number): FrameReading | undefined {
	const head = bytes[at] ?? 0xff;
	const exact = frameAt(bytes, at, seed, (head & 7) + 1, 0);
	if (exact !== undefined) return exact;
	if (isErased(bytes, at, at + SLOT_BYTES)) return undefined;
	for (let slots = 1; slots <= FRAME_SLOTS_MAX; slots++) {
		// The rotten bit may sit in the length itself.
		const wrong = (slots - 1) ^ (head & 7);
		if ((wrong & (wrong - 1)) !== 0) continue;
		const end = at + slots * SLOT_BYTES;
		if (end > bytes.length) break;
		const saved = bytes.slice(at, end);
		if (!correctSingleBit(bytes, at, end, seed)) continue;
		const corrected = frameAt(bytes, at, seed, slots, 1);
		if (corrected !== undefined) return corrected;
		bytes.set(saved, at);
	}
	return undefined;
}

function frameAt(
	bytes: Uint8Array,
	at: number,
	seed: number,
	slots: number,
	correctedBits: number,
): FrameReading | undefined {
	const head = bytes[at] ?? 0xff;
	const type = head >> 3;
	const end = at + slots * SLOT_BYTES;
	if (type > FRAME_TYPE_LAST || (head & 7) !== slots - 1 || end > bytes.length) return undefined;
	if (uint32At(bytes, end - CRC_BYTES) !== crc32(bytes, at, end - CRC_BYTES, seed))
		return undefined;
	return { type, slots, index: bytes[at + 1] ?? 0, correctedBits };
}

/** True when `bytes[first .. end)` reads as erased, which proves nothing after a power cut. */
export function isErased(bytes: Uint8Array, first: number, end: number): boolean {
	for (let index = first; index < end; index++) if (bytes[index] !== 0xff) return false;
	return true;
}

/** True when `bytes` holds what is expected from `at` on; `equalBytes` over a part of `bytes`. */
export function holdsBytes(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
	if (at + expected.length > bytes.length) return false;
	for (let index = 0; index < expected.length; index++) {
		if (bytes[at + index] !== expected[index]) return false;
	}
	return true;
}

/**
 * Puts one wrong bit of `bytes[first .. end)` right, whose last four bytes are its CRC. The
 * difference of the CRCs is a function of the wrong bit's place alone; the loop walks it back
 * from the last bit of the data. False, and nothing changed, when no single bit explains it.
 */
export function correctSingleBit(
	bytes: Uint8Array,
	first: number,
	end: number,
	seed: number,
): boolean {
	const dataEnd = end - CRC_BYTES;
	const syndrome = (uint32At(bytes, dataEnd) ^ crc32(bytes, first, dataEnd, seed)) >>> 0;
	if (syndrome === 0) return true;
	if ((syndrome & (syndrome - 1)) === 0) {
		const bit = 31 - Math.clz32(syndrome);
		const index = dataEnd + (bit >> 3);
		bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit & 7));
		return true;
	}
	let effect = POLYNOMIAL;
	for (let index = dataEnd - 1; index >= first; index--) {
		for (let bit = 7; bit >= 0; bit--) {
			if (effect === syndrome) {
				bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
				return true;
			}
			effect = ((effect & 1) !== 0 ? (effect >>> 1) ^ POLYNOMIAL : effect >>> 1) >>> 0;
		}
	}
	return false;
}
