/**
 * PGlite on disk: PostgreSQL inside this process, nothing to install. What it commits survives the
 * death of the process; the loss of the machine's power it survives only as far as the file
 * system does. One process at a time.
 */

import { chmodSync, existsSync, readdirSync, rmSync, type StatsFs, statfsSync } from "node:fs";
import { basename, join } from "node:path";
import { PGlite, type Transaction } from "@electric-sql/pglite";
import { OperationalError } from "../../host/errors.js";
import { makeFolders } from "../../host/folders.js";
import { holderOf, takeLock } from "../../host/process-lock.js";
import { DatabaseError, databaseErrorOf, isFullDisk, wordsOf } from "./database-error.js";
import { makeDatabase } from "./new-database.js";
import { ensureSchema, type SqlRow, type SqlSession, type SqlStore } from "./store.js";

const BYTEA_OID = 17;
/** FirstNormalObjectId of PostgreSQL (access/transam.h): below are its own tables. */
const FIRST_TABLE = 16384;
/** A segment of its log is 16 MiB, and recovery may need a new one beside the old. */
const ROOM_BYTES_MIN = 40_000_000;
const DAMAGE_REMEDY =
	'keep a copy of "pglite" in it, then restore a backup; without one move "pglite" away and start again: ' +
	"stations offer the new database what their flash still holds";

/** PGlite's own way to and from bytea goes digit by digit: a tenth of a millisecond for each batch. */
const BYTES_AS_THEY_ARE = Object.freeze({
	serializers: {
		// A view is sent in binary form.
		[BYTEA_OID]: (bytes: unknown) => bytes as string,
	},
	parsers: {
		// "\\x" and two digits a byte.
		[BYTEA_OID]: (text: string) => new Uint8Array(Buffer.from(text.slice(2), "hex")),
	},
});

/**
 * Opens or makes the database under `directory`. Throws OperationalError when in use, damaged, of another
 * version, or without room.
 */
export async function openPGliteStore(directory: string): Promise<SqlStore> {
	makeFolders(directory, 0o700);
	const lock = join(directory, "lock");
	takeDirectory(directory, lock);
	const path = join(directory, "pglite");
	let database: PGlite;
	try {
		requireWhole(path);
		if (!existsSync(join(path, "PG_VERSION"))) await makeDatabase(path);
		// PGlite makes its files for everybody; this folder is who keeps them.
		chmodSync(path, 0o700);
		database = await PGlite.create(path, BYTES_AS_THEY_ARE);
	} catch (error) {
		rmSync(lock, { force: true });
		throw error instanceof OperationalError ? error : unopenedError(directory, error);
	}
	const store = storeOf(database, () => rmSync(lock, { force: true }));
	try {
		await ensureSchema(store, directory);
	} catch (error) {
		await store.close();
		throw error;
	}
	return store;
}

/**
 * Refuses a directory without a database, which opening would make one, and tells it from one that
 * cannot be read. `list` throws the system's error.
 */
export function requireDatabase(
	directory: string,
	list: (path: string) => unknown = (path) => readdirSync(path),
): void {
	try {
		list(join(directory, "pglite"));
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === "ENOENT" || code === "ENOTDIR") {
			throw new OperationalError(
				`${directory}: no collector's database; npm start has it in DATA/collector`,
			);
		}
		throw new OperationalError(
			`${directory}: cannot be read (${code}); the collector's database is its owner's alone: read ` +
				"it as that user",
		);
	}
}

/**
 * PGlite makes a new database over whatever lies where PG_VERSION is missing. A first start that was
 * cut off lacks it too, but has no tables of the collector yet: those are numbered from 16384.
 */
