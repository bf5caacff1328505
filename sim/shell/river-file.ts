/**
 * Reads a recorded river, as docs/RIVER.md says: a table with a header, commas, or semicolons and decimal
 * commas. It is read as a stream, 40 bytes a row are kept, and up to ten faults are reported at once.
 */

import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { CsvError, type Info, parse } from "csv-parse";
import { OperationalError } from "../../src/host/errors.js";
import { printable } from "../../src/host/printable.js";
import { HOLE_STEPS, type Recording, riverOf } from "../river/recorded-river.js";
import type { River } from "../river/river.js";
import type { WaterChannel } from "../river/water.js";
import { instant } from "./live-view.js";
import { RecordedTimes } from "./recorded-times.js";
import {
	AS_WRITTEN,
	QUANTITIES,
	RIVER_COLUMNS,
	type RiverFileOptions,
	TIME,
} from "./river-columns.js";

/** What loggers write for a value that they have not. */
const NO_VALUES: readonly string[] = Object.freeze(["", "na", "n/a", "nan", "null", "-"]);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i;
const FAULTS_SHOWN = 10;
const HOLES_SHOWN = 10;
/** 160 MB; every minute of seven years. */
const ROWS_MAX = 4_000_000;
const FIRST_ROWS = 4096;
/** A field of a recording is a number or a time; what continues for longer has lost a quote. */
const RECORD_BYTES_MAX = 65_536;
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
	let table: Table | undefined;
	const delimiter = delimiterOf(path);
	for await (const { record, info } of recordsOf(path, delimiter, print)) {
		if (table === undefined) {
			table = new Table({ path, options, delimiter, header: record, line: info.lines, print });
			continue;
		}
		table.read(record, info.lines, rows, faults);
	}
	faults.requireNone();
	if (rows.count === 0) throw new OperationalError(`${path}:1:1: no readings in the file`);
	if (options.isSorted) rows.sort(path, print);
	const recording = rows.recording();
	printHoles(path, recording, print);
	return riverOf(basename(path), recording);
}

interface TableOptions {
	readonly path: string;
	readonly options: RiverFileOptions;
	readonly delimiter: Delimiter;
	readonly header: readonly string[];
	readonly line: number;
	readonly print: (line: string) => void;
}

/** Where the columns of a file are, and what its cells mean. */
class Table {
	readonly #path: string;
	readonly #width: number;
	readonly #decimalComma: boolean;
	readonly #isSorted: boolean;
	readonly #times: RecordedTimes;
	readonly #timeColumn: number;
	/** Undefined where the file has none. */
	readonly #columns: readonly {
		readonly name: string;
		readonly at: number | undefined;
		readonly channel: WaterChannel;
		readonly low: number;
		readonly high: number;
	}[];

	constructor({ path, options, delimiter, header, line, print }: TableOptions) {
		this.#path = path;
		this.#width = header.length;
		this.#decimalComma = delimiter === ";";
		this.#isSorted = options.isSorted;
		this.#times = new RecordedTimes(options.zone ?? undefined);
		const used = new Set<number>();
		const missing: string[] = [];
		const columnOf = (ours: string): number | undefined => {
			const theirs = options.columns[ours] ?? ours;
			if (theirs === "") return undefined;
			const isIt = (name: string): boolean => name.toLowerCase() === theirs.toLowerCase();
			const at = header.findIndex(isIt);
			if (at < 0) missing.push(theirs === ours ? ours : `${theirs} (for ${ours})`);
			else if (header.slice(at + 1).some(isIt)) {
				throw new OperationalError(
					`${path}:${line}:${at + 1}: two columns are called "${shown(theirs)}"`,
				);
			} else used.add(at);
			return at;
		};
		this.#timeColumn = columnOf(TIME) ?? 0;
		this.#columns = Object.entries(QUANTITIES).map(([name, [channel, low, high]]) => ({
			...{ name, channel, low, high },
			at: columnOf(name),
		}));
		if (missing.length > 0) {
			const found = header.map((name) => `"${shown(name)}"`).join(", ");
			throw new OperationalError(
				`${path}:${line}:1: no column ${missing.map(shown).join(", ")}; the file has ${found}; ` +
					`say which is which: --river-columns "${missing[0]?.split(" (for ").at(-1)?.replace(")", "")}=THEIR NAME,..." ` +
					"(nothing after = where it has none)",
			);
		}
		const unused = header.filter((name, at) => !used.has(at) && name !== "");
		if (unused.length > 0) print(`${path}: not used: ${unused.map(shown).join(", ")}`);
	}

	read(record: readonly string[], line: number, rows: Rows, faults: Faults): void {
		if (record.length !== this.#width) {
			faults.add(line, record.length, `${record.length} columns where ${this.#width} belong`);
			return;
		}
		const text = record[this.#timeColumn] ?? "";
		const time = this.#times.read(text);
		const column = this.#timeColumn + 1;
		if (typeof time === "string") faults.add(line, column, `time "${shown(text)}" ${time}`);
		else if (!this.#isSorted && time <= rows.lastUtcSeconds) {
			const how = time === rows.lastUtcSeconds ? "the same time as" : "earlier than";
			faults.add(
				line,
				column,
				`time "${shown(text)}" is ${how} line ${rows.lastLine}'s; --river-sort puts rows in order ` +
					"and of one time takes the first",
			);
		}
		const values = this.#columns.map(({ name, at, low, high }) => {
			const field = at === undefined ? "" : (record[at] ?? "");
			if (NO_VALUES.includes(field.toLowerCase())) return Number.NaN;
			const digits = this.#decimalComma ? field.replace(",", ".") : field;
			const value = NUMBER.test(digits) ? Number(digits) : Number.NaN;
			if (value >= low && value <= high) return value;
			faults.add(
				line,
				(at ?? 0) + 1,
				`${name} "${shown(field)}" is not a number from ${low} to ${high}`,
			);
			return Number.NaN;
		});
		if (faults.count > 0 || typeof time === "string") return;
		if (rows.count === ROWS_MAX) {
			throw new OperationalError(
				`${this.#path}:${line}:1: more than ${ROWS_MAX} rows; cut the file into parts`,
			);
		}
		rows.add(time, values, line);
	}
}

