/**
 * Atlas EZO-EC: conductivity, and what is derived from it. With T at 25 (as after power-on) the
 * reading is the conductivity at the water's temperature; with any other T the circuit refers it
 * to 25 degC by a coefficient that Atlas does not publish. Source: EZO-EC datasheet.
 */
import { decimalOf, decimalText } from "./decimal-text.js";
import { type EzoChipOptions, SimulatedEzo } from "./ezo.js";
import { answer, calibration, change, type EzoOutcome } from "./ezo-command.js";
import { EZO_FIRMWARE, type EzoKind } from "./ezo-firmware.js";
import { practicalSalinity } from "./salinity.js";

const KIND = Object.freeze<EzoKind>({
	name: "EC",
	address: 0x64,
	// `10,120` by datasheet and by the strings of a circuit that was calibrated dry, low and high.
	exported: {
		bytes: 60,
		numbers: [
			"isDry",
			"dryOffset",
			"points",
			"lowMeasured",
			"lowShown",
			"highMeasured",
			"highShown",
			"cellConstant",
			"solidsFactor",
			"outputs",
		],
		flags: [],
	},
	bootMilliseconds: [739, 740],
	readMilliseconds: { usual: 600, slow: 600 },
	calibrateMilliseconds: 600,
	milliamperes3V3: [35, 16.9, 0.4],
	milliamperes5V: [50, 18.1, 0.7],
	milliamperes3V3Dark: [34, 15.9],
});

/** Per degC; between 0.019 and 0.02, not published. */
const COEFFICIENT_DEFAULT = 0.019;
/** Below this the circuit prints 0.00, uS/cm. */
const READING_MIN = 0.07;
const READING_MAX = 500_000;
/** Specific gravity per practical salinity unit: 1.025 at 35. */
const GRAVITY_PER_SALINITY = 0.025 / 35;

const OUTPUTS: readonly string[] = ["EC", "TDS", "S", "SG"];

export interface EzoEcOptions extends EzoChipOptions {
	/** Conductivity of the water at its own temperature as the cell meets it, uS/cm. */
	quantity: () => number;
	/** Cell constant of the probe that is plugged in, 1/cm. Default 1.0, which is the factory's K. */
	cellConstant?: number;
	/** Coefficient of the circuit's own compensation, per degC. Default 0.019. */
	coefficientPerCelsius?: number;
}

type EcSettings = {
	isDry: number;
	/** Subtracted from what is measured, uS/cm. */
	dryOffset: number;
	/** 0 no solution, 1 one, 2 low alone (without effect yet), 3 low and high. */
	points: number;
	lowMeasured: number;
	lowShown: number;
	highMeasured: number;
	highShown: number;
	cellConstant: number;
	solidsFactor: number;
	/** Bit n: OUTPUTS[n] is printed. */
	outputs: number;
};

const FACTORY: EcSettings = {
	isDry: 0,
	dryOffset: 0,
	points: 0,
	lowMeasured: 0,
	lowShown: 0,
	highMeasured: 1,
	highShown: 1,
	cellConstant: 1,
	solidsFactor: 0.54,
	outputs: 1,
};

const UNCALIBRATED = {
	isDry: 0,
	dryOffset: 0,
	points: 0,
	lowMeasured: 0,
	lowShown: 0,
	highMeasured: 1,
	highShown: 1,
};

export class EzoEc extends SimulatedEzo<EcSettings> {
	readonly #quantity: () => number;
	readonly #probeConstant: number;
	readonly #coefficientPerCelsius: number;

	constructor(options: EzoEcOptions) {
		const firmware = options.firmware ?? EZO_FIRMWARE["2.16"];
		super(KIND, { ...FACTORY, outputs: firmware.hasFourOutputs ? 15 : 1 }, options);
		this.#quantity = options.quantity;
		this.#probeConstant = options.cellConstant ?? 1;
		this.#coefficientPerCelsius = options.coefficientPerCelsius ?? COEFFICIENT_DEFAULT;
	}

	protected override execute(words: readonly string[]): EzoOutcome | undefined {
		const { settings } = this;
		switch (words[0]) {
			case "R":
				return words.length > 1 ? undefined : this.#reading();
			case "RT": {
				const celsius = decimalOf(words[1]);
				if (!this.firmware.hasReadWithTemperature || celsius === undefined) return undefined;
				this.compensationCelsius = celsius;
				return this.#reading();
			}
			case "T":
				return this.compensate(words);
			case "CAL":
				return this.#calibrate(words[1], words[2]);
			case "K": {
				if (words[1] === "?")
					return answer(`?K,${this.decimals(settings.own.cellConstant, constantText)}`);
				const constant = decimalOf(words[1]);
				if (constant === undefined || constant < 0.1 || constant > 10) return undefined;
				return change(() => {
					settings.own.cellConstant = constant;
				});
			}
			case "TDS": {
				if (words[1] === "?") return answer(`?TDS,${decimalText(settings.own.solidsFactor, 2)}`);
				const factor = decimalOf(words[1]);
				if (factor === undefined || factor < 0.01 || factor > 1) return undefined;
				return change(() => {
					settings.own.solidsFactor = factor;
				});
			}
			case "O":
				return this.#output(words[1], words[2]);
			default:
				return undefined;
		}
	}

