import { strict as assert } from "node:assert";
import sinon from "sinon";
import { VirtualClock } from "../../sim/board/clock.js";
import { call, pause, Scheduler, Signal, TASKS_MAX, type Task } from "../../src/core/task.js";

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

	/** Fails while it is ended. */
	function* broken(atEnd: () => void = () => {}): Task<void> {
		try {
			yield* pause(10);
		} finally {
			atEnd();
			// biome-ignore lint/correctness/noUnsafeFinally: as a bus that is gone does
			throw new Error("no bus");
		}
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

	describe("running a task apart", () => {
		/** Resumes of each level, and the story that the levels tell. */
		function nest(isApart: boolean) {
			const { clock, scheduler, onUncaught, run } = bench();
			const story: string[] = [];
			const add = (what: string): void => {
				story.push(`${what} at ${clock.milliseconds}`);
			};
			const inner = (task: Task<string>): Task<string> => (isApart ? call(task) : task);
			function* bottom(failing: boolean): Task<string> {
				try {
					yield* pause(10);
					add("bottom");
					yield* pause(10);
					if (failing) throw new Error("of the bottom");
					return "found";
				} finally {
					add("bottom over");
				}
			}
			function* middle(failing: boolean): Task<string> {
				try {
					return `${yield* inner(bottom(failing))} in the middle`;
				} finally {
					add("middle over");
				}
			}
			function* top(failing: boolean): Task<void> {
				try {
					add(yield* inner(middle(failing)));
					yield* pause(5);
					add("top");
				} catch (error) {
					add(`caught ${(error as Error).message}`);
				} finally {
					add("top over");
				}
			}
			return { clock, scheduler, onUncaught, run, story, top };
		}

		it("does and gives what yield* does, results, errors and ends", () => {
			for (const failing of [false, true]) {
				const [plain, taken] = [nest(false), nest(true)];
				for (const { scheduler, top, run } of [plain, taken]) {
					scheduler.start(top(failing));
					run();
					assert.equal(scheduler.taskCount, 0);
				}
				assert.deepEqual(taken.story, plain.story);
				assert.equal(taken.clock.milliseconds, plain.clock.milliseconds);
				const message = failing ? "caught of the bottom at 20" : "found in the middle at 20";
				assert.ok(taken.story.includes(message), taken.story.join());
			}
		});

		it("ends innermost first when it is cancelled or stopped, whatever fails on the way", () => {
			for (const isApart of [false, true]) {
				for (const end of ["cancel", "stop"]) {
					const { scheduler, top, clock, story } = nest(isApart);
					const handle = scheduler.start(top(false));
					clock.runNext();
					clock.runNext();
					if (end === "cancel") handle.cancel();
					else scheduler.stop();
					assert.deepEqual(story, [
						"bottom at 10",
						"bottom over at 10",
						"middle over at 10",
						"top over at 10",
					]);
				}
			}
			const { scheduler, clock } = bench();
			const railOff = sinon.fake();
			function* measure(): Task<void> {
				try {
					yield* call(broken());
				} finally {
					railOff();
				}
			}
			scheduler.start(measure());
			clock.runNext();
			assert.throws(() => scheduler.stop(), /no bus/);
			sinon.assert.calledOnce(railOff);
		});

		it("continues after a failure that was caught, also without a wait in between", () => {
			const { scheduler, run } = bench();
			const seen = sinon.fake();
			// biome-ignore lint/correctness/useYield: it fails before it waits.
			function* bad(): Task<number> {
				throw new Error("bad");
			}
			// biome-ignore lint/correctness/useYield: it need not wait.
			function* good(): Task<number> {
				return 5;
			}
			function* both(): Task<void> {
				try {
					yield* call(bad());
				} catch (error) {
					seen((error as Error).message);
				}
				seen(yield* call(good()));
			}
			scheduler.start(both());
			run();
			assert.deepEqual(seen.args, [["bad"], [5]]);
		});

		it("cannot be ended by itself, and then runs no finally block of another", () => {
			const { scheduler, clock } = bench();
			const railOff = sinon.fake();
			const onEnd = sinon.fake();
			// biome-ignore lint/correctness/useYield: it fails before it waits.
			function* suicidal(): Task<void> {
				scheduler.stop();
			}
			function* outer(): Task<void> {
				try {
					yield* call(suicidal());
				} finally {
					railOff(onEnd.callCount);
				}
			}
			scheduler.start(outer(), onEnd);
			clock.runNext();
			assert.match(String(onEnd.args[0]?.[0]), /a task that ends itself/);
			sinon.assert.calledOnceWithExactly(railOff, 0);
		});

		it("resumes at a wait only who waits", () => {
			const { scheduler, run } = bench();
			let resumes = 0;
			/** Counts what passes through it, as each caller of a `yield*` does. */
			function* counted(task: Task<void>): Task<void> {
				for (let step = task.next(); step.done !== true; step = task.next()) {
					resumes++;
					yield step.value;
				}
			}
			function* long(): Task<void> {
				for (let count = 0; count < 50; count++) yield* pause(1);
			}
			scheduler.start(counted(long()));
			run();
			assert.equal(resumes, 50);
			resumes = 0;
			scheduler.start(counted(call(long())));
			run();
			assert.equal(resumes, 1);
		});
	});

	it("stops the others, too, when the finally block of one throws", () => {
		const { scheduler, clock } = bench();
		const railOff = sinon.fake();
		scheduler.start(broken(railOff));
		scheduler.start(broken(railOff));
		clock.runNext();
		assert.throws(() => scheduler.stop(), /no bus/);
		sinon.assert.calledTwice(railOff);
		assert.equal(clock.nextMicroseconds, undefined);
	});

	it("refuses more tasks than a station has use for", () => {
		const { scheduler } = bench();
		for (let count = 0; count < TASKS_MAX; count++) scheduler.start(pause(1));
		assert.throws(() => scheduler.start(pause(1)), /more than 16 tasks/);
	});
});
