import { strict as assert } from "node:assert";
import sinon from "sinon";
import { VirtualClock } from "../../sim/clock.js";
import { pause, Scheduler, Signal, TASKS_MAX, type Task } from "../../src/core/task.js";

describe("the scheduler of tasks", () => {
	function bench() {
		const clock = new VirtualClock();
		const onUncaught = sinon.fake();
		const scheduler = new Scheduler(clock, onUncaught);
		const run = (): void => {
			while (clock.runNext());
		};
		return { clock, scheduler, onUncaught, run };
	}

	it("runs tasks in order of due time, then of start, and tells their end once", () => {
		const { clock, scheduler, onUncaught, run } = bench();
		const steps: string[] = [];
		function* walk(name: string, milliseconds: number): Task<void> {
			steps.push(`${name} starts`);
			yield* pause(milliseconds);
			steps.push(`${name} ends at ${clock.milliseconds}`);
		}
		const onEnd = sinon.fake();
		scheduler.start(walk("a", 20), onEnd);
		scheduler.start(walk("b", 10));
		scheduler.start(walk("c", 10));
		run();
		assert.deepEqual(steps, [
			"a starts",
			"b starts",
			"c starts",
			"b ends at 10",
			"c ends at 10",
			"a ends at 20",
		]);
		sinon.assert.calledOnceWithExactly(onEnd, undefined, false);
		sinon.assert.notCalled(onUncaught);
		assert.equal(scheduler.taskCount, 0);
	});

	it("starts nothing before the call that asked has returned", () => {
		const { scheduler, run } = bench();
		const body = sinon.fake();
		function* task(): Task<void> {
			body();
			yield* pause(1);
		}
		scheduler.start(task());
		sinon.assert.notCalled(body);
		run();
		sinon.assert.calledOnce(body);
	});

	it("wakes a waiting task on a signal, and gives undefined at its deadline", () => {
		const { clock, scheduler, run } = bench();
		const seen = sinon.fake();
		const signal = new Signal<number>();
		const silent = new Signal<number>();
		function* wait(): Task<void> {
			seen(yield* signal.wait(1000), clock.milliseconds);
			seen(yield* silent.wait(500), clock.milliseconds);
		}
		scheduler.start(wait());
		const alarm = clock.createAlarm(() => {
			signal.set(7);
			signal.set(8);
		});
		alarm.schedule(300);
		run();
		assert.deepEqual(seen.args, [
			[7, 300],
			[undefined, 800],
		]);
	});

	it("hands an error to the task's end, or to the crash handler when nobody asked", () => {
		const { scheduler, onUncaught, run } = bench();
		const error = new Error("broken");
		// biome-ignore lint/correctness/useYield: it fails before it waits.
		function* fail(): Task<void> {
			throw error;
		}
		const onEnd = sinon.fake();
		scheduler.start(fail(), onEnd);
		run();
		sinon.assert.calledOnceWithExactly(onEnd, error, true);
		sinon.assert.notCalled(onUncaught);
		scheduler.start(fail());
		run();
		sinon.assert.calledOnceWithExactly(onUncaught, error);
	});

	it("runs the finally blocks of what is cancelled or stopped, and nothing else of it", () => {
		const { scheduler, run, clock } = bench();
		const after = sinon.fake();
		const railOff = sinon.fake();
		function* measure(): Task<void> {
			try {
				yield* pause(1000);
				after();
			} finally {
				railOff();
			}
		}
		const handle = scheduler.start(measure());
		scheduler.start(measure());
		clock.runNext();
		handle.cancel();
		sinon.assert.calledOnce(railOff);
		scheduler.stop();
		sinon.assert.calledTwice(railOff);
		run();
		sinon.assert.notCalled(after);
		assert.equal(clock.nextMicroseconds, undefined);
	});

	it("refuses more tasks than a station has use for", () => {
		const { scheduler } = bench();
		for (let count = 0; count < TASKS_MAX; count++) scheduler.start(pause(1));
		assert.throws(() => scheduler.start(pause(1)), /more than 16 tasks/);
	});
});
