/** The host's side of a rehearsal on XS: commands as JSON, and ES256 for whoever asks over the bridge. */
import { p256 } from "@noble/curves/nist.js";
import type { KeyHolder, SignatureScheme } from "../../../sim/keys/signature-scheme.js";
import { signDigest, verifyDigest } from "../../../sim/shell/node-signer.js";
import type { RehearsalOptions } from "../../../sim/station/rehearsal.js";
import type { XsEngine, XsUsage } from "./xs-engine.js";
import type { RehearsalCommand } from "./xs-rehearsal.js";

const PRIVATE_KEYS: Readonly<Record<KeyHolder, Uint8Array>> = Object.freeze({
	station: new Uint8Array(32).fill(0x11),
	collector: new Uint8Array(32).fill(0x22),
});

/** ES256 at once, with keys of this test; its name is what the bridged one says of itself. */
export function hostScheme(): SignatureScheme {
	return {
		name: "ES256 of the host",
		publicKey: (holder) => p256.getPublicKey(PRIVATE_KEYS[holder], true),
		sign: (holder, digest) => signDigest(PRIVATE_KEYS[holder], digest),
		verify: verifyDigest,
	};
}

/** Answers the questions of xs-rehearsal.ts. */
function answer(query: Uint8Array, scheme: SignatureScheme): Uint8Array {
	const kind = String.fromCharCode(query[0] ?? 0);
	const holder: KeyHolder = query[1] === "s".charCodeAt(0) ? "station" : "collector";
	if (kind === "k") return scheme.publicKey(holder);
	if (kind === "s") return scheme.sign(holder, query.slice(2));
	const isValid = scheme.verify(query.slice(1, 34), query.slice(34, 66), query.slice(66));
	return Uint8Array.of(isValid ? 1 : 0);
}

/** Opens a rehearsal in the engine, its signatures by the host or by the keyed hash. */
export async function openRehearsal(
	xs: XsEngine,
	options: Omit<RehearsalOptions, "scheme">,
	isBridged: boolean,
): Promise<void> {
	const scheme = hostScheme();
	xs.onQuery = (query) => answer(query, scheme);
	await send(xs, { kind: "open", options, isBridged });
}

/** One command; what it returned, and what it cost. */
export async function send(
	xs: XsEngine,
	command: RehearsalCommand,
): Promise<{ readonly reply: unknown; readonly usage: XsUsage }> {
	const { text, usage } = await xs.command(JSON.stringify(command));
	return { reply: JSON.parse(text) as unknown, usage };
}
