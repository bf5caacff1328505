/**
 * Recovery after an unclean boot: reads, never writes. It finds where the log ends and what the
 * first append has to do before it may continue. The rules and why they are sound: docs/FORMAT.md.
 */

import { FIRST_SLOT, type SectorHeader } from "../../protocol/flash/journal-format.js";
import {
	type FormerMark,
	type SectorScan,
	scanHeaderless,
	scanSector,
	UNPROVED_MAX,
} from "../../protocol/flash/journal-image.js";
import { chainNext, type Hash } from "../../protocol/record/chain.js";
import type { HeaderOf } from "./log-reader.js";
import type { RingFlash } from "./ring-flash.js";
import { LOOK_AHEAD, type RingState } from "./ring-search.js";

/** What the first append after an unclean boot does: begins a new sector, with a copy or without. */
export interface PendingSwitch {
	/** Serial to try first. */
	readonly serial: number;
	readonly firstSequence: number;
	/** h(firstSequence - 1). */
	readonly head: Uint8Array;
	/** Canonical bytes of `firstSequence`: the last entry, which may be a torn frame reading well. */
	readonly copy: Uint8Array | undefined;
	/** Numbers that may have been given and are passed over: after the copy, else before the first. */
	readonly unproved: number;
}

export interface RecoveredLog {
	/** Of the sector that holds the last entry (or would, when it is empty). */
	readonly header: SectorHeader;
	readonly nextSequence: number;
	/** h(nextSequence - 1). */
	readonly head: Uint8Array;
	readonly cursor: number;
	readonly sectorSwitch: PendingSwitch;
	/** Former epochs of the ring with their cursors, as the newest sectors name them. */
	readonly formers: ReadonlyMap<number, FormerMark>;
	readonly correctedBits: number;
	readonly skippedSlots: number;
	readonly note: string | undefined;
	/** The epoch's first entry may have been written and is not there: its numbers are used no more. */
	readonly isUnbegun: boolean;
}

/** A sector without a header holds lost entries when so many of its frames check; see `lostAfter`. */
const LOST_ENTRIES_MIN = 2;

/** What a retained note proves, though flash does not bear it out any more: numbers that were given. */
export interface ProvedEnd {
	readonly epoch: number;
	readonly nextSequence: number;
}

/**
 * Reads the newest sector, and those before it while the newer ones count for nothing. The log continues
 * after what is proved.
 */
export function recoverLog(
	flash: RingFlash,
	{ newest, oldest, headerOf, isGarbled }: RingState & { kind: "used" },
	sha256: Hash,
	proved?: ProvedEnd,
): RecoveredLog {
	const formers = formersOf(flash, newest, oldest, headerOf);
	let header = newest;
	let cursor = 0;
	for (;;) {
		const walked = walk(flash, header, sha256);
		const { scan } = walked;
		const epoch = header.epoch;
		cursor = Math.max(epoch === newest.epoch ? cursor : 0, scan.cursor);
		cursor = Math.max(cursor, formers.get(epoch)?.cursor ?? 0);
		// Neither a copy that was never made nor an epoch without its first entry counts for anything, nor
		// does a header alone: it may be a torn write that reads well today.
		const isAlone = scan.endSlot === FIRST_SLOT && scan.tornSlots === 0;
		const provedNext = proved?.epoch === epoch ? proved.nextSequence : 1;
		const isUnproved = header.firstSequence === 1 && provedNext === 1;
		const isVoid = scan.nextIndex === 0 && (header.isCopying || isUnproved || isAlone);
		const before = isVoid ? headerBefore(header, oldest, headerOf) : undefined;
		if (before !== undefined) {
			header = before;
			continue;
		}
		formers.delete(epoch);
		const counts = {
			cursor,
			formers,
			isUnbegun: isVoid && isUnproved && !header.isCopying && scan.tornSlots > 0,
			correctedBits: scan.correctedBits,
			skippedSlots: scan.skippedSlots,
		};
		if (isVoid && header.isCopying) return { ...lostBehind(header, provedNext, sha256), ...counts };
		// The sector whose copy was never made is erased again under the same serial: it holds
		// nothing that is not elsewhere, and a station that fails again and again wears out one.
		const lost = lostAfter(flash, header, isGarbled);
		// Whatever was acknowledged was given.
		const givenEnd = Math.max(cursor + 1, provedNext);
		if (lost !== undefined && lost.entries >= LOST_ENTRIES_MIN) {
			const found = afterWalk(header, walked, undefined, 0, sha256);
			return { ...behindLost(found, lost, givenEnd, sha256), ...counts };
		}
		return { ...afterWalk(header, walked, lost, givenEnd, sha256), ...counts };
	}
}

