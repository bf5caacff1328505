/**
 * Finds the ring in its partition, and its newest sector by bisection over the headers. Sectors up to
 * the newest are one lap ahead of those after it; formatting gives every sector an (unwritten) header, so
 * that "not yet written" is something read and not something missing. Why each step is sound is in
 * docs/FORMAT.md.
 */
import { StationError } from "../../core/errors.js";
import type { HeaderReading, SectorHeader } from "../../protocol/flash/journal-format.js";
import { scanHeaderless } from "../../protocol/flash/journal-image.js";
import type { RingFlash, RingGeometry } from "./ring-flash.js";

/**
 * Readable headers looked at after the newest before it is believed: a sector that keeps its old
 * header because it refuses to be erased looks like the end of the lap.
 */
export const LOOK_AHEAD = 5;
/** So many such sectors between two good ones are distinguished from the end; the journal goes past no more. */
export const STALE_MAX = LOOK_AHEAD - 1;

const UNWRITTEN_LAP = -1;

export type RingState =
	/** No header anywhere: never formatted. */
	| { readonly kind: "blank" }
	/**
	 * Virgin headers only, from sector `lowest` up: formatted, or nearly. `lost` entries check in the
	 * sectors below, whose headers are gone.
	 */
	| {
			readonly kind: "unwritten";
			readonly header: SectorHeader;
			readonly lowest: number;
			readonly lost: number;
	  }
	| {
			readonly kind: "used";
			readonly newest: SectorHeader;
			readonly oldest: SectorHeader;
			/** Header of the ring's sector of a serial; what the search has read is not read again. */
			readonly headerOf: (serial: number) => SectorHeader | undefined;
			/** Whether the place of a serial shows no header, but not the erased bytes of none either. */
			readonly isGarbled: (serial: number) => boolean;
	  };

/**
 * Finds the ring, has `flash` adopt its geometry, and searches it. Throws `journal-foreign-version` for
 * a newer format, `flash-failed`.
 */
export function searchRing(flash: RingFlash): RingState {
	flash.reset();
	for (let block = 0; block < flash.blocks; block++) {
		const header = headerOf(flash.readBlockHeader(block));
		if (header === undefined) continue;
		const first = flash.geometryOf(block, header);
		// The usual case asks no further: the ring is as large as its partition.
		if (flash.fits(first) && first.count === flash.blocks) {
			flash.adopt(first);
			const search = new Search(flash, first.ring);
			const state = search.run();
			if (!search.hasMetOthers) return state;
		}
		const chosen = mostSeen(flash);
		flash.adopt(chosen);
		return new Search(flash, chosen.ring).run();
	}
	return { kind: "blank" };
}

/** The ring that most headers speak of; one that fits before one that does not. */
function mostSeen(flash: RingFlash): RingGeometry {
	const seen = new Map<string, { geometry: RingGeometry; votes: number }>();
	for (let block = 0; block < flash.blocks; block++) {
		const header = headerOf(flash.readBlockHeader(block));
		if (header === undefined) continue;
		const geometry = flash.geometryOf(block, header);
		const name = `${geometry.ring}/${geometry.count}/${geometry.sectorBytes}/${geometry.baseBytes}`;
		const known = seen.get(name);
		if (known === undefined) seen.set(name, { geometry, votes: 1 });
		else known.votes++;
	}
	const weigh = ({ geometry, votes }: { geometry: RingGeometry; votes: number }): number =>
		votes + (flash.fits(geometry) ? flash.blocks : 0);
	const [most] = [...seen.values()].sort((a, b) => weigh(b) - weigh(a));
	return (most as { geometry: RingGeometry }).geometry;
}

function headerOf(reading: HeaderReading): SectorHeader | undefined {
	if (reading.kind === "newer") {
		throw new StationError(
			"journal-foreign-version",
			`the journal is of version ${reading.version}: update the firmware, the data are kept`,
		);
	}
	return reading.kind === "header" ? reading.header : undefined;
}

class Search {
	/** Headers of another ring are in the way: a part that was used before, or two copies. */
	hasMetOthers = false;
	readonly #flash: RingFlash;
	readonly #ring: number;
	readonly #seen = new Map<number, SectorHeader | undefined>();
	readonly #blank = new Set<number>();

	constructor(flash: RingFlash, ring: number) {
		this.#flash = flash;
		this.#ring = ring;
	}

