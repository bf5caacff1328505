/**
 * DS3231: real-time clock with a temperature-compensated crystal and a battery of its own. Its
 * oscillator runs on the world's clock, off by so many parts per million. Source: DS3231 datasheet.
 */
import { assert } from "../../src/core/errors.js";
import type { VirtualClock } from "../board/clock.js";
import { ofLength } from "../bus/answer-bytes.js";
import type { I2CChip } from "../bus/i2c-bus.js";
import { nextAlarmMatch } from "./ds3231-alarm.js";
import {
	binaryCodedDecimal,
	DATE_MASKS,
	DAYS_PER_CENTURY,
	dateOfDay,
	dayOfRegisters,
	HOUR_12,
	hourByte,
	SECONDS_PER_DAY,
	secondOfRegisters,
	UNIX_SECONDS_OF_2000,
	weekdayOfDay,
} from "./ds3231-calendar.js";

const ADDRESS = 0x68;
const REGISTER_COUNT = 0x13;
/** Seconds, minutes, hours, day or date; the second alarm has no seconds. */
const REGISTER_ALARM1 = 0x07;
const REGISTER_ALARM2 = 0x0b;
const REGISTER_CONTROL = 0x0e;
const REGISTER_STATUS = 0x0f;
const REGISTER_AGING = 0x10;
const REGISTER_TEMPERATURE = 0x11;

const CONTROL_EOSC = 0x80;
const CONTROL_CONV = 0x20;
const CONTROL_INTCN = 0x04;
const CONTROL_RESET = 0x1c;
const STATUS_OSF = 0x80;
const STATUS_EN32KHZ = 0x08;
const STATUS_BSY = 0x04;
const STATUS_A2F = 0x02;
const STATUS_A1F = 0x01;
const STATUS_RESET = 0x88;

const PARTS_PER_MILLION_PER_AGING_STEP = 0.1;
const TEMPERATURE_PERIOD_MICROSECONDS = 64_000_000;
const CONVERSION_MICROSECONDS = 200_000;
const CYCLE_SECONDS = 2 * DAYS_PER_CENTURY * SECONDS_PER_DAY;
const MILLIAMPERES_ACTIVE = 0.11;
const NEVER = Number.POSITIVE_INFINITY;

export interface Ds3231Options {
	clock: VirtualClock;
	/** Positive is fast. Default 0; the part keeps within 2 between 0 and 40 degC. */
	driftPartsPerMillion?: number;
	/** Temperature of the board, degC. Default 25. */
	temperatureCelsius?: () => number;
	/** False: a loss of power is a loss of time. Default true. */
	hasBattery?: boolean;
	onCurrent?: (milliamperes: number) => void;
}

/** State as plain data. `microseconds` are the world's. */
export interface Ds3231State {
	registers: number[];
	/** Seconds since year 00 of century 0, with fraction, at `microseconds`. */
	seconds: number;
	microseconds: number;
	isRunning: boolean;
	isTwelveHour: boolean;
	weekdayOffset: number;
	/** Weekday, date, month and year as they were written, while they still hold on `dateDay`. */
	dateBytes: number[];
	dateDay: number;
	isPowered: boolean;
	hasBattery: boolean;
	driftPartsPerMillion: number;
}

export class Ds3231 implements I2CChip {
	readonly address = ADDRESS;
	readonly #clock: VirtualClock;
	readonly #temperatureCelsius: () => number;
	readonly #onCurrent: ((milliamperes: number) => void) | undefined;
	/** Alarms, control, status, aging; time and temperature are worked out when asked for. */
	readonly #registers = new Uint8Array(REGISTER_COUNT);
	/** What a read gives, latched at its start. */
	readonly #latched = new Uint8Array(REGISTER_COUNT);
	/** What the last read gave: a driver reads the same block all its life. */
	#answer: Uint8Array = new Uint8Array(0);
	#pointer = 0;
	#isPowered = false;
	#hasBattery: boolean;
	#driftPartsPerMillion: number;
	#seconds = 0;
	#sinceMicroseconds: number;
	#isRunning = false;
	#isTwelveHour = false;
	/** 0..6: what the chip's weekday is ahead of the calendar's (it counts by itself). */
	#weekdayOffset = 0;
	/**
	 * Day, date, month and year as written, valid until the day `#dateDay` ends: a date that does not
	 * exist reads back as it was written, and 31 may be written before its month.
	 */
	readonly #dateBytes = new Uint8Array(4);
	#dateDay = -1;
	/** When alarm 1 and alarm 2 match next, in seconds of this clock; Infinity: never. */
	readonly #nextMatch: [number, number] = [NEVER, NEVER];
	#temperatureMicroseconds = Number.NEGATIVE_INFINITY;
	#busyUntilMicroseconds = 0;

