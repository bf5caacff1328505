/**
 * Composition root on the ESP32: builds the board from the SDK's modules and starts the same station
 * that the simulator starts.
 */
import Time from "time";
import { openRealTimeClock, openWaterProbes } from "../../../drivers/board-probes.js";
import { Provisioning } from "../config/provisioning.js";
import { Journal } from "../journal/journal.js";
import type { Board } from "../ports.js";
import { type CrashCause, crash } from "../station/crash-record.js";
import { startStation } from "../station/station.js";
import type { RealTimeClock } from "../station/time-keeper.js";
import { toAsciiLowerCase, toAsciiUpperCase } from "./ascii-case.js";
import { openBoard } from "./board.js";
import { createGuard } from "./guard.js";
import { createCrashMemory } from "./memory.js";
import { type Native, openNative } from "./native.js";
import { boardPinsOf } from "./pins.js";
import { createSettings } from "./settings.js";

/** major * 1 000 000 + minor * 1 000 + patch. */
const FIRMWARE_VERSION = 1_000;

// While the image is made: strings keep it in flash.
String.prototype.toLowerCase = toAsciiLowerCase;
String.prototype.toUpperCase = toAsciiUpperCase;

export function start(): void {
	const native = openNative();
	const provisioning = new Provisioning(createSettings());
	const pins = boardPinsOf(provisioning.pins);
	const die = (cause: CrashCause, error: unknown): void => {
		const memory = createCrashMemory(native);
		crash({ memory, clock: clockOf(native), processor, switchOff, cause, error });
	};
	// The radio goes with the processor.
	const switchOff = () => {
		native.station_rail(pins.probeRail, 0);
		native.station_rail(pins.loopRail, 0);
	};
	const processor = {
		restart: () => native.station_restart(),
		deepSleep: (milliseconds: number) => native.station_sleep(milliseconds, pins.service),
	};
	const guard = createGuard((error) => die("callback", error));
	// The last in line: what the SDK's own callbacks throw, and a full heap. It may not return false,
	// which would continue with half a state; anything else restarts.
	Object.defineProperty(globalThis, "abort", {
		value: (message: string, error: unknown) =>
			die(message === "memory full" ? "memory" : "abort", error ?? message),
	});
	try {
		const board = openBoard({ native, guard, provisioning, pins });
		startStation({
			board,
			firmwareVersion: FIRMWARE_VERSION,
			openProbes: openWaterProbes,
			openRealTimeClock: (each) => systemClockFollowing(openRealTimeClock(each), board),
			openJournal: (given) => Journal.open({ ...given, predecessor: provisioning.predecessor }),
		});
	} catch (error) {
		die("start", error);
	}
}

function clockOf(native: Native): { readonly milliseconds: number } {
	return {
		get milliseconds() {
			return native.station_milliseconds();
		},
	};
}

/** TLS judges certificates by the chip's clock, which knows nothing after a loss of power. */
function systemClockFollowing(rtc: RealTimeClock, board: Board): RealTimeClock {
	Time.set(board.trustFloorUtcSeconds);
	return {
		read: () => {
			const utcSeconds = rtc.read();
			Time.set(Math.max(utcSeconds ?? 0, board.trustFloorUtcSeconds));
			return utcSeconds;
		},
		set: (utcSeconds) => {
			rtc.set(utcSeconds);
			Time.set(utcSeconds);
		},
	};
}
