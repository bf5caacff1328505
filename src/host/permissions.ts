/**
 * Keys and readings are their owner's alone. A data directory that was made beforehand may be open to
 * everybody, and PGlite makes its files writable for all: what is ours in it is closed, and it is said so.
 */

import { chmodSync, statSync } from "node:fs";
import { join } from "node:path";
import { OperationalError } from "./errors.js";

const OTHERS = 0o077;
const OWNERS = Object.freeze([
	["identity.json", "whoever read it can answer as this collector"],
	["pglite", "whoever wrote to it can have changed the record"],
] as const);

/**
 * Closes what is open in `directory`; a line for each thing that was. Throws OperationalError where that
 * is not allowed. On Windows rights are no bits: nothing is done.
 */
export function closeToOthers(directory: string): string[] {
	if (process.platform === "win32") return [];
	const lines: string[] = [];
	for (const [name, danger] of OWNERS) {
		const path = join(directory, name);
		const mode = statSync(path, { throwIfNoEntry: false })?.mode;
		if (mode === undefined || (mode & OTHERS) === 0) continue;
		const was = `0${(mode & 0o777).toString(8)}`;
		try {
			chmodSync(path, mode & ~OTHERS);
		} catch (error) {
			const { code } = error as NodeJS.ErrnoException;
			throw new OperationalError(
				`${path}: open to others (${was}) and cannot be closed (${code}); chmod go-rwx it`,
			);
		}
		lines.push(`${path} was open to others (${was}) and is closed now: ${danger}`);
	}
	return lines;
}
