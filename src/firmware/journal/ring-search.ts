/**
 * Finds the newest sector by bisection over the headers. Sectors up to the newest are one lap ahead
 * of those behind it; formatting gives every sector a (virgin) header, so that "not yet written" is
 * something read and not something missing. Why each step is sound stands in docs/FORMAT.md.
 */
import { StationError } from "../../core/errors.js";
import type { SectorHeader } from "../../protocol/journal-format.js";
import type { RingFlash } from "./ring-flash.js";

/**
 * Readable headers looked at behind the newest before it is believed: a sector that keeps its old
 * header because it refuses to be erased looks like the end of the lap.
 */
const LOOK_AHEAD = 3;
/** So many such sectors in a row are told from the end; the journal goes past no more. */
export const STALE_RUN_MAX = LOOK_AHEAD - 1;

const VIRGIN_LAP = -1;

export type RingState =
	/** No header anywhere: never formatted. */
	| { readonly kind: "blank" }
	/** Virgin headers only, from sector `lowest` up: formatted, or nearly. */
	| { readonly kind: "virgin"; readonly epoch: number; readonly station: string; lowest: number }
	| {
			readonly kind: "used";
			readonly newest: SectorHeader;
			readonly oldest: SectorHeader;
			/** Header of the log's sector of a serial; what the search has read is not read again. */
			readonly headerOf: (serial: number) => SectorHeader | undefined;
			/** Whether the place of a serial shows no header, but not the erased bytes of none either. */
			readonly isGarbled: (serial: number) => boolean;
	  };

/** Searches the ring. Throws `journal-foreign-version` for a newer format, `flash-failed`. */
export function searchRing(flash: RingFlash): RingState {
	return new Search(flash).run();
}

class Search {
	readonly #flash: RingFlash;
	readonly #seen = new Map<number, SectorHeader | undefined>();
	readonly #blank = new Set<number>();
	#epoch: number | undefined;

	constructor(flash: RingFlash) {
		this.#flash = flash;
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
		const header = this.#at(newest) as SectorHeader;
		if (header.isVirgin) {
			return { kind: "virgin", epoch: header.epoch, station: header.station, lowest: first };
		}
		return {
			kind: "used",
			newest: header,
			oldest: this.#oldest(header),
			headerOf: (serial) => this.#headerOf(serial),
			isGarbled: (serial) => this.#isGarbled(serial % this.#flash.count),
		};
	}

	/** Last sector from `low` up that is in the highest lap met on the way. */
	#bisect(first: number): number {
		let low = first;
		let lap = this.#lapAt(low) ?? VIRGIN_LAP;
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

	/** A sector within sight behind `newest` that is newer. */
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
			if (found === Math.max(order + distance - count, VIRGIN_LAP)) readable++;
		}
		return undefined;
	}

	/** First sector behind the newest that still belongs to the log. */
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
		return header?.serial === serial && !header.isVirgin ? header : undefined;
	}

	#isGarbled(sector: number): boolean {
		return this.#at(sector) === undefined && !this.#blank.has(sector);
	}

	/** Serial, or something below every serial for a virgin sector. */
	#orderAt(sector: number): number | undefined {
		const header = this.#at(sector);
		return header === undefined ? undefined : header.isVirgin ? -1 : header.serial;
	}

	#lapAt(sector: number): number | undefined {
		const order = this.#orderAt(sector);
		if (order === undefined) return undefined;
		return order < 0 ? VIRGIN_LAP : Math.floor(order / this.#flash.count);
	}

	/** Header of a sector, read once; undefined when unreadable, misplaced, or of another epoch. */
	#at(sector: number): SectorHeader | undefined {
		if (this.#seen.has(sector)) return this.#seen.get(sector);
		const reading = this.#flash.readHeader(sector);
		if (reading.kind === "newer") {
			throw new StationError(
				"journal-foreign-version",
				`the journal is of version ${reading.version}: update the firmware, the data are kept`,
			);
		}
		if (reading.kind === "blank") this.#blank.add(sector);
		let header: SectorHeader | undefined;
		if (reading.kind === "header" && reading.header.serial % this.#flash.count === sector) {
			this.#epoch ??= reading.header.epoch;
			if (reading.header.epoch === this.#epoch) header = reading.header;
		}
		this.#seen.set(sector, header);
		return header;
	}
}
