/** When the alarms of a DS3231 match. Source: DS3231 datasheet, table 2. */
import {
	DATE_MASK,
	dateOfDay,
	hourOfByte,
	SECONDS_PER_DAY,
	TIME_MASK,
	valueOfDecimal,
	weekdayOfDay,
} from "./ds3231-calendar.js";

/** A date of the month comes again within 62 days (31 July, 31 August is sooner; 30 February skipped). */
const DAYS_AHEAD = 62;
/** Seconds and minutes without the alarm's own mask bit. */
const DECIMAL_MASK = 0x7f;
const WEEKDAY_BIT = 0x40;
const WEEKDAY_MASK = 0x0f;

/**
 * First second >= `fromSeconds` (since year 00) at which an alarm matches. `registers` are seconds,
 * minutes, hours, day or date with their mask bits (bit 7); alarm 2 has no seconds: give 0 there.
 * `weekdayOffset` is what the chip's own weekday is ahead of the calendar's. Undefined: never.
 */
export function nextAlarmMatch(
	registers: readonly [number, number, number, number],
	fromSeconds: number,
	weekdayOffset: number,
): number | undefined {
	const [seconds, minutes, hours, day] = registers;
	const second = valueOfDecimal(seconds & DECIMAL_MASK);
	const minute = valueOfDecimal(minutes & DECIMAL_MASK);
	const masks = (seconds >> 7) | ((minutes >> 7) << 1) | ((hours >> 7) << 2) | ((day >> 7) << 3);
	switch (masks) {
		case 0b1111:
			return fromSeconds;
		case 0b1110:
			return nextPeriodic(fromSeconds, 60, second);
		case 0b1100:
			return nextPeriodic(fromSeconds, 3600, minute * 60 + second);
		case 0b1000:
		case 0b0000:
			break;
		default:
			// Combinations that the datasheet calls illogical.
			return undefined;
	}
	const offset = hourOfByte(hours & TIME_MASK) * 3600 + minute * 60 + second;
	const first = nextPeriodic(fromSeconds, SECONDS_PER_DAY, offset);
	if (first === undefined || masks === 0b1000) return first;
	for (let ahead = 0; ahead <= DAYS_AHEAD; ahead++) {
		const candidate = first + ahead * SECONDS_PER_DAY;
		const dayNumber = Math.floor(candidate / SECONDS_PER_DAY);
		const isMatch =
			(day & WEEKDAY_BIT) !== 0
				? (weekdayOfDay(dayNumber) - 1 + weekdayOffset) % 7 === (day & WEEKDAY_MASK) - 1
				: dateOfDay(dayNumber).date === valueOfDecimal(day & DATE_MASK);
		if (isMatch) return candidate;
	}
	return undefined;
}

function nextPeriodic(from: number, period: number, offset: number): number | undefined {
	if (offset >= period) return undefined;
	return Math.ceil((from - offset) / period) * period + offset;
}
