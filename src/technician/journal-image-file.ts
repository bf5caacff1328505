/**
 * Reads the raw flash image of a station that was pulled out of the river, by the rules of
 * docs/FORMAT.md, and says what it skipped and why. The ring is found in whatever holds it: its partition,
 * a dump of the whole flash, a piece of either. Writes nothing; a damaged sector costs itself.
 */
import { equalBytes } from "../core/bytes.js";
import { createSha256 } from "../core/sha256.js";
import {
	FRAME_SLOTS_MAX,
	JOURNAL_VERSION,
	readSectorHeader,
	SECTOR_HEADER_BYTES,
	type SectorHeader,
} from "../protocol/flash/journal-format.js";
import { scanHeaderless, scanSector } from "../protocol/flash/journal-image.js";
import { chainNext } from "../protocol/record/chain.js";
import { decodeEntry } from "../protocol/record/entry.js";
import type { SequenceRange } from "../protocol/wire/acknowledgement.js";
import { countOf, rangesMissing } from "./sequence-ranges.js";

/** What an image holds besides entries. */
export interface ImageReport {
	/** Sectors of the ring. */
	readonly sectors: number;
	/** Those that are not in the file, or only in part: what they held is not known. */
	readonly absentSectors: number;
	/** Where in the file the ring begins, bytes; negative when its beginning is not there. */
	readonly offsetBytes: number;
	/** Erased, or formatted and not written yet. */
	readonly emptySectors: number;
	/** Neither empty nor with a header that can be read: torn, rotten, or not ours. */
	readonly unreadableSectors: number;
	/** In which entries stand, or stood by their place, that no number names: beside what is missing between others. */
	readonly lostSectors: number;
	/** Of a newer format. */
	readonly newerSectors: number;
	/** Of another ring, or left over from an earlier lap. */
	readonly staleSectors: number;
	/** Slots of 16 bytes that hold no whole frame: writes that a power cut tore, or corruption. */
	readonly tornSlots: number;
	/** Bits put right by their check sum. */
	readonly correctedBits: number;
	/** Sectors whose entries do not lead to the head that the next sector begins with: altered. */
	readonly brokenChains: number;
	/** Other rings that the file holds and that are not shown. */
	readonly otherRings: readonly OtherRing[];
	/** Sequences between the first and the last that cannot be read. */
	readonly missing: readonly SequenceRange[];
	readonly missingCount: number;
	/** False when anything in the file or of the ring is missing, absent, altered or not shown. */
	readonly isWhole: boolean;
}

/** Another journal in the same file: of another station, or one that was given up. */
export interface OtherRing {
	readonly station: string;
	/** Where in the file it begins; negative when its beginning is not there. */
	readonly offsetBytes: number;
	/** Sectors with a header that says they are written. */
	readonly usedSectors: number;
}

export interface ImageEpoch {
	readonly epoch: number;
	/** Highest acknowledged sequence that the image shows, 0 for none. */
	readonly cursor: number;
	/** Canonical bytes, ascending. */
	readonly entries: readonly Uint8Array[];
	readonly missing: readonly SequenceRange[];
}

export interface ImageContent extends ImageEpoch {
	readonly station: string;
	/** Epochs of the ring before this one, oldest first, with what is still there of them. */
	readonly formers: readonly ImageEpoch[];
	readonly report: ImageReport;
}

/** A sector with a header of the ring. */
interface LocatedSector {
	readonly header: SectorHeader;
	readonly at: number;
	readonly correctedBits: number;
}

/** More than sectors a ring has. */
const USED_WEIGHT = 65_536;
const FRAMES_OF_ENTRIES = 2;
/** The next to be erased, and the one after it where that one was erased ahead. */
const GIVEN_UP_SECTORS = 2;

