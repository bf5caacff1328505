/**
 * Key operations of a simulated station: how long they take, and a stand-in for ES256 that is a
 * hundred times faster in long runs. The stand-in proves nothing against a forger, who could do the
 * same sum; it does show every confusion of keys, digests and signatures. A run that uses it says so.
 */
import { concatBytes, equalBytes } from "../../src/core/bytes.js";
import { assert } from "../../src/core/errors.js";
import type { Cancellable, Sha256, Signer, Verifier } from "../../src/firmware/ports.js";
import type { VirtualClock } from "../board/clock.js";

/** What runs print instead of "ES256". */
export const KEYED_HASH_NAME = "keyed hash, not a signature";

/** Assumptions for ES256 on an ESP32 at 240 MHz with mbedtls; not measured. */
export const SIGN_MILLISECONDS = 120;
export const VERIFY_MILLISECONDS = 250;

/** Runs the end of an operation after its modelled time, unless it is cancelled or the power goes. */
export class KeyOperations {
	readonly #clock: VirtualClock;
	#isDead = false;

	constructor(clock: VirtualClock) {
		this.#clock = clock;
	}

	schedule(milliseconds: number, end: () => void): Cancellable {
		const alarm = this.#clock.createAlarm(() => {
			if (!this.#isDead) end();
		});
		alarm.schedule(milliseconds);
		return { cancel: () => alarm.cancel() };
	}

	/** Power cut: nothing ends any more. */
	kill(): void {
		this.#isDead = true;
	}
}

/** A public key of the stand-in, 33 bytes, from a station's name or any other seed. */
export function keyedHashPublicKey(seed: Uint8Array, sha256: Sha256): Uint8Array {
	return concatBytes(Uint8Array.of(2), sha256(seed));
}

export function createKeyedHashSigner(
	publicKey: Uint8Array,
	sha256: Sha256,
	operations: KeyOperations,
): Signer {
	return {
		publicKey,
		sign: (digest, onDone) => {
			assert(digest.length === 32, "a digest is 32 bytes");
			const signature = keyedHash(publicKey, digest, sha256);
			return operations.schedule(SIGN_MILLISECONDS, () => onDone(null, signature));
		},
	};
}

export function createKeyedHashVerifier(sha256: Sha256, operations: KeyOperations): Verifier {
	return {
		verify: (publicKey, digest, signature, onDone) => {
			const isValid = equalBytes(signature, keyedHash(publicKey, digest, sha256));
			return operations.schedule(VERIFY_MILLISECONDS, () => onDone(null, isValid));
		},
	};
}

/** 64 bytes that only this key and digest give. */
export function keyedHash(publicKey: Uint8Array, digest: Uint8Array, sha256: Sha256): Uint8Array {
	const half = sha256(publicKey, digest);
	return concatBytes(half, sha256(half, publicKey));
}
