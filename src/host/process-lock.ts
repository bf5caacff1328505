/** A file that says which process has something for itself; one that died holds nothing any more. */
import {
	closeSync,
	linkSync,
	openSync,
	readFileSync,
	renameSync,
	rmSync,
	writeSync,
} from "node:fs";
import { OperationalError } from "./errors.js";
import { notice } from "./messages/notice.js";
import { isProcessAlive } from "./process-alive.js";

/** A process: its id, and when it began, because ids come again (in a container always the same). */
const SELF = `${process.pid} ${Math.round(performance.timeOrigin)}`;
const ATTEMPTS = 2;

/** Does the work while no other process does any under the same lock. Throws OperationalError where one does. */
export async function withLockOf<Result>(
	path: string,
	work: () => Promise<Result> | Result,
): Promise<Result> {
	const lock = `${path}.lock`;
	takeLock(lock, {
		unwritable: (why) => new OperationalError(notice("unwritable", { file: lock, why })),
		inUse: (pid) => new OperationalError(notice("file-in-use", { file: path, pid, lock })),
		taken: () => new OperationalError(notice("file-taken", { file: path })),
	});
	try {
		return await work();
	} finally {
		rmSync(lock, { force: true });
	}
}

/** What is said where a lock cannot be had. */
export interface LockRefusals {
	/** `why`: the system's code. */
	readonly unwritable: (why: string) => OperationalError;
	readonly inUse: (pid: number) => OperationalError;
	/** Others took it each time that it was free. */
	readonly taken: () => OperationalError;
}

/** Makes the file for this process. Throws what `refusals` say. */
export function takeLock(lock: string, refusals: LockRefusals): void {
	for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
		try {
			const descriptor = openSync(lock, "wx", 0o600);
			writeSync(descriptor, `${SELF}\n`);
			closeSync(descriptor);
			return;
		} catch (error) {
			const { code = "" } = error as NodeJS.ErrnoException;
			if (code !== "EEXIST") throw refusals.unwritable(code);
		}
		const pid = holderOf(lock);
		if (pid !== undefined) throw refusals.inUse(pid);
		removeStale(lock);
	}
	throw refusals.taken();
}

/** Id of the living process that a lock names, or undefined. */
export function holderOf(lock: string): number | undefined {
	const text = readIfThere(lock).trim();
	const holder = Number.parseInt(text, 10);
	if (!Number.isInteger(holder)) return undefined;
	if (holder === process.pid) return text === SELF ? holder : undefined;
	return isProcessAlive(holder) ? holder : undefined;
}

/** Two that find the same stale lock must not remove each other's: the process that moved a fresh one puts it back. */
function removeStale(lock: string): void {
	const aside = `${lock}.${process.pid}`;
	try {
		renameSync(lock, aside);
		if (holderOf(aside) !== undefined) linkSync(aside, lock);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code !== "ENOENT" && code !== "EEXIST") throw error;
	} finally {
		rmSync(aside, { force: true });
	}
}

function readIfThere(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
		throw error;
	}
}
