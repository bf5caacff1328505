import { strict as assert } from "node:assert";
import { SeededChance } from "../../../src/core/chance.js";
import { UplinkSchedule } from "../../../src/firmware/uplink/schedule.js";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const LINK = 30 * SECOND;

function scheduleOf(station: string, seed = 1, uploadIntervalSeconds = 3600): UplinkSchedule {
	const chance = new SeededChance(seed);
	const linkMillisecondsMax = LINK;
	return new UplinkSchedule({
		chance,
		station,
		nowMilliseconds: 0,
		uploadIntervalSeconds,
		linkMillisecondsMax,
	});
}

/** Pauses after `failures` failures in a row that cost nothing, over many stations. */
function pausesAfter(failures: number): number[] {
	return Array.from({ length: 2000 }, (_, index) => {
		// Weekly, as a regular slot would cut a pause short.
		const schedule = scheduleOf(`s${index}`, index, 604_800);
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
		// Whose slot comes sooner, goes sooner: 28 of 10 080 minutes.
		const sooner = hourly.filter((pause) => pause < 50 * 60 * SECOND).length;
		assert.ok(sooner <= 20, `${sooner}`);
		assert.ok(Math.max(...hourly) <= 58 * 60 * SECOND);
	});

	it("gives every station a slot of its own within the upload interval, and keeps it", () => {
		const slots = Array.from({ length: 1000 }, (_, index) => {
			const schedule = scheduleOf(`bor-${index}`);
			schedule.acknowledged(10 * HOUR, 3000, 0, false);
			const first = schedule.nextAttemptMilliseconds;
			schedule.acknowledged(first + 4000, 3000, 0, false);
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
		schedule.acknowledged(0, 3000, 0, false);
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

	/** Radio milliseconds a day of 20 days in which each attempt takes all the patience that it has. */
	function costOfOutage(schedule: UplinkSchedule, wholeMilliseconds: number): number {
		let radioMilliseconds = 0;
		const endMilliseconds = schedule.nextAttemptMilliseconds + 20 * DAY;
		while (schedule.nextAttemptMilliseconds < endMilliseconds) {
			const began = schedule.nextAttemptMilliseconds;
			const took = Math.min(schedule.patienceMilliseconds(began), wholeMilliseconds);
			radioMilliseconds += took;
			schedule.failed({ radioMilliseconds: took, nowMilliseconds: began + took });
		}
		return radioMilliseconds / 20;
	}

	it("lets failing cost one and a half times an acknowledged day and no more", () => {
		const schedule = scheduleOf("bor-1");
		for (let hour = 1; hour <= 5 * 24; hour++) schedule.acknowledged(hour * HOUR, 4000, 0, false);
		const perDay = costOfOutage(schedule, LINK);
		assert.ok(perDay <= 1.5 * 24 * 4000, `${perDay} ms a day`);
		assert.ok(perDay >= 1.2 * 24 * 4000, `${perDay} ms a day`);
		assert.equal(schedule.isBudgetSpent, true);
	});

	it("learns what answering takes from answers and not from failures", () => {
		const schedule = scheduleOf("bor-1");
		let now = 0;
		for (let day = 1; day <= 20; day++) {
			now = day * DAY;
			schedule.failed({ radioMilliseconds: 70_000, nowMilliseconds: now });
			schedule.acknowledged(now + HOUR, 4000, 0, false);
		}
		for (let count = 1; count <= 12; count++) {
			schedule.failed({ radioMilliseconds: 0, nowMilliseconds: now + HOUR });
		}
		assert.equal(schedule.patienceMilliseconds(now + HOUR), 4800);
	});

	for (const uploadIntervalSeconds of [600, 3600, 21_600, 86_400, 604_800]) {
		it(`tries every slot of ${uploadIntervalSeconds} s while all is in debt, and one in a day or two for long`, () => {
			const interval = uploadIntervalSeconds * SECOND;
			const covered = Math.min(interval / 2, 1800 * SECOND);
			const schedule = scheduleOf("bor-1", 3, uploadIntervalSeconds);
			schedule.acknowledged(0, 3000, 0, false);
			const slot = schedule.nextAttemptMilliseconds;
			const attempts: number[] = [];
			const whole: number[] = [];
			const end = slot + Math.max(40 * DAY, 4 * interval);
			while (schedule.nextAttemptMilliseconds < end) {
				const began = schedule.nextAttemptMilliseconds;
				const took = Math.min(schedule.patienceMilliseconds(began), 78 * SECOND);
				attempts.push(began);
				if (took === 78 * SECOND) whole.push(began);
				schedule.failed({ radioMilliseconds: took, nowMilliseconds: began + took });
			}
			for (let at = slot; at < end - interval; at += interval) {
				// The attempt before may be under way still.
				const isTried = attempts.some(
					(each) => each >= at - covered - 78_000 && each <= at + 78_000,
				);
				assert.ok(isTried, `slot at ${at / HOUR} h`);
			}
			const gaps = whole.slice(1).map((at, index) => at - (whole[index] ?? 0));
			assert.ok(Math.max(...gaps) <= 3 * DAY, `${Math.max(...gaps) / DAY} d`);
		});
	}

	it("begins anew after an acknowledgement, and after nothing else", () => {
		const schedule = scheduleOf("bor-1");
		for (let count = 1; count <= 12; count++) {
			schedule.failed({ radioMilliseconds: 0, nowMilliseconds: 0 });
		}
		schedule.idle(0);
		schedule.requestSoon(0);
		schedule.refused({ radioMilliseconds: 0, nowMilliseconds: 0 }, 0);
		assert.equal(schedule.failures, 13);
		schedule.acknowledged(0, 3000, 0, false);
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
			linkMillisecondsMax: LINK,
			state: schedule.save(),
		});
		assert.equal(again.failures, 7);
		assert.equal(again.nextAttemptMilliseconds, schedule.nextAttemptMilliseconds);
		assert.deepEqual(again.save(), schedule.save());
	});

	it("ignores a state that is not one", () => {
		const state = new Uint8Array(40).fill(0xff);
		const chance = new SeededChance(1);
		const options = {
			chance,
			station: "a",
			nowMilliseconds: 0,
			uploadIntervalSeconds: 3600,
			linkMillisecondsMax: LINK,
		};
		assert.equal(new UplinkSchedule({ ...options, state }).failures, 0);
		assert.equal(new UplinkSchedule({ ...options, state: state.subarray(3) }).failures, 0);
	});
});
