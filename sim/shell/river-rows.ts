/** The rows of a recorded river as they are kept: 40 bytes each, in order, with what is missing between them. */
import { HOLE_STEPS, type Recording } from "../river/recorded-river.js";
import type { WaterChannel } from "../river/water.js";
import { instant } from "./live-view.js";
import { QUANTITIES, RIVER_COLUMNS } from "./river-columns.js";

/** 160 MB; every minute of seven years. */
export const ROWS_MAX = 4_000_000;
const FIRST_ROWS = 4096;
const HOLES_SHOWN = 10;

/** The rows of a file in columns of doubles. */
export class Rows {
	count = 0;
	/** The time, then the values. */
	#columns = RIVER_COLUMNS.map(() => new Float64Array(FIRST_ROWS));

	add(utcSeconds: number, values: readonly number[]): void {
		if (this.count === (this.#columns[0]?.length ?? 0)) {
			this.#columns = this.#columns.map((column) => {
				const larger = new Float64Array(Math.min(2 * column.length, ROWS_MAX));
				larger.set(column);
				return larger;
			});
		}
		for (const [index, column] of this.#columns.entries()) {
			column[this.count] = index === 0 ? utcSeconds : (values[index - 1] ?? Number.NaN);
		}
		this.count++;
	}

	/** Puts rows in order; of those of one time the first in the file stays. */
	sort(path: string, print: (line: string) => void): void {
		const [times = new Float64Array(0)] = this.#columns;
		const timeOf = (row: number): number => times[row] ?? 0;
		const order = Uint32Array.from({ length: this.count }, (_, row) => row);
		order.sort((a, b) => timeOf(a) - timeOf(b) || a - b);
		const kept = order.filter((row, at) => at === 0 || timeOf(row) !== timeOf(order[at - 1] ?? 0));
		const moved = order.filter((row, at) => row !== at).length;
		const dropped = this.count - kept.length;
		this.#columns = this.#columns.map((column) =>
			Float64Array.from(kept, (row) => column[row] ?? 0),
		);
		this.count = kept.length;
		if (moved + dropped > 0) {
			print(`${path}: ${moved} rows put in order, ${dropped} left out for one of the same time`);
		}
	}

	recording(): Recording {
		const [utcSeconds, pH, conductivity, turbidity, temperature] = this.#columns.map((column) =>
			column.slice(0, this.count),
		) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
		return {
			utcSeconds,
			values: {
				pH,
				conductivityAt25MicrosiemensPerCm: conductivity,
				turbidityFormazinUnits: turbidity,
				temperatureCelsius: temperature,
			},
			stepSeconds: usualStep(utcSeconds),
		};
	}
}

/** The middle one of all distances; Infinity where there is none. */
function usualStep(utcSeconds: Float64Array): number {
	const steps = Float64Array.from(
		{ length: Math.max(utcSeconds.length - 1, 0) },
		(_, row) => (utcSeconds[row + 1] ?? 0) - (utcSeconds[row] ?? 0),
	).sort();
	return steps[steps.length >> 1] ?? Number.POSITIVE_INFINITY;
}

/** What the stations will find nothing in. */
export function printHoles(
	path: string,
	{ utcSeconds, values, stepSeconds }: Recording,
	print: (line: string) => void,
): void {
	const names = new Map(Object.entries(QUANTITIES).map(([name, [channel]]) => [channel, name]));
	for (const [channel, column] of Object.entries(values)) {
		const empty = column.reduce((sum, value) => sum + (Number.isNaN(value) ? 1 : 0), 0);
		if (empty === 0) continue;
		const name = names.get(channel as WaterChannel);
		print(
			`${path}: ${name}: no value in ${empty} of ${column.length} rows; its probe is silent there`,
		);
	}
	let count = 0;
	for (let row = 1; row < utcSeconds.length; row++) {
		const [from, to] = [utcSeconds[row - 1] ?? 0, utcSeconds[row] ?? 0];
		if (to - from <= HOLE_STEPS * stepSeconds) continue;
		count++;
		if (count > HOLES_SHOWN) continue;
		print(`${path}: nothing from ${instant(from)} to ${instant(to)}; every probe is silent there`);
	}
	if (count > HOLES_SHOWN) print(`${path}: and ${count - HOLES_SHOWN} holes more`);
}
