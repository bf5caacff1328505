/**
 * The one table of readings: what `bistrina readings` prints, and what everybody who publishes values
 * prints after it. A row per reading, raw and derived, with flags, and the time with its doubt. Two passes:
 * `observe` every entry first, because a time, a calibration or a configuration may come after the
 * readings that it gives their meaning.
 */
import {
	CHANNEL_TABLE,
	type ChannelColumns,
	notesOf,
	rawOf,
	scaleOf,
} from "../protocol/audit/channel-columns.js";
import { saturationPercent } from "../protocol/audit/oxygen-saturation.js";
import { CHANNEL_SETS, type ChannelSet } from "../protocol/record/channel-set.js";
import { DerivationContext, type DerivedReading } from "../protocol/record/derive.js";
import { type Entry, STATION_FLAGS, TIME_QUALITIES } from "../protocol/record/entry-layouts.js";
import { CHANNEL_FLAGS, readingOf } from "../protocol/record/reading.js";
import { TimeResolver } from "../protocol/record/time-resolver.js";

/** A cell: text as it is, a number with the decimals that it has, undefined where there is none. */
export type Cell = string | { readonly number: number; readonly decimals: number } | undefined;

/** Names of the columns, in order. The units are in the names, where they are fixed. */
export const READING_COLUMNS: readonly string[] = Object.freeze([
	"station",
	"epoch",
	"sequence",
	"time",
	"time_uncertainty_s",
	"time_source",
	"clock",
	"boot",
	"uptime_s",
	"configuration",
	"station_flags",
	...CHANNEL_TABLE.flatMap(namesOf),
	"do_saturation_percent",
	"notes",
]);

export class ReadingTable {
	readonly #station: string;
	readonly #airPressureHectopascals: number | undefined;
	readonly #times = new TimeResolver();
	/** A calibration or configuration id is of its epoch. */
	readonly #contexts = new Map<number, DerivationContext>();

	/** `airPressureHectopascals`: at the station, not reduced to the sea; without it oxygen has no saturation. */
	constructor(station: string, airPressureHectopascals?: number) {
		this.#station = station;
		this.#airPressureHectopascals = airPressureHectopascals;
	}

	/** Every entry, epoch by epoch in ascending sequence. */
	observe(entry: Entry): void {
		this.#times.observe(entry);
		let context = this.#contexts.get(entry.epoch);
		if (context === undefined) {
			context = new DerivationContext();
			this.#contexts.set(entry.epoch, context);
		}
		context.observe(entry);
	}

	/** Cells in the order of READING_COLUMNS; undefined for what is no reading that this version knows. */
	row(entry: Entry): readonly Cell[] | undefined {
		if (entry.kind !== "reading") return undefined;
		const derived = this.#contexts.get(entry.epoch)?.derive(entry);
		const set = CHANNEL_SETS.get(entry.channelSet);
		if (derived === undefined || set === undefined) return undefined;
		return [
			...this.#headerOf(entry),
			...channelsOf(derived, set, entry.fields),
			quantity(this.#saturationOf(derived), 1),
			notesOf(derived).join(" "),
		];
	}

	#saturationOf(derived: DerivedReading): number | undefined {
		const hectopascals = this.#airPressureHectopascals;
		return hectopascals === undefined ? undefined : saturationPercent(derived, hectopascals);
	}

	#headerOf(entry: Entry): readonly Cell[] {
		const resolved = this.#times.resolve(entry);
		const clock = Object.entries(TIME_QUALITIES).find(([, value]) => value === entry.timeQuality);
		return [
			this.#station,
			whole(entry.epoch),
			whole(entry.sequence),
			resolved === undefined ? undefined : instantOf(resolved.utcSeconds),
			resolved?.uncertaintyMilliseconds === undefined
				? undefined
				: decimal(resolved.uncertaintyMilliseconds / 1000, 3),
			resolved?.source ?? "none",
			clock?.[0] ?? String(entry.timeQuality),
			whole(entry.boot),
			whole(entry.uptimeSeconds),
			whole(entry.configurationId),
			flagNames(STATION_FLAGS, entry.stationFlags),
		];
	}
}

