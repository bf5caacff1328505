/** A river that was recorded: straight lines between its samples, and its ends held. */
import { assert } from "../../src/core/errors.js";
import type { River, WaterState } from "./river.js";

export interface WaterSample extends WaterState {
	readonly utcSeconds: number;
}

/** `samples` in strictly rising time, at least one. Finds the place by bisection: no state. */
export function recordedRiver(name: string, samples: readonly WaterSample[]): River {
	const first = samples[0];
	const last = samples[samples.length - 1];
	assert(first !== undefined && last !== undefined, "a recording without samples");
	for (let index = 1; index < samples.length; index++) {
		const [before, after] = [samples[index - 1], samples[index]];
		assert(
			before !== undefined && after !== undefined && before.utcSeconds < after.utcSeconds,
			"the samples of a recording rise in time",
		);
	}
	return Object.freeze({
		name,
		firstUtcSeconds: first.utcSeconds,
		lastUtcSeconds: last.utcSeconds,
		at: (utcSeconds: number): WaterState => {
			if (utcSeconds <= first.utcSeconds) return first;
			if (utcSeconds >= last.utcSeconds) return last;
			let low = 0;
			let high = samples.length - 1;
			while (high - low > 1) {
				const middle = (low + high) >> 1;
				if ((samples[middle]?.utcSeconds ?? 0) <= utcSeconds) low = middle;
				else high = middle;
			}
			return between(samples[low] ?? first, samples[high] ?? last, utcSeconds);
		},
	});
}

function between(a: WaterSample, b: WaterSample, utcSeconds: number): WaterState {
	const part = (utcSeconds - a.utcSeconds) / (b.utcSeconds - a.utcSeconds);
	const mix = (from: number, to: number): number => from + (to - from) * part;
	return {
		pH: mix(a.pH, b.pH),
		conductivityAt25MicrosiemensPerCm: mix(
			a.conductivityAt25MicrosiemensPerCm,
			b.conductivityAt25MicrosiemensPerCm,
		),
		turbidityFormazinUnits: mix(a.turbidityFormazinUnits, b.turbidityFormazinUnits),
		temperatureCelsius: mix(a.temperatureCelsius, b.temperatureCelsius),
	};
}
