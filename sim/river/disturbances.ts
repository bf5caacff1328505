/**
 * Faults of a station beside its river, each as it is told of in the field; sizes are usual ones
 * (Wagner 2006, USGS TM1-D3; Atlas Scientific's probe sheets) and no claim about these rivers.
 */

import { exp } from "../../src/core/elementary.js";
import { fraction } from "../../src/core/random.js";
import type { Disturbances } from "../station/disturbances.js";
import { smoothNoise, wave } from "./noise.js";
import type { WaterState } from "./water.js";

const HOUR_SECONDS = 3600;
const DAY_SECONDS = 86_400;

// --- Slime ---------------------------------------------------------------------------------------

/** The technician comes and wipes every fortnight, at ten in the morning of a run that begins at midnight. */
export const CLEANING_DAYS = 14;
export const FIRST_CLEANING_SECONDS = (CLEANING_DAYS - 1) * DAY_SECONDS + 10 * HOUR_SECONDS;
export const VISIT_SECONDS = 20 * 60;
const CLEANINGS = 26;
/** A film begins with this much a day and doubles its growth every five days. */
const FILM_UNITS_PER_DAY = 0.3;
const FILM_GROWTH_DAYS = 7.2;
/** A wipe leaves a tenth of it. */
const FILM_LEFT = 0.1;
/** An electrode under a fortnight's slime answers in four minutes instead of eight seconds. */
const SLOWNESS_PER_DAY = 2.2;

/** A film over the optics adds to every signal, a slime makes the electrode slow; until the cleaning. */
export function fouledProbes(startUtcSeconds: number): Disturbances {
	const daysOf = (utcSeconds: number): { days: number; hasBeenCleaned: boolean } => {
		const since = utcSeconds - startUtcSeconds;
		const first = FIRST_CLEANING_SECONDS + VISIT_SECONDS / 2;
		if (since < first) return { days: Math.max(since, 0) / DAY_SECONDS, hasBeenCleaned: false };
		const behind = (since - first) / DAY_SECONDS;
		return { days: behind % CLEANING_DAYS, hasBeenCleaned: true };
	};
	return {
		surroundings: (water, utcSeconds) => {
			const { days, hasBeenCleaned } = daysOf(utcSeconds);
			const left = hasBeenCleaned ? FILM_LEFT * filmAfter(CLEANING_DAYS) : 0;
			return {
				...water,
				turbidityFormazinUnits: water.turbidityFormazinUnits + left + filmAfter(days),
			};
		},
		electrodeSlowness: (utcSeconds) => 1 + SLOWNESS_PER_DAY * daysOf(utcSeconds).days,
		visits: Array.from({ length: CLEANINGS }, (_, index) => ({
			utcSeconds: startUtcSeconds + FIRST_CLEANING_SECONDS + index * CLEANING_DAYS * DAY_SECONDS,
			seconds: VISIT_SECONDS,
		})),
	};
}

/** Formazin units that a film of so many days adds. */
function filmAfter(days: number): number {
	return FILM_UNITS_PER_DAY * FILM_GROWTH_DAYS * (exp(days / FILM_GROWTH_DAYS) - 1);
}

// --- Bubbles -------------------------------------------------------------------------------------

/** From the second hour on air is drawn in: first now and then, in the fourth hour most of the time. */
export const FEW_BUBBLES_SECONDS = 2 * HOUR_SECONDS;
export const MANY_BUBBLES_SECONDS = 4 * HOUR_SECONDS;
export const BUBBLES_END_SECONDS = 6 * HOUR_SECONDS;
const FEW_BUBBLES = 0.2;
const MANY_BUBBLES = 0.7;
/** A bubble brightens a signal three- to fiftyfold; none darkens it. */
const BUBBLE_MIN = 3;
const BUBBLE_MAX = 50;

export function bubbles(startUtcSeconds: number): Disturbances {
	return {
		optics: (turbidity, utcSeconds, random) => {
			const since = utcSeconds - startUtcSeconds;
			if (since < FEW_BUBBLES_SECONDS || since >= BUBBLES_END_SECONDS) return turbidity;
			const part = since < MANY_BUBBLES_SECONDS ? FEW_BUBBLES : MANY_BUBBLES;
			if (fraction(random) >= part) return turbidity;
			return Math.max(turbidity, 1) * (BUBBLE_MIN + (BUBBLE_MAX - BUBBLE_MIN) * fraction(random));
		},
	};
}

// --- Air -----------------------------------------------------------------------------------------

/** The level falls below the probes from the third to the ninth hour. */
export const DRY_FROM_SECONDS = 3 * HOUR_SECONDS;
export const DRY_UNTIL_SECONDS = 9 * HOUR_SECONDS;
/** A wet film conducts a little for a minute. */
const FILM_DRIES_SECONDS = 60;
const WET_FILM_PART = 0.01;
/** A drying electrode wanders by up to this. */
const DRY_PH_SPAN = 0.8;
const AIR_CELSIUS = 8;
const AIR_SPAN_CELSIUS = 7;
/** Optics in the air see anything: branches, the bank, the sun. */
const AIR_TURBIDITY_MAX = 1500;

