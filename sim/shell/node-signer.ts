/**
 * ES256 for simulated stations, by @noble/curves: P-256 with the nonce of RFC 6979 and no low-S rule,
 * so that a signature is a function of key and digest.
 */
import { p256 } from "@noble/curves/nist.js";
import type { Signer, Verifier } from "../../src/firmware/ports.js";
import {
	type KeyOperations,
	SIGN_MILLISECONDS,
	VERIFY_MILLISECONDS,
} from "../keys/keyed-hash-signer.js";

const OPTIONS = Object.freeze({ prehash: false, lowS: false });

/** `privateKey`: 32 bytes, 1 .. n - 1. */
export function createNodeSigner(privateKey: Uint8Array, operations: KeyOperations): Signer {
	return {
		publicKey: p256.getPublicKey(privateKey, true),
		sign: (digest, onDone) => {
			const signature = signDigest(privateKey, digest);
			return operations.schedule(SIGN_MILLISECONDS, () => onDone(null, signature));
		},
	};
}

export function createNodeVerifier(operations: KeyOperations): Verifier {
	return {
		verify: (publicKey, digest, signature, onDone) => {
			const isValid = verifyDigest(publicKey, digest, signature);
			return operations.schedule(VERIFY_MILLISECONDS, () => onDone(null, isValid));
		},
	};
}

/** 64 bytes r || s over a digest of 32 bytes. */
export function signDigest(privateKey: Uint8Array, digest: Uint8Array): Uint8Array {
	return p256.sign(digest, privateKey, OPTIONS);
}

/** False also for a key that is no point and for a signature out of its range. */
export function verifyDigest(
	publicKey: Uint8Array,
	digest: Uint8Array,
	signature: Uint8Array,
): boolean {
	try {
		return p256.verify(signature, digest, publicKey, OPTIONS);
	} catch {
		// The library throws for what it cannot parse; for the caller that is just not valid.
		return false;
	}
}
