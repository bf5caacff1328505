/**
 * TI INA226: voltage of a bus and of a shunt in it, averaged; current and power by a calibration
 * that every brown-out forgets. Source: TI SBOS547.
 */
import { assert } from "../../src/core/errors.js";
import type { VirtualAlarm, VirtualClock } from "../board/clock.js";
import { ofLength } from "../bus/answer-bytes.js";
import type { I2CChip } from "../bus/i2c-bus.js";

const REGISTERS = Object.freeze({
	config: 0,
	shunt: 1,
	bus: 2,
	power: 3,
	current: 4,
	calibration: 5,
	mask: 6,
	limit: 7,
	maker: 0xfe,
	die: 0xff,
});
const CONFIG_POWER_ON = 0x4127;
const CONFIG_RESET = 0x8000;
/** Bits 14 to 12 read 100. */
const CONFIG_WRITABLE = 0x0fff;
const CONFIG_ONES = 0x4000;
const MAKER_ID = 0x5449;
const DIE_ID = 0x2260;
const MASK_FLAGS = Object.freeze({ AFF: 0x0010, CVRF: 0x0008, OVF: 0x0004 });
/** What of Mask/Enable can be written: six functions, polarity, latch. */
const MASK_WRITABLE = 0xfc03;
const MASK_LATCHING = 0x0001;
/** Any of ALERTS. */
const MASK_FUNCTIONS = 0xf800;
const CALIBRATION_MASK = 0x7fff;
/** Functions of ALERT; the highest bit that is set counts. */
const ALERTS = Object.freeze({
	shuntOver: 0x8000,
	shuntUnder: 0x4000,
	busOver: 0x2000,
	busUnder: 0x1000,
	powerOver: 0x0800,
});

const AVERAGES = [1, 4, 16, 64, 128, 256, 512, 1024];
const CONVERSION_MICROSECONDS = [140, 204, 332, 588, 1100, 2116, 4156, 8244];
const BUS_VOLTS_PER_STEP = 0.001_25;
const SHUNT_VOLTS_PER_STEP = 0.000_002_5;
/** The converter ends at 36 V although the register would continue to 40.96 V. */
const BUS_VOLTS_MAX = 36;
const MILLIAMPERES_ACTIVE = 0.33;
const MILLIAMPERES_POWER_DOWN = 0.0005;

export interface Ina226Options {
	clock: VirtualClock;
	/** 0x40..0x4F by two pins. Default 0x40. */
	address?: number;
	/** Volts of the bus now. */
	busVolts: () => number;
	/** Volts over the shunt now: current times resistance, negative while charging. */
	shuntVolts: () => number;
	/** Deviation of this chip's clock, -0.1..0.1. Default 0. */
	clockError?: number;
	onCurrent?: (milliamperes: number) => void;
}

export class Ina226 implements I2CChip {
	readonly address: number;
	readonly #options: Ina226Options;
	readonly #registers = new Uint16Array(8);
	/** Looks at each conversion for the alert: nobody else need look. */
	readonly #alarm: VirtualAlarm;
	#isPowered = false;
	#pointer = 0;
	#answer: Uint8Array = new Uint8Array(2);
	#readyMicroseconds: number | undefined;
	#milliamperes = 0;

	constructor(options: Ina226Options) {
		this.address = options.address ?? 0x40;
		assert(this.address >= 0x40 && this.address <= 0x4f, "an INA226 answers at 0x40..0x4F");
		this.#options = options;
		this.#alarm = options.clock.createAlarm(() => this.#settle());
	}

	get isPowered(): boolean {
		return this.#isPowered;
	}

	setPower(isOn: boolean): void {
		if (isOn === this.#isPowered) return;
		this.#isPowered = isOn;
		this.#reset();
	}

	write(bytes: Uint8Array): boolean {
		this.#settle();
		const [pointer, high, low] = bytes;
		if (pointer === undefined) return true;
		this.#pointer = pointer;
		if (high === undefined || low === undefined) return true;
		const word = (high << 8) | low;
		if (pointer === REGISTERS.config) this.#configure(word);
		else if (pointer === REGISTERS.calibration)
			this.#set(REGISTERS.calibration, word & CALIBRATION_MASK);
		else if (pointer === REGISTERS.limit) this.#set(REGISTERS.limit, word);
		else if (pointer === REGISTERS.mask) {
			const flags = this.#get(REGISTERS.mask) & ~MASK_WRITABLE;
			this.#set(REGISTERS.mask, flags | (word & MASK_WRITABLE));
			this.#watch();
		}
		return true;
	}

	read(count: number): Uint8Array {
		this.#settle();
		const word = this.#get(this.#pointer);
		if (this.#pointer === REGISTERS.mask) {
			// Reading takes the flag of the conversion, and that of an alert where it is latched: in transparent
			// mode a conversion within the limits takes it (datasheet SBOS547, 7.1.7).
			const latched = (word & MASK_LATCHING) === 0 ? 0 : MASK_FLAGS.AFF;
			this.#set(REGISTERS.mask, word & ~(MASK_FLAGS.CVRF | latched));
		}
		const bytes = ofLength(this.#answer, count).fill(0xff);
		this.#answer = bytes;
		bytes[0] = word >> 8;
		if (count > 1) bytes[1] = word & 0xff;
		return bytes;
	}

	#get(register: number): number {
		if (register === REGISTERS.maker) return MAKER_ID;
		if (register === REGISTERS.die) return DIE_ID;
		return this.#registers[register] ?? 0;
	}

	#set(register: number, word: number): void {
		this.#registers[register] = word;
	}

