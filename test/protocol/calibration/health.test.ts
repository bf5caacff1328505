/** How a probe is: each function on what it must see and must not. */
import { strict as assert } from "node:assert";
import {
	cellState,
	dielRange,
	filmGrowth,
	forecast,
	HEALTH_LIMITS,
	noiseFloor,
	settlingTrend,
} from "../../../src/protocol/calibration/health.js";

const DAY = 86_400;
const monthly = (values: readonly number[]) =>
	values.map((value, index) => ({ utcSeconds: index * 30 * DAY, value }));

describe("the health of a probe", () => {
	it("tells the days until an electrode that loses 0.7 % a week is at its end", () => {
		// 3 % a month: 91 now, 90 in ten days.
		const found = forecast(monthly([100, 97, 94, 91]), HEALTH_LIMITS.slopePercent, 90 * DAY);
		assert.ok(found !== undefined);
		assert.equal(found.slopePerWeek.toFixed(3), "-0.700");
		assert.equal(found.daysLeft?.toFixed(1), "10.0");
		assert.equal(found.isIll, true);
		assert.match(found.arithmetic, /^4 calibrations: -0\.700 a week .* meets 90 in 10 days$/);
	});

	it("sees that an electrode ages faster and faster, and promises less than a line would", () => {
		const values = [100, 99.5, 98.8, 97.9, 96.8, 95.5];
		const found = forecast(monthly(values), HEALTH_LIMITS.slopePercent, 150 * DAY);
		// 95.5 less 1.5, 1.7, 1.9 ... a month: 90.4 after three, 90 a fortnight later... a line would say 184 days.
		assert.ok(
			found?.daysLeft !== undefined && Math.abs(found.daysLeft - 96) < 3,
			String(found?.daysLeft),
		);
		assert.equal(found.isIll, false);
	});

	it("calls nothing ill that only wavers, and says nothing of three calibrations", () => {
		const wavering = monthly([99.2, 98.8, 99.3, 98.9, 99.1, 99.0]);
		const found = forecast(wavering, HEALTH_LIMITS.slopePercent, 150 * DAY);
		assert.equal(found?.daysLeft, undefined);
		assert.match(found?.arithmetic ?? "", /no end in sight$/);
		assert.equal(forecast(monthly([100, 95, 91]), HEALTH_LIMITS.slopePercent, 60 * DAY), undefined);
	});

	it("says of one that is beyond its limit that no day is left", () => {
		const found = forecast(monthly([20, 24, 28, 32]), HEALTH_LIMITS.offsetMillivolts, 90 * DAY);
		assert.equal(found?.daysLeft, 0);
	});

	it("sees an electrode that has become slow", () => {
		const slow = settlingTrend([70, 75, 72, 110, 160, 180]);
		assert.equal(slow?.isSlow, true);
		assert.equal(slow.arithmetic, "settles in 160 s, at first in 72 s: 2.22 times");
		assert.equal(settlingTrend([70, 75, 72, 80, 79, 82])?.isSlow, false);
	});

	it("tells noise from a steady change of the river", () => {
		const rising = Array.from({ length: 40 }, (_, index) => 7 + 0.05 * index);
		assert.ok((noiseFloor(rising) ?? 1) < 1e-9);
		const noisy = rising.map((value, index) => value + (index % 2 === 0 ? 0.02 : -0.02));
		assert.ok(Math.abs((noiseFloor(noisy) ?? 0) - 0.0484) < 0.001);
	});

	it("sees days that have gone flat, and not one flat day", () => {
		const usual = [0.5, 0.6, 0.55, 0.5, 0.6, 0.52, 0.58];
		assert.equal(dielRange([...usual, 0.02, 0.03, 0.02])?.isFlat, true);
		assert.equal(dielRange([...usual, 0.5, 0.03, 0.02])?.isFlat, false);
	});

	it("sees a film grow under storms, and no film in storms alone", () => {
		const days = Array.from({ length: 14 }, (_, index) => index);
		const film = days.map((day) => ({
			utcSeconds: day * DAY,
			value: 5 + 0.4 * day + (day === 6 ? 80 : 0),
		}));
		assert.equal(filmGrowth(film)?.isFilm, true);
		const storms = days.map((day) => ({
			utcSeconds: day * DAY,
			value: 5 + (day % 3 === 0 ? 40 : 0.2),
		}));
		assert.equal(filmGrowth(storms)?.isFilm, false);
	});

	it("tells a cell in the air from a shorted one", () => {
		assert.equal(cellState([612, 611, 613]), "good");
		assert.equal(cellState([612, 0.3, 0, 0]), "open");
		assert.equal(cellState([300_000, 300_000, 300_000]), "short");
		assert.equal(cellState([612]), undefined);
	});
});
