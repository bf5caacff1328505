/** A PostgreSQL server by connection string; any number of collectors may share it. */

import pg from "pg";
import { OperationalError } from "../../host/errors.js";
import { STATEMENTS_MAX, STORE_ALL } from "./batch-writer.js";
import { DatabaseError, databaseErrorOf } from "./database-error.js";
import { ensureSchema, type SqlRow, type SqlSession, type SqlStore } from "./store.js";

/** Two cores commit no faster with more, and a server has about 100 to share out. */
const CONNECTIONS_MAX = 6;
/**
 * Of batches alone, one for each statement that writes them at once. What makes the plans of that on a connection is its
 * first statement, 40 ms; when an attack opened connections, honest stations waited for several of these, each as long.
 */
const WRITING_CONNECTIONS_MAX = STATEMENTS_MAX.postgresql;
/** A connection costs the server a process, so a burst leaves them for the next one; then they go, but never the writing ones. */
const IDLE_MILLISECONDS_MAX = 600_000;
const CONNECT_MILLISECONDS_MAX = 10_000;
const STATEMENT_MILLISECONDS_MAX = 30_000;
/** Of the server to say that a statement took too long. */
const ANSWER_MILLISECONDS_MAX = 5000;
/** A pooler that takes its sessions in turns may give back the right one once by chance. */
const SESSION_ROUNDS = 3;

/** Connects and makes the schema where it is missing. The password belongs into PGPASSWORD or a pgpass file. */
export async function openPostgresqlStore(connectionString: string): Promise<SqlStore> {
	const pool = poolOf(connectionString, CONNECTIONS_MAX, IDLE_MILLISECONDS_MAX);
	const writingPool = poolOf(connectionString, WRITING_CONNECTIONS_MAX, 0);
	const session = sessionOf(pool);
	const writing = sessionOf(writingPool);
	const store: SqlStore = {
		...session,
		query: (text, parameters) => (text === STORE_ALL ? writing : session).query(text, parameters),
		name: "postgresql",
		transaction: async (work) => {
			const client = await connected(pool);
			let failure: unknown;
			try {
				const session = sessionOf(client);
				await session.execute("begin");
				const result = await work(session);
				await session.execute("commit");
				return result;
			} catch (error) {
				failure = error;
				await client.query("rollback").catch(() => {});
				throw error;
			} finally {
				const isSound = failure instanceof OperationalError && !(failure instanceof DatabaseError);
				client.release(failure instanceof Error && !isSound);
			}
		},
		close: async () => {
			await Promise.all([pool.end(), writingPool.end()]);
		},
	};
	try {
		await requireOwnSessions(pool);
		await requireUnicode(pool);
		await ensureSchema(store, "the PostgreSQL database");
	} catch (error) {
		await store.close();
		if (error instanceof OperationalError && !(error instanceof DatabaseError)) throw error;
		const reason = error instanceof DatabaseError ? error.cause : error;
		const known = knownErrorOf(reason);
		if (known !== undefined) throw known;
		throw new OperationalError(
			`PostgreSQL does not answer (${reason instanceof Error ? reason.message : reason}); ` +
				"check the connection string, PGPASSWORD and that the server runs",
		);
	}
	return store;
}

function poolOf(connectionString: string, max: number, idleTimeoutMillis: number): pg.Pool {
	const pool = new pg.Pool({
		connectionString,
		max,
		idleTimeoutMillis,
		connectionTimeoutMillis: CONNECT_MILLISECONDS_MAX,
		// A firewall that forgot a connection, or a server that died, says nothing for a quarter of an hour.
		keepAlive: true,
		keepAliveInitialDelayMillis: 10_000,
		query_timeout: STATEMENT_MILLISECONDS_MAX + ANSWER_MILLISECONDS_MAX,
		types: { getTypeParser },
		onConnect: setSession,
	});
	// A connection that breaks while idle is replaced by the pool; without a listener it would end us.
	pool.on("error", () => {});
	return pool;
}

/** What a server or a pooler refuses at the start and somebody can grant or set; undefined for the rest. */
export function knownErrorOf(error: unknown): OperationalError | undefined {
	const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
	const words = String(message);
	if (code === "42501") {
		// Since PostgreSQL 15 only a database's owner may make tables in its schema public.
		return new OperationalError(
			`PostgreSQL: ${words}: the user may not make tables there; as the database's owner say: ` +
				"grant create on schema public to USER",
		);
	}
	if (words.includes("unsupported startup parameter")) {
		return new OperationalError(
			`PostgreSQL: a pooler (PgBouncer) is in between and refuses (${words}); connect to the server itself, ` +
				"or set in pgbouncer.ini: ignore_startup_parameters = statement_timeout, pool_mode = session",
		);
	}
	// Prepared on one server connection, executed on another.
	if (code === "42P05" || (code === "26000" && words.includes("prepared statement"))) {
		return new OperationalError(poolerMessage(words));
	}
	// Whoever gives an SQLSTATE has answered.
	if (typeof code !== "string" || !/^[0-9A-Z]{5}$/.test(code)) return undefined;
	const cure = CURES[code] ?? "check the connection string, and what its user may do";
	return new OperationalError(`PostgreSQL refuses: ${words}; ${cure}`);
}

