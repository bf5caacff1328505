/** Positions in the year, for tests of climatology. */
import { civilDateOf, dayNumberOfDate } from "../../core/calendar.js";

/** 1 to 366. */
export function dayOfYearOf(dayNumber: number): number {
	const { year } = civilDateOf(dayNumber);
	return dayNumber - dayNumberOfDate({ year, month: 1, day: 1 }) + 1;
}

/** Week of ISO 8601, 1 to 53: that of the week's Thursday. */
export function isoWeekOf(dayNumber: number): number {
	// 1970-01-01 was a Thursday; Monday is 0.
	const weekday = (((dayNumber + 3) % 7) + 7) % 7;
	return Math.ceil(dayOfYearOf(dayNumber - weekday + 3) / 7);
}