function requireWhole(path: string): void {
	if (existsSync(join(path, "PG_VERSION")) || !existsSync(join(path, "base"))) return;
	const hasTables = readdirSync(join(path, "base"), { recursive: true }).some(
		(name) => Number.parseInt(basename(String(name)), 10) >= FIRST_TABLE,
	);
	if (!hasTables) return;
	throw new OperationalError(
		`${path}: the database is damaged (PG_VERSION is missing); nothing was changed; ${DAMAGE_REMEDY}`,
	);
}

/** Why it did not open, as far as anybody can tell: PGlite keeps PostgreSQL's words to itself. */
export function unopenedError(
	directory: string,
	error: unknown,
	{ bavail, bsize }: Pick<StatsFs, "bavail" | "bsize"> = statfsSync(directory),
): OperationalError {
	const words = wordsOf(error);
	if (isFullDisk(error)) {
		return new OperationalError(
			`${directory}: the disk is full (${words}); make room, a new database takes 40 MB, and start again`,
		);
	}
	if (bavail * bsize < ROOM_BYTES_MIN) {
		return new OperationalError(
			`${directory}: the database does not open (${words}); the disk has only ` +
				`${Math.floor((bavail * bsize) / 1e6)} MB left: make room for 40 MB and start again`,
		);
	}
	return new OperationalError(
		`${directory}: the database does not open (${words}); it is damaged, or of another version of ` +
			`PostgreSQL: ${DAMAGE_REMEDY}`,
	);
}

/** In memory, for tests and simulations that keep nothing. With `image`, a tar that PGlite dumped, none is made anew. */
export async function openMemoryStore(image?: Blob): Promise<SqlStore> {
	const ready = image === undefined ? {} : { loadDataDir: image };
	const store = storeOf(await PGlite.create({ ...BYTES_AS_THEY_ARE, ...ready }), () => {});
	await ensureSchema(store, "memory");
	return store;
}

/**
 * The store over an open database. When PGlite found no room for its log (pg_wal), its next statement
 * never returns and would hold this whole process: from then on every statement is refused unasked.
 */
export function storeOf(
	database: Pick<PGlite, "query" | "exec" | "transaction" | "close">,
	onClosed: () => void,
): SqlStore {
	let end: DatabaseError | undefined;
	const asDatabaseError = async <Result>(work: () => Promise<Result>): Promise<Result> => {
		if (end !== undefined) throw end;
		try {
			return await work();
		} catch (error) {
			if (isFullDisk(error) && wordsOf(error).includes("pg_wal/")) {
				end = new DatabaseError(
					`the disk of the database is full (${wordsOf(error)}); nothing more is stored: make room ` +
						"and start again",
					{ cause: error },
				);
				throw end;
			}
			throw databaseErrorOf(error);
		}
	};
	const sessionOf = (runner: Pick<Transaction, "query" | "exec">): SqlSession => ({
		query: async (text, parameters = []) =>
			(await asDatabaseError(() => runner.query<SqlRow>(text, [...parameters]))).rows,
		execute: async (text) => {
			await asDatabaseError(() => runner.exec(text));
		},
	});
	return {
		...sessionOf(database as Pick<Transaction, "query" | "exec">),
		name: "pglite",
		transaction: (work) =>
			asDatabaseError(() => database.transaction((transaction) => work(sessionOf(transaction)))),
		close: async () => {
			// What was committed is in its files; the next start recovers it.
			if (end === undefined) await database.close();
			onClosed();
		},
	};
}

function takeDirectory(directory: string, lock: string): void {
	takeLock(lock, {
		unwritable: (why) => new OperationalError(`${directory}: cannot be written (${why})`),
		inUse: (pid) =>
			new OperationalError(
				`${directory}: in use by process ${pid} (npm start or a collector); stop it or choose another ` +
					`directory (if that is neither, remove ${lock})`,
			),
		taken: () => new OperationalError(`${directory}: another process took it just now; try again`),
	});
}

/** Id of the living process that has the database of `directory` open, or undefined. */
export function databaseHolder(directory: string): number | undefined {
	return holderOf(join(directory, "lock"));
}