/** Reads an image; undefined when nothing in it bears a journal. Never throws for damage. */
export function readImage(image: Uint8Array): ImageContent | undefined {
	const ring = ringOf(image);
	if (ring === undefined) return undefined;
	const { count, sectorBytes } = ring;
	const counts = { empty: 0, newer: 0, stale: 0, tornSlots: 0, correctedBits: 0 };
	const sectors: LocatedSector[] = [];
	const unreadable: number[] = [];
	let present = 0;
	for (const at of ring.sectorOffsets) {
		if (at + sectorBytes <= image.length) present++;
		// A copy: rotten bits are put right in place.
		const reading = readSectorHeader(image.slice(at, at + SECTOR_HEADER_BYTES));
		if (reading.kind === "newer") counts.newer++;
		else if (reading.kind === "unreadable") unreadable.push(at);
		else if (reading.kind === "blank") counts.empty++;
		else if (reading.header.ring !== ring.ring) counts.stale++;
		else {
			const { header, correctedBits } = reading;
			counts.correctedBits += correctedBits;
			if (header.isUnwritten) counts.empty++;
			else sectors.push({ header, at, correctedBits });
		}
	}
	const newest = Math.max(...sectors.map(({ header }) => header.serial));
	const log = sectors
		.filter(({ header }) => header.serial > newest - count)
		.sort((a, b) => a.header.serial - b.header.serial);
	if (log.length === 0) return undefined;
	counts.stale += sectors.length - log.length;
	const chains = new ChainCheck();
	const epochs: ImageEpoch[] = [];
	for (const epoch of [...new Set(log.map(({ header }) => header.epoch))].reverse()) {
		const ours = log.filter(({ header }) => header.epoch === epoch);
		const end = endOfFormer(epoch, epochs[0]);
		epochs.unshift(readEpoch(image, epoch, ours, sectorBytes, chains, counts, end));
	}
	const newestSector = log[log.length - 1] as LocatedSector;
	const lostSectors =
		unreadable.filter((at) => isLost(image, at, ring, log)).length +
		(endsInRuins(image, newestSector, sectorBytes) ? 1 : 0);
	const absent = Math.max(count - present, 0);
	const missingCount = epochs.reduce((sum, { missing }) => sum + countOf(missing), 0);
	const last = epochs[epochs.length - 1] as ImageEpoch;
	return {
		station: (log[log.length - 1] as LocatedSector).header.station,
		...last,
		formers: epochs.slice(0, -1),
		report: {
			sectors: count,
			absentSectors: absent,
			offsetBytes: ring.offsetBytes,
			emptySectors: counts.empty,
			unreadableSectors: unreadable.length,
			lostSectors,
			newerSectors: counts.newer,
			staleSectors: counts.stale,
			tornSlots: counts.tornSlots,
			correctedBits: counts.correctedBits,
			brokenChains: chains.broken,
			otherRings: ring.others,
			missing: last.missing,
			missingCount,
			isWhole:
				missingCount + absent + lostSectors + chains.broken + counts.newer === 0 &&
				ring.others.length === 0,
		},
	};
}

/**
 * Whether entries stood at the place `at`, whose header cannot be read. Two frames that check under the serial due
 * there are what a station takes for entries, too (FORMAT.md, 2.4); a copy that a cut ended leaves one. What a
 * sector of the log held that shows no frame either is not known, but for what a station itself wrote over with
 * zeros, and for the two places after the newest, which a cut may have left half erased.
 */
function isLost(
	image: Uint8Array,
	at: number,
	{ count, sectorBytes, offsetBytes }: FoundRing,
	log: readonly LocatedSector[],
): boolean {
	const oldest = (log[0] as LocatedSector).header.serial;
	const like = (log[log.length - 1] as LocatedSector).header;
	const sector = (((at - offsetBytes) / sectorBytes) % count) + count;
	const ahead = (sector - (like.serial % count) + count) % count;
	const bytes = image.slice(at, at + sectorBytes);
	if (scanHeaderless(bytes.slice(), like, like.serial + ahead).nextIndex >= FRAMES_OF_ENTRIES)
		return true;
	const serial = like.serial + ahead - count;
	if (serial < 0 || ahead <= GIVEN_UP_SECTORS) return false;
	if (scanHeaderless(bytes.slice(), like, serial).nextIndex >= FRAMES_OF_ENTRIES) return true;
	const isRefused =
		bytes.subarray(0, SECTOR_HEADER_BYTES).every((byte) => byte === 0) &&
		bytes.some((byte) => byte !== 0);
	return serial < oldest && !isRefused;
}

/** Whether more is torn after the last frame than a cut leaves of one write: nothing after it names that. */
function endsInRuins(
	image: Uint8Array,
	{ header, at }: LocatedSector,
	sectorBytes: number,
): boolean {
	return scanSector(image.slice(at, at + sectorBytes), header).tornSlots > FRAME_SLOTS_MAX;
}

/** One more than the last sequence of an epoch that the first entry of the one after it says; 0 where none does. */
function endOfFormer(epoch: number, after: ImageEpoch | undefined): number {
	const [first] = after?.entries ?? [];
	const entry = first && decodeEntry(first);
	if (entry?.kind !== "epoch" || entry.previousEpoch !== epoch) return 0;
	return entry.previousSequence + 1;
}

interface FoundRing {
	readonly ring: number;
	readonly count: number;
	readonly sectorBytes: number;
	/** Where its sectors are in the file, ascending. */
	readonly sectorOffsets: readonly number[];
	readonly offsetBytes: number;
	readonly others: readonly OtherRing[];
}

