/** The battery alone, which costs next to nothing: no rail, no warm-up. */
import type { Task } from "../../core/task.js";
import type { Board } from "../ports.js";
import { acquire, NO_RECOVERY_STEPS } from "./acquire.js";
import type { WaterProbes } from "./probes.js";
import { SUPPLY_MILLIVOLTS_MIN } from "./water.js";

/** Millivolts at the terminals, or undefined when the gauge is out of order. */
export function* measureBattery(
	board: Pick<Board, "watchdog">,
	openProbes: () => WaterProbes,
): Task<number | undefined> {
	const probes = openProbes();
	try {
		const sample = yield* acquire(() => probes.battery, board.watchdog, NO_RECOVERY_STEPS);
		if (sample === undefined) return undefined;
		const millivolts = Math.round(sample.battery.voltage * 1000);
		return millivolts < SUPPLY_MILLIVOLTS_MIN ? undefined : millivolts;
	} finally {
		probes.close();
	}
}
