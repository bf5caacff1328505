/** docs/OPERATING.md, rehearsed: backup, loss, restore; the record verifies, and stations continue. The unit is one, too. */
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyStore } from "../../src/collector/ledger/verify.js";
import { openPGliteStore } from "../../src/collector/store/pglite-store.js";
import { openPostgresqlStore } from "../../src/collector/store/postgresql-store.js";
import type { SqlStore } from "../../src/collector/store/store.js";
import { hexOf } from "../../src/core/bytes.js";
import { decodeAnswer } from "../../src/protocol/wire/acknowledgement.js";
import { decodeSign1 } from "../../src/protocol/wire/cose.js";
import { type CollectorProcess, startCollector } from "../support/collectors/collector-process.js";
import { postgresqlPrograms, startPostgresql } from "../support/collectors/postgresql-server.js";
import { SignedStation } from "../support/collectors/signed-station.js";
import { PROJECT } from "../support/sources.js";

const programs = postgresqlPrograms();
const SYSTEMD = "/usr/bin/systemd-analyze";

describe("a collector that was restored", function () {
	this.timeout(180_000);
	let folder: string;
	let list: string;
	let station: SignedStation;

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-restore-"));
		station = new SignedStation({ station: "bor-1" });
		station.appendReadings(60);
		list = join(folder, "stations");
		writeFileSync(list, `bor-1 ${hexOf(station.publicKey)}\n`);
	});

	afterEach(() => rmSync(folder, { recursive: true, force: true }));

	const start = (data: string, more: readonly string[] = []): Promise<CollectorProcess> =>
		startCollector(data, ["--stations", list, ...more]);

	const deliver = async (to: CollectorProcess, first: number, last: number, floor = 1) => {
		const { status, body } = await to.post(station.envelope(first, last, { floor }));
		assert.equal(status, 200);
		const answer = decodeAnswer(decodeSign1(body).payload);
		assert.ok("cursor" in answer);
		return answer.cursor;
	};

	const missingIn = async (store: SqlStore): Promise<unknown> => {
		const { findings, ranges } = await verifyStore(store, { station: "bor-1", keys: station.keys });
		await store.close();
		assert.deepEqual(findings, []);
		return ranges
			.filter(({ standing }) => standing === "missing")
			.map(({ first, last }) => [first, last]);
	};

	it("continues from a copy of its data directory, and says what came after it", async () => {
		const data = join(folder, "data");
		const copy = join(folder, "copy");
		const first = await start(data);
		assert.equal(await deliver(first, 1, 24), 24);
		assert.equal(await first.stop("SIGINT"), 0);
		cpSync(data, copy, { recursive: true });
		const second = await start(data);
		assert.equal(await deliver(second, 25, 36), 36);
		await second.stop("SIGKILL");
		rmSync(data, { recursive: true });
		cpSync(copy, data, { recursive: true });
		const third = await start(data, ["--readers-port", "0"]);
		// The station's ring has given up what was acknowledged: its floor is 37.
		assert.equal(await deliver(third, 37, 48, 37), 48);
		assert.equal(await third.stop("SIGINT"), 0);
		assert.deepEqual(await missingIn(await openPGliteStore(data)), [[25, 36]]);
	});

	if (programs === undefined) {
		it("SKIPPED: no PostgreSQL server is installed (Debian: apt install postgresql)", function () {
			console.log("SKIPPED: the rehearsal with PostgreSQL; install PostgreSQL to run it");
			this.skip();
		});
	} else {
		it("continues from a dump of PostgreSQL that was made while it ran", async () => {
			const server = await startPostgresql(programs, ["fsync=off"]);
			try {
				const before = await server.createDatabase("before");
				const after = await server.createDatabase("after");
				const data = join(folder, "data");
				const first = await start(data, ["--postgres", before]);
				await deliver(first, 1, 24);
				const dump = join(folder, "dump");
				execFileSync(join(programs, "pg_dump"), ["-Fc", "-f", dump, before]);
				await deliver(first, 25, 36);
				assert.equal(await first.stop("SIGINT"), 0);
				execFileSync(join(programs, "pg_restore"), ["--no-owner", "-d", after, dump]);
				const second = await start(data, ["--postgres", after]);
				assert.equal(await deliver(second, 37, 48, 37), 48);
				assert.equal(await second.stop("SIGINT"), 0);
				assert.deepEqual(await missingIn(await openPostgresqlStore(after)), [[25, 36]]);
			} finally {
				await server.stop();
			}
		});
	}

	if (!existsSync(SYSTEMD)) {
		it("SKIPPED: no systemd-analyze is installed (Debian: apt install systemd)", function () {
			console.log("SKIPPED: the unit's check; install systemd to run it");
			this.skip();
		});
	} else {
		it("runs by a unit that systemd accepts, of programs that are there", () => {
			const unit = join(PROJECT, "docs/operating/bistrina-collector.service");
			const text = readFileSync(unit, "utf8");
			assert.match(text, /\/opt\/bistrina\/build\/src\/collector\/service\/main\.js --data /);
			const output = execFileSync(SYSTEMD, ["verify", "--man=no", unit], {
				encoding: "utf8",
				stdio: ["ignore", "pipe", "pipe"],
			});
			assert.equal(output, "");
		});
	}
});