/** Searches every byte for headers; the ring that most of them are of, and where its sectors lie. */
function ringOf(image: Uint8Array): FoundRing | undefined {
	const votes = new Map<
		string,
		{ header: SectorHeader; base: number; votes: number; used: number[] }
	>();
	for (const { header, at } of headersIn(image)) {
		const base = at - (header.serial % header.count) * header.sectorBytes;
		const name = `${header.ring}/${header.count}/${header.sectorBytes}/${base}`;
		const known = votes.get(name);
		// A ring in use weighs more than one that was only formatted.
		const weight = header.isUnwritten ? 1 : USED_WEIGHT;
		const ring = known ?? { header, base, votes: 0, used: [] };
		ring.votes += weight;
		if (!header.isUnwritten) ring.used.push(at);
		votes.set(name, ring);
	}
	const [most] = [...votes.values()].sort((a, b) => b.votes - a.votes);
	if (most === undefined) return undefined;
	const { ring, count, sectorBytes } = most.header;
	// Turned round within the file, a ring has two beginnings, a whole ring apart.
	const length = count * sectorBytes;
	const sectorOffsets = new Set<number>();
	for (const other of votes.values()) {
		const isOurs = other.header.ring === ring && (other.base - most.base) % length === 0;
		if (!isOurs) continue;
		for (let sector = 0; sector < count; sector++) {
			const at = other.base + sector * sectorBytes;
			if (at >= 0 && at + SECTOR_HEADER_BYTES <= image.length) sectorOffsets.add(at);
		}
	}
	const sorted = [...sectorOffsets].sort((a, b) => a - b);
	const others: OtherRing[] = [];
	for (const { header, base, used } of votes.values()) {
		const usedSectors = used.filter((at) => !sectorOffsets.has(at)).length;
		if (usedSectors > 0) others.push({ station: header.station, offsetBytes: base, usedSectors });
	}
	return { ring, count, sectorBytes, sectorOffsets: sorted, offsetBytes: most.base, others };
}

/** Headers whose check sum holds, wherever they stand. */
function* headersIn(
	image: Uint8Array,
): Generator<{ readonly header: SectorHeader; readonly at: number }> {
	const end = image.length - SECTOR_HEADER_BYTES;
	for (let at = image.indexOf(0x6a); at >= 0 && at <= end; at = image.indexOf(0x6a, at + 1)) {
		if (image[at + 1] !== 0x42 || image[at + 2] !== JOURNAL_VERSION) continue;
		const reading = readSectorHeader(image.slice(at, at + SECTOR_HEADER_BYTES));
		if (reading.kind === "header" && reading.correctedBits === 0)
			yield { header: reading.header, at };
	}
}

function readEpoch(
	image: Uint8Array,
	epoch: number,
	log: readonly LocatedSector[],
	sectorBytes: number,
	chains: ChainCheck,
	counts: { tornSlots: number; correctedBits: number },
	leastEnd: number,
): ImageEpoch {
	const found = new Map<number, Uint8Array>();
	const unproved: SequenceRange[] = [];
	let cursor = 0;
	let end = leastEnd;
	chains.begin();
	for (const { header, at } of log) {
		const entries: [number, Uint8Array][] = [];
		const scan = scanSector(image.slice(at, at + sectorBytes), header, (index, canonicalBytes) => {
			entries.push([header.firstSequence + index, canonicalBytes]);
			return true;
		});
		cursor = Math.max(cursor, scan.cursor);
		counts.tornSlots += scan.tornSlots + scan.skippedSlots;
		counts.correctedBits += scan.correctedBits;
		// A sector whose copy was never made counts for nothing.
		if (header.isCopying && scan.nextIndex === 0) continue;
		if (header.unproved > 0) {
			const first = header.firstSequence + (header.isCopying ? 1 : -header.unproved);
			unproved.push({ first, last: first + header.unproved - 1 });
		}
		// What this sector begins with is no longer the business of the one before it.
		const from = header.firstSequence - (header.isCopying ? 0 : header.unproved);
		for (const sequence of found.keys()) if (sequence >= from) found.delete(sequence);
		for (const [sequence, canonicalBytes] of entries) found.set(sequence, canonicalBytes);
		chains.add(header, found);
		end = Math.max(end, header.firstSequence + scan.nextIndex);
	}
	const sorted = [...found.entries()].sort(([a], [b]) => a - b);
	const first = log[0]?.header.firstSequence ?? 1;
	// Numbers that were never used are not missing.
	const accounted = new Set(found.keys());
	for (const range of unproved) {
		for (let sequence = range.first; sequence <= range.last; sequence++) accounted.add(sequence);
	}
	const sequences = [...accounted].filter((sequence) => sequence >= first).sort((a, b) => a - b);
	return {
		epoch,
		cursor,
		entries: sorted.map(([, canonicalBytes]) => canonicalBytes),
		missing: rangesMissing(sequences, first, end),
	};
}

/** Follows the chain from each sector's header to the next one's. */
class ChainCheck {
	broken = 0;
	readonly #sha256 = createSha256();
	#before: SectorHeader | undefined;

	/** Another epoch, with a chain of its own. */
	begin(): void {
		this.#before = undefined;
	}

	/** The next sector of the log; `found` holds what the sectors up to it answer for. */
	add(header: SectorHeader, found: ReadonlyMap<number, Uint8Array>): void {
		const before = this.#before;
		this.#before = header;
		if (before === undefined) return;
		let head: Uint8Array = before.head;
		for (let sequence = before.firstSequence; sequence < header.firstSequence; sequence++) {
			const canonicalBytes = found.get(sequence);
			// After a hole nothing is known: the hole is reported as missing.
			if (canonicalBytes === undefined) return;
			head = chainNext(this.#sha256, head, canonicalBytes);
		}
		if (!equalBytes(head, header.head)) this.broken++;
	}
}
