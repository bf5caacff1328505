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

/** Rows of a group that are in memory for each reader; a usual day has 288. */
const GROUP_ROWS_MAX = 2048;

/**
 * A group at a time is in memory: where clocks are right that is a day, and of days that interleave, as long as they like, a
 * part. Each slow reader holds one.
 */
export function* rowsInOrder(
	cache: DayCache,
	station: string,
	index: CacheIndex,
	period: Period,
	rowsMax: number = GROUP_ROWS_MAX,
): Generator<FoundRow[]> {
	for (const names of interleaved(index, daysIn(index, period))) {
		for (const part of partsOf(index, names, rowsMax)) {
			const rows = part.names.flatMap((name) => {
				const day = cache.day(station, index, name);
				return day === undefined ? [] : rowsOf(day, period, part);
			});
			yield rows.sort((a, b) => a.epoch - b.epoch || a.sequence - b.sequence);
		}
	}
}

/** Rows of these days, of this epoch and from `first` to `last`; without an epoch all of them. */
interface RowsPart {
	readonly names: readonly string[];
	readonly epoch?: number;
	readonly first: number;
	readonly last: number;
}

function* partsOf(
	index: CacheIndex,
	names: readonly string[],
	rowsMax: number,
): Generator<RowsPart> {
	const days = names.map((name) => ({ name, day: index.days[name] }));
	const count = days.reduce((sum, { day }) => sum + (day?.rows ?? 0), 0);
	if (count <= rowsMax) {
		yield { names, first: 0, last: Number.POSITIVE_INFINITY };
		return;
	}
	const epochs = new Set(days.flatMap(({ day }) => Object.keys(day?.spans ?? {})));
	for (const epoch of [...epochs].map(Number).sort((a, b) => a - b)) {
		const spans = days.flatMap(({ name, day }) => {
			const span = day?.spans[epoch];
			return span === undefined ? [] : [{ name, first: span[0], last: span[1] }];
		});
		spans.sort((a, b) => a.first - b.first);
		const end = spans.reduce((most, { last }) => Math.max(most, last), 0);
		for (let first = spans[0]?.first ?? end + 1; first <= end; ) {
			const last = first + rowsMax - 1;
			const here = spans.filter((span) => span.first <= last && span.last >= first);
			if (here.length > 0) yield { names: here.map(({ name }) => name), epoch, first, last };
			// Numbers that no day has are passed over at once.
			const next = spans.find((span) => span.last > last);
			first = next === undefined ? end + 1 : Math.max(last + 1, next.first);
		}
	}
}

function rowsOf(day: StationDay, { from, to }: Period, part: RowsPart): FoundRow[] {
	const [epochs, sequences, times] = ["epoch", "sequence", "time"].map((name) =>
		numbersOf(day.column(name), day.count),
	);
	const isPart = from !== undefined || to !== undefined;
	const rows: FoundRow[] = [];
	for (let index = 0; index < day.count; index++) {
		const seconds = times?.[index] ?? Number.NaN;
		const epoch = epochs?.[index] ?? 0;
		const sequence = sequences?.[index] ?? 0;
		if (isPart && !(seconds >= (from ?? seconds) && seconds < (to ?? Infinity))) continue;
		if (sequence < part.first || sequence > part.last) continue;
		if (part.epoch !== undefined && epoch !== part.epoch) continue;
		rows.push({ day, index, epoch, sequence, seconds });
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