/** The rows of a file in columns of doubles. */
class Rows {
	count = 0;
	lastUtcSeconds = Number.NEGATIVE_INFINITY;
	lastLine = 0;
	/** The time, then the values. */
	#columns = RIVER_COLUMNS.map(() => new Float64Array(FIRST_ROWS));

	add(utcSeconds: number, values: readonly number[], line: number): void {
		if (this.count === (this.#columns[0]?.length ?? 0)) {
			this.#columns = this.#columns.map((column) => {
				const larger = new Float64Array(Math.min(2 * column.length, ROWS_MAX));
				larger.set(column);
				return larger;
			});
		}
		for (const [index, column] of this.#columns.entries()) {
			column[this.count] = index === 0 ? utcSeconds : (values[index - 1] ?? Number.NaN);
		}
		this.count++;
		this.lastUtcSeconds = utcSeconds;
		this.lastLine = line;
	}

	/** Puts rows in order; of those of one time the first in the file stays. */
	sort(path: string, print: (line: string) => void): void {
		const [times = new Float64Array(0)] = this.#columns;
		const timeOf = (row: number): number => times[row] ?? 0;
		const order = Uint32Array.from({ length: this.count }, (_, row) => row);
		order.sort((a, b) => timeOf(a) - timeOf(b) || a - b);
		const kept = order.filter((row, at) => at === 0 || timeOf(row) !== timeOf(order[at - 1] ?? 0));
		const moved = order.filter((row, at) => row !== at).length;
		const dropped = this.count - kept.length;
		this.#columns = this.#columns.map((column) =>
			Float64Array.from(kept, (row) => column[row] ?? 0),
		);
		this.count = kept.length;
		if (moved + dropped > 0) {
			print(`${path}: ${moved} rows put in order, ${dropped} left out for one of the same time`);
		}
	}

	recording(): Recording {
		const [utcSeconds, pH, conductivity, turbidity, temperature] = this.#columns.map((column) =>
			column.slice(0, this.count),
		) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
		return {
			utcSeconds,
			values: {
				pH,
				conductivityAt25MicrosiemensPerCm: conductivity,
				turbidityFormazinUnits: turbidity,
				temperatureCelsius: temperature,
			},
			stepSeconds: usualStep(utcSeconds),
		};
	}
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

	requireNone(): void {
		if (this.count === 0) return;
		const more = this.count - this.#shown.length;
		throw new OperationalError(
			[...this.#shown, ...(more > 0 ? [`and ${more} faults more`] : [])].join("\n"),
		);
	}
}

