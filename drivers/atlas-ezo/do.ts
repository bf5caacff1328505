/**
 * Atlas Scientific EZO-DO at 0x61: class DissolvedOxygen by the extensibility rules of ECMA-419, mg/L.
 * Temperature is sent with each reading, for the circuit forgets it with its power; salinity and
 * pressure are in its EEPROM and are written only where they are another. Facts: docs/BOARD.md.
 */
import { StationError } from "../../src/core/errors.js";
import { unsignedDecimalOf } from "../../src/core/text.js";
import type {
	FurtherSample,
	FurtherSensor,
	Surroundings,
} from "../../src/firmware/measure/sensor.js";
import type { I2CConnection } from "../../src/firmware/ports.js";
import { type EzoCommand, ezoAnswerOf, SHORT_MILLISECONDS, setting } from "./ezo.js";
import { EzoProbe } from "./ezo-probe.js";

const ADDRESS = 0x61;
/** Documented time of a reading. */
const READING_MILLISECONDS = 600;
/** The circuit's range, mg/L; a probe that is not connected reads 0. */
const MILLIGRAMS_MIN = 0.01;
const MILLIGRAMS_MAX = 100;
/** No water holds so much; what a record's field holds is 655. */
const READING_MAX = 600;
/** Noise of a probe that has settled is some hundredths, mg/L. */
const AGREEMENT_MILLIGRAMS = 0.1;
/**
 * 500 uS/cm are a quarter of a gram of salt per litre and 0.15 % of the oxygen; a river that swings
 * about a step would wear the EEPROM out at each reading.
 */
const SALT_STEP_MICROSIEMENS = 500;

export interface DissolvedOxygenOptions {
	readonly sensor: I2CConnection;
	/** Pressure of the air at the water, whole. */
	readonly hectopascals: number;
}

/**
 * The calibration in the circuit is the technician's. `begin` and `sample` throw StationError
 * `bus-failed`, `probe-syntax`, `probe-no-data`, `probe-malformed`, `probe-out-of-range`. 0 is water
 * without oxygen or a probe that is not connected, and a sample.
 */
export default class DissolvedOxygen extends EzoProbe implements FurtherSensor {
	readonly agreement = AGREEMENT_MILLIGRAMS;
	readonly #pressure: string;
	#surroundings: Surroundings = { celsius: 25, microsiemensAt25: undefined };
	#milligrams: number | undefined;

	constructor({ sensor, hectopascals }: DissolvedOxygenOptions) {
		super(sensor, "DO", ADDRESS);
		// Kilopascals with one decimal.
		this.#pressure = `${Math.floor(hectopascals / 10)}.${hectopascals % 10}`;
	}

	/** Of the water, for readings begun from now on; where salt is not known the circuit keeps what it has. */
	configure(surroundings: Surroundings): void {
		this.#surroundings = surroundings;
	}

	get configuration(): { readonly units: string; readonly temperature: number } {
		return { units: "mg/L", temperature: this.#surroundings.celsius };
	}

	get identification(): { model: string; classification: string; firmware: number | undefined } {
		return {
			model: "EZO-DO",
			classification: "DissolvedOxygen",
			firmware: this.circuit.firmware,
		};
	}

	begin(): number {
		this.#milligrams = undefined;
		return this.beginCompensated(this.#surroundings.celsius, READING_MILLISECONDS, (text) => {
			this.#milligrams = milligramsOf(text);
		});
	}

	sample(): FurtherSample | undefined {
		if (!this.circuit.poll() || this.#milligrams === undefined) return undefined;
		const value = this.#milligrams;
		return {
			value,
			isOutOfRange: value < MILLIGRAMS_MIN || value > MILLIGRAMS_MAX,
			isUncompensated: this.#surroundings.microsiemensAt25 === undefined,
			calibrationPoints: this.calibrationPoints,
		};
	}

	setUp(): readonly EzoCommand[] {
		const pressure = this.#pressure;
		return [
			query("O", (list) => {
				const wrong = outputCommands(list);
				return wrong.length === 0 ? wrong : [...wrong, query("O", requireMilligrams)];
			}),
			this.queryCalibration(),
			query("S", (held) => this.#salt(held)),
			query("P", (held) =>
				numberOf("P,?", held) === Number(pressure) ? [] : [setting(`P,${pressure}`)],
			),
		];
	}

	/** `50000,uS` or `37.5,ppt`. */
	#salt(held: string): readonly EzoCommand[] {
		const [number = "", unit = ""] = held.split(",");
		const before = numberOf("S,?", number);
		const wanted = this.#surroundings.microsiemensAt25;
		if (wanted === undefined) return [];
		const isNear =
			unit.toUpperCase() === "US" && Math.abs(before - wanted) <= SALT_STEP_MICROSIEMENS;
		return isNear ? [] : [setting(`S,${Math.round(wanted)}`)];
	}
}

function query(name: string, onAnswer: (value: string) => readonly EzoCommand[]): EzoCommand {
	return {
		text: `${name},?`,
		milliseconds: SHORT_MILLISECONDS,
		onAnswer: (text) => onAnswer(ezoAnswerOf(name, text) ?? malformed(`${name},?`, text)),
	};
}

/** Outputs outlive the power; percent is left out, for mg/L, temperature and pressure give it. */
function outputCommands(list: string): readonly EzoCommand[] {
	const outputs = list.toUpperCase().split(",");
	const commands: EzoCommand[] = [];
	if (!outputs.includes("MG")) commands.push(setting("O,mg,1"));
	if (outputs.includes("%")) commands.push(setting("O,%,0"));
	return commands;
}

function requireMilligrams(list: string): readonly EzoCommand[] {
	return outputCommands(list).length === 0 ? [] : malformed("O,?", list);
}

function numberOf(what: string, text: string): number {
	return unsignedDecimalOf(text, 7, 3) ?? malformed(what, text);
}

function milligramsOf(text: string): number {
	const milligrams = numberOf("a reading", text);
	if (milligrams <= READING_MAX) return milligrams;
	throw new StationError("probe-out-of-range", `the EZO-DO circuit read ${milligrams} mg/L`);
}

function malformed(what: string, text: string): never {
	throw new StationError("probe-malformed", `the EZO-DO circuit answered ${what} with "${text}"`);
}
