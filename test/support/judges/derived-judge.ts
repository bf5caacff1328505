/**
 * Judges published values against the water itself: each is right within the error of a probe that
 * works, or missing with its reason, or flagged. Reads no raw value.
 */
import type { WaterState } from "../../../sim/river/water.js";
import type { DerivedReading, DerivedValue } from "../../../src/protocol/record/derive.js";

export interface SeenDerivation {
	/** Names the reading in a complaint. */
	readonly sequence: number;
	readonly derived: DerivedReading;
	/** At the probes while they measured: the least and the most that the water was. */
	readonly water: readonly WaterState[];
}

interface Tolerance {
	readonly channel: keyof DerivedReading;
	readonly truth: (water: WaterState) => number;
	readonly absolute: number;
	readonly part: number;
}

/**
 * Electrode and thermometer answer in seconds, the burst of turbidity has noise of 1 % and bubbles none;
 * conductivity: 2 % of the law (ISO 7888, 0 to 35 degC) with a thermometer that is 0.1 degC off.
 */
const TOLERANCES: readonly Tolerance[] = [
	{ channel: "pH", truth: (water) => water.pH, absolute: 0.1, part: 0 },
	{
		channel: "temperature",
		truth: (water) => water.temperatureCelsius,
		absolute: 0.15,
		part: 0,
	},
	{
		channel: "conductivity",
		truth: (water) => water.conductivityAt25MicrosiemensPerCm,
		absolute: 2,
		part: 0.02,
	},
	{
		channel: "turbidity",
		truth: (water) => water.turbidityFormazinUnits,
		absolute: 3,
		part: 0.1,
	},
];

/** What is wrong, a sentence each; none may be. `channels`: those judged, all without it. */
export function judgeDerived(
	seen: readonly SeenDerivation[],
	channels?: readonly (keyof DerivedReading)[],
): readonly string[] {
	const violations: string[] = [];
	for (const { sequence, derived, water } of seen) {
		for (const { channel, truth, absolute, part } of TOLERANCES) {
			if (channels !== undefined && !channels.includes(channel)) continue;
			const value = derived[channel];
			if (isDoubted(value)) continue;
			const truths = water.map(truth);
			const [low, high] = [Math.min(...truths), Math.max(...truths)];
			const slack = absolute + part * Math.max(Math.abs(low), Math.abs(high));
			const published = value.value;
			if (published === undefined) {
				violations.push(`${channel} of reading ${sequence} is missing without a reason`);
			} else if (!(published >= low - slack && published <= high + slack)) {
				violations.push(
					`${channel} of reading ${sequence} is ${published.toFixed(3)}, truly ${low.toFixed(3)} to ${high.toFixed(3)}, and says nothing`,
				);
			}
		}
	}
	return violations;
}

/** It says itself that it may be wrong. */
function isDoubted({ flags, notes }: DerivedValue): boolean {
	return flags !== 0 || notes.length > 0;
}