/**
 * What the newest sectors say of former epochs: each sector repeats their cursors at its beginning, as many
 * as its header counts, unless a cut came between.
 */
export function formersOf(
	flash: RingFlash,
	newest: SectorHeader,
	oldest: SectorHeader,
	headerOf: HeaderOf,
): Map<number, FormerMark> {
	const found = new Map<number, FormerMark>();
	for (let serial = newest.serial; serial >= oldest.serial; serial--) {
		if (found.size >= newest.formers) break;
		const header = headerOf(serial);
		if (header === undefined) continue;
		const scan = scanSector(flash.read(serial % flash.count, 0, flash.sectorBytes), header);
		for (const [epoch, mark] of scan.formers) {
			const known = found.get(epoch);
			if (known === undefined || known.cursor < mark.cursor) found.set(epoch, mark);
		}
		// The sector that a former epoch ends with knows its own cursor.
		if (header.epoch !== newest.epoch && !found.has(header.epoch)) {
			const last = header.firstSequence + scan.nextIndex - 1;
			found.set(header.epoch, { last, cursor: scan.cursor });
		}
	}
	return found;
}

/** A sector whose header cannot be read, and the numbers that its frames count. */
interface LostSector {
	readonly serial: number;
	readonly entries: number;
}

/**
 * The last sector after `header` whose own header cannot be read while frames check under its serial: the
 * log may have gone on past sectors that refuse. One frame may be the copy of an attempt that a cut ended,
 * which never counted: its number is passed over. Two were appended. (Not asked where a header's place
 * reads as erased: frames are written only after a header that was read back.)
 */
function lostAfter(
	flash: RingFlash,
	header: SectorHeader,
	isGarbled: (serial: number) => boolean,
): LostSector | undefined {
	let lost: LostSector | undefined;
	let before = 0;
	for (let distance = 1; distance <= LOOK_AHEAD && distance < flash.count; distance++) {
		const serial = header.serial + distance;
		if (!isGarbled(serial)) continue;
		const bytes = flash.read(serial % flash.count, 0, flash.sectorBytes);
		const { nextIndex } = scanHeaderless(bytes, header, serial);
		if (nextIndex === 0) continue;
		lost = { serial, entries: before + nextIndex };
		before = lost.entries;
	}
	return lost;
}

type Ending = Pick<RecoveredLog, "header" | "nextSequence" | "head" | "sectorSwitch" | "note">;

/** The log continues after numbers that are lost; the next header makes them a gap. */
function behindLost(log: Ending, lost: LostSector, givenEnd: number, sha256: Hash): Ending {
	const nextSequence = Math.max(log.nextSequence + lost.entries, givenEnd);
	const head = sha256(log.head);
	const serial = lost.serial + 1;
	const sectorSwitch = { serial, firstSequence: nextSequence, head, copy: undefined, unproved: 0 };
	return {
		...log,
		nextSequence,
		head,
		sectorSwitch,
		note: `a header is lost with ${lost.entries} entries`,
	};
}

