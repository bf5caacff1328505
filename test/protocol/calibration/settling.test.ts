/** When a probe has come to rest, and what is thought of a calibration. */
import { strict as assert } from "node:assert";
import { decodePoint, encodePoint } from "../../../src/protocol/calibration/parts.js";
import { SETTLE_RULES, SettleWindow } from "../../../src/protocol/calibration/settling.js";
import {
	doubtsOfCell,
	doubtsOfElectrode,
	verdictOf,
} from "../../../src/protocol/calibration/verdict.js";

/** Second at which a window has settled, undefined if not by the end. */
function settledAt(reading: (second: number) => number, step = 1, until = 600): number | undefined {
	const window = new SettleWindow(SETTLE_RULES.pH);
	for (let second = 0; second <= until; second += step) {
		if (window.push(second, reading(second)).isSettled) return second;
	}
	return undefined;
}

describe("a probe in a bottle", () => {
	it("has settled after a minute of rest, no sooner", () => {
		assert.equal(
			settledAt(() => 7.02),
			60,
		);
	});

	it("has not settled while it drifts by more than 0.02 a minute, however smooth it is", () => {
		assert.equal(
			settledAt((second) => 7 + (0.021 * second) / 60),
			undefined,
		);
		assert.equal(
			settledAt((second) => 7 + (0.018 * second) / 60),
			60,
		);
	});

	it("has not settled while two readings differ by more than 0.02", () => {
		assert.equal(
			settledAt((second) => 7 + (second % 2 === 0 ? 0.011 : -0.011)),
			undefined,
		);
	});

	it("takes longer where a slow circuit gives fewer readings: forty there must be", () => {
		assert.equal(
			settledAt(() => 7, 2),
			78,
		);
	});

	it("has the slope, spread and deviation of a least-squares line over its window", () => {
		const window = new SettleWindow(SETTLE_RULES.pH);
		let last = window.push(0, 7);
		for (let second = 1; second <= 60; second++) last = window.push(second, 7 + 0.001 * second);
		assert.equal(last.slopePerMinute.toFixed(6), "0.060000");
		assert.equal(last.spread.toFixed(6), "0.060000");
		assert.equal(last.mean.toFixed(6), "7.030000");
		assert.equal(last.deviation.toFixed(6), "0.017607");
	});
});

describe("the rule of a calibration", () => {
	for (const [slopes, offset, doubts] of [
		[[98, 99], 4, []],
		[[95, undefined], -20, []],
		[[94.9, 99], 0, ["slope-poor"]],
		[[89.9, 99], 0, ["slope-bad"]],
		[[107.1, undefined], 0, ["slope-bad"]],
		[[98, 98], 20.1, ["offset-poor"]],
		[[98, 98], -30.1, ["offset-bad"]],
	] as const) {
		const found = doubts.join(" and ") || "nothing";
		it(`finds ${found} in slopes of ${slopes.join(" and ")} % and ${offset} mV`, () => {
			assert.deepEqual(doubtsOfElectrode(slopes, offset), doubts);
		});
	}

	it("compares a cell with what K says and with the calibration before", () => {
		assert.deepEqual(doubtsOfCell(1.1, 1, 0), []);
		assert.deepEqual(doubtsOfCell(1.31, 1, 0), ["cell-bad"]);
		assert.deepEqual(doubtsOfCell(1.06, 1, 1), ["cell-changed"]);
		assert.deepEqual(doubtsOfCell(1.16, 1, 1), ["cell-bad"]);
	});

	it("is as bad as its worst doubt", () => {
		assert.equal(verdictOf([]), 1);
		assert.equal(verdictOf(["lot-unknown", "slope-poor"]), 2);
		assert.equal(verdictOf(["lot-unknown", "expired"]), 3);
	});

	it("keeps a point in 32 bytes, and gives it back", () => {
		const point = {
			nominal: 7,
			nominalAtTemperature: 7.04,
			reading: 6.779,
			celsius: 14.994,
			slopePerMinute: -0.005,
			deviation: 0.003,
			count: 56,
			secondsToSettle: 80,
			electrodeMillivolts: 13.87,
			flags: 1,
		};
		assert.equal(encodePoint(point).length, 32);
		assert.deepEqual(decodePoint(encodePoint(point)), point);
		const unknown = { ...point, electrodeMillivolts: undefined };
		assert.deepEqual(decodePoint(encodePoint(unknown)), unknown);
	});
});
