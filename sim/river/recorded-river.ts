/**
 * A river that was recorded: straight lines between its values, its ends held. What the recording does
 * not say is not made up: where a channel has no value, its probe does not answer.
 */

import { assert } from "../../src/core/errors.js";
import type { River } from "./river.js";
import type { WaterChannel, WaterState } from "./water.js";

export interface WaterSample extends WaterState {
	readonly utcSeconds: number;
}

/** Columns of a recording, one element for each row; NaN: no value at that time. */
export interface Recording {
	/** Unix seconds, strictly rising, at least one. */
	readonly utcSeconds: Float64Array;
	readonly values: Readonly<Record<WaterChannel, Float64Array>>;
	/** Usual distance of two rows, seconds; Infinity: no two are too far apart for a line. */
	readonly stepSeconds: number;
}

/** From one value to the next that is more than so many usual steps away leads no line: that is a hole. */
export const HOLE_STEPS = 3;

export const WATER_CHANNELS: readonly WaterChannel[] = Object.freeze([
	"pH",
	"conductivityAt25MicrosiemensPerCm",
	"turbidityFormazinUnits",
	"temperatureCelsius",
]);

/** What a probe that nobody hears would be in. */
const UNHEARD: WaterState = Object.freeze({
	pH: 7,
	conductivityAt25MicrosiemensPerCm: 500,
	turbidityFormazinUnits: 0,
	temperatureCelsius: 10,
});
const NONE: readonly WaterChannel[] = Object.freeze([]);

/** `samples` in strictly rising time, at least one; lines lead over any distance. */
export function recordedRiver(name: string, samples: readonly WaterSample[]): River {
	const column = (of: (sample: WaterSample) => number): Float64Array =>
		Float64Array.from(samples, of);
	return riverOf(name, {
		utcSeconds: column(({ utcSeconds }) => utcSeconds),
		values: {
			pH: column(({ pH }) => pH),
			conductivityAt25MicrosiemensPerCm: column((each) => each.conductivityAt25MicrosiemensPerCm),
			turbidityFormazinUnits: column((each) => each.turbidityFormazinUnits),
			temperatureCelsius: column((each) => each.temperatureCelsius),
		},
		stepSeconds: Number.POSITIVE_INFINITY,
	});
}

/** Finds the place by bisection: no state. */
export function riverOf(name: string, recording: Recording): River {
	const { utcSeconds: times, values, stepSeconds } = recording;
	assert(times.length > 0, "a recording without samples");
	for (let row = 1; row < times.length; row++) {
		assert((times[row - 1] ?? 0) < (times[row] ?? 0), "the samples of a recording rise in time");
	}
	const lastRow = times.length - 1;
	const timeOf = (row: number): number => times[row] ?? Number.NaN;
	/** The row at or before a time; 0 before the first. */
	const rowAt = (utcSeconds: number): number => {
		let low = 0;
		let high = lastRow;
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if (timeOf(middle) <= utcSeconds) low = middle;
			else high = middle - 1;
		}
		return low;
	};
	/** NaN where the recording says nothing. A value that stands alone counts for half a step around it. */
	const valueAt = (channel: WaterChannel, row: number, utcSeconds: number): number => {
		const column = values[channel];
		const before = column[row] ?? Number.NaN;
		if (row === lastRow || utcSeconds <= timeOf(row)) return before;
		const after = column[row + 1] ?? Number.NaN;
		const sinceBefore = utcSeconds - timeOf(row);
		const untilAfter = timeOf(row + 1) - utcSeconds;
		const isHole = sinceBefore + untilAfter > HOLE_STEPS * stepSeconds;
		if (!isHole && !Number.isNaN(before) && !Number.isNaN(after)) {
			return before + ((after - before) * sinceBefore) / (sinceBefore + untilAfter);
		}
		// Over a hole the two reaches never meet; else one of the two is no value, and has none.
		if (!Number.isNaN(before) && sinceBefore <= stepSeconds / 2) return before;
		return untilAfter <= stepSeconds / 2 ? after : Number.NaN;
	};
	return Object.freeze({
		name,
		firstUtcSeconds: timeOf(0),
		lastUtcSeconds: timeOf(lastRow),
		at: (utcSeconds: number): WaterState => {
			const row = rowAt(utcSeconds);
			const heard = (channel: WaterChannel): number => {
				const value = valueAt(channel, row, utcSeconds);
				return Number.isNaN(value) ? UNHEARD[channel] : value;
			};
			return {
				pH: heard("pH"),
				conductivityAt25MicrosiemensPerCm: heard("conductivityAt25MicrosiemensPerCm"),
				turbidityFormazinUnits: heard("turbidityFormazinUnits"),
				temperatureCelsius: heard("temperatureCelsius"),
			};
		},
		unknownAt: (utcSeconds: number): readonly WaterChannel[] => {
			const row = rowAt(utcSeconds);
			const unknown = WATER_CHANNELS.filter((channel) =>
				Number.isNaN(valueAt(channel, row, utcSeconds)),
			);
			return unknown.length === 0 ? NONE : unknown;
		},
	});
}
