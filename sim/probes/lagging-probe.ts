/** A probe in the water: it follows the truth with its response time, and it is noisy. */

import { exp } from "../../src/core/elementary.js";
import { normal, type RandomSource } from "../../src/core/random.js";

export interface LaggingProbeOptions {
	/** Seconds of the world now. */
	readonly seconds: () => number;
	/** What a perfect instrument would read now. */
	readonly truth: () => number;
	/** Time constant of the first-order response, seconds (63 % of a step); 0 follows at once. */
	readonly responseSeconds: number;
	/** So many times longer now: slime on an electrode. Default 1. */
	readonly slowness?: () => number;
	/** Standard deviation of the noise, in the quantity's unit, at a value. */
	readonly noise: (reading: number) => number;
	readonly random: RandomSource;
}

export class LaggingProbe {
	readonly #options: LaggingProbeOptions;
	#settled: number | undefined;
	#settledSeconds = 0;

	constructor(options: LaggingProbeOptions) {
		this.#options = options;
	}

	/** What the probe shows now; each call draws new noise. */
	read(): number {
		const { seconds, truth, responseSeconds, noise, random } = this.#options;
		const now = seconds();
		const water = truth();
		const before = this.#settled;
		if (before === undefined || responseSeconds === 0) {
			this.#settled = water;
		} else {
			const slow = this.#options.slowness?.() ?? 1;
			const decay = exp(-(now - this.#settledSeconds) / (responseSeconds * slow));
			this.#settled = water + (before - water) * decay;
		}
		this.#settledSeconds = now;
		return this.#settled + noise(this.#settled) * normal(random);
	}
}
