/** Runs a task to its end on a clock that jumps from wait to wait. */
import type { Task } from "../../src/core/task.js";

export interface JumpingClock {
	milliseconds: number;
}

/** The task's result; `waits` collects every pause, milliseconds. Signals are not supported. */
export function runTask<Result>(
	task: Task<Result>,
	clock: JumpingClock,
	waits: number[] = [],
): Result {
	for (let step = task.next(); ; step = task.next()) {
		if (step.done === true) return step.value;
		if (step.value.signal !== undefined) throw new Error("a task waits for a signal");
		waits.push(step.value.milliseconds);
		clock.milliseconds += step.value.milliseconds;
	}
}
