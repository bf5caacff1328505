/** A record written out of a collector's database; an earlier one of the same name may only be extended. */

import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { hexOf } from "../core/bytes.js";
import { OperationalError } from "../host/errors.js";
import { Replacement } from "../host/replace-file.js";
import { ExportReader } from "../protocol/audit/batch-archive.js";
import { piecesOf } from "./file-commands.js";

/**
 * Lets `fill` write the record and gives it the name `path`. A file that is there already must be a
 * record of the station, whole, and every batch of it in the new one too. Returns what `fill` does;
 * throws OperationalError, and leaves what was there.
 */
export async function writeRecordFile(
	path: string,
	station: string,
	fill: (write: (piece: Uint8Array) => void) => Promise<number>,
): Promise<number> {
	if (existsSync(path) && !statSync(path).isFile()) {
		throw new OperationalError(`${path}: is no file; choose another name`);
	}
	const before = existsSync(path) ? batchesOf(path, station) : undefined;
	const replacement = new Replacement(path);
	try {
		const count = await fill((piece) => replacement.write(piece));
		if (before !== undefined) {
			const now = batchesOf(replacement.besidePath, station);
			const lost = [...before].filter((batch) => !now.has(batch)).length;
			if (lost > 0) {
				throw new OperationalError(
					`${path}: holds ${lost} batches of ${station} that this collector has not, and ` +
						"writing would lose them; choose another name",
				);
			}
		}
		replacement.commit();
		return count;
	} finally {
		replacement.abandon();
	}
}

/** Hashes of the envelopes of a whole record of `station`, as text; of ten years of hours 88 000. */
function batchesOf(path: string, station: string): ReadonlySet<string> {
	const batches = new Set<string>();
	let faultCount = 0;
	const reader = new ExportReader(sha256, {
		onEnvelope: ({ envelope }) => batches.add(hexOf(sha256(envelope))),
		onFault: () => faultCount++,
	});
	try {
		for (const { bytes } of piecesOf(path)) reader.push(bytes);
	} catch (error) {
		if (!(error instanceof OperationalError)) throw error;
		throw new OperationalError(error.message.replace("cannot", "is there and cannot"));
	}
	if (reader.end().station !== station || faultCount > 0) {
		throw new OperationalError(
			`${path}: is there already and is no whole record of ${station}; choose another name`,
		);
	}
	return batches;
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
	const hash = createHash("sha256");
	for (const part of parts) hash.update(part);
	return new Uint8Array(hash.digest());
}
