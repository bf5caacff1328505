/** Entries of a file that `record` wrote, for tables: read again for each pass, never whole in memory. */

import { OperationalError } from "../host/errors.js";
import { ExportReader } from "../protocol/audit/batch-archive.js";
import type { Hash } from "../protocol/record/chain.js";
import { decodeBatch } from "../protocol/wire/batch.js";
import { decodeSign1 } from "../protocol/wire/cose.js";
import type { EntrySource } from "./readings.js";

/**
 * Entries of a file that `record` wrote, piece by piece each time it is asked. Signatures are not checked: `bistrina
 * verify` does that. Throws OperationalError for what is no whole record of the station.
 */
export function recordFileSource(
	path: string,
	pieces: () => Iterable<Uint8Array>,
	station: string,
	sha256: Hash,
): EntrySource {
	return async (visit) => {
		const seen = new Map<number, number>();
		let envelopes: Uint8Array[] = [];
		let count = 0;
		const reader = new ExportReader(sha256, {
			onEnvelope: ({ envelope }) => envelopes.push(envelope),
			onFault: ({ where, text }) => {
				if (count === 0 && envelopes.length === 0) throw new OperationalError(nothingIn(path));
				throw new OperationalError(`${path}: ${where}: ${text}; see \`bistrina verify\``);
			},
		});
		const handOn = async (): Promise<void> => {
			const those = envelopes;
			envelopes = [];
			count += those.length;
			for (const envelope of those) {
				const batch = decodeBatch(decodeSign1(envelope).payload);
				if (batch.station !== station) {
					throw new OperationalError(`${path}: the record of ${batch.station}, not of ${station}`);
				}
				for (const [index, canonicalBytes] of batch.entries.entries()) {
					const sequence = batch.first + index;
					// Batches overlap where one was cut differently after a crash.
					if (sequence <= (seen.get(batch.epoch) ?? 0)) continue;
					seen.set(batch.epoch, sequence);
					const visited = visit(canonicalBytes);
					if (visited !== undefined) await visited;
				}
			}
		};
		for (const piece of pieces()) {
			reader.push(piece);
			await handOn();
		}
		reader.end();
		await handOn();
		if (count === 0) throw new OperationalError(nothingIn(path));
	};
}

function nothingIn(path: string): string {
	return `${path}: no signed batches in it; give a file of \`record\``;
}
