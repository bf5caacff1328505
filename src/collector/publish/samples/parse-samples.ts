/**
 * A laboratory's table as CSV. Every row that is wrong is named by its line, and with one of them nothing of the file is
 * taken: half a table would show a river that nobody measured. docs/PUBLISHING.md, section 10.
 */
import { CsvError, parse } from "csv-parse/sync";
import { printable } from "../../../host/printable.js";
import { SCHEMATIC_PLACES } from "../river-nodes.js";
import { secondsOfInstant } from "../sensorthings/instants.js";
import { type SampleParameter, sampleParameter } from "./parameters.js";

export interface SamplePoint {
	readonly kind: "station" | "place";
	readonly name: string;
}

export interface Sample {
	readonly at: SamplePoint;
	/** ISO in UTC, or a date alone. */
	readonly time: string;
	/** Of a date alone its noon, UTC. */
	readonly seconds: number;
	readonly parameter: SampleParameter;
	/** Digits in the parameter's unit: of one below detection the limit of detection. */
	readonly value: string;
	readonly isBelow: boolean;
	/** Value and unit as they were sent. */
	readonly given: string;
	readonly method: string;
	readonly laboratory: string;
	/** SHA-256 of the laboratory's report. */
	readonly report: string;
	/** SHA-256 of the file that it is in, and its line there. */
	readonly file: string;
	readonly line: number;
}

export type ParsedSamples =
	| { readonly samples: readonly Sample[] }
	| { readonly problems: readonly string[] };

export const SAMPLE_FILE_BYTES_MAX = 2_000_000;
const ROWS_MAX = 20_000;
const PROBLEMS_MAX = 50;
const CELL_CHARACTERS_MAX = 200;
const YEARS = Object.freeze([1900, 2100] as const);
const COLUMNS = Object.freeze([
	"time",
	"station",
	"place",
	"parameter",
	"value",
	"unit",
	"method",
	"laboratory",
	"report_sha256",
] as const);
type ColumnName = (typeof COLUMNS)[number];
/** One of both is enough. */
const POINTS: readonly ColumnName[] = Object.freeze(["station", "place"]);

type Cells = Readonly<Record<ColumnName, string>>;

export function parseSamples(text: string, file: string): ParsedSamples {
	const read = rowsOf(text);
	if ("problems" in read) return read;
	const [head, ...rows] = read.rows;
	const names = (head?.cells ?? []).map((name) => name.trim().toLowerCase());
	const faults = headProblems(names);
	if (faults.length > 0) return { problems: faults };
	if (rows.length > ROWS_MAX) return { problems: [`more than ${ROWS_MAX} rows`] };
	const samples: Sample[] = [];
	const problems: string[] = [];
	const seen = new Map<string, number>();
	for (const { cells, line } of rows) {
		if (problems.length >= PROBLEMS_MAX) break;
		const wrong = (why: string): void => void problems.push(`line ${line}: ${why}`);
		if (cells.length !== names.length) {
			wrong(`${cells.length} fields, the first line has ${names.length}`);
			continue;
		}
		const of = Object.fromEntries(
			COLUMNS.map((name) => [name, cells[names.indexOf(name)]?.trim() ?? ""]),
		) as unknown as Cells;
		const made = sampleOf(of, file, line);
		if (typeof made === "string") {
			wrong(made);
			continue;
		}
		const { at, parameter, time, method } = made;
		const key = JSON.stringify([at, parameter.key, time, method]);
		const before = seen.get(key);
		if (before !== undefined) wrong(`the same sample as in line ${before}`);
		seen.set(key, line);
		samples.push(made);
	}
	return problems.length > 0 ? { problems } : { samples };
}

interface Row {
	readonly cells: readonly string[];
	readonly line: number;
}

function rowsOf(text: string): { readonly rows: readonly Row[] } | { readonly problems: string[] } {
	const [head = ""] = text.split("\n", 1);
	// Half of Europe's spreadsheets write semicolons, and decimal commas with them.
	const delimiter = head.includes(";") && !head.includes(",") ? ";" : ",";
	try {
		const records = parse(text, {
			bom: true,
			delimiter,
			info: true,
			relax_column_count: true,
			skip_empty_lines: true,
			max_record_size: 10_000,
		}) as unknown as { readonly record: readonly string[]; readonly info: { lines: number } }[];
		return { rows: records.map(({ record, info }) => ({ cells: record, line: info.lines })) };
	} catch (error) {
		if (!(error instanceof CsvError)) throw error;
		const { lines } = error as CsvError & { readonly lines?: number };
		return { problems: [`line ${lines ?? 1}: ${printable(error.message)}`] };
	}
}

