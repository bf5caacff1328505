/**
 * A simulated station's outer powerCycle: power, wakes, sleeps, resets. It runs a program on a fresh board
 * each time and keeps no reference to what the program makes.
 */

import { bytesOfHex, hexOf } from "../../src/core/bytes.js";
import { integerBelow, type RandomSource, SeededRandom, seedOf } from "../../src/core/random.js";
import type {
	Board,
	FlashPartition,
	ResetReason,
	Signer,
	Verifier,
	WakeCause,
} from "../../src/firmware/ports.js";
import { createBoard } from "../board/board.js";
import { VirtualClock } from "../board/clock.js";
import { SimulatedConsole } from "../board/console.js";
import { createHardware, type Hardware, type HardwareOptions } from "../board/hardware.js";
import { PowerCut } from "../board/power-cut.js";
import { PowerCycle } from "../board/power-cycle.js";
import { RetainedCells } from "../board/retained-cells.js";
import { SimulatedSettings } from "../board/settings.js";
import type { Bootloader } from "../flash/bootloader.js";
import type { FlashOperation, SimulatedFlash } from "../flash/flash.js";
import { TEAR_MODES } from "../flash/flash-tear.js";
import { KeyOperations } from "../keys/keyed-hash-signer.js";
import { SimulatedNetwork } from "../network/network.js";
import type { Endpoint } from "../network/wire.js";
import { DisturbancePlayer } from "./disturbance-player.js";
import type { StationObserver } from "./observer.js";
import type { SavedStation, Sleep, StationCounters } from "./station-state.js";

/** An empty battery is looked at again after this long. */
const EMPTY_SECONDS = 3600;
/** From reset or wake to the first line of the program (measured on XS elsewhere: 0.2 to 0.4 s). */
const BOOT_MICROSECONDS = 250_000;

/** What runs on the board at each wake; what it returns is not kept. */
export type StationProgram = (board: Board) => unknown;

export interface SimulatedStationOptions
	extends Omit<HardwareOptions, "clock" | "beforeOperation" | "seed"> {
	readonly name: string;
	readonly seed: number;
	readonly program: StationProgram;
	readonly flash: SimulatedFlash;
	/** What the board sees of it: `flash` itself, or something that writes it through to a file. */
	readonly partition?: FlashPartition;
	readonly endpoint: Endpoint;
	/** Makes the keys of one powerCycle; their results come through `operations`. */
	readonly createKeys: (operations: KeyOperations) => { signer: Signer; verifier: Verifier };
	readonly trustFloorUtcSeconds: number;
	readonly saved?: SavedStation;
	readonly observer?: StationObserver;
	readonly onLog?: (station: string, line: string) => void;
	/** Slots and otadata; without it the one image there is was confirmed long ago. */
	readonly bootloader?: Bootloader;
}

export class SimulatedStation {
	readonly name: string;
	readonly clock: VirtualClock;
	readonly network: SimulatedNetwork;
	readonly hardware: Hardware;
	/** The part that is soldered in now. */
	flash: SimulatedFlash;
	/** The serial port that a technician plugs into. */
	readonly console: SimulatedConsole;
	readonly counters: StationCounters;
	/** Where configurations that came over the air are kept. */
	readonly settings: SimulatedSettings;
	/**
	 * What the board's clock gains in deep sleep on the world's: an RC oscillator, up to 50 000 either way
	 * (5 %). Awake it runs from the crystal.
	 */
	sleepClockPartsPerMillion = 0;
	/** Called whenever the firmware puts the board to sleep. */
	onSleep: ((sleep: Sleep) => void) | undefined;
	readonly #options: SimulatedStationOptions;
	readonly #random: RandomSource;
	readonly #retained = new RetainedCells();
	#createKeys: SimulatedStationOptions["createKeys"];
	#operations: KeyOperations | undefined;
	readonly #wakeAlarm;
	#powerCycle: PowerCycle | undefined;
	#powerOnMicroseconds: number;
	#wake: { atMicroseconds: number; reason: ResetReason; cause: WakeCause } | undefined;
	#cutAtOperation: number | undefined;
	#outageMicroseconds = 0;
	#cutReason: "power-on" | "brown-out" | "software" = "power-on";
	readonly #disturbances: DisturbancePlayer;

