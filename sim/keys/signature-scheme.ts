/** Who signs in a rehearsal, at once and without ports: the keyed hash here, or ES256 of some host. */
import { equalBytes } from "../../src/core/bytes.js";
import { createSha256 } from "../../src/core/sha256.js";
import type { Signer, Verifier } from "../../src/firmware/ports.js";
import {
	type KeyOperations,
	keyedHash,
	keyedHashPublicKey,
	SIGN_MILLISECONDS,
	VERIFY_MILLISECONDS,
} from "./keyed-hash-signer.js";

export type KeyHolder = "station" | "collector";

export interface SignatureScheme {
	/** What a run says of its signatures. */
	readonly name: string;
	/** 33 bytes. */
	publicKey(holder: KeyHolder): Uint8Array;
	/** 64 bytes for a digest of 32; the same every time. */
	sign(holder: KeyHolder, digest: Uint8Array): Uint8Array;
	verify(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean;
}

export function createKeyedHashScheme(): SignatureScheme {
	const sha256 = createSha256();
	const keys = {
		station: keyedHashPublicKey(Uint8Array.of(1), sha256),
		collector: keyedHashPublicKey(Uint8Array.of(2), sha256),
	};
	return {
		name: "keyed hash, not a signature",
		publicKey: (holder) => keys[holder],
		sign: (holder, digest) => keyedHash(keys[holder], digest, sha256),
		verify: (publicKey, digest, signature) =>
			equalBytes(signature, keyedHash(publicKey, digest, sha256)),
	};
}

/** The ports of one life of a station over a scheme; results come after their modelled time. */
export function keysOf(
	scheme: SignatureScheme,
	operations: KeyOperations,
): { signer: Signer; verifier: Verifier } {
	return {
		signer: {
			publicKey: scheme.publicKey("station"),
			sign: (digest, onDone) => {
				const signature = scheme.sign("station", digest);
				return operations.schedule(SIGN_MILLISECONDS, () => onDone(null, signature));
			},
		},
		verifier: {
			verify: (publicKey, digest, signature, onDone) => {
				const isValid = scheme.verify(publicKey, digest, signature);
				return operations.schedule(VERIFY_MILLISECONDS, () => onDone(null, isValid));
			},
		},
	};
}
