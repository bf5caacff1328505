/** Finds and reads entries of one epoch of the log by their sequence; writes nothing. */

import { uint32At } from "../../core/bytes.js";
import { assert } from "../../core/errors.js";
import {
	FRAME_SLOTS_MAX,
	FRAME_TYPES,
	frameSeedOf,
	openFrame,
	SECTOR_HEADER_BYTES,
	type SectorHeader,
	SLOT_BYTES,
} from "../../protocol/flash/journal-format.js";
import { scanSector } from "../../protocol/flash/journal-image.js";
import { chainNext, type Hash } from "../../protocol/record/chain.js";
import { CORRUPTION_REASON, type GapTracker, UNPROVED_REASON } from "./gap-tracker.js";
import type { LogExtent } from "./log-extent.js";
import type { RingFlash } from "./ring-flash.js";

/** A sector and the sequences that it answers for. */
export interface Located {
	readonly header: SectorHeader;
	/** One past the last sequence in this sector. */
	readonly end: number;
	/** The next sector's header, if there is one. */
	readonly next: SectorHeader | undefined;
}

/** Header of the ring's used sector of a serial; a search has some that need not be read again. */
export type HeaderOf = (serial: number) => SectorHeader | undefined;

export function ringHeader(
	flash: RingFlash,
	ring: number,
	serial: number,
): SectorHeader | undefined {
	const reading = flash.readHeader(serial % flash.count);
	if (reading.kind !== "header" || reading.header.isUnwritten) return undefined;
	const { header } = reading;
	return header.serial === serial && header.ring === ring ? header : undefined;
}

/** Numbers before the first of a sector that may have been given, and are not used again. */
function unprovedBefore({ isCopying, unproved }: SectorHeader): number {
	return isCopying ? 0 : unproved;
}

export class LogReader {
	readonly #flash: RingFlash;
	readonly #extent: LogExtent;
	readonly #losses: GapTracker;
	readonly #sha256: Hash;

	constructor(flash: RingFlash, extent: LogExtent, losses: GapTracker, sha256: Hash) {
		this.#flash = flash;
		this.#extent = extent;
		this.#losses = losses;
		this.#sha256 = sha256;
	}

