/** What every entry says of the station's state. */
import { STATION_FLAGS } from "../../protocol/record/entry-layouts.js";

/** From here on readings say that the ring is about to overwrite what was not acknowledged. */
const NEARLY_FULL_SHARE = 0.75;

/** The rooms as the flags see them. */
export interface FlagSources {
	readonly time: { readonly utcSeconds: number | undefined };
	readonly console: { readonly isInService: boolean };
	readonly bootLog: { readonly isSafe: boolean };
	readonly recorder: { readonly fault: unknown };
	readonly readings: { readonly state: { readonly isBatteryLow: boolean } };
	readonly uploads: {
		readonly isRefused: boolean;
		readonly isBudgetSpent: boolean;
		readonly waitingShare: number;
	};
}

/** STATION_FLAGS of this moment. */
export function stationFlagsOf(sources: FlagSources): number {
	const { time, console, bootLog, recorder, readings, uploads } = sources;
	let flags = 0;
	if (readings.state.isBatteryLow) flags |= STATION_FLAGS.batteryLow;
	if (time.utcSeconds === undefined) flags |= STATION_FLAGS.clockUntrusted;
	if (console.isInService) flags |= STATION_FLAGS.serviceMode;
	if (bootLog.isSafe) flags |= STATION_FLAGS.safeMode;
	if (recorder.fault !== undefined) flags |= STATION_FLAGS.journalDegraded;
	if (uploads.isRefused) flags |= STATION_FLAGS.collectorRefused;
	if (uploads.isBudgetSpent) flags |= STATION_FLAGS.radioBudgetSpent;
	if (uploads.waitingShare >= NEARLY_FULL_SHARE) flags |= STATION_FLAGS.journalNearlyFull;
	return flags;
}
