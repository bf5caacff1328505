/** The chip's hash under what records: whatever the chip says, the digest is the right one. */
import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { createChipSha256 } from "../../../src/firmware/board/memory.js";
import type { Native } from "../../../src/firmware/board/native.js";

const PARTS = [Uint8Array.of(1, 2, 3), Uint8Array.of(4)] as const;
const RIGHT = createHash("sha256")
	.update(Uint8Array.of(1, 2, 3, 4))
	.digest("hex");

/** The chip's functions by Node's hash; `status` says what each digest ends with, and a failed one is 32 zeros. */
function chip(status: () => number): Native {
	const state = { hash: createHash("sha256") };
	return {
		station_hash_begin: () => {
			state.hash = createHash("sha256");
		},
		station_hash_add: (from: ArrayBuffer, offset: number, byteLength: number) => {
			state.hash.update(new Uint8Array(from, offset, byteLength));
		},
		station_hash_end: (into: ArrayBuffer) => {
			const code = status();
			new Uint8Array(into).set(code === 0 ? state.hash.digest() : new Uint8Array(32));
			return code;
		},
	} as unknown as Native;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("the chip's SHA-256", () => {
	it("is the chip's own where that is right", () => {
		const calls = { count: 0 };
		const sha256 = createChipSha256(
			chip(() => {
				calls.count++;
				return 0;
			}),
		);
		const before = calls.count;
		assert.equal(hex(sha256(...PARTS)), RIGHT);
		assert.equal(calls.count, before + 1);
	});

	it("is the portable one where the library has none, as in an image with other parts", () => {
		assert.equal(hex(createChipSha256(chip(() => -134))(...PARTS)), RIGHT);
	});

	it("is the portable one for a digest that the chip begins to refuse, and no zeros in the chain", () => {
		const state = { status: 0 };
		const sha256 = createChipSha256(chip(() => state.status));
		assert.equal(hex(sha256(...PARTS)), RIGHT);
		state.status = -141;
		assert.equal(hex(sha256(...PARTS)), RIGHT);
	});
});
