/** Data on stdout, in the form that was asked for. */

import { printable, printableJson } from "../core/printable.js";
import type { ConsoleFields } from "../protocol/line/console.js";
import { onStdout } from "./colours.js";

export type OutputFormat = "text" | "json" | "jsonl" | "csv";

/** A value as programs want it: numbers as numbers, but for what only looks like one. */
export type Shown = Readonly<Record<string, string | number | null>>;

const WORDS: readonly string[] = Object.freeze(["station", "text", "firmware", "head"]);

/** Fields of a line; "none" is null. */
export function shownOf(fields: ConsoleFields): Shown {
	const shown: Record<string, string | number | null> = {};
	for (const [name, value] of fields) {
		const isNumber = !WORDS.includes(name) && /^-?\d+(\.\d+)?$/.test(value);
		shown[name] = isNumber ? Number(value) : value === "none" ? null : value;
	}
	return shown;
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

/** A moment of a station for people; "unknown" where its clock has none. */
export function instantShown(utc: string | number | null | undefined): string {
	return typeof utc === "number" && utc > 0 ? instant(utc) : "unknown";
}

/** Name and value in two columns. */
export function printPairs(shown: Shown): void {
	const names = Object.keys(shown).map(printable);
	const width = Math.max(...names.map((name) => name.length));
	for (const [index, [name, value]] of Object.entries(shown).entries()) {
		const shownName = names[index] ?? "";
		process.stdout.write(`${shownName.padEnd(width)}  ${emphasised(name, value)}\n`);
	}
}

/** Lines of the same names as a table, with its header. */
export function printTable(rows: readonly Shown[]): void {
	const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
	const text = (row: Shown, name: string): string => printable(String(row[name] ?? "-"));
	const heads = names.map(printable);
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

/** RFC 4180; what a terminal would obey is escaped, as a table is often looked at in one. */
export function csvLine(cells: readonly (string | number | undefined)[]): string {
	const quoted = cells.map((cell) => {
		const text = printable(String(cell ?? ""));
		return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
	});
	return `${quoted.join(",")}\n`;
}

function emphasised(name: string, value: string | number | null): string {
	const text =
		name === "utc" ? instantShown(value) : value === null ? "-" : printable(String(value));
	const isTrouble =
		(["clock", "journal", "lastUpload", "battery"].includes(name) &&
			text !== "good" &&
			text !== "none") ||
		(name === "failedProbes" && value !== null);
	return isTrouble ? onStdout.yellow(text) : text;
}
