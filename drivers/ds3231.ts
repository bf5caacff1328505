/**
 * Maxim DS3231, real-time clock with a temperature-compensated crystal, at 0x68. Register map:
 * datasheet 19-5170, figure 1. It keeps UTC, in 24-hour mode, years 2000 to 2099.
 */
import { CLOCK_LAST_UTC_SECONDS, civilDateOf } from "../src/core/calendar.js";
import { StationError } from "../src/core/errors.js";
import type { I2CConnection } from "../src/firmware/ports.js";
import { I2CPeer } from "./i2c-peer.js";

const ADDRESS = 0x68;
const BUS_HERTZ = 400_000;
const REGISTERS = Object.freeze({ seconds: 0x00, alarm1: 0x07, control: 0x0e, status: 0x0f });
/** Seconds to status in one transaction: they are latched together on its START. */
const BLOCK_BYTES = 16;

const HOUR_12 = 0x40;
const HOUR_PM = 0x20;
const HOUR_OF_12_MASK = 0x1f;
const HOUR_UNUSED = 0x80;
const CENTURY = 0x80;
const DAY_OF_WEEK_MATCH = 0x40;
const ALARM_MASK = 0x80;
const CONTROL = Object.freeze({ EOSC_OFF: 0x80, INTCN: 0x04, A2IE: 0x02, A1IE: 0x01 });
const STATUS = Object.freeze({ OSF: 0x80, A2F: 0x02, A1F: 0x01 });

const SECONDS_PER_DAY = 86_400;
/** 2000-01-01 00:00:00 UTC, Unix seconds. */
const EPOCH_2000 = 946_684_800;
/** Tries to get two readings that agree: one corrupt byte costs one more. */
const READS_MAX = 4;
/** Two readings of one attempt may see the second change. */
const READS_APART_SECONDS_MAX = 1;

/** Methods block for a few transactions and throw StationError `bus-failed`, `rtc-malformed`. */
export default class DS3231 {
	readonly #peer: I2CPeer;
	/** Register 0, the seconds. */
	readonly #pointer = new Uint8Array(1);
	readonly #block = new Uint8Array(BLOCK_BYTES);

