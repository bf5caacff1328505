/** The battery alone, which costs next to nothing: no rail, no warm-up. */
import { StationError } from "../../core/errors.js";
import type { Task } from "../../core/task.js";
import type { Board } from "../ports.js";
import { acquire } from "./acquire.js";
import type { WaterProbes } from "./probes.js";
import { SUPPLY_MILLIVOLTS_MIN } from "./water.js";

/** Millivolts at the terminals, or undefined when the gauge is out of order. */
export function* measureBattery(
	board: Pick<Board, "watchdog">,
	openProbes: () => WaterProbes,
): Task<number | undefined> {
	const probes = openProbes();
	try {
		const { battery } = yield* acquire(probes.battery, board.watchdog);
		const millivolts = Math.round(battery.voltage * 1000);
		return millivolts < SUPPLY_MILLIVOLTS_MIN ? undefined : millivolts;
	} catch (error) {
		if (!(error instanceof StationError)) throw error;
		return undefined;
	} finally {
		probes.close();
	}
}
