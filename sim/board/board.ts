/** The ports of one power cycle of a simulated station, over its hardware. */
import type { RandomSource } from "../../src/core/random.js";
import type {
	Alarm,
	Board,
	Clock,
	ConsoleStream,
	FlashPartition,
	I2CBus,
	Network,
	ResetReason,
	SettingsMemory,
	Signer,
	Verifier,
	WakeCause,
	Watchdog,
} from "../../src/firmware/ports.js";
import type { Bootloader } from "../flash/bootloader.js";
import { guardedOneWire } from "./chosen-probes.js";
import type { VirtualAlarm, VirtualClock } from "./clock.js";
import type { Hardware } from "./hardware.js";
import type { PowerCycle } from "./power-cycle.js";
import { SimulatedRail } from "./rail.js";
import type { RetainedCells } from "./retained-cells.js";

/** ESP32 task watchdog as the board target sets it. */
const WATCHDOG_MILLISECONDS = 60_000;

export interface SimulatedBoardOptions {
	readonly hardware: Hardware;
	readonly powerCycle: PowerCycle;
	readonly powerOnMicroseconds: number;
	readonly resetReason: ResetReason;
	readonly wakeCause: WakeCause;
	readonly random: RandomSource;
	readonly retained: RetainedCells;
	readonly settings: SettingsMemory;
	readonly bootloader?: Bootloader;
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

/** Every port of it throws PowerCut once `powerCycle` is over. */
export function createBoard(options: SimulatedBoardOptions): Board {
	const { hardware, powerCycle } = options;
	const check = (): void => powerCycle.check();
	return {
		clock: new BoardClock(hardware.clock, options.powerOnMicroseconds, powerCycle),
		entropy: {
			fill: (bytes) => {
				check();
				for (let index = 0; index < bytes.length; index++) {
					bytes[index] = options.random.uint32() >>> 24;
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
			allowLightSleep: (isAllowed) => {
				check();
				hardware.switches.mayLightSleep = isAllowed;
			},
			freeHeapBytes: undefined,
		},
		retained: options.retained.statePortOf(check, options.beforeOperation),
		crash: options.retained.crashPortOf(check, options.beforeOperation),
		settings: options.settings,
		watchdog: new SimulatedWatchdog(hardware.clock, powerCycle, () => options.onReset("watchdog")),
		image: new SimulatedImage(powerCycle, options.bootloader),
		log: {
			line: (text) => {
				check();
				options.onLog(text);
			},
		},
		flash: options.flash,
		systemBus: guarded(hardware.systemBus, check),
		probeBus: guarded(hardware.probeBus, check),
		...(hardware.oneWire === undefined ? {} : { oneWire: guardedOneWire(hardware.oneWire, check) }),
		probeRail: new SimulatedRail((isOn) => {
			check();
			hardware.switches.switchProbes(isOn);
		}),
		loopRail: new SimulatedRail((isOn) => {
			check();
			hardware.switches.switchLoop(isOn);
		}),
		network: options.network,
		signer: options.signer,
		verifier: options.verifier,
		sha256: hardware.sha256,
		console: options.console,
		trustFloorUtcSeconds: options.trustFloorUtcSeconds,
	};
}

/** The image that runs, as the bootloader knows it. */
class SimulatedImage {
	readonly #powerCycle: PowerCycle;
	readonly #bootloader: Bootloader | undefined;

	constructor(powerCycle: PowerCycle, bootloader: Bootloader | undefined) {
		this.#powerCycle = powerCycle;
		this.#bootloader = bootloader;
	}

	get isOnTrial(): boolean {
		this.#powerCycle.check();
		return this.#bootloader?.isOnTrial ?? false;
	}

	confirm(): void {
		this.#powerCycle.check();
		this.#bootloader?.markValid();
	}
}

/** Since power-on of the board. */
class BoardClock implements Clock {
	readonly #clock: VirtualClock;
	readonly #powerOnMicroseconds: number;
	readonly #powerCycle: PowerCycle;

	constructor(clock: VirtualClock, powerOnMicroseconds: number, powerCycle: PowerCycle) {
		this.#clock = clock;
		this.#powerOnMicroseconds = powerOnMicroseconds;
		this.#powerCycle = powerCycle;
	}

	get milliseconds(): number {
		return Math.floor((this.#clock.microseconds - this.#powerOnMicroseconds) / 1000);
	}

	createAlarm(callback: () => void): Alarm {
		return this.#powerCycle.createAlarm(callback);
	}
}

/**
 * Fed a hundred times in a wake, so its alarm is not armed anew each time: when it goes off it looks
 * whether it was fed since, and then sleeps on.
 */
class SimulatedWatchdog implements Watchdog {
	readonly timeoutMilliseconds = WATCHDOG_MILLISECONDS;
	readonly #clock: VirtualClock;
	readonly #powerCycle: PowerCycle;
	readonly #alarm: VirtualAlarm;
	#dueMicroseconds = 0;

	constructor(clock: VirtualClock, powerCycle: PowerCycle, onExpired: () => void) {
		this.#clock = clock;
		this.#powerCycle = powerCycle;
		this.#alarm = powerCycle.createAlarm(() => {
			const leftMicroseconds = this.#dueMicroseconds - clock.microseconds;
			if (leftMicroseconds > 0) this.#alarm.scheduleMicroseconds(leftMicroseconds);
			else onExpired();
		});
		this.feed();
		this.#alarm.schedule(WATCHDOG_MILLISECONDS);
	}

	feed(): void {
		this.#powerCycle.check();
		this.#dueMicroseconds = this.#clock.microseconds + WATCHDOG_MILLISECONDS * 1000;
	}
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
