/**
 * ES256 by the chip's PSA library. The private key is drawn on the board at its first start, lies in
 * NVS and never comes into JavaScript. The SDK's own ECDSA has a biased nonce and is not used.
 */
import Timer from "timer";
import { assert, StationError } from "../../core/errors.js";
import type { Cancellable, Signer, Verifier } from "../ports.js";
import type { Guard } from "./guard.js";
import type { Native } from "./native.js";

const DIGEST_BYTES = 32;
const PUBLIC_KEY_BYTES = 33;
const SIGNATURE_BYTES = 64;

/** Throws `sign-failed` when there is no key and none can be stored. */
export function createSigner(native: Native, guard: Guard): Signer {
	const publicKey = new Uint8Array(PUBLIC_KEY_BYTES);
	const status = native.station_key_public(publicKey.buffer);
	if (status !== 0) throw new StationError("sign-failed", `no key of our own (${status})`);
	return {
		publicKey,
		sign: (digest, onDone) => {
			assert(digest.length === DIGEST_BYTES, "a digest is 32 bytes");
			const copy = digest.slice();
			return later(guard, () => {
				const signature = new Uint8Array(SIGNATURE_BYTES);
				const failure = native.station_key_sign(copy.buffer, 0, signature.buffer);
				if (failure === 0) onDone(null, signature);
				else onDone(new StationError("sign-failed", `the chip did not sign (${failure})`));
			});
		},
	};
}

export function createVerifier(native: Native, guard: Guard): Verifier {
	return {
		verify: (publicKey, digest, signature, onDone) => {
			const isWellFormed =
				publicKey.length === PUBLIC_KEY_BYTES &&
				digest.length === DIGEST_BYTES &&
				signature.length === SIGNATURE_BYTES;
			// Copies: the work is done in a later turn, and the caller may reuse its buffers.
			const [key, hash, claim] = [publicKey.slice(), digest.slice(), signature.slice()];
			return later(guard, () => {
				const verdict = isWellFormed
					? native.station_key_verify(key.buffer, 0, hash.buffer, 0, claim.buffer, 0)
					: 0;
				// A key or a signature that the library cannot read is as good as a wrong one.
				onDone(null, verdict === 1);
			});
		},
	};
}

/** The work blocks for its 0.1 to 0.3 s, but in a turn of its own and not inside the call. */
function later(guard: Guard, work: () => void): Cancellable {
	const state: { timer: Timer | undefined } = { timer: undefined };
	const run = guard(() => {
		state.timer = undefined;
		work();
	});
	state.timer = Timer.set(() => run(), 0);
	return {
		cancel: () => {
			if (state.timer !== undefined) Timer.clear(state.timer);
			state.timer = undefined;
		},
	};
}
