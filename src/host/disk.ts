/** What the machine's disk refuses while a world is written to it: an error of the machine, not a bug. */

import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { OperationalError } from "./errors.js";

/** How the system says that a file cannot be had or written, and what a person makes of it. */
const REASONS: ReadonlyMap<string, string> = new Map([
	["ENOSPC", "the disk is full"],
	["EDQUOT", "the quota of the disk is used up"],
	["EIO", "the disk fails"],
	["EROFS", "the disk cannot be written"],
	["EACCES", "permission denied"],
	["EPERM", "permission denied"],
	["EMFILE", "too many open files"],
	["ENFILE", "too many open files"],
]);
const ROOM = new Set(["ENOSPC", "EDQUOT"]);

/** Writes all of `bytes`: on a disk that fills up the system takes a part and says so only by its count. */
export function writeWhole(descriptor: number, bytes: Uint8Array, position?: number): void {
	for (let offset = 0; offset < bytes.length; ) {
		const at = position === undefined ? null : position + offset;
		offset += writeSync(descriptor, bytes, offset, bytes.length - offset, at);
	}
}

/** Makes or replaces a file so that it is there wholly or not at all. */
export function replaceFile(path: string, bytes: Uint8Array): void {
	const next = `${path}.next`;
	const descriptor = openSync(next, "w", 0o600);
	try {
		writeWhole(descriptor, bytes);
		fsyncSync(descriptor);
	} finally {
		closeSync(descriptor);
	}
	renameSync(next, path);
}

/** The reason of a refusal of the system in words, or its bare code; undefined for what is none. */
export function reasonOf(error: unknown): string | undefined {
	if (!(error instanceof Error)) return undefined;
	const { code, syscall } = error as NodeJS.ErrnoException;
	if (code === undefined || syscall === undefined) return undefined;
	const words = REASONS.get(code);
	return words === undefined ? code : `${words} (${code})`;
}

/**
 * A refusal by the disk under the data directory at `path` as one line that a person can act on; anything
 * else is given back as it is.
 */
export function diskFailure(error: unknown, path: string): unknown {
	const reason = reasonOf(error);
	const { code = "", path: file } = error as NodeJS.ErrnoException;
	if (reason === undefined || !REASONS.has(code)) return error;
	const remedy = ROOM.has(code) ? "make room" : "mend that";
	return new OperationalError(
		`${file ?? path}: ${reason}: ${remedy} and start again; nothing that was acknowledged is lost`,
		{ cause: error },
	);
}