	/** Calls `visit` for each readable entry of `first .. end - 1` that is held, in order. */
	read(
		first: number,
		end: number,
		visit: (sequence: number, canonicalBytes: Uint8Array) => void,
	): void {
		let sequence = Math.max(first, this.#extent.firstSequenceHeld);
		let sector = sequence < end ? this.#locateFrom(sequence) : undefined;
		while (sector !== undefined && sequence < end) {
			this.walk(
				sector,
				(at, canonicalBytes) => {
					if (at < end) visit(at, canonicalBytes);
					return at + 1 < end;
				},
				sequence,
			);
			sequence = Math.max(sector.end, sequence);
			sector = sector.next === undefined ? undefined : this.located(sector.next);
		}
	}

	/** h(sequence - 1), walked from the header of its sector; undefined where that cannot be done. */
	headBefore(sequence: number): Uint8Array | undefined {
		const { nextSequence, firstSequenceHeld, head: newestHead } = this.#extent;
		if (sequence === nextSequence && newestHead.length > 0) return newestHead;
		if (sequence < firstSequenceHeld || sequence > nextSequence) return undefined;
		const sector = this.locate(sequence);
		if (sector === undefined) return undefined;
		const { header } = sector;
		let head: Uint8Array = header.head;
		let expected = header.firstSequence;
		this.walk(sector, (at, canonicalBytes) => {
			if (at >= sequence || at !== expected) return false;
			head = chainNext(this.#sha256, head, canonicalBytes);
			expected++;
			if (header.isCopying && header.unproved > 0 && at === header.firstSequence) {
				if (sequence === expected) return false;
				// The numbers that are passed over are in the chain as one hash.
				head = this.#sha256(head);
				expected += header.unproved;
			}
			return true;
		});
		return expected === sequence ? head : undefined;
	}

	/** Header of the sector of `serial`, or undefined where there is none of it that counts. */
	headerOf(serial: number, known?: HeaderOf): SectorHeader | undefined {
		const { ring, epoch, serial: newest } = this.#extent;
		const header = known === undefined ? ringHeader(this.#flash, ring, serial) : known(serial);
		if (header?.epoch !== epoch) return undefined;
		// A copy that was never made leaves a header that counts for nothing.
		if (!header.isCopying || serial === newest) return header;
		return this.#isVoid(header) ? undefined : header;
	}

	/** The sector that answers for `sequence`: bisection over the first sequences. */
	locate(sequence: number): Located | undefined {
		const sector = this.#locateFrom(sequence);
		return sector === undefined || sector.header.firstSequence > sequence ? undefined : sector;
	}

	/** The log begins with the first sector from `serial` on that counts. */
	keepFrom(serial: number, known?: HeaderOf): void {
		const extent = this.#extent;
		const header = this.#headerAtOrAbove(serial, extent.serial, known);
		extent.oldestSerial = header?.serial ?? extent.serial + 1;
		extent.oldestFirst = header?.firstSequence ?? extent.nextSequence;
	}

	/** Everything below `serial` is gone or about to be: finds the oldest that stays. */
	dropBelow(serial: number, known?: HeaderOf): void {
		const extent = this.#extent;
		if (extent.oldestSerial >= serial || extent.serial < 0) return;
		this.keepFrom(serial, known);
	}

	/**
	 * Visits the readable entries that a sector answers for, from the sequence `from` on and until `visit`
	 * returns false; those of the sector that are not readable go into the account of losses.
	 */
	walk(
		sector: Located,
		visit: (sequence: number, canonicalBytes: Uint8Array) => boolean,
		from = sector.header.firstSequence,
	): void {
		const { header, end, next } = sector;
		const { firstSequence } = header;
		let isStopped = false;
		const bytes = this.#sector(header.serial);
		const scan = scanSector(
			bytes,
			header,
			(index, canonicalBytes) => {
				const sequence = firstSequence + index;
				if (sequence >= end) return false;
				// With LogWriter.store: what is at a position bears its number.
				assert(uint32At(canonicalBytes, 8) === sequence, "an entry is read out of its order");
				isStopped = !visit(sequence, canonicalBytes);
				return !isStopped;
			},
			Math.max(from - firstSequence, 0),
		);
		const passedTo = firstSequence + header.unproved;
		if (header.isCopying && header.unproved > 0 && passedTo < end && from <= passedTo) {
			let resume: Uint8Array | undefined;
			scanSector(bytes, header, (index, canonicalBytes) => {
				if (index === 0)
					resume = this.#sha256(chainNext(this.#sha256, header.head, canonicalBytes));
				return false;
			});
			this.#losses.note(firstSequence + 1, passedTo, UNPROVED_REASON, resume);
		}
		const endLost = isStopped ? end : firstSequence + scan.nextIndex;
		const firstLost =
			scan.firstUnreadable === undefined ? endLost : firstSequence + scan.firstUnreadable;
		// Corruption in the newest sector is named once the next is begun; a former epoch has none to come.
		if (next === undefined && this.#losses.lostEpoch === 0) return;
		const unproved = next === undefined ? 0 : unprovedBefore(next);
		if (firstLost < end) {
			const resume = unproved > 0 ? undefined : next?.head;
			this.#losses.note(firstLost, end - 1, CORRUPTION_REASON, resume);
		}
		if (next === undefined || unproved === 0) return;
		this.#losses.note(end, next.firstSequence - 1, UNPROVED_REASON, next.head);
	}

	/** A sector of the log with what it answers for. */
	located(header: SectorHeader, known?: HeaderOf): Located {
		const next = this.#headerAtOrAbove(header.serial + 1, this.#extent.serial, known);
		if (next === undefined) return { header, end: this.#extent.nextSequence, next };
		// What was passed over as unproved is not served, though it may read well another day.
		return { header, end: next.firstSequence - unprovedBefore(next), next };
	}

	/**
	 * The sector that answers for `sequence`, or the first after it: what lies between has lost its header,
	 * and goes into the account of losses.
	 */
	#locateFrom(sequence: number): Located | undefined {
		let low = this.#extent.oldestSerial;
		let high = this.#extent.serial;
		let found = this.#headerAtOrAbove(low, high);
		if (found === undefined) return undefined;
		if (found.firstSequence > sequence) {
			const last = found.firstSequence - 1;
			this.#losses.note(this.#extent.firstSequenceHeld, last, CORRUPTION_REASON, found.head);
			return this.located(found);
		}
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
		return this.located(found);
	}

	#headerAtOrAbove(serial: number, last: number, known?: HeaderOf): SectorHeader | undefined {
		for (let candidate = serial; candidate <= last; candidate++) {
			const header = this.headerOf(candidate, known);
			if (header !== undefined) return header;
		}
		return undefined;
	}

	/** Nearly always the first frame is the copy; only where it is not, the whole sector is asked. */
	#isVoid(header: SectorHeader): boolean {
		const { ring, serial } = header;
		const bytes = this.#flash.read(
			serial % this.#flash.count,
			SECTOR_HEADER_BYTES,
			FRAME_SLOTS_MAX * SLOT_BYTES,
		);
		const frame = openFrame(bytes, 0, frameSeedOf(ring, serial));
		if (frame !== undefined && frame.type !== FRAME_TYPES.cursor) return false;
		return scanSector(this.#sector(serial), header, () => false).nextIndex === 0;
	}

	#sector(serial: number): Uint8Array {
		return this.#flash.read(serial % this.#flash.count, 0, this.#flash.sectorBytes);
	}
}
