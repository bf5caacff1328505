/** One embedded database for all tests of a run: making one takes seconds, emptying it or loading an image of it does not. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { libraryVersion } from "../../../src/collector/store/new-database.js";
import { openMemoryStore } from "../../../src/collector/store/pglite-store.js";
import { ALARM_TABLES, RECORD_TABLES } from "../../../src/collector/store/schema.js";
import type { SqlStore } from "../../../src/collector/store/store.js";
import { PROJECT } from "../sources.js";

const CACHE = join(PROJECT, ".cache");
const shared: { store: Promise<SqlStore> | undefined } = { store: undefined };

/** The shared store, empty. Do not close it. */
export async function emptyStore(): Promise<SqlStore> {
	shared.store ??= emptyImage().then(openMemoryStore);
	const store = await shared.store;
	await store.execute(`truncate ${[...RECORD_TABLES, ...ALARM_TABLES, "evidence"].join(", ")}`);
	return store;
}

/** Of a database without a table; made once for each version of the library, whole or not at all. */
async function emptyImage(): Promise<Blob> {
	const path = join(CACHE, `memory-${libraryVersion()}.tar`);
	if (!existsSync(path)) {
		const database = await PGlite.create();
		const image = await database.dumpDataDir("none");
		await database.close();
		mkdirSync(CACHE, { recursive: true });
		const making = `${path}.${process.pid}`;
		writeFileSync(making, new Uint8Array(await image.arrayBuffer()));
		renameSync(making, path);
	}
	return new Blob([readFileSync(path)]);
}

/** Everything in the record's tables as text, for comparison byte by byte. */
export async function recordOf(store: SqlStore): Promise<string> {
	let text = "";
	for (const table of RECORD_TABLES) {
		const rows = await store.query(`select t::text as row from ${table} t order by 1`);
		text += `${table}\n${rows.map((row) => String(row["row"])).join("\n")}\n`;
	}
	return text;
}
