/** Corrections and grades against the worked example of USGS TM1-D3's arithmetic, to its last digit. */
import { strict as assert } from "node:assert";
import {
	STANDARD_NAMES,
	standardAt,
	standardOf,
} from "../../../src/protocol/calibration/standards.js";
import {
	type ChannelCheck,
	Correction,
	gradeOf,
	type QualityChannel,
} from "../../../src/protocol/quality/correction.js";
import { decimalText, roundedTo } from "../../../src/protocol/quality/decimal.js";
import { naturalWaterFactorTo25 } from "../../../src/protocol/record/derive.js";

const HOUR = 3600;
const SPAN = { fromSeconds: 1_000_000_000, toSeconds: 1_000_000_000 + 336 * HOUR };

const PH: ChannelCheck = {
	fouling: { stationFouled: 7.52, stationCleaned: 7.74, fieldFouled: 7.8, fieldCleaned: 7.82 },
	drift: [
		{ standard: 7.02, reading: 7.06 },
		{ standard: 10.06, reading: 10.18 },
	],
};

const EC25: ChannelCheck = {
	fouling: { stationFouled: 612, stationCleaned: 640, fieldFouled: 655, fieldCleaned: 656 },
	drift: [{ standard: 1413, reading: 1390 }],
};

function worked(
	channel: QualityChannel,
	check: ChannelCheck,
	hours: number,
	raw: number,
	decimals: number,
) {
	const corrected = new Correction(channel, SPAN, check).at(SPAN.fromSeconds + hours * HOUR, raw);
	if (corrected === undefined) return undefined;
	const { value, sum } = corrected;
	return [decimalText(value, decimals), decimalText(sum, decimals), gradeOf(channel, raw, sum)];
}

describe("corrections", () => {
	it("give the worked example of pH to its last digit", () => {
		const ph = (hours: number, raw: number) => worked("ph", PH, hours, raw, 6);
		assert.deepEqual(ph(0, 7.8), ["7.800000", "0.000000", "excellent"]);
		assert.deepEqual(ph(84, 7.85), ["7.884615", "0.065385", "excellent"]);
		assert.deepEqual(ph(168, 7.9), ["7.967949", "0.132051", "excellent"]);
		assert.deepEqual(ph(168, 6.9), ["6.980000", "0.120000", "excellent"]);
		assert.deepEqual(ph(168, 10.5), ["10.540000", "0.160000", "excellent"]);
		assert.deepEqual(ph(336, 7.52), ["7.663077", "0.256923", "good"]);
	});

	it("give the worked example of conductivity, in parts of the value", () => {
		const ec25 = (hours: number, raw: number) => worked("ec25", EC25, hours, raw, 4);
		assert.deepEqual(ec25(84, 800), ["812.1694", "1.5166", "excellent"]);
		assert.deepEqual(ec25(168, 700), ["721.3603", "3.0332", "good"]);
		assert.deepEqual(ec25(336, 612), ["649.5734", "6.0664", "good"]);
	});

	it("touch nothing outside their time", () => {
		assert.equal(worked("ph", PH, -1 / HOUR, 7.8, 3), undefined);
		assert.equal(worked("ph", PH, 336 + 1 / HOUR, 7.8, 3), undefined);
	});

	it("take turbidity in FNU up to 10 and in parts above", () => {
		const check: ChannelCheck = {
			fouling: { stationFouled: 8, stationCleaned: 7, fieldFouled: 6, fieldCleaned: 6 },
			drift: [
				{ standard: 0, reading: 0.5 },
				{ standard: 100, reading: 80 },
			],
		};
		const turbidity = (raw: number) => worked("turbidity", check, 336, raw, 3);
		// 10 - 1 = 9; e(9) = -0.5 + 20.5 * (8.5 / 79.5) = 1.692; the sum is 2.692 FNU.
		assert.deepEqual(turbidity(10), ["10.692", "2.692", "poor"]);
		// 20 - 20 / 8 = 17.5; a quarter more; 12.5 % and 25 %.
		assert.deepEqual(turbidity(20), ["21.875", "37.500", "consider-deletion"]);
	});

	it("divide nothing by a value of zero", () => {
		assert.deepEqual(worked("ec25", EC25, 336, 0, 3), ["0.000", "0.000", "excellent"]);
	});

	it("grade at each bound, and beyond the last consider deletion", () => {
		const grades = (channel: QualityChannel, value: number, ...sums: number[]) =>
			sums.map((sum) => gradeOf(channel, value, sum)).join(" ");
		const all = "excellent good good fair fair poor poor consider-deletion";
		assert.equal(grades("ph", 7, 0.2, 0.200001, 0.5, 0.500001, 0.8, 0.800001, 2, 2.000001), all);
		assert.equal(grades("temperature", 7, 0.2, 0.21, 0.5, 0.51, 0.8, 0.81, 2, 2.01), all);
		assert.equal(grades("ec25", 7, 3, 3.1, 10, 10.1, 15, 15.1, 30, 30.1), all);
		assert.equal(grades("turbidity", 10, 0.5, 0.6, 1, 1.1, 1.5, 1.6, 3, 3.1), all);
		assert.equal(grades("turbidity", 10.001, 5, 5.1, 10, 10.1, 15, 15.1, 30, 30.1), all);
	});
});