	constructor(options: SimulatedStationOptions) {
		const { saved } = options;
		this.#options = options;
		this.name = options.name;
		this.clock = new VirtualClock(saved?.microseconds ?? 0);
		this.#random = this.#stream("board");
		this.counters = saved?.counters ?? {
			wakes: 0,
			powerCuts: 0,
			watchdogResets: 0,
			crashes: 0,
			operations: 0,
		};
		this.settings = new SimulatedSettings(this.#stream("settings"), saved?.settings);
		const beforeOperation = (): void => this.#beforeOperation();
		this.hardware = createHardware({ ...options, clock: this.clock, beforeOperation });
		this.hardware.switches.observer = options.observer;
		this.flash = options.flash;
		this.flash.beforeOperation = (kind) => this.#beforeFlash(kind);
		this.#createKeys = options.createKeys;
		this.network = new SimulatedNetwork({
			clock: this.clock,
			random: this.#stream("network"),
			endpoint: options.endpoint,
			utcSeconds: () => this.hardware.utcSeconds(),
			onRadio: (state) => this.hardware.switches.setRadio(state),
			beforeOperation,
		});
		this.console = new SimulatedConsole(() => this.pressServiceButton());
		const { disturbances } = options.river;
		this.#disturbances = new DisturbancePlayer(this, disturbances, this.#stream("incidents"));
		this.#wakeAlarm = this.clock.createAlarm(() => this.#boot());
		this.#powerOnMicroseconds = saved?.powerOnMicroseconds ?? this.clock.microseconds;
		if (saved === undefined) {
			this.hardware.chips.rtc.setUtc(Math.floor(this.hardware.utcSeconds()));
			this.#scramble();
			this.#scheduleBoot(0, "power-on", "none");
		} else {
			this.#load(saved);
		}
	}

	get utcSeconds(): number {
		return this.hardware.utcSeconds();
	}

	/** True between two wakes: nothing of the firmware is in memory. */
	get isAsleep(): boolean {
		return this.#powerCycle === undefined;
	}

	/** Runs the next thing that happens to this station; false when nothing ever will. */
	step(): boolean {
		let hasMore = true;
		const next = this.clock.nextMicroseconds;
		if (this.#powerCycle !== undefined && next !== undefined) {
			this.hardware.switches.wait(next - this.clock.microseconds);
		}
		try {
			hasMore = this.clock.runNext();
		} catch (error) {
			if (!(error instanceof PowerCut)) throw error;
		}
		// The firmware's guards catch what is thrown in a callback, so the latch decides.
		if (this.#powerCycle?.isOver === true) this.#losePower();
		return hasMore || this.clock.nextMicroseconds !== undefined;
	}

	/**
	 * Power fails in the `operationCount`-th operation from now (1: the next one); `reason` is what the
	 * next boot gives for its reset: of `software` it is no loss of power but a panic that restarts the chip.
	 */
	cutPowerAfter(
		operationCount: number,
		outageSeconds: number,
		reason: "power-on" | "brown-out" | "software" = "power-on",
	): void {
		this.#cutAtOperation = this.counters.operations + operationCount;
		this.#outageMicroseconds = Math.round(outageSeconds * 1_000_000);
		this.#cutReason = reason;
	}

	/** Power fails now, whatever the station does. */
	cutPowerNow(outageSeconds: number): void {
		this.#outageMicroseconds = Math.round(outageSeconds * 1_000_000);
		this.#losePower();
	}

	/** Somebody has it on the bench: power is cut, and another flash is there when it comes back. */
	replaceFlash(flash: SimulatedFlash, outageSeconds: number): void {
		this.cutPowerNow(outageSeconds);
		this.flash.beforeOperation = undefined;
		this.flash = flash;
		flash.beforeOperation = (kind) => this.#beforeFlash(kind);
		flash.kill();
	}

	/** NVS is erased on the bench: stored configurations are gone, and so is the station's key. */
	loseKey(createKeys: SimulatedStationOptions["createKeys"], outageSeconds: number): void {
		this.cutPowerNow(outageSeconds);
		this.settings.erase();
		this.#createKeys = createKeys;
	}

	/** Somebody presses the service button: wakes a sleeping station, which then uploads. */
	pressServiceButton(): void {
		if (!this.isAsleep || this.#wake?.reason !== "deep-sleep") return;
		// What the board's clock was to gain in the rest of this sleep it does not.
		const leftMicroseconds = this.#wake.atMicroseconds - this.clock.microseconds;
		this.#powerOnMicroseconds += this.#gainMicroseconds(leftMicroseconds);
		this.#scheduleBoot(0, "deep-sleep", "pin");
	}

	/** State of a sleeping station. */
	save(): SavedStation {
		if (!this.isAsleep) throw new Error(`${this.name} is awake; only a sleeping station is saved`);
		const { bootloader } = this.#options;
		return {
			microseconds: this.clock.microseconds,
			powerOnMicroseconds: this.#powerOnMicroseconds,
			retainedHex: hexOf(this.#retained.bytes),
			wake:
				this.#wake === undefined
					? null
					: { atMicroseconds: this.#wake.atMicroseconds, reason: this.#wake.reason },
			rtc: this.hardware.chips.rtc.save(),
			energy: this.hardware.energy.save(),
			battery: this.hardware.battery.save(),
			counters: { ...this.counters },
			settings: this.settings.save(),
			...(bootloader === undefined ? {} : { bootloader: bootloader.save() }),
		};
	}

	/** After a load: the process that ran this station died while it was awake, at `microseconds`. */
	loseUnsavedWake(microseconds: number): void {
		this.clock.advanceTo(Math.max(this.clock.microseconds, microseconds));
		this.cutPowerNow(1);
	}

	#load(saved: SavedStation): void {
		this.#retained.bytes.set(bytesOfHex(saved.retainedHex) ?? new Uint8Array(0));
		this.hardware.chips.rtc.load(saved.rtc);
		this.hardware.energy.load(saved.energy);
		this.hardware.battery.load(saved.battery);
		if (saved.bootloader !== undefined) this.#options.bootloader?.load(saved.bootloader);
		if (saved.wake !== null) {
			const delay = Math.max(saved.wake.atMicroseconds - this.clock.microseconds, 0);
			this.#scheduleBoot(delay, saved.wake.reason, "timer");
		}
	}

	#scheduleBoot(delayMicroseconds: number, reason: ResetReason, cause: WakeCause): void {
		this.#wake = { atMicroseconds: this.clock.microseconds + delayMicroseconds, reason, cause };
		this.#wakeAlarm.scheduleMicroseconds(delayMicroseconds);
	}

	#boot(): void {
		const wake = this.#wake;
		if (wake === undefined) return;
		this.#wake = undefined;
		if (this.hardware.battery.isEmpty) {
			this.cutPowerNow(EMPTY_SECONDS);
			return;
		}
		const { bootloader } = this.#options;
		// Nothing that boots: the board stays dark.
		if (bootloader !== undefined && bootloader.boot(bootReasonOf(wake.reason)) === undefined)
			return;
		this.counters.wakes++;
		this.#options.observer?.woke(
			wake.reason,
			wake.cause,
			this.clock.microseconds - this.#powerOnMicroseconds,
		);
		this.#disturbances.atWake();
		this.hardware.switches.setProcessor(true);
		const powerCycle = new PowerCycle(this.clock);
		this.#powerCycle = powerCycle;
		// Opening the board drives both rails low; until then their pins hold.
		this.#switchRailsOff();
		if (this.flash.isDead) this.flash.powerUp();
		const operations = new KeyOperations(this.clock);
		this.#operations = operations;
		const { signer, verifier } = this.#createKeys(operations);
		const board = createBoard({
			hardware: this.hardware,
			powerCycle,
			powerOnMicroseconds: this.#powerOnMicroseconds,
			resetReason: wake.reason,
			wakeCause: wake.cause,
			random: this.#random,
			retained: this.#retained,
			...(bootloader === undefined ? {} : { bootloader }),
			settings: this.settings.portOf(powerCycle, () => this.#beforeOperation()),
			flash: this.#options.partition ?? this.flash,
			network: this.network,
			signer,
			verifier,
			console: this.console.portOf(powerCycle),
			trustFloorUtcSeconds: this.#options.trustFloorUtcSeconds,
			beforeOperation: () => this.#beforeOperation(),
			onDeepSleep: (milliseconds) => this.#fallAsleep(milliseconds),
			onReset: (reason) => this.#reset(reason),
			onLog: (line) => this.#options.onLog?.(this.name, line),
		});
		const start = powerCycle.createAlarm(() => this.#options.program(board));
		start.scheduleMicroseconds(BOOT_MICROSECONDS);
	}

	#fallAsleep(milliseconds: number): void {
		const { isProbeRailOn, isLoopRailOn, isRadioOn } = this.hardware.switches;
		const { utcSeconds } = this;
		this.onSleep?.({ utcSeconds, milliseconds, isProbeRailOn, isLoopRailOn, isRadioOn });
		this.#options.observer?.slept(this.hardware.switches.supplied);
		this.#endPowerCycle();
		const rate = 1 + this.sleepClockPartsPerMillion / 1_000_000;
		const microseconds = Math.round((milliseconds * 1000) / rate);
		this.#powerOnMicroseconds -= this.#gainMicroseconds(microseconds);
		this.#scheduleBoot(microseconds, "deep-sleep", "timer");
	}

	#reset(reason: ResetReason): void {
		this.#options.observer?.wasReset();
		if (reason === "watchdog") this.counters.watchdogResets++;
		if (reason === "software") this.counters.crashes++;
		this.#endPowerCycle();
		this.#scheduleBoot(1_000_000, reason, "none");
	}

	#endPowerCycle(): void {
		this.#powerCycle?.end();
		this.#powerCycle = undefined;
		this.#operations?.kill();
		this.#operations = undefined;
		this.console.endPowerCycle();
		this.network.kill();
		this.hardware.resetProcessor();
		this.hardware.switches.setRadio("off");
		this.hardware.switches.setProcessor(false);
	}

