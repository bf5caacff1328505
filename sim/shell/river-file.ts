/**
 * Reads a recorded river: CSV with the header `time,ph,ec25_us_cm,turbidity_ntu,temperature_c`, UTC, or the
 * same with `;` and decimal commas.
 */

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { CsvError, type Info, parse } from "csv-parse/sync";
import { OperationalError } from "../../src/host/errors.js";
import { recordedRiver, type WaterSample } from "../river/recorded-river.js";
import type { River } from "../river/river.js";

const COLUMNS = ["time", "ph", "ec25_us_cm", "turbidity_ntu", "temperature_c"] as const;
/** ISO 8601 with an explicit zone of zero: a local time would place the river wrongly. */
const UTC_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;
/** What the station's clock can hold (DS3231, years 0 to 99). */
const FIRST_MILLISECONDS = Date.UTC(2000, 0, 1);
const LAST_MILLISECONDS = Date.UTC(2099, 11, 31, 23, 59, 59);
/** Physical bounds per column; beyond them the file is not what it says. */
const BOUNDS: Readonly<Record<string, readonly [number, number]>> = Object.freeze({
	ph: [0, 14],
	ec25_us_cm: [0, 500_000],
	turbidity_ntu: [-50, 10_000],
	temperature_c: [-5, 60],
});
/** A year of readings each five minutes is 105 120 lines, 5 MB; ten of them fit. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** The river of a file. Throws OperationalError that names file, line and column. */
export function readRiverFile(path: string): River {
	let text: string;
	try {
		const bytes = readFileSync(path);
		if (bytes.length > FILE_BYTES_MAX) {
			throw new OperationalError(`${path}: larger than ${FILE_BYTES_MAX} bytes; cut it into parts`);
		}
		text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
	} catch (error) {
		if (error instanceof OperationalError) throw error;
		if (error instanceof TypeError) throw new OperationalError(`${path}: not UTF-8 text`);
		throw new OperationalError(
			`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`,
		);
	}
	return recordedRiver(basename(path), samplesOf(path, text));
}

function samplesOf(path: string, text: string): WaterSample[] {
	const samples: WaterSample[] = [];
	const dialect = dialectOf(text);
	for (const [index, { record, info }] of records(path, text, dialect).entries()) {
		const line = info.lines;
		if (index === 0) {
			requireHeader(path, line, record);
			continue;
		}
		if (record.length !== COLUMNS.length) {
			throw new OperationalError(
				`${path}:${line}:${record.length}: ${record.length} columns where ${COLUMNS.length} belong`,
			);
		}
		const time = record[0] ?? "";
		const milliseconds = UTC_TIME.test(time) ? Date.parse(time) : Number.NaN;
		if (Number.isNaN(milliseconds)) {
			throw new OperationalError(
				`${path}:${line}:1: time "${time}" is not UTC like 2026-10-01T12:00:00Z`,
			);
		}
		// Date.parse takes 30 February for 2 March.
		if (new Date(milliseconds).toISOString().slice(0, 19) !== time.slice(0, 19)) {
			throw new OperationalError(`${path}:${line}:1: time "${time}" is on no calendar`);
		}
		if (milliseconds < FIRST_MILLISECONDS || milliseconds > LAST_MILLISECONDS) {
			throw new OperationalError(
				`${path}:${line}:1: time "${time}" is not within the years 2000 to 2099 of a station's clock`,
			);
		}
		const utcSeconds = milliseconds / 1000;
		const before = samples[samples.length - 1]?.utcSeconds ?? Number.NEGATIVE_INFINITY;
		if (utcSeconds <= before) {
			throw new OperationalError(`${path}:${line}:1: time "${time}" is not after the line before`);
		}
		const quantity = (column: number): number => {
			const name = COLUMNS[column] ?? "";
			const field = record[column] ?? "";
			const digits = dialect === ";" ? field.replace(",", ".") : field;
			const value = digits === "" ? Number.NaN : Number(digits);
			const [low, high] = BOUNDS[name] ?? [0, 0];
			if (!(value >= low && value <= high)) {
				throw new OperationalError(
					`${path}:${line}:${column + 1}: ${name} "${field}" is not a number from ${low} to ${high}`,
				);
			}
			return value;
		};
		samples.push({
			utcSeconds,
			pH: quantity(1),
			conductivityAt25MicrosiemensPerCm: quantity(2),
			turbidityFormazinUnits: quantity(3),
			temperatureCelsius: quantity(4),
		});
	}
	if (samples.length === 0) throw new OperationalError(`${path}:1:1: no readings in the file`);
	return samples;
}

interface CsvRecord {
	readonly record: string[];
	readonly info: Info;
}

/** Spreadsheets of half of Europe write `;` and decimal commas; the header says which it is. */
function dialectOf(text: string): "," | ";" {
	const [header = ""] = text.split("\n", 1);
	return header.includes(";") && !header.includes(",") ? ";" : ",";
}

function records(path: string, text: string, delimiter: string): CsvRecord[] {
	try {
		return parse(text, {
			bom: true,
			delimiter,
			info: true,
			relax_column_count: true,
			skip_empty_lines: true,
			trim: true,
		}) as unknown as CsvRecord[];
	} catch (error) {
		if (!(error instanceof CsvError)) throw error;
		const line = (error as { lines?: number }).lines ?? 1;
		throw new OperationalError(`${path}:${line}:1: ${error.message}`);
	}
}

function requireHeader(path: string, line: number, record: readonly string[]): void {
	COLUMNS.forEach((name, index) => {
		if (record[index] === name) return;
		throw new OperationalError(
			`${path}:${line}:${index + 1}: header "${record[index] ?? ""}" where "${name}" belongs`,
		);
	});
	if (record.length > COLUMNS.length) {
		throw new OperationalError(`${path}:${line}:${COLUMNS.length + 1}: a column too many`);
	}
}
