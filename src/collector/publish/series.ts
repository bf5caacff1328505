/** Rows of a period by rising time, as columns of numbers: what plots, reports and interfaces count over. */
import { type Column, cellOf, numbersOf } from "./column-bytes.js";
import { type CacheIndex, type DayCache, UNDATED } from "./day-cache.js";
import { daysIn, type Period } from "./ordered-rows.js";
import type { StationDay } from "./station-day.js";

interface Part {
	readonly day: StationDay;
	/** Rows of the day within the period, by rising time. */
	readonly rows: readonly number[];
}

export class Series {
	readonly count: number;
	/** Unix seconds. */
	readonly seconds: Float64Array;
	readonly #parts: readonly Part[];

	constructor(cache: DayCache, station: string, index: CacheIndex, { from, to }: Period) {
		const parts: Part[] = [];
		const all: Float64Array[] = [];
		for (const name of daysIn(index, { from, to })) {
			const day = name === UNDATED ? undefined : cache.day(station, index, name);
			if (day === undefined) continue;
			const seconds = numbersOf(day.column("time"), day.count);
			const rows: number[] = [];
			let isRising = true;
			seconds.forEach((at, row) => {
				if (at < (from ?? at) || at >= (to ?? Number.POSITIVE_INFINITY)) return;
				if (at < (seconds[rows.at(-1) ?? row] ?? at)) isRising = false;
				rows.push(row);
			});
			if (!isRising) rows.sort((a, b) => (seconds[a] ?? 0) - (seconds[b] ?? 0) || a - b);
			if (rows.length === 0) continue;
			parts.push({ day, rows });
			all.push(Float64Array.from(rows, (row) => seconds[row] ?? Number.NaN));
		}
		this.#parts = parts;
		this.count = all.reduce((sum, each) => sum + each.length, 0);
		this.seconds = joined(all, this.count);
	}

	/** Of a column of the published table; NaN where a cell is empty. */
	numbers(name: string): Float64Array {
		const parts = this.#parts.map(({ day, rows }) => {
			const numbers = numbersOf(day.column(name), day.count);
			if (rows.length === day.count && isInOrder(rows)) return numbers;
			return Float64Array.from(rows, (row) => numbers[row] ?? Number.NaN);
		});
		return joined(parts, this.count);
	}

	/** Of a column of texts: each text once, and of each row its place in them. */
	texts(name: string): { readonly texts: readonly string[]; readonly indexes: Uint16Array } {
		const known = new Map<string, number>();
		const indexes = new Uint16Array(this.count);
		const indexOf = (text: string): number => {
			const index = known.get(text) ?? known.size;
			known.set(text, index);
			return index;
		};
		let at = 0;
		for (const { day, rows } of this.#parts) {
			const column = day.column(name);
			const own = ownTexts(column)?.map(indexOf);
			for (const row of rows) {
				indexes[at++] =
					own === undefined || column.kind !== "text"
						? indexOf(cellOf(column, row))
						: (own[column.indexes[row] ?? 0] ?? 0);
			}
		}
		return { texts: [...known.keys()], indexes };
	}
}

function ownTexts(column: Column): readonly string[] | undefined {
	return column.kind === "text" ? column.texts : undefined;
}

function isInOrder(rows: readonly number[]): boolean {
	return rows.every((row, at) => row === at);
}

function joined(parts: readonly Float64Array[], count: number): Float64Array {
	const whole = new Float64Array(count);
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}
