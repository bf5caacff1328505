import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { crc32 as zlibCrc32 } from "node:zlib";
import { asciiBytes, bytesOfHex, equalBytes, hexOf } from "../../src/core/bytes.js";
import { crc32, crc32OfUint32 } from "../../src/core/crc32.js";
import { exp, log, pow } from "../../src/core/elementary.js";
import { fraction, integerBelow, SeededRandom } from "../../src/core/random.js";
import { createSha256 } from "../../src/core/sha256.js";

describe("bytes", () => {
	it("turns hexadecimal into bytes and back, and refuses what is not hexadecimal", () => {
		assert.deepEqual(bytesOfHex("00fFa0"), Uint8Array.of(0, 255, 160));
		assert.equal(hexOf(Uint8Array.of(0, 255, 160)), "00ffa0");
		assert.equal(bytesOfHex("0"), undefined);
		assert.equal(bytesOfHex("0g"), undefined);
	});

	it("compares contents, not identity", () => {
		assert.equal(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2)), true);
		assert.equal(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3)), false);
		assert.equal(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 3)), false);
	});
});

describe("CRC-32", () => {
	it("gives the check value of the catalogue", () => {
		assert.equal(crc32(asciiBytes("123456789")), 0xcbf43926);
	});

	it("continues a CRC, so that a seed need not be joined to the data", () => {
		const whole = asciiBytes("the Pek at Kucevo");
		const seed = crc32(whole, 0, 7);
		assert.equal(crc32(whole, 7, whole.length, seed), crc32(whole));
	});

	it("agrees with zlib", () => {
		const random = new SeededRandom(1);
		for (let length = 0; length < 100; length++) {
			const bytes = Uint8Array.from({ length }, () => integerBelow(random, 256));
			assert.equal(crc32(bytes), zlibCrc32(bytes));
		}
	});

	it("is the same from any byte to any byte, after any CRC, and of a word", () => {
		const bytes = Uint8Array.from({ length: 23 }, (_, index) => (index * 151 + 0x85) & 0xff);
		for (let first = 0; first < 9; first++) {
			for (let end = first; end <= bytes.length; end++) {
				for (const previous of [0, 1, 0xdeadbeef]) {
					const part = bytes.subarray(first, end);
					assert.equal(crc32(bytes, first, end, previous), zlibCrc32(part, previous));
				}
			}
		}
		for (const word of [0, 1, 0x12345678, 0x80000000, 0xffffffff]) {
			const part = new Uint8Array(4);
			new DataView(part.buffer).setUint32(0, word, true);
			assert.equal(crc32OfUint32(word), zlibCrc32(part));
		}
	});
});

describe("SHA-256", () => {
	it("agrees with another implementation over every length around its block size", () => {
		const sha256 = createSha256();
		const random = new SeededRandom(2);
		for (let length = 0; length < 200; length++) {
			const bytes = Uint8Array.from({ length }, () => integerBelow(random, 256));
			const cut = integerBelow(random, length + 1);
			const digest = sha256(bytes.subarray(0, cut), bytes.subarray(cut));
			assert.equal(hexOf(digest), createHash("sha256").update(bytes).digest("hex"));
		}
	});
});

describe("elementary functions", () => {
	it("are within 4e-16 of the engine's own over their range", () => {
		const random = new SeededRandom(3);
		for (let count = 0; count < 20_000; count++) {
			const x = (fraction(random) - 0.5) * 1400;
			assert.ok(Math.abs(exp(x) / Math.exp(x) - 1) < 4e-16, `exp ${x}`);
			const y = Math.exp((fraction(random) - 0.5) * 200);
			const scale = Math.max(1, Math.abs(Math.log(y)));
			assert.ok(Math.abs(log(y) - Math.log(y)) < 4e-16 * scale, `log ${y}`);
		}
	});

	it("know the ends of their range", () => {
		assert.equal(exp(-800), 0);
		assert.equal(exp(800), Number.POSITIVE_INFINITY);
		assert.equal(exp(0), 1);
		assert.equal(log(0), Number.NEGATIVE_INFINITY);
		assert.ok(Number.isNaN(log(-1)));
		assert.ok(Number.isNaN(exp(Number.NaN)));
		assert.equal(pow(2, 10), 1024);
	});
});
