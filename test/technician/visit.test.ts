/** A whole visit, as a person types it in a terminal and as a program asks for it by JSON lines. */
import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openNamedStation, type StationLine } from "../../sim/shell/station-line.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import {
	FIRST_SITTING,
	hasTerminals,
	playedByLines,
	playedInTerminal,
	SECOND_SITTING,
} from "../support/bench/played-program.js";
import { whole } from "../support/depth.js";

describe("a visit", function () {
	this.timeout(180_000);
	let folder: string;
	let server: Server | undefined;
	let station: StationLine | undefined;

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-visit-test-"));
	});

	afterEach(() => {
		server?.close();
		server = undefined;
		station?.close();
		station = undefined;
		rmSync(folder, { recursive: true });
	});

	/** A station whose line is plugged in anew for each program. */
	async function served(): Promise<{ readonly station: StationLine; readonly port: number }> {
		const opened = await openNamedStation("");
		station = opened;
		const listening = createServer((socket) => {
			socket.on("error", () => {});
			socket.on("close", () => opened.detach());
			void opened.attach((bytes) => socket.write(bytes));
			socket.on("data", (bytes) => opened.send(bytes));
		});
		server = listening;
		const port = await new Promise<number>((resolve) => {
			listening.listen(0, "127.0.0.1", () => {
				resolve((listening.address() as { port: number }).port);
			});
		});
		return { station: opened, port };
	}

	whole(
		"is typed by a person, left in the middle, taken up again, and ends with a report",
		async function () {
			if (!hasTerminals()) {
				console.log("SKIPPED: a visit in a terminal; install python3 to run it");
				this.skip();
			}
			const { station: opened, port } = await served();
			const file = join(folder, "visit.json");
			const argv = ["--port", `socket://127.0.0.1:${port}`, "visit", "--file", file];
			const putProbes = (what: string): void => opened.putProbes(what);
			const first = await playedInTerminal(argv, FIRST_SITTING, putProbes);
			assert.equal(first.code, 1, first.shown);
			assert.match(
				first.shown,
				/pH with the conductivity circuit awake less asleep: -?0\.00\d \(good\)/,
			);
			assert.match(first.shown, /Judged: slope 95-105 % good/);
			// The live curve, and what is left.
			assert.match(
				first.shown,
				/[▁▂▃▄▅▆▇█]{10,} 7\.\d{3} {2}drift -?0\.\d{3}\/min {2}\d+ s at least/,
			);
			const second = await playedInTerminal(argv, SECOND_SITTING, putProbes);
			assert.equal(second.code, 0, second.shown);
			const text = readFileSync(join(folder, "visit.txt"), "utf8");
			assert.match(text, /^Visit at sim-1, 2026-10-01 00:\d\d UTC\nTechnician: Mira K\n/);
			assert.match(
				text,
				/pH, calibration 1: good\. Slope [\d.]+ % below the middle, [\d.]+ % above/,
			);
			assert.match(
				text,
				/ {6}american-4\.00 A1 2027-05-31: should be 4\.00, read 4\.0\d at 20\.0 degC/,
			);
			assert.match(text, /conductivity[^\n]*, calibration 1: good/);
			assert.match(text, /gate repaired/);
			// Each line names its entry, and the digits are those of the entry.
			const proofs = [...text.matchAll(/#(\d+) {2}([0-9a-f]{16})/g)];
			assert.ok(proofs.length >= 7, text);
			const sequences = opened.played.witness.returned.map((bytes) => decodeEntry(bytes).sequence);
			for (const [, sequence] of proofs) assert.ok(sequences.includes(Number(sequence)));
			const html = readFileSync(join(folder, "visit.html"), "utf8");
			assert.match(html, /^<!doctype html>\n<html lang="en">/);
			assert.match(html, /@page \{ size: A4/);
			assert.equal([...html.matchAll(/<td class="entry">/g)].length, proofs.length);
		},
	);

	it("is asked for by JSON lines without a person", async () => {
		const file = join(folder, "visit.json");
		const argv = [
			"--port",
			"sim:",
			"visit",
			"--file",
			file,
			"--by",
			"robot",
			"--note",
			"by itself",
		];
		const standards = ["american-7.00:A1:2027-05-31", "american-4.00:A2:2027-05-31"];
		const { lines, code } = await playedByLines(
			[...argv, "--ph-standards", standards.join(",")],
			"\n\n\n\n",
		);
		assert.equal(code, 0);
		const steps = lines.map((line) => line["step"]);
		assert.deepEqual(
			steps.filter((step) => step !== "reading"),
			[
				...["visit", "read", "coupling", "visit", "clean", "visit", "read", "visit"],
				...["begin", "put", "settled", "point", "put", "settled", "point", "commit"],
				...["visit", "begin", "put", "settled", "point", "put", "settled", "point", "commit"],
				...["visit", "put", "read", "visit", "visit", "report"],
			],
		);
		const [committed] = lines.filter((line) => line["step"] === "commit");
		assert.equal(committed?.["verdict"], "good");
		assert.equal(typeof committed?.["a"], "number");
		assert.ok(steps.filter((step) => step === "reading").length > 160);
	});

	it("gives a calibration up that the rule rejects, when nobody gives a reason", async () => {
		const argv = [
			"--port",
			"sim:",
			"calibrate",
			"pH",
			"--standards",
			"american-7.00:A1:2027-05-31",
		];
		const wrong = await playedByLines(argv, "american-4.00\n");
		assert.equal(wrong.code, 1);
		const settled = wrong.lines.find((line) => line["step"] === "settled");
		assert.equal(settled?.["doubts"], "wrong-bottle");
		assert.equal(wrong.lines.at(-1)?.["step"], "cancel");
	});
});
