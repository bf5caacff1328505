import { strict as assert } from "node:assert";
import { integerBelow, SeededRandom } from "../../../src/core/random.js";
import { BitReader, BitWriter } from "../../../src/protocol/flash/bits.js";

describe("bit strings", () => {
	it("write 0, 1, 2 and 7 of order 0 as 1, 010, 011 and 0001000", () => {
		const bytes = new Uint8Array(2);
		const writer = new BitWriter(bytes, 0, 16);
		for (const value of [0, 1, 2, 7]) writer.putGolomb(value, 0);
		// 1 010 011 0001000 and two bits of rest.
		assert.deepEqual([...bytes], [0b10100110, 0b00100000]);
	});

	it("give back every number of 32 bits in every order, between any bits", () => {
		const seed = 77;
		const random = new SeededRandom(seed);
		const values = [0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
		for (let count = 0; count < 300; count++) values.push(random.uint32() >>> (count % 32));
		for (const value of values) {
			const order = integerBelow(random, 16);
			const first = integerBelow(random, 20);
			const bytes = new Uint8Array(20);
			const writer = new BitWriter(bytes, first, 160);
			writer.putGolomb(value, order);
			writer.putSigned(value | 0, order);
			const reader = new BitReader(bytes, first, 160);
			assert.equal(reader.takeGolomb(order), value, `seed ${seed}, order ${order}`);
			assert.equal(reader.takeSigned(order), value | 0, `seed ${seed}, order ${order}`);
			assert.equal(reader.isSpent || writer.isFull, false);
			assert.equal(reader.restIsZero, true);
		}
	});

	it("say when they are full, and when more is read than was there", () => {
		const writer = new BitWriter(new Uint8Array(1), 0, 8);
		writer.put(1, 9);
		assert.equal(writer.isFull, true);
		const reader = new BitReader(new Uint8Array(8), 0, 64);
		reader.takeGolomb(0);
		assert.equal(reader.isSpent, true);
	});
});
