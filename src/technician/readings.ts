/** `bistrina readings`: values out of a collector's database or of a record, as one table. */

import { decodeEntry } from "../protocol/record/entry.js";
import { type Dialect, lineOf, objectOf, READING_COLUMNS, ReadingTable } from "./reading-table.js";

/** Calls `visit` with the canonical bytes of each entry, epoch by epoch in ascending sequence. */
export type EntrySource = (
	visit: (canonicalBytes: Uint8Array) => void | Promise<void>,
) => Promise<void>;

export interface ReadingsOptions {
	readonly station: string;
	/** Asked twice: once to learn what gives readings their meaning, once for the readings. */
	readonly source: EntrySource;
	readonly form: { readonly csv: Dialect } | "jsonl";
	/** At the station, for the saturation of oxygen; without it that column is empty. */
	readonly airPressureHectopascals?: number | undefined;
	/** Unix seconds; a reading of an unknown time is in no period. */
	readonly from?: number | undefined;
	/** Not included. */
	readonly to?: number | undefined;
	/** Resolves when there is room for more. */
	readonly write: (text: string) => Promise<void>;
}

export interface ReadingsReport {
	readonly rows: number;
	/** Readings of a later version than this program's. */
	readonly unknown: number;
	/** Readings that no entry dates. */
	readonly undated: number;
}

/** Lines are handed on in pieces of about this size. */
const PIECE_CHARACTERS = 65_536;
const TIME_COLUMN = READING_COLUMNS.indexOf("time");

/** Writes the table. Memory does not grow with the readings, but with boots, time entries and calibrations. */
export async function writeReadings(options: ReadingsOptions): Promise<ReadingsReport> {
	const { station, source, form, from, to, write } = options;
	const table = new ReadingTable(station, options.airPressureHectopascals);
	await source((canonicalBytes) => {
		table.observe(decodeEntry(canonicalBytes));
	});
	const counts = { rows: 0, unknown: 0, undated: 0 };
	let piece = form === "jsonl" ? "" : lineOf(READING_COLUMNS, form.csv);
	await source(async (canonicalBytes) => {
		const entry = decodeEntry(canonicalBytes);
		if (entry.kind !== "reading") return;
		const row = table.row(entry);
		if (row === undefined) {
			counts.unknown++;
			return;
		}
		const time = row[TIME_COLUMN];
		const isDated = typeof time === "string";
		if (!isDated) counts.undated++;
		if (!isWithin(isDated ? Date.parse(time) / 1000 : undefined, from, to)) return;
		counts.rows++;
		piece += form === "jsonl" ? `${JSON.stringify(objectOf(row))}\n` : lineOf(row, form.csv);
		if (piece.length < PIECE_CHARACTERS) return;
		await write(piece);
		piece = "";
	});
	await write(piece);
	return counts;
}

function isWithin(
	seconds: number | undefined,
	from: number | undefined,
	to: number | undefined,
): boolean {
	if (from === undefined && to === undefined) return true;
	return seconds !== undefined && seconds >= (from ?? 0) && seconds < (to ?? Infinity);
}
