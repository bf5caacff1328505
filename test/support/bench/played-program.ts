/** The technician's program as a person plays it in a pseudo-terminal, turn by turn, or another program by JSON lines. */
import { strict as assert } from "node:assert";
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { calledHere, isColoured } from "../collectors/command-here.js";
import { IN_TERMINAL } from "../collectors/in-terminal.js";
import { IS_WHOLE } from "../depth.js";
import { PROJECT } from "../sources.js";

const NAME = "src/technician/main.js";
const PROGRAM = join(PROJECT, "build", NAME);
const PLAIN = Object.freeze({ LANG: "C", LC_ALL: "C" });

/** What is shown, what is typed then, and what the hands do before that. */
export type Turn = readonly [shown: RegExp, typed: string, where?: string];

export interface Played {
	readonly shown: string;
	readonly code: unknown;
}

const LOT: readonly Turn[] = [
	[/Lot on the label: $/, "A1"],
	[/Expires \(YYYY-MM-DD\): $/, "2027-05-31"],
];

/** One bottle with its questions. */
export function bottleTurns(standard: string): readonly Turn[] {
	return [...(standard === "air" ? [] : LOT), [/Enter when they are in it: $/, "", standard]];
}

/** A visit to its conductivity, where it is left. */
export const FIRST_SITTING: readonly Turn[] = Object.freeze([
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
	...bottleTurns("american-4.00"),
	...bottleTurns("american-10.01"),
	[/Calibration 1 of pH: good\.[\s\S]*\[5\/8\] Calibrate conductivity [^\n]*: $/, "q"],
] as const satisfies readonly Turn[]);

/** And from there to its report. */
export const SECOND_SITTING: readonly Turn[] = Object.freeze([
	[/The visit of [^\n]* continues: 4 of 8 steps are done\.[\s\S]*\[5\/8\] [^\n]*: $/, ""],
	...bottleTurns("air"),
	...bottleTurns("kcl-1413"),
	[/Calibration 1 of conductivity: good\.[\s\S]*\[6\/8\] As left: [^\n]*: $/, ""],
	[/Put the probes back into the river, Enter: $/, "", "river"],
	[/\[7\/8\] A note for the record [^\n]*: $/, ""],
	[/Note \(Enter: none\): $/, "gate repaired"],
	[/\[8\/8\] The report [^\n]*: $/, ""],
] as const satisfies readonly Turn[]);

/** Whether this machine has what makes a pseudo-terminal. */
export function hasTerminals(): boolean {
	return spawnSync("python3", ["-c", "import pty"]).status === 0;
}

/** Plays turns in a pseudo-terminal; all that was shown, and the exit code. */
export async function playedInTerminal(
	argv: readonly string[],
	turns: readonly Turn[],
	putProbes: (what: string) => void,
): Promise<Played> {
	const child = spawn("python3", ["-c", IN_TERMINAL, process.execPath, PROGRAM, ...argv], {
		env: { ...process.env, ...PLAIN },
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
		if (turn[2] !== undefined) putProbes(turn[2]);
		child.stdin.write(`${turn[1]}\n`);
	});
	const code = await new Promise((resolve) => child.on("close", resolve));
	assert.deepEqual(left, [], shown);
	return { shown, code };
}

/** Runs it to its end with `typed` on its standard input; in a short run within this process. */
export async function playedProgram(argv: readonly string[], typed = ""): Promise<Played> {
	if (!IS_WHOLE && !isColoured()) {
		const called = await calledHere(NAME, argv, { typed, environment: PLAIN });
		return { shown: called.stdout + called.stderr, code: called.exitCode };
	}
	const child = spawn(process.execPath, [PROGRAM, ...argv], {
		env: { ...process.env, ...PLAIN },
	});
	let shown = "";
	for (const output of [child.stdout, child.stderr]) {
		output.setEncoding("utf8").on("data", (text: string) => {
			shown += text;
		});
	}
	child.stdin.end(typed);
	const code = await new Promise((resolve) => child.on("close", resolve));
	return { shown, code };
}

export interface PlayedLines {
	readonly lines: readonly Record<string, unknown>[];
	readonly code: unknown;
}

/** Lines of a program that is given `typed` on its standard input. */
export async function playedByLines(argv: readonly string[], typed: string): Promise<PlayedLines> {
	const { shown, code } = await playedProgram(["--format", "jsonl", ...argv], typed);
	const lines = shown.split("\n").filter((line) => line.charAt(0) === "{");
	return { lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>), code };
}

/** The same by a program that reads them, and puts the probes where a line asks for before it answers. */
export async function playedByHands(
	argv: readonly string[],
	putProbes: (what: string) => void,
): Promise<PlayedLines> {
	const child = spawn(process.execPath, [PROGRAM, "--format", "jsonl", ...argv]);
	const lines: Record<string, unknown>[] = [];
	createInterface({ input: child.stdout }).on("line", (text) => {
		const line = JSON.parse(text) as Record<string, unknown>;
		lines.push(line);
		if (line["step"] === "put") putProbes(String(line["standard"]));
		if (line["step"] === "put" || line["step"] === "clean") child.stdin.write("\n");
	});
	const code = await new Promise((resolve) => child.on("close", resolve));
	return { lines, code };
}
