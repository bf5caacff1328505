/** `--store pglite|postgresql` of a campaign; without it runs take turns. */
import type { SqlStore } from "../../../src/collector/store/store.js";
import { UsageError } from "../engines/dispatch.js";
import { postgresqlPrograms } from "./postgresql-server.js";

export type StoreName = SqlStore["name"];

/** `text` is what was asked for, `otherwise` the turns. Throws UsageError for another store, and one that is not installed. */
export function storesOf(
	text: string | undefined,
	otherwise: readonly StoreName[],
): readonly StoreName[] {
	if (text !== undefined && text !== "pglite" && text !== "postgresql") {
		throw new UsageError(`--store ${text}: pglite or postgresql`);
	}
	const stores: readonly StoreName[] = text === undefined ? otherwise : [text];
	if (stores.includes("postgresql") && postgresqlPrograms() === undefined) {
		throw new UsageError("no PostgreSQL server is installed (Debian: apt install postgresql)");
	}
	return stores;
}
