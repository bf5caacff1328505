/**
 * TI ADS1115: four inputs, a multiplexer, a gain, a 16-bit converter of its own pace. Reading too
 * early gives the last result, of whatever channel that was. Source: TI SBAS444.
 */
import { assert } from "../../src/core/errors.js";
import type { VirtualAlarm, VirtualClock } from "../board/clock.js";
import { ofLength } from "../bus/answer-bytes.js";
import type { I2CChip } from "../bus/i2c-bus.js";

const REGISTER_CONVERSION = 0;
const REGISTER_CONFIG = 1;
const REGISTER_LO_THRESH = 2;
const REGISTER_HI_THRESH = 3;
const RESET_VALUES = [0x0000, 0x8583, 0x8000, 0x7fff];

const CONFIG_OS = 0x8000;
const THRESHOLD_SIGN = 0x8000;
const CONFIG_MODE_SINGLE = 0x0100;
const CONFIG_COMP_WINDOW = 0x0010;
const CONFIG_COMP_POL_HIGH = 0x0008;
const CONFIG_COMP_LATCHING = 0x0004;
const READY_PULSE_MICROSECONDS = 8;
/** COMP_QUE: conversions in a row before the alert; 3 switches the comparator off. */
const COMPARATOR_QUEUE = [1, 2, 4];
const COMPARATOR_QUEUE_MAX = 4;
const COMPARATOR_OFF = 3;

/** MUX: positive and negative input; undefined is ground. */
const MULTIPLEXER: readonly (readonly [Pin, Pin | undefined])[] = [
	[0, 1],
	[0, 3],
	[1, 3],
	[2, 3],
	[0, undefined],
	[1, undefined],
	[2, undefined],
	[3, undefined],
];
const MULTIPLEXER_AT_RESET: readonly [Pin, Pin | undefined] = [0, 1];
/** PGA: full scale, volts. */
const FULL_SCALE_VOLTS = [6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256];
/** DR: samples per second. */
const SAMPLES_PER_SECOND = [8, 16, 32, 64, 128, 250, 475, 860];
const WAKE_MICROSECONDS = 25;
/** Protection diodes hold the inputs between -0.3 V and the supply + 0.3 V. */
const DIODE_VOLTS = 0.3;
const GENERAL_CALL_RESET = 0x06;
const MILLIAMPERES_CONVERTING = 0.15;
const MILLIAMPERES_POWER_DOWN = 0.0005;

type Pin = 0 | 1 | 2 | 3;

export interface Ads1115Options {
	clock: VirtualClock;
	/** Volts at a pin against ground now. */
	inputs: (pin: Pin) => number;
	/** 0x48..0x4B by the ADDR pin. Default 0x48. */
	address?: number;
	/** Default 3.3. */
	supplyVolts?: number;
	/** Deviation of this chip's clock, -0.1..0.1: 0.1 converts a tenth faster. Default 0. */
	clockError?: number;
	/** Added to every code: near 0 V real chips give small negative codes. Default 0. */
	offsetCodes?: number;
	onCurrent?: (milliamperes: number) => void;
}

/** What is being converted: settings of the moment of the start, and the value at that moment. */
interface Conversion {
	readonly readyMicroseconds: number;
	readonly code: number;
}

export class Ads1115 implements I2CChip {
	readonly address: number;
	readonly #clock: VirtualClock;
	readonly #inputs: (pin: Pin) => number;
	readonly #supplyVolts: number;
	readonly #clockError: number;
	readonly #offsetCodes: number;
	readonly #onCurrent: ((milliamperes: number) => void) | undefined;
	readonly #registers = new Uint16Array(RESET_VALUES);
	/** Looks at each conversion of the continuous mode for the comparator: nobody else need look. */
	readonly #alarm: VirtualAlarm;
	#isPowered = false;
	#pointer = REGISTER_CONVERSION;
	#conversion: Conversion | undefined;
	#answer: Uint8Array = new Uint8Array(2);
	/** Conversions in a row beyond the comparator's thresholds. */
	#beyondCount = 0;
	#isAlert = false;
	/** When the last conversion of the continuous mode ended. */
	#endedMicroseconds = Number.NEGATIVE_INFINITY;
	#milliamperes = 0;

