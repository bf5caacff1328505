/** The battery's terminals through a resistive divider into a converter's input. */
import { StationError } from "../src/core/errors.js";
import type { BatterySample, Sensor } from "../src/firmware/measure/sensor.js";
import type { AnalogChannel } from "./ads1115.js";

export interface BatteryDividerOptions {
	/** The converter's input at the tap. */
	readonly sensor: AnalogChannel;
	/** Resistance from the battery to the tap, and from the tap to ground, ohms. */
	readonly upperOhms: number;
	readonly lowerOhms: number;
}

/**
 * `begin` and `sample` throw what the converter throws; `probe-out-of-range` when its input clips.
 */
export default class BatteryDivider implements Sensor<BatterySample> {
	/** The divider hangs on the battery itself. */
	readonly warmUpMilliseconds = 0;
	readonly #channel: AnalogChannel;
	readonly #ratio: number;

	constructor(options: BatteryDividerOptions) {
		this.#channel = options.sensor;
		this.#ratio = (options.upperOhms + options.lowerOhms) / options.lowerOhms;
	}

	/** Nothing to configure. */
	configure(_options: object): void {}

	get configuration(): { readonly ratio: number; readonly units: string } {
		return { ratio: this.#ratio, units: "V" };
	}

	get identification(): { model: string; classification: string } {
		return { model: "divider", classification: "Battery" };
	}

	get pollMilliseconds(): number {
		return this.#channel.pollMilliseconds;
	}

	begin(): number {
		return this.#channel.begin();
	}

	sample(): BatterySample | undefined {
		const sample = this.#channel.sample();
		if (sample === undefined) return undefined;
		const voltage = (sample.microvolts / 1_000_000) * this.#ratio;
		if (sample.isClipped) {
			throw new StationError(
				"probe-out-of-range",
				`the battery's divider is at the converter's limit, ${voltage.toFixed(1)} V or more`,
			);
		}
		return { battery: { voltage } };
	}

	/** The converter belongs to the board. */
	close(): void {}
}
