/**
 * Bit strings, most significant bit first, with exponential Golomb codes: order k writes v as
 * q = floor(v / 2^k) + 1 in n bits after n - 1 zeros, then the low k bits of v. Short for small
 * numbers, possible for all of 0 .. 2^32 - 1, and without tables.
 */

/** Writes into `bytes` between two bit positions; once it is full it stays full. */
export class BitWriter {
	readonly #bytes: Uint8Array;
	readonly #endBit: number;
	#bit: number;
	#isFull = false;

	/** The range must hold zeros; it is not cleared. */
	constructor(bytes: Uint8Array, firstBit: number, endBit: number) {
		this.#bytes = bytes;
		this.#bit = firstBit;
		this.#endBit = endBit;
	}

	/** Something did not fit: what was written is worth nothing. */
	get isFull(): boolean {
		return this.#isFull;
	}

	/** The low `count` bits (0..32) of `value`. */
	put(value: number, count: number): void {
		if (this.#bit + count > this.#endBit) {
			this.#isFull = true;
			return;
		}
		for (let shift = count - 1; shift >= 0; shift--) {
			if ((value >>> shift) & 1) {
				const index = this.#bit >>> 3;
				this.#bytes[index] = (this.#bytes[index] ?? 0) | (0x80 >>> (this.#bit & 7));
			}
			this.#bit++;
		}
	}

	/** Exponential Golomb code of order `order` (0..15) of `value` 0 .. 2^32 - 1. */
	putGolomb(value: number, order: number): void {
		const quotient = (value >>> order) + 1;
		const length = bitLengthOf(quotient);
		this.put(0, length - 1);
		this.put(1, 1);
		// 2^32 in 33 bits drops its leading one here, which was written above.
		this.put(quotient >>> 0, length - 1);
		this.put(value, order);
	}

	/** A signed 32-bit value, zigzag mapped: 0, -1, 1, -2 ... become 0, 1, 2, 3 ... */
	putSigned(value: number, order: number): void {
		this.putGolomb(zigzagOf(value), order);
	}
}

/** Reads what BitWriter wrote; past the end it gives zeros and says so. */
export class BitReader {
	readonly #bytes: Uint8Array;
	readonly #endBit: number;
	#bit: number;
	#isSpent = false;

	constructor(bytes: Uint8Array, firstBit: number, endBit: number) {
		this.#bytes = bytes;
		this.#bit = firstBit;
		this.#endBit = endBit;
	}

	/** More was asked for than there is, or a code was none: what was read is worth nothing. */
	get isSpent(): boolean {
		return this.#isSpent;
	}

	take(count: number): number {
		if (this.#bit + count > this.#endBit) {
			this.#isSpent = true;
			return 0;
		}
		let value = 0;
		let left = count;
		while (left > 0) {
			// As many bits as this byte still has, or as are wanted.
			const inByte = 8 - (this.#bit & 7);
			const bits = Math.min(left, inByte);
			const byte = this.#bytes[this.#bit >>> 3] ?? 0;
			value = (value << bits) | ((byte >>> (inByte - bits)) & ((1 << bits) - 1));
			this.#bit += bits;
			left -= bits;
		}
		return value >>> 0;
	}

	takeGolomb(order: number): number {
		let zeros = 0;
		while (!this.#isSpent && this.take(1) === 0) zeros++;
		if (zeros > 32) this.#isSpent = true;
		if (this.#isSpent) return 0;
		// Arithmetic, not shifts: the quotient may be 2^32.
		const quotient = powerOfTwo(zeros) + this.take(zeros) - 1;
		const value = quotient * powerOfTwo(order) + this.take(order);
		if (value > 0xffffffff) this.#isSpent = true;
		return value;
	}

	takeSigned(order: number): number {
		const zigzag = this.takeGolomb(order);
		return (zigzag >>> 1) ^ -(zigzag & 1);
	}

	/** True when every bit that is left is zero, as an honest writer leaves them. */
	get restIsZero(): boolean {
		while (this.#bit < this.#endBit) {
			if (this.take(Math.min(this.#endBit - this.#bit, 32)) !== 0) return false;
		}
		return true;
	}
}

/** Zigzag of a signed 32-bit value: 0 .. 2^32 - 1. */
export function zigzagOf(value: number): number {
	return ((value << 1) ^ (value >> 31)) >>> 0;
}

/** Bits of a positive integer up to 2^32. */
export function bitLengthOf(value: number): number {
	return value > 0xffffffff ? 33 : 32 - Math.clz32(value);
}

function powerOfTwo(exponent: number): number {
	return exponent < 31 ? 1 << exponent : exponent === 31 ? 0x80000000 : 0x100000000;
}
