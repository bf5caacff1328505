/**
 * Continuing after a deep sleep where the retained note says, if flash bears it out: the header, the
 * last frame and nothing after it. Reads only.
 */
import { isKnownReading } from "../../protocol/flash/journal-codec.js";
import {
	FIRST_SLOT,
	FRAME_SLOTS_MAX,
	FRAME_TYPES,
	frameSeedOf,
	isErased,
	openFrame,
	type SectorHeader,
	SLOT_BYTES,
} from "../../protocol/flash/journal-format.js";
import {
	decodeFrame,
	type StoredAnchor,
	storedAnchor,
} from "../../protocol/flash/journal-image.js";
import type { JournalCheckpoint } from "./journal-checkpoint.js";
import type { RingFlash } from "./ring-flash.js";
import { LOOK_AHEAD } from "./ring-search.js";

const ANCHOR_BYTES = FRAME_SLOTS_MAX * SLOT_BYTES;

/** What the note leaves out because flash has it. */
export interface Resumption {
	readonly header: SectorHeader;
	readonly key: StoredAnchor | undefined;
	readonly anchor: StoredAnchor | undefined;
	/** Canonical bytes of the last entry, if it is a reading that came out whole. */
	readonly latestReading: Uint8Array | undefined;
}

/**
 * Undefined when flash says anything else than the note: another header, a frame after the last, or a newer
 * sector after this one, which shows that the log continued after the note was made.
 */
export function resumeFrom(
	note: JournalCheckpoint,
	flash: RingFlash,
	station: string,
): Resumption | undefined {
	const { ring, count, base } = note;
	const { blockBytes: sectorBytes } = flash;
	if (count === 0 || !flash.fits({ ring, count, sectorBytes, baseBytes: base * sectorBytes })) {
		return undefined;
	}
	flash.adopt({ ring, count, sectorBytes, baseBytes: base * sectorBytes });
	const sector = note.serial % flash.count;
	const slots = Math.floor(flash.sectorBytes / SLOT_BYTES);
	const reading = flash.readHeader(sector);
	if (reading.kind !== "header" || reading.header.isUnwritten) return undefined;
	const header = reading.header;
	if (header.ring !== note.ring || header.serial !== note.serial) return undefined;
	if (header.epoch !== note.epoch || header.count !== count) return undefined;
	if (header.station !== station || header.firstSequence > note.nextSequence) return undefined;
	const end = Math.min(note.endSlot + FRAME_SLOTS_MAX, slots);
	if (note.lastSlot < FIRST_SLOT || note.endSlot > end || note.lastSlot >= note.endSlot) {
		return undefined;
	}
	const tailBytes = (end - note.lastSlot) * SLOT_BYTES;
	if (tailBytes > 2 * ANCHOR_BYTES) return undefined;
	const tail = flash.fill(sector, note.lastSlot * SLOT_BYTES, flash.scratch.subarray(0, tailBytes));
	const last = openFrame(tail, 0, frameSeedOf(note.ring, note.serial));
	if (last === undefined || note.lastSlot + last.slots !== note.endSlot) return undefined;
	if (!isErased(tail, last.slots * SLOT_BYTES, tail.length)) return undefined;
	const next = header.firstSequence + last.index + (last.type === FRAME_TYPES.cursor ? 0 : 1);
	const passed = header.isCopying && last.index === 0 ? header.unproved : 0;
	if (next !== note.nextSequence && next + passed !== note.nextSequence) return undefined;
	if (!isNewest(header, flash)) return undefined;
	// The two that the last frame may build on, each in a buffer of its own.
	const keyBuffer = flash.scratch.subarray(2 * ANCHOR_BYTES);
	const anchorBuffer = flash.scratch.subarray(3 * ANCHOR_BYTES);
	const key = readAnchor(flash, header, note.keySlot, undefined, keyBuffer);
	const anchor =
		note.anchorSlot === note.keySlot
			? key
			: readAnchor(flash, header, note.anchorSlot, key, anchorBuffer);
	const latest = decodeFrame(
		tail.subarray(0, last.slots * SLOT_BYTES),
		last,
		(index) => [key, anchor].find((known) => known?.index === index),
		{ epoch: note.epoch, sequence: header.firstSequence + last.index },
	);
	const isLatestReading = latest !== undefined && isKnownReading(latest.canonicalBytes);
	const latestReading = isLatestReading ? latest.canonicalBytes : undefined;
	return { header, key, anchor: anchor ?? key, latestReading };
}

function isNewest(header: SectorHeader, flash: RingFlash): boolean {
	let seen = 0;
	for (let distance = 1; distance < flash.count && seen < LOOK_AHEAD; distance++) {
		const other = flash.readOrder((header.serial + distance) % flash.count);
		if (other === undefined) continue;
		if (!other.isUnwritten && other.ring === header.ring && other.serial > header.serial)
			return false;
		seen++;
	}
	return true;
}

function readAnchor(
	flash: RingFlash,
	header: SectorHeader,
	slot: number | undefined,
	key: StoredAnchor | undefined,
	buffer: Uint8Array,
): StoredAnchor | undefined {
	const slots = Math.floor(flash.sectorBytes / SLOT_BYTES);
	if (slot === undefined || slot >= slots) return undefined;
	const end = Math.min(slot + FRAME_SLOTS_MAX, slots);
	const into = buffer.subarray(0, (end - slot) * SLOT_BYTES);
	const bytes = flash.fill(header.serial % flash.count, slot * SLOT_BYTES, into);
	const frame = openFrame(bytes, 0, frameSeedOf(header.ring, header.serial));
	if (frame === undefined) return undefined;
	const decoded = decodeFrame(
		bytes.subarray(0, frame.slots * SLOT_BYTES),
		frame,
		(index) => (key?.index === index ? key : undefined),
		{ epoch: header.epoch, sequence: header.firstSequence + frame.index },
	);
	return decoded?.anchor === undefined ? undefined : storedAnchor(decoded.anchor, slot);
}
