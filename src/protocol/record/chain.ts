/**
 * The chain: h(n) = SHA-256(h(n-1) || canonical bytes of n), and
 * h(0) = SHA-256("bistrina/1" || station || epoch || public key || last head of the previous epoch
 * or zeros). Station is the eight-byte form and epoch four bytes little-endian, so that no two
 * different starts share an input.
 */
import { asciiBytes } from "../../core/bytes.js";
import { assert } from "../../core/errors.js";
import { stationIdBytes } from "./entry.js";

export type Hash = (...parts: readonly Uint8Array[]) => Uint8Array;

export const HEAD_BYTES = 32;
const CHAIN_NAME = "bistrina/1";

export interface ChainOrigin {
	/** Station id, 1 to 8 of `[a-z0-9-]`. */
	readonly station: string;
	readonly epoch: number;
	/** SEC 1 compressed P-256 point, 33 bytes. */
	readonly publicKey: Uint8Array;
	/** Last head of the previous epoch, 32 bytes; zeros where none is known. */
	readonly previousHead: Uint8Array;
}

/** h(0), 32 bytes. */
export function chainStart(sha256: Hash, origin: ChainOrigin): Uint8Array {
	assert(origin.publicKey.length === 33, "a public key is 33 bytes");
	assert(origin.previousHead.length === HEAD_BYTES, "a head is 32 bytes");
	const epoch = new Uint8Array(4);
	new DataView(epoch.buffer).setUint32(0, origin.epoch, true);
	return sha256(
		asciiBytes(CHAIN_NAME),
		stationIdBytes(origin.station),
		epoch,
		origin.publicKey,
		origin.previousHead,
	);
}

/** h(n) from h(n-1) and the canonical bytes of entry n; 32 bytes. */
export function chainNext(sha256: Hash, head: Uint8Array, canonicalBytes: Uint8Array): Uint8Array {
	assert(head.length === HEAD_BYTES, "a head is 32 bytes");
	return sha256(head, canonicalBytes);
}
