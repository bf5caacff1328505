/** Malformed inputs for parsers: noise, and good samples with seeded damage. */
import { integerBelow, type RandomSource } from "../../../src/core/random.js";

/** Noise one time in four; else a sample with bits flipped, bytes replaced, cut, doubled or stretched. */
export function damaged(random: RandomSource, samples: readonly Uint8Array[]): Uint8Array {
	const below = (count: number): number => integerBelow(random, count);
	if (below(4) === 0) return Uint8Array.from({ length: below(300) }, () => below(256));
	let bytes = (samples[below(samples.length)] ?? new Uint8Array(0)).slice();
	for (let damage = 1 + below(3); damage > 0; damage--) {
		const at = below(Math.max(bytes.length, 1));
		switch (below(5)) {
			case 0:
				bytes = bytes.slice(0, at);
				break;
			case 1: {
				const stretched = new Uint8Array(bytes.length + 1 + below(8));
				stretched.set(bytes.subarray(0, at));
				stretched.set(bytes.subarray(at), stretched.length - (bytes.length - at));
				bytes = stretched;
				break;
			}
			case 2:
				if (bytes.length > 0) bytes[at] = below(256);
				break;
			default:
				if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
		}
	}
	return bytes;
}
