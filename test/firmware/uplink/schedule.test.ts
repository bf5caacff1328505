import { strict as assert } from "node:assert";
import { SeededRandom } from "../../../src/core/random.js";
import { UplinkSchedule } from "../../../src/firmware/uplink/schedule.js";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

/** Wi-Fi: the longest that the link may take. */
const LINK = 30 * SECOND;

function scheduleOf(
	station: string,
	seed = 1,
	uploadIntervalSeconds = 3600,
	isOnTrial = () => false,
): UplinkSchedule {
	return new UplinkSchedule({
		random: new SeededRandom(seed),
		station,
		nowMilliseconds: 0,
		uploadIntervalSeconds,
		linkMillisecondsMax: LINK,
		isOnTrial,
	});
}

/** Pauses after `failures` failures in a row that cost nothing, over many seeds; the week's slot is days away. */
function pausesAfter(failures: number): number[] {
	return Array.from({ length: 2000 }, (_, index) => {
		const schedule = scheduleOf("bor-1", index, 604_800);
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

	/** Days of attempts that all fail after `healthyDays` of answers in four seconds. */
	function failing(schedule: UplinkSchedule, interval: number, healthyDays: number, days: number) {
		let now = 0;
		for (; now < healthyDays * DAY; now += interval) schedule.acknowledged(now, 4000, 0, false);
		const begin = now;
		const attempts: number[] = [];
		let radioMilliseconds = 0;
		while (schedule.nextAttemptMilliseconds < begin + days * DAY) {
			now = Math.max(schedule.nextAttemptMilliseconds, now);
			attempts.push(now);
			const cost = Math.min(LINK, schedule.patienceMilliseconds(now));
			now += cost;
			radioMilliseconds += cost;
			schedule.failed({ radioMilliseconds: cost, nowMilliseconds: now });
		}
		return { attempts, radioMilliseconds, begin };
	}

	it("tries each regular slot, whatever failing has cost", () => {
		for (const [seconds, days] of [
			[3600, 20],
			[86_400, 40],
		] as const) {
			const interval = seconds * SECOND;
			const schedule = scheduleOf("bor-1", 3, seconds);
			schedule.acknowledged(0, 4000, 0, false);
			const slot = schedule.nextAttemptMilliseconds % interval;
			const { attempts, begin } = failing(schedule, interval, 10, days);
			// One within half an hour before a slot counts for it.
			for (let at = begin + interval + slot; at < begin + days * DAY; at += interval) {
				const isTried = attempts.some((each) => each > at - HOUR / 2 - LINK && each <= at + SECOND);
				assert.ok(isTried, `no attempt for the slot at ${at / HOUR} h`);
			}
		}
	});

	it("resumes daily uploads before the next regular slot when an access point was silent for five minutes", () => {
		const schedule = scheduleOf("bor-1", 1, 86_400);
		for (let day = 0; day < 10; day++) schedule.acknowledged(day * DAY, 3000, 0, false);
		let now = schedule.nextAttemptMilliseconds;
		const silentUntil = now + 300 * SECOND;
		const began = now;
		while (now < silentUntil) {
			const cost = Math.min(LINK, schedule.patienceMilliseconds(now));
			schedule.failed({ radioMilliseconds: cost, nowMilliseconds: now + cost });
			now = Math.max(schedule.nextAttemptMilliseconds, now + cost);
		}
		// It was 85 hours, with a debt that the slots had to wait for.
		assert.ok(now - began <= DAY, `${(now - began) / HOUR} h`);
	});

	it("lets failing cost what WIRE.md says and no more: short slots, 12 s a day, a minute once", () => {
		// Hourly, answers in 4 s: 24 x 4.6 s + 12 s = 122.4 s a day; daily: twice the link, 60 s a day.
		for (const [seconds, perDayMax] of [
			[3600, 122.4],
			[86_400, 60],
		] as const) {
			const schedule = scheduleOf("bor-1", 5, seconds);
			const { radioMilliseconds } = failing(schedule, seconds * SECOND, 10, 30);
			const once = 2 * LINK + 3 * LINK;
			const spent = radioMilliseconds - once;
			assert.ok(spent <= 30 * perDayMax * SECOND, `${radioMilliseconds / 30 / SECOND} s a day`);
			assert.ok(radioMilliseconds >= 30 * 0.5 * perDayMax * SECOND, `${radioMilliseconds} ms`);
		}
	});

	it("makes fifteen attempts in the six hours of a trial, whatever they cost", () => {
		for (let seed = 0; seed < 200; seed++) {
			const schedule = scheduleOf("bor-1", seed, 86_400, () => true);
			for (let day = 0; day < 3; day++) schedule.acknowledged(day * DAY, 3000, 0, false);
			const begin = 3 * DAY;
			schedule.startOver(begin);
			schedule.requestSoon(begin);
			let attempts = 0;
			for (let now = begin; now < begin + 6 * HOUR; attempts++) {
				assert.equal(schedule.patienceMilliseconds(now), Number.POSITIVE_INFINITY);
				schedule.failed({ radioMilliseconds: LINK, nowMilliseconds: now + LINK });
				now = Math.max(schedule.nextAttemptMilliseconds, now + LINK);
			}
			assert.ok(attempts >= 15, `seed ${seed}: ${attempts} attempts`);
		}
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
		schedule.acknowledged(0, 3000, 0, false);
		assert.equal(schedule.failures, 0);
	});

	it("continues after a restart where it was", () => {
		const schedule = scheduleOf("bor-1");
		for (let count = 1; count <= 7; count++) {
			schedule.failed({ radioMilliseconds: 9000, nowMilliseconds: count * HOUR });
		}
		const again = new UplinkSchedule({
			random: new SeededRandom(9),
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
		const options = {
			random: new SeededRandom(1),
			station: "a",
			nowMilliseconds: 0,
			uploadIntervalSeconds: 3600,
			linkMillisecondsMax: LINK,
		};
		assert.equal(new UplinkSchedule({ ...options, state }).failures, 0);
		assert.equal(new UplinkSchedule({ ...options, state: state.subarray(3) }).failures, 0);
	});
});
