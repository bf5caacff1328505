/**
 * Reads a raw image of the journal's partition without the station: a station pulled out of the
 * river still gives its readings. It never stops at damage; it goes on and counts what it skipped.
 */
import { chainNext, type Hash } from "./chain.js";
import { readSectorHeader, SECTOR_HEADER_BYTES, type SectorHeader } from "./journal-format.js";
import { scanSector } from "./journal-image.js";

export interface ImageEntry {
	readonly epoch: number;
	readonly sequence: number;
	readonly canonical: Uint8Array;
	/** The chain leads to it from its sector's header; false behind something unreadable. */
	readonly isChained: boolean;
}

/** What an image holds and what of it could not be used. */
export interface ImageReport {
	readonly sectors: number;
	/** Sectors whose entries were read. */
	readonly used: number;
	/** Sectors that formatting left, never written. */
	readonly virgin: number;
	/** Sectors that read as erased. */
	readonly blank: number;
	/** Sectors without a header that checks: torn, refusing, rotten, or not a journal's. */
	readonly unreadableSectors: number;
	/** Sectors of an earlier lap that refused to be erased, or were begun and never used. */
	readonly staleSectors: number;
	/** Sectors of a format this program does not know. */
	readonly newerSectors: number;
	readonly entries: number;
	/** Frames that check but cannot be decoded, or are missing between others. */
	readonly unreadableEntries: number;
	/** Entries that a later sector replaced. */
	readonly voidEntries: number;
	readonly correctedBits: number;
	/** Slots that are no frame: torn or rotten. */
	readonly skippedSlots: number;
	/** Sequences that are not there, as ranges of one epoch. */
	readonly missing: readonly {
		readonly epoch: number;
		readonly from: number;
		readonly to: number;
	}[];
	/** Sector ends whose head is not the one that the next header names. */
	readonly forks: number;
	/** Highest acknowledged sequence of the newest epoch in the image. */
	readonly cursor: number;
	readonly stations: readonly string[];
}

/** Ranges listed at most; the counts stay whole. */
const MISSING_MAX = 1000;

/**
 * Calls `visit` for every entry of `image` in order of epoch and sequence. `sectorBytes` 256..4096.
 * The image is not changed.
 */
export function readJournalImage(
	image: Uint8Array,
	sectorBytes: number,
	sha256: Hash,
	visit: (entry: ImageEntry) => void,
): ImageReport {
	const count = Math.floor(image.length / sectorBytes);
	const tally = { virgin: 0, blank: 0, unreadableSectors: 0, newerSectors: 0, staleSectors: 0 };
	const byEpoch = new Map<number, SectorHeader[]>();
	for (let sector = 0; sector < count; sector++) {
		const at = sector * sectorBytes;
		const reading = readSectorHeader(image.slice(at, at + SECTOR_HEADER_BYTES));
		if (reading.kind === "newer") tally.newerSectors++;
		else if (reading.kind === "blank") tally.blank++;
		else if (reading.kind === "unreadable") tally.unreadableSectors++;
		else if (reading.header.serial % count !== sector) tally.unreadableSectors++;
		else if (reading.header.isVirgin) tally.virgin++;
		else {
			const headers = byEpoch.get(reading.header.epoch) ?? [];
			headers.push(reading.header);
			byEpoch.set(reading.header.epoch, headers);
		}
	}
	const sums = { used: 0, entries: 0, unreadableEntries: 0, voidEntries: 0, forks: 0 };
	const slots = { correctedBits: 0, skippedSlots: 0 };
	const missing: { epoch: number; from: number; to: number }[] = [];
	const stations = new Set<string>();
	let cursor = 0;
	for (const [epoch, headers] of byEpoch) {
		const live = liveHeaders(headers, count, image, sectorBytes);
		tally.staleSectors += headers.length - live.length;
		cursor = 0;
		live.forEach((header, position) => {
			const next = live[position + 1];
			const at = (header.serial % count) * sectorBytes;
			const end = next?.firstSequence ?? Number.POSITIVE_INFINITY;
			let expected = header.firstSequence;
			let head: Uint8Array | undefined = header.head;
			const scan = scanSector(image.slice(at, at + sectorBytes), header, (index, canonical) => {
				const sequence = header.firstSequence + index;
				if (sequence >= end) {
					sums.voidEntries++;
					return true;
				}
				if (sequence > expected) {
					missing.push({ epoch, from: expected, to: sequence - 1 });
					head = undefined;
				}
				expected = sequence + 1;
				if (head !== undefined) head = chainNext(sha256, head, canonical);
				visit({ epoch, sequence, canonical, isChained: head !== undefined });
				sums.entries++;
				return true;
			});
			const last = next === undefined ? header.firstSequence + scan.nextIndex : end;
			if (expected < last) missing.push({ epoch, from: expected, to: last - 1 });
			else if (next !== undefined && head !== undefined && !isSame(head, next.head)) sums.forks++;
			sums.used++;
			sums.unreadableEntries += scan.unreadable;
			slots.correctedBits += scan.correctedBits;
			slots.skippedSlots += scan.skippedSlots + scan.tornSlots;
			cursor = Math.max(cursor, scan.cursor);
			stations.add(header.station);
		});
	}
	return {
		sectors: count,
		...tally,
		...sums,
		...slots,
		missing: missing.slice(0, MISSING_MAX),
		cursor,
		stations: [...stations],
	};
}

/** The sectors of the last lap in order, without those that a failed restart left empty. */
function liveHeaders(
	headers: readonly SectorHeader[],
	count: number,
	image: Uint8Array,
	sectorBytes: number,
): SectorHeader[] {
	const sorted = [...headers].sort((a, b) => a.serial - b.serial);
	const newest = sorted[sorted.length - 1]?.serial ?? 0;
	return sorted.filter((header) => {
		if (header.serial <= newest - count) return false;
		if (!header.isCopying) return true;
		const at = (header.serial % count) * sectorBytes;
		return scanSector(image.slice(at, at + sectorBytes), header).nextIndex > 0;
	});
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
	return a.every((byte, index) => byte === b[index]);
}
