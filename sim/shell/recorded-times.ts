/**
 * Times of a recording as loggers write them: ISO 8601 or 31.12.2026, with `Z`, with an offset, or local in
 * a zone that was asked for. Every day and hour that a calendar or a zone does not have is refused.
 */

import { CLOCK_LAST_UTC_SECONDS } from "../../src/core/calendar.js";

/** Year, month and day, then hour, minute, second, fraction, zone. */
const ISO =
	/^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)? ?(Z|[+-]\d{2}(?::?\d{2})?)?$/i;
/** Day and month are told apart by the points; of slashes nobody knows which comes first. */
const POINTS =
	/^(\d{1,2})\.(\d{1,2})\.(\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?()$/;
const OFFSET = /^(?:Z|UTC|([+-])(\d{2}):?(\d{2})?)$/i;
/** The widest are -12:00 and +14:00. */
const OFFSET_MINUTES_MAX = 14 * 60;
/** What the station's clock can hold (DS3231, years 0 to 99). */
const FIRST_SECONDS = Date.UTC(2000, 0, 1) / 1000;
const HOUR_SECONDS = 3600;
const MINUTES_MILLISECONDS = 60_000;

/** Unix seconds, or why there are none: the end of "time "..." ...". */
export type TimeOrFault = number | string;

/** An offset east of Greenwich, seconds, at a time of UTC; constant for `+01:00`. */
type OffsetAt = (utcSeconds: number) => number;

/** Reads a recording's times one after the other. */
export class RecordedTimes {
	readonly #zone: string | undefined;
	readonly #offsetAt: OffsetAt | undefined;
	readonly #areInOrder: boolean;
	#before = Number.NEGATIVE_INFINITY;

	/**
	 * `zone`: for times without one: UTC, an offset, or a name as Europe/Belgrade. `areInOrder`: the order tells which
	 * of two hours is meant. Throws RangeError.
	 */
	constructor(zone: string | undefined, areInOrder = true) {
		this.#zone = zone;
		this.#areInOrder = areInOrder;
		this.#offsetAt = zone === undefined ? undefined : offsetsOf(zone);
	}

	read(text: string): TimeOrFault {
		const iso = ISO.exec(text);
		const parts = iso ?? POINTS.exec(text);
		if (parts === null) return "is no time like 2026-10-01T12:00:00Z or 31.12.2026 12:00";
		const [, a = "", b = "", c = "", hour = "0", minute = "0", second = "0", fraction = "0"] =
			parts;
		const [year, day] = iso === null ? [Number(c), Number(a)] : [Number(a), Number(c)];
		const wall = wallSeconds(year, Number(b), day, Number(hour), Number(minute), Number(second));
		if (wall === undefined) return "is on no calendar";
		const seconds = wall + Number(`0.${fraction}`);
		const utcSeconds = this.#utcOf(seconds, parts[8] ?? "");
		if (typeof utcSeconds === "string") return utcSeconds;
		if (utcSeconds < FIRST_SECONDS || utcSeconds > CLOCK_LAST_UTC_SECONDS) {
			return "is not within the years 2000 to 2099 of a station's clock";
		}
		this.#before = utcSeconds;
		return utcSeconds;
	}

	#utcOf(seconds: number, zone: string): TimeOrFault {
		if (zone !== "") {
			const offset = fixedOffset(zone);
			return offset === undefined ? "has an offset that no zone has" : seconds - offset;
		}
		const offsetAt = this.#offsetAt;
		if (offsetAt === undefined) {
			return "has no zone: add Z or +01:00, or say --river-zone UTC, +01:00 or Europe/Belgrade";
		}
		// The offset before and after a change of the clocks, which never change twice within two days.
		const candidates = [
			offsetAt(seconds - 24 * HOUR_SECONDS),
			offsetAt(seconds + 24 * HOUR_SECONDS),
		]
			.map((offset) => seconds - offset)
			.filter((utcSeconds) => offsetAt(utcSeconds) === seconds - utcSeconds)
			.sort((one, other) => one - other);
		const [first, second] = candidates;
		if (first === undefined) {
			return `is left out in ${this.#zone}, where clocks went forward; give times in UTC`;
		}
		if (second !== undefined && second !== first && !this.#areInOrder) {
			return (
				`comes twice in ${this.#zone}, where clocks went back, and only rows in order tell which is meant; ` +
				"give times in UTC, or leave --river-sort out"
			);
		}
		// In autumn an hour comes twice: it is the second time when the first is over.
		return second !== undefined && first <= this.#before ? second : first;
	}
}

/** Seconds since 1970 by a wall's calendar; undefined for what it does not have. */
function wallSeconds(
	year: number,
	month: number,
	day: number,
	hour: number,
	minute: number,
	second: number,
): number | undefined {
	const milliseconds = Date.UTC(year, month - 1, day, hour, minute, second);
	const date = new Date(milliseconds);
	// Date.UTC takes 30 February for 2 March, and 24 o'clock for the next day.
	const isThere =
		date.getUTCFullYear() === year &&
		date.getUTCMonth() === month - 1 &&
		date.getUTCDate() === day &&
		date.getUTCHours() === hour &&
		date.getUTCMinutes() === minute &&
		date.getUTCSeconds() === second;
	return isThere ? milliseconds / 1000 : undefined;
}

function fixedOffset(text: string): number | undefined {
	const match = OFFSET.exec(text);
	if (match === null) return undefined;
	const [, sign, hours = "0", minutes = "0"] = match;
	const total = Number(hours) * 60 + Number(minutes);
	if (Number(minutes) > 59 || total > OFFSET_MINUTES_MAX) return undefined;
	return (sign === "-" ? -60 : 60) * total;
}

/** Throws RangeError for a name that is no zone. */
function offsetsOf(zone: string): OffsetAt {
	const fixed = fixedOffset(zone);
	if (fixed !== undefined) return () => fixed;
	// Newer engines take them as names of zones, +15:00 too.
	if (/^[+-]/.test(zone)) throw new RangeError(`${zone} is an offset that no zone has`);
	const format = new Intl.DateTimeFormat("en-US", {
		timeZone: zone,
		hourCycle: "h23",
		...{ year: "numeric", month: "numeric", day: "numeric" },
		...{ hour: "numeric", minute: "numeric", second: "numeric" },
	});
	// A year of readings asks for 8760 hours; the library needs microseconds for each.
	const known = new Map<number, number>();
	return (utcSeconds) => {
		// Clocks change at full quarters of an hour everywhere since 1972.
		const quarter = Math.floor(utcSeconds / 900);
		const held = known.get(quarter);
		if (held !== undefined) return held;
		const at = quarter * 15 * MINUTES_MILLISECONDS;
		const part = new Map<string, number>();
		for (const { type, value } of format.formatToParts(at)) part.set(type, Number(value));
		const of = (type: string): number => part.get(type) ?? 0;
		const wall = Date.UTC(
			...([of("year"), of("month") - 1, of("day")] as const),
			...([of("hour"), of("minute"), of("second")] as const),
		);
		const offset = (wall - at) / 1000;
		known.set(quarter, offset);
		return offset;
	};
}
