/**
 * One powered stretch of a board: from power-on or wake to sleep, reset or loss of power. Every port
 * of the board asks it first, so that a station whose power is gone can do nothing more, not even
 * in its `finally` blocks.
 */
import type { VirtualAlarm, VirtualClock } from "../clock.js";
import { PowerCut } from "../power-cut.js";

export class Life {
	readonly #clock: VirtualClock;
	readonly #alarms = new Set<VirtualAlarm>();
	#isOver = false;

	constructor(clock: VirtualClock) {
		this.#clock = clock;
	}

	get isOver(): boolean {
		return this.#isOver;
	}

	/** Throws PowerCut when this life is over. */
	check(): void {
		if (this.#isOver) throw new PowerCut("a call after the end");
	}

	createAlarm(callback: () => void): VirtualAlarm {
		const alarm = this.#clock.createAlarm(callback);
		const schedule = (microseconds: number): void => {
			this.check();
			this.#alarms.add(alarm);
			alarm.scheduleMicroseconds(microseconds);
		};
		return {
			scheduleMicroseconds: schedule,
			schedule: (milliseconds) => schedule(milliseconds * 1000),
			cancel: () => {
				this.#alarms.delete(alarm);
				alarm.cancel();
			},
		};
	}

	/** Ends it: no alarm of it fires any more. */
	end(): void {
		this.#isOver = true;
		for (const alarm of this.#alarms) alarm.cancel();
		this.#alarms.clear();
	}
}
