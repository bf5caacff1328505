/** A whole export at once. */
import {
	type ExportedEnvelope,
	type ExportFault,
	type ExportFormat,
	ExportReader,
} from "../../../src/protocol/audit/batch-archive.js";
import type { Hash } from "../../../src/protocol/record/chain.js";

export interface ExportContent {
	readonly format: ExportFormat;
	readonly envelopes: readonly ExportedEnvelope[];
	/** Station that the end names; undefined when there is no readable end. */
	readonly station: string | undefined;
	readonly faults: readonly ExportFault[];
}

/** Takes a whole file apart; what does not belong is named in `faults`, the rest is read. Never throws. */
export function readExport(bytes: Uint8Array, sha256: Hash): ExportContent {
	const envelopes: ExportedEnvelope[] = [];
	const faults: ExportFault[] = [];
	const reader = new ExportReader(sha256, {
		onEnvelope: (envelope) => envelopes.push(envelope),
		onFault: (fault) => faults.push(fault),
	});
	reader.push(bytes);
	return { ...reader.end(), envelopes, faults };
}
