/**
 * Straight-line procedures that wait, without promises: a task is a generator that yields waits,
 * and one scheduler per station runs all of them on the board's alarm. When power fails the
 * scheduler is simply forgotten; nothing is left.
 */
import { AssertionError, assert } from "./errors.js";

/** What a task may yield: a pause, or an event with a deadline. */
export interface Wait {
	/** Longest time to wait, milliseconds from now. */
	readonly milliseconds: number;
	/** Ends the wait early when it is set. Absent: a plain pause. */
	readonly signal?: Signal<unknown>;
}

/**
 * A procedure that waits: `yield` a `Wait`, `yield*` another task, `return` the result. A `yield*` is gone
 * through again at each wait of the inner task; around a long one stands `yield* call(task)`. In the bundle
 * for the chip each `yield*` is a `yield` of the task, which is then called.
 */
export type Task<Result> = Generator<Wait | Task<unknown>, Result, unknown>;

/** The part of the board's clock that the scheduler needs. */
export interface TaskClock {
	/** Monotonic milliseconds. */
	readonly milliseconds: number;
	/** A reusable alarm; `callback` runs from the event loop, never inside `schedule`. */
	createAlarm(callback: () => void): TaskAlarm;
}

export interface TaskAlarm {
	/** (Re)arms the alarm to fire once, `delayMilliseconds` (>= 0) from now. */
	schedule(delayMilliseconds: number): void;
	cancel(): void;
}

/** Pauses for at least `milliseconds`. */
export function* pause(milliseconds: number): Task<void> {
	yield { milliseconds };
}

/**
 * Runs `task` as `yield*` does, but at its waits only the task itself is resumed and not all that called
 * it: of a measurement's fifty waits eight callers would hear.
 */
export function* call<Result>(task: Task<Result>): Task<Result> {
	return (yield task) as Result;
}

/** A task with those that it calls. */
export class TaskStack {
	/** Each is run for the one before it, which waits for its result. */
	readonly #tasks: Task<unknown>[];
	#result: unknown;
	#isRunning = false;

	constructor(task: Task<unknown>) {
		this.#tasks = [task];
	}

	/** What the task returned, once `next` gave undefined. */
	get result(): unknown {
		return this.#result;
	}

	/** Runs to the next wait; undefined when the task has returned. Throws what leaves the task. */
	next(): Wait | undefined {
		this.#isRunning = true;
		try {
			return this.#run();
		} finally {
			this.#isRunning = false;
		}
	}

	#run(): Wait | undefined {
		const tasks = this.#tasks;
		let failure: { readonly error: unknown } | undefined;
		for (let task = tasks.at(-1); task !== undefined; task = tasks.at(-1)) {
			try {
				const step: IteratorResult<Wait | Task<unknown>, unknown> =
					failure === undefined ? task.next(this.#result) : task.throw(failure.error);
				failure = undefined;
				this.#result = undefined;
				if (step.done === true) {
					this.#result = step.value;
					tasks.pop();
				} else if ((step.value as Partial<Task<unknown>>).next === undefined) {
					return step.value as Wait;
				} else tasks.push(step.value as Task<unknown>);
			} catch (error) {
				tasks.pop();
				failure = { error };
			}
		}
		if (failure !== undefined) throw failure.error;
		return undefined;
	}

	/**
	 * Ends it where it waits, and nowhere else: all `finally` blocks run, innermost first. A wait inside them
	 * is not honoured, and nobody's `catch` hears what one of them throws: `end` throws the first of it.
	 */
	end(): void {
		assert(!this.#isRunning, "a task that ends itself");
		let failure: { readonly error: unknown } | undefined;
		for (const task of this.#tasks.slice().reverse()) {
			try {
				task.return(undefined);
			} catch (error) {
				// Those outside of it have something to switch off, too.
				failure ??= { error };
			}
		}
		if (failure !== undefined) throw failure.error;
	}
}

/**
 * An event that happens once and carries a value. Setting it wakes the task that waits for it on
 * the next turn of the event loop, never inside `set`: a callback records and returns.
 */
export class Signal<Value> {
	#outcome: { readonly value: Value } | undefined;
	/** Set by the scheduler while a task waits; wakes it. */
	onSet: (() => void) | undefined;

	get isSet(): boolean {
		return this.#outcome !== undefined;
	}

	/** The value, or undefined while unset. */
	get value(): Value | undefined {
		return this.#outcome?.value;
	}

