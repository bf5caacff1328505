/** What can be read of an envelope before anybody believes it. */
import { StationError } from "../../core/errors.js";
import { readBatchLabel } from "../../protocol/wire/batch.js";
import { decodeSign1, type Sign1 } from "../../protocol/wire/cose.js";
import { sha256 } from "./sha256.js";

/** An envelope whose label can be read. */
export interface OpenedEnvelope {
	readonly signed: Sign1;
	readonly label: Label;
	readonly hash: Uint8Array;
	readonly envelope: Uint8Array;
}

export interface Label {
	readonly station: string;
	readonly epoch: number;
}

/** Not even a label to answer to: only what is wrong can be told. */
export function openedEnvelope(envelope: Uint8Array): OpenedEnvelope | { readonly error: string } {
	try {
		const signed = decodeSign1(envelope);
		return { signed, label: readBatchLabel(signed.payload), hash: sha256(envelope), envelope };
	} catch (error) {
		if (!(error instanceof StationError)) throw error;
		return { error: error.message };
	}
}