	run(): RingState {
		const count = this.#flash.count;
		let first = 0;
		while (first < count && this.#at(first) === undefined) first++;
		if (first === count) return { kind: "blank" };
		let newest = this.#bisect(first);
		for (;;) {
			const newer = this.#newerBehind(newest);
			if (newer === undefined) break;
			newest = this.#bisect(newer);
		}
		let header = this.#at(newest) as SectorHeader;
		// Nothing may be taken for never used that has one sector that was.
		if (header.isUnwritten) header = this.#highestUsed() ?? header;
		if (header.isUnwritten) return this.#unwritten(header, first);
		return {
			kind: "used",
			newest: header,
			oldest: this.#oldest(header),
			headerOf: (serial) => this.#headerOf(serial),
			isGarbled: (serial) => this.#isGarbled(serial % this.#flash.count),
		};
	}

	#highestUsed(): SectorHeader | undefined {
		let highest: SectorHeader | undefined;
		for (let sector = 0; sector < this.#flash.count; sector++) {
			const header = this.#at(sector);
			if (header === undefined || header.isUnwritten) continue;
			if (highest === undefined || header.serial > highest.serial) highest = header;
		}
		return highest;
	}

	/** Frames that check below the lowest header were appended: it is their headers that are lost. */
	#unwritten(header: SectorHeader, lowest: number): RingState {
		let lost = 0;
		for (let serial = 0; serial < lowest; serial++) {
			const bytes = this.#flash.read(serial, 0, this.#flash.sectorBytes);
			lost += scanHeaderless(bytes, header, serial).nextIndex;
		}
		return { kind: "unwritten", header, lowest, lost };
	}

	/** Last sector from `low` up that is in the highest lap met on the way. */
	#bisect(first: number): number {
		let low = first;
		let lap = this.#lapAt(low) ?? UNWRITTEN_LAP;
		let high = this.#flash.count;
		while (high - low > 1) {
			const probe = this.#readableNear(low + Math.floor((high - low) / 2), low, high, lap);
			if (probe === undefined) break;
			const probeLap = this.#lapAt(probe) as number;
			if (probeLap >= lap) {
				lap = probeLap;
				low = probe;
			} else {
				high = probe;
			}
		}
		return low;
	}

	/** The sector nearest to `middle` inside (low, high) that says anything about laps. */
	#readableNear(middle: number, low: number, high: number, lap: number): number | undefined {
		for (let distance = 0; distance < high - low; distance++) {
			for (const sector of distance === 0 ? [middle] : [middle - distance, middle + distance]) {
				if (sector <= low || sector >= high) continue;
				const found = this.#lapAt(sector);
				if (found !== undefined && found >= lap - 1) return sector;
			}
		}
		return undefined;
	}

	/** A sector within sight after `newest` that is newer. */
	#newerBehind(newest: number): number | undefined {
		const count = this.#flash.count;
		const order = this.#orderAt(newest) as number;
		let readable = 0;
		for (let distance = 1; distance < count && readable < LOOK_AHEAD; distance++) {
			const sector = (newest + distance) % count;
			const found = this.#orderAt(sector);
			if (found === undefined) continue;
			if (found > order) return sector;
			// What a sector of the last lap must say; a header of an older lap says nothing.
			if (found === Math.max(order + distance - count, UNWRITTEN_LAP)) readable++;
		}
		return undefined;
	}

	/** First sector after the newest that still belongs to the ring's log. */
	#oldest(newest: SectorHeader): SectorHeader {
		const count = this.#flash.count;
		const start = Math.max(newest.serial - count + 1, 0);
		for (let serial = start; serial < newest.serial; serial++) {
			const header = this.#headerOf(serial);
			if (header !== undefined) return header;
		}
		return newest;
	}

	#headerOf(serial: number): SectorHeader | undefined {
		const header = this.#at(serial % this.#flash.count);
		return header?.serial === serial && !header.isUnwritten ? header : undefined;
	}

	#isGarbled(sector: number): boolean {
		return this.#at(sector) === undefined && !this.#blank.has(sector);
	}

	/** Serial, or something below every serial for an unwritten sector. */
	#orderAt(sector: number): number | undefined {
		const header = this.#at(sector);
		return header === undefined ? undefined : header.isUnwritten ? -1 : header.serial;
	}

	#lapAt(sector: number): number | undefined {
		const order = this.#orderAt(sector);
		if (order === undefined) return undefined;
		return order < 0 ? UNWRITTEN_LAP : Math.floor(order / this.#flash.count);
	}

	/** Header of a sector, read once; undefined when unreadable, misplaced, or of another ring. */
	#at(sector: number): SectorHeader | undefined {
		if (this.#seen.has(sector)) return this.#seen.get(sector);
		const { count } = this.#flash;
		const reading = this.#flash.readHeader(sector);
		if (reading.kind === "blank") this.#blank.add(sector);
		let header = headerOf(reading);
		if (header !== undefined && (header.ring !== this.#ring || header.serial % count !== sector)) {
			this.hasMetOthers = true;
			header = undefined;
		}
		this.#seen.set(sector, header);
		return header;
	}
}
