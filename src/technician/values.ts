/** `bistrina values`: the published table out of a record, streaming; and its comparison with a file. */

import { DAY_COLUMNS, DAY_TEXT_COLUMNS, DayTable } from "../protocol/audit/day-table.js";
import {
	csvHeader,
	csvLineOf,
	jsonLineOf,
	type PublishedRow,
	PublishedValues,
} from "../protocol/audit/published-values.js";
import { decodeEntry } from "../protocol/record/entry.js";
import type { OperatorDocuments } from "./document-files.js";
import type { EntrySource } from "./readings.js";

export type ValuesForm = "csv" | "jsonl";

export interface ValuesPeriod {
	/** Unix seconds; a reading of an unknown time is in no period. */
	readonly from?: number | undefined;
	/** Not included. */
	readonly to?: number | undefined;
}

export interface ValuesOptions extends ValuesPeriod {
	readonly station: string;
	readonly documents: OperatorDocuments;
	/** Asked twice. */
	readonly source: EntrySource;
}

export interface ValuesReport {
	/** Within the period. */
	readonly rows: number;
	/** Of them, those without a policy in force. */
	readonly unjudged: number;
	/** Readings of a later version than this program's. */
	readonly unknown: number;
	/** Readings that no entry dates. */
	readonly undated: number;
}

/** Lines are handed on in pieces of about this size. */
const PIECE_CHARACTERS = 65_536;

/** Calls `onRow` with each row of the period, in order. Memory does not grow with the readings. */
export async function visitValues(
	{ station, documents, source, from, to }: ValuesOptions,
	onRow: (row: PublishedRow) => void | Promise<void>,
): Promise<ValuesReport> {
	const counts = { rows: 0, unjudged: 0, undated: 0 };
	const isPart = from !== undefined || to !== undefined;
	let ready: PublishedRow[] = [];
	const table = new PublishedValues({
		station,
		...documents,
		onRow: (row) => {
			const { seconds, channels } = row;
			if (seconds === undefined) counts.undated++;
			const isWithin =
				!isPart ||
				(seconds !== undefined && seconds >= (from ?? seconds) && seconds < (to ?? Infinity));
			if (!isWithin) return;
			counts.rows++;
			if (channels.ph.rolledUp === undefined) counts.unjudged++;
			ready.push(row);
		},
	});
	const handOn = async (): Promise<void> => {
		const rows = ready;
		ready = [];
		for (const row of rows) await onRow(row);
	};
	await source((canonicalBytes) => table.observe(decodeEntry(canonicalBytes)));
	await source((canonicalBytes) => {
		table.take(decodeEntry(canonicalBytes));
		return ready.length > 0 ? handOn() : undefined;
	});
	table.end();
	await handOn();
	return { ...counts, unknown: table.unknownReadings };
}

/** Writes the table. `write` resolves when there is room for more. */
export async function writeValues(
	options: ValuesOptions,
	form: ValuesForm,
	write: (text: string) => Promise<void>,
): Promise<ValuesReport> {
	const lineOf = form === "jsonl" ? jsonLineOf : csvLineOf;
	let piece = form === "jsonl" ? "" : csvHeader();
	const report = await visitValues(options, ({ cells }) => {
		piece += lineOf(cells);
		if (piece.length < PIECE_CHARACTERS) return undefined;
		const full = piece;
		piece = "";
		return write(full);
	});
	await write(piece);
	return report;
}

/** Writes the table of days. */
export async function writeDays(
	options: ValuesOptions,
	form: ValuesForm,
	write: (text: string) => Promise<void>,
): Promise<ValuesReport> {
	const days = new DayTable(options.station);
	const report = await visitValues(options, (row) => days.take(row));
	const lines = days.rows().map((cells) => {
		if (form === "csv") return `${cells.join(",")}\r\n`;
		const members = DAY_COLUMNS.map((name, at) => {
			const cell = cells[at] ?? "";
			const isText = DAY_TEXT_COLUMNS.includes(name);
			return [name, cell === "" ? null : isText ? cell : Number(cell)];
		});
		return `${JSON.stringify(Object.fromEntries(members))}\n`;
	});
	await write((form === "csv" ? `${DAY_COLUMNS.join(",")}\r\n` : "") + lines.join(""));
	return report;
}