export function outOfWater(startUtcSeconds: number): Disturbances {
	const drySeconds = (utcSeconds: number): number | undefined => {
		const since = utcSeconds - startUtcSeconds;
		if (since < DRY_FROM_SECONDS || since >= DRY_UNTIL_SECONDS) return undefined;
		return since - DRY_FROM_SECONDS;
	};
	return {
		surroundings: (water, utcSeconds): WaterState => {
			const dry = drySeconds(utcSeconds);
			if (dry === undefined) return water;
			const { conductivityAt25MicrosiemensPerCm } = water;
			return {
				pH: water.pH + DRY_PH_SPAN * smoothNoise(1, utcSeconds / HOUR_SECONDS),
				conductivityAt25MicrosiemensPerCm:
					dry < FILM_DRIES_SECONDS ? WET_FILM_PART * conductivityAt25MicrosiemensPerCm : 0,
				turbidityFormazinUnits: water.turbidityFormazinUnits,
				temperatureCelsius: AIR_CELSIUS + AIR_SPAN_CELSIUS * wave(utcSeconds / DAY_SECONDS - 0.38),
			};
		},
		optics: (turbidity, utcSeconds, random) =>
			drySeconds(utcSeconds) === undefined ? turbidity : AIR_TURBIDITY_MAX * fraction(random),
	};
}

// --- Coupling ------------------------------------------------------------------------------------

/** Without isolation, of a circuit that is awake: usual are 0.05 to 1. */
export const COUPLING_PH = 0.3;

export function coupledCircuits(): Disturbances {
	return { couplingPH: COUPLING_PH };
}

// --- A swap --------------------------------------------------------------------------------------

/** A worn electrode drifts, 0.03 a day, until a technician brings a new one on the third morning. */
export const SWAP_SECONDS = 2 * DAY_SECONDS + 10 * HOUR_SECONDS;
const DRIFT_PH_PER_DAY = 0.03;
const DRIFTED_PH_AT_START = 0.15;

/** The technician calibrates the new one in a single buffer: one point instead of the three of before. */
export function swappedElectrode(startUtcSeconds: number): Disturbances {
	return {
		surroundings: (water, utcSeconds) => {
			const days = (utcSeconds - startUtcSeconds) / DAY_SECONDS;
			const isSwapped = utcSeconds >= startUtcSeconds + SWAP_SECONDS;
			const offset = isSwapped ? 0 : DRIFTED_PH_AT_START + DRIFT_PH_PER_DAY * days;
			return { ...water, pH: water.pH + offset };
		},
		visits: [{ utcSeconds: startUtcSeconds + SWAP_SECONDS, seconds: VISIT_SECONDS, pHPoints: 1 }],
	};
}

// --- Brown-outs ----------------------------------------------------------------------------------

/** A battery at a tenth of its charge in a snowed-in week; from the second to the thirtieth hour. */
export const BROWN_OUTS_FROM_SECONDS = 2 * HOUR_SECONDS;
export const BROWN_OUTS_UNTIL_SECONDS = 30 * HOUR_SECONDS;
const BROWN_OUT_LIKELIHOOD = 0.6;
const WORN_CAPACITY_MILLIWATT_HOURS = 50_000;
const POOR_CHARGE_MILLIWATT_HOURS = 5000;

export function brownOuts(startUtcSeconds: number): Disturbances {
	const since = (utcSeconds: number): number => utcSeconds - startUtcSeconds;
	return {
		battery: {
			capacityMilliwattHours: WORN_CAPACITY_MILLIWATT_HOURS,
			chargeMilliwattHours: POOR_CHARGE_MILLIWATT_HOURS,
		},
		sun: (utcSeconds) => (since(utcSeconds) < BROWN_OUTS_UNTIL_SECONDS ? 0 : 1),
		brownOut: (utcSeconds) => {
			const seconds = since(utcSeconds);
			const isIn = seconds >= BROWN_OUTS_FROM_SECONDS && seconds < BROWN_OUTS_UNTIL_SECONDS;
			return isIn ? BROWN_OUT_LIKELIHOOD : 0;
		},
	};
}

// --- Winter --------------------------------------------------------------------------------------

export const SUNLESS_SECONDS = 30 * DAY_SECONDS;
/**
 * 7 Ah at 12 V are 84 Wh; at 0 degC and after some years there are 50, and a grey autumn has left 20
 * of them in the battery.
 */
const WINTER_CHARGE_MILLIWATT_HOURS = 20_500;

export function sunlessMonth(startUtcSeconds: number): Disturbances {
	return {
		battery: {
			capacityMilliwattHours: WORN_CAPACITY_MILLIWATT_HOURS,
			chargeMilliwattHours: WINTER_CHARGE_MILLIWATT_HOURS,
		},
		sun: (utcSeconds) => (utcSeconds - startUtcSeconds < SUNLESS_SECONDS ? 0 : 1),
	};
}
