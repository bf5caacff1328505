/** Atlas Scientific EZO-pH at 0x63: class PH by the extensibility rules of ECMA-419. */
import { StationError } from "../../src/core/errors.js";
import type { CompensatedSensor, PHSample } from "../../src/firmware/measure/sensor.js";
import type { I2CConnection } from "../../src/firmware/ports.js";
import { type EzoCommand, ezoNumberOf } from "./ezo.js";
import { EzoProbe } from "./ezo-probe.js";

const ADDRESS = 0x63;
/**
 * Documented time of a reading; a laboratory measured up to 1656 ms, so it is polled from here on.
 */
const READING_MILLISECONDS = 900;
/** The extended scale of pHext; the normal one ends at 0.000 and 14.000. */
const PH_MIN = -1.6;
const PH_MAX = 15.6;

export interface PHOptions {
	readonly sensor: I2CConnection;
	/** As for `configure`. */
	readonly temperature?: number;
}

/**
 * `begin` and `sample` throw StationError `bus-failed`, `probe-syntax`, `probe-no-data`,
 * `probe-malformed`, `probe-out-of-range`. Compensation corrects the electrode's slope only.
 */
export default class PH extends EzoProbe implements CompensatedSensor<PHSample> {
	#celsius = 25;
	#pH: number | undefined;

	constructor(options: PHOptions) {
		super(options.sensor, "pH", ADDRESS);
		this.configure(options);
	}

	/** `temperature`: of the water, degrees Celsius, for readings begun from now on; 25 at first. */
	configure(options: { temperature?: number }): void {
		if (options.temperature !== undefined) this.#celsius = options.temperature;
	}

	get configuration(): { readonly temperature: number } {
		return { temperature: this.#celsius };
	}

	get identification(): { model: string; classification: string; firmware: number | undefined } {
		return { model: "EZO-pH", classification: "PH", firmware: this.circuit.firmware };
	}

	begin(): number {
		this.#pH = undefined;
		return this.beginCompensated(this.#celsius, READING_MILLISECONDS, (text) => {
			this.#pH = pHOf(text);
		});
	}

	sample(): PHSample | undefined {
		if (!this.circuit.poll() || this.#pH === undefined) return undefined;
		return { pHMeter: { pH: this.#pH, calibrationPoints: this.calibrationPoints } };
	}

	setUp(): readonly EzoCommand[] {
		return [this.queryCalibration()];
	}
}

function pHOf(text: string): number {
	const pH = ezoNumberOf(text);
	if (pH === undefined) {
		throw new StationError("probe-malformed", `the EZO-pH circuit read "${text}"`);
	}
	if (pH >= PH_MIN && pH <= PH_MAX) return pH;
	throw new StationError("probe-out-of-range", `the EZO-pH circuit read ${pH}`);
}
