/** One embedded database for all tests of a run: making one takes seconds, emptying it does not. */
import { openMemoryStore } from "../../../src/collector/store/pglite-store.js";
import { ALARM_TABLES, RECORD_TABLES } from "../../../src/collector/store/schema.js";
import type { SqlStore } from "../../../src/collector/store/store.js";

const shared: { store: Promise<SqlStore> | undefined } = { store: undefined };

/** The shared store, empty. Do not close it. */
export async function emptyStore(): Promise<SqlStore> {
	shared.store ??= openMemoryStore();
	const store = await shared.store;
	await store.execute(`truncate ${[...RECORD_TABLES, ...ALARM_TABLES, "evidence"].join(", ")}`);
	return store;
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
