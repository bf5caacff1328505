/**
 * All tests of one channel, row by row: docs/VALUES.md, section 4. A row's flags come when its last test knows them,
 * in the order of the rows: at most two rows late.
 */
import { AttenuatedSignal, type AttenuatedSignalOptions } from "./attenuated-signal.js";
import { Climatology, type ClimatologyMember } from "./climatology.js";
import { QUALITY_FLAGS, type QualityFlag, type QualityTest, type SeriesValue } from "./flags.js";
import { FlatLine, type FlatLineOptions } from "./flat-line.js";
import { GrossRange, type GrossRangeOptions } from "./gross-range.js";
import { RateOfChange, type RateOfChangeOptions } from "./rate-of-change.js";
import { rollUp } from "./roll-up.js";
import { Spike, type SpikeOptions } from "./spike.js";

/** Tests in the order of their digits. */
export const TESTS = Object.freeze([
	"instrument",
	"grossRange",
	"climatology",
	"spike",
	"rateOfChange",
	"flatLine",
	"attenuatedSignal",
] as const);

/** Thresholds of one channel; a test that is left out does not run. */
export interface ChannelTests {
	readonly grossRange?: GrossRangeOptions | undefined;
	readonly climatology?: readonly ClimatologyMember[] | undefined;
	readonly spike?: SpikeOptions | undefined;
	readonly rateOfChange?: RateOfChangeOptions | undefined;
	readonly flatLine?: Omit<FlatLineOptions, "intervalSeconds"> | undefined;
	/** Always over a period. */
	readonly attenuatedSignal?:
		| (AttenuatedSignalOptions & { readonly testPeriodSeconds: number })
		| undefined;
}

/** What holds for all rows under one version of a policy; compared by identity. */
export interface SeriesRules {
	readonly tests: ChannelTests;
	readonly intervalSeconds: number;
	/** A longer step begins a new series; undefined: none does. */
	readonly gapSeconds: number | undefined;
}

export interface JudgedRow {
	readonly epoch: number;
	/** Undefined: no policy is in force. */
	readonly rules: SeriesRules | undefined;
	/** Unix seconds; undefined where nothing dates the row. */
	readonly seconds: number | undefined;
	readonly value: SeriesValue;
	/** Not in the unit that the thresholds are in. */
	readonly isUnitOther: boolean;
	/** What the station's own flags say of it. */
	readonly instrument: QualityFlag;
}

/** Flags by TESTS, 0 for one that did not run; undefined without a policy. */
export interface Judgement {
	readonly digits: readonly number[];
	readonly rolledUp: QualityFlag;
}

export type JudgementSink = (judgement: Judgement | undefined) => void;

interface Pending {
	readonly digits: number[] | undefined;
	readonly isMissing: boolean;
	/** Tests that have not said their flag yet. */
	waiting: number;
}

/** The first of the four tests that look at neighbours. */
const SPIKE_AT = TESTS.indexOf("spike");

export class ChannelJudge {
	readonly #sink: JudgementSink;
	/** Rows from the first that waits for a flag. */
	readonly #pending: Pending[] = [];
	/** Rows handed on before those in `#pending`. */
	#handedOn = 0;
	/** By place of the test: the row that its next flag is of, counted from the very first. */
	readonly #nextRow: number[] = TESTS.map(() => 0);
	/** Of the series that continues. */
	#tests: QualityTest[] = [];
	/** The row before, where it belongs to a series. */
	#before: JudgedRow | undefined;
	#single: SingleTests | undefined;

	constructor(sink: JudgementSink) {
		this.#sink = sink;
	}

