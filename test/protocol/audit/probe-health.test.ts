/** How probes are by a record: what calibrations and readings of it come to. */
import { strict as assert } from "node:assert";
import type { LoggedCalibration } from "../../../src/protocol/audit/calibration-log.js";
import { type HealthLine, ProbeHealth } from "../../../src/protocol/audit/probe-health.js";
import {
	CALIBRATION_ACTS,
	NO_CALIBRATION_ACT,
} from "../../../src/protocol/record/entry-layouts.js";

const DAY = 86_400;
const BEGAN = 1_790_812_800;

/** A calibration of pH after so many days, that came to these. */
function logged(day: number, act: string, acid = 0, secondsToSettle = 70): LoggedCalibration {
	const point = (nominal: number) => ({
		nominal,
		nominalAtTemperature: nominal,
		reading: nominal,
		celsius: 20,
		slopePerMinute: 0,
		deviation: 0.002,
		count: 56,
		secondsToSettle,
		electrodeMillivolts: undefined,
		flags: 0,
	});
	return {
		entry: {
			channelSet: 0,
			timeQuality: 2,
			epoch: 1,
			sequence: day + 1,
			boot: 1,
			uptimeSeconds: day * DAY,
			utcSeconds: BEGAN + day * DAY,
			configurationId: 1,
			stationFlags: 0,
			kind: "calibration",
			calibrationId: day + 1,
			channel: 0,
			range: 0,
			curve: 0,
			...NO_CALIBRATION_ACT,
			act: CALIBRATION_ACTS.indexOf(act as "calibration"),
			coefficients: [acid, 99, 3],
		},
		points: act === "calibration" ? [point(7), point(4)] : [],
		standards: [],
		person: "",
		circuit: "",
		note: "",
		exportBefore: new Uint8Array(0),
	};
}

function lineOf(health: ProbeHealth, name: string): HealthLine {
	const found = health.lines().find((line) => line.name === name);
	assert.ok(found !== undefined);
	return found;
}

describe("the health of the probes of a record", () => {
	it("says when service is due, and because of what", () => {
		const health = new ProbeHealth();
		[100, 97, 94, 91].forEach((acid, month) => {
			health.observe(logged(30 * month, "calibration", acid));
		});
		const slope = lineOf(health, "slope-acid");
		assert.deepEqual([slope.verdict, slope.daysLeft], ["ill", 10]);
		assert.match(slope.arithmetic, /-0\.700 a week/);
		// No buffer above seven was ever taken.
		assert.equal(lineOf(health, "slope-base").verdict, "unknown");
		assert.equal(lineOf(health, "offset").verdict, "good");
	});

	it("begins anew with another electrode", () => {
		const health = new ProbeHealth();
		[100, 97, 94, 91].forEach((acid, month) => {
			health.observe(logged(30 * month, "calibration", acid));
		});
		health.observe(logged(95, "swap"));
		assert.equal(lineOf(health, "slope-acid").verdict, "unknown");
	});

	it("sees that an electrode settles ever more slowly", () => {
		const health = new ProbeHealth();
		[70, 72, 71, 120, 180, 190].forEach((seconds, month) => {
			health.observe(logged(30 * month, "calibration", 99, seconds));
		});
		assert.equal(lineOf(health, "settling").verdict, "watch");
	});
});
