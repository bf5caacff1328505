/** The SQL store of the ledger: embedded PGlite or a PostgreSQL server, by the same statements. */

import { OperationalError } from "../../host/errors.js";
import { ALARMS_SQL, OFFERS_SQL, RECORD_TABLES, SCHEMA_SQL, SCHEMA_VERSION } from "./schema.js";

export type SqlRow = Record<string, unknown>;

export interface SqlSession {
	query(text: string, parameters?: readonly unknown[]): Promise<SqlRow[]>;
	/** Several statements, no parameters. */
	execute(text: string): Promise<void>;
}

export interface SqlStore extends SqlSession {
	readonly name: "pglite" | "postgresql";
	/** Runs `work` in one transaction: all of it commits, or nothing of it. */
	transaction<Result>(work: (session: SqlSession) => Promise<Result>): Promise<Result>;
	close(): Promise<void>;
}

/** Tables that are made where they are missing, in an older database, too. */
const BESIDE_THE_RECORD_SQL = OFFERS_SQL + ALARMS_SQL;

/**
 * Makes the schema in an empty database, and refuses one of another version untouched. `where` names
 * the database in the message.
 */
export async function ensureSchema(store: SqlStore, where: string): Promise<void> {
	await store.transaction(async (session) => {
		// Several collectors may start on one empty database at once.
		await session.query("select pg_advisory_xact_lock(4242001)");
		const [found] = await session.query(
			"select to_regclass('bistrina_schema') is not null as present",
		);
		if (found?.["present"] !== true) {
			const [other] = await session.query(
				"select count(*)::integer as count from pg_tables where schemaname = current_schema()",
			);
			if (Number(other?.["count"]) > 0) {
				throw new OperationalError(
					`${where}: holds other tables; give the collector an empty database`,
				);
			}
			await session.execute(SCHEMA_SQL);
			await session.execute(BESIDE_THE_RECORD_SQL);
			return;
		}
		const [row] = await session.query("select version from bistrina_schema");
		if (row?.["version"] === SCHEMA_VERSION) {
			// Of a backup that came back in part every batch would fail, one after the other.
			const [lost] = await session.query(
				"select name from unnest($1::text[]) as name where to_regclass(name) is null",
				[[...RECORD_TABLES, "evidence"]],
			);
			if (lost !== undefined) {
				throw new OperationalError(
					`${where}: its table ${lost["name"]} is missing; restore the whole backup into an empty database`,
				);
			}
			await session.execute(BESIDE_THE_RECORD_SQL);
			return;
		}
		throw new OperationalError(
			`${where}: tables of version ${row?.["version"]}, this program knows ${SCHEMA_VERSION}; ` +
				"use the version that made them",
		);
	});
}

/** `bytea` as either driver gives it. */
export function bytesOf(value: unknown): Uint8Array {
	if (value instanceof Uint8Array) return new Uint8Array(value);
	throw new TypeError(`not bytes: ${typeof value}`);
}
