/** A batch of boards that is interrupted: every station has one row, one key and one board in the end. */
import { strict as assert } from "node:assert";
import {
	appendFileSync,
	existsSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import encodeQR from "qr";
import { decodeQR } from "qr/decode.js";
import { openSimulatedBoard } from "../../../sim/shell/chip/board-folder.js";
import { withLockOf } from "../../../src/host/process-lock.js";
import { appendRow, verifiedPossession } from "../../../src/host/station-result.js";
import { type BatchOptions, readBatch, runBatch } from "../../../src/technician/batch.js";
import { type BatchCommandOptions, batch } from "../../../src/technician/batch-commands.js";
import { dotsOf, labelPng } from "../../../src/technician/label-png.js";
import { labelCode, labelSvg, labelText } from "../../../src/technician/station-label.js";
import { bundleOf } from "../../support/bench/plain-bundle.js";
import { IS_WHOLE, whole } from "../../support/depth.js";

/** Three interruptions need as many stations; a whole run makes ten. */
const STATIONS = IS_WHOLE ? 10 : 3;

describe("a batch of boards", function () {
	this.timeout(400_000);
	let folder = "";

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-batch-"));
	});

	afterEach(() => rmSync(folder, { recursive: true, force: true }));

	whole(
		"ends with a row, a key and a board for each station, wherever it was interrupted",
		async () => {
			const bundle = await bundleOf({ imageBytes: 4096 });
			const results = join(folder, "results.jsonl");
			const names = Array.from({ length: STATIONS }, (_, index) => `st-${index + 1}`);
			const interruptions: string[] = [];
			const once = (what: string): boolean => {
				if (interruptions.includes(what)) return false;
				interruptions.push(what);
				return true;
			};
			const options: BatchOptions = {
				plan: names.map((station) => ({
					station,
					fields: new Map([
						["station", station],
						["displayName", `place of ${station}`],
					]),
				})),
				bundle,
				baud: 460_800,
				results,
				append: (row) => {
					appendFileSync(results, `${JSON.stringify(row)}\n`);
					if ("begun" in row && row.begun === "st-2" && once("begun")) throw new Error("killed");
				},
				open: async (station) => {
					const port = await openSimulatedBoard(join(folder, "boards", station), () => {});
					if (station !== "st-1" || !once("cable")) return port;
					// By what was written, not by a clock: amid the loader's work, whatever else the machine does.
					const write = port.write.bind(port);
					let writes = 0;
					port.write = (bytes) => {
						if (++writes === 25) setImmediate(() => port.onLost?.("unplugged"));
						return write(bytes);
					};
					return port;
				},
				firstId: () => 1,
				now: () => new Date("2026-11-28T12:00:00Z"),
				isWatched: false,
				notify: () => {},
				onDone: async ({ station }) => {
					if (station === "st-3" && once("label")) throw new Error("no disk");
				},
			};
			for (let run = 0; run < 4; run++) {
				await runBatch(options).catch((error: Error) =>
					assert.match(error.message, /killed|no disk|unplugged|cut off/),
				);
			}
			assert.deepEqual(interruptions, ["cable", "begun", "label"]);
			const { done, begun } = readBatch(results);
			assert.deepEqual(
				done.map(({ station }) => station),
				names,
			);
			for (const key of ["publicKey", "mac", "fingerprint"] as const) {
				assert.equal(new Set(done.map((row) => row[key])).size, STATIONS, key);
			}
			for (const row of done) {
				verifiedPossession(row);
				assert.equal(row.verdict, "good");
			}
			// Each name was begun on one board only.
			assert.equal(new Set(begun.map((row) => `${row.begun} ${row.mac}`)).size, STATIONS);
			assert.ok(!/assword|secret/.test(readFileSync(results, "utf8")));
		},
	);

	whole(
		"gives a name that was begun on one board to no other, and a board that has one none",
		async () => {
			const bundle = await bundleOf({ imageBytes: 4096 });
			const results = join(folder, "results.jsonl");
			appendFileSync(results, `${JSON.stringify({ begun: "st-1", mac: "24:0a:c4:00:00:01" })}\n`);
			const boards: string[] = [];
			const run = (station: string, isWatched = false) =>
				runBatch({
					plan: [{ station, fields: new Map([["station", station]]) }],
					bundle,
					baud: 460_800,
					results,
					append: (row) => appendFileSync(results, `${JSON.stringify(row)}\n`),
					open: () => openSimulatedBoard(join(folder, boards.shift() ?? "board"), () => {}),
					firstId: () => 1,
					now: () => new Date("2026-11-28T12:00:00Z"),
					isWatched,
					notify: () => {},
					onDone: async () => {},
				});
			await assert.rejects(
				run("st-1"),
				/was begun on the board 24:0a:c4:00:00:01; plug that one in/,
			);
			assert.equal(await run("st-2"), 1);
			await assert.rejects(run("st-3"), /is st-2 already; plug in another one/);
			// Where boards are noticed by themselves, the next one is waited for.
			boards.push("board", "another");
			assert.equal(await run("st-3", true), 1);
			assert.deepEqual(boards, []);
		},
	);

	whole(
		"begins no name on a board that is another station, and gives it to the next one",
		async () => {
			const bundle = await bundleOf({ imageBytes: 4096 });
			const results = join(folder, "results.jsonl");
			const run = (station: string, file: string, board: string) =>
				runBatch({
					plan: [{ station, fields: new Map([["station", station]]) }],
					bundle,
					baud: 460_800,
					results: file,
					append: (row) => appendRow(file, row),
					open: () => openSimulatedBoard(join(folder, board), () => {}),
					firstId: () => 1,
					now: () => new Date("2026-11-28T12:00:00Z"),
					isWatched: false,
					notify: () => {},
					onDone: async () => {},
				});
			assert.equal(await run("old-1", join(folder, "earlier.jsonl"), "living"), 1);
			await assert.rejects(run("st-1", results, "living"), /is old-1 already; plug in another one/);
			assert.equal(existsSync(results), false);
			assert.equal(await run("st-1", results, "bare"), 1);
			assert.deepEqual(
				readBatch(results).done.map(({ station }) => station),
				["st-1"],
			);
		},
	);

	it("takes a row that was cut while it was written for none, and writes the next one in its place", () => {
		const results = join(folder, "results.jsonl");
		const first = { begun: "st-1", mac: "24:0a:c4:00:00:01" };
		const second = { begun: "st-2", mac: "24:0a:c4:00:00:02" };
		writeFileSync(results, `${JSON.stringify(first)}\n{"begun":"st-2","ma`);
		assert.deepEqual(readBatch(results), { done: [], begun: [first] });
		appendRow(results, second);
		assert.deepEqual(readBatch(results), { done: [], begun: [first, second] });
		// A whole one that lacks its end alone stays.
		writeFileSync(results, JSON.stringify(first));
		appendRow(results, second);
		assert.equal(
			readFileSync(results, "utf8"),
			`${JSON.stringify(first)}\n${JSON.stringify(second)}\n`,
		);
	});

	it("names the line of a result file that is no row, whatever stands there", () => {
		const results = join(folder, "results.jsonl");
		for (const line of [
			"null",
			"7",
			"[]",
			"{}",
			'{"begun":5,"mac":"x"}',
			'{"proof":"AA=="}',
			"x",
		]) {
			writeFileSync(results, `{"begun":"st-1","mac":"24:0a:c4:00:00:01"}\n${line}\n`);
			assert.throws(() => readBatch(results), /line 2: no row of a batch/, line);
		}
	});

	it("gives a board whose replacement was begun no other name", () => {
		const results = join(folder, "results.jsonl");
		writeFileSync(results, '{"replacing":"bor-1","mac":"24:0a:c4:00:00:01","predecessor":null}\n');
		assert.deepEqual(readBatch(results).begun, [{ begun: "bor-1", mac: "24:0a:c4:00:00:01" }]);
	});

	it("refuses all of a plan at once, before a port is opened", async () => {
		const plan = join(folder, "plan.csv");
		writeFileSync(
			plan,
			"station,intervalSeconds,colour\n../x,900,\nst-2,0x20,red\nst-2,5,\n,900,\n",
		);
		await assert.rejects(batchOf({ plan }), (error: Error) => {
			assert.deepEqual(error.message.split("; "), [
				`${plan} line 2: station id "../x": use 1 to 8 of a-z, 0-9 and -`,
				`${plan} line 3: configuration: intervalSeconds "0x20" is no number`,
				`${plan} line 3: colour: no such field`,
				`${plan} line 4: st-2 stands there twice`,
				`${plan} line 4: intervalSeconds is 5`,
				"use a whole number from 10 to 86400",
				`${plan} line 5: no station`,
			]);
			return true;
		});
	});

	it("writes the label that a run was ended before, at the next one", async () => {
		const plan = join(folder, "plan.csv");
		writeFileSync(plan, "station\nst-1\n");
		assert.equal(await batchOf({ plan }), 0);
		const row = readFileSync(join(folder, "labels/st-1.txt"), "utf8");
		rmSync(join(folder, "labels"), { recursive: true });
		assert.equal(await batchOf({ plan }), 0);
		assert.deepEqual(readdirSync(join(folder, "labels")).sort(), [
			"st-1.png",
			"st-1.svg",
			"st-1.txt",
		]);
		assert.equal(readFileSync(join(folder, "labels/st-1.txt"), "utf8"), row);
	});

	it("is one at a time for a result file: a second one would give the same name to two boards", async () => {
		const plan = join(folder, "plan.csv");
		writeFileSync(plan, "station\nst-1\n");
		const second = withLockOf(join(folder, "results.jsonl"), () => batchOf({ plan }));
		await assert.rejects(second, /results\.jsonl: process \d+ is at work with it/);
		// One that died holds nothing.
		writeFileSync(join(folder, "results.jsonl.lock"), "999999999 1\n");
		assert.equal(await batchOf({ plan }), 0);
		assert.equal(existsSync(join(folder, "results.jsonl.lock")), false);
	});

	/** The command, at boards in a folder. */
	async function batchOf({ plan }: { readonly plan: string }): Promise<number> {
		const { write } = process.stdout;
		process.stdout.write = () => true;
		const options: BatchCommandOptions = {
			plan,
			common: undefined,
			bundle: await bundleOf({ imageBytes: 4096 }),
			results: join(folder, "results.jsonl"),
			labels: join(folder, "labels"),
			baud: 460_800,
			format: "json",
			open: (name) => openSimulatedBoard(join(folder, name), () => {}),
			port: "boards-%",
			list: undefined,
			firstId: () => 1,
			notify: () => {},
			language: "en",
		};
		return batch(options).finally(() => {
			process.stdout.write = write;
		});
	}

	it("labels a station with its name, board and fingerprint, and a code that reads the same", () => {
		const facts = {
			station: "bor-1",
			mac: "24:0a:c4:11:22:33",
			fingerprint: "25ef6688d44eeaf9",
		};
		assert.equal(labelText(facts), "bor-1\n24:0a:c4:11:22:33\n25ef6688d44eeaf9\n");
		const modules = encodeQR(labelCode(facts), "raw", { border: 4, scale: 4 });
		const size = modules.length;
		const data = new Uint8Array(size * size * 4).fill(255);
		modules.forEach((row, y) => {
			row.forEach((isDark, x) => {
				if (isDark) data.fill(0, (y * size + x) * 4, (y * size + x) * 4 + 3);
			});
		});
		assert.equal(
			decodeQR({ width: size, height: size, data }),
			"bistrina bor-1 24:0a:c4:11:22:33 25ef6688d44eeaf9",
		);
		const svg = labelSvg(facts);
		const dark = encodeQR(labelCode(facts), "raw", { border: 4 }).flat().filter(Boolean).length;
		assert.equal(svg.split("h1v1h-1z").length - 1, dark);
		assert.match(svg, /<text [^>]*>24:0a:c4:11:22:33<\/text>/);
	});

	it("labels it in points, too: the code reads the same, and each letter stands beside it", () => {
		const facts = { station: "bor-1", mac: "24:0a:c4:11:22:33", fingerprint: "25ef6688d44eeaf9" };
		const { width, height, data: points } = decode(labelPng(facts));
		const rgba = new Uint8Array(points.length * 4).fill(255);
		points.forEach((grey, at) => {
			rgba.fill(grey, at * 4, at * 4 + 3);
		});
		assert.equal(
			decodeQR({ width, height, data: rgba }),
			"bistrina bor-1 24:0a:c4:11:22:33 25ef6688d44eeaf9",
		);
		let dark = 0;
		for (let y = 0; y < height; y++) {
			for (let x = height; x < width; x++) if (points[y * width + x] === 0) dark++;
		}
		const dotsIn = (text: string): number =>
			[...text].reduce((sum, letter) => sum + dotsOf(letter).length, 0);
		assert.equal(dark, dotsIn(facts.station) * 36 + dotsIn(facts.mac + facts.fingerprint) * 9);
		for (const letter of "abcdefghijklmnopqrstuvwxyz0123456789:-") {
			assert.ok(dotsOf(letter).length > 3, letter);
		}
	});
});
