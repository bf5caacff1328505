/**
 * Atlas EZO-DO: dissolved oxygen. A galvanic probe gives millivolts in proportion to the partial pressure of
 * oxygen; what that is in mg/L the circuit works out for the temperature, salinity and pressure it was sent.
 * Salinity and pressure outlive the power, the temperature does not (20 degC then). Source: EZO-DO datasheet V5.4,
 * pages of I2C mode. By which tables it works is not published; here by Benson and Krause.
 */
import { oxygenSaturation } from "../river/oxygen.js";
import { decimalOf, decimalText } from "./decimal-text.js";
import { type EzoChipOptions, SimulatedEzo } from "./ezo.js";
import { answer, calibration, change, type EzoOutcome, trimmedText } from "./ezo-command.js";
import type { EzoKind } from "./ezo-firmware.js";
import { practicalSalinity } from "./salinity.js";

/** Nobody has published measured delays: the datasheet's, and the boot of its neighbours. */
const KIND = Object.freeze<EzoKind>({
	name: "D.O.",
	address: 0x61,
	// The datasheet says calibration; whether salinity and pressure go with it nobody has published, nor another size.
	exported: { bytes: 60, numbers: ["points", "atNone", "atSaturation"], flags: [] },
	bootMilliseconds: [740, 846],
	readMilliseconds: { usual: 600, slow: 600 },
	calibrateMilliseconds: 1300,
	milliamperes3V3: [12.1, 12, 0.3],
	milliamperes5V: [13.5, 13.1, 0.66],
	milliamperes3V3Dark: [11.9, 11.9],
});
const REFERENCE_CELSIUS = 20;
const SALINITY_MICROSIEMENS_MAX = 100_000;
const OUTPUTS: readonly string[] = ["MG", "%"];
const NAMES: readonly string[] = ["mg", "%"];

export interface EzoDoOptions extends EzoChipOptions {
	/** Partial pressure of oxygen in the water, as part of that in air-saturated water; 1 in air. */
	quantity: () => number;
	/** Pressure of the air where it is, kilopascals. */
	kilopascals?: number;
}

type DoSettings = {
	points: number;
	/** What the probe gives at none and at saturation, by the last calibration. */
	atNone: number;
	atSaturation: number;
	salinity: number;
	/** 1: `salinity` is in ppt, 0: in uS/cm. */
	isPpt: number;
	kilopascals: number;
	/** Bit n: OUTPUTS[n] is printed. */
	outputs: number;
};

const UNCALIBRATED = { points: 0, atNone: 0, atSaturation: 1 };
const FACTORY: DoSettings = {
	...UNCALIBRATED,
	salinity: 0,
	isPpt: 0,
	kilopascals: 101.3,
	outputs: 1,
};

export class EzoDo extends SimulatedEzo<DoSettings> {
	readonly #quantity: () => number;
	readonly #kilopascals: number;

	constructor(options: EzoDoOptions) {
		super(KIND, FACTORY, options);
		this.#quantity = options.quantity;
		this.#kilopascals = options.kilopascals ?? 101.3;
		this.compensationCelsius = REFERENCE_CELSIUS;
	}

	protected override onPowerLost(): void {
		this.compensationCelsius = REFERENCE_CELSIUS;
	}

	protected override execute(words: readonly string[]): EzoOutcome | undefined {
		const { settings } = this;
		const [name, argument, unit] = words;
		switch (name) {
			case "R":
				return words.length > 1 ? undefined : this.#reading();
			case "RT": {
				const celsius = decimalOf(argument);
				if (!this.firmware.hasReadWithTemperature || celsius === undefined) return undefined;
				this.compensationCelsius = celsius;
				return this.#reading();
			}
			case "T":
				return this.compensate(words);
			case "CAL":
				return this.#calibrate(argument);
			case "S": {
				const { salinity, isPpt } = settings.own;
				if (argument === "?") {
					return answer(`?S,${isPpt ? trimmedText(salinity) : salinity},${isPpt ? "ppt" : "uS"}`);
				}
				const given = decimalOf(argument);
				if (given === undefined || given < 0 || given > SALINITY_MICROSIEMENS_MAX) return undefined;
				if (unit !== undefined && unit !== "PPT") return undefined;
				return change(() => {
					settings.own.salinity = given;
					settings.own.isPpt = unit === undefined ? 0 : 1;
				});
			}
			case "P": {
				if (argument === "?") return answer(`?,P,${trimmedText(settings.own.kilopascals)}`);
				const given = decimalOf(argument);
				if (given === undefined || given <= 0) return undefined;
				return change(() => {
					settings.own.kilopascals = given;
				});
			}
			case "O":
				return this.#output(argument, unit);
			default:
				return undefined;
		}
	}

	#reading(): EzoOutcome {
		const { own } = this.settings;
		const part = Math.max((this.#quantity() - own.atNone) / (own.atSaturation - own.atNone), 0);
		// Saturation at the pressure it was sent; the membrane feels that of the air.
		const shown = (part * this.#kilopascals) / own.kilopascals;
		const ppt = own.isPpt === 1 ? own.salinity : practicalSalinity(own.salinity);
		const saturated = oxygenSaturation(this.compensationCelsius, ppt, own.kilopascals * 10);
		const texts = [decimalText(shown * saturated, 2), decimalText(shown * 100, 1)];
		const text = texts.filter((_, index) => (own.outputs & (1 << index)) !== 0).join(",");
		return { text: own.outputs === 0 ? "no output" : text, duration: "read" };
	}

	#calibrate(point: string | undefined): EzoOutcome | undefined {
		const { settings } = this;
		if (point === "?") return answer(`${this.prefix("Cal")}${settings.own.points}`);
		if (point === "CLEAR") {
			return change(() => {
				settings.own = { ...settings.own, ...UNCALIBRATED };
			});
		}
		const signal = this.#quantity();
		if (point === "0") {
			return calibration(() => {
				settings.own = { ...settings.own, points: 2, atNone: signal };
			});
		}
		if (point !== undefined || signal <= settings.own.atNone) return undefined;
		return calibration(() => {
			const points = Math.max(settings.own.points, 1);
			settings.own = { ...settings.own, points, atSaturation: signal };
		});
	}

	#output(name: string | undefined, value: string | undefined): EzoOutcome | undefined {
		const { own } = this.settings;
		if (name === "?") {
			const names = NAMES.filter((_, index) => (own.outputs & (1 << index)) !== 0);
			return answer(`?,O,${names.length === 0 ? "no output" : names.join(",")}`);
		}
		const index = OUTPUTS.indexOf(name ?? "");
		if (index < 0 || (value !== "0" && value !== "1")) return undefined;
		return change(() => {
			if (value === "1") own.outputs |= 1 << index;
			else own.outputs &= ~(1 << index);
		});
	}
}
