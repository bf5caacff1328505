import { strict as assert } from "node:assert";
import { SeededChance } from "../../../src/core/chance.js";
import { UplinkSchedule } from "../../../src/firmware/uplink/schedule.js";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

function scheduleOf(station: string, seed = 1, uploadIntervalSeconds = 3600): UplinkSchedule {
	const chance = new SeededChance(seed);
	return new UplinkSchedule({ chance, station, nowMilliseconds: 0, uploadIntervalSeconds });
}

/** Pauses after `failures` failures in a row that cost nothing, over many stations. */
function pausesAfter(failures: number): number[] {
	return Array.from({ length: 2000 }, (_, index) => {
		const schedule = scheduleOf(`s${index}`, index);
		for (let count = 0; count < failures; count++) {
			schedule.failed({ radioMilliseconds: 0, nowMilliseconds: 0 });
		}
		return schedule.nextAttemptMilliseconds;
	});
}

const mean = (values: readonly number[]): number =>
	values.reduce((sum, value) => sum + value, 0) / values.length;

describe("uplink schedule", () => {
	it("spreads the first attempt after power-on and the first retry over five minutes", () => {
		const starts = Array.from({ length: 2000 }, (_, index) => scheduleOf("a", index));
		for (const pauses of [
			starts.map((schedule) => schedule.nextAttemptMilliseconds),
			pausesAfter(1),
		]) {
			assert.ok(Math.max(...pauses) <= 300 * SECOND);
			assert.ok(Math.abs(mean(pauses) - 150 * SECOND) < 8 * SECOND, String(mean(pauses)));
		}
	});

	it("doubles the bound of its jitter to fifteen minutes and goes hourly after ten failures", () => {
		for (const [failures, bound] of [
			[2, 32],
			[3, 64],
			[6, 512],
			[7, 900],
			[10, 900],
		] as const) {
			const pauses = pausesAfter(failures);
			assert.ok(Math.max(...pauses) <= bound * SECOND, `after ${failures}`);
			assert.ok(Math.max(...pauses) > 0.95 * bound * SECOND, `after ${failures}`);
		}
		const hourly = pausesAfter(11);
		assert.ok(Math.min(...hourly) >= 50 * 60 * SECOND);
		assert.ok(Math.max(...hourly) <= 58 * 60 * SECOND);
	});

	it("gives every station a slot of its own within the upload interval, and keeps it", () => {
		const slots = Array.from({ length: 1000 }, (_, index) => {
			const schedule = scheduleOf(`bor-${index}`);
			schedule.acknowledged({ radioMilliseconds: 3000, nowMilliseconds: 10 * HOUR }, 0, false);
			const first = schedule.nextAttemptMilliseconds;
			schedule.acknowledged({ radioMilliseconds: 3000, nowMilliseconds: first + 4000 }, 0, false);
			assert.equal(schedule.nextAttemptMilliseconds, first + HOUR);
			return first % HOUR;
		});
		const busiest = new Map<number, number>();
		for (const slot of slots) {
			const minute = Math.floor(slot / (60 * SECOND));
			busiest.set(minute, (busiest.get(minute) ?? 0) + 1);
		}
		// 1000 stations in 60 minutes: 17 each, and chance alone makes 35 of it at most.
		assert.ok(Math.max(...busiest.values()) < 35, String(Math.max(...busiest.values())));
	});

	it("comes sooner when the interval grows shorter, but not while it backs off", () => {
		const schedule = scheduleOf("bor-1", 1, 86_400);
		schedule.acknowledged({ radioMilliseconds: 3000, nowMilliseconds: 0 }, 0, false);
		const planned = schedule.nextAttemptMilliseconds;
		assert.ok(planned > 11 * HOUR);
		schedule.setUploadInterval(2 * 86_400, HOUR);
		assert.equal(schedule.nextAttemptMilliseconds, planned);
		schedule.setUploadInterval(3600, HOUR);
		assert.ok(schedule.nextAttemptMilliseconds <= 2.5 * HOUR);
		schedule.failed({ radioMilliseconds: 3000, nowMilliseconds: HOUR }, 7200);
		const backedOff = schedule.nextAttemptMilliseconds;
		schedule.setUploadInterval(600, HOUR);
		assert.equal(schedule.nextAttemptMilliseconds, backedOff);
	});

	it("lets failing cost one and a half times an acknowledged day and no more", () => {
		const schedule = scheduleOf("bor-1");
		let nowMilliseconds = 0;
		for (let hour = 1; hour <= 5 * 24; hour++) {
			nowMilliseconds = hour * HOUR;
			schedule.acknowledged({ radioMilliseconds: 4000, nowMilliseconds }, 0, false);
		}
		let radioMilliseconds = 0;
		const endMilliseconds = nowMilliseconds + 20 * DAY;
		while (schedule.nextAttemptMilliseconds < endMilliseconds) {
			nowMilliseconds = schedule.nextAttemptMilliseconds + 20_000;
			radioMilliseconds += 20_000;
			schedule.failed({ radioMilliseconds: 20_000, nowMilliseconds });
		}
		const perDay = radioMilliseconds / 20;
		assert.ok(perDay <= 1.5 * 24 * 4000, `${perDay} ms a day`);
		assert.ok(perDay >= 1.2 * 24 * 4000, `${perDay} ms a day`);
		assert.equal(schedule.isBudgetSpent, true);
	});

	it("begins anew after an acknowledgement, and after nothing else", () => {
		const schedule = scheduleOf("bor-1");
		for (let count = 1; count <= 12; count++) {
			schedule.failed({ radioMilliseconds: 0, nowMilliseconds: 0 });
		}
		schedule.idle(0);
		schedule.requestSoon(0);
		schedule.refused({ radioMilliseconds: 0, nowMilliseconds: 0 }, 0);
		assert.equal(schedule.failures, 13);
		schedule.acknowledged({ radioMilliseconds: 3000, nowMilliseconds: 0 }, 0, false);
		assert.equal(schedule.failures, 0);
	});

	it("goes on after a restart where it was", () => {
		const schedule = scheduleOf("bor-1");
		for (let count = 1; count <= 7; count++) {
			schedule.failed({ radioMilliseconds: 9000, nowMilliseconds: count * HOUR });
		}
		const again = new UplinkSchedule({
			chance: new SeededChance(9),
			station: "bor-1",
			nowMilliseconds: 8 * HOUR,
			uploadIntervalSeconds: 3600,
			state: schedule.save(),
		});
		assert.equal(again.failures, 7);
		assert.equal(again.nextAttemptMilliseconds, schedule.nextAttemptMilliseconds);
		assert.deepEqual(again.save(), schedule.save());
	});

	it("ignores a state that is not one", () => {
		const state = new Uint8Array(44).fill(0xff);
		const chance = new SeededChance(1);
		const options = { chance, station: "a", nowMilliseconds: 0, uploadIntervalSeconds: 3600 };
		assert.equal(new UplinkSchedule({ ...options, state }).failures, 0);
		assert.equal(new UplinkSchedule({ ...options, state: state.subarray(3) }).failures, 0);
	});
});
