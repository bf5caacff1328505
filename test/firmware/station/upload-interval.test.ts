import { strict as assert } from "node:assert";
import {
	BATTERY_FACTORS,
	batteryStepOf,
	uploadIntervalSecondsOf,
} from "../../../src/firmware/station/upload-interval.js";

const HOUR = 3600;
const LOW = 11_800;

describe("the upload interval", () => {
	const of = (configuredSeconds: number, batteryStep: number, waitingShare: number): number =>
		uploadIntervalSecondsOf({
			configuredSeconds,
			batteryFactor: BATTERY_FACTORS[batteryStep] ?? 0,
			waitingShare,
		});

	it("is the configured one while battery and ring are well", () => {
		assert.equal(of(HOUR, 0, 0), HOUR);
		assert.equal(of(HOUR, 0, 0.249), HOUR);
		assert.equal(of(30, 0, 0), 30);
	});

	it("doubles with each step of an emptying battery, a day at most", () => {
		assert.deepEqual(
			[0, 1, 2, 3].map((step) => of(HOUR, step, 0)),
			[1, 2, 4, 8].map((hours) => hours * HOUR),
		);
		assert.equal(of(12 * HOUR, 3, 0), 24 * HOUR);
		assert.equal(of(48 * HOUR, 3, 0), 48 * HOUR);
	});

	it("halves with each quarter of a filling ring, ten minutes at least", () => {
		assert.deepEqual(
			[0, 0.25, 0.5, 0.75, 1].map((share) => of(24 * HOUR, 0, share)),
			[24, 12, 6, 3, 3].map((hours) => hours * HOUR),
		);
		assert.equal(of(HOUR, 0, 0.9), 600);
		assert.equal(of(30, 0, 0.9), 30);
	});

	it("is the configured one again where a full ring meets an empty battery", () => {
		assert.equal(of(HOUR, 2, 0.5), HOUR);
		assert.equal(of(HOUR, 3, 0.8), HOUR);
	});

	it("steps at half, low and nearly empty, and back only a tenth of a volt above", () => {
		const walk = (...millivolts: number[]): number[] => {
			let step = 0;
			return millivolts.map((each) => {
				step = batteryStepOf(each, LOW, step);
				return step;
			});
		};
		assert.deepEqual(walk(12_700, 12_200, 12_199, 12_299, 12_300), [0, 0, 1, 1, 0]);
		assert.deepEqual(walk(11_800, 11_799, 11_899, 11_900), [1, 2, 2, 1]);
		assert.deepEqual(walk(11_599, 11_699, 11_700, 12_700), [3, 3, 2, 0]);
	});
});
