/** An ISO 7027 transmitter on a 4-20 mA loop, seen as the voltage over the shunt. */
import type { StationConfiguration } from "../../src/firmware/config/configuration.js";

export interface LoopScale {
	readonly shuntOhms: number;
	readonly turbidityAt4Milliampere: number;
	readonly turbidityAt20Milliampere: number;
}

/** The loop that a configuration is right for. */
export function loopOf(
	configuration: Pick<
		StationConfiguration,
		"loopShuntMilliohms" | "turbidityAt4MilliampereMilli" | "turbidityAt20MilliampereMilli"
	>,
): LoopScale {
	return {
		shuntOhms: configuration.loopShuntMilliohms / 1000,
		turbidityAt4Milliampere: configuration.turbidityAt4MilliampereMilli / 1000,
		turbidityAt20Milliampere: configuration.turbidityAt20MilliampereMilli / 1000,
	};
}

export interface TurbidityLoopOptions {
	/** Milliseconds of the world now. */
	readonly milliseconds: () => number;
	/** What the optics see now, formazin units. */
	readonly turbidity: () => number;
	readonly shuntOhms: number;
	/** Turbidity that the transmitter gives as 4 mA and as 20 mA. */
	readonly at4Milliampere: number;
	readonly at20Milliampere: number;
	/** After power-on the current is not valid for this long, milliseconds. */
	readonly warmUpMilliseconds: number;
}

/** NAMUR NE 43: a healthy transmitter saturates at 3.8 and 20.5 mA. */
const SATURATED_LOW_MILLIAMPERES = 3.8;
const SATURATED_HIGH_MILLIAMPERES = 20.5;
/** What flows while the transmitter starts: below the fault level of 3.6 mA. */
const STARTING_MILLIAMPERES = 3.5;

export class TurbidityLoop {
	readonly #options: TurbidityLoopOptions;
	#onSinceMilliseconds: number | undefined;

	constructor(options: TurbidityLoopOptions) {
		this.#options = options;
	}

	setPower(isOn: boolean): void {
		this.#onSinceMilliseconds = isOn ? this.#options.milliseconds() : undefined;
	}

	/** Current in the loop now. */
	milliamperes(): number {
		if (this.#onSinceMilliseconds === undefined) return 0;
		const { milliseconds, warmUpMilliseconds, turbidity } = this.#options;
		if (milliseconds() - this.#onSinceMilliseconds < warmUpMilliseconds) {
			return STARTING_MILLIAMPERES;
		}
		const { at4Milliampere, at20Milliampere } = this.#options;
		const part = (turbidity() - at4Milliampere) / (at20Milliampere - at4Milliampere);
		return Math.min(
			Math.max(4 + 16 * part, SATURATED_LOW_MILLIAMPERES),
			SATURATED_HIGH_MILLIAMPERES,
		);
	}

	/** Volts over the shunt now. */
	volts(): number {
		return (this.milliamperes() / 1000) * this.#options.shuntOhms;
	}
}
