/** The identity of a station, proved: it signs what it says of itself, with the asker's bytes in it. */
import { Signal } from "../../core/task.js";
import {
	encodePossession,
	encodeSignedPossession,
	possessionToBeSigned,
} from "../../protocol/wire/possession.js";
import type { Identity } from "../console/service.js";
import type { Board } from "../ports.js";

/** Set when the key has signed. `nonce` has 16 bytes. */
export function provePossession(
	{ signer, sha256 }: Pick<Board, "signer" | "sha256">,
	station: string,
	epoch: number,
	nonce: Uint8Array,
): Signal<Identity> {
	const { publicKey } = signer;
	const payload = encodePossession({ station, epoch, publicKey, nonce });
	const signal = new Signal<Identity>();
	signer.sign(sha256(possessionToBeSigned(payload)), (_error, signature) => {
		const signed = signature && encodeSignedPossession(payload, signature);
		signal.set({ epoch, publicKey, signed });
	});
	return signal;
}
