/** The ports of one life of a simulated station, over its hardware. */
import type { Chance } from "../../src/core/chance.js";
import { createSha256 } from "../../src/core/sha256.js";
import type {
	Board,
	ConsoleStream,
	FlashPartition,
	I2CBus,
	Network,
	ResetReason,
	RetainedMemory,
	SettingsMemory,
	Signer,
	Verifier,
	WakeCause,
} from "../../src/firmware/ports.js";
import type { Hardware } from "./hardware.js";
import type { Life } from "./life.js";
import { SimulatedRail } from "./rail.js";

/** ESP32 task watchdog as the board target sets it. */
const WATCHDOG_MILLISECONDS = 60_000;

export interface BoardOptions {
	readonly hardware: Hardware;
	readonly life: Life;
	readonly powerOnMicroseconds: number;
	readonly resetReason: ResetReason;
	readonly wakeCause: WakeCause;
	readonly chance: Chance;
	readonly retained: Uint8Array;
	readonly crash: Uint8Array;
	readonly settings: SettingsMemory;
	readonly flash: FlashPartition;
	readonly network: Network;
	readonly signer: Signer;
	readonly verifier: Verifier;
	readonly console: ConsoleStream;
	readonly trustFloorUtcSeconds: number;
	/** Counts an operation; may throw PowerCut. */
	readonly beforeOperation: () => void;
	readonly onDeepSleep: (milliseconds: number) => void;
	readonly onReset: (reason: ResetReason) => void;
	readonly onLog: (line: string) => void;
}

/** Every port of it throws PowerCut once `life` is over. */
export function createBoard(options: BoardOptions): Board {
	const { hardware, life } = options;
	const check = (): void => life.check();
	const watchdog = life.createAlarm(() => options.onReset("watchdog"));
	watchdog.schedule(WATCHDOG_MILLISECONDS);
	return {
		clock: {
			get milliseconds() {
				return Math.floor((hardware.clock.microseconds - options.powerOnMicroseconds) / 1000);
			},
			createAlarm: (callback) => life.createAlarm(callback),
		},
		entropy: {
			fill: (bytes) => {
				check();
				for (let index = 0; index < bytes.length; index++) {
					bytes[index] = options.chance.uint32() >>> 24;
				}
			},
		},
		processor: {
			resetReason: options.resetReason,
			wakeCause: options.wakeCause,
			deepSleep: (milliseconds) => {
				check();
				options.onDeepSleep(milliseconds);
			},
			restart: () => {
				check();
				options.onReset("software");
			},
			freeHeapBytes: undefined,
		},
		retained: memory(options.retained, check, options.beforeOperation),
		crash: memory(options.crash, check, options.beforeOperation),
		settings: options.settings,
		watchdog: {
			timeoutMilliseconds: WATCHDOG_MILLISECONDS,
			feed: () => {
				check();
				watchdog.schedule(WATCHDOG_MILLISECONDS);
			},
		},
		log: {
			line: (text) => {
				check();
				options.onLog(text);
			},
		},
		flash: options.flash,
		systemBus: guarded(hardware.systemBus, check),
		probeBus: guarded(hardware.probeBus, check),
		probeRail: new SimulatedRail((isOn) => {
			check();
			hardware.switchProbes(isOn);
		}),
		loopRail: new SimulatedRail((isOn) => {
			check();
			hardware.switchLoop(isOn);
		}),
		network: options.network,
		signer: options.signer,
		verifier: options.verifier,
		sha256: createSha256(),
		console: options.console,
		trustFloorUtcSeconds: options.trustFloorUtcSeconds,
	};
}

function memory(cells: Uint8Array, check: () => void, beforeWrite: () => void): RetainedMemory {
	return {
		byteLength: cells.length,
		read: (bytes) => {
			check();
			bytes.set(cells.subarray(0, bytes.length));
		},
		write: (bytes) => {
			beforeWrite();
			cells.set(bytes);
		},
	};
}

function guarded(bus: I2CBus, check: () => void): I2CBus {
	return {
		connection: bus.connection,
		recovery: {
			clear: () => {
				check();
				return bus.recovery.clear();
			},
		},
	};
}
