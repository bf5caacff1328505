import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { civilDateOf, dayNumberOf, dayNumberOfDate } from "../../../src/core/calendar.js";
import { AttenuatedSignal } from "../../../src/protocol/quality/attenuated-signal.js";
import { dayOfYearOf, isoWeekOf } from "../../../src/protocol/quality/calendar.js";
import { QualityRefusal } from "../../../src/protocol/quality/flags.js";
import { FlatLine } from "../../../src/protocol/quality/flat-line.js";
import { RateOfChange } from "../../../src/protocol/quality/rate-of-change.js";
import { Spike } from "../../../src/protocol/quality/spike.js";
import { expectedOf, outcomeOf, type QartodVector } from "../../support/data/qartod-vectors.js";
import { flagsOf } from "../../support/data/quality-series.js";
import { PROJECT } from "../../support/sources.js";

const { vectors } = JSON.parse(
	readFileSync(join(PROJECT, "test/data/qartod-vectors.json"), "utf8"),
) as { readonly vectors: readonly QartodVector[] };

describe("QARTOD tests", () => {
	it("give the flags of the reference implementation on each of its 222 vectors", () => {
		assert.equal(vectors.length, 222);
		const differing = vectors.filter((vector) => outcomeOf(vector) !== expectedOf(vector));
		assert.deepEqual(
			differing.map(({ id }) => id),
			[],
		);
	});

	it("are told from a wrong one by the vectors", () => {
		const wrong = vectors.map((vector) =>
			vector.test === "spike"
				? { ...vector, parameters: { ...vector.parameters, suspectThreshold: 1e9 } }
				: vector,
		);
		assert.ok(wrong.some((vector) => outcomeOf(vector) !== expectedOf(vector)));
	});

	it("call a value after an outage unjudged when a minimum of valid values is asked for", () => {
		const seconds = [0, 10, 20, 30, 40];
		const values = [1, undefined, undefined, undefined, 5];
		const options = { suspectThresholdSeconds: 20, failThresholdSeconds: 30, tolerance: 0.1 };
		const flags = (validValuesMin: number): string =>
			flagsOf(
				(sink) => FlatLine.ofSeries({ ...options, validValuesMin }, seconds, sink),
				seconds,
				values,
			).join("");
		assert.equal(flags(1), "19994");
		assert.equal(flags(2), "19992");
	});

	it("compare nothing at equal times when that is asked for", () => {
		const flags = (isEqualTimeUnjudged: boolean): string =>
			flagsOf(
				(sink) => new RateOfChange({ threshold: 1, isEqualTimeUnjudged }, sink),
				[0, 10, 10],
				[0, 5, 9],
			).join("");
		assert.equal(flags(false), "113");
		assert.equal(flags(true), "112");
	});

	it("give a spike's flag with the value after it and hold back no other", () => {
		const flags: number[] = [];
		const spike = new Spike({ suspectThreshold: 2, method: "differential" }, (flag) =>
			flags.push(flag),
		);
		spike.push(0, 1);
		assert.deepEqual(flags, []);
		spike.push(300, 9);
		assert.deepEqual(flags, [2]);
		spike.push(600, 1);
		assert.deepEqual(flags, [2, 3]);
		spike.end();
		assert.deepEqual(flags, [2, 3, 2]);
	});

	it("keep no more of a stream than their windows hold", () => {
		const flat = new FlatLine(
			{
				suspectThresholdSeconds: 3600,
				failThresholdSeconds: 7200,
				tolerance: 0.1,
				intervalSeconds: 300,
			},
			() => undefined,
		);
		const attenuated = new AttenuatedSignal(
			{ suspectThreshold: 1, failThreshold: 0.5, checkType: "std", testPeriodSeconds: 3600 },
			() => undefined,
		);
		for (let row = 0; row < 50_000; row++) {
			flat.push(row * 300, row % 7);
			attenuated.push(row * 300, row % 7);
		}
		assert.equal(flat.rowsHeld, 25);
		assert.equal(attenuated.rowsHeld, 12);
	});

	it("refuse a time that goes back where a period is judged", () => {
		const test = new AttenuatedSignal(
			{ suspectThreshold: 1, failThreshold: 0.5, checkType: "range", testPeriodSeconds: 600 },
			() => undefined,
		);
		test.push(300, 1);
		assert.throws(() => test.push(0, 1), QualityRefusal);
	});
});

describe("the calendar in integers", () => {
	it("agrees with the engine's on each day from 1900 to 2199", () => {
		const first = Date.UTC(1900, 0, 1) / 86_400_000;
		const last = Date.UTC(2199, 11, 31) / 86_400_000;
		for (let day = first; day <= last; day++) {
			const date = new Date(day * 86_400_000);
			const ours = civilDateOf(day);
			assert.deepEqual(ours, {
				year: date.getUTCFullYear(),
				month: date.getUTCMonth() + 1,
				day: date.getUTCDate(),
			});
			assert.equal(dayNumberOfDate(ours), day);
		}
	});

	it("counts weeks by their Thursday, as ISO 8601 does", () => {
		const week = (text: string): number => isoWeekOf(dayNumberOf(Date.parse(text) / 1000));
		assert.equal(week("2016-01-03T00:00:00Z"), 53);
		assert.equal(week("2016-01-04T00:00:00Z"), 1);
		assert.equal(week("2018-12-31T00:00:00Z"), 1);
		assert.equal(week("2020-12-31T23:59:59Z"), 53);
		assert.equal(week("1969-12-31T00:00:00Z"), 1);
	});

	it("counts the days of leap years", () => {
		assert.equal(dayOfYearOf(dayNumberOf(Date.UTC(2024, 11, 31) / 1000)), 366);
		assert.equal(dayOfYearOf(dayNumberOf(Date.UTC(2100, 11, 31) / 1000)), 365);
	});
});