/** The middle one of all distances; Infinity where there is none. */
function usualStep(utcSeconds: Float64Array): number {
	const steps = Float64Array.from(
		{ length: Math.max(utcSeconds.length - 1, 0) },
		(_, row) => (utcSeconds[row + 1] ?? 0) - (utcSeconds[row] ?? 0),
	).sort();
	return steps[steps.length >> 1] ?? Number.POSITIVE_INFINITY;
}

/** What the stations will find nothing in. */
function printHoles(
	path: string,
	{ utcSeconds, values, stepSeconds }: Recording,
	print: (line: string) => void,
): void {
	const names = new Map(Object.entries(QUANTITIES).map(([name, [channel]]) => [channel, name]));
	for (const [channel, column] of Object.entries(values)) {
		const empty = column.reduce((sum, value) => sum + (Number.isNaN(value) ? 1 : 0), 0);
		if (empty === 0) continue;
		const name = names.get(channel as WaterChannel);
		print(
			`${path}: ${name}: no value in ${empty} of ${column.length} rows; its probe is silent there`,
		);
	}
	let count = 0;
	for (let row = 1; row < utcSeconds.length; row++) {
		const [from, to] = [utcSeconds[row - 1] ?? 0, utcSeconds[row] ?? 0];
		if (to - from <= HOLE_STEPS * stepSeconds) continue;
		count++;
		if (count > HOLES_SHOWN) continue;
		print(`${path}: nothing from ${instant(from)} to ${instant(to)}; every probe is silent there`);
	}
	if (count > HOLES_SHOWN) print(`${path}: and ${count - HOLES_SHOWN} holes more`);
}

interface CsvRecord {
	readonly record: string[];
	readonly info: Info;
}

/** The file's rows as they are read; `delimiter` as its first line has it. */
async function* recordsOf(
	path: string,
	delimiter: Delimiter,
	print: (line: string) => void,
): AsyncGenerator<CsvRecord> {
	const parser = parse({
		bom: true,
		delimiter,
		info: true,
		max_record_size: RECORD_BYTES_MAX,
		relax_column_count: true,
		skip_empty_lines: true,
		trim: true,
	});
	const source = Readable.from(textOf(path, print));
	source.on("error", (error) => parser.destroy(error));
	source.pipe(parser);
	try {
		for await (const each of parser) yield each as CsvRecord;
	} catch (error) {
		if (error instanceof CsvError) {
			const line = (error as { lines?: number }).lines ?? 1;
			throw new OperationalError(`${path}:${line}:1: ${printable(error.message)}`);
		}
		throw riverErrorOf(path, error);
	}
}

async function* textOf(path: string, print: (line: string) => void): AsyncGenerator<string> {
	const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
	const { size } = statSync(path);
	let bytes = 0;
	let printedMilliseconds = performance.now();
	for await (const piece of createReadStream(path)) {
		const part = piece as Buffer;
		bytes += part.length;
		if (performance.now() - printedMilliseconds >= PROGRESS_MILLISECONDS) {
			printedMilliseconds = performance.now();
			print(`${path}: ${Math.floor((100 * bytes) / size)} % read`);
		}
		yield decoder.decode(part, { stream: true });
	}
	yield decoder.decode();
}

type Delimiter = "," | ";";

/** Spreadsheets of half of Europe write `;` and decimal commas; the header says which it is. */
function delimiterOf(path: string): Delimiter {
	const head = Buffer.alloc(RECORD_BYTES_MAX);
	let file: number | undefined;
	try {
		file = openSync(path, "r");
		const [header = ""] = head.subarray(0, readSync(file, head)).toString("latin1").split("\n", 1);
		return header.includes(";") && !header.includes(",") ? ";" : ",";
	} catch (error) {
		throw riverErrorOf(path, error);
	} finally {
		if (file !== undefined) closeSync(file);
	}
}

function riverErrorOf(path: string, error: unknown): unknown {
	if (error instanceof TypeError) return new OperationalError(`${path}: not UTF-8 text`);
	const { code } = error as NodeJS.ErrnoException;
	return code === undefined ? error : new OperationalError(`${path}: cannot be read (${code})`);
}

function shown(text: string): string {
	const cut =
		text.length > CELL_CHARACTERS_SHOWN ? `${text.slice(0, CELL_CHARACTERS_SHOWN)}...` : text;
	return printable(cut);
}