function headProblems(names: readonly string[]): string[] {
	const missing = COLUMNS.filter((name) => !names.includes(name) && !POINTS.includes(name));
	const problems = missing.map((name) => `line 1: no column ${name}`);
	if (!POINTS.some((name) => names.includes(name)))
		problems.push("line 1: neither a column station nor one place");
	const twice = names.filter((name, at) => names.indexOf(name) !== at);
	if (twice.length > 0) problems.push(`line 1: ${printable(twice.join(", "))} comes twice`);
	return problems;
}

/** A sample, or what is wrong with its row. */
function sampleOf(cells: Cells, file: string, line: number): Sample | string {
	for (const [name, cell] of Object.entries(cells)) {
		if (cell.length > CELL_CHARACTERS_MAX)
			return `${name} is longer than ${CELL_CHARACTERS_MAX} characters`;
		if (printable(cell) !== cell) return `${name} holds characters that do not show`;
		// The file is handed on as it is, and spreadsheets would compute such a cell.
		if (name !== "unit" && /^[=+\-@]/.test(cell)) return `${name} begins with ${cell[0]}`;
	}
	const at = pointOf(cells);
	if (typeof at === "string") return at;
	const time = timeOf(cells.time);
	if (time === undefined)
		return "time must be YYYY-MM-DD, DD.MM.YYYY or ISO 8601 with a zone, from 1900 to 2099";
	const parameter = sampleParameter(cells.parameter);
	if (parameter === undefined) return `parameter ${cells.parameter || '""'} is not known`;
	const unit = cells.unit.toLowerCase().replaceAll(" ", "");
	const power = Object.hasOwn(parameter.units, unit) ? parameter.units[unit] : undefined;
	if (power === undefined) return `unit ${cells.unit || '""'} is none of ${parameter.key}`;
	const [, below = "", whole, part = ""] =
		/^(<?)\s*(\d{1,9})(?:[.,](\d{1,9}))?$/.exec(cells.value) ?? [];
	if (whole === undefined)
		return `value ${cells.value || '""'} must be a number, with < before it where it is below detection`;
	const value = shifted(whole, part, power);
	if (Number(value) > parameter.most) return `value ${cells.value} is above ${parameter.most}`;
	if (below !== "" && Number(value) === 0) return "nothing is below a detection of 0";
	if (cells.method === "" || cells.laboratory === "") return "method and laboratory must be named";
	const report = cells.report_sha256.toLowerCase();
	if (!/^[0-9a-f]{64}$/.test(report)) return "report_sha256 must be 64 hexadecimal digits";
	const { method, laboratory } = cells;
	const given = `${cells.value} ${cells.unit}`.trim();
	return {
		at,
		...time,
		parameter,
		value,
		isBelow: below !== "",
		given,
		method,
		laboratory,
		report,
		file,
		line,
	};
}

function pointOf({ station, place }: Cells): SamplePoint | string {
	if ((station === "") === (place === "")) return "either station or place must be there";
	if (station !== "")
		return /^[a-z0-9-]{1,8}$/.test(station)
			? { kind: "station", name: station }
			: `station ${station} is none`;
	return SCHEMATIC_PLACES.includes(place)
		? { kind: "place", name: place }
		: `place ${place} is none of the drawing`;
}

function timeOf(text: string): { readonly time: string; readonly seconds: number } | undefined {
	const [, day, month, ofYear] = /^(\d\d?)\.(\d\d?)\.(\d{4})\.?$/.exec(text) ?? [];
	const date =
		day === undefined ? text : `${ofYear}-${month?.padStart(2, "0")}-${day.padStart(2, "0")}`;
	const isDate = /^\d{4}-\d\d-\d\d$/.test(date);
	const seconds = secondsOfInstant(isDate ? `${date}T12:00:00Z` : text);
	if (seconds === undefined) return undefined;
	const whole = Math.floor(seconds);
	const iso = new Date(whole * 1000).toISOString().replace(".000", "");
	const year = Number(iso.slice(0, 4));
	if (year < YEARS[0] || year >= YEARS[1]) return undefined;
	return { time: isDate ? date : iso, seconds: whole };
}

/** Digits times ten to a power, without arithmetic: 12.50 micrograms are 0.01250 mg. */
function shifted(whole: string, part: string, power: number): string {
	const digits = whole + part;
	const decimals = part.length - power;
	const padded = decimals < 0 ? digits + "0".repeat(-decimals) : digits.padStart(decimals + 1, "0");
	const at = padded.length - Math.max(decimals, 0);
	const left = padded.slice(0, at).replace(/^0+(?=\d)/, "");
	return decimals > 0 ? `${left}.${padded.slice(at)}` : left;
}
