import { strict as assert } from "node:assert";
import { integerBelow, SeededRandom } from "../../../src/core/random.js";
import { AttenuatedSignal } from "../../../src/protocol/quality/attenuated-signal.js";
import {
	ChannelJudge,
	type ChannelTests,
	type JudgedRow,
	type Judgement,
	type SeriesRules,
} from "../../../src/protocol/quality/channel-judge.js";
import { Climatology } from "../../../src/protocol/quality/climatology.js";
import type { SeriesValue } from "../../../src/protocol/quality/flags.js";
import { FlatLine } from "../../../src/protocol/quality/flat-line.js";
import { GrossRange } from "../../../src/protocol/quality/gross-range.js";
import { RateOfChange } from "../../../src/protocol/quality/rate-of-change.js";
import { rollUp } from "../../../src/protocol/quality/roll-up.js";
import { Spike } from "../../../src/protocol/quality/spike.js";
import { flagsOf } from "../../support/data/quality-series.js";

const TESTS = {
	grossRange: { failSpan: [0, 14], suspectSpan: [6, 8] },
	climatology: [{ timeSpan: [1, 6], period: "month", valueSpan: [6.5, 7.5] }],
	spike: { suspectThreshold: 0.3, failThreshold: 0.9, method: "differential" },
	rateOfChange: { threshold: 0.001, isEqualTimeUnjudged: true },
	flatLine: {
		suspectThresholdSeconds: 900,
		failThresholdSeconds: 1800,
		tolerance: 0.02,
		validValuesMin: 2,
	},
	attenuatedSignal: {
		suspectThreshold: 0.02,
		failThreshold: 0.01,
		checkType: "std",
		testPeriodSeconds: 1500,
		validValuesMin: 2,
	},
} as const satisfies ChannelTests;

const RULES: SeriesRules = { tests: TESTS, intervalSeconds: 300, gapSeconds: undefined };
/** 2026-06-30T12:00:00Z: half of a day's readings are in July. */
const START = 1_782_820_800;

function row(
	seconds: number | undefined,
	value: SeriesValue,
	of: Partial<JudgedRow> = {},
): JudgedRow {
	return { epoch: 1, rules: RULES, seconds, value, isUnitOther: false, instrument: 1, ...of };
}

function judged(rows: readonly JudgedRow[]): (Judgement | undefined)[] {
	const judgements: (Judgement | undefined)[] = [];
	const judge = new ChannelJudge((judgement) => judgements.push(judgement));
	for (const each of rows) judge.push(each);
	judge.end();
	return judgements;
}

function digits(rows: readonly JudgedRow[]): string[] {
	return judged(rows).map((judgement) => judgement?.digits.join("") ?? "");
}

function series(seed: number, count: number): { seconds: number[]; values: SeriesValue[] } {
	const random = new SeededRandom(seed);
	const below = (end: number): number => integerBelow(random, end);
	let level = 7;
	let at = START;
	const seconds: number[] = [];
	const values: SeriesValue[] = [];
	for (let index = 0; index < count; index++) {
		at += below(20) === 0 ? 0 : below(15) === 0 ? 900 : 300;
		if (below(3) > 0) level += (below(3) - 1) * (below(8) === 0 ? 0.5 : 0.01);
		seconds.push(at);
		values.push(below(12) === 0 ? undefined : level);
	}
	return { seconds, values };
}

describe("the judge of a channel", () => {
	it("gives a stream the flags that each test gives the whole series", () => {
		for (let seed = 1; seed <= 60; seed++) {
			const { seconds, values } = series(seed, 3 + (seed % 120));
			const { flatLine, attenuatedSignal } = TESTS;
			const whole = [
				flagsOf((sink) => new GrossRange(TESTS.grossRange, sink), seconds, values),
				flagsOf((sink) => new Climatology(TESTS.climatology, sink), seconds, values),
				flagsOf((sink) => new Spike(TESTS.spike, sink), seconds, values),
				flagsOf((sink) => new RateOfChange(TESTS.rateOfChange, sink), seconds, values),
				flagsOf(
					(sink) => new FlatLine({ ...flatLine, intervalSeconds: 300 }, sink),
					seconds,
					values,
				),
				flagsOf((sink) => new AttenuatedSignal(attenuatedSignal, sink), seconds, values),
			];
			const streamed = judged(seconds.map((at, index) => row(at, values[index])));
			assert.equal(streamed.length, values.length);
			streamed.forEach((judgement, index) => {
				const flags = [values[index] === undefined ? 9 : 1, ...whole.map((each) => each[index])];
				assert.deepEqual(judgement?.digits, flags, `seed ${seed}, row ${index}`);
				assert.equal(judgement?.rolledUp, rollUp(flags));
			});
		}
	});

	it("holds no row back longer than its last neighbour needs", () => {
		let count = 0;
		const judge = new ChannelJudge(() => count++);
		const handed = [0, 1, 2, 3, 4].map((index) => {
			judge.push(row(START + 300 * index, 7 + index / 10));
			return count;
		});
		// The first two wait for flat line, which asks for three rows; then each waits for the next.
		assert.deepEqual(handed, [0, 0, 2, 3, 4]);
		judge.end();
		assert.equal(count, 5);
	});

	it("begins anew after a gap, an epoch, another policy, and a time before the last", () => {
		const flat = [0, 1, 2, 3].map((index) => row(START + 300 * index, 7));
		const goesOn = (of: Partial<JudgedRow>, seconds = START + 1200): string =>
			digits([...flat, row(seconds, 7, of)]).at(-1) ?? "";
		assert.equal(goesOn({}), "1112134");
		assert.equal(goesOn({ epoch: 2 }), "1112112");
		assert.equal(goesOn({ rules: { ...RULES } }), "1112112");
		assert.equal(goesOn({}, START + 600), "1112112");
		const rules = { ...RULES, gapSeconds: 1500 };
		const apart = (seconds: number): string =>
			digits([...flat, row(START + 900 + seconds, 7)].map((each) => ({ ...each, rules }))).at(-1) ??
			"";
		assert.equal(apart(1500), "1112132");
		assert.equal(apart(1501), "1112112");
	});

	it("says that time went back of the row whose time did", () => {
		const judge = new ChannelJudge(() => undefined);
		assert.equal(judge.push(row(START, 7)), false);
		assert.equal(judge.push(row(START, 7)), false);
		assert.equal(judge.push(row(START - 1, 7)), true);
		assert.equal(judge.push(row(START - 2, 7, { epoch: 2 })), false);
	});

	it("judges a row without a time by its range alone, and one of another unit by nothing but the station's word", () => {
		assert.deepEqual(digits([row(undefined, 5)]), ["1322222"]);
		assert.deepEqual(digits([row(START, 5, { isUnitOther: true })]), ["1222222"]);
		assert.deepEqual(digits([row(undefined, undefined)]), ["9999999"]);
		assert.deepEqual(digits([row(START, 7, { rules: undefined })]), [""]);
	});

	it("shows which tests ran", () => {
		const rules = { ...RULES, tests: { grossRange: TESTS.grossRange } };
		assert.deepEqual(digits([row(START, 7, { rules })]), ["1100000"]);
		assert.deepEqual(digits([row(START, undefined, { rules })]), ["9900000"]);
	});
});
