/**
 * The signed envelope: COSE_Sign1 (RFC 9052 section 4.2), tag 18, ES256, protected header
 * {1: -7}, and a key id in it where the signer is not the usual one; no unprotected header, no
 * external data. Any COSE library reads it. Ours accepts these two encodings only, so that an envelope and its
 * content are one to one but for the signature.
 */
import { CborReader, CborWriter } from "../../core/cbor.js";
import { assert, StationError } from "../../core/errors.js";
import type { Hash } from "../record/chain.js";

/** Largest envelope either side takes: a payload of 16 KiB and its frame fit. */
export const ENVELOPE_BYTES_MAX = 17 * 1024;
const PAYLOAD_BYTES_MAX = 16 * 1024;
/** ES256: r || s, 32 bytes each. */
export const SIGNATURE_BYTES = 64;
/** First bytes of SHA-256 of the public key. */
export const KEY_ID_BYTES = 8;
/** A request or answer with an envelope has this type (RFC 9052 section 2). */
export const ENVELOPE_CONTENT_TYPE = "application/cose";

/** {1: -7}: algorithm ES256. */
const PLAIN_HEADER: readonly number[] = Object.freeze([0xa1, 0x01, 0x26]);
/** {1: -7, 4: and eight bytes that follow. */
const KEYED_HEADER: readonly number[] = Object.freeze([0xa2, 0x01, 0x26, 0x04, 0x48]);
/** Tag 18, array of four; the protected header as a byte string and an empty map follow. */
const TAG_AND_ARRAY: readonly number[] = Object.freeze([0xd2, 0x84]);
const EMPTY_MAP: readonly number[] = Object.freeze([0xa0]);

/** Heads of array, strings, header and payload around the latter: 30 bytes, and room for a longest head. */
const TO_BE_SIGNED_FRAME_BYTES_MAX = 42;
/** Tag, header, heads and the signature: 86 bytes. */
const ENVELOPE_FRAME_BYTES_MAX = 90;

export interface Sign1 {
	readonly payload: Uint8Array;
	/** r || s, 64 bytes; not checked yet. */
	readonly signature: Uint8Array;
	/** What the signature covers; its SHA-256 goes to the verifier. */
	readonly toBeSigned: Uint8Array;
	/** 8 bytes, where the envelope says which key signed it. */
	readonly keyId: Uint8Array | undefined;
}

/** Id of a public key (33 bytes) in an envelope: 8 bytes. */
export function keyIdOf(sha256: Hash, publicKey: Uint8Array): Uint8Array {
	return sha256(publicKey).slice(0, KEY_ID_BYTES);
}

/**
 * Sig_structure of RFC 9052 section 4.4: ["Signature1", protected, external_aad = h'', payload].
 * SHA-256 of it is the digest that is signed. `keyId` (8 bytes) goes into the protected header.
 */
export function toBeSigned(payload: Uint8Array, keyId?: Uint8Array): Uint8Array {
	return new CborWriter(payload.length + TO_BE_SIGNED_FRAME_BYTES_MAX)
		.array(4)
		.text("Signature1")
		.bytes(protectedHeader(keyId))
		.bytes(new Uint8Array(0))
		.bytes(payload)
		.finish();
}

/** The envelope around `payload` (at most 16 KiB) with its signature of 64 bytes over the same `keyId`. */
export function encodeSign1(
	payload: Uint8Array,
	signature: Uint8Array,
	keyId?: Uint8Array,
): Uint8Array {
	assert(signature.length === SIGNATURE_BYTES, `a signature of ${signature.length} bytes`);
	assert(payload.length <= PAYLOAD_BYTES_MAX, `a payload of ${payload.length} bytes`);
	return new CborWriter(payload.length + ENVELOPE_FRAME_BYTES_MAX)
		.encoded(Uint8Array.from(TAG_AND_ARRAY))
		.bytes(protectedHeader(keyId))
		.encoded(Uint8Array.from(EMPTY_MAP))
		.bytes(payload)
		.bytes(signature)
		.finish();
}

/** Opens an envelope without checking its signature; throws StationError `batch-malformed`. */
export function decodeSign1(bytes: Uint8Array): Sign1 {
	const reader = new CborReader(bytes, malformed);
	reader.expect(Uint8Array.from(TAG_AND_ARRAY), "not a COSE_Sign1");
	const header = reader.bytes(PLAIN_HEADER.length, KEYED_HEADER.length + KEY_ID_BYTES);
	const isPlain = header.length === PLAIN_HEADER.length && startsWith(header, PLAIN_HEADER);
	const isKeyed =
		header.length === KEYED_HEADER.length + KEY_ID_BYTES && startsWith(header, KEYED_HEADER);
	if (!isPlain && !isKeyed) throw malformed("not a COSE_Sign1 with ES256");
	reader.expect(Uint8Array.from(EMPTY_MAP), "an unprotected header");
	const payload = reader.bytes(0, PAYLOAD_BYTES_MAX);
	const signature = reader.bytes(SIGNATURE_BYTES, SIGNATURE_BYTES);
	reader.end();
	const keyId = isKeyed ? header.slice(KEYED_HEADER.length) : undefined;
	return { payload, signature, toBeSigned: toBeSigned(payload, keyId), keyId };
}

function protectedHeader(keyId: Uint8Array | undefined): Uint8Array {
	if (keyId === undefined) return Uint8Array.from(PLAIN_HEADER);
	assert(keyId.length === KEY_ID_BYTES, `a key id of ${keyId.length} bytes`);
	const header = new Uint8Array(KEYED_HEADER.length + KEY_ID_BYTES);
	header.set(KEYED_HEADER);
	header.set(keyId, KEYED_HEADER.length);
	return header;
}

function startsWith(bytes: Uint8Array, head: readonly number[]): boolean {
	return head.every((byte, index) => bytes[index] === byte);
}

function malformed(what: string): StationError {
	return new StationError("batch-malformed", `envelope: ${what}`);
}
