/** `npm start` as a user meets it: good, wrong, interrupted, started twice. */
import { strict as assert } from "node:assert";
import { execFileSync, spawnSync } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Finished, runCommand, startCommand } from "../support/collectors/command.js";
import { callCommand } from "../support/collectors/command-here.js";
import { IS_WHOLE, sample, whole } from "../support/depth.js";
import { PROJECT } from "../support/sources.js";

const START = "sim/shell/main.js";
const HEADER = "time,ph,ec25_us_cm,turbidity_ntu,temperature_c";

describe("npm start", function () {
	this.timeout(120_000);
	let folder: string;

	before(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-start-"));
	});

	after(() => {
		rmSync(folder, { recursive: true });
	});

	function file(name: string, text: string): string {
		const path = join(folder, name);
		writeFileSync(path, text);
		return path;
	}

	/** Every file of a folder with its contents, to show that nothing was touched. */
	function contentsOf(path: string): string {
		return readdirSync(path, { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile())
			.map((entry) => join(entry.parentPath, entry.name))
			.sort()
			.map((name) => `${name} ${readFileSync(name, "hex")}`)
			.join("\n");
	}

	it("answers an unknown option or a wrong value with usage and exit 2", async () => {
		const wrong = [
			["--unknown"],
			["--speed", "fast"],
			["--speed", "0"],
			["--for", "7"],
			["--for", "7y"],
			["--seed", "-1"],
			["--stations", "0"],
			["--scenario", "nile"],
			["--summary", "xml"],
			["--port", "70000"],
			["stray"],
			["--river", "a.csv", "--scenario", "quiet-bor"],
			["--for", "recording", "--scenario", "quiet-bor"],
			["--river-zone", "Europe/Atlantis"],
			["--river-columns", "depth=d"],
			["--river-columns", "time="],
			["--river-sort", "--scenario", "quiet-bor"],
			["--port", "47110", "--console-port", "47110"],
			["--port", "47111", "--console-port", "47110", "--stations", "2"],
		];
		const refuse = async (argv: readonly string[]): Promise<void> => {
			const { exitCode, stdout, stderr } = await callCommand(START, ...argv);
			assert.equal(exitCode, 2, `${argv.join(" ")}: ${stderr}`);
			assert.match(stderr, /Usage: npm start --/, argv.join(" "));
			assert.equal(stdout, "");
		};
		if (IS_WHOLE) await Promise.all(wrong.map(refuse));
		else for (const argv of wrong) await refuse(argv);
	});

	it("obeys no escape of a command line, which a file's name may have put there", async () => {
		for (const program of [START, "src/technician/main.js"]) {
			const { exitCode, stderr } = await callCommand(program, "--\u001b[2J\u009b31m\u202e.csv");
			assert.equal(exitCode, 2);
			assert.match(stderr, /^error: unknown option '--\\x1b\[2J\\x9b31m\\u202e\.csv'\n/);
		}
	});

	it("names file, line and column of a malformed recording in one line and exits 1", async () => {
		const path = file("bad.csv", `${HEADER}\n2026-10-01T00:00:00Z,acid,750,1,14\n`);
		const data = join(folder, "unused", "deeper");
		const { exitCode, stderr } = await callCommand(START, "--river", path, "--data", data);
		assert.equal(exitCode, 1);
		assert.equal(
			stderr,
			`error: ${path}:2:2: ph "acid" is not a number from 0 to 14; leave a field empty where there is no value\n`,
		);
		assert.equal(existsSync(join(folder, "unused")), false, "a data directory was left behind");

		// What was there before stays, empty or not.
		mkdirSync(data, { recursive: true });
		await callCommand(START, "--river", path, "--data", data);
		assert.deepEqual(readdirSync(data), []);
		rmSync(join(folder, "unused"), { recursive: true });
	});

	whole(
		"plays a recording as its options say, tells its holes, and at every start the same way",
		async () => {
			const rows = ["00:00,7,1", "00:10,7,", "00:20,7,2", "05:00,8,3", "05:10,8,3"].map((row) => {
				const [time, pH, turbidity] = row.split(",");
				return `1.10.2026 ${time};${pH};750;${turbidity};14;x\n`;
			});
			const path = file("logger.csv", `Zeit;pH;EC;NTU;T;note\n${rows.join("")}`);
			const data = join(folder, "logged");
			const play = (...argv: string[]): ReturnType<typeof runCommand> =>
				runCommand(START, "--data", data, "--speed", "max", "--quiet", ...argv);
			const bare = await play("--river", path, "--for", "1h");
			assert.equal(bare.exitCode, 1);
			assert.equal(
				bare.stderr,
				`error: ${path}:1:1: no column time, ec25_us_cm, turbidity_ntu, temperature_c; the file has ` +
					'"Zeit", "pH", "EC", "NTU", "T", "note"; say which is which: --river-columns ' +
					'"time=THEIR NAME,..." (nothing after = where it has none)\n',
			);
			const names = "time=zeit,ec25_us_cm=EC,turbidity_ntu=ntu,temperature_c=T";
			const zoneless = await play("--river", path, "--river-columns", names, "--for", "1h");
			assert.equal(zoneless.stderr.trim().split("\n").length, 6, zoneless.stderr);
			assert.match(
				zoneless.stderr,
				/:2:1: time "1\.10\.2026 00:00" has no zone; *|has no zone: add Z/,
			);
			const how = ["--river", path, "--river-columns", names, "--river-zone", "Europe/Belgrade"];
			const first = await play(...how, "--for", "30m");
			assert.equal(first.exitCode, 0, first.stderr);
			const output =
				`${path}: not used: note\n` +
				`${path}: turbidity_ntu: no value in 1 of 5 rows; its probe is silent there\n` +
				`${path}: nothing from 2026-09-30 22:20:00 UTC to 2026-10-01 03:00:00 UTC; every probe is silent there\n`;
			assert.equal(first.stderr, output);
			assert.match(first.stdout, /^2026-09-30 22:3\d:\d\d UTC: /);
			const again = await play("--for", "30m");
			assert.equal(again.exitCode, 0, again.stderr);
			assert.equal(again.stderr, output);
			const other = await play("--river-zone", "UTC", "--for", "30m");
			assert.equal(other.exitCode, 1);
			assert.match(
				other.stderr,
				/^error: --river-zone UTC: this data directory was begun with --river-zone Europe/,
			);
		},
	);

	it("asks for a recording when it shall play to its end", async () => {
		const { exitCode, stderr } = await callCommand(
			START,
			"--for",
			"recording",
			"--data",
			join(folder, "unused"),
		);
		assert.equal(exitCode, 2);
		assert.match(stderr, /--for recording needs --river/);
		assert.match(stderr, /Usage: npm start --/);
		assert.equal(existsSync(join(folder, "unused")), false, "a data directory was left behind");
	});

	it("refuses a foreign, a newer and a corrupt data directory and leaves it untouched", async () => {
		for (const [name, content, complaint] of [
			["notes.txt", "mine", /not a data directory/],
			[
				"world.json",
				'{"bistrinaData":2,"stations":[]}',
				/data of format 2, this program reads format 1/,
			],
			["world.json", '{"bistrinaData":1,"sta', /corrupt/],
			["world.json", "{}", /corrupt/],
		] as const) {
			const path = join(folder, "refused");
			mkdirSync(path);
			writeFileSync(join(path, name), content);
			const before = contentsOf(path);
			const { exitCode, stderr } = await callCommand(START, "--data", path, "--for", "1h");
			assert.equal(exitCode, 1, stderr);
			assert.match(stderr, complaint);
			assert.equal(contentsOf(path), before);
			rmSync(path, { recursive: true });
		}
	});

	whole(
		"plays up to the moment asked for, and writes no control characters into what is no terminal",
		async () => {
			const argv = ["--data", join(folder, "moment"), "--for", "12m", "--speed", "max"];
			const { exitCode, stderr } = await runCommand(START, ...argv);
			assert.equal(exitCode, 0, stderr);
			// Every fifth minute has its reading; the twelfth has nothing but the end.
			assert.match(
				stderr,
				/^2026-10-01 00:1[2-9]:\d\d UTC, 100 %: 2 stations, \d+ entries, 0 waiting/m,
			);
			const controls = [...stderr].filter((each) => each < " " && each !== "\n");
			assert.deepEqual(controls, []);
		},
	);

	whole("says that a recording has ended, when it ends and at a start after its end", async () => {
		const rows = ["00", "10"].map((minute) => `2026-10-01T00:${minute}:00Z,7,750,1,14\n`);
		const path = file("short.csv", `${HEADER}\n${rows.join("")}`);
		const data = join(folder, "ended");
		const play = async (...argv: string[]): Promise<string> => {
			const common = ["--data", data, "--speed", "max", "--quiet"];
			const { exitCode, stderr } = await runCommand(START, ...common, ...argv);
			assert.equal(exitCode, 0, stderr);
			return stderr;
		};
		const ended = `${path}: the recording ended at 2026-10-01 00:10:00 UTC`;
		assert.equal(await play("--river", path, "--for", "recording"), "");
		assert.equal(
			await play("--for", "recording"),
			`${ended} and was played before; choose another --data to play it again\n`,
		);
		const held = `${ended}; from then on the river stays as its last row says\n`;
		assert.equal(await play("--for", "5m"), held);
		const other = ["--data", join(folder, "over"), "--river", path, "--for", "20m"];
		assert.equal(await play(...other), held);
	});

	whole("plays the last hours that a station's clock knows, and every leap day", async () => {
		const ends = ["2099-12-31T19", "2096-02-28T23", "2000-02-28T23"] as const;
		for (const [index, hour] of sample([...ends], 1).entries()) {
			const rows = ["50", "59"].map((minute) => `${hour}:${minute}:00Z,7,750,1,14\n`);
			const path = file(`end-${index}.csv`, `${HEADER}\n${rows.join("")}`);
			const data = ["--data", join(folder, `end-${index}`), "--speed", "max", "--quiet"];
			const argv = [...data, "--river", path, "--for", "recording"];
			const { exitCode, stdout, stderr } = await callCommand(START, ...argv);
			assert.equal(stderr, "", hour);
			assert.equal(exitCode, 0, hour);
			assert.match(stdout, / 0 missing, /, hour);
		}
	});

	whole("ends a run that nobody ends where the calendar of its stations' clocks does", async () => {
		const path = file("last.csv", `${HEADER}\n2099-12-31T19:55:00Z,7,750,1,14\n`);
		const data = ["--data", join(folder, "last"), "--speed", "max", "--quiet"];
		const { exitCode, stdout, stderr } = await callCommand(START, ...data, "--river", path);
		assert.equal(
			stderr,
			`${path}: the recording ended at 2099-12-31 19:55:00 UTC; from then on the river stays as its last row says\n` +
				"the world ends at 2099-12-31 19:59:59 UTC: the stations' clocks know no time after 2099\n",
		);
		assert.equal(exitCode, 0);
		assert.match(stdout, /, 0 missing, /);
	});

	it("refuses before it starts what would end after the calendar of the stations' clocks", async () => {
		const row = (time: string): string => `${time}Z,7,750,1,14\n`;
		const late = row("2099-12-31T19:00:00") + row("2099-12-31T20:00:00");
		const path = file("late.csv", `${HEADER}\n${late}`);
		const data = join(folder, "never");
		const end = "a world ends at 2099-12-31 19:59:59 UTC (docs/RIVER.md)";
		for (const [argv, why] of [
			[
				["--river", path, "--for", "recording"],
				`${path}: its last row is of 2099-12-31 20:00:00 UTC, and ${end}; say --for 59m, or move its times`,
			],
			[["--river", path, "--for", "2h"], `--for: at most 59m are left, for ${end}`],
			[["--for", "999999w"], `--for: at most 26754d are left, for ${end}`],
			[
				["--river", file("over.csv", `${HEADER}\n${row("2099-12-31T23:59:59")}`), "--for", "1h"],
				`this world has come to 2099-12-31 23:59:59 UTC, and ${end}; choose another --data and an earlier river`,
			],
		] as const) {
			const common = ["--data", data, "--speed", "max", "--quiet"];
			const { exitCode, stdout, stderr } = await callCommand(START, ...common, ...argv);
			assert.equal(stderr, `error: ${why}\n`);
			assert.equal(exitCode, 1);
			assert.equal(stdout, "");
			assert.equal(existsSync(data), false, "a data directory was left behind");
		}
	});

	it("says that a recording of one row has nothing to play, and what plays it", async () => {
		const path = file("single.csv", `${HEADER}\n2026-10-01T00:00:00Z,7,750,1,14\n`);
		const data = join(folder, "single");
		const argv = ["--river", path, "--data", data, "--quiet", "--for", "recording"];
		const { exitCode, stderr } = await callCommand(START, ...argv);
		assert.equal(
			stderr,
			`error: ${path}: one row lasts no time, so --for recording would play nothing; say --for 1h to hold it that long\n`,
		);
		assert.equal(exitCode, 1);
		assert.equal(existsSync(data), false, "a data directory was left behind");
	});

	it("names an occupied port", async () => {
		const server = createServer();
		const port = await new Promise<number>((resolve) => {
			server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
		});
		try {
			const { exitCode, stderr } = await callCommand(
				START,
				...["--data", join(folder, "occupied"), "--for", "1h", "--port", String(port), "--quiet"],
			);
			assert.equal(exitCode, 1);
			assert.match(
				stderr,
				new RegExp(`port ${port} of 127.0.0.1 is in use; choose another --port`),
			);
		} finally {
			server.close();
		}
	});

	whole(
		"ends a world whose collector's database does not open, and leaves what was there",
		async () => {
			const data = join(folder, "meanwhile");
			const begun = await runCommand(START, "--data", data, "--for", "5m", "--speed", "max");
			assert.equal(begun.exitCode, 0, begun.stderr);
			assert.match(begun.stderr, /\nthe collector is open after \d+\.\d s: https:\/\/127/);
			// A database of nobody's, in the place of ours.
			const version = join(data, "collector", "pglite", "PG_VERSION");
			writeFileSync(version, "9\n");
			const before = contentsOf(join(data, "collector"));
			const broken = await runCommand(START, "--data", data, "--for", "1h", "--speed", "60");
			assert.equal(broken.exitCode, 1, broken.stderr);
			assert.match(broken.stderr, /error: \S+: the database does not open \(.*\n$/);
			assert.equal(contentsOf(join(data, "collector")), before);
			// A first start that fails so leaves nothing of its world.
			const fresh = join(folder, "fresh");
			mkdirSync(join(fresh, "collector", "pglite", "base", "1"), { recursive: true });
			writeFileSync(join(fresh, "collector", "pglite", "base", "1", "16385"), "");
			const refused = await runCommand(START, "--data", fresh, "--for", "1h", "--speed", "60");
			assert.equal(refused.exitCode, 1, refused.stderr);
			assert.match(refused.stderr, /PG_VERSION is missing/);
			assert.deepEqual(readdirSync(fresh), ["collector"]);
		},
	);

	it("leaves no data directory behind when a technician's line cannot be opened", async () => {
		const server = createServer();
		const port = await new Promise<number>((resolve) => {
			server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
		});
		const data = join(folder, "lines");
		try {
			const argv = ["--data", data, "--for", "1h", "--console-port", String(port), "--quiet"];
			const { exitCode, stderr } = await callCommand(START, ...argv);
			assert.equal(exitCode, 1, stderr);
			assert.match(stderr, /is in use; choose another --console-port\n$/);
			assert.equal(existsSync(data), false, "a data directory was left behind");
		} finally {
			server.close();
		}
	});

	whole(
		"refuses a data directory that lacks a file, and tells of a full disk, in one line each",
		async () => {
			const data = join(folder, "lacking");
			const play = (...argv: string[]): ReturnType<typeof runCommand> =>
				runCommand(START, "--data", data, "--for", "5m", "--speed", "max", "--quiet", ...argv);
			const begun = await play();
			assert.equal(begun.exitCode, 0, begun.stderr);
			assert.match(begun.stdout, /mWh per station so far\n$/);
			for (const [name, complaint] of [
				["station-bor-1.flash", /station-bor-1\.flash: missing, though world\.json knows bor-1; /],
				["station-pek-1.witness", /station-pek-1\.witness: missing, though world\.json knows/],
				["world.json", /station-[a-z]+-1\.flash is there, but its world\.json is missing; /],
			] as const) {
				const aside = join(folder, "aside");
				renameSync(join(data, name), aside);
				const before = contentsOf(data);
				const { exitCode, stderr } = await play();
				assert.equal(exitCode, 1, stderr);
				assert.match(stderr, complaint);
				assert.equal(stderr.trim().split("\n").length, 1, stderr);
				assert.equal(contentsOf(data), before);
				renameSync(aside, join(data, name));
			}
			// The next state of the world finds the disk full.
			const next = join(data, "world.json.next");
			symlinkSync("/dev/full", next);
			const full = await play();
			assert.equal(full.exitCode, 1, full.stderr);
			assert.equal(
				full.stderr,
				`error: ${data}: the disk is full (ENOSPC): make room and start again; ` +
					"nothing that was acknowledged is lost\n",
			);
			rmSync(next);
			const roomy = await play();
			assert.equal(roomy.exitCode, 0, roomy.stderr);
			for (const option of ["--scenario", "--river"]) {
				const { exitCode, stderr } = await play(option, "quiet-bor");
				assert.equal(exitCode, 1);
				assert.match(stderr, new RegExp(`begun without ${option}; .*--data DIR for this\n$`));
			}
			// Stations whose keys come of another seed.
			const world = join(data, "world.json");
			const saved = JSON.parse(readFileSync(world, "utf8")) as Record<string, unknown>;
			writeFileSync(world, JSON.stringify({ ...saved, seed: 2 }));
			const foreign = await play();
			assert.equal(foreign.exitCode, 1, foreign.stderr);
			assert.equal(
				foreign.stderr,
				"error: bor-1 is enrolled with another key: these stations and this database are of two runs; " +
					"begin one with another --data DIR\n",
			);
		},
	);

	it("never tells anyone to move away data that it cannot read", async () => {
		const data = join(folder, "unreadable");
		// What cannot be read as a file by any user: root may read everything else.
		mkdirSync(join(data, "world.json"), { recursive: true });
		const { exitCode, stderr } = await callCommand(START, "--data", data, "--for", "1h");
		assert.equal(exitCode, 1, stderr);
		assert.match(stderr, /^error: \S+world\.json: cannot be read: EISDIR; mend that or choose/);
		assert.doesNotMatch(stderr, /corrupt|away/);
	});

	it("says that --data names a file", async () => {
		const data = file("no-directory", "mine");
		const { exitCode, stderr } = await callCommand(START, "--data", data, "--for", "1h");
		assert.equal(exitCode, 1);
		assert.equal(stderr, `error: ${data}: is a file, not a directory; choose another --data\n`);
	});

	whole("shows a time that never goes back, and in the end the summary's", async () => {
		// A first line after two seconds, eight minutes of the world: both stations have slept for two.
		const run = startCommand(START, ["--data", join(folder, "clock"), "--speed", "240"]);
		await run.seen(/^2026-\d\d-\d\d \d\d:\d\d:\d\d UTC/m);
		run.child.kill("SIGINT");
		const stopped = await run.finished;
		assert.equal(stopped.exitCode, 0, stopped.stderr);
		// The view's last moment is the summary's, and the view has never been behind itself.
		const moments = stopped.stderr.match(/^2026-\d\d-\d\d \d\d:\d\d:\d\d UTC/gm) ?? [];
		assert.ok(moments.length >= 2, stopped.stderr);
		assert.deepEqual([...moments].sort(), moments);
		assert.equal(moments[moments.length - 1], stopped.stdout.slice(0, 23));
	});

	whole(
		"says in a line that stdout has no room, and plays to its end where nobody reads it",
		() => {
			const shell = (line: string) =>
				spawnSync("bash", ["-o", "pipefail", "-c", line], { cwd: PROJECT, encoding: "utf8" });
			const program = "node build/src/technician/main.js";
			const full = shell(`${program} --help > /dev/full`);
			assert.equal(full.status, 1);
			const said = /^error: what was to go to stdout could not be written \(ENOSPC\); make room\n$/;
			assert.match(full.stderr, said);
			assert.deepEqual(shell(`${program} --help | true`).status, 0);
			const start = `node build/sim/shell/main.js --quiet --for 10m --speed max --data ${join(folder, "unread")}`;
			assert.deepEqual([shell(`${start} | true`).status, shell(`${start} | true`).stderr], [0, ""]);
			const unwritten = shell(`${start} > /dev/full`);
			assert.deepEqual([unwritten.status, said.test(unwritten.stderr)], [1, true]);
		},
	);

	for (const milliseconds of [400, 800, 1600]) {
		whole(
			`ends by Ctrl-C ${milliseconds} ms into a world whose collector still opens its database`,
			async () => {
				const run = startCommand(START, ["--data", join(folder, `early-${milliseconds}`)]);
				await run.seen(/^the playground: /m);
				await new Promise((resolve) => setTimeout(resolve, milliseconds));
				// As a terminal does, to all of its processes.
				const args = ["-P", String(run.child.pid)];
				const collector = Number(execFileSync("pgrep", args, { encoding: "utf8" }));
				for (const pid of [collector, run.child.pid ?? 0]) process.kill(pid, "SIGINT");
				const stopped = await run.finished;
				assert.equal(stopped.exitCode, 0, stopped.stderr);
				assert.match(stopped.stdout, / 0 missing/);
			},
		);
	}

	whole(
		"plays, is stopped by Ctrl-C, keeps others out meanwhile, and continues with nothing lost or doubled",
		async () => {
			const data = join(folder, "data");
			const first = startCommand(START, ["--data", data, "--seed", "4", "--speed", "4000"]);
			await first.seen(/[1-9]\d* entries, \d+ waiting/);
			// Until then there is no database that could be in use.
			await first.seen(/the collector is open after/);
			const second = await callCommand(START, "--data", data, "--for", "1h");
			assert.equal(second.exitCode, 1);
			assert.match(second.stderr, new RegExp(`in use by process ${first.child.pid}`));
			const rows = ["--data", join(data, "collector"), "--station", "bor-1", "--key", "enrolled"];
			const judged = await callCommand("src/technician/main.js", "verify", ...rows);
			assert.equal(judged.exitCode, 1);
			// Its collector is a process of its own, which passes on that it is to stop.
			const [, holder = ""] =
				/in use by process (\d+) \(npm start or a collector\); stop it/.exec(judged.stderr) ?? [];
			const parent = execFileSync("ps", ["-o", "ppid=", "-p", holder], { encoding: "utf8" });
			assert.equal(Number(parent), first.child.pid);
			first.child.kill("SIGINT");
			const stopped = await first.finished;
			assert.equal(stopped.exitCode, 0, stopped.stderr);
			const controls = [...stopped.stderr].filter((each) => each < " " && each !== "\n");
			assert.deepEqual(controls, []);
			const before = /(\d+) entries appended, (\d+) delivered, 0 missing/.exec(stopped.stdout);
			assert.ok(before !== null && before[1] === before[2], stopped.stdout);

			const other = await callCommand(START, "--data", data, "--seed", "5", "--for", "1h");
			assert.equal(other.exitCode, 1);
			assert.match(other.stderr, /--seed 5: this data directory was begun with --seed 4; leave/);

			const argv = [
				"--data",
				data,
				"--for",
				"2h",
				"--speed",
				"max",
				"--summary",
				"json",
				"--quiet",
			];
			const third = await runCommand(START, ...argv);
			assert.equal(third.exitCode, 0, third.stderr);
			const lines = third.stdout.trim().split("\n");
			const summary = JSON.parse(lines[lines.length - 1] ?? "") as Record<string, unknown>;
			assert.equal(summary["seed"], 4);
			assert.equal(summary["missing"], 0);
			assert.equal(summary["foreign"], 0);
			assert.equal(summary["delivered"], summary["appended"]);
			assert.ok(Number(summary["appended"]) >= Number(before[1]) + 2 * 23);
			for (const name of [
				"simulatedSeconds",
				"wallSeconds",
				"stations",
				"measured",
				"duplicates",
			]) {
				assert.equal(typeof summary[name], "number", name);
			}

			// What the technician's program makes of it takes nine starts of it.
			if (!IS_WHOLE) return;
			const ofBor = ["--station", "bor-1"];
			const stored = ["--data", join(data, "collector"), ...ofBor];
			const table = await runCommand("src/technician/main.js", "readings", ...stored);
			assert.equal(table.exitCode, 0, table.stderr);
			const [names = "", ...readings] = table.stdout.trimEnd().split("\r\n");
			assert.match(names, /^station,epoch,sequence,time,time_uncertainty_s,/);
			assert.ok(readings.length >= 2 * 12 - 1, `${readings.length} readings`);
			assert.ok(readings.every((line) => /^bor-1,\d+,\d+,2026-\d\d-\d\dT/.test(line)));
			const file = join(folder, "record.jsonl");
			await runCommand("src/technician/main.js", "record", file, ...stored);
			const again = await runCommand("src/technician/main.js", "readings", file, ...ofBor);
			assert.equal(again.stdout, table.stdout);

			const policy = ["--policy", join(PROJECT, "policies/bor.json")];
			const values = await runCommand("src/technician/main.js", "values", ...stored, ...policy);
			assert.equal(values.exitCode, 0, values.stderr);
			assert.equal(values.stdout.split("\r\n").length, readings.length + 2);
			const fromFile = await runCommand(
				"src/technician/main.js",
				"values",
				file,
				...ofBor,
				...policy,
			);
			assert.equal(fromFile.stdout, values.stdout);
			const published = join(folder, "values.csv");
			writeFileSync(published, values.stdout);
			const verify = (): Promise<Finished> =>
				runCommand(
					"src/technician/main.js",
					...["verify", ...stored, "--key", "enrolled", "--values", published, ...policy],
				);
			const sound = await verify();
			assert.equal(sound.exitCode, 0, sound.stderr);
			assert.match(sound.stderr, /^sound$[\s\S]*^the table follows from the record: \d+ rows$/m);
			const altered = values.stdout.split("\r\n");
			const phAt = (altered[0] ?? "").split(",").indexOf("ph");
			const cells = (altered[4] ?? "").split(",");
			cells[phAt] = "4.100";
			altered[4] = cells.join(",");
			writeFileSync(published, altered.join("\r\n"));
			const tampered = await verify();
			assert.equal(tampered.exitCode, 1);
			assert.match(tampered.stderr, /line 5, ph: has 4\.100, 7\.\d{3} follows/);
			const usage = await runCommand("src/technician/main.js", "values", file, ...ofBor);
			assert.equal(usage.exitCode, 2);
			assert.match(usage.stderr, /--policy says by what to judge/);
		},
	);
});
