/**
 * Campbell Scientific OBS-3+: back-scatter at 850 nm, two analogue outputs of the same optics, the
 * low range four times as sensitive as the high one. Each has its own quadratic, which is a
 * calibration entry of its own; the range of a reading says which. Source: OBS-3+ manual.
 */
import type { Sensor, TurbiditySample } from "../../src/firmware/measure/sensor.js";
import type { AnalogChannel, AnalogSample } from "../ads1115.js";

/** Stable after power-on. */
const WARM_UP_MILLISECONDS = 2000;
/** Above this part of its span the low range gives way to the high one. */
const LOW_RANGE_USED_UP_TO = 0.9;
/**
 * Four codes of the converter. The optics put out more even in clear water (0.8 mV of 0 NTU on a real
 * certificate); less is a cut cable or a probe without supply, and would pass for the cleanest river.
 */
const DEAD_MICROVOLTS = 500;
/** Half a NTU in the low range: the accuracy that the maker states. */
const CALM_MICROVOLTS = 3000;
const RANGE_LOW = 0;
const RANGE_HIGH = 1;

export interface Obs3Options {
	/** The converter's inputs at the two outputs. */
	readonly sensor: { readonly low: AnalogChannel; readonly high: AnalogChannel };
	/** Full scale of the outputs, millivolts: 2500 or 5000. Default 2500. */
	readonly spanMillivolts?: number;
}

/** `begin` and `sample` throw what the converter throws. */
export default class Obs3 implements Sensor<TurbiditySample> {
	readonly warmUpMilliseconds = WARM_UP_MILLISECONDS;
	readonly #low: AnalogChannel;
	readonly #high: AnalogChannel;
	readonly #spanMicrovolts: number;
	#range = RANGE_LOW;
	#pollMilliseconds: number;

	constructor(options: Obs3Options) {
		this.#low = options.sensor.low;
		this.#high = options.sensor.high;
		this.#spanMicrovolts = (options.spanMillivolts ?? 2500) * 1000;
		this.#pollMilliseconds = this.#low.pollMilliseconds;
	}

	/** Nothing to configure. */
	configure(_options: object): void {}

	get configuration(): { readonly spanMicrovolts: number; readonly units: string } {
		return { spanMicrovolts: this.#spanMicrovolts, units: "uV" };
	}

	get identification(): { model: string; classification: string } {
		return { model: "OBS-3+", classification: "Turbidity" };
	}

	get pollMilliseconds(): number {
		return this.#pollMilliseconds;
	}

	begin(): number {
		this.#range = RANGE_LOW;
		this.#pollMilliseconds = this.#low.pollMilliseconds;
		return this.#low.begin();
	}

	sample(): TurbiditySample | undefined {
		if (this.#range === RANGE_LOW) {
			const low = this.#low.sample();
			if (low === undefined) return undefined;
			const isUsedUp = low.microvolts >= this.#spanMicrovolts * LOW_RANGE_USED_UP_TO;
			if (!isUsedUp && !low.isClipped) return this.#of(low);
			this.#range = RANGE_HIGH;
			this.#pollMilliseconds = this.#high.begin();
			return undefined;
		}
		this.#pollMilliseconds = this.#high.pollMilliseconds;
		const high = this.#high.sample();
		return high === undefined ? undefined : this.#of(high);
	}

	/** The converter belongs to the board. */
	close(): void {}

	#of(sample: AnalogSample): TurbiditySample {
		const isSaturated = sample.microvolts >= this.#spanMicrovolts;
		const isDead = sample.microvolts < DEAD_MICROVOLTS;
		return {
			turbidimeter: {
				signalMicrovolts: sample.microvolts,
				range: this.#range,
				state: isDead ? "fault" : sample.isClipped ? "clipped" : isSaturated ? "saturated" : "good",
				zeroMicrovolts: 0,
				calmMicrovolts: CALM_MICROVOLTS,
				// The low range ends at a quarter of the scale: four tenths of it are one of the whole.
				tenthOfScaleMicrovolts: this.#spanMicrovolts * (this.#range === RANGE_LOW ? 0.4 : 0.1),
			},
		};
	}
}
