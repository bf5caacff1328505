/** What a recorded river's file may hold, and how its columns are named. */
import type { WaterChannel } from "../river/water.js";

/** How a file is to be understood; part of what a data directory was begun with. */
export interface RiverFileOptions {
	/** Names of the file's columns by ours; an empty name: it has none. */
	readonly columns: Readonly<Record<string, string>>;
	/** Of times that have none. */
	readonly zone: string | null;
	/** Rows are put in order, and of several at one time the first counts. */
	readonly isSorted: boolean;
}

export const AS_WRITTEN: RiverFileOptions = Object.freeze({
	columns: {},
	zone: null,
	isSorted: false,
});

/** Physical bounds per column; beyond them the file is not what it says. */
export const QUANTITIES: Readonly<
	Record<string, readonly [WaterChannel, low: number, high: number]>
> = Object.freeze({
	ph: ["pH", 0, 14],
	ec25_us_cm: ["conductivityAt25MicrosiemensPerCm", 0, 500_000],
	turbidity_ntu: ["turbidityFormazinUnits", -50, 10_000],
	temperature_c: ["temperatureCelsius", -5, 60],
});
export const TIME = "time";
export const RIVER_COLUMNS: readonly string[] = Object.freeze([TIME, ...Object.keys(QUANTITIES)]);
