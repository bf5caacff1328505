import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { VirtualClock } from "../../sim/board/clock.js";
import {
	createKeyedHashSigner,
	createKeyedHashVerifier,
	KeyOperations,
	keyedHashPublicKey,
} from "../../sim/keys/keyed-hash-signer.js";
import { createNodeSigner, createNodeVerifier } from "../../sim/shell/node-signer.js";
import { bytesOfHex, hexOf } from "../../src/core/bytes.js";
import { createSha256 } from "../../src/core/sha256.js";
import type { Signer, Verifier } from "../../src/firmware/ports.js";

const bytes = (hex: string): Uint8Array => bytesOfHex(hex) ?? assert.fail("no hex");
const digestOf = (text: string): Uint8Array =>
	new Uint8Array(createHash("sha256").update(text).digest());

/** RFC 6979 A.2.5: P-256 with SHA-256. */
const PRIVATE_KEY = bytes("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721");
const PUBLIC_KEY = "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
const VECTORS = [
	[
		"sample",
		"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
		"f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
	],
	[
		"test",
		"f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
		"019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
	],
] as const;

function signNow(signer: Signer, clock: VirtualClock, digest: Uint8Array): Uint8Array {
	let result: Uint8Array | undefined;
	signer.sign(digest, (error, signature) => {
		assert.equal(error, null);
		result = signature;
	});
	assert.equal(result, undefined, "called back before the call returned");
	while (clock.runNext());
	return result ?? assert.fail("no signature");
}

function verifyNow(
	verifier: Verifier,
	clock: VirtualClock,
	publicKey: Uint8Array,
	digest: Uint8Array,
	signature: Uint8Array,
): boolean {
	let result: boolean | undefined;
	verifier.verify(publicKey, digest, signature, (_error, isValid) => {
		result = isValid;
	});
	assert.equal(result, undefined, "called back before the call returned");
	while (clock.runNext());
	return result ?? assert.fail("no verdict");
}

describe("ES256 of simulated stations", () => {
	it("signs as RFC 6979 A.2.5 prints it, large s and all", () => {
		const clock = new VirtualClock();
		const signer = createNodeSigner(PRIVATE_KEY, new KeyOperations(clock));
		assert.equal(hexOf(signer.publicKey), PUBLIC_KEY);
		for (const [message, r, s] of VECTORS) {
			assert.equal(hexOf(signNow(signer, clock, digestOf(message))), r + s);
		}
	});
});

const sha256 = createSha256();
const kinds: [string, (operations: KeyOperations) => [Signer, Verifier]][] = [
	[
		"ES256",
		(operations) => [createNodeSigner(PRIVATE_KEY, operations), createNodeVerifier(operations)],
	],
	[
		"the keyed-hash stand-in",
		(operations) => [
			createKeyedHashSigner(keyedHashPublicKey(Uint8Array.of(1), sha256), sha256, operations),
			createKeyedHashVerifier(sha256, operations),
		],
	],
];

for (const [name, create] of kinds) {
	describe(`signer and verifier: ${name}`, () => {
		it("agree, and refuse another key, digest or signature", () => {
			const clock = new VirtualClock();
			const [signer, verifier] = create(new KeyOperations(clock));
			const digest = digestOf("water");
			const signature = signNow(signer, clock, digest);
			assert.equal(signature.length, 64);
			const key = signer.publicKey;
			assert.equal(verifyNow(verifier, clock, key, digest, signature), true);
			const other = digestOf("wine");
			assert.equal(verifyNow(verifier, clock, key, other, signature), false);
			const flipped = signature.slice();
			flipped[40] = (flipped[40] ?? 0) ^ 1;
			assert.equal(verifyNow(verifier, clock, key, digest, flipped), false);
			const foreign = key.slice();
			foreign[5] = (foreign[5] ?? 0) ^ 1;
			assert.equal(verifyNow(verifier, clock, foreign, digest, signature), false);
		});

		it("do not call back after being cancelled, nor after the power has gone", () => {
			const clock = new VirtualClock();
			const operations = new KeyOperations(clock);
			const [signer] = create(operations);
			let calls = 0;
			signer.sign(digestOf("a"), () => calls++).cancel();
			signer.sign(digestOf("b"), () => calls++);
			operations.kill();
			while (clock.runNext());
			assert.equal(calls, 0);
		});
	});
}
