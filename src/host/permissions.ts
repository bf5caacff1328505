/**
 * Keys and readings are their owner's alone. A data directory that was made beforehand may be open to
 * everybody, and PGlite makes its files writable for all: what is ours in it is closed, and it is said so.
 */

import { chmodSync, statSync } from "node:fs";
import { join } from "node:path";
import { OperationalError } from "./errors.js";

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
/** Of a folder as /tmp: others can write, but take away nothing that is not theirs. */
const STICKY = 0o1000;
const OWNERS = Object.freeze([
	["identity.json", "whoever read it can answer as this collector"],
	["pglite", "whoever wrote to it can have changed the record"],
] as const);
const FOLDER_DANGER =
	"whoever wrote to it can have put another identity or record in place of what was there";

/**
 * Closes what is open in `directory`; a line for each thing that was. Throws OperationalError where that
 * is not allowed. On Windows rights are no bits: nothing is done.
 */
export function closeToOthers(directory: string): string[] {
	if (process.platform === "win32") return [];
	const folder = modeOf(directory);
	// Whoever can write to the folder can put other things in place of what is closed in it.
	const isShared = folder !== undefined && (folder & STICKY) === 0;
	return [
		...(isShared ? closed(directory, folder, OTHERS_WRITE, FOLDER_DANGER) : []),
		...OWNERS.flatMap(([name, danger]) => {
			const path = join(directory, name);
			return closed(path, modeOf(path) ?? 0, OTHERS, danger);
		}),
	];
}

function closed(path: string, mode: number, rights: number, danger: string): string[] {
	if ((mode & rights) === 0) return [];
	const was = `0${(mode & 0o777).toString(8)}`;
	try {
		chmodSync(path, mode & 0o7777 & ~rights);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		const letters = rights === OTHERS ? "rwx" : "w";
		throw new OperationalError(
			`${path}: open to others (${was}) and cannot be closed (${code}); chmod go-${letters} it`,
		);
	}
	return [`${path} was open to others (${was}) and is closed now: ${danger}`];
}

function modeOf(path: string): number | undefined {
	try {
		return statSync(path, { throwIfNoEntry: false })?.mode;
	} catch (error) {
		// ENOTDIR: a file where a folder was named; ENAMETOOLONG, EACCES, ELOOP.
		throw new OperationalError(
			`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`,
		);
	}
}