	/** Reserves the address; nothing is sent. */
	constructor(options: { readonly sensor: I2CConnection }) {
		this.#peer = new I2CPeer({
			sensor: options.sensor,
			address: ADDRESS,
			hz: BUS_HERTZ,
			name: "the DS3231 clock",
		});
	}

	get identification(): { model: string; classification: string } {
		return { model: "DS3231", classification: "RTC" };
	}

	/**
	 * Unix seconds; undefined when the oscillator has stopped since the clock was last set. Two
	 * readings must agree, because a corrupt byte may be a valid date.
	 */
	read(): number | undefined {
		let previous: number | undefined;
		let stoppedCount = 0;
		for (let attempt = 0; attempt < READS_MAX; attempt++) {
			const block = this.#readBlock();
			if (((block[REGISTERS.status] ?? 0) & STATUS.OSF) !== 0) {
				stoppedCount++;
				if (stoppedCount === 2) return undefined;
				continue;
			}
			const utcSeconds = utcSecondsOf(block);
			if (previous !== undefined && utcSeconds !== undefined) {
				const apart = utcSeconds - previous;
				if (apart >= 0 && apart <= READS_APART_SECONDS_MAX) return utcSeconds;
			}
			previous = utcSeconds;
		}
		throw new StationError("rtc-malformed", "the DS3231 clock has no valid date");
	}

	/**
	 * Sets the clock; its seconds begin now. The flag of the stopped oscillator is cleared after the
	 * time is in, and the time is read back.
	 * @param utcSeconds 2000-01-01 to 2099-12-31, Unix seconds.
	 */
	set(utcSeconds: number): void {
		// Then the chip takes 2100 for a leap year, and its year register starts anew.
		if (!(utcSeconds >= EPOCH_2000 && utcSeconds < CLOCK_LAST_UTC_SECONDS + 1)) {
			throw new RangeError(`the DS3231 cannot hold ${utcSeconds}`);
		}
		const time = timeRegistersOf(Math.floor(utcSeconds));
		// One transaction: all time registers must be written within a second of the seconds.
		this.#write(REGISTERS.seconds, ...time);
		const block = this.#readBlock();
		const control = block[REGISTERS.control] ?? 0;
		if ((control & CONTROL.EOSC_OFF) !== 0) {
			this.#write(REGISTERS.control, control & ~CONTROL.EOSC_OFF);
		}
		// Writing 1 to an alarm flag leaves it as it is.
		const status = (block[REGISTERS.status] ?? 0) & ~STATUS.OSF;
		this.#write(REGISTERS.status, status | STATUS.A1F | STATUS.A2F);
		const readBack = this.read();
		const late = readBack === undefined ? -1 : readBack - Math.floor(utcSeconds);
		if (late >= 0 && late <= READS_APART_SECONDS_MAX) return;
		throw new StationError("rtc-malformed", "the DS3231 clock did not take the time");
	}

	/** Pulls the INT pin low at `utcSeconds` (within the next month), until `clearAlarm`. */
	setAlarm(utcSeconds: number): void {
		const [seconds = 0, minutes = 0, hours = 0, , date = 0] = timeRegistersOf(
			Math.floor(utcSeconds),
		);
		this.#disarm();
		// All four mask bits and DY/DT zero: hours, minutes, seconds and date must match.
		this.#write(REGISTERS.alarm1, seconds, minutes, hours, date);
		const control = this.#readBlock()[REGISTERS.control] ?? 0;
		this.#write(REGISTERS.control, (control & ~CONTROL.A2IE) | CONTROL.INTCN | CONTROL.A1IE);
	}

	/** Unix seconds at which the armed alarm goes or went off, or undefined when none is armed. */
	alarm(nowUtcSeconds: number): number | undefined {
		const block = this.#readBlock();
		if (((block[REGISTERS.control] ?? 0) & CONTROL.A1IE) === 0) return undefined;
		const registers = block.subarray(REGISTERS.alarm1, REGISTERS.alarm1 + 4);
		const isMasked = registers.some((register) => (register & ALARM_MASK) !== 0);
		const [seconds = 0, minutes = 0, hours = 0, date = 0] = registers;
		const secondOfDay = secondOfDayOf(seconds, minutes, hours);
		const dayOfMonth = binaryOf(date);
		const isDay = (date & DAY_OF_WEEK_MATCH) !== 0;
		if (isMasked || isDay || secondOfDay === undefined || dayOfMonth === undefined) {
			throw new StationError("rtc-malformed", "the DS3231 clock holds a foreign alarm");
		}
		// The day with that number nearest to now, looking 31 days either way.
		const today = Math.floor(nowUtcSeconds / SECONDS_PER_DAY);
		for (let distance = 0; distance <= 31; distance++) {
			for (const day of [today + distance, today - distance]) {
				if (civilDateOf(day).day === dayOfMonth) return day * SECONDS_PER_DAY + secondOfDay;
			}
		}
		throw new StationError("rtc-malformed", "the DS3231 clock holds an alarm on no date");
	}

	/** True once the alarm has gone off and until it is cleared. */
	get isAlarmOn(): boolean {
		return ((this.#readBlock()[REGISTERS.status] ?? 0) & STATUS.A1F) !== 0;
	}

	/** Releases the INT pin and disarms the alarm. */
	clearAlarm(): void {
		this.#disarm();
	}

	close(): void {
		this.#peer.close();
	}

	#disarm(): void {
		const block = this.#readBlock();
		const control = block[REGISTERS.control] ?? 0;
		this.#write(REGISTERS.control, control & ~CONTROL.A1IE);
		this.#write(REGISTERS.status, ((block[REGISTERS.status] ?? 0) | STATUS.A2F) & ~STATUS.A1F);
	}

	/** The registers until they are read anew. */
	#readBlock(): Uint8Array {
		this.#peer.writeRead(this.#pointer, this.#block);
		return this.#block;
	}

	#write(register: number, ...bytes: readonly number[]): void {
		this.#peer.write(new Uint8Array([register, ...bytes]));
	}
}

