/**
 * Canonical entries end to end in one buffer. On XS a Uint8Array is seven slots beside its bytes: a day
 * of readings kept one by one takes 2 000 of the 4 928 slots of an ESP32, and here a dozen.
 */

/** Nearly every entry is a reading of 60 bytes. */
const ENTRY_BYTES_USUAL = 64;
const START_BYTES_MAX = 2048;

/** Entries in order; an array of them is one. */
export interface EntryRun {
	readonly length: number;
	at(index: number): Uint8Array | undefined;
}

export class PackedEntries implements EntryRun {
	#bytes: Uint8Array;
	/** Where each entry ends. */
	readonly #ends: Uint16Array;
	#count = 0;

	/** Room for `countMax` entries of 123 bytes at most: 288 of them are 35 KB, within 16 bits. */
	constructor(countMax: number) {
		this.#bytes = new Uint8Array(Math.min(ENTRY_BYTES_USUAL * countMax, START_BYTES_MAX));
		this.#ends = new Uint16Array(countMax);
	}

	get length(): number {
		return this.#count;
	}

	/** Copies an entry to the end. */
	push(canonicalBytes: Uint8Array): void {
		const start = this.#startOf(this.#count);
		const end = start + canonicalBytes.length;
		if (end > this.#bytes.length) {
			const grown = new Uint8Array(Math.max(2 * this.#bytes.length, end));
			grown.set(this.#bytes);
			this.#bytes = grown;
		}
		this.#bytes.set(canonicalBytes, start);
		this.#ends[this.#count++] = end;
	}

	clear(): void {
		this.#count = 0;
	}

	/** A window on an entry, until the next `push` or `clear`. */
	at(index: number): Uint8Array {
		return this.#bytes.subarray(this.#startOf(index), this.#ends[index]);
	}

	#startOf(index: number): number {
		return index === 0 ? 0 : (this.#ends[index - 1] ?? 0);
	}
}
