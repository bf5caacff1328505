import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
	chmodSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stub } from "sinon";
import { readOffer } from "../../src/collector/ledger/configuration-offers.js";
import { onlyKey } from "../../src/collector/ledger/station-keys.js";
import { openIdentity } from "../../src/collector/service/identity.js";
import {
	configurationPaths,
	parseServiceOptions,
	readConfiguration,
	requireNoPassword,
} from "../../src/collector/service/service-options.js";
import { readStationList } from "../../src/collector/service/station-list.js";
import { openPGliteStore } from "../../src/collector/store/pglite-store.js";
import { hexOf } from "../../src/core/bytes.js";
import { closeToOthers } from "../../src/host/permissions.js";
import { decodeAnswer } from "../../src/protocol/wire/acknowledgement.js";
import { decodeSign1 } from "../../src/protocol/wire/cose.js";
import { startCollector } from "../support/collectors/collector-process.js";
import { callCommand } from "../support/collectors/command-here.js";
import { recordOf } from "../support/collectors/ledger-suite.js";
import { whole } from "../support/depth.js";

const PROGRAM = fileURLToPath(new URL("../../src/collector/service/main.js", import.meta.url));

describe("collector's service", () => {
	let directory: string;

	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), "bistrina-service-"));
	});

	afterEach(() => rmSync(directory, { recursive: true, force: true }));

	async function refused(...args: string[]): Promise<{ status: number | null; output: string }> {
		const { exitCode, stdout, stderr } = await callCommand(
			"src/collector/service/main.js",
			...args,
		);
		assert.equal(stdout, "");
		return { status: exitCode, output: stderr };
	}

	it("refuses a password on the command line, and does not repeat it", async () => {
		const url = "postgresql://a:hunter2@h/d";
		const { status, output } = await refused("--data", directory, "--postgres", url);
		assert.equal(status, 1);
		assert.match(output, /^error: --postgres: leave the password out; put it into PGPASSWORD/);
		assert.doesNotMatch(output, /hunter2/);
		const query = "postgresql://a@h/d?password=hunter2";
		assert.throws(() => requireNoPassword(query), /leave the password out/);
		assert.throws(() => requireNoPassword("h/d"), /not a connection string/);
		assert.throws(() => requireNoPassword("mysql://a@h/d"), /mysql:\/\/ is no PostgreSQL/);
		requireNoPassword("postgresql://a@h/d");
	});

	it("exits 2 for a usage that it does not know", async () => {
		assert.equal((await refused("--data", directory, "--port", "x")).status, 2);
		for (const [option, value, message] of [
			["--proxy", "localhost", /use an IP address/],
			["--proxy", "10.0.0.0/8", /use an IP address/],
			["--readers-proxy", "10.0.0.1:80", /use an IP address/],
			["--readers-origin", "rivers.example.org", /use a scheme and a host/],
			["--readers-origin", "https://rivers.example.org/bor", /use a scheme and a host/],
			["--publication", "rivers.json", /'--publication' is nothing without --readers-port/],
			["--metrics-host", "10.0.0.1", /'--metrics-host' is nothing without --metrics-port/],
			["--port", "\u001b[2J\u009b31m", /argument '\\x1b\[2J\\x9b31m' is invalid/],
		] as const) {
			const stderr = stub(process.stderr, "write").returns(true);
			try {
				assert.throws(() => parseServiceOptions(["--data", directory, option, value]));
				assert.match(stderr.args.flat().join(""), message);
			} finally {
				stderr.restore();
			}
		}
		const proxies = ["--proxy", "::ffff:10.0.0.1", "--proxy", "2001:db8::1"];
		const options = parseServiceOptions(["--data", directory, ...proxies]);
		assert.deepEqual(options.proxies, ["10.0.0.1", "2001:db8::1"]);
	});

	it("says that a folder for its data is a file", async () => {
		const path = join(directory, "file");
		writeFileSync(path, "");
		const { status, output } = await refused("--data", path);
		assert.equal(status, 1);
		assert.match(output, /^error: .*file.* cannot be read \(ENOTDIR\)\n$/);
	});

	it("names the process that uses a directory, also itself", async () => {
		const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
		await once(other, "spawn");
		writeFileSync(join(directory, "lock"), `${other.pid} 1\n`);
		await assert.rejects(
			openPGliteStore(directory),
			new RegExp(
				`in use by process ${other.pid} \\(npm start or a collector\\); stop it or choose another`,
			),
		);
		other.kill();
		await once(other, "exit");
		writeFileSync(
			join(directory, "lock"),
			`${process.pid} ${Math.round(performance.timeOrigin)}\n`,
		);
		await assert.rejects(
			openPGliteStore(directory),
			new RegExp(`in use by process ${process.pid}`),
		);
		assert.deepEqual(readdirSync(directory), ["lock"]);
	});

	it("reads a list of stations and names the line that is none", () => {
		const { publicKey } = recordOf(1);
		const list = join(directory, "stations");
		writeFileSync(list, `# upstream\n\nbor-1 ${hexOf(publicKey)} # since May\n`);
		assert.deepEqual(readStationList(list), {
			enrolments: [{ station: "bor-1", keys: [onlyKey(publicKey)] }],
			faults: [],
		});
		for (const line of ["bor-1", "Bor ab", "bor-1 0102"]) {
			writeFileSync(list, `# one\n${line}\npek-1 ${hexOf(publicKey)}\n`);
			const { enrolments, faults } = readStationList(list);
			assert.match(faults.join(), /stations line 2: expected a station id/);
			assert.deepEqual(enrolments, [{ station: "pek-1", keys: [onlyKey(publicKey)] }]);
		}
		writeFileSync(list, `\nbor-1 05${"ab".repeat(32)}\n`);
		assert.deepEqual(readStationList(list).faults, [
			`${list} line 2: the digits of bor-1 are no public key (33 bytes, a compressed point of P-256); take it from the first entry of the station's journal`,
		]);
		assert.throws(() => readStationList(join(directory, "none")), /cannot be read \(ENOENT\)/);
	});

	it("reads the keys of a station in the order of their lives, with who decided and why", () => {
		const list = join(directory, "stations");
		const [a, b, c] = [1, 2, 3].map((seed) => recordOf(1, { seed }).publicKey);
		const key = (bytes: Uint8Array | undefined) => hexOf(bytes ?? assert.fail());
		const first = `bor-1 ${key(a)} revoked=2026-11-28T06:30:00Z revoked-by=amina revoked-why="board lost"`;
		const second = `bor-1 ${key(b)} from=2026-11-28 by="Amina N." why=board-replaced`;
		writeFileSync(list, `${first}\npek-1 ${key(c)}\n${second}\n`);
		assert.deepEqual(readStationList(list), {
			enrolments: [
				{
					station: "bor-1",
					keys: [
						{
							...onlyKey(a ?? assert.fail()),
							revoked: { atUtcSeconds: 1_795_847_400, by: "amina", why: "board lost" },
						},
						{
							publicKey: b,
							enrolled: { atUtcSeconds: 1_795_824_000, by: "Amina N.", why: "board-replaced" },
						},
					],
				},
				{ station: "pek-1", keys: [onlyKey(c ?? assert.fail())] },
			],
			faults: [],
		});
		for (const [lines, message] of [
			[`bor-1 ${key(a)}\nbor-1 ${key(b)}`, /line 2: station bor-1 is enrolled with another key/],
			[`bor-1 ${key(a)}\nbor-1 ${key(a)}`, /line 2: bor-1 has this key already/],
			[`${first}\n${second.replace("by=", "of=")}`, /line 2: expected from=, by=, why=/],
			[second.replace('"Amina N."', '""'), /line 1: from=, by= and why= belong together/],
			[second.replace("11-28", "02-30"), /line 1: from=2026-02-30 is no time; write 2026-11-28/],
			[second.replace("2026-11-28", "1970-01-01"), /line 1: from=1970-01-01 is no time/],
			[
				second.replace("2026-11-28", "2106-02-07T06:28:16Z"),
				/line 1: from=2106-02-07T06:28:16Z is no time/,
			],
			[second.replace("board", "\x1b[2J"), /line 1: expected from=.* not "why=\?\[2J-replaced"/],
			[second.replace("board", "b".repeat(80)), /line 1: why= is longer than 80 characters/],
		] as const) {
			writeFileSync(list, `${lines}\npek-1 ${key(c)}\n`, "latin1");
			const { enrolments, faults } = readStationList(list);
			assert.match(faults.join(), message);
			// Nobody else suffers for it.
			assert.deepEqual(
				enrolments.map(({ station }) => station),
				["pek-1"],
				lines,
			);
		}
		// The last second that 32 bits hold.
		writeFileSync(list, second.replace("2026-11-28", "2106-02-07T06:28:15Z"));
		const [last] = readStationList(list).enrolments;
		assert.equal(last?.keys[0]?.enrolled.atUtcSeconds, 4_294_967_295);
	});

	it("reads no list and no configuration that is longer than any can be", () => {
		const long = join(directory, "long.conf");
		writeFileSync(long, "");
		truncateSync(long, 65_537);
		assert.throws(() => readConfiguration(long), { message: `${long}: too long` });
		// A file without blocks: nothing of it is read.
		const list = join(directory, "list");
		writeFileSync(list, "");
		truncateSync(list, 100_000_001);
		assert.throws(() => readStationList(list), { message: `${list}: too long` });
	});

	it("reads lists and configurations that an editor began with a byte order mark", () => {
		const { publicKey } = recordOf(1);
		const list = join(directory, "stations");
		writeFileSync(list, `\ufeffbor-1 ${hexOf(publicKey)}\r\n`);
		const { enrolments, faults } = readStationList(list);
		assert.deepEqual(faults, []);
		assert.deepEqual(enrolments[0]?.keys[0]?.publicKey, publicKey);
		writeFileSync(join(directory, "bor.conf"), "\ufeffid=2\r\nstation=bor-1\r\n");
		const [path = assert.fail()] = configurationPaths(directory);
		assert.deepEqual(readOffer(readConfiguration(path), path).id, 2);
	});

	it("closes an identity and a database that others may read, and says so", async () => {
		chmodSync(directory, 0o755);
		await openIdentity(directory, "collector.bistrina.invalid");
		assert.deepEqual(closeToOthers(directory), []);
		const path = join(directory, "identity.json");
		const database = join(directory, "pglite");
		mkdirSync(database);
		chmodSync(path, 0o644);
		chmodSync(database, 0o777);
		assert.deepEqual(closeToOthers(directory), [
			`${path} was open to others (0644) and is closed now: whoever read it can answer as this collector`,
			`${database} was open to others (0777) and is closed now: whoever wrote to it can have changed the record`,
		]);
		assert.equal(statSync(path).mode & 0o777, 0o600);
		assert.equal(statSync(database).mode & 0o777, 0o700);
	});

	it("closes a folder that others can write to, in which they could put another identity, but not one like /tmp", () => {
		chmodSync(directory, 0o1777);
		assert.deepEqual(closeToOthers(directory), []);
		chmodSync(directory, 0o775);
		assert.deepEqual(closeToOthers(directory), [
			`${directory} was open to others (0775) and is closed now: whoever wrote to it can have put another identity or record in place of what was there`,
		]);
		assert.equal(statSync(directory).mode & 0o7777, 0o755);
	});

	it("names the file and the field of a damaged identity, in one line of its own", async () => {
		await openIdentity(directory, "collector.bistrina.invalid");
		const path = join(directory, "identity.json");
		const whole = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
		const pair = '"privateKey" and "certificate" are no key and its certificate in PEM';
		const other = join(directory, "other");
		await openIdentity(other, "collector.bistrina.invalid");
		const { privateKey } = JSON.parse(readFileSync(join(other, "identity.json"), "utf8")) as Record<
			string,
			unknown
		>;
		for (const [damage, message] of [
			[{ privateKey: String(whole["privateKey"]).replace("\nMIG", "\nAAA") }, pair],
			[{ privateKey }, pair],
			[{ certificate: "" }, pair],
			[{ certificateAuthority: "x" }, '"certificateAuthority" is no certificate in PEM'],
			[
				{ acknowledgementScalar: "00".repeat(32) },
				'"acknowledgementScalar" is no private key of P-256 in 64 digits',
			],
			[{ acknowledgementScalar: 7 }, "corrupt or of another version"],
		] as const) {
			writeFileSync(path, JSON.stringify({ ...whole, ...damage }));
			await assert.rejects(
				openIdentity(directory, "collector.bistrina.invalid"),
				(error: Error) => {
					assert.equal(error.name, "OperationalError", error.stack);
					assert.ok(error.message.startsWith(`${path}: ${message}; restore`), error.message);
					return true;
				},
			);
		}
	});

	whole(
		"names a conflict in its list and serves everybody, at a start and on SIGHUP",
		async function () {
			this.timeout(120_000);
			const before = recordOf(24);
			const after = recordOf(12, { epoch: 78, seed: 2, previous: before, reason: 2 });
			const other = recordOf(12, { station: "pek-1", seed: 3 });
			const [a, b, c] = [before, after, other].map(({ publicKey }) => hexOf(publicKey));
			const list = join(directory, "stations");
			writeFileSync(list, `bor-1 ${a}\n`);
			const first = await startCollector(directory, ["--stations", list]);
			assert.equal((await first.post(before.envelope(1, 12))).status, 200);
			assert.equal(await first.stop("SIGINT"), 0);
			// The board was replaced, and somebody wrote its key over the old one.
			writeFileSync(list, `bor-1 ${b}\nbor-2 nonsense\npek-1 ${c}\n`);
			const second = await startCollector(directory, ["--stations", list]);
			assert.match(
				second.output(),
				/not taken: .*stations line 2: expected a station id and the 66 digits of its public key\n/,
			);
			assert.match(
				second.output(),
				/not taken: .*stations: station bor-1 is enrolled with another key than \w{12}\.\.\.; to replace the key, leave its line and add one with from=, by= and why= after it\n1 stations of/,
			);
			assert.equal((await second.post(other.envelope(1, 12))).status, 200);
			assert.equal((await second.post(before.envelope(13, 18))).status, 200);
			assert.equal((await second.post(after.envelope(1, 12))).status, 422);
			writeFileSync(
				list,
				`bor-1 ${a} revoked=2026-11-28 revoked-by=amina revoked-why="board lost"\n` +
					`bor-1 ${b} from=2026-11-28T06:00:00Z by=amina why="board replaced"\npek-1 ${c}\n`,
			);
			process.kill(second.pid, "SIGHUP");
			await second.saw(/2 stations of/);
			assert.equal((await second.post(after.envelope(1, 12))).status, 200);
			const { status, body } = await second.post(before.envelope(19, 24));
			const answer = decodeAnswer(decodeSign1(body).payload);
			assert.deepEqual([status, answer.kind === "refusal" && answer.code], [422, 9]);
			assert.equal((await second.post(before.envelope(19, 24, { signer: after }))).status, 200);
			// What was revoked stays so, whatever a list says later.
			writeFileSync(list, `bor-1 ${a}\npek-1 ${c}\n`);
			process.kill(second.pid, "SIGHUP");
			await second.saw(/recorded as revoked from 2026-11-28T00:00:00Z by "amina", "board lost"/);
			assert.equal((await second.post(before.envelope(19, 24))).status, 422);
			assert.equal(await second.stop("SIGINT"), 0);
		},
	);

	whole(
		"lives through SIGHUP from its first line on, and takes what is right beside a configuration that is not",
		async function () {
			this.timeout(120_000);
			const station = recordOf(12);
			const list = join(directory, "stations");
			writeFileSync(list, `bor-1 ${hexOf(station.publicKey)}\n`);
			const folder = join(directory, "configurations");
			mkdirSync(folder);
			writeFileSync(join(folder, "a.conf"), "station=nobody\nid=2\n");
			writeFileSync(join(folder, "b.conf"), "no configuration\n");
			writeFileSync(join(folder, "bor.conf"), "id=2\nstation=bor-1\n");
			mkdirSync(join(folder, "folder.conf"));
			const collector = await startCollector(
				directory,
				["--stations", list, "--configurations", folder],
				PROGRAM,
				// As a service manager that reloads what it has only just started.
				(child) => child.stderr?.once("data", () => child.kill("SIGHUP")),
			);
			await collector.saw(/is to have configuration 2/);
			const output = collector.output();
			assert.match(
				output,
				/not taken: .*a\.conf: configuration 2: station nobody is not enrolled\n/,
			);
			assert.match(output, /not taken: .*b\.conf line 1: expected name=value\n/);
			assert.match(output, /not taken: .*folder\.conf: cannot be read \(EISDIR\)\n/);
			for (let count = 0; count < 20; count++) process.kill(collector.pid, "SIGHUP");
			await collector.saw(/(is to have configuration 2[\s\S]*){2}/);
			assert.equal((await collector.post(station.envelope(1, 12))).status, 200);
			assert.equal(await collector.stop("SIGINT"), 0);
		},
	);

	whole(
		"serves over HTTPS, dies by kill -9, takes its directory again, and stops cleanly",
		async function () {
			this.timeout(120_000);
			const station = recordOf(24);
			const list = join(directory, "stations");
			writeFileSync(list, `${station.station} ${hexOf(station.publicKey)}\n`);
			const first = await startCollector(directory, ["--stations", list]);
			assert.match(first.output(), /survive the death of this process/);
			assert.equal((await first.post(station.envelope(1, 12))).status, 200);
			assert.equal(statSync(join(directory, "pglite")).mode & 0o777, 0o700);
			assert.equal(await first.stop("SIGKILL"), null);
			assert.match(readFileSync(join(directory, "lock"), "utf8"), /^\d+ \d+\n$/);
			const folder = join(directory, "configurations");
			mkdirSync(folder);
			writeFileSync(join(folder, "bor.conf"), `id=2 # slower\nstation=${station.station}\n`);
			const options = ["--stations", list, "--configurations", folder];
			const second = await startCollector(directory, options);
			assert.match(second.output(), /bor-1 is to have configuration 2 of .*bor.conf/);
			assert.deepEqual(second.publicKey, first.publicKey);
			const { status, body } = await second.post(station.envelope(13, 24));
			assert.equal(status, 200);
			const answer = decodeAnswer(decodeSign1(body).payload);
			// The first twelve are there since the life before.
			assert.ok(answer.kind === "acknowledgement");
			assert.equal(answer.cursor, 24);
			const offered = Buffer.from(answer.configuration ?? new Uint8Array(0)).toString();
			assert.equal(offered, `id=2\nstation=${station.station}\n`);
			assert.equal(await second.stop("SIGINT"), 0);
		},
	);
});
