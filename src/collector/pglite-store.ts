/**
 * PGlite on disk: PostgreSQL inside this process, nothing to install. What it commits survives the
 * death of the process; the loss of the machine's power it survives only as far as the file
 * system does. One process at a time.
 */
import {
	closeSync,
	linkSync,
	openSync,
	readFileSync,
	renameSync,
	rmSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import { PGlite, type Transaction } from "@electric-sql/pglite";
import { troubleOf } from "./database-trouble.js";
import { makeFolders } from "./folders.js";
import { isProcessAlive } from "./process-alive.js";
import { ensureSchema, type SqlRow, type SqlSession, type SqlStore } from "./store.js";
import { CollectorTrouble } from "./trouble.js";

const BYTEA_OID = 17;

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

/** Opens or makes the database under `directory`. Throws CollectorTrouble when in use or of another version. */
export async function openPGliteStore(directory: string): Promise<SqlStore> {
	makeFolders(directory, 0o700);
	const lock = join(directory, "lock");
	takeLock(directory, lock);
	let database: PGlite;
	try {
		database = await PGlite.create(join(directory, "pglite"), BYTES_AS_THEY_ARE);
	} catch (error) {
		rmSync(lock, { force: true });
		throw new CollectorTrouble(
			`${directory}: the database does not open (${error instanceof Error ? error.message : error})`,
		);
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

/** In memory, for tests and simulations that keep nothing. */
export async function openMemoryStore(): Promise<SqlStore> {
	const store = storeOf(await PGlite.create(BYTES_AS_THEY_ARE), () => {});
	await ensureSchema(store, "memory");
	return store;
}

function storeOf(database: PGlite, onClosed: () => void): SqlStore {
	const sessionOf = (runner: PGlite | Transaction): SqlSession => ({
		query: async (text, parameters = []) =>
			(await asTrouble(runner.query<SqlRow>(text, [...parameters]))).rows,
		execute: async (text) => {
			await asTrouble(runner.exec(text));
		},
	});
	return {
		...sessionOf(database),
		name: "pglite",
		transaction: (work) =>
			asTrouble(database.transaction((transaction) => work(sessionOf(transaction)))),
		close: async () => {
			await database.close();
			onClosed();
		},
	};
}

async function asTrouble<Result>(work: Promise<Result>): Promise<Result> {
	try {
		return await work;
	} catch (error) {
		throw troubleOf(error);
	}
}

/** A process: its id, and when it began, because ids come again (in a container always the same). */
const SELF = `${process.pid} ${Math.round(performance.timeOrigin)}`;

function takeLock(directory: string, lock: string): void {
	for (let attempt = 0; attempt < 2; attempt++) {
		try {
			const descriptor = openSync(lock, "wx", 0o600);
			writeSync(descriptor, `${SELF}\n`);
			closeSync(descriptor);
			return;
		} catch (error) {
			const { code } = error as NodeJS.ErrnoException;
			if (code !== "EEXIST")
				throw new CollectorTrouble(`${directory}: cannot be written (${code})`);
		}
		const holder = holderOf(lock);
		if (holder !== undefined) {
			throw new CollectorTrouble(
				`${directory}: in use by process ${holder} (npm start or a collector); stop it or choose another ` +
					`directory (if that is neither, remove ${lock})`,
			);
		}
		removeStale(lock);
	}
	throw new CollectorTrouble(`${directory}: another process took it just now; try again`);
}

/** Id of the living process that a lock names, or undefined. */
function holderOf(lock: string): number | undefined {
	const text = readIfThere(lock).trim();
	const holder = Number.parseInt(text, 10);
	if (!Number.isInteger(holder)) return undefined;
	if (holder === process.pid) return text === SELF ? holder : undefined;
	return isProcessAlive(holder) ? holder : undefined;
}

/** Two that find the same stale lock must not remove each other's: who moved a fresh one puts it back. */
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
