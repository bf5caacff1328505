/**
 * Recovery after an unclean boot: reads, never writes. It finds where the log ends and what the
 * first append has to do before it may go on. The rules and why they are sound: docs/FORMAT.md.
 */
import { chainNext, type Hash } from "../../protocol/chain.js";
import type { SectorHeader } from "../../protocol/journal-format.js";
import { type SectorScan, scanSector } from "../../protocol/journal-image.js";
import type { RingFlash } from "./ring-flash.js";

/** What the first append after an unclean boot does: begins a new sector, with a copy or without. */
export interface PendingHop {
	/** Serial to try first. */
	readonly serial: number;
	readonly firstSequence: number;
	/** h(firstSequence - 1). */
	readonly head: Uint8Array;
	/** Canonical bytes of `firstSequence`: the last entry, which may be a torn frame reading well. */
	readonly copy: Uint8Array | undefined;
}

export interface RecoveredLog {
	/** The sector that holds the last entry (or would, when it is empty). */
	readonly serial: number;
	readonly nextSequence: number;
	/** h(nextSequence - 1). */
	readonly head: Uint8Array;
	readonly cursor: number;
	readonly hop: PendingHop;
	readonly correctedBits: number;
	readonly skippedSlots: number;
	readonly note: string | undefined;
}

/** A sector without a header holds lost entries when so many of its frames check; see `lostAfter`. */
const LOST_ENTRIES_MIN = 2;

/** Reads the newest sector, and those before it while the newer ones count for nothing. */
export function recoverLog(
	flash: RingFlash,
	newest: SectorHeader,
	oldest: SectorHeader,
	isGarbled: (serial: number) => boolean,
	sha256: Hash,
): RecoveredLog {
	let header = newest;
	let cursor = 0;
	for (;;) {
		const walked = walk(flash, header, sha256);
		const { scan } = walked;
		cursor = Math.max(cursor, scan.cursor);
		const isVoid = scan.nextIndex === 0 && header.isCopying;
		const before = isVoid ? previousHeader(flash, header, oldest) : undefined;
		if (before !== undefined) {
			header = before;
			continue;
		}
		// The sector whose copy was never made is erased again under the same serial: it holds
		// nothing that is not elsewhere, and a station that fails again and again wears out one.
		const serial = header.serial + 1;
		const counts = { cursor, correctedBits: scan.correctedBits, skippedSlots: scan.skippedSlots };
		if (isVoid) return lostBehind(header, sha256, counts);
		const log = { ...afterWalk(header, walked, serial), ...counts, note: noteOf(scan) };
		const lost = isGarbled(serial) ? lostAfter(flash, newest) : 0;
		return lost < LOST_ENTRIES_MIN ? log : behindLost(log, lost, sha256);
	}
}

/**
 * How many entries the sector behind `newest` has under a header that cannot be read: its frames
 * check under its serial all the same. One may be the copy of an attempt that a cut ended, which
 * never counted; two were appended, and their numbers must not be used again. (Not asked where the
 * header's place reads as erased: frames are written only behind a header that was read back.)
 */
function lostAfter(flash: RingFlash, newest: SectorHeader): number {
	const serial = newest.serial + 1;
	const bytes = flash.read(serial % flash.count, 0, flash.sectorBytes);
	return scanSector(bytes, { ...newest, serial }).nextIndex;
}

/** The log goes on behind numbers that are lost; the next header makes them a gap. */
function behindLost(log: RecoveredLog, lost: number, sha256: Hash): RecoveredLog {
	const nextSequence = log.nextSequence + lost;
	const head = sha256(log.head);
	const hop = { serial: log.hop.serial + 1, firstSequence: nextSequence, head, copy: undefined };
	return { ...log, nextSequence, head, hop, note: `a header is lost with ${lost} entries` };
}

interface Walk {
	readonly scan: SectorScan;
	/** h of the last entry, and of the one before it. */
	readonly head: Uint8Array;
	readonly headBefore: Uint8Array;
	/** Last entry, if its frame is the last and came out whole. */
	readonly last: Uint8Array | undefined;
}

function walk(flash: RingFlash, header: SectorHeader, sha256: Hash): Walk {
	const bytes = flash.read(header.serial % flash.count, 0, flash.sectorBytes);
	let head = header.head;
	let headBefore = head;
	let last: Uint8Array | undefined;
	let lastIndex = -1;
	const scan = scanSector(bytes, header, (index, canonical) => {
		if (index !== lastIndex + 1) head = sha256(head);
		headBefore = head;
		head = chainNext(sha256, head, canonical);
		last = canonical;
		lastIndex = index;
		return true;
	});
	if (lastIndex + 1 !== scan.nextIndex) {
		// The last frame's anchor is lost: its number is taken, its contents are gone.
		head = sha256(head);
		last = undefined;
	}
	return { scan, head, headBefore, last };
}

function afterWalk(
	header: SectorHeader,
	walked: Walk,
	serial: number,
): Pick<RecoveredLog, "serial" | "nextSequence" | "head" | "hop"> {
	const { scan, head, headBefore, last } = walked;
	const nextSequence = header.firstSequence + scan.nextIndex;
	const hop: PendingHop =
		last === undefined
			? { serial, firstSequence: nextSequence, head, copy: undefined }
			: { serial, firstSequence: nextSequence - 1, head: headBefore, copy: last };
	return { serial: header.serial, nextSequence, head, hop };
}

/** The entry that was to be copied is gone with its sector: its number is never used again. */
function lostBehind(
	header: SectorHeader,
	sha256: Hash,
	counts: Pick<RecoveredLog, "cursor" | "correctedBits" | "skippedSlots">,
): RecoveredLog {
	const nextSequence = header.firstSequence + 1;
	const head = sha256(header.head);
	const serial = header.serial + 1;
	return {
		serial: header.serial,
		nextSequence,
		head,
		hop: { serial, firstSequence: nextSequence, head, copy: undefined },
		...counts,
		note: "last sector lost",
	};
}

function previousHeader(
	flash: RingFlash,
	header: SectorHeader,
	oldest: SectorHeader,
): SectorHeader | undefined {
	for (let serial = header.serial - 1; serial >= oldest.serial; serial--) {
		const reading = flash.readHeader(serial % flash.count);
		if (reading.kind !== "header" || reading.header.isVirgin) continue;
		if (reading.header.serial === serial && reading.header.epoch === header.epoch) {
			return reading.header;
		}
	}
	return undefined;
}

function noteOf(scan: SectorScan): string | undefined {
	if (scan.unreadable > 0) return `${scan.unreadable} entries unreadable`;
	if (scan.tornSlots > 0) return `${scan.tornSlots} torn slots`;
	return undefined;
}
