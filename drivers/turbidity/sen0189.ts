/**
 * DFRobot SEN0189: a cheap analogue module at 5 V whose output falls as turbidity grows. Its curve
 * is a parabola that is only good on one side; what it gives is relative turbidity, no NTU.
 */
import type { Sensor, TurbiditySample } from "../../src/firmware/measure/sensor.js";
import type { AnalogChannel } from "../ads1115.js";

const WARM_UP_MILLISECONDS = 30_000;
/**
 * -1120.4 V^2 + 5742.3 V - 4352.9 has its vertex at 5742.3 / 2240.8 = 2.563 V and its zero at 4.200
 * V. Below the vertex it folds back: dirtier water would look cleaner. Above the zero it is
 * negative.
 */
const VERTEX_MICROVOLTS = 2_563_000;
const CLEAR_MICROVOLTS = 4_200_000;
/** The module's own noise is +-20 mV. */
const CALM_MICROVOLTS = 60_000;
/** No module that has power puts out less. */
const DEAD_MICROVOLTS = 100_000;

export interface Sen0189Options {
	/** The converter's input. */
	readonly sensor: AnalogChannel;
	/** Divider between the module (up to 4.6 V) and a converter at 3.3 V, ohms; lower to ground. */
	readonly upperOhms: number;
	readonly lowerOhms: number;
}

/**
 * `begin` and `sample` throw what the converter throws; the signal is that of the module's output.
 */
export default class Sen0189 implements Sensor<TurbiditySample> {
	readonly warmUpMilliseconds = WARM_UP_MILLISECONDS;
	readonly #channel: AnalogChannel;
	readonly #ratio: number;

	constructor(options: Sen0189Options) {
		this.#channel = options.sensor;
		this.#ratio = (options.upperOhms + options.lowerOhms) / options.lowerOhms;
	}

	/** Nothing to configure. */
	configure(_options: object): void {}

	get configuration(): { readonly ratio: number; readonly units: string } {
		return { ratio: this.#ratio, units: "uV" };
	}

	get identification(): { model: string; classification: string } {
		return { model: "SEN0189", classification: "Turbidity" };
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
		const signalMicrovolts = Math.round(sample.microvolts * this.#ratio);
		const state = stateOf(signalMicrovolts, sample.isClipped);
		return {
			turbidimeter: {
				signalMicrovolts,
				range: 0,
				state,
				zeroMicrovolts: CLEAR_MICROVOLTS,
				calmMicrovolts: CALM_MICROVOLTS,
			},
		};
	}

	/** The converter belongs to the board. */
	close(): void {}
}

function stateOf(microvolts: number, isClipped: boolean): TurbiditySample["turbidimeter"]["state"] {
	if (microvolts < DEAD_MICROVOLTS) return "fault";
	if (isClipped) return "clipped";
	return microvolts < VERTEX_MICROVOLTS || microvolts > CLEAR_MICROVOLTS ? "saturated" : "good";
}
