/** Finds and reads entries of the log by their sequence; writes nothing. */
import { chainNext, type Hash } from "../../protocol/chain.js";
import type { SectorHeader } from "../../protocol/journal-format.js";
import { scanSector } from "../../protocol/journal-image.js";
import type { LogExtent } from "./log-extent.js";
import type { LossAccount } from "./loss-account.js";
import type { RingFlash } from "./ring-flash.js";

/** A sector and the sequences that it answers for. */
export interface Located {
	readonly header: SectorHeader;
	/** Sequence behind the last that this sector answers for. */
	readonly end: number;
	/** The next sector's header, if there is one. */
	readonly next: SectorHeader | undefined;
}

export class LogReader {
	readonly #flash: RingFlash;
	readonly #extent: LogExtent;
	readonly #losses: LossAccount;
	readonly #sha256: Hash;

	constructor(flash: RingFlash, extent: LogExtent, losses: LossAccount, sha256: Hash) {
		this.#flash = flash;
		this.#extent = extent;
		this.#losses = losses;
		this.#sha256 = sha256;
	}

	/** Calls `visit` for each readable entry of `first .. end - 1` that is held, in order. */
	read(first: number, end: number, visit: (sequence: number, canonical: Uint8Array) => void): void {
		let sequence = Math.max(first, this.#extent.firstSequenceHeld);
		let place = sequence < end ? this.locate(sequence) : undefined;
		while (place !== undefined && sequence < end) {
			this.walk(
				place,
				(at, canonical) => {
					if (at < end) visit(at, canonical);
					return at + 1 < end;
				},
				sequence,
			);
			sequence = Math.max(place.end, sequence);
			place = place.next === undefined ? undefined : this.place(place.next);
		}
	}

	/** h(sequence - 1), walked from the header of its sector; undefined where that cannot be done. */
	headBefore(sequence: number): Uint8Array | undefined {
		const { nextSequence, firstSequenceHeld, head: newestHead } = this.#extent;
		if (sequence === nextSequence) return newestHead;
		if (sequence < firstSequenceHeld || sequence > nextSequence) return undefined;
		const place = this.locate(sequence);
		if (place === undefined) return undefined;
		let head: Uint8Array = place.header.head;
		let expected = place.header.firstSequence;
		this.walk(place, (at, canonical) => {
			if (at >= sequence || at !== expected) return false;
			head = chainNext(this.#sha256, head, canonical);
			expected++;
			return true;
		});
		return expected === sequence ? head : undefined;
	}

	/** Header of the sector of `serial`, or undefined where there is none of it. */
	headerOf(serial: number): SectorHeader | undefined {
		const reading = this.#flash.readHeader(serial % this.#flash.count);
		if (reading.kind !== "header" || reading.header.isVirgin) return undefined;
		const { header } = reading;
		return header.serial === serial && header.epoch === this.#extent.epoch ? header : undefined;
	}

	/** The sector that answers for `sequence`: bisection over the first sequences. */
	locate(sequence: number): Located | undefined {
		let low = this.#extent.oldestSerial;
		let high = this.#extent.serial;
		let found = this.#headerAtOrAbove(low, high);
		if (found === undefined || found.firstSequence > sequence) return undefined;
		low = found.serial;
		while (low < high) {
			const middle = low + Math.ceil((high - low) / 2);
			const probe = this.#headerAtOrAbove(middle, high);
			if (probe !== undefined && probe.firstSequence <= sequence) {
				found = probe;
				low = probe.serial;
			} else {
				high = middle - 1;
			}
		}
		return this.place(found);
	}

	/**
	 * Visits the readable entries that a sector answers for, from the sequence `from` on and until `visit`
	 * returns false; those of the sector that are not readable go into the account of losses.
	 */
	walk(
		place: Located,
		visit: (sequence: number, canonical: Uint8Array) => boolean,
		from = place.header.firstSequence,
	): void {
		const { header, end, next } = place;
		const { firstSequence } = header;
		const sector = header.serial % this.#flash.count;
		const bytes = this.#flash.read(sector, 0, this.#flash.sectorBytes);
		let isStopped = false;
		const scan = scanSector(
			bytes,
			header,
			(index, canonical) => {
				const sequence = firstSequence + index;
				if (sequence >= end) return false;
				isStopped = !visit(sequence, canonical);
				return !isStopped;
			},
			from - firstSequence,
		);
		const endLost = isStopped ? end : firstSequence + scan.nextIndex;
		const firstLost =
			scan.firstUnreadable === undefined ? endLost : firstSequence + scan.firstUnreadable;
		if (firstLost < end && next !== undefined) {
			this.#losses.noteRot(firstLost, end - 1, next.head);
		}
	}

	/** A sector of the log with what it answers for. `headerOf` may know headers that were read. */
	place(header: SectorHeader, headerOf?: (serial: number) => SectorHeader | undefined): Located {
		const next = headerAtOrAbove(
			header.serial + 1,
			this.#extent.serial,
			headerOf ?? ((serial) => this.headerOf(serial)),
		);
		return { header, end: next?.firstSequence ?? this.#extent.nextSequence, next };
	}

	#headerAtOrAbove(serial: number, last: number): SectorHeader | undefined {
		return headerAtOrAbove(serial, last, (candidate) => this.headerOf(candidate));
	}
}

function headerAtOrAbove(
	serial: number,
	last: number,
	headerOf: (serial: number) => SectorHeader | undefined,
): SectorHeader | undefined {
	for (let candidate = serial; candidate <= last; candidate++) {
		const header = headerOf(candidate);
		if (header !== undefined) return header;
	}
	return undefined;
}
