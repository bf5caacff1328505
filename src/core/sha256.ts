/**
 * SHA-256 (FIPS 180-4) in plain TypeScript: the reference for the simulator, the checkers and XS
 * without hardware. The board may put the chip's own unit under the same function type.
 */

const ROUND_CONSTANTS: Readonly<Int32Array> = new Int32Array([
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

const INITIAL_STATE: Readonly<Int32Array> = new Int32Array([
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

/**
 * Makes a hash function with work buffers of its own (320 bytes), so that hashing a frame allocates
 * nothing but the digest and two stations share no state. One long function: what it divides into would reach the
 * buffers through fields, and the journal's chain hashes every entry of a sector when it is opened.
 */
export function createSha256(): (...parts: readonly Uint8Array[]) => Uint8Array {
	const block = new Uint8Array(64);
	const words = new Int32Array(64);
	const state = new Int32Array(8);

	const compress = (): void => {
		for (let index = 0; index < 16; index++) {
			const at = index * 4;
			words[index] =
				((block[at] ?? 0) << 24) |
				((block[at + 1] ?? 0) << 16) |
				((block[at + 2] ?? 0) << 8) |
				(block[at + 3] ?? 0);
		}
		for (let index = 16; index < 64; index++) {
			const w15 = words[index - 15] ?? 0;
			const w2 = words[index - 2] ?? 0;
			const s0 = ((w15 >>> 7) | (w15 << 25)) ^ ((w15 >>> 18) | (w15 << 14)) ^ (w15 >>> 3);
			const s1 = ((w2 >>> 17) | (w2 << 15)) ^ ((w2 >>> 19) | (w2 << 13)) ^ (w2 >>> 10);
			words[index] = ((words[index - 16] ?? 0) + s0 + (words[index - 7] ?? 0) + s1) | 0;
		}
		let a = state[0] ?? 0;
		let b = state[1] ?? 0;
		let c = state[2] ?? 0;
		let d = state[3] ?? 0;
		let e = state[4] ?? 0;
		let f = state[5] ?? 0;
		let g = state[6] ?? 0;
		let h = state[7] ?? 0;
		for (let index = 0; index < 64; index++) {
			const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
			const choice = (e & f) ^ (~e & g);
			const t1 = (h + s1 + choice + (ROUND_CONSTANTS[index] ?? 0) + (words[index] ?? 0)) | 0;
			const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
			const majority = (a & b) ^ (a & c) ^ (b & c);
			const t2 = (s0 + majority) | 0;
			h = g;
			g = f;
			f = e;
			e = (d + t1) | 0;
			d = c;
			c = b;
			b = a;
			a = (t1 + t2) | 0;
		}
		state[0] = (state[0] ?? 0) + a;
		state[1] = (state[1] ?? 0) + b;
		state[2] = (state[2] ?? 0) + c;
		state[3] = (state[3] ?? 0) + d;
		state[4] = (state[4] ?? 0) + e;
		state[5] = (state[5] ?? 0) + f;
		state[6] = (state[6] ?? 0) + g;
		state[7] = (state[7] ?? 0) + h;
	};

	return (...parts) => {
		state.set(INITIAL_STATE);
		let lengthBytes = 0;
		let filled = 0;
		for (const part of parts) {
			lengthBytes += part.length;
			for (let index = 0; index < part.length; index++) {
				block[filled++] = part[index] ?? 0;
				if (filled === 64) {
					compress();
					filled = 0;
				}
			}
		}
		block[filled++] = 0x80;
		if (filled > 56) {
			while (filled < 64) block[filled++] = 0;
			compress();
			filled = 0;
		}
		while (filled < 56) block[filled++] = 0;
		// Length in bits, 64-bit big-endian; inputs here stay far below 2^53 bits.
		put(block, 56, Math.floor(lengthBytes / 0x20000000));
		put(block, 60, lengthBytes << 3);
		compress();
		const digest = new Uint8Array(32);
		for (let index = 0; index < 8; index++) put(digest, index * 4, state[index] ?? 0);
		return digest;
	};
}

/** A word, big-endian: without a `DataView`, which costs more to make than a digest to write. */
function put(bytes: Uint8Array, at: number, word: number): void {
	bytes[at] = word >>> 24;
	bytes[at + 1] = word >>> 16;
	bytes[at + 2] = word >>> 8;
	bytes[at + 3] = word;
}
