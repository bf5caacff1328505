/**
 * The world's clock: integer microseconds, an ordered queue of alarms, and two ways for time to
 * pass: `consume` while a processor is busy (nothing else runs), `runNext` when it idles.
 */
import { AssertionError, assert } from "../../src/core/errors.js";

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
	/** Latest first: what comes next stands at the end. Of two that are due at once the one that was
	 * armed later stands further in front. A station keeps a handful. */
	readonly #queue: QueuedAlarm[] = [];

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
		return this.#queue[this.#queue.length - 1]?.dueMicroseconds;
	}

	createAlarm(callback: () => void): VirtualAlarm {
		return new QueuedAlarm(this, callback);
	}

	/** For the alarm. */
	arm(alarm: QueuedAlarm, delayMicroseconds: number): void {
		if (!(delayMicroseconds >= 0)) {
			throw new AssertionError(`an alarm ${delayMicroseconds} us in the past`);
		}
		this.disarm(alarm);
		const dueMicroseconds = this.#microseconds + Math.ceil(delayMicroseconds);
		alarm.dueMicroseconds = dueMicroseconds;
		alarm.isArmed = true;
		const queue = this.#queue;
		let index = queue.length;
		queue.push(alarm);
		for (; index > 0; index--) {
			const sooner = queue[index - 1];
			if (sooner === undefined || sooner.dueMicroseconds > dueMicroseconds) break;
			queue[index] = sooner;
		}
		queue[index] = alarm;
	}

	/** For the alarm. */
	disarm(alarm: QueuedAlarm): void {
		if (!alarm.isArmed) return;
		alarm.isArmed = false;
		const queue = this.#queue;
		let moved = queue.pop();
		for (let index = queue.length; moved !== alarm && index > 0; index--) {
			const next = queue[index - 1];
			if (moved !== undefined) queue[index - 1] = moved;
			moved = next;
		}
	}

	/** Time passes while a processor or a bus is busy; alarms that fall due run afterwards. */
	consume(microseconds: number): void {
		assert(microseconds >= 0, "time does not run backwards");
		this.#microseconds += Math.ceil(microseconds);
	}

	/** Goes to the next alarm (at once if it is overdue) and runs it; false when none is armed. */
	runNext(): boolean {
		const alarm = this.#queue.pop();
		if (alarm === undefined) return false;
		alarm.isArmed = false;
		if (alarm.dueMicroseconds > this.#microseconds) this.#microseconds = alarm.dueMicroseconds;
		alarm.callback();
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
}

class QueuedAlarm implements VirtualAlarm {
	readonly callback: () => void;
	dueMicroseconds = 0;
	isArmed = false;
	readonly #clock: VirtualClock;

	constructor(clock: VirtualClock, callback: () => void) {
		this.#clock = clock;
		this.callback = callback;
	}

	scheduleMicroseconds(delayMicroseconds: number): void {
		this.#clock.arm(this, delayMicroseconds);
	}

	schedule(delayMilliseconds: number): void {
		this.#clock.arm(this, delayMilliseconds * 1000);
	}

	cancel(): void {
		this.#clock.disarm(this);
	}
}
