/** Sleep, reset and watchdog: what the SDK lacks on the ESP32. */
import type { PowerRail, Processor, ResetReason, Watchdog } from "../ports.js";
import type { Native } from "./native.js";

/** One cycle's slice is half of it; equal to the task watchdog of sdkconfig.defaults. */
const WATCHDOG_MILLISECONDS = 60_000;
/** 49 days: what 32 bits of milliseconds hold. */
const SLEEP_MILLISECONDS_MAX = 0xffffffff;

/** By esp_reset_reason_t (esp_system.h of ESP-IDF 6.0). */
const RESET_REASONS: ReadonlyMap<number, ResetReason> = new Map([
	[1, "power-on"],
	[2, "external"],
	[3, "software"],
	[4, "panic"],
	[5, "watchdog"],
	[6, "watchdog"],
	[7, "watchdog"],
	[8, "deep-sleep"],
	[9, "brown-out"],
	// Our own deadline, kept in RTC memory by station.c.
	[100, "watchdog"],
]);

export function createProcessor(native: Native, wakePin: number): Processor {
	const cause = native.station_wake_cause();
	return {
		resetReason: RESET_REASONS.get(native.station_reset_reason()) ?? "external",
		wakeCause: cause === 1 ? "timer" : cause === 2 ? "pin" : "none",
		deepSleep: (milliseconds) =>
			native.station_sleep(
				Math.min(Math.max(Math.round(milliseconds), 1), SLEEP_MILLISECONDS_MAX),
				wakePin,
			),
		restart: () => native.station_restart(),
		allowLightSleep: (isAllowed) => native.station_light_sleep(isAllowed ? 1 : 0),
		get freeHeapBytes() {
			return native.station_free_heap();
		},
	};
}

/**
 * Two deadlines in one: the task watchdog, which the SDK feeds at every turn of its event loop and
 * which sees a hung turn; and a timer of ours, fed by the station's cycle alone, which sees a
 * station whose loop turns and whose work stands still.
 */
export function createWatchdog(native: Native): Watchdog {
	native.station_live(WATCHDOG_MILLISECONDS);
	return {
		timeoutMilliseconds: WATCHDOG_MILLISECONDS,
		feed: () => native.station_live(WATCHDOG_MILLISECONDS),
	};
}

/** A rail switched by a pin that is active high; off, and held off, from the start. */
export function createRail(native: Native, pin: number): PowerRail {
	const state = { isOn: false };
	const drive = (isOn: boolean): void => {
		native.station_rail(pin, isOn ? 1 : 0);
		state.isOn = isOn;
	};
	drive(false);
	return {
		get isOn() {
			return state.isOn;
		},
		on: () => drive(true),
		off: () => drive(false),
	};
}
