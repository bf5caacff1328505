/**
 * Maxim DS18B20, digital thermometer alone on a 1-Wire bus: class Temperature of ECMA-419. +-0.5
 * degC from -10 to 85. Source: DS18B20 datasheet, memory map and function commands.
 */
import { StationError } from "../src/core/errors.js";
import type { Sensor, TemperatureSample } from "../src/firmware/measure/sensor.js";
import type { OneWire, OneWireConnection } from "../src/firmware/ports.js";
import { crc8Of } from "./one-wire.js";

const COMMANDS = Object.freeze({
	readRom: 0x33,
	skipRom: 0xcc,
	write: 0x4e,
	convert: 0x44,
	read: 0xbe,
	alarmSearch: 0xec,
});
const FAMILY = 0x28;
const FAMILY_FOUND = 0xfe;
const ROM_BYTES = 8;
const SCRATCHPAD_BYTES = 9;
/** 12 bits: 750 ms at most. */
const CONVERSION_MILLISECONDS = 750;
const CELSIUS_PER_STEP = 0.0625;
/** Configuration register: 12 bits. */
const RESOLUTION = 0x7f;
/** Marks of the alarm registers, 64 in turn: TH of -128 to -65 degC, at which every conversion is an alarm. */
const MARK = 0x80;
const MARK_MASK = 0x3f;
const CELSIUS_MIN = -55;
const CELSIUS_MAX = 125;

/**
 * `begin` and `sample` throw StationError `probe-absent`, `probe-malformed`, `probe-out-of-range`.
 */
export default class DS18B20 implements Sensor<TemperatureSample> {
	readonly warmUpMilliseconds = 10;
	readonly pollMilliseconds = 50;
	readonly #io: OneWire;
	#uniqueId: string | undefined;
	/** In the alarm registers while a conversion runs; another one for each. */
	#mark = 0;
	/** What it showed when its life began, steps, while no conversion of this life is proved. */
	#unprovedSteps: number | undefined;

	constructor(options: { readonly sensor: OneWireConnection }) {
		const { io, pin } = options.sensor;
		this.#io = new io({ pin });
	}

	/** Nothing to configure: 12 bits, degrees Celsius. */
	configure(_options: object): void {}

	get configuration(): { readonly units: string } {
		return { units: "degC" };
	}

	/** `uniqueID`: the part's ROM in hexadecimal, family first; known after the first `begin`. */
	get identification(): { model: string; classification: string; uniqueID: string | undefined } {
		return { model: "DS18B20", classification: "Temperature", uniqueID: this.#uniqueId };
	}

	get identity(): string | undefined {
		return this.#uniqueId === undefined ? undefined : `DS18B20 ${this.#uniqueId}`;
	}

	begin(): number {
		if (this.#uniqueId === undefined) this.#uniqueId = this.#identify();
		// A part that loses power in between comes back with a temperature that it never measured and a valid
		// CRC: 85 degC, of clones also 25 or others. It comes back with its alarm registers out of EEPROM, too,
		// so a mark in these says whether it is still the same life. Written to RAM only: no wear. The first life
		// that is met here may be an old one.
		const before = this.#scratchpad();
		if (this.#mark === 0 || !this.#isMarked(before)) this.#unprovedSteps = stepsOf(before);
		this.#mark = MARK | ((this.#mark + 1) & MARK_MASK);
		this.#reset();
		this.#io.write(
			new Uint8Array([
				COMMANDS.skipRom,
				COMMANDS.write,
				this.#mark,
				~this.#mark & 0xff,
				RESOLUTION,
			]),
		);
		// A part that converts reads zeros. Ones: it did not hear, and would keep an older temperature under the
		// new mark; or it is a clone that cannot tell, which does not mind to be told twice.
		for (let turn = 0; turn < 2; turn++) {
			this.#reset();
			this.#io.write(new Uint8Array([COMMANDS.skipRom, COMMANDS.convert]));
			if (new Uint8Array(this.#io.read(1))[0] === 0) break;
		}
		return CONVERSION_MILLISECONDS;
	}

	sample(): TemperatureSample | undefined {
		const scratchpad = this.#scratchpad();
		if (!this.#isMarked(scratchpad)) {
			throw new StationError("probe-malformed", "the DS18B20 lost power before it converted");
		}
		const steps = stepsOf(scratchpad);
		// A clone may keep its scratchpad, with the mark, over a short loss of power that ends its conversion. What
		// it showed before is measured where the part says that a conversion was an alarm: at power-on none was.
		if (steps === this.#unprovedSteps && !this.#hasAlarm()) {
			throw new StationError(
				"probe-malformed",
				"the DS18B20 shows what it did before it converted",
			);
		}
		this.#unprovedSteps = undefined;
		const celsius = steps * CELSIUS_PER_STEP;
		if (celsius < CELSIUS_MIN || celsius > CELSIUS_MAX) {
			throw new StationError("probe-out-of-range", `the DS18B20 read ${celsius} degC`);
		}
		return { thermometer: { temperature: celsius } };
	}

	close(): void {
		this.#io.close();
	}

	#scratchpad(): Uint8Array {
		this.#reset();
		this.#io.write(new Uint8Array([COMMANDS.skipRom, COMMANDS.read]));
		const scratchpad = new Uint8Array(this.#io.read(SCRATCHPAD_BYTES));
		checkBytes(scratchpad, "scratchpad");
		return scratchpad;
	}

	#isMarked([, , alarmHigh, alarmLow]: Uint8Array): boolean {
		return alarmHigh === this.#mark && alarmLow === (~this.#mark & 0xff);
	}

	/** Alone and of this family: the first bit 0, its complement 1, then nobody: the next slot asks for a 1. A failed read is zeros. */
	#hasAlarm(): boolean {
		this.#reset();
		this.#io.write(new Uint8Array([COMMANDS.alarmSearch]));
		return new Uint8Array(this.#io.read(1))[0] === FAMILY_FOUND;
	}

	#reset(): void {
		if (this.#io.reset()) return;
		throw new StationError("probe-absent", "no DS18B20 answers on its wire");
	}

	#identify(): string {
		this.#reset();
		this.#io.write(new Uint8Array([COMMANDS.readRom]));
		const rom = new Uint8Array(this.#io.read(ROM_BYTES));
		checkBytes(rom, "ROM");
		if (rom[0] !== FAMILY) {
			throw new StationError("probe-malformed", `a 1-Wire part of family ${rom[0]} is no DS18B20`);
		}
		let text = "";
		for (const byte of rom) text += (byte < 16 ? "0" : "") + byte.toString(16);
		return text;
	}
}

/** Sixteenths of a degree; bits below the resolution are undefined. */
function stepsOf([low = 0, high = 0, , , configuration = 0]: Uint8Array): number {
	const unusedBits = 3 - ((configuration >> 5) & 3);
	return (((high << 24) >> 16) | low) & ~((1 << unusedBits) - 1);
}

/** The CRC of nothing but zeros is zero: a wire shorted to ground looks like a valid 0 degC. */
function checkBytes(bytes: Uint8Array, what: string): void {
	if (bytes.every((byte) => byte === 0)) {
		throw new StationError("probe-malformed", "the DS18B20's wire is shorted to ground");
	}
	if (bytes.every((byte) => byte === 0xff)) {
		throw new StationError("probe-absent", "no DS18B20 answers on its wire");
	}
	if (crc8Of(bytes) !== 0) {
		throw new StationError("probe-malformed", `the DS18B20's ${what} fails its CRC`);
	}
}
