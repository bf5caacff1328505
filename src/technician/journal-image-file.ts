/**
 * Reads the raw flash image of a station that was pulled out of the river, by the rules of
 * docs/FORMAT.md, and says what it skipped and why. Writes nothing; a damaged sector costs itself.
 */
import { equalBytes } from "../core/bytes.js";
import { createSha256 } from "../core/sha256.js";
import { chainNext } from "../protocol/chain.js";
import {
	readSectorHeader,
	SECTOR_HEADER_BYTES,
	type SectorHeader,
} from "../protocol/journal-format.js";
import { scanSector } from "../protocol/journal-image.js";
import { countOf, rangesMissing, type SequenceRange } from "./sequence-ranges.js";

/** Erase block of the flash that ships. */
export const SECTOR_BYTES = 4096;

/** What an image holds besides entries. */
export interface ImageReport {
	readonly sectors: number;
	/** Erased, or formatted and not written yet. */
	readonly emptySectors: number;
	/** Neither empty nor with a header that can be read: torn, rotten, or not ours. */
	readonly unreadableSectors: number;
	/** Of a newer format. */
	readonly newerSectors: number;
	/** Of another epoch, or left over from an earlier lap. */
	readonly staleSectors: number;
	/** Slots of 16 bytes that hold no whole frame: writes that a power cut tore, or rot. */
	readonly tornSlots: number;
	/** Bits put right by their check sum. */
	readonly correctedBits: number;
	/** Sectors whose entries do not lead to the head that the next sector begins with: altered. */
	readonly brokenChains: number;
	/** Sequences between the first and the last that cannot be read. */
	readonly missing: readonly SequenceRange[];
	readonly missingCount: number;
}

export interface ImageContent {
	readonly station: string;
	readonly epoch: number;
	/** Highest acknowledged sequence that the image shows, 0 for none. */
	readonly cursor: number;
	/** Canonical bytes, ascending. */
	readonly entries: readonly Uint8Array[];
	readonly report: ImageReport;
}

/** Reads an image; undefined when no sector of it bears a journal. Never throws for damage. */
export function readImage(image: Uint8Array, sectorBytes = SECTOR_BYTES): ImageContent | undefined {
	const count = Math.floor(image.length / sectorBytes);
	const counts = { empty: 0, unreadable: 0, newer: 0, stale: 0, tornSlots: 0, correctedBits: 0 };
	const headers: SectorHeader[] = [];
	for (let sector = 0; sector < count; sector++) {
		// A copy: rotten bits are put right in place.
		const at = sector * sectorBytes;
		const reading = readSectorHeader(image.slice(at, at + SECTOR_HEADER_BYTES));
		if (reading.kind === "newer") counts.newer++;
		else if (reading.kind === "unreadable") counts.unreadable++;
		else if (reading.kind === "blank") counts.empty++;
		else if (reading.header.serial % count !== sector) counts.stale++;
		else {
			counts.correctedBits += reading.correctedBits;
			if (reading.header.isVirgin) counts.empty++;
			else headers.push(reading.header);
		}
	}
	const log = logOf(headers, count);
	const [first] = log;
	if (first === undefined) return undefined;
	counts.stale += headers.length - log.length;
	const found = new Map<number, Uint8Array>();
	const chains = new ChainCheck();
	let cursor = 0;
	let end = 0;
	for (const header of log) {
		const at = (header.serial % count) * sectorBytes;
		const entries: [number, Uint8Array][] = [];
		const bytes = image.slice(at, at + sectorBytes);
		const scan = scanSector(bytes, header, (index, canonical) => {
			entries.push([header.firstSequence + index, canonical]);
			return true;
		});
		cursor = Math.max(cursor, scan.cursor);
		counts.tornSlots += scan.tornSlots + scan.skippedSlots;
		counts.correctedBits += scan.correctedBits;
		// A sector whose copy was never made counts for nothing.
		if (header.isCopying && scan.nextIndex === 0) continue;
		// What this sector begins with is no longer the business of the one before it.
		for (const sequence of found.keys()) {
			if (sequence >= header.firstSequence) found.delete(sequence);
		}
		for (const [sequence, canonical] of entries) found.set(sequence, canonical);
		chains.add(header, found);
		end = header.firstSequence + scan.nextIndex;
	}
	const sequences = [...found.keys()].sort((a, b) => a - b);
	const missing = rangesMissing(sequences, first.firstSequence, end);
	return {
		station: first.station,
		epoch: first.epoch,
		cursor,
		entries: [...found.entries()].sort(([a], [b]) => a - b).map(([, canonical]) => canonical),
		report: {
			sectors: count,
			emptySectors: counts.empty,
			unreadableSectors: counts.unreadable,
			newerSectors: counts.newer,
			staleSectors: counts.stale,
			tornSlots: counts.tornSlots,
			correctedBits: counts.correctedBits,
			brokenChains: chains.broken,
			missing,
			missingCount: countOf(missing),
		},
	};
}

/** Follows the chain from each sector's header to the next one's. */
class ChainCheck {
	broken = 0;
	readonly #sha256 = createSha256();
	#before: SectorHeader | undefined;

	/** The next sector of the log; `found` holds what the sectors up to it answer for. */
	add(header: SectorHeader, found: ReadonlyMap<number, Uint8Array>): void {
		const before = this.#before;
		this.#before = header;
		if (before === undefined) return;
		let head: Uint8Array = before.head;
		for (let sequence = before.firstSequence; sequence < header.firstSequence; sequence++) {
			const canonical = found.get(sequence);
			// Behind a hole nothing can be said: the hole is told as missing.
			if (canonical === undefined) return;
			head = chainNext(this.#sha256, head, canonical);
		}
		if (!equalBytes(head, header.head)) this.broken++;
	}
}

/** Headers of the epoch with the most sectors, one lap of them, ascending. */
function logOf(headers: readonly SectorHeader[], count: number): SectorHeader[] {
	const sectorsOf = new Map<number, number>();
	for (const { epoch } of headers) sectorsOf.set(epoch, (sectorsOf.get(epoch) ?? 0) + 1);
	const [most] = [...sectorsOf.entries()].sort(([, a], [, b]) => b - a);
	const ours = headers.filter(({ epoch }) => epoch === most?.[0]);
	const newest = Math.max(...ours.map(({ serial }) => serial));
	return ours.filter(({ serial }) => serial > newest - count).sort((a, b) => a.serial - b.serial);
}