	/** Records `value`; later calls change nothing, the first outcome stands. */
	set(value: Value): void {
		if (this.#outcome !== undefined) return;
		this.#outcome = { value };
		this.onSet?.();
	}

	/** Waits until set or until `milliseconds` have passed; the value, or undefined at the deadline. */
	*wait(milliseconds: number): Task<Value | undefined> {
		if (this.#outcome === undefined) yield { milliseconds, signal: this };
		return this.#outcome?.value;
	}
}

interface Running {
	readonly stack: TaskStack;
	readonly onEnd: (error: unknown, failed: boolean) => void;
	dueMilliseconds: number;
	signal: Signal<unknown> | undefined;
	isSignalled: boolean;
	/** The last turn in which the scheduler looked at it. */
	turn: number;
}

/** Most tasks at once: measuring, uploading, the console, time keeping, and a few waiting parts. */
export const TASKS_MAX = 16;
const TOO_MANY = `more than ${TASKS_MAX} tasks`;

/**
 * Runs tasks in order of due time, then of start. An error that leaves a task is handed to its
 * `onEnd`; without one it goes to `onUncaught` (the station's crash handler).
 */
export class Scheduler {
	readonly #clock: TaskClock;
	readonly #alarm: TaskAlarm;
	readonly #onUncaught: (error: unknown) => void;
	readonly #running: Running[] = [];
	#isTurning = false;
	#turn = 0;

	constructor(clock: TaskClock, onUncaught: (error: unknown) => void) {
		this.#clock = clock;
		this.#onUncaught = onUncaught;
		this.#alarm = clock.createAlarm(() => this.#takeTurn());
	}

	get taskCount(): number {
		return this.#running.length;
	}

	/** Starts a task on the next turn; `onEnd` gets its result or its error. */
	start<Result>(
		generator: Task<Result>,
		onEnd?: (error: unknown, failed: boolean) => void,
	): TaskHandle {
		assert(this.#running.length < TASKS_MAX, TOO_MANY);
		const running: Running = {
			stack: new TaskStack(generator),
			onEnd:
				onEnd ??
				((error, failed) => {
					if (failed) this.#onUncaught(error);
				}),
			dueMilliseconds: this.#clock.milliseconds,
			signal: undefined,
			isSignalled: false,
			turn: this.#turn,
		};
		this.#running.push(running);
		this.#arm();
		return {
			cancel: () => {
				const index = this.#running.indexOf(running);
				if (index < 0) return;
				this.#running.splice(index, 1);
				this.#detach(running);
				running.stack.end();
				this.#arm();
			},
		};
	}

	/** Stops everything and disarms the alarm, running the tasks' `finally` blocks. */
	stop(): void {
		this.#alarm.cancel();
		let failure: { readonly error: unknown } | undefined;
		for (const running of this.#running.splice(0)) {
			this.#detach(running);
			try {
				running.stack.end();
			} catch (error) {
				failure ??= { error };
			}
		}
		if (failure !== undefined) throw failure.error;
	}

	#detach(running: Running): void {
		if (running.signal !== undefined) running.signal.onSet = undefined;
		running.signal = undefined;
		running.isSignalled = false;
	}

	/** The first task that has not been looked at in this turn; one that was started in it waits. */
	#notYetIn(turn: number): Running | undefined {
		for (const running of this.#running) if (running.turn !== turn) return running;
		return undefined;
	}

	#takeTurn(): void {
		if (this.#isTurning) throw new AssertionError("the scheduler was entered twice");
		this.#isTurning = true;
		try {
			const now = this.#clock.milliseconds;
			const turn = ++this.#turn;
			for (let next = this.#notYetIn(turn); next !== undefined; next = this.#notYetIn(turn)) {
				next.turn = turn;
				if (!next.isSignalled && next.dueMilliseconds > now) continue;
				this.#detach(next);
				this.#resume(next);
			}
		} finally {
			this.#isTurning = false;
		}
		this.#arm();
	}

	#resume(running: Running): void {
		let wait: Wait | undefined;
		try {
			wait = running.stack.next();
		} catch (error) {
			this.#remove(running);
			running.onEnd(error, true);
			return;
		}
		if (wait === undefined) {
			this.#remove(running);
			running.onEnd(undefined, false);
			return;
		}
		running.dueMilliseconds = this.#clock.milliseconds + wait.milliseconds;
		const { signal } = wait;
		if (signal === undefined) return;
		assert(signal.onSet === undefined, "two tasks wait for one signal");
		running.signal = signal;
		running.isSignalled = signal.isSet;
		signal.onSet = () => {
			running.isSignalled = true;
			if (!this.#isTurning) this.#arm();
		};
	}

	#remove(running: Running): void {
		const index = this.#running.indexOf(running);
		if (index >= 0) this.#running.splice(index, 1);
	}

	#arm(): void {
		if (this.#isTurning) return;
		let dueMilliseconds = Number.POSITIVE_INFINITY;
		for (const running of this.#running) {
			const due = running.isSignalled ? 0 : running.dueMilliseconds;
			if (due < dueMilliseconds) dueMilliseconds = due;
		}
		if (dueMilliseconds === Number.POSITIVE_INFINITY) {
			this.#alarm.cancel();
			return;
		}
		const delay = dueMilliseconds - this.#clock.milliseconds;
		this.#alarm.schedule(Math.max(delay, 0));
	}
}

export interface TaskHandle {
	/** Ends the task at its current wait; its `finally` blocks run. */
	cancel(): void;
}
