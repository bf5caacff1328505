/** A 12 V lead battery with a small solar panel: enough physics for "low" to come and to go. */

import { type BatteryChemistry, packVolts } from "./battery-cells.js";

export interface BatteryOptions {
	readonly capacityMilliwattHours: number;
	/** A straight line of voltage without it. */
	readonly chemistry?: BatteryChemistry;
	/** What the cold leaves of what it holds, 0..1. */
	readonly coldPart?: (utcSeconds: number) => number;
	/** At the start; default full. */
	readonly chargeMilliwattHours?: number;
	/** What the panel gives at an instant, milliwatts. */
	readonly solarMilliwatts: (utcSeconds: number) => number;
	/** Unix seconds now. */
	readonly utcSeconds: () => number;
	/** All that the board has drawn so far, milliwatt hours. */
	readonly drawnMilliwattHours: () => number;
}

/** Terminal voltage of a rested 12 V lead battery, empty and full. */
const VOLTS_EMPTY = 11.6;
const VOLTS_FULL = 12.75;
/** What was empty starts again above this part of its charge. */
const LOCK_OUT_UP_TO = 0.02;
/** The panel's power is summed in steps of this length. */
const STEP_SECONDS = 600;

export class Battery {
	readonly #options: BatteryOptions;
	#chargeMilliwattHours: number;
	#drawnMilliwattHours: number;
	#utcSeconds: number;
	#isLockedOut = false;

	constructor(options: BatteryOptions) {
		this.#options = options;
		this.#chargeMilliwattHours = options.chargeMilliwattHours ?? options.capacityMilliwattHours;
		this.#drawnMilliwattHours = options.drawnMilliwattHours();
		this.#utcSeconds = options.utcSeconds();
	}

	/** Volts at the terminals now. */
	volts(): number {
		this.#settle();
		const { chemistry, solarMilliwatts, utcSeconds } = this.#options;
		const part = this.#chargeMilliwattHours / this.#options.capacityMilliwattHours;
		if (chemistry !== undefined) {
			return packVolts(chemistry, part, solarMilliwatts(utcSeconds()) / 1000);
		}
		return VOLTS_EMPTY + (VOLTS_FULL - VOLTS_EMPTY) * part;
	}

	/** It bears no wake: the regulator's lock-out, until the sun has given it a little. */
	get isEmpty(): boolean {
		this.#settle();
		const part = this.#chargeMilliwattHours / this.#options.capacityMilliwattHours;
		if (part <= 0) this.#isLockedOut = true;
		else if (part > LOCK_OUT_UP_TO) this.#isLockedOut = false;
		return this.#isLockedOut;
	}

	/** Left in it, milliwatt hours. */
	get chargeMilliwattHours(): number {
		this.#settle();
		return this.#chargeMilliwattHours;
	}

	save(): { chargeMilliwattHours: number } {
		this.#settle();
		return { chargeMilliwattHours: this.#chargeMilliwattHours };
	}

	load(saved: { chargeMilliwattHours: number }): void {
		this.#chargeMilliwattHours = saved.chargeMilliwattHours;
		this.#utcSeconds = this.#options.utcSeconds();
		this.#drawnMilliwattHours = this.#options.drawnMilliwattHours();
	}

	#settle(): void {
		const { utcSeconds, drawnMilliwattHours, solarMilliwatts, capacityMilliwattHours } =
			this.#options;
		const drawn = drawnMilliwattHours();
		const cold = this.#options.coldPart?.(this.#utcSeconds) ?? 1;
		let charge = this.#chargeMilliwattHours - (drawn - this.#drawnMilliwattHours) / cold;
		this.#drawnMilliwattHours = drawn;
		const now = utcSeconds();
		while (this.#utcSeconds < now) {
			const step = Math.min(STEP_SECONDS, now - this.#utcSeconds);
			charge += (solarMilliwatts(this.#utcSeconds) * step) / 3600;
			charge = Math.min(charge, capacityMilliwattHours);
			this.#utcSeconds += step;
		}
		this.#chargeMilliwattHours = Math.max(charge, 0);
	}
}
