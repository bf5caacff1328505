/** The Bor when nothing happens: the scenario by itself, and what an acid event flows into. */

import { seedOf } from "../../src/core/random.js";
import { smoothNoiseOf, wave } from "./noise.js";
import type { WaterState } from "./water.js";

const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3600;

/** A clear autumn day: temperature peaks in the afternoon, pH follows the algae's daylight. */
export function quietBor(seed: number): (utcSeconds: number) => WaterState {
	const pHNoise = smoothNoiseOf(seedOf(seed, "pH"));
	const conductivityNoise = smoothNoiseOf(seedOf(seed, "conductivity"));
	const turbidityNoise = smoothNoiseOf(seedOf(seed, "turbidity"));
	const temperatureNoise = smoothNoiseOf(seedOf(seed, "temperature"));
	return (utcSeconds) => {
		const day = utcSeconds / DAY_SECONDS;
		const hours = utcSeconds / HOUR_SECONDS;
		return {
			pH: 7.65 + 0.12 * wave(day - 0.33) + 0.03 * pHNoise(hours / 2),
			conductivityAt25MicrosiemensPerCm:
				860 + 25 * wave(day - 0.1) + 18 * conductivityNoise(hours / 3),
			turbidityFormazinUnits: 6 + 2.5 * turbidityNoise(hours),
			temperatureCelsius: 12.5 + 1.8 * wave(day - 0.38) + 0.4 * temperatureNoise(hours / 4),
		};
	};
}
