/** Atlas Scientific EZO-RTD at 0x66 with a platinum probe: class Temperature of ECMA-419. */
import { StationError } from "../../src/core/errors.js";
import type { Sensor, TemperatureSample } from "../../src/firmware/measure/sensor.js";
import type { I2CConnection } from "../../src/firmware/ports.js";
import { type EzoCommand, ezoAnswerOf, ezoNumberOf, SHORT_MILLISECONDS, setting } from "./ezo.js";
import { EzoProbe } from "./ezo-probe.js";

const ADDRESS = 0x66;
/** Documented time of a reading; 393 and 643 ms were measured in two laboratories. */
const READING_MILLISECONDS = 600;
/** What an open circuit reads, with status 1: -1023.000. Nothing real is near it. */
const OPEN_CELSIUS_MAX = -1000;
const CELSIUS_MIN = -126;
const CELSIUS_MAX = 1254;

/**
 * `begin` and `sample` throw StationError `bus-failed`, `probe-syntax`, `probe-no-data`,
 * `probe-malformed`, `probe-out-of-range`, and `probe-absent` for an open RTD.
 */
export default class RTD extends EzoProbe implements Sensor<TemperatureSample> {
	#temperature: number | undefined;

	constructor(options: { readonly sensor: I2CConnection }) {
		super(options.sensor, "RTD", ADDRESS);
	}

	/** Nothing to configure: the scale is Celsius, always. */
	configure(_options: object): void {}

	get configuration(): { readonly units: string } {
		return { units: "degC" };
	}

	get identification(): { model: string; classification: string; firmware: number | undefined } {
		return { model: "EZO-RTD", classification: "Temperature", firmware: this.circuit.firmware };
	}

	begin(): number {
		this.#temperature = undefined;
		return this.circuit.start(() => [
			{
				text: "R",
				milliseconds: READING_MILLISECONDS,
				onAnswer: (text) => {
					this.#temperature = celsiusOf(text);
					return [];
				},
			},
		]);
	}

	sample(): TemperatureSample | undefined {
		if (!this.circuit.poll() || this.#temperature === undefined) return undefined;
		return { thermometer: { temperature: this.#temperature } };
	}

	setUp(): readonly EzoCommand[] {
		// The scale outlives a power cycle: somebody's Fahrenheit would be read as Celsius for ever.
		return [queryScale((scale) => (scale === "C" ? [] : [setting("S,c"), confirmCelsius()]))];
	}
}

function queryScale(onScale: (scale: string) => readonly EzoCommand[]): EzoCommand {
	return {
		text: "S,?",
		milliseconds: SHORT_MILLISECONDS,
		onAnswer: (text) => {
			const scale = ezoAnswerOf("S", text)?.toUpperCase();
			if (scale === undefined || !["C", "K", "F"].includes(scale)) {
				throw new StationError("probe-malformed", `S,? was answered with "${text}"`);
			}
			return onScale(scale);
		},
	};
}

function confirmCelsius(): EzoCommand {
	return queryScale((scale) => {
		if (scale === "C") return [];
		throw new StationError("probe-malformed", `the EZO-RTD circuit stays with scale ${scale}`);
	});
}

function celsiusOf(text: string): number {
	const celsius = ezoNumberOf(text);
	if (celsius === undefined) {
		throw new StationError("probe-malformed", `the EZO-RTD circuit read "${text}"`);
	}
	if (celsius < OPEN_CELSIUS_MAX) {
		throw new StationError("probe-absent", "no RTD is connected to its circuit, or it is broken");
	}
	if (celsius >= CELSIUS_MIN && celsius <= CELSIUS_MAX) return celsius;
	throw new StationError("probe-out-of-range", `the EZO-RTD circuit read ${celsius} degC`);
}
