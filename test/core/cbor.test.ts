import { strict as assert } from "node:assert";
import { decode, encode } from "cborg";
import { hexOf } from "../../src/core/bytes.js";
import { CborReader, CborWriter } from "../../src/core/cbor.js";

const EDGES = [
	0,
	23,
	24,
	255,
	256,
	65_535,
	65_536,
	4_294_967_295,
	4_294_967_296,
	2 ** 53 - 1,
] as const;

const readerOf = (bytes: Uint8Array): CborReader =>
	new CborReader(bytes, (what) => new Error(what));

describe("CBOR", () => {
	it("writes integers, strings, arrays and null as another library does", () => {
		for (const value of EDGES) {
			assert.equal(hexOf(new CborWriter().unsigned(value).finish()), hexOf(encode(value)));
		}
		for (const length of [0, 23, 24, 300]) {
			const bytes = new Uint8Array(length).fill(5);
			assert.deepEqual(decode(new CborWriter().bytes(bytes).finish()), bytes);
			const text = "x".repeat(length);
			assert.equal(decode(new CborWriter().text(text).finish()), text);
		}
		const array = new CborWriter().array(2).null().array(0).finish();
		assert.deepEqual(decode(array), [null, []]);
	});

	it("reads back what it wrote, up to the caller's limit", () => {
		for (const value of EDGES) {
			const bytes = new CborWriter().unsigned(value).finish();
			assert.equal(readerOf(bytes).unsigned(Number.MAX_SAFE_INTEGER), value);
			if (value > 0) assert.throws(() => readerOf(bytes).unsigned(value - 1), /above/);
		}
	});

	it("refuses longer forms, indefinite lengths, other types and early ends", () => {
		assert.throws(() => readerOf(Uint8Array.of(0x18, 23)).unsigned(99), /longer/);
		assert.throws(() => readerOf(Uint8Array.of(0x19, 0, 255)).unsigned(999), /longer/);
		assert.throws(
			() => readerOf(Uint8Array.of(0x1b, 0, 0, 0, 0, 255, 0, 0, 0)).unsigned(2 ** 40),
			/longer/,
		);
		assert.throws(() => readerOf(Uint8Array.of(0x5f, 0xff)).bytes(0, 9), /indefinite/);
		assert.throws(() => readerOf(Uint8Array.of(0x9f, 0xff)).array(9), /indefinite/);
		assert.throws(() => readerOf(Uint8Array.of(0x61, 0x61)).bytes(0, 9), /byte 97/);
		assert.throws(() => readerOf(Uint8Array.of(0x43, 1, 2)).bytes(0, 9), /beyond the end/);
		assert.throws(() => readerOf(Uint8Array.of(0x1a, 1, 2)).unsigned(2 ** 32), /too early/);
		assert.throws(() => readerOf(Uint8Array.of(0x62, 0xc3, 0xa9)).text(9), /ASCII/);
		assert.throws(
			() => readerOf(Uint8Array.of(0x1b, 255, 255, 255, 255, 255, 255, 255, 255)).unsigned(2 ** 53),
			/above/,
		);
	});
});
