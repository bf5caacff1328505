/** The Bor when nothing happens: the scenario by itself, and what an acid event flows into. */

import { seedOf } from "../../src/core/random.js";
import { smoothNoise, wave } from "./noise.js";
import type { WaterState } from "./water.js";

const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3600;

/** A clear autumn day: temperature peaks in the afternoon, pH follows the algae's daylight. */
export function quietBor(seed: number): (utcSeconds: number) => WaterState {
	const pHSeed = seedOf(seed, "pH");
	const conductivitySeed = seedOf(seed, "conductivity");
	const turbiditySeed = seedOf(seed, "turbidity");
	const temperatureSeed = seedOf(seed, "temperature");
	return (utcSeconds) => {
		const day = utcSeconds / DAY_SECONDS;
		const hours = utcSeconds / HOUR_SECONDS;
		return {
			pH: 7.65 + 0.12 * wave(day - 0.33) + 0.03 * smoothNoise(pHSeed, hours / 2),
			conductivityAt25MicrosiemensPerCm:
				860 + 25 * wave(day - 0.1) + 18 * smoothNoise(conductivitySeed, hours / 3),
			turbidityFormazinUnits: 6 + 2.5 * smoothNoise(turbiditySeed, hours),
			temperatureCelsius:
				12.5 + 1.8 * wave(day - 0.38) + 0.4 * smoothNoise(temperatureSeed, hours / 4),
		};
	};
}
