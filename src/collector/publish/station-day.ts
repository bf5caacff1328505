/**
 * A station-day: the rows of the published table and the other entries of a day of UTC, as one string of bytes for a
 * cache. Two parts, each compressed: what a plot needs, and the rest. docs/PUBLISHING.md, section 2.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { VALUE_COLUMNS } from "../../protocol/audit/published-values.js";
import {
	ByteReader,
	ByteWriter,
	type Column,
	cellOf,
	columnOf,
	readColumn,
	writeColumn,
} from "./column-bytes.js";

/** Of the bytes below: another form is another version, and older caches are made anew. */
export const DAY_FORMAT = 2;

/** A row of the published table (docs/VALUES.md). */
export interface DayRow {
	readonly epoch: number;
	readonly sequence: number;
	/** In the order of VALUE_COLUMNS. */
	readonly cells: readonly string[];
}

/** Any entry that is no reading, with its time as whoever reads the record resolves it. */
export interface Mark {
	readonly epoch: number;
	readonly sequence: number;
	/** Unix seconds; undefined where nothing dates it. */
	readonly seconds: number | undefined;
	readonly uncertaintyMilliseconds: number | undefined;
	readonly canonicalBytes: Uint8Array;
}

/** Columns that a plot, a table for people or a list of newest values needs; the others are read for exports. */
const PLOTTED: ReadonlySet<string> = new Set(
	VALUE_COLUMNS.map(({ name }) => name).filter(
		(name) =>
			/^(epoch|sequence|time|time_uncertainty_s|station_flags|battery_v|battery_flags|notes)$/.test(
				name,
			) ||
			/^(ph|temperature_c|ec25_us_cm|turbidity|turbidity_unit|do_mg_l|do_method)$/.test(name) ||
			/_raw_|_(raw|flags|qc_agg|corrected|grade|status)$/.test(name),
	),
);

const COLUMN_INDEXES: ReadonlyMap<string, number> = new Map(
	VALUE_COLUMNS.map(({ name }, index) => [name, index]),
);

/** Place of a column of the published table. */
export function indexOf(name: string): number {
	const index = COLUMN_INDEXES.get(name);
	if (index === undefined) throw new TypeError(`no column ${name}`);
	return index;
}

export function encodeDay(rows: readonly DayRow[], marks: readonly Mark[]): Uint8Array {
	const plotted = new ByteWriter();
	const rest = new ByteWriter();
	for (const [index, { name }] of VALUE_COLUMNS.entries()) {
		const column = columnOf(rows.map(({ cells }) => cells[index] ?? ""));
		writeColumn(PLOTTED.has(name) ? plotted : rest, column);
	}
	writeMarks(rest, marks);
	const [first, second] = [plotted, rest].map((part) => deflateRawSync(part.take()));
	const file = new ByteWriter();
	file.byte(DAY_FORMAT);
	file.count(rows.length);
	file.count(first?.length ?? 0);
	return Buffer.concat([file.take(), first ?? NOTHING, second ?? NOTHING]);
}

/** A day as it lies in the cache; its two parts are opened when somebody asks for them. */
export class StationDay {
	readonly count: number;
	readonly #parts: readonly [Uint8Array, Uint8Array];
	readonly #columns = new Map<string, Column>();
	#marks: readonly Mark[] | undefined;
	#isPlottedOpen = false;
	#inOrder: readonly Column[] | undefined;

	/** Throws RangeError for bytes that are none of this version's. */
	constructor(bytes: Uint8Array) {
		const reader = new ByteReader(bytes);
		if (reader.byte() !== DAY_FORMAT) throw new RangeError("a day of another form");
		this.count = reader.count();
		const first = reader.raw(reader.count());
		const at = first.byteOffset - bytes.byteOffset + first.length;
		this.#parts = [first, bytes.subarray(at)];
	}

	column(name: string): Column {
		if (PLOTTED.has(name)) this.#openPlotted();
		else this.#openRest();
		const column = this.#columns.get(name);
		if (column === undefined) throw new TypeError(`no column ${name}`);
		return column;
	}

	/** In the order of VALUE_COLUMNS: for tables, which go over all of them for each row. */
	get columns(): readonly Column[] {
		this.#inOrder ??= VALUE_COLUMNS.map(({ name }) => this.column(name));
		return this.#inOrder;
	}

	get marks(): readonly Mark[] {
		this.#openRest();
		return this.#marks ?? [];
	}

	/** All rows, by rising (epoch, sequence). */
	rows(): DayRow[] {
		return Array.from({ length: this.count }, (_, index) => {
			const cells = this.columns.map((column) => cellOf(column, index));
			return {
				epoch: Number(cells[indexOf("epoch")]),
				sequence: Number(cells[indexOf("sequence")]),
				cells,
			};
		});
	}

	#openPlotted(): void {
		if (this.#isPlottedOpen) return;
		this.#isPlottedOpen = true;
		this.#open(this.#parts[0], (name) => PLOTTED.has(name));
	}

	#openRest(): void {
		if (this.#marks !== undefined) return;
		this.#marks = readMarks(this.#open(this.#parts[1], (name) => !PLOTTED.has(name)));
	}

	#open(part: Uint8Array, isHere: (name: string) => boolean): ByteReader {
		const reader = new ByteReader(inflateRawSync(part));
		for (const { name } of VALUE_COLUMNS) {
			if (isHere(name)) this.#columns.set(name, readColumn(reader, this.count));
		}
		return reader;
	}
}

/** Ascending by epoch, then sequence. */
export function inOrder<Item extends Pick<Mark, "epoch" | "sequence">>(items: Item[]): Item[] {
	return items.sort((a, b) => a.epoch - b.epoch || a.sequence - b.sequence);
}

function writeMarks(writer: ByteWriter, marks: readonly Mark[]): void {
	writer.count(marks.length);
	for (const { epoch, sequence, seconds, uncertaintyMilliseconds, canonicalBytes } of marks) {
		writer.count(epoch);
		writer.count(sequence);
		writer.count(seconds === undefined ? 0 : 1 + Math.max(seconds, 0));
		writer.count(uncertaintyMilliseconds === undefined ? 0 : 1 + uncertaintyMilliseconds);
		writer.count(canonicalBytes.length);
		writer.raw(canonicalBytes);
	}
}

function readMarks(reader: ByteReader): Mark[] {
	return Array.from({ length: reader.count() }, () => {
		const [epoch, sequence, seconds, uncertainty] = [0, 1, 2, 3].map(() => reader.count());
		return {
			epoch: epoch ?? 0,
			sequence: sequence ?? 0,
			seconds: seconds ? seconds - 1 : undefined,
			uncertaintyMilliseconds: uncertainty ? uncertainty - 1 : undefined,
			canonicalBytes: new Uint8Array(reader.raw(reader.count())),
		};
	});
}

const NOTHING = new Uint8Array(0);
