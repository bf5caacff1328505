/**
 * TI ADS1115, 16-bit converter (SBAS444): single shots on four inputs against ground. One chip
 * serves several probes, each through its own channel; conversions are started one at a time.
 */
import { StationError } from "../src/core/errors.js";
import type { I2CConnection } from "../src/firmware/ports.js";
import { I2CPeer } from "./i2c-peer.js";

const ADDRESS = 0x48;
const BUS_HERTZ = 400_000;
const REGISTERS = Object.freeze({ conversion: 0, config: 1 });

/** Bits of the config register (SBAS444, table 8-3). */
const CONFIG = Object.freeze({
	/** Written: start a conversion. Read: no conversion is running. */
	OS: 0x8000,
	/** MUX for input 0 against ground; the next inputs follow. */
	MUX_SINGLE_0: 0x4000,
	MUX_STEP: 0x1000,
	MODE_SINGLE: 0x0100,
	/** 128 samples per second. */
	DR_128: 0x0080,
	/** Comparator off, ALERT high-impedance. */
	COMP_QUE_OFF: 0x0003,
});

/** Microvolts of one code and the gain's bits, by full scale in millivolts. All codes are exact. */
const GAINS = Object.freeze({
	6144: { bits: 0x0000, codeMicrovolts: 187.5 },
	4096: { bits: 0x0200, codeMicrovolts: 125 },
	2048: { bits: 0x0400, codeMicrovolts: 62.5 },
	1024: { bits: 0x0600, codeMicrovolts: 31.25 },
	512: { bits: 0x0800, codeMicrovolts: 15.625 },
	256: { bits: 0x0a00, codeMicrovolts: 7.8125 },
} as const);

/** 1/128 s + 10 % of the chip's own clock + 25 us to wake = 8.63 ms. 8 ms was somebody's bug. */
const CONVERSION_MILLISECONDS = 9;
const POLL_MILLISECONDS = 2;
/** 50 polls of 2 ms: ten times the longest conversion. */
const POLLS_MAX = 50;
const CODE_MAX = 0x7fff;
const CODE_MIN = -0x8000;

export type FullScaleMillivolts = keyof typeof GAINS;
export type AnalogInput = 0 | 1 | 2 | 3;

/** What a probe behind a converter needs of it. */
export interface AnalogChannel {
	readonly pollMilliseconds: number;
	/** Starts a conversion; milliseconds until `sample` can have it. Throws StationError. */
	begin(): number;
	/** The conversion that `begin` started, or undefined while it runs. Throws StationError. */
	sample(): AnalogSample | undefined;
}

export interface AnalogSample {
	/** Signed: an input at ground reads a few codes below zero. */
	readonly microvolts: number;
	/** At an end of the converter's scale, or at its supply: the true voltage may be beyond. */
	readonly isClipped: boolean;
}

export interface ADS1115Options {
	readonly sensor: I2CConnection;
	/** VDD, millivolts. An input near it cannot be trusted, whatever the full scale. Default 3300. */
	readonly supplyMillivolts?: number;
}

/** Methods throw StationError `bus-failed`, `adc-timeout`, `probe-malformed`. */
export default class ADS1115 {
	readonly #peer: I2CPeer;
	readonly #supplyMicrovolts: number;
	readonly #pointer = new Uint8Array(1);
	readonly #setting = new Uint8Array(3);
	readonly #word = new Uint8Array(2);
	/** What was written to start the conversion that is due, less OS. */
	#config: number | undefined;
	#pollsLeft = 0;

	/** Reserves the address; the chip is in power-down until a channel begins. */
	constructor(options: ADS1115Options) {
		this.#supplyMicrovolts = (options.supplyMillivolts ?? 3300) * 1000;
		this.#peer = new I2CPeer({
			sensor: options.sensor,
			address: ADDRESS,
			hz: BUS_HERTZ,
			name: "the ADS1115 converter",
		});
	}

	get identification(): { model: string; classification: string } {
		return { model: "ADS1115", classification: "Analog" };
	}

	/** Input `input` against ground at a full scale in millivolts. Touches no bus. */
	channel(input: AnalogInput, fullScaleMillivolts: FullScaleMillivolts): AnalogChannel {
		const gain = GAINS[fullScaleMillivolts];
		const config =
			CONFIG.MUX_SINGLE_0 +
			input * CONFIG.MUX_STEP +
			gain.bits +
			CONFIG.MODE_SINGLE +
			CONFIG.DR_128 +
			CONFIG.COMP_QUE_OFF;
		return {
			pollMilliseconds: POLL_MILLISECONDS,
			begin: () => this.#begin(config),
			sample: () => {
				const code = this.#codeOf(config);
				if (code === undefined) return undefined;
				const microvolts = code * gain.codeMicrovolts;
				const isClipped =
					code === CODE_MAX || code === CODE_MIN || microvolts >= this.#supplyMicrovolts;
				return { microvolts, isClipped };
			},
		};
	}

	close(): void {
		this.#peer.close();
	}

	#begin(config: number): number {
		this.#config = undefined;
		const word = CONFIG.OS | config;
		this.#setting[0] = REGISTERS.config;
		this.#setting[1] = word >> 8;
		this.#setting[2] = word & 0xff;
		this.#peer.write(this.#setting);
		this.#config = config;
		this.#pollsLeft = POLLS_MAX;
		return CONVERSION_MILLISECONDS;
	}

	/**
	 * The conversion register keeps its last result until the next is ready, and says nothing about
	 * whose it is: it is read only when the config register shows our own request, done.
	 */
	#codeOf(config: number): number | undefined {
		if (this.#config !== config) {
			throw new StationError("adc-timeout", "the converter has been used by another channel");
		}
		const status = this.#read(REGISTERS.config);
		if ((status & ~CONFIG.OS) !== config) {
			this.#config = undefined;
			const seen = `0x${status.toString(16)}`;
			throw new StationError("probe-malformed", `the ADS1115 lost its setting: ${seen}`);
		}
		if ((status & CONFIG.OS) === 0) {
			if (this.#pollsLeft-- > 0) return undefined;
			this.#config = undefined;
			throw new StationError("adc-timeout", "the ADS1115 never ends its conversion");
		}
		this.#config = undefined;
		return (this.#read(REGISTERS.conversion) << 16) >> 16;
	}

	#read(register: number): number {
		this.#pointer[0] = register;
		this.#peer.writeRead(this.#pointer, this.#word);
		return ((this.#word[0] ?? 0) << 8) | (this.#word[1] ?? 0);
	}
}
