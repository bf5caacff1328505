/**
 * Named rivers. They are assumptions for trying things out, chosen inside what has been reported of
 * the two rivers since the discharges stopped, and no claim about what flows there.
 */

import { seedOf } from "../../src/core/random.js";
import type { Disturbances } from "../station/disturbances.js";
import { acidBor } from "./acid-bor.js";
import {
	brownOuts,
	bubbles,
	coupledCircuits,
	fouledProbes,
	outOfWater,
	sunlessMonth,
	swappedElectrode,
} from "./disturbances.js";
import { hydrograph, smoothNoise, wave } from "./noise.js";
import { quietBor } from "./quiet-bor.js";
import type { River } from "./river.js";
import type { WaterState } from "./water.js";

const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3600;

type Scenario = (seed: number, startUtcSeconds: number) => River;

/** Every scenario by name; the seed shapes its noise, the start places its events. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = Object.freeze({
	"quiet-bor": (seed, _start) => endless("quiet Bor", quietBor(seed)),
	"acid-bor": (seed, start) => endless("acid event on the Bor", (utc) => acidBor(seed, start, utc)),
	"storm-pek": (seed, start) => endless("storm on the Pek", (utc) => stormPek(seed, start, utc)),
	"fouled-bor": (seed, start) => onQuietBor("slime on the probes", seed, fouledProbes(start)),
	"bubbles-bor": (seed, start) => onQuietBor("bubbles at the optics", seed, bubbles(start)),
	"dry-bor": (seed, start) => onQuietBor("probes out of the water", seed, outOfWater(start)),
	"coupled-bor": (seed) => onQuietBor("pH disturbed by the EC circuit", seed, coupledCircuits()),
	"swapped-bor": (seed, start) =>
		onQuietBor("a worn electrode swapped", seed, swappedElectrode(start)),
	"brownouts-bor": (seed, start) => onQuietBor("storm of brown-outs", seed, brownOuts(start)),
	"sunless-bor": (seed, start) => onQuietBor("a month without sun", seed, sunlessMonth(start)),
});

function endless(name: string, at: (utcSeconds: number) => WaterState): River {
	return Object.freeze({ name, at, firstUtcSeconds: undefined, lastUtcSeconds: undefined });
}

/** The Bor is quiet; it is the station that has its troubles. */
function onQuietBor(name: string, seed: number, disturbances: Disturbances): River {
	return Object.freeze({ ...endless(name, quietBor(seed)), disturbances });
}

/** The first storm comes six hours after the start, then one every five days, of changing size. */
const FIRST_STORM_SECONDS = 6 * HOUR_SECONDS;
const STORM_PERIOD_SECONDS = 5 * DAY_SECONDS;

/** Rain: silt rises within an hour and settles over half a day, salts are diluted, water cools. */
function stormPek(seed: number, startUtcSeconds: number, utcSeconds: number): WaterState {
	const day = utcSeconds / DAY_SECONDS;
	const hours = utcSeconds / HOUR_SECONDS;
	const sinceFirst = utcSeconds - startUtcSeconds - FIRST_STORM_SECONDS;
	const storm = Math.floor(sinceFirst / STORM_PERIOD_SECONDS);
	const since = sinceFirst - storm * STORM_PERIOD_SECONDS;
	const strength = sinceFirst < 0 ? 0 : 0.8 + 0.4 * smoothNoise(seedOf(seed, "storm"), storm);
	const silt = strength * hydrograph(since, 0.8 * HOUR_SECONDS, 4 * HOUR_SECONDS);
	const rain = strength * hydrograph(since, 2 * HOUR_SECONDS, 12 * HOUR_SECONDS);
	const burst = 1 + 0.12 * smoothNoise(seedOf(seed, "burst"), hours * 6);
	return {
		pH:
			8.05 +
			0.1 * wave(day - 0.33) -
			0.35 * rain +
			0.02 * smoothNoise(seedOf(seed, "pH"), hours / 2),
		conductivityAt25MicrosiemensPerCm:
			(480 + 12 * smoothNoise(seedOf(seed, "conductivity"), hours / 3)) / (1 + 0.45 * rain),
		turbidityFormazinUnits:
			4 + 1.2 * smoothNoise(seedOf(seed, "turbidity"), hours) + 1050 * silt * burst,
		temperatureCelsius:
			11.5 + 1.5 * wave(day - 0.38) - 1.2 * rain + 0.3 * smoothNoise(seedOf(seed, "t"), hours / 4),
	};
}
