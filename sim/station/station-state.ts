/** What a simulated station shows and leaves: its sleeps, its counters, and what is saved of it. */
import type { ResetReason } from "../../src/firmware/ports.js";
import type { EnergyRecord } from "../board/energy.js";
import type { SavedSettings } from "../board/settings.js";
import type { Ds3231State } from "../chips/ds3231.js";
import type { SavedBootloader } from "../flash/bootloader.js";

/** How the firmware left the board when it went to sleep. */
export interface Sleep {
	readonly utcSeconds: number;
	/** Asked for, on the board's clock. */
	readonly milliseconds: number;
	readonly isProbeRailOn: boolean;
	readonly isLoopRailOn: boolean;
	readonly isRadioOn: boolean;
}

/** Plain data; the flash image is kept beside it by whoever made the flash. */
export interface SavedStation {
	readonly microseconds: number;
	readonly powerOnMicroseconds: number;
	readonly retainedHex: string;
	readonly wake: { readonly atMicroseconds: number; readonly reason: ResetReason } | null;
	readonly rtc: Ds3231State;
	readonly energy: readonly EnergyRecord[];
	readonly battery: { readonly chargeMilliwattHours: number };
	readonly counters: StationCounters;
	/** Absent in what was saved before there were any. */
	readonly settings?: SavedSettings;
	/** Absent where the station has one image, confirmed long ago. */
	readonly bootloader?: SavedBootloader;
}

export interface StationCounters {
	wakes: number;
	powerCuts: number;
	watchdogResets: number;
	crashes: number;
	/** Operations on flash, buses, radio and retained memory: the places where power can fail. */
	operations: number;
}