/** Unix seconds of the time registers; undefined unless they are a date from 2000 to 2099. */
function utcSecondsOf(block: Uint8Array): number | undefined {
	const monthRegister = block[5] ?? 0;
	const secondOfDay = secondOfDayOf(block[0] ?? 0, block[1] ?? 0, block[2] ?? 0);
	const date = binaryOf(block[4] ?? 0);
	const month = binaryOf(monthRegister & ~CENTURY);
	const year = binaryOf(block[6] ?? 0);
	// The century bit toggles when the year goes from 99 to 00. No station lives to see that: where it is set
	// it is noise or another program's, and the rest of the date still stands. Had it toggled, the year
	// would be 00, which is before anything that a station believes.
	if (secondOfDay === undefined || date === undefined || month === undefined) return undefined;
	if (year === undefined || month < 1 || month > 12 || date < 1) return undefined;
	if (date > daysInMonth(year, month)) return undefined;
	const days = EPOCH_2000 / SECONDS_PER_DAY + dayOfCentury(year, month, date);
	return days * SECONDS_PER_DAY + secondOfDay;
}

/** Second of the day from BCD registers, the hour in either mode; undefined if it is none. */
function secondOfDayOf(seconds: number, minutes: number, hours: number): number | undefined {
	const second = binaryOf(seconds);
	const minute = binaryOf(minutes);
	const hour = hourOf(hours);
	if (second === undefined || second > 59 || minute === undefined || minute > 59) return undefined;
	return hour === undefined ? undefined : hour * 3600 + minute * 60 + second;
}

function hourOf(register: number): number | undefined {
	if ((register & HOUR_12) === 0) {
		const hour = binaryOf(register);
		return hour === undefined || hour > 23 ? undefined : hour;
	}
	const hour = binaryOf(register & HOUR_OF_12_MASK);
	if ((register & HOUR_UNUSED) !== 0 || hour === undefined || hour < 1 || hour > 12)
		return undefined;
	return (hour % 12) + ((register & HOUR_PM) === 0 ? 0 : 12);
}

/** Unix seconds to registers 0 to 6, 24-hour mode, century 0. */
function timeRegistersOf(utcSeconds: number): number[] {
	const day = Math.floor(utcSeconds / SECONDS_PER_DAY);
	const second = utcSeconds - day * SECONDS_PER_DAY;
	const { year, month, day: date } = civilDateOf(day);
	return [
		bcdOf(second % 60),
		bcdOf(Math.floor(second / 60) % 60),
		bcdOf(Math.floor(second / 3600)),
		// Monday 1 to Sunday 7; day 0 of Unix time was a Thursday.
		((day + 3) % 7) + 1,
		bcdOf(date),
		bcdOf(month),
		bcdOf(year - 2000),
	];
}

/** Days from 2000-01-01; every fourth year is a leap year from 2000 to 2099. */
function dayOfCentury(year: number, month: number, date: number): number {
	let days = year * 365 + Math.floor((year + 3) / 4);
	for (let before = 1; before < month; before++) days += daysInMonth(year, before);
	return days + date - 1;
}

function daysInMonth(year: number, month: number): number {
	if (month === 2) return year % 4 === 0 ? 29 : 28;
	return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Two decimal digits; undefined unless both nibbles are digits. */
function binaryOf(bcd: number): number | undefined {
	const tens = bcd >> 4;
	const ones = bcd & 0x0f;
	return tens > 9 || ones > 9 ? undefined : tens * 10 + ones;
}

function bcdOf(binary: number): number {
	return (Math.floor(binary / 10) << 4) | (binary % 10);
}
