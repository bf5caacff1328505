/** The day's report of a station: what it adds up, through sleep, and when it is due. */
import { strict as assert } from "node:assert";
import { Heartbeat } from "../../../src/firmware/station/heartbeat.js";

const DAY = 86_400;
const FACTS = {
	ringShare: 0.1,
	sectorsRefused: 1,
	charge: 640,
	countedMillicoulombs: undefined,
	forecastDays: 97,
};

describe("the heartbeat", () => {
	it("adds up a day through its wakes, is due when the day is over, and begins anew", () => {
		const clock = { milliseconds: 0 };
		let heartbeat = new Heartbeat(clock, undefined);
		assert.equal(
			heartbeat.due(1000 * DAY + 300, () => FACTS),
			undefined,
		);
		for (let wake = 0; wake < 4; wake++) {
			heartbeat.measured(
				{ milliseconds: 18_000, millivolts: 12_400 + wake, retries: [1, wake === 3 ? 2 : 0] },
				wake === 2 ? 3 : 1,
				wake !== 1,
			);
			heartbeat.looked(50_000 - wake, 1);
			heartbeat.connected(2300 + 100 * wake, 1200);
			const session = { code: undefined, bytesSent: 0, hasBacklog: false };
			heartbeat.uploaded(
				{ ...session, end: "acknowledged", batches: wake === 0 ? 0 : 1, radioMilliseconds: 4000 },
				-70 - wake,
			);
			heartbeat.uploaded({ ...session, end: "idle", batches: 0, radioMilliseconds: 0 }, undefined);
			clock.milliseconds += 20_000;
			const state = heartbeat.save();
			clock.milliseconds += 280_000;
			heartbeat = new Heartbeat(clock, state);
		}
		assert.equal(
			heartbeat.due(1000 * DAY + DAY - 1, () => FACTS),
			undefined,
		);
		const body = heartbeat.due(1001 * DAY, () => FACTS);
		assert.deepEqual(body, {
			kind: "heartbeat",
			version: 1,
			ringShare: 26,
			wakes: 5,
			awakeSeconds: 80,
			measuringSeconds: 72,
			radioSeconds: 16,
			readingsDue: 6,
			readingsMade: 3,
			probeRetries: 4,
			chipRetries: 2,
			uploadsTried: 4,
			uploadsAcknowledged: 3,
			signalLowest: -73,
			signalMedian: -71,
			linkUpCentiseconds: 250,
			tlsUpCentiseconds: 120,
			resets: 1,
			sectorsRefused: 1,
			batteryLowestMillivolts: 12_400,
			batteryHighestMillivolts: 12_403,
			chargeMillicoulombs: undefined,
			heapLowestBytes: 49_997,
			bitsCorrected: 4,
			temperatureLowestCenti: undefined,
			temperatureHighestCenti: undefined,
			chargePerMille: 640,
			forecastDays: 97,
		});
		assert.equal(
			heartbeat.due(1001 * DAY + 600, () => FACTS),
			undefined,
		);
		const next = heartbeat.due(1002 * DAY, () => ({ ...FACTS, countedMillicoulombs: 5000 }));
		assert.deepEqual([next?.wakes, next?.resets, next?.readingsMade], [0, 0, 0]);
		const last = heartbeat.due(1003 * DAY, () => ({ ...FACTS, countedMillicoulombs: 4200 }));
		assert.equal(last?.chargeMillicoulombs, 800);
	});

	it("comes not while the time is not known", () => {
		const heartbeat = new Heartbeat({ milliseconds: 0 }, undefined);
		for (const utcSeconds of [0, 0, 0])
			assert.equal(
				heartbeat.due(utcSeconds, () => FACTS),
				undefined,
			);
	});
});
