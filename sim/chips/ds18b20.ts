/**
 * DS18B20: digital thermometer on 1-Wire. After power-on its scratchpad holds 85 degC with a valid
 * check, and a conversion that ran out of power leaves that there. Source: DS18B20 datasheet.
 */
import { crc8Of } from "../../drivers/one-wire.js";
import { assert } from "../../src/core/errors.js";
import type { VirtualClock } from "../board/clock.js";
import type { OneWireChip } from "../bus/one-wire-bus.js";

const FAMILY = 0x28;
/** Bytes 5 to 7 of the scratchpad; 6 and 7 are COUNT REMAIN and COUNT PER C of the DS18S20. */
const COUNT_PER_DEGREE = 0x10;
const RESERVED_AT_POWER_ON = Object.freeze([0xff, 0x0c, COUNT_PER_DEGREE]);
const STEPS_MASK = 0x0f;
/** R1 and R0 of the configuration; its other bits read 0 and ones. */
const RESOLUTION_MASK = 0x60;
const RESOLUTION_ONES = 0x1f;
const ROM_BITS = 64;
const ROM_COMMANDS = Object.freeze({
	search: 0xf0,
	read: 0x33,
	match: 0x55,
	skip: 0xcc,
	alarmSearch: 0xec,
});
const COMMANDS = Object.freeze({
	convert: 0x44,
	write: 0x4e,
	read: 0xbe,
	copy: 0x48,
	recall: 0xb8,
	powerSupply: 0xb4,
});
const STEPS_PER_CELSIUS = 16;
const CELSIUS_MIN = -55;
const CELSIUS_MAX = 125;
const POWER_ON_CELSIUS = 85;
/** What a clone's RAM lives on without power. */
const KEPT_MICROSECONDS = 100_000;
/** TH, TL, configuration of 12 bits. */
const EEPROM_FACTORY = [0x4b, 0x46, 0x7f];
const CONVERSION_MICROSECONDS_12_BITS = 750_000;

export interface Ds18b20Options {
	clock: VirtualClock;
	/** Temperature of the sensor, degC. */
	quantity: () => number;
	/** Six bytes, least significant first, as in the ROM. */
	serial?: readonly number[];
	/** Two wires only: nothing feeds a conversion, which leaves 85 degC. Default false. */
	isStarved?: boolean;
	/** What the scratchpad shows at power-on; genuine parts 85, clones also 25. */
	powerOnCelsius?: number;
	/** A clone that keeps scratchpad and alarm flag over a short loss of power, and in a conversion that starves. */
	keepsScratchpad?: boolean;
	/** A clone that has no alarm search. */
	isDeafToAlarmSearch?: boolean;
}

type State =
	/** Nothing to say until the next reset. */
	| { readonly kind: "idle" }
	/** Collects the bits of a command. */
	| { readonly kind: "rom command" | "command"; bits: number; value: number }
	| { readonly kind: "match"; bits: number; isEqual: boolean }
	/** Phase 0: bit, 1: its complement, 2: the master's choice. */
	| { readonly kind: "search"; bits: number; phase: 0 | 1 | 2 }
	| { readonly kind: "sending"; bits: number; readonly bytes: Uint8Array }
	| { readonly kind: "taking"; bits: number; readonly bytes: Uint8Array }
	/** Zeros until done, then ones. */
	| { readonly kind: "busy"; readonly untilMicroseconds: number };

export class Ds18b20 implements OneWireChip {
	/** Family, serial, check: eight bytes. */
	readonly rom: Uint8Array;
	readonly #clock: VirtualClock;
	readonly #quantity: () => number;
	readonly #isStarved: boolean;
	readonly #powerOnSteps: number;
	readonly #keepsScratchpad: boolean;
	readonly #isDeafToAlarmSearch: boolean;
	readonly #isClone: boolean;
	#lostMicroseconds = Number.NEGATIVE_INFINITY;
	/** Survives the loss of power. */
	readonly #eeprom = new Uint8Array(EEPROM_FACTORY);
	readonly #scratchpad = new Uint8Array(9);
	#isPowered = false;
	#state: State = { kind: "idle" };
	/** Of the last conversion; what is in the scratchpad at power-on is none. */
	#isAlarming = false;
	#conversion: { readonly readyMicroseconds: number; readonly steps: number } | undefined;

