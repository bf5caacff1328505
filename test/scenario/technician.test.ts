/** A technician at a station: what it measures meanwhile, when it sleeps again, and the whole program. */
import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openNamedStation, type StationLine } from "../../sim/shell/station-line.js";
import { encodeRequest } from "../../src/protocol/line/console.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import { type Entry, STATION_FLAGS } from "../../src/protocol/record/entry-layouts.js";
import { EVENT_CODES } from "../../src/protocol/record/events.js";
import { ConsoleClient } from "../../src/technician/client.js";
import { openPort } from "../../src/technician/ports.js";
import { runCommand, startCommand } from "../support/collectors/command.js";
import { callCommand } from "../support/collectors/command-here.js";
import { clientOf } from "../support/collectors/station-client.js";
import { IS_WHOLE, sample, whole } from "../support/depth.js";
import { PROJECT } from "../support/sources.js";

const PROGRAM = "src/technician/main.js";
const HOUR = 3600;

function entriesOf({ played }: StationLine): Entry[] {
	return played.witness.returned.map((canonicalBytes) => decodeEntry(canonicalBytes));
}

describe("a technician at a station", function () {
	this.timeout(120_000);

	it("watches for a quarter of an hour, and every reading that is due is made on time and flagged", async () => {
		const station = await openNamedStation("storm-pek@30m,6");
		const client = await clientOf(station);
		const began = station.played.station.utcSeconds;
		const rounds: (string | undefined)[] = [];
		await client.request("watch", {
			fields: { count: 70 },
			deadlineMilliseconds: 30_000,
			onPart: (part) => {
				if (part.get("channel") === "pH") rounds.push(part.get("sequence"));
			},
		});
		const lasted = station.played.station.utcSeconds - began;
		await client.close();
		assert.equal(rounds.length, 70);
		assert.ok(lasted > 1000, `${lasted} s`);
		const readings = entriesOf(station).filter(
			({ kind, utcSeconds }) => kind === "reading" && utcSeconds > began,
		);
		assert.ok(readings.length >= Math.floor(lasted / 300), `${readings.length} readings`);
		for (const { utcSeconds, stationFlags } of readings) {
			assert.ok(utcSeconds % 300 <= 1, `a reading ${utcSeconds % 300} s late`);
			assert.equal(stationFlags & STATION_FLAGS.serviceMode, STATION_FLAGS.serviceMode);
			assert.equal(stationFlags & STATION_FLAGS.wakeLate, 0);
		}
		// Looks are shown and not recorded, but for those that a due reading served.
		assert.equal(rounds.filter((sequence) => sequence !== "none").length, readings.length);
		station.close();
	});

	it("leaves, and the station sleeps again; the record says when the visit began and ended", async () => {
		const station = await openNamedStation("");
		const client = await clientOf(station);
		await client.request("status");
		await client.close();
		await station.simulation.playUntil(station.played.station.utcSeconds + 60);
		assert.equal(station.played.station.isAsleep, true);
		const services = entriesOf(station).flatMap((entry) =>
			entry.kind === "event" && entry.code === EVENT_CODES.service ? [entry.detail] : [],
		);
		assert.deepEqual(services, [1, 0]);
		station.close();
	});

	it("forgets the terminal, and the station sleeps after half an hour and wakes at a byte", async () => {
		const station = await openNamedStation("");
		const { simulation, played } = station;
		const client = await clientOf(station);
		await client.request("status");
		const left = played.station.utcSeconds;
		await simulation.playUntil(left + 29 * 60);
		assert.equal(played.station.isAsleep, false);
		await simulation.playUntil(left + 2 * HOUR + 100);
		assert.equal(played.station.isAsleep, true);
		const last = entriesOf(station).at(-1);
		assert.ok(last !== undefined && left + 2 * HOUR - last.utcSeconds < 400);
		assert.equal(last.stationFlags & STATION_FLAGS.serviceMode, 0);
		// The byte that wakes it is lost; the next request is heard.
		played.station.console.send(new Uint8Array([0x0a]));
		while (played.station.isAsleep) await simulation.step();
		await simulation.playUntil(played.station.utcSeconds + 1);
		const { fields } = await client.request("version");
		assert.equal(fields.get("station"), "sim-1");
		station.close();
	});

	it("is reminded of a service that is left on, and ends it with one word though the cable stays", async () => {
		const station = await openNamedStation("");
		const lines: string[] = [];
		const { simulation, played } = station;
		await station.attach((bytes) => lines.push(Buffer.from(bytes).toString("latin1")));
		const came = played.station.utcSeconds;
		await simulation.playUntil(came + 24 * 60);
		assert.ok(!lines.join("").includes("service is still on"));
		await simulation.playUntil(came + 27 * 60);
		await new Promise((resolve) => setImmediate(resolve));
		assert.match(
			lines.join(""),
			/# \d+ service is still on and ends in [45] minutes; any key keeps it/,
		);
		const readings = entriesOf(station).filter(
			({ kind, utcSeconds }) => kind === "reading" && utcSeconds > came,
		);
		assert.ok(readings.length >= 5);
		for (const { stationFlags } of readings) {
			assert.equal(stationFlags & STATION_FLAGS.serviceMode, STATION_FLAGS.serviceMode);
		}
		played.station.console.send(encodeRequest(7, "leave"));
		await simulation.playUntil(played.station.utcSeconds + 60);
		assert.equal(played.station.isAsleep, true);
		const services = entriesOf(station).flatMap((entry) =>
			entry.kind === "event" && entry.code === EVENT_CODES.service ? [entry.detail] : [],
		);
		assert.deepEqual(services, [1, 0]);
		await simulation.playUntil(played.station.utcSeconds + 900);
		const last = entriesOf(station).at(-1);
		assert.equal((last?.stationFlags ?? 0) & STATION_FLAGS.serviceMode, 0);
		station.close();
	});

	it("cannot keep the station from living on when its program dies in the middle of a line", async () => {
		const station = await openNamedStation("");
		const client = await clientOf(station);
		station.played.station.console.send(encodeRequest(5, "read").subarray(0, 6));
		await client.close();
		await station.simulation.playUntil(station.played.station.utcSeconds + HOUR);
		const readings = entriesOf(station).filter(({ kind }) => kind === "reading");
		assert.ok(readings.length >= 12, `${readings.length} readings`);
		assert.equal(station.played.station.counters.crashes, 0);
		assert.equal(station.played.station.counters.watchdogResets, 0);
		station.close();
	});
});

