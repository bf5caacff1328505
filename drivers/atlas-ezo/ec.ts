/**
 * Atlas Scientific EZO-EC at 0x64: class Conductivity by the extensibility rules of ECMA-419. Gives
 * raw conductivity at the water's temperature: the circuit's own compensation, whose coefficient
 * nobody has published, is held at its reference of 25 degC, where it does nothing.
 */
import { StationError } from "../../src/core/errors.js";
import { unsignedDecimalOf } from "../../src/core/text.js";
import type { ConductivitySample, Sensor } from "../../src/firmware/measure/sensor.js";
import type { I2CConnection } from "../../src/firmware/ports.js";
import { type EzoCommand, ezoAnswerOf, SHORT_MILLISECONDS, setting } from "./ezo.js";
import { EzoProbe } from "./ezo-probe.js";

const ADDRESS = 0x64;
/** Documented time of a reading; 555 ms were measured. */
const READING_MILLISECONDS = 600;
/** What is set so that the circuit does not compensate, degrees Celsius. */
const REFERENCE_CELSIUS = 25;
/** Every quantity the circuit can print, in the order in which it prints them. */
const OUTPUTS: readonly string[] = Object.freeze(["EC", "TDS", "S", "SG"]);
/** What is on of them, usually. */
const EC_ONLY: readonly string[] = Object.freeze(["EC"]);
/** End of the scale of the largest cell constant (K 10), uS/cm. */
const CONDUCTIVITY_MAX = 1_000_000;

/**
 * The cell constant K and the calibration in the circuit are the technician's and are never written
 * here. `begin` and `sample` throw StationError `bus-failed`, `probe-syntax`, `probe-no-data`,
 * `probe-malformed`, `probe-out-of-range`. 0 is a dry or disconnected probe, and a sample.
 */
export default class Conductivity extends EzoProbe implements Sensor<ConductivitySample> {
	/** Outputs that the circuit says are on; undefined when it does not know the question. */
	#outputs: readonly string[] | undefined;
	#conductivity: number | undefined;

	constructor(options: { readonly sensor: I2CConnection }) {
		super(options.sensor, "EC", ADDRESS);
	}

	/** Nothing to configure: raw conductivity at the water's temperature, always. */
	configure(_options: object): void {}

	get configuration(): { readonly units: string; readonly temperature: number } {
		return { units: "uS/cm", temperature: REFERENCE_CELSIUS };
	}

	get identification(): { model: string; classification: string; firmware: number | undefined } {
		return { model: "EZO-EC", classification: "Conductivity", firmware: this.circuit.firmware };
	}

	begin(): number {
		this.#conductivity = undefined;
		return this.beginCompensated(REFERENCE_CELSIUS, READING_MILLISECONDS, (text) => {
			this.#conductivity = conductivityOf(text, this.#outputs);
		});
	}

	sample(): ConductivitySample | undefined {
		if (!this.circuit.poll() || this.#conductivity === undefined) return undefined;
		return {
			conductivityMeter: {
				conductivity: this.#conductivity,
				calibrationPoints: this.calibrationPoints,
			},
		};
	}

	setUp(): readonly EzoCommand[] {
		return [
			// Outputs are persistent, and boards before firmware 2.10 print all four.
			this.#queryOutputs((outputs) => [
				...outputCommands(outputs),
				...(isEcOnly(outputs) ? [] : [this.#queryOutputs(() => [])]),
			]),
			this.queryCalibration(),
		];
	}

	#queryOutputs(onOutputs: (outputs: readonly string[]) => readonly EzoCommand[]): EzoCommand {
		return {
			text: "O,?",
			milliseconds: SHORT_MILLISECONDS,
			onAnswer: (text) => {
				const outputs = outputsOf(text);
				this.#outputs = outputs;
				return onOutputs(outputs);
			},
			onRefused: () => {
				this.#outputs = undefined;
				return [];
			},
		};
	}
}

function isEcOnly(outputs: readonly string[]): boolean {
	return outputs.length === 1 && outputs[0] === "EC";
}

/** What turns conductivity on and everything else off. */
function outputCommands(outputs: readonly string[]): EzoCommand[] {
	const commands: EzoCommand[] = [];
	for (const output of OUTPUTS) {
		const isWanted = output === "EC";
		if (outputs.includes(output) === isWanted) continue;
		commands.push(setting(`O,${output},${isWanted ? 1 : 0}`));
	}
	return commands;
}

/** `?O,EC,TDS,S,SG`, `?,O,EC` or `?O,No output`. */
function outputsOf(text: string): readonly string[] {
	const list = ezoAnswerOf("O", text)?.toUpperCase();
	if (list === "EC") return EC_ONLY;
	if (list === "NO OUTPUT") return [];
	const outputs = list?.split(",") ?? [];
	if (outputs.length > 0 && outputs.every((output) => OUTPUTS.includes(output))) return outputs;
	throw new StationError("probe-malformed", `O,? was answered with "${text}"`);
}

/** Conductivity is the first of the outputs; a board that cannot say prints one or all four. */
function conductivityOf(text: string, outputs: readonly string[] | undefined): number {
	const comma = text.indexOf(",");
	const count = comma < 0 ? 1 : text.split(",").length;
	const isExpected =
		outputs === undefined
			? count === 1 || count === OUTPUTS.length
			: count === outputs.length && outputs[0] === "EC";
	// Two decimals at most, no sign: 0.07 to 500000+ by the datasheet's table of resolution.
	const conductivity = unsignedDecimalOf(comma < 0 ? text : text.slice(0, comma), 7, 2);
	if (!isExpected || conductivity === undefined) {
		throw new StationError("probe-malformed", `the EZO-EC circuit read "${text}"`);
	}
	if (conductivity <= CONDUCTIVITY_MAX) return conductivity;
	throw new StationError("probe-out-of-range", `the EZO-EC circuit read ${conductivity} uS/cm`);
}
