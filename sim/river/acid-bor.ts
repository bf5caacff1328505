/**
 * Mine water breaks into the Bor. An assumption for trying things out and no claim about what flows
 * there; its size is that of what was reported from before the discharges stopped: pH 2.5 to 4.5,
 * 2000 to 4500 uS/cm, 50 to 800 FNU, risen within 20 to 60 minutes.
 */

import { pow } from "../../src/core/elementary.js";
import { seedOf } from "../../src/core/random.js";
import { carbonateWaterOf, hydrogenOf, mixture, pHOf } from "./alkalinity.js";
import { hydrograph, smoothNoise } from "./noise.js";
import { quietBor } from "./quiet-bor.js";
import type { WaterState } from "./water.js";

const HOUR_SECONDS = 3600;
/** The first event comes three hours after the start, then one every four days. */
export const FIRST_ACID_SECONDS = 3 * HOUR_SECONDS;
const ACID_PERIOD_SECONDS = 4 * 86_400;
export const ACID_RISE_SECONDS = 40 * 60;
export const ACID_HALF_LIFE_SECONDS = 3 * HOUR_SECONDS;

/** Of a river from limestone: 3 mmol/L of bicarbonate. */
const RIVER_ALKALINITY_MOLES_PER_LITRE = 3e-3;
/** Sulphuric acid and the acid in its iron, with no carbon left in it. */
const MINE_WATER = Object.freeze({ alkalinityMolesPerLitre: -0.05, carbonMolesPerLitre: 0 });
/** Of its metal sulphates alone; its hydrogen ions are counted where they survive. */
const MINE_CONDUCTIVITY_AT_25_MICROSIEMENS_PER_CM = 28_000;
const MINE_TURBIDITY_FORMAZIN_UNITS = 4500;
const MINE_TEMPERATURE_CELSIUS = 17;
/** 349.8 S cm2/mol at 25 degC: a mole in a litre would give 349 800 uS/cm. */
const HYDROGEN_MICROSIEMENS_PER_CM_OF_MOLAR = 349_800;
/**
 * Share of mine water at the peak of an event of strength 1: 0.075. The rest of the river's
 * alkalinity is 3 * 0.925 = 2.8 mmol/L, the inflow's acidity 50 * 0.075 = 3.75: 1 mmol/L of strong
 * acid is left, pH 3.0.
 */
export const PEAK_PART = 0.075;

/** The water; the part of it that is mine water is in `minePartOf`. Pure. */
export function acidBor(seed: number, startUtcSeconds: number, utcSeconds: number): WaterState {
	const river = quietBor(seed)(utcSeconds);
	const part = minePartOf(seed, startUtcSeconds, utcSeconds);
	if (part === 0) return river;
	const hours = utcSeconds / HOUR_SECONDS;
	return withMineWater(river, part, 1 + 0.1 * smoothNoise(seedOf(seed, "floc"), hours * 6));
}

/** A river of which the share `part`, 0..1, is mine water; `floc`: how much of its turbidity, 1 as usual. Pure. */
export function withMineWater(river: WaterState, part: number, floc = 1): WaterState {
	const own = carbonateWaterOf(pow(10, -river.pH), RIVER_ALKALINITY_MOLES_PER_LITRE);
	const hydrogen = hydrogenOf(mixture(own, MINE_WATER, part));
	const mixed = (a: number, b: number): number => a + (b - a) * part;
	return {
		pH: pHOf(hydrogen),
		conductivityAt25MicrosiemensPerCm:
			mixed(river.conductivityAt25MicrosiemensPerCm, MINE_CONDUCTIVITY_AT_25_MICROSIEMENS_PER_CM) +
			HYDROGEN_MICROSIEMENS_PER_CM_OF_MOLAR * hydrogen,
		turbidityFormazinUnits: mixed(
			river.turbidityFormazinUnits,
			MINE_TURBIDITY_FORMAZIN_UNITS * floc,
		),
		temperatureCelsius: mixed(river.temperatureCelsius, MINE_TEMPERATURE_CELSIUS),
	};
}

/** Share of the flow that is mine water, 0..1. */
function minePartOf(seed: number, startUtcSeconds: number, utcSeconds: number): number {
	const sinceFirst = utcSeconds - startUtcSeconds - FIRST_ACID_SECONDS;
	if (sinceFirst < 0) return 0;
	const event = Math.floor(sinceFirst / ACID_PERIOD_SECONDS);
	const since = sinceFirst - event * ACID_PERIOD_SECONDS;
	const strength = 1 + 0.15 * smoothNoise(seedOf(seed, "acid"), event);
	return strength * PEAK_PART * hydrograph(since, ACID_RISE_SECONDS, ACID_HALF_LIFE_SECONDS);
}
