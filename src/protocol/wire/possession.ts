/**
 * A station's proof that it holds its private key: docs/WIRE.md, "Possession". A COSE_Sign1 of a content type of its
 * own, so that it is neither taken for a batch nor anything else for it, over what the station says of itself and 16
 * bytes that the asker chose: a station signs nothing that others made whole.
 */
import { CborReader, CborWriter } from "../../core/cbor.js";
import { StationError } from "../../core/errors.js";
import { PAYLOAD_KINDS } from "./acknowledgement.js";
import { SIGNATURE_BYTES } from "./cose.js";

export const POSSESSION_NONCE_BYTES = 16;
/** Station id of a board that is not provisioned: it measures, and records nothing. */
export const UNPROVISIONED_STATION = "untold";
const PUBLIC_KEY_BYTES = 33;
const VERSION = 1;
const ITEMS = 6;
const STATION_CHARACTERS_MAX = 8;
const UINT32_MAX = 0xffffffff;
const PAYLOAD_BYTES_MAX = 128;
/** Labels of RFC 9052: 1 algorithm (ES256 is -7), 3 content type. */
const CONTENT_TYPE = "application/bistrina-possession+cbor";

export interface Possession {
	readonly station: string;
	/** 0 where there is no journal. */
	readonly epoch: number;
	/** SEC 1 compressed P-256 point, 33 bytes. */
	readonly publicKey: Uint8Array;
	/** 16 bytes. */
	readonly nonce: Uint8Array;
}

export function encodePossession({ station, epoch, publicKey, nonce }: Possession): Uint8Array {
	return new CborWriter()
		.array(ITEMS)
		.unsigned(PAYLOAD_KINDS.possession)
		.unsigned(VERSION)
		.text(station)
		.unsigned(epoch)
		.bytes(publicKey)
		.bytes(nonce)
		.finish();
}

/** What its signature covers: Sig_structure of RFC 9052 section 4.4. */
export function possessionToBeSigned(payload: Uint8Array): Uint8Array {
	return new CborWriter()
		.array(4)
		.text("Signature1")
		.bytes(header())
		.bytes(new Uint8Array(0))
		.bytes(payload)
		.finish();
}

/** The envelope: tag 18, an empty unprotected header. */
export function encodeSignedPossession(payload: Uint8Array, signature: Uint8Array): Uint8Array {
	return new CborWriter()
		.encoded(Uint8Array.of(0xd2, 0x84))
		.bytes(header())
		.encoded(Uint8Array.of(0xa0))
		.bytes(payload)
		.bytes(signature)
		.finish();
}

/** Opens one; its signature is the caller's to check. Throws StationError `batch-malformed`. */
export function decodeSignedPossession(bytes: Uint8Array): {
	readonly possession: Possession;
	readonly toBeSigned: Uint8Array;
	readonly signature: Uint8Array;
} {
	const envelope = new CborReader(bytes, malformed);
	envelope.expect(Uint8Array.of(0xd2, 0x84), "not a COSE_Sign1");
	const expected = header();
	const found = envelope.bytes(0, expected.length);
	if (found.length !== expected.length || found.some((byte, at) => byte !== expected[at])) {
		throw malformed("of another content type");
	}
	envelope.expect(Uint8Array.of(0xa0), "an unprotected header");
	const payload = envelope.bytes(0, PAYLOAD_BYTES_MAX);
	const signature = envelope.bytes(SIGNATURE_BYTES, SIGNATURE_BYTES);
	envelope.end();
	const reader = new CborReader(payload, malformed);
	if (reader.array(ITEMS) !== ITEMS) throw malformed("another number of items");
	if (reader.unsigned(UINT32_MAX) !== PAYLOAD_KINDS.possession) throw malformed("another payload");
	if (reader.unsigned(UINT32_MAX) !== VERSION) throw malformed("of another version");
	const possession = {
		station: reader.text(STATION_CHARACTERS_MAX),
		epoch: reader.unsigned(UINT32_MAX),
		publicKey: reader.bytes(PUBLIC_KEY_BYTES, PUBLIC_KEY_BYTES),
		nonce: reader.bytes(POSSESSION_NONCE_BYTES, POSSESSION_NONCE_BYTES),
	};
	reader.end();
	return { possession, toBeSigned: possessionToBeSigned(payload), signature };
}

/** {1: -7, 3: the content type}. */
function header(): Uint8Array {
	return new CborWriter()
		.encoded(Uint8Array.of(0xa2, 0x01, 0x26, 0x03))
		.text(CONTENT_TYPE)
		.finish();
}

function malformed(what: string): StationError {
	return new StationError("batch-malformed", `possession: ${what}`);
}
