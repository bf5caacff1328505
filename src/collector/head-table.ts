/** Heads by sequence, end to end in one block of bytes: a year of them is 300 KB, not 9 000 arrays. */
import { HEAD_BYTES } from "../protocol/chain.js";

const HEADS_AT_FIRST = 256;

export class HeadTable {
	/** Index of each sequence's head within the block. */
	readonly #indexes = new Map<number, number>();
	#block = new Uint8Array(HEADS_AT_FIRST * HEAD_BYTES);

	has(sequence: number): boolean {
		return this.#indexes.has(sequence);
	}

	/** 32 bytes within the block, good until the next `add`; or undefined. */
	get(sequence: number): Uint8Array | undefined {
		const index = this.#indexes.get(sequence);
		if (index === undefined) return undefined;
		return this.#block.subarray(index * HEAD_BYTES, (index + 1) * HEAD_BYTES);
	}

	/** Keeps a copy, unless there is a head of this sequence already. */
	add(sequence: number, head: Uint8Array): void {
		if (this.#indexes.has(sequence)) return;
		const index = this.#indexes.size;
		if ((index + 1) * HEAD_BYTES > this.#block.length) {
			const larger = new Uint8Array(2 * this.#block.length);
			larger.set(this.#block);
			this.#block = larger;
		}
		this.#block.set(head, index * HEAD_BYTES);
		this.#indexes.set(sequence, index);
	}
}