	#reading(): EzoOutcome {
		const { own } = this.settings;
		let microsiemens = this.#shown(this.#measured());
		if (microsiemens < READING_MIN) microsiemens = 0;
		microsiemens = Math.min(READING_MAX, microsiemens);
		const text = this.#listed((index) => {
			if (index === 0) return conductivityText(microsiemens);
			if (index === 1) return decimalText(microsiemens * own.solidsFactor, 0);
			// Cut off, not rounded: 1413 uS/cm is printed as 0.70 and 1.000.
			const salinity = Math.floor(practicalSalinity(microsiemens) * 100) / 100;
			if (index === 2) return decimalText(salinity, 2);
			const gravity = Math.floor((1 + salinity * GRAVITY_PER_SALINITY) * 1000) / 1000;
			return decimalText(gravity, 3);
		});
		return { text, duration: "read" };
	}

	/** What is printed of OUTPUTS, by commas. */
	#listed(textOf: (index: number) => string): string {
		const { outputs } = this.settings.own;
		if (outputs === 0) return "No output";
		let list = "";
		for (let index = 0; index < OUTPUTS.length; index++) {
			if ((outputs & (1 << index)) === 0) continue;
			list += list === "" ? textOf(index) : `,${textOf(index)}`;
		}
		return list;
	}

	/** Conductivity before calibration, referred to 25 degC by the T that was set. */
	#measured(): number {
		const raw = (this.#quantity() * this.settings.own.cellConstant) / this.#probeConstant;
		return raw / (1 + this.#coefficientPerCelsius * (this.compensationCelsius - 25));
	}

	#shown(measured: number): number {
		const { own } = this.settings;
		const above = measured - own.dryOffset;
		if (own.points === 0 || own.points === 2) return above;
		const rise = (own.highShown - own.lowShown) / (own.highMeasured - own.lowMeasured);
		return own.lowShown + (above - own.lowMeasured) * rise;
	}

	#calibrate(point: string | undefined, value: string | undefined): EzoOutcome | undefined {
		const { settings } = this;
		const { own } = settings;
		if (point === "?") {
			return answer(`${this.prefix("Cal")}${own.points === 3 ? 2 : own.points === 0 ? 0 : 1}`);
		}
		if (point === "CLEAR") {
			return change(() => {
				settings.own = { ...own, ...UNCALIBRATED };
			});
		}
		const measured = this.#measured();
		if (point === "DRY") {
			return calibration(() => {
				settings.own = { ...own, ...UNCALIBRATED, isDry: 1, dryOffset: measured };
			});
		}
		if (own.isDry === 0 && this.firmware.calibrationOrder === "strict") return undefined;
		const above = measured - own.dryOffset;
		const isPair = point === "LOW" || point === "HIGH";
		const shown = decimalOf(isPair ? value : point);
		if (shown === undefined || shown <= 0 || above <= 0) return undefined;
		if (point === "HIGH" && own.points === 2 && above === own.lowMeasured) return undefined;
		return calibration(() => {
			if (point === "LOW") {
				// No visible change yet: the line needs its second point.
				settings.own = { ...own, points: 2, lowMeasured: above, lowShown: shown };
			} else {
				const hasLow = point === "HIGH" && (own.points === 2 || own.points === 3);
				const low = hasLow ? {} : { lowMeasured: 0, lowShown: 0 };
				const points = hasLow ? 3 : 1;
				settings.own = { ...own, ...low, points, highMeasured: above, highShown: shown };
			}
		});
	}

	#output(name: string | undefined, value: string | undefined): EzoOutcome | undefined {
		const { settings } = this;
		if (name === "?") {
			const list = this.#listed((output) => OUTPUTS[output] ?? "");
			return answer(this.firmware.outputPrefix + list);
		}
		const index = OUTPUTS.indexOf(name ?? "");
		if (index < 0 || (value !== "0" && value !== "1")) return undefined;
		return change(() => {
			const bit = 1 << index;
			if (value === "1") settings.own.outputs |= bit;
			else settings.own.outputs &= ~bit;
		});
	}
}

/** Steps of 0.01, 0.1, 1, 10, 100 uS/cm as the value grows. */
function conductivityText(microsiemens: number): string {
	if (microsiemens < 99.995) return decimalText(microsiemens, 2);
	if (microsiemens < 999.95) return decimalText(microsiemens, 1);
	if (microsiemens < 9999.5) return decimalText(microsiemens, 0);
	const step = microsiemens < 99_995 ? 10 : 100;
	return decimalText(Math.round(microsiemens / step) * step, 0);
}

/** `1.0`, `0.1`, `10.0`, but `0.95` in full. */
function constantText(constant: number): string {
	const text = decimalText(constant, 2);
	return text.endsWith("0") ? text.slice(0, -1) : text;
}
