/** Runs a task to its end on a clock that jumps from wait to wait. */
import { type Task, TaskStack } from "../../../src/core/task.js";

export interface JumpingClock {
	milliseconds: number;
}

/** The task's result; `waits` collects every pause, milliseconds. Signals are not supported. */
export function runTask<Result>(
	task: Task<Result>,
	clock: JumpingClock,
	waits: number[] = [],
): Result {
	const stack = new TaskStack(task);
	for (let wait = stack.next(); wait !== undefined; wait = stack.next()) {
		if (wait.signal !== undefined) throw new Error("a task waits for a signal");
		waits.push(wait.milliseconds);
		clock.milliseconds += wait.milliseconds;
	}
	return stack.result as Result;
}
