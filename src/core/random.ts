/**
 * Seeded random numbers for simulations and jitter: xoshiro128** (Blackman and Vigna, "Scrambled linear
 * pseudorandom number generators", 2021), seeded by splitmix32. 32-bit integer arithmetic only,
 * so that every engine draws the same. Not for keys.
 */

/** A source of uniform 32-bit numbers. */
export interface RandomSource {
	/** Next number, 0 .. 2^32 - 1. */
	uint32(): number;
}

export class SeededRandom implements RandomSource {
	readonly #state: Uint32Array;

	/** `seed` 0 .. 2^32 - 1; or a state saved by `save`. */
	constructor(seed: number | Uint32Array) {
		this.#state = new Uint32Array(4);
		if (typeof seed !== "number") {
			this.#state.set(seed);
			return;
		}
		let mixed = seed >>> 0;
		for (let index = 0; index < 4; index++) {
			mixed = (mixed + 0x9e3779b9) >>> 0;
			let word = mixed ^ (mixed >>> 16);
			word = Math.imul(word, 0x21f0aaad);
			word ^= word >>> 15;
			word = Math.imul(word, 0x735a2d97);
			this.#state[index] = word ^ (word >>> 15);
		}
	}

	uint32(): number {
		const state = this.#state as unknown as [number, number, number, number];
		const scrambled = Math.imul(rotateLeft(Math.imul(state[1], 5), 7), 9) >>> 0;
		const shifted = state[1] << 9;
		state[2] ^= state[0];
		state[3] ^= state[1];
		state[1] ^= state[2];
		state[0] ^= state[3];
		state[2] ^= shifted;
		state[3] = rotateLeft(state[3], 11);
		return scrambled;
	}

	/** A copy of the state: four words. */
	save(): Uint32Array {
		return this.#state.slice();
	}
}

/** Uniform in [0, 1), 53 bits. */
export function fraction(random: RandomSource): number {
	const high = random.uint32() >>> 5;
	const low = random.uint32() >>> 6;
	return (high * 67108864 + low) / 9007199254740992;
}

/** Uniform integer in 0 .. `count` - 1; `count` 1 .. 2^32. */
export function integerBelow(random: RandomSource, count: number): number {
	return Math.floor(fraction(random) * count);
}

/**
 * Near-normal deviate, mean 0 and standard deviation 1: the sum of twelve uniforms less six, which
 * needs no logarithm and so agrees between engines; its tails end at 6.
 */
export function normal(random: RandomSource): number {
	let sum = -6;
	for (let index = 0; index < 12; index++) sum += random.uint32() / 4294967296;
	return sum;
}

/** A seed for a named stream of its own, so that adding one consumer does not shift another. */
export function seedOf(seed: number, name: string): number {
	let hash = (0x811c9dc5 ^ seed) >>> 0;
	for (let index = 0; index < name.length; index++) {
		hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193) >>> 0;
	}
	return hash;
}

function rotateLeft(word: number, bits: number): number {
	return (word << bits) | (word >>> (32 - bits));
}