	constructor(options: Ds18b20Options) {
		this.#clock = options.clock;
		this.#quantity = options.quantity;
		this.#isStarved = options.isStarved ?? false;
		this.#powerOnSteps = (options.powerOnCelsius ?? POWER_ON_CELSIUS) * STEPS_PER_CELSIUS;
		this.#keepsScratchpad = options.keepsScratchpad ?? false;
		this.#isDeafToAlarmSearch = options.isDeafToAlarmSearch ?? false;
		this.#isClone =
			options.powerOnCelsius !== undefined || this.#keepsScratchpad || this.#isDeafToAlarmSearch;
		const serial = options.serial ?? [0x01, 0x02, 0x03, 0x04, 0x05, 0x06];
		assert(serial.length === 6, "a serial number has six bytes");
		this.rom = new Uint8Array([FAMILY, ...serial, 0]);
		this.rom[7] = crc8Of(this.rom.subarray(0, 7));
	}

	get isPowered(): boolean {
		return this.#isPowered;
	}

	setPower(isOn: boolean): void {
		const now = this.#clock.microseconds;
		const isKept = this.#keepsScratchpad && now - this.#lostMicroseconds < KEPT_MICROSECONDS;
		if (!isOn && this.#isPowered) this.#lostMicroseconds = now;
		this.#isPowered = isOn;
		this.#state = { kind: "idle" };
		this.#conversion = undefined;
		if (isKept || (this.#keepsScratchpad && !isOn)) return;
		this.#isAlarming = false;
		this.#scratchpad.fill(0);
		this.#scratchpad.set(RESERVED_AT_POWER_ON, 5);
		this.#scratchpad.set(this.#eeprom, 2);
		this.#setTemperature(this.#powerOnSteps);
	}

	reset(): boolean {
		this.#settle();
		this.#state = { kind: "rom command", bits: 0, value: 0 };
		return true;
	}

	writeBit(bit: 0 | 1): void {
		this.#settle();
		const state = this.#state;
		switch (state.kind) {
			case "rom command":
			case "command":
				state.value |= bit << state.bits++;
				if (state.bits < 8) return;
				this.#state = { kind: "idle" };
				if (state.kind === "command") this.#execute(state.value);
				else this.#select(state.value);
				return;
			case "match":
				if (bit !== this.#romBit(state.bits++)) state.isEqual = false;
				if (state.bits < ROM_BITS) return;
				this.#state = state.isEqual ? newCommand() : { kind: "idle" };
				return;
			case "search":
				this.#choose(state, bit);
				return;
			case "taking":
				state.bytes[state.bits >> 3]! |= bit << (state.bits & 7);
				state.bits++;
				if (state.bits < 8 * state.bytes.length) return;
				this.#take(state.bytes);
				this.#state = { kind: "idle" };
				return;
			case "idle":
			case "sending":
			case "busy":
		}
	}

	readBit(): 0 | 1 {
		this.#settle();
		const state = this.#state;
		switch (state.kind) {
			case "sending": {
				const byte = state.bytes[state.bits >> 3] ?? 0xff;
				return ((byte >> (state.bits++ & 7)) & 1) as 0 | 1;
			}
			case "search": {
				const bit = this.#romBit(state.bits);
				if (state.phase === 2) return 1;
				const isComplement = state.phase === 1;
				state.phase = isComplement ? 2 : 1;
				return isComplement ? ((bit ^ 1) as 0 | 1) : bit;
			}
			case "busy":
				return this.#clock.microseconds < state.untilMicroseconds ? 0 : 1;
			case "idle":
			case "rom command":
			case "command":
			case "match":
			case "taking":
				return 1;
		}
	}

	/** Bits of resolution: 9..12. */
	get #resolution(): number {
		return 9 + ((this.#scratchpad[4]! >> 5) & 3);
	}

	#select(command: number): void {
		switch (command) {
			case ROM_COMMANDS.skip:
				this.#state = newCommand();
				return;
			case ROM_COMMANDS.match:
				this.#state = { kind: "match", bits: 0, isEqual: true };
				return;
			case ROM_COMMANDS.read:
				this.#state = { kind: "sending", bits: 0, bytes: this.rom };
				return;
			case ROM_COMMANDS.alarmSearch:
				if (this.#isAlarming && !this.#isDeafToAlarmSearch)
					this.#state = { kind: "search", bits: 0, phase: 0 };
				return;
			case ROM_COMMANDS.search:
				this.#state = { kind: "search", bits: 0, phase: 0 };
				return;
			default:
		}
	}

	#choose(state: Extract<State, { kind: "search" }>, bit: 0 | 1): void {
		if (state.phase !== 2 || bit !== this.#romBit(state.bits)) {
			this.#state = { kind: "idle" };
			return;
		}
		state.phase = 0;
		state.bits++;
		if (state.bits === ROM_BITS) this.#state = newCommand();
	}

	#execute(command: number): void {
		switch (command) {
			case COMMANDS.convert:
				this.#convert();
				return;
			case COMMANDS.read:
				this.#scratchpad[8] = crc8Of(this.#scratchpad.subarray(0, 8));
				this.#state = { kind: "sending", bits: 0, bytes: this.#scratchpad.slice() };
				return;
			case COMMANDS.write:
				this.#state = { kind: "taking", bits: 0, bytes: new Uint8Array(3) };
				return;
			case COMMANDS.copy:
				this.#eeprom.set(this.#scratchpad.subarray(2, 5));
				return;
			case COMMANDS.recall:
				this.#scratchpad.set(this.#eeprom, 2);
				return;
			case COMMANDS.powerSupply:
				this.#state = { kind: "sending", bits: 0, bytes: this.#isStarved ? PARASITE : EXTERNAL };
				return;
			default:
		}
	}

	#convert(): void {
		const duration = CONVERSION_MICROSECONDS_12_BITS >> (12 - this.#resolution);
		const readyMicroseconds = this.#clock.microseconds + duration;
		const celsius = Math.min(CELSIUS_MAX, Math.max(CELSIUS_MIN, this.#quantity()));
		// Bits below the resolution are zero here; the datasheet leaves them undefined.
		const unused = (1 << (12 - this.#resolution)) - 1;
		const steps = Math.floor(celsius * STEPS_PER_CELSIUS + 0.5) & ~unused;
		if (this.#isStarved) {
			if (this.#keepsScratchpad) this.#state = { kind: "idle" };
			else this.setPower(true);
			return;
		}
		this.#conversion = { readyMicroseconds, steps };
		this.#state = { kind: "busy", untilMicroseconds: readyMicroseconds };
	}

	#settle(): void {
		const conversion = this.#conversion;
		if (conversion === undefined || this.#clock.microseconds < conversion.readyMicroseconds) return;
		this.#conversion = undefined;
		this.#setTemperature(conversion.steps);
		this.#isAlarming = this.#isBeyondLimits();
		// Genuine parts count here what is left of the last step.
		if (!this.#isClone) this.#scratchpad[6] = COUNT_PER_DEGREE - (conversion.steps & STEPS_MASK);
	}

	#setTemperature(steps: number): void {
		this.#scratchpad[0] = steps & 0xff;
		this.#scratchpad[1] = (steps >> 8) & 0xff;
	}

	#take(bytes: Uint8Array): void {
		this.#scratchpad.set(bytes, 2);
		// Only the two bits of resolution can be written.
		this.#scratchpad[4] = (this.#scratchpad[4]! & RESOLUTION_MASK) | RESOLUTION_ONES;
	}

	#isBeyondLimits(): boolean {
		const whole = ((this.#scratchpad[1]! << 8) | this.#scratchpad[0]!) << 16;
		const celsius = whole >> 20;
		return (
			celsius >= signedByte(this.#scratchpad[2]!) || celsius <= signedByte(this.#scratchpad[3]!)
		);
	}

	#romBit(index: number): 0 | 1 {
		return ((this.rom[index >> 3]! >> (index & 7)) & 1) as 0 | 1;
	}
}

const PARASITE = new Uint8Array([0x00]);
const EXTERNAL = new Uint8Array([0xff]);

function newCommand(): State {
	return { kind: "command", bits: 0, value: 0 };
}

function signedByte(byte: number): number {
	return (byte << 24) >> 24;
}
