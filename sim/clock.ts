/**
 * The world's clock: integer microseconds, an ordered queue of alarms, and two ways for time to
 * pass: `consume` while a processor is busy (nothing else runs), `runNext` when it idles.
 */
import { assert } from "../src/core/errors.js";

interface Entry {
	dueMicroseconds: number;
	order: number;
	callback: () => void;
	isArmed: boolean;
}

/** An alarm that can be armed again and again. */
export interface VirtualAlarm {
	/** Arms the alarm once, `delayMicroseconds` (>= 0, fractions are rounded up) from now. */
	scheduleMicroseconds(delayMicroseconds: number): void;
	/** The same in milliseconds: the port `Alarm` of the firmware. */
	schedule(delayMilliseconds: number): void;
	cancel(): void;
}

export class VirtualClock {
	#microseconds: number;
	#order = 0;
	/** Sorted by due time, then by order of arming; a station keeps a handful. */
	readonly #queue: Entry[] = [];

	/** `startMicroseconds` since the origin of the world. */
	constructor(startMicroseconds = 0) {
		this.#microseconds = startMicroseconds;
	}

	/** Since the origin of the world; integer. */
	get microseconds(): number {
		return this.#microseconds;
	}

	/** Whole milliseconds since the origin of the world: the port `Clock` of the firmware. */
	get milliseconds(): number {
		return Math.floor(this.#microseconds / 1000);
	}

	/** Due time of the next alarm, or undefined when none is armed. */
	get nextMicroseconds(): number | undefined {
		return this.#queue[0]?.dueMicroseconds;
	}

	createAlarm(callback: () => void): VirtualAlarm {
		const entry: Entry = { dueMicroseconds: 0, order: 0, callback, isArmed: false };
		const scheduleMicroseconds = (delayMicroseconds: number): void => {
			assert(delayMicroseconds >= 0, `an alarm ${delayMicroseconds} us in the past`);
			this.#remove(entry);
			entry.dueMicroseconds = this.#microseconds + Math.ceil(delayMicroseconds);
			entry.order = this.#order++;
			entry.isArmed = true;
			this.#insert(entry);
		};
		return {
			scheduleMicroseconds,
			schedule: (delayMilliseconds) => scheduleMicroseconds(delayMilliseconds * 1000),
			cancel: () => this.#remove(entry),
		};
	}

	/** Time passes while a processor or a bus is busy; alarms that fall due run afterwards. */
	consume(microseconds: number): void {
		assert(microseconds >= 0, "time does not run backwards");
		this.#microseconds += Math.ceil(microseconds);
	}

	/** Goes to the next alarm (at once if it is overdue) and runs it; false when none is armed. */
	runNext(): boolean {
		const entry = this.#queue.shift();
		if (entry === undefined) return false;
		entry.isArmed = false;
		if (entry.dueMicroseconds > this.#microseconds) this.#microseconds = entry.dueMicroseconds;
		entry.callback();
		return true;
	}

	/** Runs every alarm up to an instant, then stands at that instant (or later, if it was busy). */
	advanceTo(microseconds: number): void {
		for (;;) {
			const next = this.nextMicroseconds;
			if (next === undefined || next > microseconds) break;
			this.runNext();
		}
		if (this.#microseconds < microseconds) this.#microseconds = microseconds;
	}

	#insert(entry: Entry): void {
		let index = this.#queue.length;
		while (index > 0) {
			const before = this.#queue[index - 1];
			if (before === undefined || before.dueMicroseconds <= entry.dueMicroseconds) break;
			index--;
		}
		this.#queue.splice(index, 0, entry);
	}

	#remove(entry: Entry): void {
		if (!entry.isArmed) return;
		entry.isArmed = false;
		this.#queue.splice(this.#queue.indexOf(entry), 1);
	}
}
