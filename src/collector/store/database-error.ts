import { OperationalError } from "../../host/errors.js";
/**
 * What the errors of a database mean to an operator. They leave a store as DatabaseError; what its
 * SQLSTATE calls a mistake of this program stays a bug.
 */

/** The database itself failed; `cause` is its own error. */
export class DatabaseError extends OperationalError {}

/** Class 42 is wrong SQL, but for what somebody else can take away: table, column, function, right. */
const OURS = /^42/;
const TAKEN_AWAY: readonly string[] = Object.freeze(["42P01", "42703", "42883", "42501"]);
/** A statement that was prepared over another connection: a pooler that changes them under a session. */
const POOLED: readonly string[] = Object.freeze(["42P05", "26000"]);
/** Damage: class XX, "undefined file" and "I/O error" (PostgreSQL, appendix A). */
const DAMAGE = /^(XX...|58P01|58030)$/;
const DISK_FULL = "53100";
/** Its file system, its exit, a trap of its WebAssembly. */
const WASM_ENDS: readonly string[] = Object.freeze(["ErrnoError", "ExitStatus", "RuntimeError"]);
/** ENOSPC as WASI numbers it, which is how PGlite's file system throws it: no Error, no message. */
const WASI_ENOSPC = 51;

/** `error` as DatabaseError when it comes from PGlite or pg, else as it is. */
export function databaseErrorOf(error: unknown): unknown {
	if (error instanceof OperationalError || typeof error !== "object" || error === null)
		return error;
	const { code, name } = error as { code?: unknown; name?: unknown };
	const words = wordsOf(error);
	if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code)) {
		const isOthers = TAKEN_AWAY.includes(code) || POOLED.includes(code);
		if (OURS.test(code) && !isOthers) return error;
		return new DatabaseError(messageFor(code, words), { cause: error });
	}
	// pg gives the system's errors of its socket, and this where the server hung up.
	const isSystems = typeof code === "string" && /^E[A-Z]+$/.test(code);
	if (isSystems || words.startsWith("Connection terminated")) {
		return new DatabaseError(`the database does not answer (${words})`, { cause: error });
	}
	if (isFullDisk(error)) return new DatabaseError(messageFor(DISK_FULL, words), { cause: error });
	if (WASM_ENDS.includes(String(name))) {
		return new DatabaseError(`the embedded database failed (${words}); start again`, {
			cause: error,
		});
	}
	return error;
}

/** The database's own words; PGlite also throws objects that have none. */
export function wordsOf(error: unknown): string {
	if (typeof error !== "object" || error === null) return String(error);
	const { message, name, errno } = error as { message?: unknown; name?: unknown; errno?: unknown };
	if (typeof message === "string" && message !== "") return message;
	if (isFullDisk(error)) return "no space left on device";
	return typeof errno === "number" ? `error ${errno} of its file system` : String(name);
}

/** True for every shape in which a full disk shows. */
export function isFullDisk(error: unknown): boolean {
	if (typeof error !== "object" || error === null) return false;
	const { code, name, errno } = error as { code?: unknown; name?: unknown; errno?: unknown };
	return (
		code === DISK_FULL || code === "ENOSPC" || (name === "ErrnoError" && errno === WASI_ENOSPC)
	);
}

function messageFor(code: string, words: string): string {
	if (DAMAGE.test(code)) return `the database is damaged (${words})`;
	if (POOLED.includes(code)) {
		return (
			`a pooler (PgBouncer) in transaction mode is in between (${words}); connect to the server itself, or ` +
			"set in pgbouncer.ini: pool_mode = session"
		);
	}
	if (code === DISK_FULL) return `the disk of the database is full (${words}); make room`;
	return `the database failed (${words}, SQLSTATE ${code})`;
}