	/** Takes the next row; whether its time lies before the one of its series. */
	push(row: JudgedRow): boolean {
		const { rules, seconds, value } = row;
		if (rules === undefined) {
			this.#endSeries();
			this.#pending.push({ digits: undefined, isMissing: false, waiting: 0 });
			this.#handOn();
			return false;
		}
		if (this.#single?.rules !== rules) this.#single = new SingleTests(rules);
		const isInSeries = seconds !== undefined && !row.isUnitOther;
		const isBack = isInSeries && this.#isContinued(row) && seconds < (this.#before?.seconds ?? 0);
		if (!isInSeries || isBack || !this.#isContinued(row) || this.#isApart(row)) this.#endSeries();
		const digits = this.#single.digitsOf(row);
		const isMissing = value === undefined;
		if (!isInSeries) {
			const unjudged = isMissing ? QUALITY_FLAGS.missing : QUALITY_FLAGS.notEvaluated;
			this.#single.neighbourTests.forEach((at) => {
				digits[at] = unjudged;
			});
			this.#pending.push({ digits, isMissing, waiting: 0 });
			this.#handOn();
			return false;
		}
		if (this.#before === undefined) this.#beginSeries(rules);
		this.#before = row;
		this.#pending.push({ digits, isMissing, waiting: this.#tests.length });
		for (const test of this.#tests) test.push(seconds, value);
		this.#handOn();
		return isBack;
	}

	/** No row will come any more. */
	end(): void {
		this.#endSeries();
		this.#handOn();
	}

	#isContinued({ epoch, rules }: JudgedRow): boolean {
		return this.#before?.epoch === epoch && this.#before.rules === rules;
	}

	#isApart({ seconds = 0, rules }: JudgedRow): boolean {
		const gapSeconds = rules?.gapSeconds;
		return gapSeconds !== undefined && seconds - (this.#before?.seconds ?? seconds) > gapSeconds;
	}

	#beginSeries({ tests, intervalSeconds }: SeriesRules): void {
		const { spike, rateOfChange, flatLine, attenuatedSignal } = tests;
		const first = this.#handedOn + this.#pending.length;
		const sinkOf = (name: (typeof TESTS)[number]) => {
			const at = TESTS.indexOf(name);
			this.#nextRow[at] = first;
			return (flag: QualityFlag) => this.#take(at, flag);
		};
		this.#tests = [];
		if (spike !== undefined) this.#tests.push(new Spike(spike, sinkOf("spike")));
		if (rateOfChange !== undefined) {
			this.#tests.push(new RateOfChange(rateOfChange, sinkOf("rateOfChange")));
		}
		if (flatLine !== undefined) {
			const options = { ...flatLine, intervalSeconds };
			this.#tests.push(new FlatLine(options, sinkOf("flatLine")));
		}
		if (attenuatedSignal !== undefined) {
			this.#tests.push(new AttenuatedSignal(attenuatedSignal, sinkOf("attenuatedSignal")));
		}
	}

	#endSeries(): void {
		if (this.#before === undefined) return;
		this.#before = undefined;
		for (const test of this.#tests) test.end();
		this.#tests = [];
	}

	#take(at: number, flag: QualityFlag): void {
		const row = this.#nextRow[at] ?? 0;
		this.#nextRow[at] = row + 1;
		const pending = this.#pending[row - this.#handedOn];
		if (pending?.digits === undefined) return;
		pending.digits[at] = pending.isMissing ? QUALITY_FLAGS.missing : flag;
		pending.waiting--;
	}

	#handOn(): void {
		for (let first = this.#pending[0]; first?.waiting === 0; first = this.#pending[0]) {
			this.#pending.shift();
			this.#handedOn++;
			const { digits } = first;
			this.#sink(digits && { digits, rolledUp: rollUp(digits.map((digit) => digit || undefined)) });
		}
	}
}

/** The tests that look at one row alone. */
class SingleTests {
	readonly rules: SeriesRules;
	/** Places of the other tests that the policy asks for. */
	readonly neighbourTests: readonly number[];
	readonly #grossRange: GrossRange | undefined;
	readonly #climatology: Climatology | undefined;
	#flag: QualityFlag = QUALITY_FLAGS.notEvaluated;

	constructor(rules: SeriesRules) {
		this.rules = rules;
		const { tests } = rules;
		const keep = (flag: QualityFlag): void => {
			this.#flag = flag;
		};
		this.#grossRange = tests.grossRange && new GrossRange(tests.grossRange, keep);
		this.#climatology = tests.climatology && new Climatology(tests.climatology, keep);
		this.neighbourTests = TESTS.flatMap((name, at) =>
			at >= SPIKE_AT && tests[name as keyof ChannelTests] !== undefined ? [at] : [],
		);
	}

	/** The digits of a row, those of the tests that look at neighbours 0. */
	digitsOf({ seconds, value, isUnitOther, instrument }: JudgedRow): number[] {
		const { missing, notEvaluated } = QUALITY_FLAGS;
		const judge = (test: QualityTest | undefined, at: number | undefined): number => {
			if (test === undefined) return 0;
			if (value === undefined) return missing;
			if (isUnitOther || at === undefined) return notEvaluated;
			test.push(at, value);
			return this.#flag;
		};
		return [
			value === undefined ? missing : instrument,
			judge(this.#grossRange, 0),
			judge(this.#climatology, seconds),
			0,
			0,
			0,
			0,
		];
	}
}
