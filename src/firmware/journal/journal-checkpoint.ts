/**
 * What the journal leaves in retained memory, so that a wake from deep sleep needs no recovery. It
 * is believed only when flash says the same.
 */

import { putUint32, uint16At, uint32At } from "../../core/bytes.js";
import { crc32 } from "../../core/crc32.js";
import { assert } from "../../core/errors.js";
import { HEAD_BYTES } from "../../protocol/record/chain.js";

/** Fixed part 80 bytes, tuning 4 + 2 * (2 + 12) + 12 for twelve values, CRC 4: at most 128. */
const FIXED_BYTES = 80;
const TUNING_BYTES_MAX = 44;
const CRC_BYTES = 4;
const NOTE_VERSION = 2;
const FLAG_ERASED_AHEAD = 0x01;
/** No slot has this number: 80 bytes of header come first. */
const NO_SLOT = 0;

export interface JournalCheckpoint {
	readonly ring: number;
	/** Sectors of the ring. */
	readonly count: number;
	/** Where the ring begins in its partition, sectors. */
	readonly base: number;
	readonly epoch: number;
	readonly serial: number;
	readonly oldestSerial: number;
	readonly oldestFirst: number;
	readonly nextSequence: number;
	readonly cursor: number;
	/** Sequence up to which gaps were turned into entries. */
	readonly gapsDeliveredTo: number;
	/** Sequence of the newest gap entry that names a former epoch, 0 none. */
	readonly formerGapAt: number;
	readonly lastSlot: number;
	readonly endSlot: number;
	readonly keySlot: number | undefined;
	readonly anchorSlot: number | undefined;
	readonly isErasedAhead: boolean;
	readonly head: Uint8Array;
	readonly tuning: Uint8Array;
}

/** At most 128 bytes, at the beginning of `into` where there is one. */
export function encodeCheckpoint(note: JournalCheckpoint, into?: Uint8Array): Uint8Array {
	// With LogWriter.storeCursor: nothing is released that was never given.
	assert(note.cursor < note.nextSequence, "a note whose cursor is ahead of its log");
	const tuning = note.tuning.length > TUNING_BYTES_MAX ? new Uint8Array(0) : note.tuning;
	const length = FIXED_BYTES + tuning.length + CRC_BYTES;
	const bytes = into?.subarray(0, length).fill(0) ?? new Uint8Array(length);
	bytes[0] = NOTE_VERSION;
	bytes[1] = note.isErasedAhead ? FLAG_ERASED_AHEAD : 0;
	putUint32(bytes, 4, note.epoch);
	putUint32(bytes, 8, note.serial);
	putUint32(bytes, 12, note.oldestSerial);
	putUint32(bytes, 16, note.oldestFirst);
	putUint32(bytes, 20, note.nextSequence);
	putUint32(bytes, 24, note.cursor);
	putUint32(bytes, 28, note.gapsDeliveredTo);
	bytes[32] = note.lastSlot;
	bytes[33] = note.endSlot & 0xff;
	bytes[34] = note.endSlot >> 8;
	bytes[35] = note.keySlot ?? NO_SLOT;
	bytes[2] = note.anchorSlot ?? NO_SLOT;
	bytes.set(note.head, 36);
	putUint32(bytes, 68, note.ring);
	putUint32(bytes, 72, note.count | (note.base << 16));
	putUint32(bytes, 76, note.formerGapAt);
	bytes.set(tuning, FIXED_BYTES);
	putUint32(bytes, bytes.length - CRC_BYTES, crc32(bytes, 0, bytes.length - CRC_BYTES));
	return bytes;
}

/** The note, or undefined when these bytes are none. */
export function decodeCheckpoint(bytes: Uint8Array): JournalCheckpoint | undefined {
	const end = bytes.length - CRC_BYTES;
	if (end < FIXED_BYTES || bytes[0] !== NOTE_VERSION) return undefined;
	if (uint32At(bytes, end) !== crc32(bytes, 0, end)) return undefined;
	const slot = (at: number): number | undefined => (bytes[at] === NO_SLOT ? undefined : bytes[at]);
	return {
		ring: uint32At(bytes, 68),
		count: uint16At(bytes, 72),
		base: uint16At(bytes, 74),
		formerGapAt: uint32At(bytes, 76),
		epoch: uint32At(bytes, 4),
		serial: uint32At(bytes, 8),
		oldestSerial: uint32At(bytes, 12),
		oldestFirst: uint32At(bytes, 16),
		nextSequence: uint32At(bytes, 20),
		cursor: uint32At(bytes, 24),
		gapsDeliveredTo: uint32At(bytes, 28),
		lastSlot: bytes[32] ?? 0,
		endSlot: (bytes[33] ?? 0) | ((bytes[34] ?? 0) << 8),
		keySlot: slot(35),
		anchorSlot: slot(2),
		isErasedAhead: ((bytes[1] ?? 0) & FLAG_ERASED_AHEAD) !== 0,
		head: bytes.slice(36, 36 + HEAD_BYTES),
		tuning: bytes.slice(FIXED_BYTES, end),
	};
}
