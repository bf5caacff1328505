/** A record written out of a collector's database; an earlier one of the same name may only be extended. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { hexOf } from "../core/bytes.js";
import { createSha256 } from "../core/sha256.js";
import { readExport } from "../protocol/export-file.js";
import { TechnicianTrouble } from "./line.js";
import { Replacement } from "./replace-file.js";

/**
 * Lets `fill` write the record and gives it the name `path`. A file that is there already must be a
 * record of the station, whole, and every batch of it in the new one too. Returns what `fill` does;
 * throws TechnicianTrouble, and leaves what was there.
 */
export async function writeRecordFile(
	path: string,
	station: string,
	fill: (write: (piece: Uint8Array) => void) => Promise<number>,
): Promise<number> {
	if (existsSync(path) && !statSync(path).isFile()) {
		throw new TechnicianTrouble(`${path}: is no file; choose another name`);
	}
	const before = existsSync(path) ? batchesOf(path, station) : undefined;
	const replacement = new Replacement(path);
	try {
		const count = await fill((piece) => replacement.write(piece));
		if (before !== undefined) {
			const now = new Set(batchesOf(replacement.besidePath, station));
			const lost = before.filter((batch) => !now.has(batch)).length;
			if (lost > 0) {
				throw new TechnicianTrouble(
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

/** Envelopes of a whole record of `station`, as hexadecimal digits. */
function batchesOf(path: string, station: string): readonly string[] {
	let bytes: Uint8Array;
	try {
		bytes = new Uint8Array(readFileSync(path));
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		throw new TechnicianTrouble(`${path}: is there and cannot be read (${code})`);
	}
	const content = readExport(bytes, createSha256());
	if (content.faults.length > 0 || content.station !== station) {
		throw new TechnicianTrouble(
			`${path}: is there already and is no whole record of ${station}; choose another name`,
		);
	}
	return content.envelopes.map(({ envelope }) => hexOf(envelope));
}