describe("the program bistrina", function () {
	this.timeout(120_000);
	let folder: string;

	before(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-program-"));
	});

	after(() => {
		rmSync(folder, { recursive: true });
	});

	it("says before a build what to do, and runs by the same name after it", () => {
		const { bin } = JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8")) as {
			bin: Record<string, string>;
		};
		const program = bin["bistrina"] ?? "";
		const fresh = join(folder, "fresh");
		cpSync(join(PROJECT, program), join(fresh, program));
		const unbuilt = spawnSync(process.execPath, [join(fresh, program), "--help"]);
		assert.equal(unbuilt.status, 1);
		assert.equal(String(unbuilt.stderr), "error: not built yet; run: npm run build\n");
		// As npm runs it: by itself.
		const built = spawnSync(join(PROJECT, program), ["--version"]);
		assert.equal(String(built.stdout), "0.1.0\n");
	});

	it("loads for its help only what every command needs", () => {
		const reached = new Set<string>();
		const visit = (path: string): void => {
			if (reached.has(path)) return;
			reached.add(path);
			const built = readFileSync(join(PROJECT, "build", path), "utf8");
			for (const [, specifier = ""] of built.matchAll(/^import [^(]*?from "(\.[^"]+)";$/gm)) {
				visit(join(path, "..", specifier));
			}
		};
		visit("src/technician/main.js");
		assert.deepEqual([...reached].sort(), [
			...["src/core/bytes.js", "src/core/errors.js", "src/core/sha256.js"],
			...["src/host/colours.js", "src/host/csv.js", "src/host/errors.js"],
			// What the commands are for is said in the reader's language.
			...["board-texts", "cyrillic", "flash-texts", "line-texts", "notice"].map(
				(name) => `src/host/messages/${name}.js`,
			),
			"src/host/output.js",
			"src/host/printable.js",
			"src/host/stdout-errors.js",
			"src/host/usage.js",
			"src/host/whole-number.js",
			"src/protocol/line/commands.js",
			...[
				"board",
				"line",
				"options",
				"program",
				"provision",
				"record",
				"simulated",
				"sources",
				"values",
				"visit",
			].map((name) => `src/technician/command-line/${name}.js`),
			"src/technician/main.js",
		]);
	});

	whole("puts data on stdout, talk on stderr, and says by its exit code how it went", async () => {
		const blank = join(folder, "blank.bin");
		writeFileSync(blank, new Uint8Array(8192).fill(0xff));
		const forged = join(folder, "forged.jsonl");
		writeFileSync(forged, '{"envelope":"d28443"}\n');
		const exported = join(folder, "exported.jsonl");
		writeFileSync(exported, '{"bistrinaJournal":1,"station":"bor-1","epoch":7}\n');
		const key = `03${"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"}`;
		const cases: readonly (readonly [string[], number, RegExp, RegExp])[] = [
			// In the short form these two as processes: data and talk, well and failed.
			[
				["--port", "sim:", "--format", "json", "status"],
				0,
				/^\{"station":"sim-1",.*"freeHeapBytes":null,"utc":"2026-10-01T00:25:\d\dZ",.*"failedProbes":null,.*\}\n$/,
				/^/,
			],
			[
				["--port", "sim:,1,offline", "upload"],
				1,
				/^$/,
				/ the request broke; 15 entries wait in flash\n$/,
			],
			// And these by calls of its function: talk beside data, of a station, a file and a usage.
			[
				["--port", "sim:", "read"],
				0,
				/^channel .*\nbattery /s,
				/recorded as entry 17, flagged serviceMode\n$/,
			],
			[["--port", "sim:", "upload"], 0, /^cursor +16\nwaiting +0\n$/, /acknowledged 16 \n$/],
			[["status"], 2, /^$/, /^error: --port says which station\nsee bistrina --help\n$/],
			[
				["--port", "sim:", "watch", "--count", "0"],
				2,
				/^$/,
				/^error: [^\n]*\nusage: bistrina watch \[options\]\nsee bistrina watch --help\n$/,
			],
			[
				["verify", forged, "--station", "bor-1", "--key", key],
				1,
				/^signed and chained +0\nsigned, but not chained +0\nlost, and the station says so +0\nmissing without a word +0\n/,
				/NOT sound\n$/,
			],
			[["journal", blank], 1, /^$/, /^error: [^\n]*: no journal in it; [^\n]*\n$/],
			// And these in the whole one.
			[
				["--port", "sim:", "--format", "json", "read"],
				0,
				/^\{"utc":"2026-10-01T00:25:\d\dZ","sequence":17,"stationFlags":"serviceMode","channels":/,
				/^/,
			],
			// A technician can practise each trouble: probes in the air, and no way to the collector.
			[
				["--port", "sim:dry-bor@9h", "self-test"],
				0,
				/\nconductivity +doubtful +outOfRange,suspect /,
				/^/,
			],
			[
				["--port", "sim:brownouts-bor@9h", "read"],
				1,
				/^$/,
				/error: [^\n]*: cut off \(no answer for 10 minutes of the simulated time\); /,
			],
			[
				["--port", "foo", "status"],
				2,
				/^$/,
				/^error: --port: "foo" cannot be a port; use [^\n]*\n$/,
			],
			[
				["--port", "sim:,1,offline", "watch", "--count", "2"],
				0,
				// A screen has 80 columns. The second look is the reading that is due.
				/^(?!.*[^\n]{81})(round (1, 2026-10-01T00:29:\d\dZ, not recorded|2, 2026-10-01T00:30:0\dZ, recorded as entry 16)\nchannel [^\n]* flags\n([^\n]+\n){5}){2}$/s,
				/^/,
			],
			[
				["--port", "sim:", "status"],
				0,
				/^Station\nstation +sim-1\n.*\ninterval +300 s\n.*\n\nClock\nutc +2026-10-01T00:25:\d\dZ\n.*\n\nProbes and battery\nfailedProbes +-\n.*\nelectrodeBy +0 calibrations are kept, four are needed\n/s,
				/^/,
			],
			[
				["--port", "sim:nope", "status"],
				2,
				/^$/,
				/^error: sim:nope: use sim:, or sim:SCENARIO@AGE,SEED with a scenario of [^\n]*\n$/,
			],
			[
				["--port", "socket://127.0.0.1", "status"],
				2,
				/^$/,
				/^error: socket:\/\/127.0.0.1: use socket:\/\/HOST:PORT\n$/,
			],
			[
				["record", join(folder, "nothing.jsonl"), "--station", "bor-1"],
				2,
				/^$/,
				/^error: say what to read: a collector's database by --data DIR \(npm start has it in bistrina-data\/collector\) or --postgres URL\nusage: bistrina record \[options\] <file>\nsee bistrina record --help\n$/,
			],
			[
				["verify", "--station", "bor-1", "--key", key],
				2,
				/^$/,
				/^error: say what to read: a file that `record` wrote, or a collector's database/,
			],
			[
				["verify", forged, "--station", "bor-1", "--key", `05${key.slice(2)}`],
				1,
				/^$/,
				/^error: these digits are no public key \(33 bytes, [^:\n]*\n$/,
			],
			[
				["--port", "/dev/nonesuch", "status"],
				1,
				/^$/,
				/^error: \/dev\/nonesuch: no such port; [^\n]*\n$/,
			],
			[
				["verify", exported, "--station", "bor-1", "--key", key],
				1,
				/^$/,
				/^error: [^\n]*: a station's journal, which is signed only when it is delivered; [^\n]*\n$/,
			],
			[
				["--port", "sim:", "sing"],
				2,
				/^$/,
				/^error: unknown command 'sing'\nsee bistrina --help\n$/,
			],
		];
		const check = async (
			[argv, exitCode, stdout, stderr]: (typeof cases)[number],
			run: typeof runCommand,
		): Promise<void> => {
			const finished = await run(PROGRAM, ...argv);
			const output = `${argv.join(" ")}: ${finished.stdout}${finished.stderr}`;
			assert.equal(finished.exitCode, exitCode, output);
			assert.match(finished.stdout, stdout, output);
			assert.match(finished.stderr, stderr, output);
		};
		const processes = sample(cases, 2);
		await Promise.all(processes.map((each) => check(each, runCommand)));
		if (IS_WHOLE) return;
		for (const each of cases.slice(processes.length, 8)) await check(each, callCommand);
	});

	whole(
		"reaches the stations of a running npm start, one at a time, and everything is delivered",
		async () => {
			const data = join(folder, "data");
			const argv = ["--data", data, "--speed", "max", "--quiet", "--console-port", "0"];
			const start = startCommand("sim/shell/main.js", argv);
			const [, bor = ""] = await start.seen(/bor-1: technician's line at (socket:\S+)/);
			const [, pek = ""] = await start.seen(/pek-1: technician's line at (socket:\S+)/);
			const clients: ConsoleClient[] = [];
			let sequence = 0;
			for (const [port, station] of [
				[bor, "bor-1"],
				[pek, "pek-1"],
			] as const) {
				const client = new ConsoleClient(await openPort(port, 0), 1, () => {});
				clients.push(client);
				assert.equal((await client.greet()).station, station);
				const { fields } = await client.request("read", { deadlineMilliseconds: 30_000 });
				assert.match(fields.get("sequence") ?? "", /^\d+$/);
				if (station === "bor-1") sequence = Number(fields.get("sequence"));
				const second = new ConsoleClient(await openPort(port, 0), 1, () => {});
				await assert.rejects(second.greet(), /another program has the line of/);
				await second.close();
			}
			const { fields } = await (clients[0] as ConsoleClient).request("upload", {
				deadlineMilliseconds: 30_000,
			});
			assert.ok(Number(fields.get("cursor")) >= sequence, `${fields.get("cursor")} < ${sequence}`);
			// Ctrl-C while the lines are still plugged in.
			start.child.kill("SIGINT");
			const finished = await start.finished;
			for (const client of clients) await client.close();
			assert.equal(finished.exitCode, 0, finished.stderr);
			assert.match(finished.stdout, /, 0 missing/);
		},
	);
});
