import { strict as assert } from "node:assert";
import {
	closeSync,
	cpSync,
	existsSync,
	mkdtempSync,
	openSync,
	readdirSync,
	readFileSync,
	readSync,
	rmSync,
	writeFileSync,
	writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ledger } from "../../../src/collector/ledger/ledger.js";
import { exportStation, verifyExport, verifyStore } from "../../../src/collector/ledger/verify.js";
import { databaseErrorOf } from "../../../src/collector/store/database-error.js";
import {
	openPGliteStore,
	requireDatabase,
	storeOf,
	unopenedError,
} from "../../../src/collector/store/pglite-store.js";
import { COLLECTOR_KEY, recordOf } from "../../support/collectors/ledger-suite.js";
import { emptyStore } from "../../support/collectors/shared-store.js";
import { sample, whole } from "../../support/depth.js";

const PAGE_BYTES = 8192;

describe("a damaged database of the collector", function () {
	this.timeout(60_000);
	let root: string;
	let directory: string;
	const files = { entries: "", batches: "" };
	const station = recordOf(240);

	before(async () => {
		root = mkdtempSync(join(tmpdir(), "bistrina-damage-"));
		const whole = join(root, "whole");
		const store = await openPGliteStore(whole);
		const ledger = new Ledger({ store, key: COLLECTOR_KEY, clock: { utcSeconds: 1 } });
		await ledger.enrol(station.station, station.publicKey);
		for (const envelope of station.envelopes(12)) await ledger.receive(envelope);
		for (const table of ["entries", "batches"] as const) {
			const [row] = await store.query(`select pg_relation_filepath('${table}') as path`);
			files[table] = String(row?.["path"]);
		}
		await store.close();
	});

	beforeEach(() => {
		directory = mkdtempSync(join(root, "copy-"));
		cpSync(join(root, "whole"), directory, { recursive: true });
	});

	after(() => rmSync(root, { recursive: true, force: true }));

	/** One bit in the last bytes of the first page, where the first row lies. */
	function flipBit(file: string): void {
		const descriptor = openSync(join(directory, "pglite", file), "r+");
		const byte = Buffer.alloc(1);
		readSync(descriptor, byte, 0, 1, PAGE_BYTES - 10);
		byte[0] = (byte[0] ?? 0) ^ 4;
		writeSync(descriptor, byte, 0, 1, PAGE_BYTES - 10);
		closeSync(descriptor);
	}

	whole(
		"is named with the database's words when a row cannot be read, and its batches still prove the record",
		async () => {
			flipBit(files.entries);
			const store = await openPGliteStore(directory);
			await assert.rejects(verifyStore(store, station), {
				name: "OperationalError",
				message:
					`the database is damaged (invalid page in block 0 of relation "${files.entries}"); ` +
					"the rows could not be read, the signed batches could: `bistrina record` writes those out of " +
					"the same database, and `bistrina verify` judges that file; or restore a backup, or read the " +
					"station's own journal",
			});
			const pieces: Uint8Array[] = [];
			const count = await exportStation(store, station.station, "json-lines", (piece) => {
				pieces.push(piece);
			});
			await store.close();
			assert.equal(count, 20);
			const verification = verifyExport(pieces, station);
			assert.deepEqual([verification.isSound, verification.counts.chained], [true, 240]);
		},
	);

	for (const [what, damage] of sample([
		["without pg_control", () => rmSync(join(directory, "pglite/global/pg_control"))],
		[
			"with an overwritten pg_control",
			() => writeFileSync(join(directory, "pglite/global/pg_control"), new Uint8Array(PAGE_BYTES)),
		],
	] as const)) {
		it(`says what to do where it does not open, ${what}`, async () => {
			damage();
			await assert.rejects(openPGliteStore(directory), (error: Error) => {
				assert.equal(error.name, "OperationalError", error.stack);
				assert.match(
					error.message,
					/^\S+: the database does not open \(.+\); it is damaged, or of another version of PostgreSQL: keep a copy of "pglite" in it, then restore a backup; without one move "pglite" away and start again: stations offer the new database what their flash still holds$/,
				);
				return true;
			});
			assert.ok(!readdirSync(directory).includes("lock"));
		});
	}

	it("is not made anew over its tables when PG_VERSION is missing", async () => {
		rmSync(join(directory, "pglite/PG_VERSION"));
		const before = readFileSync(join(directory, "pglite", files.entries));
		await assert.rejects(
			openPGliteStore(directory),
			/pglite: the database is damaged \(PG_VERSION is missing\); nothing was changed; keep a copy/,
		);
		assert.ok(!existsSync(join(directory, "pglite/PG_VERSION")));
		assert.deepEqual(readFileSync(join(directory, "pglite", files.entries)), before);
	});

	it("is told from a disk without room, whatever PGlite throws then", () => {
		const room = { bavail: 10_000, bsize: 4096 };
		const full = unopenedError(directory, { name: "ErrnoError", errno: 51 }, room);
		assert.equal(
			full.message,
			`${directory}: the disk is full (no space left on device); make room, a new database takes 40 MB, ` +
				"and start again",
		);
		// Recovery that finds no room for its log.
		const silent = new Error("PGlite failed to initialize properly");
		const narrow = unopenedError(directory, silent, { bavail: 1500, bsize: 4096 });
		assert.equal(
			narrow.message,
			`${directory}: the database does not open (PGlite failed to initialize properly); the disk has only ` +
				"6 MB left: make room for 40 MB and start again",
		);
		assert.match(unopenedError(directory, silent, room).message, /; it is damaged, or of another/);
	});

	it("is told from a directory that has none and from one that cannot be read", () => {
		requireDatabase(directory);
		assert.throws(() => requireDatabase(root), {
			name: "OperationalError",
			message: `${root}: no collector's database; npm start has it in DATA/collector`,
		});
		const refuse = (path: string): void => {
			throw Object.assign(new Error(`denied ${path}`), { code: "EACCES" });
		};
		assert.throws(() => requireDatabase(directory, refuse), {
			name: "OperationalError",
			message:
				`${directory}: cannot be read (EACCES); the collector's database is its owner's alone: read it as ` +
				"that user",
		});
	});

	// As a row that cannot be read, which the short form tries.
	whole(
		"is named when a signed batch cannot be read, to who verifies and to who exports",
		async () => {
			flipBit(files.batches);
			const store = await openPGliteStore(directory);
			const expected = {
				name: "OperationalError",
				message:
					`the database is damaged (invalid page in block 0 of relation "${files.batches}"); the signed ` +
					"batches could not be read: restore a backup, or read the station's own journal",
			};
			await assert.rejects(verifyStore(store, station), expected);
			await assert.rejects(
				exportStation(store, station.station, "json-lines", () => {}),
				expected,
			);
			await store.close();
			assert.ok(!readdirSync(directory).includes("lock"));
		},
	);
});

