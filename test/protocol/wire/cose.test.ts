import { strict as assert } from "node:assert";
import { createHash, generateKeyPairSync, sign, verify } from "node:crypto";
import { decode, Tagged } from "cborg";
import { StationError } from "../../../src/core/errors.js";
import { SeededRandom } from "../../../src/core/random.js";
import { createSha256 } from "../../../src/core/sha256.js";
import { decodeBatch, encodeBatch } from "../../../src/protocol/wire/batch.js";
import { decodeSign1, encodeSign1, toBeSigned } from "../../../src/protocol/wire/cose.js";
import { randomEntries } from "../../support/data/random-entries.js";

const OPTIONS = {
	useMaps: true,
	strict: true,
	tags: Tagged.preserve(18),
};

/** A station's envelope, signed by Node's own ECDSA. */
function signedBatch(): { envelope: Uint8Array; key: ReturnType<typeof generateKeyPairSync> } {
	const range = { epoch: 77, first: 5, count: 12 };
	const payload = encodeBatch({
		station: "bor-1",
		epoch: 77,
		first: 5,
		floor: 2,
		previous: new Uint8Array(32).fill(9),
		entries: randomEntries(new SeededRandom(4), range),
	});
	const key = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const signature = sign("sha256", toBeSigned(payload), {
		key: key.privateKey,
		dsaEncoding: "ieee-p1363",
	});
	return { envelope: encodeSign1(payload, signature), key };
}

describe("envelope", () => {
	it("is read and verified by a CBOR library and a crypto library that are not ours", () => {
		const { envelope, key } = signedBatch();
		const tagged = decode(envelope, OPTIONS) as Tagged;
		assert.ok(tagged instanceof Tagged);
		assert.equal(tagged.tag, 18);
		const [protectedHeader, unprotected, payload, signature] = tagged.value as [
			Uint8Array,
			Map<unknown, unknown>,
			Uint8Array,
			Uint8Array,
		];
		assert.deepEqual(decode(protectedHeader, OPTIONS), new Map([[1, -7]]));
		assert.equal(unprotected.size, 0);
		// Sig_structure built here by hand, from RFC 9052 section 4.4.
		const head = Buffer.concat([
			Buffer.of(0x84, 0x6a),
			Buffer.from("Signature1"),
			Buffer.of(0x43, ...protectedHeader, 0x40),
			payload.length < 256
				? Buffer.of(0x58, payload.length)
				: Buffer.of(0x59, payload.length >> 8, payload.length & 255),
			payload,
		]);
		const verifyKey = { key: key.publicKey, dsaEncoding: "ieee-p1363" as const };
		assert.ok(verify("sha256", head, verifyKey, signature));
		const items = decode(payload, OPTIONS) as unknown[];
		assert.deepEqual(items.slice(0, 7), [1, 1, "bor-1", 77, 5, 12, 2]);
		assert.deepEqual(items[7], new Uint8Array(32).fill(9));
		assert.equal(decodeBatch(payload).entries.length, 12);
	});

	it("fails verification when any byte of payload or signature is flipped", () => {
		const { envelope, key } = signedBatch();
		const verifyKey = { key: key.publicKey, dsaEncoding: "ieee-p1363" as const };
		for (let index = 0; index < envelope.length; index++) {
			const flipped = envelope.slice();
			flipped[index] = (flipped[index] ?? 0) ^ 0x10;
			let isValid = false;
			try {
				const opened = decodeSign1(flipped);
				isValid = verify("sha256", opened.toBeSigned, verifyKey, opened.signature);
			} catch (error) {
				assert.ok(error instanceof StationError);
			}
			assert.equal(isValid, false, `byte ${index}`);
		}
	});

	it("names the key in its protected header where it is not the usual one, in one encoding only", () => {
		const keyId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
		const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
		const payload = Uint8Array.of(0x01);
		const dsaEncoding = "ieee-p1363" as const;
		const signed = toBeSigned(payload, keyId);
		const signature = sign("sha256", signed, { key: privateKey, dsaEncoding });
		const envelope = encodeSign1(payload, signature, keyId);
		// Read by another library; the header is deterministic CBOR of {1: -7, 4: id}.
		const [header] = (decode(envelope, OPTIONS) as Tagged).value as [Uint8Array];
		assert.equal(Buffer.from(header).toString("hex"), "a2012604480102030405060708");
		assert.deepEqual(
			decode(header, OPTIONS),
			new Map<number, unknown>([
				[1, -7],
				[4, keyId],
			]),
		);
		const byHand = Buffer.concat([
			Buffer.from("846a5369676e6174757265314d", "hex"),
			header,
			Buffer.from("404101", "hex"),
		]);
		assert.ok(verify("sha256", byHand, { key: publicKey, dsaEncoding }, signature));
		const opened = decodeSign1(envelope);
		assert.deepEqual(opened.keyId, keyId);
		assert.deepEqual(opened.toBeSigned, new Uint8Array(byHand));
		// A shorter id, another header parameter, another order: no envelope.
		for (const other of [
			"a20126044707080102030405",
			"a2012605480102030405060708",
			"a2044801020304050607080126",
		]) {
			const bytes = Buffer.from(other, "hex");
			const altered = Buffer.concat([
				Buffer.of(0xd2, 0x84, 0x40 + bytes.length),
				bytes,
				envelope.subarray(16),
			]);
			assert.throws(() => decodeSign1(new Uint8Array(altered)), { code: "batch-malformed" });
		}
		assert.equal(decodeSign1(encodeSign1(payload, signature)).keyId, undefined);
	});

	it("hashes to what Node's SHA-256 of the Sig_structure is", () => {
		const payload = Uint8Array.of(1, 2, 3);
		const ours = createSha256()(toBeSigned(payload));
		const theirs = createHash("sha256").update(toBeSigned(payload)).digest();
		assert.deepEqual(ours, new Uint8Array(theirs));
	});
});