interface Walk {
	readonly scan: SectorScan;
	/** h of the last entry, and of the one before it. */
	readonly head: Uint8Array;
	readonly headBefore: Uint8Array;
	/** Last entry, if its frame is the last and came out whole. */
	readonly last: Uint8Array | undefined;
	/** Numbers after it that were passed over when it was copied. */
	readonly unproved: number;
}

function walk(flash: RingFlash, header: SectorHeader, sha256: Hash): Walk {
	const bytes = flash.read(header.serial % flash.count, 0, flash.sectorBytes);
	let head = header.head;
	let headBefore = head;
	let last: Uint8Array | undefined;
	let lastIndex = -1;
	const scan = scanSector(bytes, header, (index, canonicalBytes) => {
		if (index !== lastIndex + 1) head = sha256(head);
		headBefore = head;
		head = chainNext(sha256, head, canonicalBytes);
		last = canonicalBytes;
		lastIndex = index;
		return true;
	});
	// Numbers passed over after a copy that is the last entry are passed over again after its copy.
	const isCopyOnly = header.isCopying && scan.nextIndex === 1 + header.unproved;
	const unproved = isCopyOnly ? header.unproved : 0;
	if (lastIndex + 1 !== scan.nextIndex - unproved) {
		// The last frame's anchor is lost: its number is taken, its contents are gone.
		head = sha256(head);
		last = undefined;
	}
	return { scan, head, headBefore, last, unproved };
}

/**
 * What stands after the last frame and is not erased may be a torn write, or entries that returned and
 * have two wrong bits each: as many numbers as slots are not used again. Nor are those below `givenEnd`.
 */
function afterWalk(
	header: SectorHeader,
	walked: Walk,
	lost: LostSector | undefined,
	givenEnd: number,
	sha256: Hash,
): Ending {
	const { scan, headBefore, last } = walked;
	const end = header.firstSequence + scan.nextIndex - walked.unproved;
	// One frame under a lost header: its sector is left alone, its number is passed over.
	const alone = lost === undefined ? 0 : 1;
	const unproved = Math.min(
		Math.max(scan.tornSlots + walked.unproved, givenEnd - end, 0) + alone,
		UNPROVED_MAX,
	);
	// More than the header counts are corruption, and the last entry is proved by what is after it.
	const nextSequence = Math.max(end + unproved, givenEnd);
	const isCounted = nextSequence === end + unproved;
	const head = unproved > 0 ? sha256(walked.head) : walked.head;
	const serial = (lost?.serial ?? header.serial) + 1;
	const sectorSwitch: PendingSwitch =
		last === undefined || !isCounted
			? { serial, firstSequence: nextSequence, head, copy: undefined, unproved }
			: { serial, firstSequence: end - 1, head: headBefore, copy: last, unproved };
	return { header, nextSequence, head, sectorSwitch, note: noteOf(scan, unproved) };
}

/** The entry that was to be copied is gone with its sector: its number is never used again. */
function lostBehind(header: SectorHeader, provedNext: number, sha256: Hash): Ending {
	const nextSequence = Math.max(header.firstSequence + 1 + header.unproved, provedNext);
	const head = sha256(header.head);
	const serial = header.serial + 1;
	return {
		header,
		nextSequence,
		head,
		sectorSwitch: { serial, firstSequence: nextSequence, head, copy: undefined, unproved: 0 },
		note: "last sector lost",
	};
}

function headerBefore(
	header: SectorHeader,
	oldest: SectorHeader,
	headerOf: HeaderOf,
): SectorHeader | undefined {
	for (let serial = header.serial - 1; serial >= oldest.serial; serial--) {
		const before = headerOf(serial);
		if (before !== undefined) return before;
	}
	return undefined;
}

function noteOf(scan: SectorScan, unproved: number): string | undefined {
	if (scan.unreadable > 0) return `${scan.unreadable} entries unreadable`;
	if (unproved > 0) return `${unproved} numbers not used again`;
	return undefined;
}
