/**
 * Reads a recorded river, as docs/RIVER.md says: a table with a header, commas, or semicolons and decimal
 * commas. It is read as a stream, 40 bytes a row are kept, and up to ten faults are reported at once.
 */

import { createReadStream, statSync } from "node:fs";
import { basename } from "node:path";
import { OperationalError } from "../../src/host/errors.js";
import { printable } from "../../src/host/printable.js";
import { riverOf } from "../river/recorded-river.js";
import type { River } from "../river/river.js";
import type { WaterChannel } from "../river/water.js";
import { type CsvFault, type CsvRecord, CsvRecords, type Delimiter } from "./csv-records.js";
import { RecordedTimes } from "./recorded-times.js";
import { AS_WRITTEN, QUANTITIES, type RiverFileOptions, TIME } from "./river-columns.js";
import { printHoles, ROWS_MAX, Rows } from "./river-rows.js";
import { utf8Pieces } from "./utf8-pieces.js";

/** What loggers write for a value that they have not. */
const NO_VALUES: readonly string[] = Object.freeze(["", "na", "n/a", "nan", "null", "-"]);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i;
const MARK = /[.,]/;
/** Digits with marks that a number of this file has not. */
const OTHER_MARKS = /^[+-]?\d[\d.,'\s]*$/;
const FAULTS_SHOWN = 10;
const PROGRESS_MILLISECONDS = 2000;
const CELL_CHARACTERS_SHOWN = 40;

/**
 * The river of a file. `print` gets progress, holes and columns that are not used. Throws OperationalError
 * that names file, line and column of up to ten faults.
 */
export async function readRiverFile(
	path: string,
	options: RiverFileOptions = AS_WRITTEN,
	print: (line: string) => void = () => {},
): Promise<River> {
	const rows = new Rows();
	const faults = new Faults(path);
	const csv = new CsvRecords();
	let table: Table | undefined;
	for await (const record of recordsOf(path, csv, faults, print)) {
		if (table !== undefined) {
			table.read(record, rows, faults);
			continue;
		}
		faults.addAll(record.faults);
		if (record.fields.some((name) => name.includes("\0"))) {
			faults.add(
				record.lines[0] ?? 1,
				1,
				"the header has NUL characters, as UTF-16 has; save the table as CSV in UTF-8",
			);
		}
		faults.requireNone();
		const delimiter = csv.delimiter ?? ",";
		table = new Table({ path, options, delimiter, header: record, print });
	}
	faults.requireNone();
	if (rows.count === 0) {
		throw new OperationalError(
			`${path}:1:1: no readings in the file; it has a header and a row for each time`,
		);
	}
	if (options.isSorted) rows.sort(path, print);
	const recording = rows.recording();
	printHoles(path, recording, print);
	return riverOf(basename(path), recording);
}

interface TableOptions {
	readonly path: string;
	readonly options: RiverFileOptions;
	readonly delimiter: Delimiter;
	readonly header: CsvRecord;
	readonly print: (line: string) => void;
}

interface Column {
	readonly name: string;
	/** Undefined where the file has none. */
	readonly at: number | undefined;
	readonly channel: WaterChannel;
	readonly low: number;
	readonly high: number;
}

/** Where the columns of a file are, and what its fields mean. */
class Table {
	readonly #path: string;
	readonly #width: number;
	readonly #delimiter: Delimiter;
	readonly #isSorted: boolean;
	readonly #times: RecordedTimes;
	readonly #timeColumn: number;
	readonly #columns: readonly Column[];
	#before: { readonly utcSeconds: number; readonly line: number } | undefined;
	/** Decimals of a file with semicolons: the first mark that came, which holds for all. */
	#mark: { readonly sign: string; readonly line: number } | undefined;

	constructor({ path, options, delimiter, header, print }: TableOptions) {
		const names = header.fields;
		this.#path = path;
		this.#width = names.length;
		this.#delimiter = delimiter;
		this.#isSorted = options.isSorted;
		this.#times = new RecordedTimes(options.zone ?? undefined, !options.isSorted);
		const used = new Set<number>();
		const missing: string[] = [];
		const columnOf = (ours: string): number | undefined => {
			const theirs = options.columns[ours] ?? ours;
			if (theirs === "") return undefined;
			const isIt = (name: string): boolean => sameName(name) === sameName(theirs);
			const at = names.findIndex(isIt);
			if (at < 0) missing.push(theirs === ours ? ours : `${theirs} (for ${ours})`);
			else if (names.slice(at + 1).some(isIt)) {
				throw new OperationalError(
					`${path}:${header.lines[at]}:${at + 1}: two columns are called "${shown(theirs)}"; ` +
						"rename the one that is not meant",
				);
			} else used.add(at);
			return at;
		};
		this.#timeColumn = columnOf(TIME) ?? 0;
		this.#columns = Object.entries(QUANTITIES).map(([name, [channel, low, high]]) => ({
			...{ name, channel, low, high },
			at: columnOf(name),
		}));
		if (missing.length > 0) throw new OperationalError(missingText(path, header, missing));
		const unused = names.filter((name, at) => !used.has(at) && name !== "");
		if (unused.length > 0) print(`${path}: not used: ${unused.map(shown).join(", ")}`);
	}

	read({ fields, lines, faults: quoteFaults }: CsvRecord, rows: Rows, faults: Faults): void {
		const line = lines[0] ?? 0;
		if (quoteFaults.length > 0) {
			faults.addAll(quoteFaults);
			return;
		}
		if (fields.length !== this.#width) {
			faults.add(line, fields.length, `${fields.length} columns where ${this.#width} belong`);
			return;
		}
		const utcSeconds = this.#timeOf(fields, lines, faults);
		const values = this.#columns.map((column) => this.#valueOf(column, fields, lines, faults));
		if (faults.count > 0 || utcSeconds === undefined) return;
		if (rows.count === ROWS_MAX) {
			throw new OperationalError(
				`${this.#path}:${line}:1: more than ${ROWS_MAX} rows; cut the file into parts`,
			);
		}
		rows.add(utcSeconds, values);
	}

	#timeOf(fields: readonly string[], lines: readonly number[], faults: Faults): number | undefined {
		const at = this.#timeColumn;
		const line = lines[at] ?? 0;
		const text = fields[at] ?? "";
		const utcSeconds = this.#times.read(text);
		if (typeof utcSeconds === "string") {
			faults.add(line, at + 1, `time "${shown(text)}" ${utcSeconds}`);
			return undefined;
		}
		const before = this.#before;
		this.#before = { utcSeconds, line };
		if (!this.#isSorted && before !== undefined && utcSeconds <= before.utcSeconds) {
			const how = utcSeconds === before.utcSeconds ? "the same time as" : "earlier than";
			faults.add(
				line,
				at + 1,
				`time "${shown(text)}" is ${how} line ${before.line}'s; --river-sort puts rows in order ` +
					"and of one time takes the first",
			);
		}
		return utcSeconds;
	}

	/** NaN where there is none. */
	#valueOf(
		{ name, at, low, high }: Column,
		fields: readonly string[],
		lines: readonly number[],
		faults: Faults,
	): number {
		if (at === undefined) return Number.NaN;
		const field = fields[at] ?? "";
		if (NO_VALUES.includes(field.toLowerCase())) return Number.NaN;
		const line = lines[at] ?? 0;
		const isSemicolons = this.#delimiter === ";";
		const digits = isSemicolons ? field.replace(",", ".") : field;
		const isNumber = NUMBER.test(digits);
		const value = isNumber ? Number(digits) : Number.NaN;
		if (!(value >= low && value <= high)) {
			const remedy =
				!isNumber && OTHER_MARKS.test(field)
					? `write it with a decimal ${isSemicolons ? "comma" : "point"} and no marks for thousands`
					: "leave a field empty where there is no value";
			const what = `${name} "${shown(field)}" is not a number from ${low} to ${high}; ${remedy}`;
			faults.add(line, at + 1, what);
			return Number.NaN;
		}
		const sign = isSemicolons ? MARK.exec(field)?.[0] : undefined;
		if (sign === undefined) return value;
		this.#mark ??= { sign, line };
		if (this.#mark.sign === sign) return value;
		const [has, had] = sign === "," ? ["comma", "point"] : ["point", "comma"];
		faults.add(
			line,
			at + 1,
			`${name} "${shown(field)}" has a ${has} where line ${this.#mark.line} has a ${had}; ` +
				"write all decimals of a file alike, and no marks for thousands",
		);
		return Number.NaN;
	}
}

