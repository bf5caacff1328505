/** The detector of events: what it claims of which water, and what never deceives it. */
import { strict as assert } from "node:assert";
import { EventDetector } from "../../../src/firmware/events/event-detector.js";
import { EVENT_STATE_BYTES } from "../../../src/firmware/events/event-state.js";
import {
	acidAt,
	EVENT_THRESHOLDS,
	QUIET_WATER,
	WatchedWater,
	type Water,
} from "../../support/data/event-readings.js";

const DAY = 86_400;
const quiet = (): Water => QUIET_WATER;

describe("the detector of events", () => {
	it("opens a watch by the second reading of a burst, makes it an acid alarm, and ends it", () => {
		const water = new WatchedWater().run(2 * DAY, quiet).run(4 * 3600, acidAt);
		assert.equal(water.output, "1/1 2/2 2/3");
		const [watch, alarm, end] = water.claims;
		// 300 s is the first reading beyond +8 %; the burst's next comes 24 s later.
		assert.equal(watch?.at, 324);
		assert.deepEqual(
			{ ...watch },
			{
				kind: "alarm",
				code: 1,
				phase: 1,
				rule: 1,
				beginSequence: 0,
				readingSequence: 578,
				conductivityHundredths: 54_500,
				baselineHundredths: 50_000,
				baselineSpread: 100,
				pHMilli: 7728,
				pHBeforeMilli: 7800,
				burstAgreed: 2,
				burstReadings: 2,
				turbidityMilli: 5000,
				turbidityMedianMilli: 5000,
				secondsSinceBegin: 0,
				at: 324,
			},
		);
		assert.equal(alarm?.beginSequence, 579);
		assert.ok((alarm?.at ?? 0) <= 900, `alarm after ${alarm?.at} s`);
		assert.equal(end?.beginSequence, 579);
		// Fifteen calm readings, a minute apart.
		assert.ok((end?.at ?? 0) >= 5400 + 14 * 60 && (end?.at ?? 0) <= 5400 + 17 * 60, `${end?.at}`);
	});

	it("asks for a burst at once, for a reading each minute during an event, and for nothing else after", () => {
		const water = new WatchedWater().run(2 * DAY, quiet);
		assert.equal(water.detector.intervalSeconds, 0);
		water.run(300, acidAt);
		assert.equal(water.detector.intervalSeconds, 24);
		assert.equal(water.detector.isUrgent, false);
		water.run(24, () => acidAt(324));
		assert.equal(water.detector.intervalSeconds, 60);
		assert.equal(water.detector.isUrgent, true);
		water.run(2 * 3600, quiet);
		assert.equal(water.detector.intervalSeconds, 0);
	});

	it("takes the end of a bubble for none, though it sat on the cell for hours", () => {
		for (const hours of [0.1, 1, 3, 8, 12]) {
			const water = new WatchedWater()
				.run(3 * DAY, quiet)
				.run(hours * 3600, () => ({ ...QUIET_WATER, conductivity: 300 }))
				.run(DAY, quiet);
			assert.equal(water.output, "", `${hours} h`);
		}
	});

	it("takes the recovery of conductivity after a storm for none", () => {
		const recovering = (seconds: number): Water => ({
			...QUIET_WATER,
			conductivity: 500 * (1 - 0.5 / (1 + seconds / (12 * 3600))),
		});
		const water = new WatchedWater().run(3 * DAY, quiet).run(4 * DAY, recovering);
		assert.equal(water.output, "");
	});

	it("makes no alarm of salt on a cold day, but a watch", () => {
		const salted = (seconds: number): Water => ({
			...QUIET_WATER,
			celsius: 3,
			conductivity: 500 * (1 + Math.min(seconds / 1800, 1) * (seconds < 7200 ? 1 : 0)),
		});
		const water = new WatchedWater().run(2 * DAY, quiet).run(4 * 3600, salted);
		assert.equal(water.output, "1/1 1/3");
	});

	it("makes an alarm of conductivity alone where the water is warm and the rise grows", () => {
		const process = (seconds: number): Water => ({
			...QUIET_WATER,
			conductivity: 500 * (1 + Math.min(seconds / 1800, 1) * (seconds < 7200 ? 1 : 0)),
		});
		const water = new WatchedWater().run(2 * DAY, quiet).run(4 * 3600, process);
		assert.equal(water.output, "1/1 3/2 3/3");
	});

	it("sees one stray reading as none: the burst does not agree", () => {
		const stray = (seconds: number): Water =>
			seconds === 300 ? { ...QUIET_WATER, conductivity: 900 } : QUIET_WATER;
		const water = new WatchedWater().run(2 * DAY, quiet).run(3600, stray);
		assert.equal(water.output, "");
		assert.equal(water.detector.intervalSeconds, 0);
	});

	it("lets no reading in that service, air or a fault spoilt, and a burst of such ends", () => {
		const spoilt = { ...QUIET_WATER, conductivity: undefined, pH: undefined, turbidity: undefined };
		const water = new WatchedWater().run(2 * DAY, quiet);
		const before = water.detector.save().slice(112);
		water.run(3600, () => spoilt);
		assert.deepEqual(water.detector.save().slice(112), before);
		water.run(300, () => ({ ...QUIET_WATER, conductivity: 900 }));
		assert.equal(water.detector.intervalSeconds, 24);
		water.run(48, () => spoilt);
		assert.equal(water.detector.intervalSeconds, 0);
	});

	it("tells of a storm by itself, and does not measure more often for it", () => {
		const storm = (seconds: number): Water =>
			seconds < 6 * 3600 ? { ...QUIET_WATER, conductivity: 300, turbidity: 80 } : QUIET_WATER;
		const water = new WatchedWater().run(2 * DAY, quiet).run(3 * 3600, storm);
		assert.equal(water.output, "4/1");
		assert.equal(water.detector.intervalSeconds, 0);
		assert.equal(water.detector.isUrgent, false);
		water.run(DAY, quiet);
		assert.equal(water.output, "4/1 4/3");
	});

	it("gives up a watch after three hours, and takes what stays for the level", () => {
		const step = (): Water => ({ ...QUIET_WATER, conductivity: 620 });
		const water = new WatchedWater().run(3 * DAY, quiet).run(2 * DAY, step);
		assert.equal(water.output, "1/1 1/3");
		assert.ok((water.claims[1]?.secondsSinceBegin ?? 0) >= 10_800);
	});

	it("continues from its saved state as if it had never slept", () => {
		const awake = new WatchedWater().run(2 * DAY, quiet).run(4 * 3600, acidAt);
		const slept = new WatchedWater();
		slept.run(2 * DAY, quiet);
		const atSleep = (seconds: number): Water => {
			slept.detector = new EventDetector(EVENT_THRESHOLDS, slept.detector.save());
			return acidAt(seconds);
		};
		// `run` asks the detector that `atSleep` left behind for its pace, so each reading has a new one.
		slept.run(4 * 3600, atSleep);
		assert.equal(slept.output, awake.output);
		assert.equal(slept.detector.save().length, EVENT_STATE_BYTES);
		assert.deepEqual(slept.claims, awake.claims);
	});

	it("looks for nothing where its interval is 0", () => {
		const water = new WatchedWater({ ...EVENT_THRESHOLDS, eventIntervalSeconds: 0 });
		water.run(2 * DAY, quiet).run(4 * 3600, acidAt);
		assert.equal(water.output, "");
	});

	it("asks of pH in stormy water what a configuration asks of it in calm water, at least", () => {
		const claimsAt = (eventAcidMilliPH: number): string =>
			new WatchedWater({ ...EVENT_THRESHOLDS, eventAcidMilliPH, eventStrongPerMille: 9000 })
				.run(2 * DAY, () => QUIET_WATER)
				.run(4 * 3600, (seconds) => ({ ...acidAt(seconds), turbidity: seconds < 5400 ? 80 : 5 }))
				.output;
		// pH falls by 0.4.
		assert.equal(claimsAt(40), "1/1 2/2 2/3");
		assert.equal(claimsAt(500), "1/1 1/3");
	});

	it("lets pH wander from the first minute in stormy water, whatever a configuration asks in calm water", () => {
		// As much as stormy water asks without a configuration: 0.09, and 0.2 for each hour.
		const output = new WatchedWater({
			...EVENT_THRESHOLDS,
			eventAcidMilliPH: 90,
			eventStrongPerMille: 9000,
		})
			.run(2 * DAY, () => QUIET_WATER)
			.run(6 * 3600, (seconds) => {
				const part = Math.min(seconds / 7200, 1) * (seconds < 9000 ? 1 : 0);
				return {
					...QUIET_WATER,
					turbidity: seconds < 9000 ? 80 : 5,
					conductivity: 500 * (1 + 0.5 * part),
					// Rises by 0.02 after five minutes of the watch, and by then 0.107 are asked.
					pH: 7.8 - (seconds < 9000 ? 0.1 : 0),
				};
			}).output;
		assert.equal(output, "1/1 1/3");
	});
});