describe("an error of the database", () => {
	it("is an operational error when the database failed, and a bug when the statement is wrong", async () => {
		const store = await emptyStore();
		await assert.rejects(store.query("select 1/0"), {
			name: "OperationalError",
			message: "the database failed (division by zero, SQLSTATE 22012)",
		});
		await assert.rejects(store.query("select * from nowhere"), {
			name: "OperationalError",
			message: 'the database failed (relation "nowhere" does not exist, SQLSTATE 42P01)',
		});
		await assert.rejects(store.query("selekt 1"), { name: "error", code: "42601" });
		const bug = new TypeError("x is undefined");
		await assert.rejects(
			store.transaction(() => Promise.reject(bug)),
			bug,
		);
	});

	it("is an operational error in every shape that PGlite and pg give it", () => {
		for (const [error, message] of [
			[
				{ name: "ErrnoError", errno: 51 },
				"the disk of the database is full (no space left on device); make room",
			],
			[
				{ name: "ErrnoError", errno: 29 },
				"the embedded database failed (error 29 of its file system); start again",
			],
			[
				Object.assign(new Error("Aborted()"), { name: "RuntimeError" }),
				"the embedded database failed (Aborted()); start again",
			],
			[
				Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }),
				"the database does not answer (read ECONNRESET)",
			],
			// A pooler that puts a session onto another connection while the collector runs.
			...(["42P05", "26000"] as const).map(
				(code) =>
					[
						Object.assign(new Error('prepared statement "s1"'), { name: "error", code }),
						'a pooler (PgBouncer) in transaction mode is in between (prepared statement "s1"); connect to the ' +
							"server itself, or set in pgbouncer.ini: pool_mode = session",
					] as const,
			),
			[
				new Error("Connection terminated unexpectedly"),
				"the database does not answer (Connection terminated unexpectedly)",
			],
		] as const) {
			const named = databaseErrorOf(error);
			assert.ok(named instanceof Error);
			assert.deepEqual([named.name, named.message], ["OperationalError", message]);
		}
	});
});

describe("the embedded database without room for its log", () => {
	it("is not asked again, neither to store nor to close, because it would never return", async () => {
		const asked: string[] = [];
		const refuse = (what: string): never => {
			asked.push(what);
			throw Object.assign(
				new Error('could not write to file "pg_wal/xlogtemp.42": No space left on device'),
				{ name: "error", code: "53100" },
			);
		};
		let closedCount = 0;
		const store = storeOf(
			{
				query: async () => refuse("query"),
				exec: async () => refuse("exec"),
				transaction: async () => refuse("transaction"),
				close: async () => refuse("close"),
			},
			() => closedCount++,
		);
		const expected = {
			name: "OperationalError",
			message:
				'the disk of the database is full (could not write to file "pg_wal/xlogtemp.42": No space left on ' +
				"device); nothing more is stored: make room and start again",
		};
		await assert.rejects(store.query("select 1"), expected);
		await assert.rejects(store.query("select 1"), expected);
		await assert.rejects(store.execute("select 1"), expected);
		await assert.rejects(
			store.transaction(async () => {}),
			expected,
		);
		await store.close();
		assert.deepEqual([asked, closedCount], [["query"], 1]);
	});
});