function channelsOf(
	derived: DerivedReading,
	set: ChannelSet,
	fields: readonly number[],
): readonly Cell[] {
	const reading = readingOf(set, fields);
	return CHANNEL_TABLE.flatMap((row): Cell[] => {
		const { name } = row;
		const value = derived[name];
		const { spread, range, calibration } = reading[name];
		return [
			quantity(value.value, row.decimals),
			...(row.hasUnit ? [value.unit] : []),
			...(row.method === undefined ? [] : [value.method]),
			...(row.raw === undefined ? [] : [quantity(rawOf(set, name, reading), row.raw.decimals)]),
			...(row.spread === undefined
				? []
				: [
						quantity(
							spread === undefined ? undefined : spread / scaleOf(set, name, "spread"),
							row.spread.decimals,
						),
					]),
			...(row.hasRange ? [whole(range)] : []),
			flagNames(CHANNEL_FLAGS, value.flags),
			...(row.isCalibrated ? [whole(calibration)] : []),
		];
	});
}

function namesOf(row: ChannelColumns): string[] {
	return [
		row.value,
		...(row.hasUnit ? [`${row.stem}_unit`] : []),
		...(row.method === undefined ? [] : [row.method]),
		...(row.raw === undefined ? [] : [row.raw.name]),
		...(row.spread === undefined ? [] : [row.spread.name]),
		...(row.hasRange ? [`${row.stem}_range`] : []),
		`${row.stem}_flags`,
		...(row.isCalibrated ? [`${row.stem}_calibration`] : []),
	];
}

/** How a table is spelled. */
export interface Dialect {
	readonly separator: "," | ";";
	readonly decimalMark: "." | ",";
}

export type DialectName = "comma" | "semicolon";

export const DIALECTS: Readonly<Record<DialectName, Dialect>> = Object.freeze({
	/** RFC 4180. */
	comma: { separator: ",", decimalMark: "." },
	/** As spreadsheets of a region with decimal commas write and read it. */
	semicolon: { separator: ";", decimalMark: "," },
});

/** Names and cells as a line with its end. */
export function lineOf(cells: readonly Cell[], { separator, decimalMark }: Dialect): string {
	const texts = cells.map((cell) => {
		if (typeof cell === "object") return textOf(cell).replace(".", decimalMark);
		const text = cell ?? "";
		return /[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
	});
	return `${texts.join(separator)}\r\n`;
}

/** A row as an object: numbers as numbers, what is absent as null. */
export function objectOf(cells: readonly Cell[]): Readonly<Record<string, string | number | null>> {
	return Object.fromEntries(
		READING_COLUMNS.map((name, index) => {
			const cell = cells[index];
			return [name, typeof cell === "object" ? Number(textOf(cell)) : (cell ?? null)];
		}),
	);
}

function textOf({ number, decimals }: { number: number; decimals: number }): string {
	const text = number.toFixed(decimals);
	// A negative number that rounds to nothing.
	return Number(text) === 0 ? text.replace("-", "") : text;
}

function quantity(value: number | undefined, decimals: number): Cell {
	return value === undefined ? undefined : decimal(value, decimals);
}

function whole(number: number): Cell {
	return decimal(number, 0);
}

function decimal(number: number, decimals: number): Cell {
	return { number, decimals };
}

function flagNames(table: Readonly<Record<string, number>>, bits: number): string {
	return Object.entries(table)
		.filter(([, bit]) => (bits & bit) !== 0)
		.map(([name]) => name)
		.join(" ");
}

function instantOf(utcSeconds: number): string {
	return `${new Date(utcSeconds * 1000).toISOString().slice(0, 19)}Z`;
}
