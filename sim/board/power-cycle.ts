/**
 * One powered stretch of a board: from power-on or wake to sleep, reset or loss of power. Every port
 * of the board asks it first, so that a station whose power is gone can do nothing more, not even
 * in its `finally` blocks.
 */
import type { VirtualAlarm, VirtualClock } from "./clock.js";
import { PowerCut } from "./power-cut.js";

export class PowerCycle {
	readonly #clock: VirtualClock;
	readonly #alarms = new Set<VirtualAlarm>();
	#isOver = false;

	constructor(clock: VirtualClock) {
		this.#clock = clock;
	}

	get isOver(): boolean {
		return this.#isOver;
	}

	/** Throws PowerCut when this power cycle is over. */
	check(): void {
		if (this.#isOver) throw new PowerCut("a call after the end");
	}

	createAlarm(callback: () => void): VirtualAlarm {
		return new PowerCycleAlarm(this, this.#alarms, this.#clock.createAlarm(callback));
	}

	/** Ends it: no alarm of it fires any more. */
	end(): void {
		this.#isOver = true;
		for (const alarm of this.#alarms) alarm.cancel();
		this.#alarms.clear();
	}
}

class PowerCycleAlarm implements VirtualAlarm {
	readonly #powerCycle: PowerCycle;
	/** Those of its power cycle that may be armed. */
	readonly #alarms: Set<VirtualAlarm>;
	readonly #alarm: VirtualAlarm;
	#isListed = false;

	constructor(powerCycle: PowerCycle, alarms: Set<VirtualAlarm>, alarm: VirtualAlarm) {
		this.#powerCycle = powerCycle;
		this.#alarms = alarms;
		this.#alarm = alarm;
	}

	scheduleMicroseconds(delayMicroseconds: number): void {
		this.#powerCycle.check();
		if (!this.#isListed) this.#alarms.add(this.#alarm);
		this.#isListed = true;
		this.#alarm.scheduleMicroseconds(delayMicroseconds);
	}

	schedule(delayMilliseconds: number): void {
		this.scheduleMicroseconds(delayMilliseconds * 1000);
	}

	cancel(): void {
		this.#alarms.delete(this.#alarm);
		this.#isListed = false;
		this.#alarm.cancel();
	}
}
