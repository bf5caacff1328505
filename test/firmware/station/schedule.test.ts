import { strict as assert } from "node:assert";
import {
	DEFAULT_CONFIGURATION,
	type StationConfiguration,
} from "../../../src/firmware/config/configuration.js";
import { ReadingTimes } from "../../../src/firmware/station/reading-times.js";
import { readingDueMilliseconds } from "../../../src/firmware/station/schedule.js";

const UTC = 1_790_000_100;
const YEARS = 189_999_998;

describe("when a reading is due", () => {
	it("is no later than what was due, when the last reading lies in the future of a clock that was put back", () => {
		const due = (nowMilliseconds: number): number =>
			readingDueMilliseconds({
				nowMilliseconds,
				utcSeconds: UTC + nowMilliseconds / 1000,
				lastUtcSeconds: UTC + YEARS,
				dueMilliseconds: 350_000,
				intervalSeconds: 300,
			});
		assert.equal(due(0), 300_000);
		assert.equal(due(150_000), 300_000);
		// At the boundary itself the next one is 300 s away.
		assert.equal(due(300_000), 350_000);
		assert.equal(due(350_000), 350_000);
		assert.equal(due(400_000), 350_000);
	});

	it("comes within an interval after a clock was put back while a reading was made, from wake to wake", () => {
		const clock = { milliseconds: 0 };
		const wake = (state: ReturnType<ReadingTimes["save"]> | undefined): ReadingTimes =>
			new ReadingTimes({
				clock,
				time: {
					get utcSeconds() {
						return UTC + Math.floor(clock.milliseconds / 1000);
					},
				},
				configuration: () =>
					({ ...DEFAULT_CONFIGURATION, intervalSeconds: 300 }) as StationConfiguration,
				isBatteryLow: () => false,
				power: { intervalSeconds: undefined, isSparing: false },
				eventSeconds: () => 0,
				state,
			});
		let times = wake(undefined);
		// It was begun by the clock of before.
		times.taken(0, 0, UTC + YEARS);
		let wakes = 0;
		for (; times.leftMilliseconds > 0 && wakes < 10; wakes++) {
			const state = times.save();
			clock.milliseconds = Math.ceil(state.nextReadingMilliseconds);
			times = wake(state);
		}
		assert.equal(clock.milliseconds, 300_000);
		assert.equal(wakes, 1);
	});
});