	constructor(options: Ads1115Options) {
		this.address = options.address ?? 0x48;
		assert(this.address >= 0x48 && this.address <= 0x4b, "an ADS1115 answers at 0x48..0x4B");
		this.#clock = options.clock;
		this.#alarm = options.clock.createAlarm(() => this.#settle());
		this.#inputs = options.inputs;
		this.#supplyVolts = options.supplyVolts ?? 3.3;
		this.#clockError = options.clockError ?? 0;
		this.#offsetCodes = options.offsetCodes ?? 0;
		this.#onCurrent = options.onCurrent;
	}

	get isPowered(): boolean {
		return this.#isPowered;
	}

	/** Level of ALERT/RDY, open drain: true is high, which is also what a pull-up gives when off. */
	get isAlertHigh(): boolean {
		this.#settle();
		const config = this.#config;
		if ((config & COMPARATOR_OFF) === COMPARATOR_OFF) return true;
		// In continuous mode the end of each conversion is a pulse of 8 us (datasheet SBAS444, 7.3.8).
		const isReady = this.#isContinuous
			? this.#clock.microseconds - this.#endedMicroseconds < READY_PULSE_MICROSECONDS
			: this.#conversion === undefined;
		const isActive = this.#isReadyPin ? isReady : this.#isAlert;
		return isActive === ((config & CONFIG_COMP_POL_HIGH) !== 0);
	}

	setPower(isOn: boolean): void {
		if (isOn === this.#isPowered) return;
		this.#isPowered = isOn;
		this.#reset();
	}

	generalCall(command: number): void {
		if (command === GENERAL_CALL_RESET) this.#reset();
	}

	write(bytes: Uint8Array): boolean {
		this.#settle();
		const pointer = bytes[0];
		if (pointer === undefined) return true;
		this.#pointer = pointer & 3;
		const high = bytes[1];
		const low = bytes[2];
		// Half a word changes nothing.
		if (high === undefined || low === undefined) return true;
		const word = (high << 8) | low;
		if (this.#pointer === REGISTER_CONFIG) this.#configure(word);
		else if (this.#pointer !== REGISTER_CONVERSION) this.#registers[this.#pointer] = word;
		return true;
	}

	read(count: number): Uint8Array {
		this.#settle();
		const word = this.#pointer === REGISTER_CONFIG ? this.#status() : this.#register(this.#pointer);
		if (this.#pointer === REGISTER_CONVERSION && (this.#config & CONFIG_COMP_LATCHING) !== 0) {
			this.#isAlert = false;
		}
		const bytes = ofLength(this.#answer, count);
		this.#answer = bytes;
		// Beyond the word nobody drives the line.
		if (count > 2) bytes.fill(0xff);
		bytes[0] = word >> 8;
		if (count > 1) bytes[1] = word & 0xff;
		return bytes;
	}

	get #config(): number {
		return this.#register(REGISTER_CONFIG);
	}

	get #isContinuous(): boolean {
		return (this.#config & CONFIG_MODE_SINGLE) === 0;
	}

	/** Thresholds whose signs are swapped turn the alert into "conversion ready". */
	get #isReadyPin(): boolean {
		const high = this.#register(REGISTER_HI_THRESH);
		return (
			(high & THRESHOLD_SIGN) !== 0 && (this.#register(REGISTER_LO_THRESH) & THRESHOLD_SIGN) === 0
		);
	}

	#register(index: number): number {
		return this.#registers[index] ?? 0;
	}

	/** The config register as it reads: OS is 1 while idle; in continuous mode it stays 0. */
	#status(): number {
		const isIdle = this.#conversion === undefined && !this.#isContinuous;
		return isIdle ? this.#config | CONFIG_OS : this.#config & ~CONFIG_OS;
	}

	#configure(word: number): void {
		const isStarting = (word & CONFIG_MODE_SINGLE) === 0 || (word & CONFIG_OS) !== 0;
		this.#registers[REGISTER_CONFIG] = word;
		// A conversion under way ends with the settings that it began with.
		if (isStarting && this.#conversion === undefined) {
			this.#start(this.#clock.microseconds + WAKE_MICROSECONDS);
		}
		this.#watch();
		this.#reportCurrent();
	}

