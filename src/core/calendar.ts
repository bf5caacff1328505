/**
 * The civil calendar in UTC from Unix seconds, in integers: portable code has no Date. Days and dates
 * by the algorithm of Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2021), in years
 * that begin in March.
 */

export interface CivilDate {
	readonly year: number;
	/** 1 to 12. */
	readonly month: number;
	/** 1 to 31. */
	readonly day: number;
}

/** 2099-12-31T23:59:59Z: the last second that a station's clock has (DS3231, years 2000 to 2099) and believes. */
export const CLOCK_LAST_UTC_SECONDS = 4_102_444_799;

const SECONDS_PER_DAY = 86_400;
const DAYS_PER_ERA = 146_097;
/** 1970-01-01 in days since 0000-03-01. */
const EPOCH_DAYS = 719_468;

/** Days since 1970-01-01. */
export function dayNumberOf(seconds: number): number {
	return Math.floor(seconds / SECONDS_PER_DAY);
}

export function civilDateOf(dayNumber: number): CivilDate {
	const days = dayNumber + EPOCH_DAYS;
	const era = Math.floor(days / DAYS_PER_ERA);
	const dayOfEra = days - era * DAYS_PER_ERA;
	const yearOfEra = Math.floor(
		(dayOfEra -
			Math.floor(dayOfEra / 1460) +
			Math.floor(dayOfEra / 36_524) -
			Math.floor(dayOfEra / 146_096)) /
			365,
	);
	const dayOfYear =
		dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
	const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
	const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
	return {
		year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
		month,
		day: dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1,
	};
}

/** The reverse of `civilDateOf`. */
export function dayNumberOfDate({ year, month, day }: CivilDate): number {
	const marchYear = month <= 2 ? year - 1 : year;
	const era = Math.floor(marchYear / 400);
	const yearOfEra = marchYear - era * 400;
	const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
	const dayOfEra =
		yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
	return era * DAYS_PER_ERA + dayOfEra - EPOCH_DAYS;
}

/** `2026-10-01T00:25:18Z` of whole Unix seconds in the years 1000 to 9999. */
export function isoTextOf(seconds: number): string {
	const day = dayNumberOf(seconds);
	const { year, month, day: date } = civilDateOf(day);
	const second = seconds - day * SECONDS_PER_DAY;
	const time = [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60];
	return `${year}-${twoDigits(month)}-${twoDigits(date)}T${time.map(twoDigits).join(":")}Z`;
}

function twoDigits(value: number): string {
	return value < 10 ? `0${value}` : `${value}`;
}
