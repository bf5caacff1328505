/**
 * Rows of a station out of its days in the order of its record, which is that of `bistrina values`: by rising (epoch,
 * sequence). Days follow each other in it but where a clock jumped; those that interleave are walked together.
 */
import { numbersOf } from "./column-bytes.js";
import { type CacheIndex, type DayCache, UNDATED } from "./day-cache.js";
import type { StationDay } from "./station-day.js";

export interface Period {
	/** Unix seconds; undefined: no bound. With either, rows that nothing dates are left out. */
	readonly from?: number | undefined;
	/** Not included. */
	readonly to?: number | undefined;
}

export interface FoundRow {
	readonly day: StationDay;
	/** In the day. */
	readonly index: number;
	readonly epoch: number;
	readonly sequence: number;
	/** Unix seconds; NaN where nothing dates it. */
	readonly seconds: number;
}

const SECONDS_PER_DAY = 86_400;

/** Days of the index that a period touches, by rising day, those that nothing dates last. */
export function daysIn(index: CacheIndex, { from, to }: Period): string[] {
	const isPart = from !== undefined || to !== undefined;
	return Object.keys(index.days).filter((day) => {
		if (day === UNDATED) return !isPart;
		const first = Number(day) * SECONDS_PER_DAY;
		return first + SECONDS_PER_DAY > (from ?? first) && first < (to ?? Number.POSITIVE_INFINITY);
	});
}

/** A group at a time is in memory; where clocks are right that is a day. */
export function* rowsInOrder(
	cache: DayCache,
	station: string,
	index: CacheIndex,
	period: Period,
): Generator<FoundRow[]> {
	for (const group of interleaved(index, daysIn(index, period))) {
		const rows = group.flatMap((name) => {
			const day = cache.day(station, index, name);
			return day === undefined ? [] : rowsOf(day, period);
		});
		yield rows.sort((a, b) => a.epoch - b.epoch || a.sequence - b.sequence);
	}
}

function rowsOf(day: StationDay, { from, to }: Period): FoundRow[] {
	const [epochs, sequences, times] = ["epoch", "sequence", "time"].map((name) =>
		numbersOf(day.column(name), day.count),
	);
	const isPart = from !== undefined || to !== undefined;
	const rows: FoundRow[] = [];
	for (let index = 0; index < day.count; index++) {
		const seconds = times?.[index] ?? Number.NaN;
		if (isPart && !(seconds >= (from ?? seconds) && seconds < (to ?? Infinity))) continue;
		rows.push({
			day,
			index,
			epoch: epochs?.[index] ?? 0,
			sequence: sequences?.[index] ?? 0,
			seconds,
		});
	}
	return rows;
}

interface Part {
	readonly epoch: number;
	readonly first: number;
	last: number;
	days: Set<string>;
}

/** Groups of days whose rows lie among each other's, in the order of their rows. */
function interleaved(index: CacheIndex, days: readonly string[]): string[][] {
	const parts = days.flatMap((day) =>
		Object.entries(index.days[day]?.spans ?? {}).map(
			([epoch, [first, last]]): Part => ({
				epoch: Number(epoch),
				first,
				last,
				days: new Set([day]),
			}),
		),
	);
	parts.sort((a, b) => a.epoch - b.epoch || a.first - b.first);
	const groups: Part[] = [];
	for (const part of parts) {
		const before = groups.at(-1);
		const isAmong = before?.epoch === part.epoch && part.first <= before.last;
		if (before !== undefined && isAmong) {
			before.last = Math.max(before.last, part.last);
			for (const day of part.days) before.days.add(day);
		} else groups.push(part);
	}
	return joined(groups.map((group) => [...group.days]));
}

/** A day that is in two groups makes one of them and of all between: its rows come once. */
function joined(groups: readonly string[][]): string[][] {
	const lastOf = new Map<string, number>();
	for (const [index, group] of groups.entries()) for (const day of group) lastOf.set(day, index);
	const result: string[][] = [];
	for (let index = 0; index < groups.length; ) {
		const days = new Set<string>();
		let end = index;
		for (let at = index; at <= end; at++) {
			for (const day of groups[at] ?? []) {
				days.add(day);
				end = Math.max(end, lastOf.get(day) ?? at);
			}
		}
		result.push([...days]);
		index = end + 1;
	}
	return result;
}
