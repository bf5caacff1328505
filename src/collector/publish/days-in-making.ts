/**
 * The days of a station while they are derived. Rows of years are more than a thread may hold (400 bytes of text and
 * objects for each cell that differs): what has gathered is packed, as it will lie in the cache.
 */
import { dayNumberOf } from "../../core/calendar.js";
import { crc32 } from "../../core/crc32.js";
import { SHOWN_CHANNELS } from "./channels.js";
import { type CacheIndex, type DayCache, type DayEntry, UNDATED } from "./day-cache.js";
import type { DatedRow } from "./derivation.js";
import { type DayRow, encodeDay, indexOf, inOrder, type Mark, StationDay } from "./station-day.js";

/** 35 MB; seventy days of readings at five minutes. */
const HELD_MAX = 20_000;
/** 27 years. Each is a file, and whoever asks for all reads all of them. */
export const DAYS_MAX = 10_000;
/** A reading each ten seconds, as often as a station can, and as much again; of what nothing dates ten times as much. */
const OF_A_DAY_MAX = 20_000;
const UNDATED_MAX = 200_000;

/** A record has more than is published of one station. */
export class TooMuch extends Error {}

interface Open {
	readonly rows: DayRow[];
	readonly marks: Mark[];
}

interface Packed {
	readonly bytes: Uint8Array;
	readonly entry: DayEntry;
}

export class DaysInMaking {
	readonly #open = new Map<string, Open>();
	readonly #packed = new Map<string, Packed>();
	readonly #rest: () => Promise<void>;
	readonly #heldMax: number;
	#held = 0;

	/** `rest`: gives others a turn. `heldMax`: of rows and marks that are not packed. */
	constructor(rest: () => Promise<void>, heldMax: number = HELD_MAX) {
		this.#rest = rest;
		this.#heldMax = heldMax;
	}

	addRow(row: DatedRow): void {
		this.#openOf(dayKeyOf(row.seconds)).rows.push(row);
	}

	addMark(mark: Mark): void {
		this.#openOf(dayKeyOf(mark.seconds)).marks.push(mark);
	}

	/** Packs what has gathered, where it is much. */
	async relieve(): Promise<void> {
		if (this.#held > this.#heldMax) await this.#pack();
	}

	/** Writes all; the table of days. */
	async write(cache: DayCache, station: string): Promise<CacheIndex["days"]> {
		await this.#pack();
		let count = 0;
		for (const [day, { bytes, entry }] of this.#packed) {
			cache.writeDay(station, day, entry, bytes);
			if (++count % 4 === 0) await this.#rest();
		}
		const days = [...this.#packed].map(([day, { entry }]) => [day, entry] as const);
		return Object.fromEntries(days.sort(([a], [b]) => compareDays(a, b)));
	}

	#openOf(day: string): Open {
		this.#held++;
		const known = this.#open.get(day);
		if (known !== undefined) return known;
		const made: Open = { rows: [], marks: [] };
		this.#open.set(day, made);
		return made;
	}

	async #pack(): Promise<void> {
		const open = [...this.#open];
		this.#open.clear();
		this.#held = 0;
		let count = 0;
		for (const [day, { rows, marks }] of open) {
			const before = this.#packed.get(day);
			if (before !== undefined) {
				const held = new StationDay(before.bytes);
				for (const row of held.rows()) rows.push(row);
				for (const mark of held.marks) marks.push(mark);
			}
			if (rows.length + marks.length > (day === UNDATED ? UNDATED_MAX : OF_A_DAY_MAX))
				throw new TooMuch(`it says more than ${OF_A_DAY_MAX} entries of one day`);
			inOrder(rows);
			inOrder(marks);
			const bytes = encodeDay(rows, marks);
			this.#packed.set(day, { bytes, entry: dayEntryOf(bytes, rows, marks) });
			if (this.#packed.size > DAYS_MAX) throw tooManyDays();
			if (++count % 4 === 0) await this.#rest();
		}
	}
}

export function tooManyDays(): TooMuch {
	return new TooMuch(`it says more than ${DAYS_MAX} days`);
}

export function dayKeyOf(seconds: number | undefined): string {
	return seconds === undefined ? UNDATED : String(dayNumberOf(seconds));
}

/** Rising, and what nothing dates last. */
export function compareDays(a: string, b: string): number {
	if (a === UNDATED || b === UNDATED) return a === b ? 0 : a === UNDATED ? 1 : -1;
	return Number(a) - Number(b);
}

export function dayEntryOf(
	bytes: Uint8Array,
	rows: readonly DayRow[],
	marks: readonly Mark[],
): DayEntry {
	const spans: Record<string, [number, number]> = {};
	for (const { epoch, sequence } of [...rows, ...marks]) {
		const span = spans[epoch];
		if (span === undefined) spans[epoch] = [sequence, sequence];
		else {
			span[0] = Math.min(span[0], sequence);
			span[1] = Math.max(span[1], sequence);
		}
	}
	return {
		rows: rows.length,
		marks: marks.length,
		bytes: bytes.length,
		check: crc32(bytes),
		more: moreOf(rows),
		spans,
	};
}

function moreOf(rows: readonly DayRow[]): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const { name, presence } of SHOWN_CHANNELS) {
		if (presence === undefined) continue;
		const column = indexOf(presence);
		const count = rows.filter(({ cells }) => cells[column] !== "").length;
		if (count > 0) counts[name] = count;
	}
	return counts;
}
