import { strict as assert } from "node:assert";
import { fraction, integerBelow, SeededRandom } from "../../src/core/random.js";
import { Contexts, RangeDecoder, RangeEncoder } from "../../src/core/range-coder.js";

/** Decisions of several contexts with skewed chances, and raw integers in between. */
function decisions(seed: number): { context: number; bit: number; rawBits: number; raw: number }[] {
	const random = new SeededRandom(seed);
	const skews = Array.from({ length: 6 }, () => fraction(random) ** 4);
	return Array.from({ length: integerBelow(random, 3000) }, () => {
		const context = integerBelow(random, skews.length);
		const rawBits = integerBelow(random, 8) === 0 ? integerBelow(random, 33) : 0;
		return {
			context,
			bit: fraction(random) < (skews[context] ?? 0) ? 1 : 0,
			rawBits,
			raw: integerBelow(random, 2 ** rawBits),
		};
	});
}

function encode(list: ReturnType<typeof decisions>): Uint8Array {
	const encoder = new RangeEncoder();
	const contexts = new Contexts(6);
	for (const { context, bit, rawBits, raw } of list) {
		encoder.bit(contexts, context, bit);
		encoder.raw(rawBits, raw);
	}
	return encoder.finish();
}

describe("range coder", () => {
	it("gives every decision back and has used up its bytes then", () => {
		const start = Date.now() >>> 0;
		for (let seed = start; seed < start + 200; seed++) {
			const list = decisions(seed);
			const decoder = new RangeDecoder(encode(list));
			const contexts = new Contexts(6);
			for (const { context, bit, rawBits, raw } of list) {
				assert.equal(decoder.bit(contexts, context, 0), bit, `seed ${seed}`);
				assert.equal(decoder.raw(rawBits, 0), raw, `seed ${seed}`);
			}
			assert.ok(decoder.isSpent, `seed ${seed}`);
		}
	});

	it("comes close to the entropy, the closer the less skewed the source is", () => {
		const random = new SeededRandom(1);
		const count = 100_000;
		for (const [probability, margin] of [
			[0.5, 1.02],
			[0.1, 1.03],
			[0.01, 1.12],
		] as const) {
			const encoder = new RangeEncoder();
			const contexts = new Contexts(1);
			let ones = 0;
			for (let index = 0; index < count; index++) {
				const bit = fraction(random) < probability ? 1 : 0;
				ones += bit;
				encoder.bit(contexts, 0, bit);
			}
			const p = ones / count;
			const entropyBytes = (-count * (p * Math.log2(p) + (1 - p) * Math.log2(1 - p))) / 8;
			const bytes = encoder.finish().length;
			assert.ok(bytes < margin * entropyBytes + 8, `${bytes} of ${entropyBytes} at ${p}`);
		}
	});

	it("needs no byte for nothing and decodes nothing from none", () => {
		assert.equal(new RangeEncoder().finish().length, 0);
		assert.ok(new RangeDecoder(new Uint8Array(0)).isSpent);
	});
});
