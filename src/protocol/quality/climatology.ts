/** Climatology: what is usual in that month, quarter, week or period of dates. */
import { civilDateOf, dayNumberOf } from "../../core/calendar.js";
import { dayOfYearOf, isoWeekOf } from "./calendar.js";
import {
	type FlagSink,
	QUALITY_FLAGS,
	type QualityFlag,
	type QualityTest,
	type SeriesValue,
} from "./flags.js";
import { isOutside, sorted, type ValueSpan } from "./gross-range.js";

export const CLIMATOLOGY_PERIODS = Object.freeze([
	"month",
	"quarter",
	"dayofyear",
	"week",
	"year",
] as const);

export type ClimatologyPeriod = (typeof CLIMATOLOGY_PERIODS)[number];

export interface ClimatologyMember {
	/**
	 * In units of `period`, or Unix seconds without one; both ends belong to it. It is sorted: December to
	 * February is two members, 12 to 12 and 1 to 2.
	 */
	readonly timeSpan: ValueSpan;
	readonly period?: ClimatologyPeriod | undefined;
	/** Outside: suspect. */
	readonly valueSpan: ValueSpan;
	/** Outside: fail; without it nothing fails. */
	readonly failSpan?: ValueSpan | undefined;
}

/** Each member whose time span holds the value overwrites the flag of those before it in the list. */
export class Climatology implements QualityTest {
	readonly #members: readonly ClimatologyMember[];
	readonly #sink: FlagSink;
	/** Places of the day that was asked for last, by period: readings of a day come one after the other. */
	readonly #periodNumbers = new Map<ClimatologyPeriod, number>();
	#day = Number.NaN;

	constructor(members: readonly ClimatologyMember[], sink: FlagSink) {
		this.#members = members.map((member) => ({
			...member,
			timeSpan: sorted(member.timeSpan),
			valueSpan: sorted(member.valueSpan),
			failSpan: member.failSpan === undefined ? undefined : sorted(member.failSpan),
		}));
		this.#sink = sink;
	}

	push(seconds: number, value: SeriesValue): void {
		const { good, notEvaluated, suspect, fail, missing } = QUALITY_FLAGS;
		if (value === undefined) {
			this.#sink(missing);
			return;
		}
		let flag: QualityFlag = notEvaluated;
		for (const { timeSpan, period, valueSpan, failSpan } of this.#members) {
			if (isOutside(this.#periodNumberIn(seconds, period), timeSpan)) continue;
			if (isOutside(value, failSpan)) flag = fail;
			else flag = isOutside(value, valueSpan) ? suspect : good;
		}
		this.#sink(flag);
	}

	end(): void {}

	#periodNumberIn(seconds: number, period: ClimatologyPeriod | undefined): number {
		if (period === undefined) return seconds;
		const day = dayNumberOf(seconds);
		if (day !== this.#day) {
			this.#day = day;
			this.#periodNumbers.clear();
		}
		let number = this.#periodNumbers.get(period);
		if (number === undefined) {
			number = periodNumberOf(day, period);
			this.#periodNumbers.set(period, number);
		}
		return number;
	}
}

function periodNumberOf(day: number, period: ClimatologyPeriod): number {
	switch (period) {
		case "month":
			return civilDateOf(day).month;
		case "quarter":
			return Math.ceil(civilDateOf(day).month / 3);
		case "dayofyear":
			return dayOfYearOf(day);
		case "week":
			return isoWeekOf(day);
		case "year":
			return civilDateOf(day).year;
	}
}