describe("numbers as text", () => {
	it("round ties away from zero, and only what is a tie after one multiplication", () => {
		assert.equal(decimalText(0.5, 0), "1");
		assert.equal(decimalText(-2.5, 0), "-3");
		assert.equal(decimalText(0.000_000_5, 6), "0.000001");
		assert.equal(decimalText(1.0005, 3), "1.001");
		assert.equal(decimalText(0.49999999999999994, 0), "0");
		assert.equal(decimalText(1.005, 2), "1.00");
	});

	it("have their zeros, no negative zero, and nothing where no number is", () => {
		assert.equal(decimalText(7, 3), "7.000");
		assert.equal(decimalText(-0.0004, 3), "0.000");
		assert.equal(decimalText(-0.05, 3), "-0.050");
		assert.equal(decimalText(Number.NaN, 3), undefined);
		assert.equal(decimalText(Number.POSITIVE_INFINITY, 0), undefined);
		assert.equal(decimalText(9_007_199_254_740, 3), "9007199254740.000");
		assert.equal(decimalText(9_007_199_254_741, 3), undefined);
	});

	it("are read back as the nearest double", () => {
		for (let step = -20_000; step < 20_000; step++) {
			const x = step / 7;
			assert.equal(roundedTo(x, 3), Number(decimalText(x, 3)));
		}
		assert.ok(Object.is(roundedTo(-0.0001, 3), 0));
	});
});

/** Typed off the printed tables, apart from the program's own. */
const PRINTED: Readonly<Record<string, readonly number[]>> = {
	"american-4.00": [4, 4, 4, 4, 4, 4, 4.01, 4.02, 4.03],
	"american-7.00": [7.12, 7.09, 7.06, 7.04, 7.02, 7, 6.99, 6.99, 6.98],
	"american-10.01": [10.32, 10.25, 10.18, 10.12, 10.06, 10.01, 9.97, 9.93, 9.89],
	"din-4.01": [4.01, 4, 4, 4, 4, 4.01, 4.02, 4.03, 4.04],
	"din-6.86": [6.98, 6.95, 6.92, 6.9, 6.88, 6.86, 6.85, 6.84, 6.84],
	"din-9.18": [9.46, 9.39, 9.33, 9.27, 9.22, 9.18, 9.14, 9.11, 9.07],
	"kcl-1413": [775.5, 894, 1017.4, 1145.3, 1277.3, 1413, 1551.9, 1693.5, 1837.5],
	"kcl-12880": [7150, 8220, 9330, 10_480, 11_670, 12_880, 14_120],
	"moist-air": [14.62, 12.77, 11.29, 10.08, 9.09, 8.26, 7.56, 6.95, 6.41],
	"zero-oxygen": [0],
	"filtered-water": [0],
	"formazin-20": [20],
	"formazin-100": [100],
	"formazin-800": [800],
};

describe("metrology", () => {
	it("refers natural water to 25 degC within 0.0015 of each figure of the printed table", () => {
		const table =
			"1.918 1.857 1.800 1.745 1.693 1.643 1.596 1.551 1.508 1.467 1.428 1.390 1.354 1.320 1.287 1.256 1.225 1.196 " +
			"1.168 1.141 1.116 1.091 1.067 1.044 1.021 1.000 0.979 0.959 0.940 0.921 0.903 0.886 0.869 0.853 0.837 0.822";
		const factors = table.split(" ").map(Number);
		assert.equal(factors.length, 36);
		factors.forEach((factor, celsius) => {
			const apart = Math.abs(naturalWaterFactorTo25(celsius) - factor);
			assert.ok(apart <= 0.0015, `${celsius} degC: ${apart}`);
		});
	});

	it("has buffers and standards of KCl as they are printed", () => {
		assert.deepEqual([...STANDARD_NAMES].sort(), Object.keys(PRINTED).sort());
		for (const name of STANDARD_NAMES) {
			PRINTED[name]?.forEach((worth, index) => {
				assert.equal(standardAt(name, 5 * index), worth, `${name} at ${5 * index} degC`);
			});
			assert.equal(standardAt(name, -0.1), undefined);
			assert.equal(standardAt(name, 40.1), undefined);
		}
		assert.equal(standardAt("kcl-1413", 18), 1224.1);
	});

	it("goes straight between the printed temperatures, within the rounding of what lies there", () => {
		// 18 degC is printed for KCl: a line from 15 to 20 degC without it would be 0.4 uS/cm off.
		const { table } = standardOf("kcl-1413");
		assert.equal(table.length, 10);
		assert.ok(Math.abs((standardAt("kcl-1413", 16.5) ?? 0) - 1184.7) < 0.05);
		assert.ok(Math.abs((standardAt("american-7.00", 22.5) ?? 0) - 7.01) < 0.005);
	});
});