	get #mode(): number {
		return this.#get(REGISTERS.config) & 7;
	}

	#configure(word: number): void {
		if ((word & CONFIG_RESET) !== 0) {
			this.#reset();
			return;
		}
		this.#set(REGISTERS.config, (word & CONFIG_WRITABLE) | CONFIG_ONES);
		this.#readyMicroseconds = undefined;
		if ((word & 3) !== 0) {
			this.#set(REGISTERS.mask, this.#get(REGISTERS.mask) & ~MASK_FLAGS.CVRF);
			this.#start(this.#options.clock.microseconds);
		}
		this.#watch();
		this.#reportCurrent();
	}

	#start(microseconds: number): void {
		this.#readyMicroseconds = microseconds + this.#periodMicroseconds();
	}

	/** Arms the alarm for the end of the running conversion while an alert has a function. */
	#watch(): void {
		const ready = this.#readyMicroseconds;
		if (ready === undefined || (this.#get(REGISTERS.mask) & MASK_FUNCTIONS) === 0) {
			this.#alarm.cancel();
		} else {
			this.#alarm.scheduleMicroseconds(Math.max(ready - this.#options.clock.microseconds, 0));
		}
	}

	#periodMicroseconds(): number {
		const config = this.#get(REGISTERS.config);
		const busTime = CONVERSION_MICROSECONDS[(config >> 6) & 7] ?? 0;
		const shuntTime = CONVERSION_MICROSECONDS[(config >> 3) & 7] ?? 0;
		const both = (config & 2 ? busTime : 0) + (config & 1 ? shuntTime : 0);
		const average = AVERAGES[(config >> 9) & 7] ?? 1;
		return (both * average) / (1 + (this.#options.clockError ?? 0));
	}

	#settle(): void {
		const now = this.#options.clock.microseconds;
		const ready = this.#readyMicroseconds;
		if (ready === undefined || now < ready) return;
		this.#convert();
		this.#readyMicroseconds = undefined;
		if ((this.#mode & 4) !== 0) {
			const period = this.#periodMicroseconds();
			this.#start(ready + Math.floor((now - ready) / period) * period);
			this.#watch();
		}
		this.#reportCurrent();
	}

	#convert(): void {
		const { busVolts, shuntVolts } = this.#options;
		const mode = this.#mode;
		if (mode & 1) {
			const steps = Math.round(shuntVolts() / SHUNT_VOLTS_PER_STEP);
			this.#set(REGISTERS.shunt, Math.min(0x7fff, Math.max(-0x8000, steps)) & 0xffff);
		}
		if (mode & 2) {
			const volts = Math.min(BUS_VOLTS_MAX, Math.max(0, busVolts()));
			this.#set(REGISTERS.bus, Math.round(volts / BUS_VOLTS_PER_STEP));
		}
		const shunt = signed(this.#get(REGISTERS.shunt));
		const current = Math.trunc((shunt * this.#get(REGISTERS.calibration)) / 2048);
		const power = Math.trunc((Math.abs(current) * this.#get(REGISTERS.bus)) / 20_000);
		this.#set(REGISTERS.current, current & 0xffff);
		this.#set(REGISTERS.power, Math.min(power, 0xffff));
		const isOverflow = Math.abs(current) > 0x7fff || power > 0xffff;
		this.#raise(isOverflow ? MASK_FLAGS.OVF : 0);
	}

	#raise(overflow: number): void {
		const mask = this.#get(REGISTERS.mask);
		const isLatching = (mask & MASK_LATCHING) !== 0;
		const kept = mask & ~(MASK_FLAGS.OVF | (isLatching ? 0 : MASK_FLAGS.AFF));
		const alert = this.#isBeyondLimit(mask) ? MASK_FLAGS.AFF : 0;
		this.#set(REGISTERS.mask, kept | MASK_FLAGS.CVRF | overflow | alert);
	}

	#isBeyondLimit(mask: number): boolean {
		const limit = this.#get(REGISTERS.limit);
		const shunt = signed(this.#get(REGISTERS.shunt));
		if (mask & ALERTS.shuntOver) return shunt > signed(limit);
		if (mask & ALERTS.shuntUnder) return shunt < signed(limit);
		if (mask & ALERTS.busOver) return this.#get(REGISTERS.bus) > limit;
		if (mask & ALERTS.busUnder) return this.#get(REGISTERS.bus) < limit;
		return (mask & ALERTS.powerOver) !== 0 && this.#get(REGISTERS.power) > limit;
	}

	#reset(): void {
		this.#registers.fill(0);
		this.#pointer = 0;
		this.#readyMicroseconds = undefined;
		if (this.#isPowered) {
			this.#set(REGISTERS.config, CONFIG_POWER_ON);
			this.#start(this.#options.clock.microseconds);
		}
		this.#watch();
		this.#reportCurrent();
	}

	#reportCurrent(): void {
		const isActive = this.#readyMicroseconds !== undefined;
		const powered = isActive ? MILLIAMPERES_ACTIVE : MILLIAMPERES_POWER_DOWN;
		const milliamperes = this.#isPowered ? powered : 0;
		if (milliamperes === this.#milliamperes) return;
		this.#milliamperes = milliamperes;
		this.#options.onCurrent?.(milliamperes);
	}
}

function signed(word: number): number {
	return word & 0x8000 ? word - 0x10000 : word;
}
