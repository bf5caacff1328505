/** The verifying thread: messages of questions in, messages of verdicts out, in the same order. */
import type { KeyObject } from "node:crypto";
import { parentPort } from "node:worker_threads";
import { hexOf } from "../../core/bytes.js";
import { isSignedBy, stationKeyOf } from "./keys.js";
import { type Question, unpackQuestions, VERDICTS } from "./verifier-message.js";

/** As many as the ledger keeps. */
const KEYS_CACHED_MAX = 20_000;
const keys = new Map<string, KeyObject>();

function verdictOf({ publicKey, signed, signature }: Question): number {
	const name = hexOf(publicKey);
	let key = keys.get(name);
	if (key === undefined) {
		try {
			key = stationKeyOf(publicKey);
		} catch {
			// OpenSSL found no point; the caller says so.
			return VERDICTS.noKey;
		}
		if (keys.size >= KEYS_CACHED_MAX) keys.clear();
		keys.set(name, key);
	}
	return isSignedBy(key, signed, signature) ? VERDICTS.signed : VERDICTS.notSigned;
}

parentPort?.on("message", (packed: Uint8Array) => {
	parentPort?.postMessage(Uint8Array.from(unpackQuestions(packed), verdictOf));
});
