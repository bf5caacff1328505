/** What a battery's voltage tells, what follows from its charge, and for how long it lasts. */
import { strict as assert } from "node:assert";
import {
	chargeOf,
	dayMilliwattHours,
	forecastOf,
	LEVELS,
	levelOf,
	type Spending,
	stretchedSecondsOf,
} from "../../../src/firmware/config/power-policy.js";

const SPENDING: Spending = {
	capacityMilliwattHours: 84_000,
	charge: 1000,
	chemistry: "lead-acid",
	celsius: 20,
	intervalSeconds: 300,
	uploadIntervalSeconds: 3600,
	turbidityEvery: 1,
};

describe("the charge of a battery", () => {
	it("of lead is read from the voltage at rest, and from a colder one as from a higher", () => {
		const charge = (millivolts: number, celsius = 25) => chargeOf("lead-acid", millivolts, celsius);
		assert.deepEqual(
			[12_800, 12_730, 12_560, 12_240, 11_585, 10_500, 10_000].map((each) => charge(each)),
			[1000, 1000, 850, 600, 150, 0, 0],
		);
		// 25 degrees below 25 are 32.5 mV.
		assert.equal(charge(12_240, 0), charge(12_272.5));
	});

	it("of one cell of Li-ion is read from a measured cell's curve", () => {
		assert.deepEqual(
			[4200, 4100, 3760, 3600, 3390, 3230, 2900].map((each) => chargeOf("li-ion", each, 10)),
			[1000, 900, 500, 300, 100, 50, 0],
		);
	});

	it("of LiFePO4 is not known on its plateau, and is at both ends of it", () => {
		assert.deepEqual(
			[13_500, 13_335, 13_260, 13_000, 12_861, 12_700, 12_120, 9000].map((each) =>
				chargeOf("lifepo4", each, 10),
			),
			[1000, 975, undefined, undefined, undefined, 200, 100, 0],
		);
	});
});

describe("the pace by the charge", () => {
	it("gets slower at once, and faster only 8 % above", () => {
		const walk = (...charges: number[]): number[] => {
			let level = 0;
			return charges.map((charge) => {
				level = levelOf(charge, level);
				return level;
			});
		};
		assert.deepEqual(walk(600, 599, 679, 680, 1000), [0, 1, 1, 0, 0]);
		assert.deepEqual(walk(399, 199, 99, 0), [2, 3, 4, 4]);
		assert.deepEqual(walk(99, 179, 180, 279, 280, 1000), [4, 4, 3, 3, 2, 0]);
	});

	it("makes 5 min into 10, 15, 60 min and four a day, an hour's station stretch last, and no interval shorter", () => {
		const stretched = (seconds: number): number[] =>
			LEVELS.map((_, level) => stretchedSecondsOf(seconds, level));
		assert.deepEqual(stretched(300), [300, 600, 900, 3600, 21_600]);
		assert.deepEqual(stretched(60), [60, 120, 180, 720, 4320]);
		assert.deepEqual(stretched(3600), [3600, 3600, 3600, 3600, 21_600]);
		assert.deepEqual(stretched(86_400), [86_400, 86_400, 86_400, 86_400, 86_400]);
	});
});

describe("what a day takes", () => {
	it("is never more at a level of less charge, however rarely the station measures and uploads as configured", () => {
		for (const intervalSeconds of [10, 300, 900, 1800, 3600, 9572, 21_600, 49_781, 86_400]) {
			for (const uploadIntervalSeconds of [600, 3600, 86_400, 604_800]) {
				for (const turbidityEvery of [1, 2, 12]) {
					const spending = { ...SPENDING, intervalSeconds, uploadIntervalSeconds, turbidityEvery };
					const days = LEVELS.map((_, level) => dayMilliwattHours(spending, level));
					assert.deepEqual(
						days,
						[...days].sort((a, b) => b - a),
					);
				}
			}
		}
	});
});

describe("the forecast", () => {
	it("adds up the days at each level", () => {
		const days = LEVELS.map((_, level) => Math.round(dayMilliwattHours(SPENDING, level)));
		assert.deepEqual(days, [589, 187, 129, 43, 19]);
		// 33.6 Wh at 588.8 mWh, 16.8 at 186.9, 16.8 at 128.5, 8.4 at 42.6, 8.4 at 18.7.
		assert.equal(forecastOf(SPENDING).days, 924);
		assert.equal(forecastOf(SPENDING).monthMilliwattHours, 17_664);
	});

	it("is shorter in the cold, of less charge, and longer where turbidity is thinned out", () => {
		const whole = forecastOf(SPENDING).days;
		assert.ok(forecastOf({ ...SPENDING, celsius: 0 }).days < 0.85 * whole);
		assert.equal(forecastOf({ ...SPENDING, charge: 0 }).days, 0);
		assert.ok(forecastOf({ ...SPENDING, turbidityEvery: 3 }).days > whole);
	});

	it("of a month is what is there, where that lasts no month", () => {
		const { days, monthMilliwattHours } = forecastOf({ ...SPENDING, capacityMilliwattHours: 2000 });
		assert.ok(days < 30);
		assert.equal(monthMilliwattHours, 2000);
	});
});