	#start(microseconds: number): void {
		const readyMicroseconds = microseconds + this.#periodMicroseconds();
		this.#conversion = { readyMicroseconds, code: this.#sample() };
	}

	#periodMicroseconds(): number {
		const rate = SAMPLES_PER_SECOND[(this.#config >> 5) & 7] ?? 128;
		return 1e6 / (rate * (1 + this.#clockError));
	}

	/** The code of the selected input: clipped by the diodes, then by the gain. */
	#sample(): number {
		const config = this.#config;
		const input = MULTIPLEXER[(config >> 12) & 7] ?? MULTIPLEXER_AT_RESET;
		const negative = input[1];
		const volts = this.#voltsAt(input[0]) - (negative === undefined ? 0 : this.#voltsAt(negative));
		const fullScale = FULL_SCALE_VOLTS[(config >> 9) & 7] ?? 2.048;
		const code = Math.round((volts / fullScale) * 32768) + this.#offsetCodes;
		return Math.min(0x7fff, Math.max(-0x8000, code));
	}

	#voltsAt(pin: Pin): number {
		return Math.min(this.#supplyVolts + DIODE_VOLTS, Math.max(-DIODE_VOLTS, this.#inputs(pin)));
	}

	/** Brings conversions up to the present. */
	#settle(): void {
		const now = this.#clock.microseconds;
		const conversion = this.#conversion;
		if (conversion === undefined || now < conversion.readyMicroseconds) return;
		this.#finish(conversion.code);
		this.#conversion = undefined;
		if (this.#isContinuous) {
			// Those that nobody looked at gave what the last that ended gave; the comparator counts to four.
			const period = this.#periodMicroseconds();
			const missed = Math.floor((now - conversion.readyMicroseconds) / period);
			const counted = Math.min(missed, COMPARATOR_QUEUE_MAX);
			for (let count = 0; count < counted; count++) this.#finish(this.#sample());
			this.#endedMicroseconds = conversion.readyMicroseconds + missed * period;
			this.#start(this.#endedMicroseconds);
			this.#watch();
		}
		this.#reportCurrent();
	}

	/** Arms the alarm for the end of the running conversion while the comparator is on. */
	#watch(): void {
		const isOn = this.#isContinuous && (this.#config & COMPARATOR_OFF) !== COMPARATOR_OFF;
		if (!isOn || this.#conversion === undefined) this.#alarm.cancel();
		else {
			const left = this.#conversion.readyMicroseconds - this.#clock.microseconds;
			this.#alarm.scheduleMicroseconds(Math.max(left, 0));
		}
	}

	#finish(code: number): void {
		this.#registers[REGISTER_CONVERSION] = code & 0xffff;
		const config = this.#config;
		const queue = COMPARATOR_QUEUE[config & COMPARATOR_OFF];
		if (queue === undefined) return;
		const high = signed(this.#register(REGISTER_HI_THRESH));
		const low = signed(this.#register(REGISTER_LO_THRESH));
		const isWindow = (config & CONFIG_COMP_WINDOW) !== 0;
		const isBeyond = code > high || (isWindow && code < low);
		this.#beyondCount = isBeyond ? this.#beyondCount + 1 : 0;
		if (this.#beyondCount >= queue) this.#isAlert = true;
		else if ((config & CONFIG_COMP_LATCHING) === 0) {
			// Traditional: a hysteresis down to the low threshold.
			if (isWindow ? !isBeyond : code < low) this.#isAlert = false;
		}
	}

	#reset(): void {
		this.#registers.set(RESET_VALUES);
		this.#pointer = REGISTER_CONVERSION;
		this.#conversion = undefined;
		this.#beyondCount = 0;
		this.#isAlert = false;
		this.#endedMicroseconds = Number.NEGATIVE_INFINITY;
		this.#alarm.cancel();
		this.#reportCurrent();
	}

	#reportCurrent(): void {
		if (this.#onCurrent === undefined) return;
		const isConverting = this.#conversion !== undefined;
		const powered = isConverting ? MILLIAMPERES_CONVERTING : MILLIAMPERES_POWER_DOWN;
		const milliamperes = this.#isPowered ? powered : 0;
		if (milliamperes === this.#milliamperes) return;
		this.#milliamperes = milliamperes;
		this.#onCurrent(milliamperes);
	}
}

function signed(word: number): number {
	return word & 0x8000 ? word - 0x10000 : word;
}
