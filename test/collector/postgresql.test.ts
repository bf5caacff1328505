import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { Ledger } from "../../src/collector/ledger/ledger.js";
import { openPostgresqlStore } from "../../src/collector/store/postgresql-store.js";
import type { SqlStore } from "../../src/collector/store/store.js";
import { describeAlarms } from "../support/collectors/alarm-suite.js";
import { type Finished, runCommand } from "../support/collectors/command.js";
import {
	COLLECTOR_KEY,
	describeLedger,
	openAnswer,
	recordOf,
} from "../support/collectors/ledger-suite.js";
import { hasPgBouncer, startPgBouncer } from "../support/collectors/pgbouncer.js";
import {
	type PostgresqlServer,
	postgresqlPrograms,
	startPostgresql,
} from "../support/collectors/postgresql-server.js";
import { recordText } from "../support/data/record-text.js";
import { PROJECT } from "../support/sources.js";

const programs = postgresqlPrograms();

if (programs === undefined) {
	describe("collector with PostgreSQL", () => {
		it("SKIPPED: no PostgreSQL server is installed (Debian: apt install postgresql)", function () {
			console.log("SKIPPED: the PostgreSQL lane; install PostgreSQL to run it");
			this.skip();
		});
	});
} else {
	describe("collector with PostgreSQL", () => {
		let server: PostgresqlServer;
		let databaseCount = 0;

		before(async function () {
			this.timeout(60_000);
			// Killing the server is another test's business; here nothing waits for the disk.
			server = await startPostgresql(programs, ["fsync=off"]);
		});

		after(() => server?.stop());

		const freshDatabase = (): Promise<string> => server.createDatabase(`run_${++databaseCount}`);
		const openEmpty = async (): Promise<SqlStore> => openPostgresqlStore(await freshDatabase());

		describeLedger("PostgreSQL", openEmpty);
		describeAlarms("PostgreSQL", openEmpty);

		it("stores a batch while others hold all connections but those of batches", async () => {
			const store = await openEmpty();
			const station = recordOf(12);
			const ledger = new Ledger({ store, key: COLLECTOR_KEY, clock: { utcSeconds: 1 } });
			await ledger.enrol(station.station, station.publicKey);
			// What a batch asks for besides is in memory from now on.
			await ledger.receive(station.envelope(1, 6));
			let areHeld = true;
			const held = Promise.allSettled(
				Array.from({ length: 20 }, () => store.query("select pg_sleep(20)")),
			).finally(() => {
				areHeld = false;
			});
			const { status } = await ledger.receive(station.envelope(7, 12));
			assert.equal(status, 200);
			assert.equal(areHeld, true);
			const [ended] = await openPostgresqlStore(server.connectionString).then(async (other) => {
				const rows = await other.query(
					"select count(pg_terminate_backend(pid))::integer as count from pg_stat_activity where query like $1",
					["select pg_sleep%"],
				);
				await other.close();
				return rows;
			});
			assert.equal(ended?.["count"], 6);
			await store.close();
			await held;
		});

		it("lets several collectors share the record without a row doubled or a batch refused", async () => {
			const database = await freshDatabase();
			// All at once on the empty database: one of them makes the tables.
			const stores = await Promise.all([1, 2, 3].map(() => openPostgresqlStore(database)));
			const clock = { utcSeconds: 1 };
			const ledgers = stores.map((store) => new Ledger({ store, key: COLLECTOR_KEY, clock }));
			const station = recordOf(240);
			await ledgers[0]?.enrol(station.station, station.publicKey);
			const envelopes = [...station.envelopes(12), ...station.envelopes(20)];
			const answers = await Promise.all(
				ledgers.flatMap((ledger, index) =>
					(index === 1 ? [...envelopes].reverse() : envelopes).map((envelope) =>
						ledger.receive(envelope),
					),
				),
			);
			assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
			const cursors = answers.map(openAnswer).map((answer) => "cursor" in answer && answer.cursor);
			assert.ok(cursors.includes(240));
			const [row] = await (stores[0] ?? assert.fail()).query(
				"select count(*)::integer as entries from entries",
			);
			assert.equal(row?.["entries"], 240);
			const coverage = await (stores[1] ?? assert.fail()).query("select first, last from coverage");
			assert.deepEqual(coverage, [{ first: 1, last: 240 }]);
			await Promise.all(stores.map((store) => store.close()));
		});

		it("gives the technician's program record, readings and values, and what it publishes verifies", async function () {
			this.timeout(60_000);
			const database = await freshDatabase();
			const store = await openPostgresqlStore(database);
			const ledger = new Ledger({ store, key: COLLECTOR_KEY, clock: { utcSeconds: 1 } });
			const station = recordOf(240);
			await ledger.enrol(station.station, station.publicKey);
			for (const envelope of station.envelopes(12)) await ledger.receive(envelope);
			await store.close();
			const folder = mkdtempSync(join(tmpdir(), "bistrina-postgresql-"));
			const bistrina = (...argv: string[]): Promise<Finished> =>
				runCommand("src/technician/main.js", ...argv);
			try {
				const of = ["--station", station.station];
				const stored = [...of, "--postgres", database];
				const file = join(folder, "record.jsonl");
				const policy = ["--policy", join(PROJECT, "policies/bor.json")];
				const record = await bistrina("record", file, ...stored);
				assert.equal(record.exitCode, 0, record.stderr);
				for (const command of [["readings"], ["values", ...policy]]) {
					const table = await bistrina(...command, ...stored);
					assert.equal(table.exitCode, 0, table.stderr);
					assert.ok(table.stdout.split("\r\n").length > 200, table.stderr);
					const [name = "", ...rest] = command;
					const fromFile = await bistrina(name, file, ...of, ...rest);
					assert.equal(fromFile.stdout, table.stdout);
					if (name === "values") writeFileSync(join(folder, "values.csv"), table.stdout);
				}
				const published = ["--values", join(folder, "values.csv"), ...policy];
				const sound = await bistrina("verify", ...stored, "--key", "enrolled", ...published);
				assert.equal(sound.exitCode, 0, sound.stderr);
				assert.match(sound.stderr, /^the table follows from the record: \d+ rows$/m);
			} finally {
				rmSync(folder, { recursive: true });
			}
		});

		it("refuses tables of another version, and another's database, untouched", async () => {
			const database = await freshDatabase();
			const store = await openPostgresqlStore(database);
			await store.execute("update bistrina_schema set version = 99");
			const before = await recordText(store);
			await assert.rejects(openPostgresqlStore(database), /tables of version 99/);
			assert.equal(await recordText(store), before);
			await store.execute("update bistrina_schema set version = 4");
			await store.execute("drop table floors");
			await assert.rejects(
				openPostgresqlStore(database),
				/its table floors is missing; restore the/,
			);
			await store.close();
			const foreign = await freshDatabase();
			const client = new pg.Client({ connectionString: foreign });
			await client.connect();
			await client.query("create table mine (a integer)");
			await assert.rejects(openPostgresqlStore(foreign), /holds other tables/);
			const { rows } = await client.query(
				"select tablename from pg_tables where schemaname = 'public'",
			);
			assert.deepEqual(rows, [{ tablename: "mine" }]);
			await client.end();
		});

		it("commits durably even where the server's default does not", async () => {
			const database = await freshDatabase();
			const client = new pg.Client({ connectionString: database });
			await client.connect();
			await client.query(
				`alter database ${database.replace(/.*\//, "")} set synchronous_commit = off`,
			);
			await client.end();
			const store = await openPostgresqlStore(database);
			assert.deepEqual(await store.query("show synchronous_commit"), [
				{ synchronous_commit: "on" },
			]);
			await store.close();
		});

		it("names the grant that a user without CREATE in schema public needs", async () => {
			const database = await freshDatabase();
			const client = new pg.Client({ connectionString: database });
			await client.connect();
			await client.query("create role poor login");
			await client.end();
			const asPoor = database.replace("bistrina@", "poor@");
			await assert.rejects(openPostgresqlStore(asPoor), /grant create on schema public to USER/);
		});

		it("says of a server that answered what it refuses, and of a database that cannot hold every script", async () => {
			const database = await freshDatabase();
			const client = new pg.Client({ connectionString: database });
			await client.connect();
			const name = client.database;
			await client.query("create database narrow encoding 'LATIN1' template template0");
			await client.query(`alter database ${name} set default_transaction_read_only = on`);
			await client.end();
			for (const [where, message] of [
				[database.replace("bistrina@", "nobody@"), /^PostgreSQL refuses: role "nobody" does not /],
				[database.replace(/[^/]+$/, "nowhere"), /^PostgreSQL refuses: .*; make the database first/],
				[database, /^PostgreSQL refuses: .*; connect to the primary server, or take default_/],
				[database.replace(/[^/]+$/, "narrow"), /encoding is LATIN1.* encoding 'UTF8'/],
			] as const) {
				await assert.rejects(openPostgresqlStore(where), { message });
			}
		});

		if (!hasPgBouncer()) {
			it("SKIPPED: no PgBouncer is installed (Debian: apt install pgbouncer)", function () {
				console.log("SKIPPED: the PgBouncer lane; install pgbouncer to run it");
				this.skip();
			});
		} else {
			it("stores through PgBouncer in session mode as its package sets it up, with its own settings in each session", async () => {
				const database = new URL(await freshDatabase()).pathname.slice(1);
				const bouncer = await startPgBouncer(server.connectionString, ["pool_mode = session"]);
				const stores = await Promise.all(
					[1, 2].map(() => openPostgresqlStore(bouncer.connectionString(database))),
				);
				const ledgers = stores.map(
					(store) => new Ledger({ store, key: COLLECTOR_KEY, clock: { utcSeconds: 1 } }),
				);
				const station = recordOf(240);
				await ledgers[0]?.enrol(station.station, station.publicKey);
				const answers = await Promise.all(
					ledgers.flatMap((ledger) =>
						station.envelopes(12).map((envelope) => ledger.receive(envelope)),
					),
				);
				assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
				const [store = assert.fail()] = stores;
				assert.deepEqual(await store.query("select first, last from coverage"), [
					{ first: 1, last: 240 },
				]);
				const [row] = await store.query("select current_setting('statement_timeout') as most");
				assert.equal(row?.["most"], "30s");
				await Promise.all(stores.map((each) => each.close()));
				await bouncer.stop();
			});

			it("refuses PgBouncer in transaction mode by its name, at the start and before it makes a table", async () => {
				for (const more of [
					[],
					["server_round_robin = 1"],
					["ignore_startup_parameters = statement_timeout"],
				]) {
					const database = new URL(await freshDatabase()).pathname.slice(1);
					const settings = ["pool_mode = transaction", ...more];
					const bouncer = await startPgBouncer(server.connectionString, settings);
					await assert.rejects(openPostgresqlStore(bouncer.connectionString(database)), {
						name: "OperationalError",
						message:
							"PostgreSQL: a pooler (PgBouncer) in transaction mode is in between (sessions are not its clients' own); " +
							"connect to the server itself, or set in pgbouncer.ini: pool_mode = session",
					});
					await bouncer.stop();
					const client = new pg.Client({
						connectionString: server.connectionString.replace(/postgres$/, database),
					});
					await client.connect();
					const { rows } = await client.query(
						"select count(*)::integer as count from pg_tables where schemaname = 'public'",
					);
					assert.deepEqual(rows, [{ count: 0 }]);
					await client.end();
				}
			});
		}

		it("says in one line that the server does not answer", async () => {
			await assert.rejects(
				openPostgresqlStore("postgresql://bistrina@127.0.0.1:1/none"),
				/PostgreSQL does not answer .*check the connection string/,
			);
		});
	});
}
