/**
 * Atlas EZO-pH: turns the electrode's voltage into pH by its calibration and its temperature
 * compensation. Source: EZO-pH datasheet; formulas of the electrode by the Nernst slope.
 */
import { decimalOf, decimalText } from "./decimal-text.js";
import { type EzoChipOptions, SimulatedEzo } from "./ezo.js";
import { answer, calibration, change, type EzoOutcome } from "./ezo-command.js";
import type { EzoKind } from "./ezo-firmware.js";

/** As `Export` names it. */
export const PH_KIND = Object.freeze<EzoKind>({
	name: "pH",
	address: 0x63,
	// `?EXPORT,4,46` of a circuit of 2.12, calibrated at three points; its last string was five bytes.
	exported: {
		bytes: 23,
		numbers: ["midPH", "midMillivolts", "acidPercent", "basePercent"],
		flags: ["hasMid", "hasLow", "hasHigh", "isExtended"],
	},
	bootMilliseconds: [846, 846],
	readMilliseconds: { usual: 900, slow: 1656 },
	calibrateMilliseconds: 900,
	milliamperes3V3: [14.5, 13.9, 0.995],
	milliamperes5V: [18.3, 16, 1.16],
	milliamperes3V3Dark: [13.3, 13.3],
});

/** Nernst slope per kelvin, mV per pH: 59.16 mV at 25 degC. */
const MILLIVOLTS_PER_PH_KELVIN = 0.198416;
const KELVIN_AT_ZERO_CELSIUS = 273.15;

export interface EzoPhOptions extends EzoChipOptions {
	/** pH that the electrode shows now, its own slope and offset included. */
	quantity: () => number;
	/** Temperature of the electrode, degC: its voltage per pH grows with it. Default 25. */
	waterCelsius?: () => number;
}

type PhSettings = {
	hasMid: number;
	hasLow: number;
	hasHigh: number;
	midPH: number;
	midMillivolts: number;
	acidPercent: number;
	basePercent: number;
	isExtended: number;
};

const FACTORY: PhSettings = {
	hasMid: 0,
	hasLow: 0,
	hasHigh: 0,
	midPH: 7,
	midMillivolts: 0,
	acidPercent: 100,
	basePercent: 100,
	isExtended: 0,
};

export class EzoPh extends SimulatedEzo<PhSettings> {
	readonly #quantity: () => number;
	readonly #waterCelsius: () => number;

	constructor(options: EzoPhOptions) {
		super(PH_KIND, FACTORY, options);
		this.#quantity = options.quantity;
		this.#waterCelsius = options.waterCelsius ?? (() => 25);
	}

	protected override execute(words: readonly string[]): EzoOutcome | undefined {
		const { firmware, settings } = this;
		switch (words[0]) {
			case "R":
				return words.length > 1 ? undefined : this.#reading();
			case "RT": {
				const celsius = decimalOf(words[1]);
				if (!firmware.hasReadWithTemperature || celsius === undefined) return undefined;
				this.compensationCelsius = celsius;
				return this.#reading();
			}
			case "T":
				return this.compensate(words);
			case "CAL":
				return this.#calibrate(words);
			case "SLOPE":
				return words[1] === "?" ? answer(this.#slope()) : undefined;
			case "PHEXT": {
				if (!firmware.hasExtendedScale) return undefined;
				if (words[1] === "?") return answer(`?pHext,${settings.own.isExtended}`);
				if (words[1] !== "0" && words[1] !== "1") return undefined;
				const isExtended = Number(words[1]);
				return change(() => {
					settings.own.isExtended = isExtended;
				});
			}
			default:
				return undefined;
		}
	}

	#reading(): EzoOutcome {
		const { own } = this.settings;
		const above = this.#electrodeMillivolts() - own.midMillivolts;
		const percent = above > 0 ? own.acidPercent : own.basePercent;
		const slope = (percent / 100) * slopeMillivolts(this.compensationCelsius);
		const pH = own.midPH - (above === 0 ? 0 : above / slope);
		const [lowest, highest] = own.isExtended === 1 ? [-1.6, 15.6] : [0, 14];
		const shown = Math.min(highest, Math.max(lowest, pH));
		return { text: decimalText(shown, 3), duration: "read" };
	}

	#calibrate(words: readonly string[]): EzoOutcome | undefined {
		const { settings } = this;
		const { own } = settings;
		switch (words[1]) {
			case "?":
				return answer(`${this.prefix("Cal")}${own.hasMid + own.hasLow + own.hasHigh}`);
			case "CLEAR":
				return change(() => {
					settings.own = { ...FACTORY, isExtended: own.isExtended };
				});
			case "MID":
			case "LOW":
			case "HIGH":
				return this.#calibratePoint(words[1], decimalOf(words[2]));
			default:
				return undefined;
		}
	}

	/** Takes the electrode's present voltage for a buffer's pH, whatever liquid it stands in. */
	#calibratePoint(point: "MID" | "LOW" | "HIGH", pH: number | undefined): EzoOutcome | undefined {
		const { settings } = this;
		const { own } = settings;
		if (pH === undefined || pH < 0 || pH > 14) return undefined;
		const millivolts = this.#electrodeMillivolts();
		if (point === "MID") {
			// A new mid point clears low and high.
			const { isExtended } = own;
			const mid = { ...FACTORY, isExtended, hasMid: 1, midPH: pH, midMillivolts: millivolts };
			return calibration(() => {
				settings.own = mid;
			});
		}
		if (own.hasMid === 0 && this.firmware.calibrationOrder === "strict") return undefined;
		if (point === "LOW" ? pH >= own.midPH : pH <= own.midPH) return undefined;
		const ideal = (own.midPH - pH) * slopeMillivolts(this.compensationCelsius);
		const percent = ((millivolts - own.midMillivolts) / ideal) * 100;
		return calibration(() => {
			if (point === "LOW") {
				own.hasLow = 1;
				own.acidPercent = percent;
			} else {
				own.hasHigh = 1;
				own.basePercent = percent;
			}
		});
	}

	#slope(): string {
		const { own } = this.settings;
		const isPristine = own.hasMid + own.hasLow + own.hasHigh === 0;
		const acid = isPristine ? "100" : decimalText(own.acidPercent, 1);
		const base = isPristine ? "100" : decimalText(own.basePercent, 1);
		const slopes = `${this.prefix("Slope")}${acid},${base}`;
		if (this.firmware.slopeFields === 2) return slopes;
		const offset = own.midMillivolts - (7 - own.midPH) * slopeMillivolts(25);
		return `${slopes},${isPristine ? "0" : decimalText(offset, 2)}`;
	}

	#electrodeMillivolts(): number {
		return (7 - this.#quantity()) * slopeMillivolts(this.#waterCelsius());
	}
}

/** Millivolts per pH of a perfect electrode. */
function slopeMillivolts(celsius: number): number {
	return MILLIVOLTS_PER_PH_KELVIN * (celsius + KELVIN_AT_ZERO_CELSIUS);
}
