import { strict as assert } from "node:assert";
import { SeededRandom } from "../../src/core/random.js";
import { HashTable } from "../support/collectors/hash-table.js";
import { HeadTable } from "../support/collectors/head-table.js";

const random = new SeededRandom(11);
const drawn = (): Uint8Array => Uint8Array.from({ length: 32 }, () => random.uint32() >>> 24);

describe("the flat tables of the store in memory", () => {
	it("hold every hash once and no other, as a set does", () => {
		const table = new HashTable();
		const held = new Set<string>();
		// Every fourth begins like the one before: they fight for one place.
		let hash = drawn();
		for (let count = 0; count < 5000; count++) {
			const next = drawn();
			if (count % 4 === 3) next.set(hash.subarray(0, 28));
			hash = next;
			assert.equal(table.has(hash), false);
			table.add(hash);
			table.add(hash);
			held.add(Buffer.from(hash).toString("hex"));
			const other = hash.slice();
			other[31] = (other[31] ?? 0) ^ 1;
			assert.equal(table.has(other), held.has(Buffer.from(other).toString("hex")));
		}
		for (const text of held) assert.ok(table.has(Buffer.from(text, "hex")), text);
		assert.equal(held.size, 5000);
	});

	it("keep a copy, take a hash of zeros for one, and refuse what is none", () => {
		const table = new HashTable();
		const hash = new Uint8Array(32);
		assert.equal(table.has(hash), false);
		table.add(hash);
		assert.equal(table.has(hash), true);
		hash[0] = 1;
		assert.equal(table.has(hash), false);
		assert.throws(() => table.add(new Uint8Array(31)), /a hash of 31 bytes/);
	});

	it("hold the first head of each sequence, far apart or not", () => {
		const table = new HeadTable();
		const heads = new Map<number, Uint8Array>();
		for (const sequence of [0, 1, 2, 255, 256, 257, 100_000, 99_999, 3]) {
			const head = drawn();
			table.add(sequence, head);
			table.add(sequence, drawn());
			heads.set(sequence, head);
		}
		for (const [sequence, head] of heads) assert.deepEqual(table.get(sequence), head);
		for (const sequence of [4, 254, 99_998, 100_001, 5_000_000]) {
			assert.equal(table.has(sequence), false);
			assert.equal(table.get(sequence), undefined);
		}
		assert.throws(() => table.add(5_000_000, drawn()), /5000000 in memory/);
	});
});
