/** Data on stdout, in the form that was asked for. */

import type { ConsoleFields } from "../protocol/line/console.js";
import { onStdout } from "./colours.js";
import { csvCell } from "./csv.js";
import { printable, printableJson } from "./printable.js";

export type OutputFormat = "text" | "json" | "jsonl" | "csv";

/** Fields of a line as programs want them. */
export type Shown = Readonly<Record<string, string | number | null>>;

/** What a station says of a value that it has not. */
const ABSENT: readonly string[] = Object.freeze(["none", "unknown"]);
const NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * Fields of a line, each by the kind that its row says (`CommandRow.parts`), a name that a later firmware added as a
 * word: what is absent is null, a moment is ISO 8601 in UTC or null.
 */
export function shownOf(fields: ConsoleFields, described = ""): Shown {
	const kinds = described.split(" ");
	const shown: Record<string, string | number | null> = {};
	for (const [name, value] of fields) {
		if (kinds.includes(`${name}@`)) shown[name] = momentOf(Number(value));
		else if (ABSENT.includes(value)) shown[name] = null;
		else shown[name] = kinds.includes(`${name}#`) && NUMBER.test(value) ? Number(value) : value;
	}
	return shown;
}

/** Null where a station's clock has no time, and for what no clock can say. */
function momentOf(utcSeconds: number): string | null {
	return utcSeconds > 0 && utcSeconds < 2 ** 32 ? instant(utcSeconds) : null;
}

/** All lines of an answer as one. */
export function merged(lines: readonly Shown[]): Shown {
	return Object.assign({}, ...lines) as Shown;
}

export function printJson(value: unknown): void {
	process.stdout.write(`${printableJson(value)}\n`);
}

/** Seconds of Unix as ISO 8601 in UTC. */
export function instant(utcSeconds: number): string {
	return `${new Date(utcSeconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** Units at the end of a name, and how people write them. */
const UNITS: readonly (readonly [ending: string, unit: string])[] = Object.freeze([
	["Milliseconds", "ms"],
	["Seconds", "s"],
	["Bytes", "B"],
	["DecibelMilliwatts", "dBm"],
]);

/** What a name, or a word of data, is called in the reader's language. */
export type Naming = (name: string) => string;

const AS_IT_IS: Naming = (name) => name;
/** Columns of tables that hold words of ours, spaces between them. */
const WORDED: readonly string[] = Object.freeze([
	"channel",
	"probe",
	"verdict",
	"flags",
	"unit",
	"rawUnit",
	"method",
]);

/** Each of the words in `text`; with commas between those that are spelled out. */
export function namedAll(text: string, naming: Naming): string {
	const words = text.split(" ").map(naming);
	return words.join(words.join(" ") === text ? " " : ", ");
}

/** Lines of an answer, each under a title of its own. */
export function printGroups(
	groups: readonly { readonly title: string; readonly shown: Shown }[],
	naming: Naming = AS_IT_IS,
): void {
	const width = Math.max(
		...groups.flatMap(({ shown }) =>
			Object.keys(shown).map((name) => printable(naming(withoutUnit(name)[0])).length),
		),
	);
	for (const [index, { title, shown }] of groups.entries()) {
		if (index > 0) process.stdout.write("\n");
		process.stdout.write(`${onStdout.bold(naming(title))}\n`);
		printPairs(shown, naming, width);
	}
}

/** Name and value in two columns. */
export function printPairs(shown: Shown, naming: Naming = AS_IT_IS, widthMin = 0): void {
	const names = Object.keys(shown).map((name) => printable(naming(withoutUnit(name)[0])));
	const width = Math.max(widthMin, ...names.map((name) => name.length));
	for (const [index, [name, value]] of Object.entries(shown).entries()) {
		const [, ending] = withoutUnit(name);
		const unit = ending === "" || value === null ? "" : ` ${ending}`;
		const text = emphasised(name, value, naming);
		process.stdout.write(`${(names[index] ?? "").padEnd(width)}  ${text}${unit}\n`);
	}
}

/** The name without the unit at its end, and that unit. */
function withoutUnit(name: string): readonly [name: string, unit: string] {
	const ending = UNITS.find(([each]) => name.endsWith(each));
	return ending === undefined ? [name, ""] : [name.slice(0, -ending[0].length), ending[1]];
}

/** Lines of the same names as a table, with its header. */
export function printTable(rows: readonly Shown[], naming: Naming = AS_IT_IS): void {
	const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
	const text = (row: Shown, name: string): string => {
		const cell = String(row[name] ?? "-");
		return printable(WORDED.includes(name) ? namedAll(cell, naming) : cell);
	};
	const heads = names.map((name) => printable(naming(name)));
	const widths = names.map((name, index) =>
		Math.max(heads[index]?.length ?? 0, ...rows.map((row) => text(row, name).length)),
	);
	const line = (cells: readonly string[]): string =>
		cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join("  ");
	process.stdout.write(`${onStdout.dim(line(heads).trimEnd())}\n`);
	for (const row of rows) {
		const cells = names.map((name) => text(row, name));
		const plain = line(cells).trimEnd();
		const verdict = row["verdict"];
		const shown =
			verdict === "failed"
				? onStdout.red(plain)
				: verdict === "doubtful"
					? onStdout.yellow(plain)
					: plain;
		process.stdout.write(`${shown}\n`);
	}
}

/** What a terminal would obey is escaped, as a table is often looked at in one. */
export function csvLine(cells: readonly (string | number | undefined)[]): string {
	return `${cells.map((cell) => csvCell(printable(String(cell ?? "")))).join(",")}\n`;
}

function emphasised(name: string, value: string | number | null, naming: Naming): string {
	const cellText = value === null ? (name === "utc" ? "unknown" : "-") : String(value);
	const text = printable(naming(cellText));
	const isProblem =
		(["clock", "journal", "lastUpload", "battery"].includes(name) &&
			cellText !== "good" &&
			cellText !== "-") ||
		(name === "failedProbes" && value !== null);
	return isProblem ? onStdout.yellow(text) : text;
}
