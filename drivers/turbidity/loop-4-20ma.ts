/**
 * A turbidity transmitter (ISO 7027) on a 4-20 mA loop, seen as the voltage over a shunt: class
 * Turbidity by the extensibility rules of ECMA-419. The signal is stored; the curve is derived.
 */
import type { Sensor, TurbiditySample } from "../../src/firmware/measure/sensor.js";
import type { AnalogChannel } from "../ads1115.js";

/** NAMUR NE 43, milliamperes: below and above these the transmitter reports a fault. */
const FAULT_BELOW_MILLIAMPERES = 3.6;
const FAULT_ABOVE_MILLIAMPERES = 21;
/**
 * NE 43 has a healthy transmitter stop at 3.8 and 20.5 mA; 10 uA (1.5 mV over 150 ohms, 12 codes)
 * for its accuracy and the converter's, else a probe that has stopped would look measured every
 * other time.
 */
const SATURATED_UP_TO_MILLIAMPERES = 3.81;
const SATURATED_FROM_MILLIAMPERES = 20.49;
/**
 * Loop probes need 5 to 30 s after power-on; a probe that is slower reports a fault, not a number.
 */
const WARM_UP_MILLISECONDS = 10_000;

const ZERO_MILLIAMPERES = 4;
/** Of 16: 0.06 % of the scale, the transmitter's noise and the converter's. */
const CALM_MILLIAMPERES = 0.01;
/** 4 mA and a tenth of the 16 above it. */
const TENTH_OF_SCALE_MILLIAMPERES = 5.6;

export interface Loop420Options {
	/** The converter's input over the shunt. */
	readonly sensor: AnalogChannel;
	/** Shunt, milliohms. 150 ohms make 3.15 V of 21 mA, below a supply of 3.3 V. */
	readonly shuntMilliohms: number;
	/** From the loop's power to a valid current, milliseconds; default 10 s. */
	readonly warmUpMilliseconds?: number;
}

/**
 * `begin` and `sample` throw what the converter throws; a fault of the loop is a state, not an
 * error.
 */
export default class Loop420 implements Sensor<TurbiditySample> {
	readonly warmUpMilliseconds: number;
	readonly #channel: AnalogChannel;
	#shuntMilliohms: number;

	constructor(options: Loop420Options) {
		this.#channel = options.sensor;
		this.#shuntMilliohms = options.shuntMilliohms;
		this.warmUpMilliseconds = options.warmUpMilliseconds ?? WARM_UP_MILLISECONDS;
	}

	configure(options: { shuntMilliohms?: number }): void {
		if (options.shuntMilliohms !== undefined) this.#shuntMilliohms = options.shuntMilliohms;
	}

	get configuration(): { readonly shuntMilliohms: number; readonly units: string } {
		return { shuntMilliohms: this.#shuntMilliohms, units: "uV" };
	}

	get identification(): { model: string; classification: string } {
		return { model: "4-20 mA loop", classification: "Turbidity" };
	}

	get pollMilliseconds(): number {
		return this.#channel.pollMilliseconds;
	}

	begin(): number {
		return this.#channel.begin();
	}

	sample(): TurbiditySample | undefined {
		const sample = this.#channel.sample();
		if (sample === undefined) return undefined;
		const state = this.#stateOf(sample.microvolts, sample.isClipped);
		return {
			turbidimeter: {
				signalMicrovolts: sample.microvolts,
				range: 0,
				state,
				zeroMicrovolts: ZERO_MILLIAMPERES * this.#shuntMilliohms,
				calmMicrovolts: CALM_MILLIAMPERES * this.#shuntMilliohms,
				tenthOfScaleMicrovolts: TENTH_OF_SCALE_MILLIAMPERES * this.#shuntMilliohms,
			},
		};
	}

	/** The converter belongs to the board. */
	close(): void {}

	#stateOf(microvolts: number, isClipped: boolean): TurbiditySample["turbidimeter"]["state"] {
		// Microvolts over milliohms are milliamperes.
		const milliamperes = microvolts / this.#shuntMilliohms;
		if (milliamperes < FAULT_BELOW_MILLIAMPERES) return "fault";
		if (milliamperes > FAULT_ABOVE_MILLIAMPERES) return "fault";
		if (isClipped) return "clipped";
		if (milliamperes <= SATURATED_UP_TO_MILLIAMPERES) return "saturated";
		return milliamperes >= SATURATED_FROM_MILLIAMPERES ? "saturated" : "good";
	}
}
