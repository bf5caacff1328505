/**
 * The DS3231's calendar as arithmetic: two centuries of 36525 days (it takes every fourth year for
 * a leap year, 2100 too), told apart by the century bit. Source: DS3231 datasheet, Timekeeping.
 */

export const SECONDS_PER_DAY = 86_400;
/** 100 years of which 25 have a leap day. */
export const DAYS_PER_CENTURY = 36_525;
/** 2000-01-01 in Unix seconds: 10957 days. */
export const UNIX_SECONDS_OF_2000 = 946_684_800;
/** 2000-01-01 was a Saturday; Monday is 1 here, as most firmware has it. */
const WEEKDAY_OF_2000 = 6;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAYS_PER_FOUR_YEARS = 1461;

export interface CalendarDate {
	/** 0 or 1. */
	readonly century: number;
	/** 0..99 */
	readonly year: number;
	/** 1..12 */
	readonly month: number;
	/** 1..31 */
	readonly date: number;
}

/** Date of a day counted from year 00 of century 0. */
export function dateOfDay(dayNumber: number): CalendarDate {
	const century = Math.floor(dayNumber / DAYS_PER_CENTURY) % 2;
	let day = dayNumber % DAYS_PER_CENTURY;
	let year = Math.floor(day / DAYS_PER_FOUR_YEARS) * 4;
	day %= DAYS_PER_FOUR_YEARS;
	while (day >= daysOfYear(year)) day -= daysOfYear(year++);
	let month = 1;
	while (day >= daysOfMonth(year, month)) day -= daysOfMonth(year, month++);
	return { century, year, month, date: day + 1 };
}

/** Day of a date; an impossible one (31 February) runs on into the next month. */
export function dayOfDate(calendar: CalendarDate): number {
	const { century, year, month, date } = calendar;
	let day = century * DAYS_PER_CENTURY + Math.floor(year / 4) * DAYS_PER_FOUR_YEARS;
	for (let before = year - (year % 4); before < year; before++) day += daysOfYear(before);
	const last = Math.min(12, Math.max(1, month));
	for (let before = 1; before < last; before++) day += daysOfMonth(year, before);
	return day + Math.max(1, date) - 1;
}

/** 1 (Monday) .. 7 of a day. */
export function weekdayOfDay(dayNumber: number): number {
	return ((dayNumber + WEEKDAY_OF_2000 - 1) % 7) + 1;
}

/** Two decimal digits as two nibbles. */
export function binaryCodedDecimal(value: number): number {
	return (Math.floor(value / 10) << 4) | (value % 10);
}

/** The number of two nibbles; nibbles above 9 count as they are. */
export function valueOfDecimal(byte: number): number {
	return (byte >> 4) * 10 + (byte & 15);
}

/** Hour register: bit 6 for 12 hours, and of those PM in bit 5. */
export const HOUR_12 = 0x40;
const HOUR_PM = 0x20;
const HOUR_OF_24_MASK = 0x3f;
const HOUR_OF_12_MASK = 0x1f;
/** What the registers of a time have besides the bits of an alarm (A1M1 ... A2M4) and of the century. */
export const TIME_MASK = 0x7f;
export const DATE_MASK = 0x3f;
const MONTH_MASK = 0x1f;

/** Hour register, in either form. */
export function hourByte(hour: number, isTwelveHour: boolean): number {
	if (!isTwelveHour) return binaryCodedDecimal(hour);
	const twelve = hour % 12 === 0 ? 12 : hour % 12;
	return HOUR_12 | (hour >= 12 ? HOUR_PM : 0) | binaryCodedDecimal(twelve);
}

/** 0..23 of an hour register in either form. */
export function hourOfByte(byte: number): number {
	if ((byte & HOUR_12) === 0) return valueOfDecimal(byte & HOUR_OF_24_MASK);
	return (valueOfDecimal(byte & HOUR_OF_12_MASK) % 12) + ((byte & HOUR_PM) !== 0 ? 12 : 0);
}

/** Of the day, out of registers 0 to 2. */
export function secondOfRegisters(seconds: number, minutes: number, hours: number): number {
	return (
		hourOfByte(hours & TIME_MASK) * 3600 +
		valueOfDecimal(minutes & TIME_MASK) * 60 +
		valueOfDecimal(seconds & TIME_MASK)
	);
}

/** Day number out of registers 4 to 6; the century is bit 7 of the month. */
export function dayOfRegisters(date: number, month: number, year: number): number {
	return dayOfDate({
		century: month >> 7,
		year: valueOfDecimal(year),
		month: valueOfDecimal(month & MONTH_MASK),
		date: valueOfDecimal(date & DATE_MASK),
	});
}

function daysOfYear(year: number): number {
	return year % 4 === 0 ? 366 : 365;
}

function daysOfMonth(year: number, month: number): number {
	return month === 2 && year % 4 === 0 ? 29 : (MONTH_DAYS[month - 1] ?? 31);
}

/** Registers 03 to 06: weekday, date, month with the century, year. */
export const DATE_MASKS = [0x07, 0x3f, 0x9f, 0xff];
