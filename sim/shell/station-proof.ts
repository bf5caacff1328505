/** What provisioning leaves of a simulated station: its key, and its own signature for it. */
import { randomBytes } from "node:crypto";
import { signingKeyOf } from "../../src/collector/ledger/keys.js";
import { sha256 } from "../../src/collector/ledger/sha256.js";
import { hexOf } from "../../src/core/bytes.js";
import { provePossession } from "../../src/firmware/station/identify.js";
import { fingerprintOf, type StationResult } from "../../src/host/station-result.js";
import { POSSESSION_NONCE_BYTES } from "../../src/protocol/wire/possession.js";
import { signDigest } from "./node-signer.js";

/** As the station answers `identity`, with the key that its board holds, before it has a journal. */
export function stationResultOf(station: string, privateKey: Uint8Array): StationResult {
	const nonce = new Uint8Array(randomBytes(POSSESSION_NONCE_BYTES));
	const { publicKey } = signingKeyOf(privateKey);
	const signer = {
		publicKey,
		sign: (digest: Uint8Array, done: (error: Error | null, signature?: Uint8Array) => void) => {
			done(null, signDigest(privateKey, digest));
			return { cancel: () => {} };
		},
	};
	const signed = provePossession({ signer, sha256 }, station, 0, nonce).value?.signed;
	return {
		station,
		publicKey: hexOf(publicKey),
		fingerprint: fingerprintOf(publicKey),
		epoch: 0,
		firmware: "simulated",
		nonce: hexOf(nonce),
		proof: Buffer.from(signed ?? new Uint8Array(0)).toString("base64"),
	};
}
