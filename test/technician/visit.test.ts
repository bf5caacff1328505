/** A whole visit, as a person types it in a terminal and as a program asks for it by JSON lines. */
import { strict as assert } from "node:assert";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openNamedStation, type StationLine } from "../../sim/shell/station-line.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import { IN_TERMINAL } from "../support/collectors/in-terminal.js";
import { PROJECT } from "../support/sources.js";

const PROGRAM = join(PROJECT, "build/src/technician/main.js");

/** What is shown, what is typed then, and what the hands do before that. */
type Turn = readonly [shown: RegExp, typed: string, place?: string];

const LOT: readonly Turn[] = [
	[/Lot on the label: $/, "A1"],
	[/Expires \(YYYY-MM-DD\): $/, "2027-05-31"],
];

function bottle(standard: string): readonly Turn[] {
	return [...(standard === "air" ? [] : LOT), [/Enter when they are in it: $/, "", standard]];
}

/** Plays turns in a pseudo-terminal; all that was shown, and the exit code. */
async function playedInTerminal(
	argv: readonly string[],
	turns: readonly Turn[],
	place: (what: string) => void,
): Promise<{ readonly shown: string; readonly code: unknown }> {
	const child = spawn("python3", ["-c", IN_TERMINAL, process.execPath, PROGRAM, ...argv], {
		env: { ...process.env, LANG: "C", LC_ALL: "C" },
	});
	const left = [...turns];
	let shown = "";
	let since = "";
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		shown += text;
		since += text;
		const [turn] = left;
		if (turn === undefined || !turn[0].test(since)) return;
		left.shift();
		since = "";
		if (turn[2] !== undefined) place(turn[2]);
		child.stdin.write(`${turn[1]}\n`);
	});
	const code = await new Promise((resolve) => child.on("close", resolve));
	assert.deepEqual(left, [], shown);
	return { shown, code };
}

/** Lines of a program that is given `typed` on its standard input. */
async function playedByLines(
	argv: readonly string[],
	typed: string,
): Promise<{ readonly lines: readonly Record<string, unknown>[]; readonly code: unknown }> {
	const child = spawn(process.execPath, [PROGRAM, "--format", "jsonl", ...argv]);
	let shown = "";
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		shown += text;
	});
	child.stdin.end(typed);
	const code = await new Promise((resolve) => child.on("close", resolve));
	const lines = shown.split("\n").filter((line) => line !== "");
	return { lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>), code };
}

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

	it("is typed by a person, left in the middle, taken up again, and ends with a report", async function () {
		if (spawnSync("python3", ["-c", "import pty"]).status !== 0) {
			console.log("SKIPPED: a visit in a terminal; install python3 to run it");
			this.skip();
		}
		const { station: opened, port } = await served();
		const file = join(folder, "visit.json");
		const argv = ["--port", `socket://127.0.0.1:${port}`, "visit", "--file", file];
		const place = (what: string): void => opened.place(what);
		const first = await playedInTerminal(
			argv,
			[
				[/Who is here: $/, "Mira K"],
				[/\[1\/8\] As found: [^\n]*: $/, ""],
				[/\[2\/8\] Clean [^\n]*: $/, ""],
				// What is no answer is asked again.
				[/\[3\/8\] As found again: [^\n]*: $/, "yes"],
				[/\[3\/8\] As found again: [^\n]*: $/, ""],
				[/\[4\/8\] Calibrate pH [^\n]*: $/, ""],
				[/Lot on the label: $/, "A1"],
				[/Expires \(YYYY-MM-DD\): $/, "2027-02-30"],
				[/2027-02-30 is no date, such as 2027-05-31\.\s+Expires \(YYYY-MM-DD\): $/, "2027-05-31"],
				[/Enter when they are in it: $/, "", "american-7.00"],
				...bottle("american-4.00"),
				...bottle("american-10.01"),
				[/Calibration 1 of pH: good\.[\s\S]*\[5\/8\] Calibrate conductivity [^\n]*: $/, "q"],
			],
			place,
		);
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
		const second = await playedInTerminal(
			argv,
			[
				[/The visit of [^\n]* continues: 4 of 8 steps are done\.[\s\S]*\[5\/8\] [^\n]*: $/, ""],
				...bottle("air"),
				...bottle("kcl-1413"),
				[/Calibration 1 of conductivity: good\.[\s\S]*\[6\/8\] As left: [^\n]*: $/, ""],
				[/Put the probes back into the river, Enter: $/, "", "river"],
				[/\[7\/8\] A note for the record [^\n]*: $/, ""],
				[/Note \(Enter: none\): $/, "gate repaired"],
				[/\[8\/8\] The report [^\n]*: $/, ""],
			],
			place,
		);
		assert.equal(second.code, 0, second.shown);
		const text = readFileSync(join(folder, "visit.txt"), "utf8");
		assert.match(text, /^Visit at sim-1, 2026-10-01 00:\d\d UTC\nTechnician: Mira K\n/);
		assert.match(text, /pH, calibration 1: good\. Slope [\d.]+ % below the middle, [\d.]+ % above/);
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
	});

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
				...["visit", "read", "coupling", "visit", "visit", "read", "visit"],
				...["begin", "put", "settled", "point", "put", "settled", "point", "commit"],
				...["visit", "begin", "put", "settled", "point", "put", "settled", "point", "commit"],
				...["visit", "read", "visit", "visit", "report"],
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
