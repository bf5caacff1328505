/** The record's tables as text, for comparisons byte by byte. */
import { RECORD_TABLES } from "../../../src/collector/store/schema.js";
import type { SqlSession } from "../../../src/collector/store/store.js";

/** Every row of every table of the record, in a fixed order. */
export async function recordText(session: SqlSession): Promise<string> {
	const tables: string[] = [];
	for (const table of RECORD_TABLES) {
		const rows = await session.query(`select t::text as line from ${table} t order by 1`);
		tables.push(`${table}\n${rows.map((row) => String(row["line"])).join("\n")}`);
	}
	return tables.join("\n\n");
}
