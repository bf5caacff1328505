/** Probes that see the river without chips in between, for runs of weeks: a tenth of the time. */
import { openDirectProbes } from "../../../sim/probes/direct-probes.js";
import { loopOf } from "../../../sim/probes/turbidity-loop.js";
import type { River } from "../../../sim/river/river.js";
import type { SimulatedStation } from "../../../sim/station/station.js";
import type { StationProgramOptions } from "../../../sim/station/station-program.js";

/** For `bareStation`; `station` is asked at each measurement. */
export function directProbesOf(
	river: River,
	station: () => SimulatedStation,
): NonNullable<StationProgramOptions["openProbes"]> {
	return (_board, configuration) =>
		openDirectProbes({
			water: () => river.at(station().utcSeconds),
			batteryVolts: () => station().hardware.battery.volts(),
			...loopOf(configuration),
		});
}
