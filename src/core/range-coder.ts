/**
 * An adaptive binary range coder in 31-bit integers. Encoder and decoder have one interface, so a
 * model is written once and cannot differ between the two: `bit` codes a decision under a context
 * and returns it, whichever side runs. (Carry propagation as in LZMA; Martin, "Range encoding",
 * 1979; probabilities learn by count, as in Krichevsky and Trofimov's estimator.)
 */
import { assert } from "./errors.js";

/** `low` and `range` stay below 2^30, their sum below 2^31: small integers on every engine. */
const TOP = 0x40000000;
const BOTTOM = 0x00400000;
const PROBABILITY_BITS = 15;
const PROBABILITY_ONE = 1 << PROBABILITY_BITS;
/** Keeps both outcomes possible: a surprise costs at most 10 bits. */
const PROBABILITY_MARGIN = 32;

/** Observations after which a context stops learning faster than 1 in COUNT_MAX + 1.5. */
const COUNT_MAX = 62;
/** 2^16 / (n + 1.5): the weight of observation n. */
const WEIGHTS: readonly number[] = Object.freeze(
	Array.from({ length: COUNT_MAX + 1 }, (_, count) => Math.round(65536 / (count + 1.5))),
);

/** Decisions that share what they have learned: one probability each. */
export class Contexts {
	/** Probability that the decision is 1, in 1/32768. */
	readonly probabilities: Uint16Array;
	/** How sure that is: observations, real or assumed. */
	readonly counts: Uint8Array;

	/** `size` contexts that begin at `probability` (of 32768), as if seen `count` (0..62) times. */
	constructor(size: number, probability = PROBABILITY_ONE / 2, count = 0) {
		this.probabilities = new Uint16Array(size).fill(probability);
		this.counts = new Uint8Array(size).fill(count);
	}

	/** Begins context `index` elsewhere. */
	expect(index: number, probability: number, count: number): void {
		this.probabilities[index] = Math.min(
			Math.max(probability, PROBABILITY_MARGIN),
			PROBABILITY_ONE - PROBABILITY_MARGIN,
		);
		this.counts[index] = count;
	}

	/** Moves context `index` towards what was seen. */
	learn(index: number, bit: number): void {
		const probability = this.probabilities[index] ?? 0;
		const count = this.counts[index] ?? 0;
		const target = bit === 0 ? PROBABILITY_MARGIN : PROBABILITY_ONE - PROBABILITY_MARGIN;
		// 2^15 x 43 691 < 2^31.
		this.probabilities[index] =
			probability + (((target - probability) * (WEIGHTS[count] ?? 0)) >> 16);
		if (count < COUNT_MAX) this.counts[index] = count + 1;
	}
}

/** Either side of the coder. */
export interface BitCoder {
	/** Codes one decision (0 or 1) under a context; the decoder ignores `bit`. Returns the decision. */
	bit(contexts: Contexts, index: number, bit: number): number;
	/** Codes an integer of `bits` bits (0..32), each as likely as the other. Returns it. */
	raw(bits: number, value: number): number;
}

/** Writes; `finish` gives the shortest byte string that decodes to the same. */
export class RangeEncoder implements BitCoder {
	#bytes = new Uint8Array(256);
	#length = 0;
	#low = 0;
	#range = TOP;

	bit(contexts: Contexts, index: number, bit: number): number {
		const bound = (this.#range >>> PROBABILITY_BITS) * (contexts.probabilities[index] ?? 0);
		if (bit === 0) {
			this.#low += bound;
			this.#range -= bound;
		} else {
			this.#range = bound;
		}
		this.#normalise();
		contexts.learn(index, bit);
		return bit;
	}

	raw(bits: number, value: number): number {
		for (let shift = bits - 1; shift >= 0; shift--) {
			this.#range >>>= 1;
			if (((value >>> shift) & 1) === 0) this.#low += this.#range;
			this.#normalise();
		}
		return value;
	}

	finish(): Uint8Array {
		// The roundest number in [low, low + range): its trailing zeros need not be written.
		let step = TOP;
		let end = Math.ceil(this.#low / step) * step;
		while (end >= this.#low + this.#range) {
			step /= 2;
			end = Math.ceil(this.#low / step) * step;
		}
		this.#low = end;
		for (let count = 0; count < 5; count++) this.#shift();
		let length = this.#length;
		while (length > 0 && this.#bytes[length - 1] === 0) length--;
		return this.#bytes.slice(0, length);
	}

	#normalise(): void {
		while (this.#range <= BOTTOM) {
			this.#shift();
			this.#range <<= 8;
		}
	}

	#shift(): void {
		if (this.#low >= TOP) {
			this.#low -= TOP;
			let index = this.#length - 1;
			while (this.#bytes[index] === 0xff) this.#bytes[index--] = 0;
			assert(index >= 0, "the range coder carried out of its first byte");
			this.#bytes[index] = (this.#bytes[index] ?? 0) + 1;
		}
		if (this.#length === this.#bytes.length) {
			const grown = new Uint8Array(2 * this.#length);
			grown.set(this.#bytes);
			this.#bytes = grown;
		}
		this.#bytes[this.#length++] = this.#low >>> 22;
		this.#low = (this.#low & (BOTTOM - 1)) << 8;
	}
}

/** Reads what a RangeEncoder wrote; after the end it reads zeros, as many as it likes. */
export class RangeDecoder implements BitCoder {
	readonly #bytes: Uint8Array;
	#offset = 0;
	#range = TOP;
	/** Bits of the stream not yet decided, less the encoder's `low`. */
	#code = 0;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
		// 30 bits: three bytes and six bits of a fourth; the stream continues two bits before each byte's end.
		this.#code =
			((bytes[0] ?? 0) << 22) |
			((bytes[1] ?? 0) << 14) |
			((bytes[2] ?? 0) << 6) |
			((bytes[3] ?? 0) >> 2);
		this.#offset = 3;
	}

	/** True when every byte had its part in what was decoded, and the last is not an idle zero. */
	get isSpent(): boolean {
		const length = this.#bytes.length;
		return length === 0 || (length <= this.#offset + 1 && this.#bytes[length - 1] !== 0);
	}

	bit(contexts: Contexts, index: number, _bit: number): number {
		const bound = (this.#range >>> PROBABILITY_BITS) * (contexts.probabilities[index] ?? 0);
		let bit = 1;
		if (this.#code >= bound) {
			bit = 0;
			this.#code -= bound;
			this.#range -= bound;
		} else {
			this.#range = bound;
		}
		this.#normalise();
		contexts.learn(index, bit);
		return bit;
	}

	raw(bits: number, _value: number): number {
		let value = 0;
		for (let index = 0; index < bits; index++) {
			this.#range >>>= 1;
			let bit = 1;
			if (this.#code >= this.#range) {
				this.#code -= this.#range;
				bit = 0;
			}
			value = value * 2 + bit;
			this.#normalise();
		}
		return value;
	}

	#normalise(): void {
		while (this.#range <= BOTTOM) {
			const high = this.#bytes[this.#offset] ?? 0;
			const low = this.#bytes[this.#offset + 1] ?? 0;
			this.#offset++;
			this.#code = (this.#code << 8) | (((high << 6) | (low >> 2)) & 0xff);
			this.#range <<= 8;
		}
	}
}