/** By SQLSTATE, where more can be said than the server does. */
const CURES: Readonly<Record<string, string>> = Object.freeze({
	"25006":
		"connect to the primary server, or take default_transaction_read_only from user and database",
	"28P01": "put the user's password into PGPASSWORD or ~/.pgpass",
	"3D000": "make the database first, or name another one",
	"3F000": "the user's or database's search_path must name a schema that is there",
});

/** Names and alarms may be in any script. Throws OperationalError. */
async function requireUnicode(pool: pg.Pool): Promise<void> {
	const { rows } = await pool.query("show server_encoding");
	const encoding = String(rows[0]?.server_encoding);
	if (encoding === "UTF8" || encoding === "SQL_ASCII") return;
	throw new OperationalError(
		`PostgreSQL: the database's encoding is ${encoding}, which cannot hold all that alarms say; ` +
			"give the collector another: create database NAME encoding 'UTF8' template template0",
	);
}

async function connected(pool: pg.Pool): Promise<pg.PoolClient> {
	try {
		return await pool.connect();
	} catch (error) {
		throw databaseErrorOf(error);
	}
}

/**
 * An acknowledgement releases flash: a commit that has not reached the disk is none. Said in a statement and
 * not with the connection's start, where a pooler refuses what it does not know.
 */
async function setSession(client: pg.ClientBase): Promise<void> {
	await client.query(
		`select set_config('statement_timeout', '${STATEMENT_MILLISECONDS_MAX}', false),
			case current_setting('synchronous_commit')
				when 'off' then set_config('synchronous_commit', 'on', false) end`,
	);
}

/**
 * A pooler that gives each transaction another session takes settings and prepared statements away in the
 * middle of work. With few clients it does so rarely: two of them look for each other's traces. Throws
 * OperationalError.
 */
async function requireOwnSessions(pool: pg.Pool): Promise<void> {
	const clients: pg.PoolClient[] = [];
	try {
		for (const _ of [1, 2]) clients.push(await pool.connect());
		for (let round = 0; round < SESSION_ROUNDS; round++) {
			for (const [index, client] of clients.entries()) {
				await client.query(`select set_config('bistrina.session', '${index}', false)`);
			}
			for (const [index, client] of clients.entries()) {
				const { rows } = await client.query(
					"select current_setting('bistrina.session', true) as found",
				);
				if (rows[0]?.found !== String(index)) {
					throw new OperationalError(poolerMessage("sessions are not its clients' own"));
				}
			}
		}
	} finally {
		for (const client of clients) client.release();
	}
}

function poolerMessage(words: string): string {
	return (
		`PostgreSQL: a pooler (PgBouncer) in transaction mode is in between (${words}); connect to the server ` +
		"itself, or set in pgbouncer.ini: pool_mode = session"
	);
}

const INT8_OID = 20;
const INT8_ARRAY_OID = 1016;

/** Sequences are 32 bits, so that bigint columns fit numbers, as PGlite gives them. */
function getTypeParser(oid: number, format?: "text" | "binary"): (text: string) => unknown {
	if (oid === INT8_OID) return Number;
	if (oid === INT8_ARRAY_OID) {
		return (text) => (text === "{}" ? [] : text.slice(1, -1).split(",").map(Number));
	}
	return pg.types.getTypeParser(oid, format as "text");
}

function sessionOf(client: pg.Pool | pg.PoolClient): SqlSession {
	return {
		query: async (text, parameters = []) => {
			const named =
				parameters.length > 0 ? { name: nameOf(text), text, values: [...parameters] } : { text };
			try {
				return (await client.query<SqlRow>(named)).rows;
			} catch (error) {
				throw databaseErrorOf(error);
			}
		},
		execute: async (text) => {
			try {
				await client.query(text);
			} catch (error) {
				throw databaseErrorOf(error);
			}
		},
	};
}

/** Statements are prepared once per connection; their text names them. */
function nameOf(text: string): string {
	let hash = 0;
	for (let index = 0; index < text.length; index++) {
		hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
	}
	return `bistrina_${(hash >>> 0).toString(36)}_${text.length}`;
}