	#losePower(): void {
		const reason = this.#cutReason;
		this.#cutReason = "power-on";
		this.#cutAtOperation = undefined;
		if (reason === "software") {
			this.#reset(reason);
			return;
		}
		this.counters.powerCuts++;
		this.#options.observer?.lostPower();
		this.#endPowerCycle();
		this.#switchRailsOff();
		this.flash.kill();
		this.#scramble();
		this.#powerOnMicroseconds = this.clock.microseconds + this.#outageMicroseconds;
		this.#scheduleBoot(this.#outageMicroseconds, reason, "none");
	}

	#switchRailsOff(): void {
		this.hardware.switches.switchProbes(false);
		this.hardware.switches.switchLoop(false);
	}

	#gainMicroseconds(asleepMicroseconds: number): number {
		return Math.round((asleepMicroseconds * this.sleepClockPartsPerMillion) / 1_000_000);
	}

	/** Retained memory without power: whatever the cells happen to hold. */
	#scramble(): void {
		for (let index = 0; index < this.#retained.bytes.length; index++) {
			this.#retained.bytes[index] = this.#random.uint32() >>> 24;
		}
	}

	#beforeOperation(): void {
		if (this.#isCut()) throw new PowerCut("an operation");
	}

	/** A program or an erase that is cut is torn in a way that the seed picks. */
	#beforeFlash(kind: FlashOperation): void {
		if (!this.#isCut()) return;
		if (kind === "read" || this.#cutReason === "software") throw new PowerCut("no bit changed");
		const mode = TEAR_MODES[integerBelow(this.#random, TEAR_MODES.length)] ?? "none";
		this.flash.tearThis({ mode, amount: integerBelow(this.#random, 16) });
	}

	#isCut(): boolean {
		this.#powerCycle?.check();
		this.counters.operations++;
		if (this.counters.operations !== this.#cutAtOperation) return false;
		this.#powerCycle?.end();
		return true;
	}

	#stream(name: string): RandomSource {
		return new SeededRandom(seedOf(this.#options.seed, `${name} ${this.clock.microseconds}`));
	}
}

function bootReasonOf(reason: ResetReason): "power-on" | "deep-sleep" | "reset" {
	return reason === "power-on" || reason === "deep-sleep" ? reason : "reset";
}
