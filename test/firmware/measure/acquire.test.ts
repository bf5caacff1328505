import { strict as assert } from "node:assert";
import sinon from "sinon";
import { StationError } from "../../../src/core/errors.js";
import {
	acquire,
	NO_RECOVERY_STEPS,
	type RecoverySteps,
} from "../../../src/firmware/measure/acquire.js";
import type { Sensor } from "../../../src/firmware/measure/sensor.js";
import { runTask } from "../../support/bench/run-task.js";

const watchdog = { timeoutMilliseconds: 60_000, feed: () => {} };

function sensor(options: { wait?: number; samples?: (number | undefined)[] }): Sensor<number> {
	const samples = [...(options.samples ?? [])];
	return {
		warmUpMilliseconds: 0,
		pollMilliseconds: options.wait ?? 0,
		begin: () => options.wait ?? 0,
		sample: () => samples.shift(),
		close: () => {},
	};
}

describe("acquiring a sample", () => {
	it("gives a probe up after fifteen seconds, also one that asks to be polled at once", () => {
		for (const wait of [0, 1, 700]) {
			const errors: string[] = [];
			const recovery: RecoverySteps = {
				succeeded: () => assert.fail("nothing came"),
				// biome-ignore lint/correctness/useYield: a task that need not wait
				*next(error) {
					errors.push(error.code);
					return false;
				},
			};
			const clock = { milliseconds: 0 };
			const sample = runTask(
				acquire(() => sensor({ wait }), watchdog, recovery),
				clock,
			);
			assert.equal(sample, undefined);
			assert.deepEqual(errors, ["probe-timeout"]);
			assert.ok(clock.milliseconds <= 15_700, `${clock.milliseconds} ms`);
		}
	});

	it("asks for the probe anew after each remedy, and lets through what is no error of a probe", () => {
		const clock = { milliseconds: 0 };
		const broken = sensor({});
		broken.begin = () => {
			throw new StationError("bus-failed", "no answer");
		};
		const probes = [broken, broken, sensor({ wait: 5, samples: [undefined, 42] })];
		const succeeded = sinon.fake();
		let tries = 0;
		const recovery: RecoverySteps = {
			succeeded,
			*next() {
				tries++;
				yield { milliseconds: 100 };
				return true;
			},
		};
		const task = acquire(() => probes.shift() ?? assert.fail("no probe"), watchdog, recovery);
		assert.equal(runTask(task, clock), 42);
		assert.equal(tries, 2);
		assert.equal(clock.milliseconds, 210);
		sinon.assert.calledOnce(succeeded);
		const bug = sensor({});
		bug.begin = () => {
			throw new TypeError("a bug");
		};
		assert.throws(
			() =>
				runTask(
					acquire(() => bug, watchdog, recovery),
					clock,
				),
			TypeError,
		);
		assert.equal(
			runTask(
				acquire(() => broken, watchdog, NO_RECOVERY_STEPS),
				clock,
			),
			undefined,
		);
	});

	it("feeds the watchdog within half its time-out however long a conversion takes", () => {
		const clock = { milliseconds: 0 };
		const fed: number[] = [];
		const hungry = { timeoutMilliseconds: 10, feed: () => fed.push(clock.milliseconds) };
		const task = acquire(() => sensor({ wait: 23, samples: [1] }), hungry, NO_RECOVERY_STEPS);
		assert.equal(runTask(task, clock), 1);
		for (const [index, at] of fed.entries()) assert.ok(at - (fed[index - 1] ?? 0) <= 5, fed.join());
		assert.equal(fed[fed.length - 1], 23);
	});
});
