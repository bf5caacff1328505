/**
 * TI INA226, bus voltage and shunt current of the battery. Current is computed from the shunt's
 * voltage: the part's own current register reads 0 after every brown-out, until its calibration is
 * written again.
 */
import { StationError } from "../src/core/errors.js";
import type { BatterySample, Sensor } from "../src/firmware/measure/sensor.js";
import type { I2CConnection } from "../src/firmware/ports.js";
import { I2CPeer } from "./i2c-peer.js";

const ADDRESS = 0x40;
const BUS_HERTZ = 400_000;
const REGISTERS = Object.freeze({
	config: 0x00,
	shunt: 0x01,
	bus: 0x02,
	mask: 0x06,
	maker: 0xfe,
	die: 0xff,
});
/** Maker and die without its revision: TI's, and Silergy's SQ52201 and the like, which are sold in its place and work the same. */
const IDENTITIES: readonly number[] = Object.freeze([0x5449_2260, 0x190f_0000]);
/** The lowest four bits of the die's register are its revision. */
const DIE_MASK = 0xfff0;
/** 16 averages of 1.1 ms each, shunt and bus once, then power-down; bit 14 reads as one. */
const CONFIG_ONCE = 0x4523;
/** Mask/Enable: a conversion has ended since this register was last read. */
const MASK_CVRF = 0x0008;
/** 16 x (1.1 + 1.1) ms = 35.2, and 10 % for the part's clock. */
const CONVERSION_MILLISECONDS = 39;
const POLLS_MAX = 50;
const VOLTS_PER_STEP = 0.001_25;
const SHUNT_VOLTS_PER_STEP = 0.000_002_5;
/** The bus register counts to 40.96 V; the part measures to 36 V. */
const BUS_VOLTS_MAX = 36;

export interface INA226Options {
	readonly sensor: I2CConnection;
	/** Shunt, ohms. */
	readonly shuntOhms: number;
}

/**
 * `begin` and `sample` throw StationError `bus-failed`, `adc-timeout`, `probe-malformed`,
 * `probe-out-of-range`.
 */
export default class INA226 implements Sensor<BatterySample> {
	readonly warmUpMilliseconds = 1;
	readonly pollMilliseconds = 5;
	readonly #peer: I2CPeer;
	readonly #shuntOhms: number;
	readonly #pointer = new Uint8Array(1);
	readonly #word = new Uint8Array(2);
	#isIdentified = false;
	#pollsLeft = 0;

	/** Reserves the address; the part is first spoken to by `begin`. */
	constructor(options: INA226Options) {
		this.#shuntOhms = options.shuntOhms;
		this.#peer = new I2CPeer({
			sensor: options.sensor,
			address: ADDRESS,
			hz: BUS_HERTZ,
			name: "the INA226 monitor",
		});
	}

	/** Nothing to configure. */
	configure(_options: object): void {}

	get configuration(): { readonly shuntOhms: number; readonly units: string } {
		return { shuntOhms: this.#shuntOhms, units: "V, A" };
	}

	get identification(): { model: string; classification: string } {
		return { model: "INA226", classification: "Battery" };
	}

	begin(): number {
		if (!this.#isIdentified) {
			const maker = this.#read(REGISTERS.maker);
			const die = this.#read(REGISTERS.die);
			if (!IDENTITIES.includes(maker * 0x1_0000 + (die & DIE_MASK))) {
				const seen = `${maker.toString(16)} ${die.toString(16)}`;
				throw new StationError("probe-malformed", `no INA226 at its address: ${seen}`);
			}
			this.#isIdentified = true;
		}
		// Reading clears the flag that a conversion left.
		this.#read(REGISTERS.mask);
		this.#peer.write(new Uint8Array([REGISTERS.config, CONFIG_ONCE >> 8, CONFIG_ONCE & 0xff]));
		this.#pollsLeft = POLLS_MAX;
		return CONVERSION_MILLISECONDS;
	}

	sample(): BatterySample | undefined {
		const config = this.#read(REGISTERS.config);
		if (config !== CONFIG_ONCE) {
			const seen = `0x${config.toString(16)}`;
			throw new StationError("probe-malformed", `the INA226 lost its setting: ${seen}`);
		}
		if ((this.#read(REGISTERS.mask) & MASK_CVRF) === 0) {
			if (this.#pollsLeft-- > 0) return undefined;
			throw new StationError("adc-timeout", "the INA226 never ends its conversion");
		}
		const voltage = this.#read(REGISTERS.bus) * VOLTS_PER_STEP;
		if (voltage > BUS_VOLTS_MAX) {
			throw new StationError("probe-out-of-range", `the INA226 read ${voltage} V`);
		}
		const shuntSteps = (this.#read(REGISTERS.shunt) << 16) >> 16;
		const current = (shuntSteps * SHUNT_VOLTS_PER_STEP) / this.#shuntOhms;
		return { battery: { voltage, current } };
	}

	close(): void {
		this.#peer.close();
	}

	#read(register: number): number {
		this.#pointer[0] = register;
		this.#peer.writeRead(this.#pointer, this.#word);
		return ((this.#word[0] ?? 0) << 8) | (this.#word[1] ?? 0);
	}
}