	constructor(options: Ds3231Options) {
		this.#clock = options.clock;
		this.#temperatureCelsius = options.temperatureCelsius ?? (() => 25);
		this.#onCurrent = options.onCurrent;
		this.#hasBattery = options.hasBattery ?? true;
		this.#driftPartsPerMillion = options.driftPartsPerMillion ?? 0;
		this.#sinceMicroseconds = options.clock.microseconds;
		this.#reset();
	}

	get isPowered(): boolean {
		return this.#isPowered;
	}

	/** INT/SQW, open drain: true while an alarm that may interrupt has matched and is not cleared. */
	get isInterrupting(): boolean {
		this.#settle();
		const control = this.#register(REGISTER_CONTROL);
		if ((control & CONTROL_INTCN) === 0) return false;
		return (this.#register(REGISTER_STATUS) & control & (STATUS_A1F | STATUS_A2F)) !== 0;
	}

	/** When INT will go low next on the world's clock: now if it is low, undefined if never. */
	get nextInterruptMicroseconds(): number | undefined {
		if (this.isInterrupting) return this.#clock.microseconds;
		const control = this.#register(REGISTER_CONTROL);
		if ((control & CONTROL_INTCN) === 0 || !this.#isRunning) return undefined;
		const nearest = Math.min(
			(control & STATUS_A1F) !== 0 ? this.#nextMatch[0] : NEVER,
			(control & STATUS_A2F) !== 0 ? this.#nextMatch[1] : NEVER,
		);
		if (nearest === NEVER) return undefined;
		const elapsed = (nearest - this.#seconds) / this.#rate();
		return this.#sinceMicroseconds + Math.ceil(Math.max(0, elapsed) * 1e6);
	}

	/** Seconds by which this clock is ahead of `utcSeconds`, the world's truth. */
	aheadSeconds(utcSeconds: number): number {
		this.#settle();
		return UNIX_SECONDS_OF_2000 + this.#seconds - utcSeconds;
	}

	/** Sets time and date as a good technician would: UTC, 24 hours, OSF cleared. */
	setUtc(utcSeconds: number): void {
		this.#settle();
		this.#seconds = utcSeconds - UNIX_SECONDS_OF_2000;
		assert(this.#seconds >= 0 && this.#seconds < CYCLE_SECONDS, "not within 2000..2199");
		this.#isRunning = this.#isPowered || this.#hasBattery;
		this.#isTwelveHour = false;
		this.#weekdayOffset = 0;
		this.#dateDay = -1;
		this.#setStatus(0, STATUS_OSF);
		this.#planAlarms();
	}

	/** Ages the crystal; from now on. */
	setDrift(partsPerMillion: number): void {
		this.#settle();
		this.#driftPartsPerMillion = partsPerMillion;
	}

	/** The battery is empty or taken out, or put in. */
	setBattery(isGood: boolean): void {
		this.#settle();
		this.#hasBattery = isGood;
		if (!isGood && !this.#isPowered) this.#reset();
	}

	setPower(isOn: boolean): void {
		this.#settle();
		if (isOn === this.#isPowered) return;
		this.#isPowered = isOn;
		if (isOn) {
			this.#isRunning = true;
		} else if (!this.#hasBattery) {
			this.#reset();
		} else if ((this.#register(REGISTER_CONTROL) & CONTROL_EOSC) !== 0) {
			this.#isRunning = false;
			this.#setStatus(STATUS_OSF, 0);
		}
		this.#onCurrent?.(isOn ? MILLIAMPERES_ACTIVE : 0);
	}

	write(bytes: Uint8Array): boolean {
		this.#settle();
		if (bytes.length === 0) return true;
		this.#pointer = (bytes[0] ?? 0) % REGISTER_COUNT;
		if (bytes.length === 1) return true;
		this.#latch();
		let timeRegisters = 0;
		for (let index = 1; index < bytes.length; index++) {
			const register = this.#pointer;
			this.#pointer = (register + 1) % REGISTER_COUNT;
			if (register < REGISTER_ALARM1) {
				this.#latched[register] = bytes[index] ?? 0;
				timeRegisters |= 1 << register;
			} else this.#store(register, bytes[index] ?? 0);
		}
		if (timeRegisters !== 0) this.#storeTime((timeRegisters & 1) !== 0);
		this.#planAlarms();
		return true;
	}

	read(count: number): Uint8Array {
		this.#settle();
		this.#latch();
		const bytes = ofLength(this.#answer, count);
		this.#answer = bytes;
		for (let index = 0; index < count; index++) {
			bytes[index] = this.#latched[this.#pointer] ?? 0;
			this.#pointer = (this.#pointer + 1) % REGISTER_COUNT;
		}
		return bytes;
	}

	/** All of it, as plain data. */
	save(): Ds3231State {
		this.#settle();
		return {
			registers: [...this.#registers],
			seconds: this.#seconds,
			microseconds: this.#sinceMicroseconds,
			isRunning: this.#isRunning,
			isTwelveHour: this.#isTwelveHour,
			weekdayOffset: this.#weekdayOffset,
			dateBytes: [...this.#dateBytes],
			dateDay: this.#dateDay,
			isPowered: this.#isPowered,
			hasBattery: this.#hasBattery,
			driftPartsPerMillion: this.#driftPartsPerMillion,
		};
	}

	/** Takes up a saved state; the time since then has passed for this clock too. */
	load(state: Ds3231State): void {
		this.#registers.set(state.registers);
		this.#seconds = state.seconds;
		this.#sinceMicroseconds = state.microseconds;
		this.#isRunning = state.isRunning;
		this.#isTwelveHour = state.isTwelveHour;
		this.#weekdayOffset = state.weekdayOffset;
		this.#dateBytes.set(state.dateBytes);
		this.#dateDay = state.dateDay;
		this.#isPowered = state.isPowered;
		this.#hasBattery = state.hasBattery;
		this.#driftPartsPerMillion = state.driftPartsPerMillion;
		this.#planAlarms();
		this.#onCurrent?.(state.isPowered ? MILLIAMPERES_ACTIVE : 0);
	}

	#register(index: number): number {
		return this.#registers[index] ?? 0;
	}

	#setStatus(set: number, clear: number): void {
		this.#registers[REGISTER_STATUS] = (this.#register(REGISTER_STATUS) & ~clear) | set;
	}

	/** Seconds of this clock per second of the world. */
	#rate(): number {
		const aging = (this.#register(REGISTER_AGING) << 24) >> 24;
		const slower = aging * PARTS_PER_MILLION_PER_AGING_STEP;
		return 1 + (this.#driftPartsPerMillion - slower) * 1e-6;
	}

	/** Brings time, alarms and temperature up to the present. */
	#settle(): void {
		const now = this.#clock.microseconds;
		if (this.#isRunning) {
			const elapsed = ((now - this.#sinceMicroseconds) / 1e6) * this.#rate();
			this.#seconds += elapsed;
			this.#raiseAlarms();
			if (this.#seconds >= CYCLE_SECONDS) {
				this.#seconds -= CYCLE_SECONDS;
				this.#planAlarms();
			}
		}
		this.#sinceMicroseconds = now;
		this.#convertTemperature(now);
	}

	#raiseAlarms(): void {
		const [match1, match2] = this.#nextMatch;
		if (Math.min(match1, match2) > this.#seconds) return;
		this.#setStatus(
			(match1 <= this.#seconds ? STATUS_A1F : 0) | (match2 <= this.#seconds ? STATUS_A2F : 0),
			0,
		);
		this.#planAlarms();
	}

	/** Works out the first matches after the present second. */
	#planAlarms(): void {
		const at = (index: number): number => this.#register(index);
		const [first, second] = [REGISTER_ALARM1, REGISTER_ALARM2];
		const from = Math.floor(this.#seconds) + 1;
		const alarm1 = [at(first), at(first + 1), at(first + 2), at(first + 3)] as const;
		const alarm2 = [0, at(second), at(second + 1), at(second + 2)] as const;
		this.#nextMatch[0] = nextAlarmMatch(alarm1, from, this.#weekdayOffset) ?? NEVER;
		this.#nextMatch[1] = nextAlarmMatch(alarm2, from, this.#weekdayOffset) ?? NEVER;
	}

	#convertTemperature(now: number): void {
		if (!this.#isPowered) return;
		const isAsked = (this.#register(REGISTER_CONTROL) & CONTROL_CONV) !== 0;
		if (isAsked && now >= this.#busyUntilMicroseconds) {
			this.#registers[REGISTER_CONTROL] = this.#register(REGISTER_CONTROL) & ~CONTROL_CONV;
		} else if (now - this.#temperatureMicroseconds < TEMPERATURE_PERIOD_MICROSECONDS) return;
		this.#temperatureMicroseconds = now;
		const quarters = Math.floor(this.#temperatureCelsius() * 4 + 0.5);
		this.#registers[REGISTER_TEMPERATURE] = quarters >> 2;
		this.#registers[REGISTER_TEMPERATURE + 1] = (quarters & 3) << 6;
	}

	/** Time, latched as a transaction finds it. */
	#latch(): void {
		const latched = this.#latched;
		latched.set(this.#registers);
		const whole = Math.floor(this.#seconds);
		const day = Math.floor(whole / SECONDS_PER_DAY);
		const second = whole % SECONDS_PER_DAY;
		const { century, year, month, date } = dateOfDay(day);
		latched[0] = binaryCodedDecimal(second % 60);
		latched[1] = binaryCodedDecimal(Math.floor(second / 60) % 60);
		latched[2] = hourByte(Math.floor(second / 3600), this.#isTwelveHour);
		latched[3] = ((weekdayOfDay(day) - 1 + this.#weekdayOffset) % 7) + 1;
		latched[4] = binaryCodedDecimal(date);
		latched[5] = binaryCodedDecimal(month) | (century << 7);
		latched[6] = binaryCodedDecimal(year);
		if (day === this.#dateDay) latched.set(this.#dateBytes, 3);
		if (this.#clock.microseconds < this.#busyUntilMicroseconds) {
			latched[REGISTER_STATUS] = this.#register(REGISTER_STATUS) | STATUS_BSY;
		}
	}

	#store(index: number, byte: number): void {
		if (index === REGISTER_CONTROL) this.#storeControl(byte);
		else if (index === REGISTER_STATUS) {
			// OSF and the alarm flags can only be written to 0; BSY not at all.
			const flags = STATUS_OSF | STATUS_A2F | STATUS_A1F;
			const kept = this.#register(REGISTER_STATUS) & flags & byte;
			this.#registers[REGISTER_STATUS] = kept | (byte & STATUS_EN32KHZ);
		} else if (index <= REGISTER_AGING) this.#registers[index] = byte;
	}

	#storeControl(byte: number): void {
		const isBusy = this.#clock.microseconds < this.#busyUntilMicroseconds;
		if ((byte & CONTROL_CONV) !== 0 && !isBusy) {
			this.#busyUntilMicroseconds = this.#clock.microseconds + CONVERSION_MICROSECONDS;
		}
		this.#registers[REGISTER_CONTROL] = byte;
	}

	/** Takes the latched time registers for the time; only seconds restart the divider below them. */
	#storeTime(isDividerRestarted: boolean): void {
		const [seconds = 0, minutes = 0, hours = 0, weekday = 0] = this.#latched;
		const [date = 0, month = 0, year = 0] = this.#latched.subarray(4);
		const fraction = isDividerRestarted ? 0 : this.#seconds - Math.floor(this.#seconds);
		this.#isTwelveHour = (hours & HOUR_12) !== 0;
		const second = secondOfRegisters(seconds, minutes, hours);
		const day = dayOfRegisters(date, month, year);
		// The weekday counts by itself: setting the date does not change it.
		this.#weekdayOffset = (Math.max(0, (weekday & 7) - 1) - (weekdayOfDay(day) - 1) + 7) % 7;
		this.#seconds = (day * SECONDS_PER_DAY + second + fraction) % CYCLE_SECONDS;
		// Bits that the register map leaves empty are not there: 03 = FF reads 07.
		for (const [index, mask] of DATE_MASKS.entries()) {
			this.#dateBytes[index] = (this.#latched[3 + index] ?? 0) & mask;
		}
		this.#dateDay = Math.floor(this.#seconds / SECONDS_PER_DAY);
	}

	/** What the first power, or a loss of all power, leaves. */
	#reset(): void {
		this.#registers.fill(0);
		this.#registers[REGISTER_CONTROL] = CONTROL_RESET;
		this.#registers[REGISTER_STATUS] = STATUS_RESET;
		this.#seconds = 0;
		this.#isRunning = this.#isPowered;
		this.#isTwelveHour = false;
		// Day 1 on 1 January of year 00.
		this.#weekdayOffset = (8 - weekdayOfDay(0)) % 7;
		this.#dateDay = -1;
		this.#planAlarms();
		this.#temperatureMicroseconds = Number.NEGATIVE_INFINITY;
		this.#busyUntilMicroseconds = 0;
		this.#pointer = 0;
	}
}
