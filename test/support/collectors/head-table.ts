/** Heads by sequence, end to end in one block of bytes: a year of them is 300 KB, not 9 000 arrays. */
import { HEAD_BYTES } from "../../../src/protocol/record/chain.js";

const HEADS_AT_FIRST = 256;
/** A store in memory holds no more; a year at five minutes is 2^17. */
const SEQUENCE_MAX = 4_194_304;

export class HeadTable {
	/** Of each sequence: one more than the index of its head within the block, 0 for none. */
	#numbers = new Uint32Array(HEADS_AT_FIRST);
	#count = 0;
	#block = new Uint8Array(HEADS_AT_FIRST * HEAD_BYTES);

	has(sequence: number): boolean {
		return (this.#numbers[sequence] ?? 0) !== 0;
	}

	/** 32 bytes within the block, good until the next `add`; or undefined. */
	get(sequence: number): Uint8Array | undefined {
		const index = (this.#numbers[sequence] ?? 0) - 1;
		if (index < 0) return undefined;
		return this.#block.subarray(index * HEAD_BYTES, (index + 1) * HEAD_BYTES);
	}

	/** Keeps a copy, unless there is a head of this sequence already. */
	add(sequence: number, head: Uint8Array): void {
		if (this.has(sequence)) return;
		const index = this.#count++;
		if ((index + 1) * HEAD_BYTES > this.#block.length) {
			const larger = new Uint8Array(2 * this.#block.length);
			larger.set(this.#block);
			this.#block = larger;
		}
		this.#block.set(head, index * HEAD_BYTES);
		if (sequence >= this.#numbers.length) {
			if (sequence > SEQUENCE_MAX) throw new RangeError(`a head of sequence ${sequence} in memory`);
			const longer = new Uint32Array(Math.min(2 * sequence, SEQUENCE_MAX) + 1);
			longer.set(this.#numbers);
			this.#numbers = longer;
		}
		this.#numbers[sequence] = index + 1;
	}
}
