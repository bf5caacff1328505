/**
 * Atlas EZO-RTD: water temperature by a platinum resistor. It has no T and no Slope. An open
 * resistor reads as -1023.000 with status 1. Source: EZO-RTD datasheet and published boards.
 */
import type { VirtualAlarm } from "../board/clock.js";
import { decimalOf, decimalText } from "./decimal-text.js";
import { type EzoChipOptions, SimulatedEzo } from "./ezo.js";
import { answer, calibration, change, type EzoOutcome } from "./ezo-command.js";
import type { EzoKind } from "./ezo-firmware.js";

const KIND = Object.freeze<EzoKind>({
	name: "RTD",
	address: 0x66,
	// `?EXPORT,2,20`: no room for more than the calibration.
	exported: { bytes: 10, numbers: ["offsetCelsius"], flags: ["isCalibrated"] },
	bootMilliseconds: [731, 735],
	readMilliseconds: { usual: 600, slow: 643 },
	calibrateMilliseconds: 600,
	milliamperes3V3: [14.3, 13.8, 0.09],
	milliamperes5V: [16, 15.4, 0.4],
	milliamperes3V3Dark: [14, 13.6],
});

/** Printed whatever the scale is: what it is in other scales is not documented. */
const OPEN_READING = -1023;
const CELSIUS_MIN = -126;
const CELSIUS_MAX = 1254;
const SCALES: readonly string[] = ["C", "K", "F"];
/** The logger's unit of time, and how many readings it keeps. */
const LOGGER_UNIT_MILLISECONDS = 10_000;
const LOGGER_READINGS_MAX = 50;
const LOGGER_INTERVAL_MAX = 32_000;

export interface EzoRtdOptions extends EzoChipOptions {
	/** Temperature of the resistor, degC. */
	quantity: () => number;
	/** True while the resistor or its cable is broken or not plugged in. */
	isOpen?: () => boolean;
}

type RtdSettings = {
	isCalibrated: number;
	offsetCelsius: number;
	/** Index into SCALES. */
	scale: number;
	/** In units of 10 s; 0 off. */
	loggerInterval: number;
};

const FACTORY: RtdSettings = { isCalibrated: 0, offsetCelsius: 0, scale: 0, loggerInterval: 0 };

export class EzoRtd extends SimulatedEzo<RtdSettings> {
	readonly #quantity: () => number;
	readonly #isOpen: () => boolean;
	readonly #logger: VirtualAlarm;
	/** Survives the loss of power, as the settings do. */
	readonly #logged: string[] = [];
	#recallIndex = 0;

	constructor(options: EzoRtdOptions) {
		super(KIND, FACTORY, options);
		this.#quantity = options.quantity;
		this.#isOpen = options.isOpen ?? (() => false);
		this.#logger = options.clock.createAlarm(() => {
			if (this.#logged.length < LOGGER_READINGS_MAX) this.#logged.push(this.#shown());
			this.#scheduleLogger();
		});
	}

	protected override execute(words: readonly string[]): EzoOutcome | undefined {
		const { settings } = this;
		const argument = words[1];
		switch (words[0]) {
			case "R":
				return words.length > 1 ? undefined : { text: this.#shown(), duration: "read" };
			case "S": {
				const { own } = settings;
				if (argument === "?") return answer(`?S,${(SCALES[own.scale] ?? "C").toLowerCase()}`);
				const scale = SCALES.indexOf(argument ?? "");
				if (scale < 0) return undefined;
				return change(() => {
					settings.own.scale = scale;
				});
			}
			case "CAL":
				return this.#calibrate(argument);
			case "D": {
				if (argument === "?") return answer(`?D,${settings.own.loggerInterval}`);
				const interval = decimalOf(argument);
				if (interval === undefined || interval < 0 || interval > LOGGER_INTERVAL_MAX) {
					return undefined;
				}
				return change(() => {
					settings.own.loggerInterval = Math.floor(interval);
					this.#scheduleLogger();
				});
			}
			case "M":
				return this.#recall(argument);
			default:
				return undefined;
		}
	}

	protected override onStart(): void {
		this.#scheduleLogger();
	}

	protected override onPowerLost(): void {
		this.#logger.cancel();
		this.#recallIndex = 0;
	}

	#calibrate(argument: string | undefined): EzoOutcome | undefined {
		const { settings } = this;
		if (argument === "?") {
			return answer(`${this.prefix("Cal")}${settings.own.isCalibrated}`);
		}
		if (argument === "CLEAR") {
			return change(() => {
				settings.own.isCalibrated = 0;
				settings.own.offsetCelsius = 0;
			});
		}
		const shown = decimalOf(argument);
		if (shown === undefined || this.#isOpen()) return undefined;
		const offsetCelsius = celsiusOf(shown, settings.own.scale) - this.#quantity();
		return calibration(() => {
			settings.own.isCalibrated = 1;
			settings.own.offsetCelsius = offsetCelsius;
		});
	}

	/** `M`: one reading after the other, oldest first, with its number. */
	#recall(argument: string | undefined): EzoOutcome | undefined {
		switch (argument) {
			case "?":
				return answer(`?M,${this.#logged.length}`);
			case "ALL":
				return answer(this.#logged.join(","));
			case "CLEAR":
				return change(() => {
					this.#logged.length = 0;
					this.#recallIndex = 0;
				});
			case undefined: {
				if (this.#logged.length === 0) return answer("0");
				const index = this.#recallIndex % this.#logged.length;
				this.#recallIndex = index + 1;
				return answer(`${index + 1},${this.#logged[index]}`);
			}
			default:
				return undefined;
		}
	}

	#shown(): string {
		if (this.#isOpen()) return decimalText(OPEN_READING, 3);
		const { own } = this.settings;
		const celsius = this.#quantity() + own.offsetCelsius;
		const inRange = Math.min(CELSIUS_MAX, Math.max(CELSIUS_MIN, celsius));
		return decimalText(scaledOf(inRange, own.scale), 3);
	}

	#scheduleLogger(): void {
		const { loggerInterval } = this.settings.own;
		if (loggerInterval === 0) this.#logger.cancel();
		else this.#logger.schedule(loggerInterval * LOGGER_UNIT_MILLISECONDS);
	}
}

function scaledOf(celsius: number, scale: number): number {
	if (scale === 1) return celsius + 273.15;
	return scale === 2 ? celsius * 1.8 + 32 : celsius;
}

function celsiusOf(shown: number, scale: number): number {
	if (scale === 1) return shown - 273.15;
	return scale === 2 ? (shown - 32) / 1.8 : shown;
}