/** What names are compared by: Unicode has two letters for micro, and two ways to write most accents. */
function sameName(name: string): string {
	return name.normalize("NFKC").toLowerCase();
}

/** What to do about columns that the header has not. */
function missingText(path: string, header: CsvRecord, missing: readonly string[]): string {
	const [first = ""] = header.fields;
	const found = header.fields.map((name) => `"${shown(name)}"`).join(", ");
	const remedy =
		header.fields.length === 1
			? "the first line names the columns, set apart by commas or by semicolons"
			: `say which is which: --river-columns "${missing[0]?.split(" (for ").at(-1)?.replace(")", "")}=THEIR NAME,..." ` +
				"(nothing after = where it has none)";
	const semicolons = first.includes(";")
		? "; it is taken for one of commas, as one stands outside quotes: put the name with the comma in quotes"
		: "";
	return (
		`${path}:${header.lines[0]}:1: no column ${missing.map(shown).join(", ")}; ` +
		`the file has ${found}${semicolons}; ${remedy}`
	);
}

/** Up to ten, each with its place; the rest is counted. */
class Faults {
	readonly #path: string;
	readonly #shown: string[] = [];
	count = 0;

	constructor(path: string) {
		this.#path = path;
	}

	add(line: number, column: number, what: string): void {
		this.count++;
		if (this.#shown.length < FAULTS_SHOWN)
			this.#shown.push(`${this.#path}:${line}:${column}: ${what}`);
	}

	addAll(faults: readonly CsvFault[]): void {
		for (const { line, column, what } of faults) this.add(line, column, what);
	}

	requireNone(): void {
		if (this.count === 0) return;
		const more = this.count - this.#shown.length;
		throw new OperationalError(
			[...this.#shown, ...(more > 0 ? [`and ${more} faults more`] : [])].join("\n"),
		);
	}
}

/** The file's records as they are read; an end of what can be read is a fault. */
async function* recordsOf(
	path: string,
	csv: CsvRecords,
	faults: Faults,
	print: (line: string) => void,
): AsyncGenerator<CsvRecord> {
	for await (const { text, badByte, isEnd } of utf8Pieces(bytesOf(path, print))) {
		// The byte stands as a character, so that what ends before it has ended.
		const piece = badByte === undefined ? text : `${text}\uFFFD`;
		for (const record of csv.read(piece, isEnd)) {
			yield record;
			if (record.isLast) return;
		}
		if (badByte === undefined) continue;
		const { line, column } = csv.place();
		const byte = badByte.toString(16).padStart(2, "0");
		faults.add(line, column, `byte 0x${byte} is not UTF-8 text; save the table as CSV in UTF-8`);
	}
}

async function* bytesOf(path: string, print: (line: string) => void): AsyncGenerator<Buffer> {
	try {
		const { size } = statSync(path);
		let bytes = 0;
		let printedMilliseconds = performance.now();
		for await (const piece of createReadStream(path)) {
			const part = piece as Buffer;
			bytes += part.length;
			// A pipe has no size, and there is no telling how far it has come.
			if (size > 0 && performance.now() - printedMilliseconds >= PROGRESS_MILLISECONDS) {
				printedMilliseconds = performance.now();
				print(`${path}: ${Math.floor((100 * bytes) / size)} % read`);
			}
			yield part;
		}
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === undefined) throw error;
		throw new OperationalError(`${path}: cannot be read (${code})`);
	}
}

function shown(text: string): string {
	const cut =
		text.length > CELL_CHARACTERS_SHOWN ? `${text.slice(0, CELL_CHARACTERS_SHOWN)}...` : text;
	return printable(cut);
}
