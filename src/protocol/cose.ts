/**
 * The signed envelope: COSE_Sign1 (RFC 9052 section 4.2), tag 18, ES256, protected header
 * {1: -7}, no unprotected header, no external data. Any COSE library reads it. Ours accepts this one
 * encoding only, so that an envelope and its content are one to one but for the signature.
 */
import { CborReader, CborWriter } from "../core/cbor.js";
import { assert, StationError } from "../core/errors.js";

/** Largest envelope either side takes: a payload of 16 KiB and its frame fit. */
export const ENVELOPE_BYTES_MAX = 17 * 1024;
const PAYLOAD_BYTES_MAX = 16 * 1024;
/** ES256: r || s, 32 bytes each. */
export const SIGNATURE_BYTES = 64;
/** A request or answer with an envelope has this type (RFC 9052 section 2). */
export const ENVELOPE_CONTENT_TYPE = "application/cose";

/** {1: -7}: algorithm ES256. */
const PROTECTED_HEADER: readonly number[] = Object.freeze([0xa1, 0x01, 0x26]);
/** Tag 18, array of four, the protected header as a byte string, an empty map. */
const ENVELOPE_HEAD: readonly number[] = Object.freeze([
	0xd2,
	0x84,
	0x43,
	...PROTECTED_HEADER,
	0xa0,
]);

/** Heads of array, strings and payload around the latter: 20 bytes, and room for a longest head. */
const TO_BE_SIGNED_FRAME_BYTES_MAX = 32;
/** ENVELOPE_HEAD, two heads and the signature: 76 bytes. */
const ENVELOPE_FRAME_BYTES_MAX = 80;

export interface Sign1 {
	readonly payload: Uint8Array;
	/** r || s, 64 bytes; not checked yet. */
	readonly signature: Uint8Array;
	/** What the signature covers; its SHA-256 goes to the verifier. */
	readonly toBeSigned: Uint8Array;
}

/**
 * Sig_structure of RFC 9052 section 4.4: ["Signature1", protected, external_aad = h'', payload].
 * SHA-256 of it is the digest that is signed.
 */
export function toBeSigned(payload: Uint8Array): Uint8Array {
	return new CborWriter(payload.length + TO_BE_SIGNED_FRAME_BYTES_MAX)
		.array(4)
		.text("Signature1")
		.bytes(Uint8Array.from(PROTECTED_HEADER))
		.bytes(new Uint8Array(0))
		.bytes(payload)
		.finish();
}

/** The envelope around `payload` (at most 16 KiB) with its signature of 64 bytes. */
export function encodeSign1(payload: Uint8Array, signature: Uint8Array): Uint8Array {
	assert(signature.length === SIGNATURE_BYTES, `a signature of ${signature.length} bytes`);
	assert(payload.length <= PAYLOAD_BYTES_MAX, `a payload of ${payload.length} bytes`);
	return new CborWriter(payload.length + ENVELOPE_FRAME_BYTES_MAX)
		.encoded(Uint8Array.from(ENVELOPE_HEAD))
		.bytes(payload)
		.bytes(signature)
		.finish();
}

/** Opens an envelope without checking its signature; throws StationError `batch-malformed`. */
export function decodeSign1(bytes: Uint8Array): Sign1 {
	const reader = new CborReader(bytes, malformed);
	reader.expect(Uint8Array.from(ENVELOPE_HEAD), "not a COSE_Sign1 with ES256");
	const payload = reader.bytes(0, PAYLOAD_BYTES_MAX);
	const signature = reader.bytes(SIGNATURE_BYTES, SIGNATURE_BYTES);
	reader.end();
	return { payload, signature, toBeSigned: toBeSigned(payload) };
}

function malformed(what: string): StationError {
	return new StationError("batch-malformed", `envelope: ${what}`);
}
