/** Days of published values: a row for each day of UTC and channel (docs/VALUES.md, sections 5 and 6). */

import { dayNumberOf } from "../../core/calendar.js";
import { GRADES, QUALITY_CHANNELS, type QualityChannel } from "../quality/correction.js";
import type { ChannelOutcome, PublishedRow } from "./published-values.js";
import { timeText } from "./schema.js";

export const DAY_COLUMNS: readonly string[] = Object.freeze([
	"station",
	"date",
	"channel",
	"readings",
	"values",
	"good",
	"not_evaluated",
	"suspect",
	"fail",
	"missing",
	"unjudged",
	"corrected",
	"graded",
	"grade",
	"status",
]);

/** Cells that are text in JSON. */
export const DAY_TEXT_COLUMNS: readonly string[] = Object.freeze([
	"station",
	"date",
	"channel",
	"grade",
	"status",
]);

const SECONDS_PER_DAY = 86_400;
const DATE_CHARACTERS = 10;

interface DayCounts {
	readings: number;
	values: number;
	/** By flag; 0: no policy was in force. */
	readonly flags: Record<0 | 1 | 2 | 3 | 4 | 9, number>;
	corrected: number;
	graded: number;
	/** Place in GRADES of the lowest. */
	grade: number;
	approved: number;
}

/** Memory grows with the days, not with the readings. */
export class DayTable {
	readonly #station: string;
	/** By day since 1970; undefined: readings that nothing dates. */
	readonly #days = new Map<number | undefined, Map<QualityChannel, DayCounts>>();

	constructor(station: string) {
		this.#station = station;
	}

	take({ seconds, channels }: PublishedRow): void {
		const day = seconds === undefined ? undefined : dayNumberOf(seconds);
		let counts = this.#days.get(day);
		if (counts === undefined) {
			counts = new Map(QUALITY_CHANNELS.map((name) => [name, nothing()]));
			this.#days.set(day, counts);
		}
		for (const name of QUALITY_CHANNELS) {
			const ofChannel = counts.get(name);
			if (ofChannel !== undefined) count(ofChannel, channels[name]);
		}
	}

	/** Cells in the order of DAY_COLUMNS, ascending by day; readings without a time come last, their date empty. */
	rows(): readonly (readonly string[])[] {
		const days = [...this.#days.entries()].sort(
			([a], [b]) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY),
		);
		return days.flatMap(([day, counts]) =>
			QUALITY_CHANNELS.map((name) => {
				const of = counts.get(name) ?? nothing();
				return [
					this.#station,
					day === undefined ? "" : timeText(day * SECONDS_PER_DAY).slice(0, DATE_CHARACTERS),
					name,
					...[of.readings, of.values].map(String),
					...([1, 2, 3, 4, 9, 0] as const).map((flag) => String(of.flags[flag])),
					...[of.corrected, of.graded].map(String),
					of.graded === 0 ? "" : (GRADES[of.grade] ?? ""),
					of.values === 0 ? "" : of.approved === of.values ? "approved" : "provisional",
				];
			}),
		);
	}
}

function nothing(): DayCounts {
	const flags = { 0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 9: 0 };
	return { readings: 0, values: 0, flags, corrected: 0, graded: 0, grade: 0, approved: 0 };
}

function count(counts: DayCounts, outcome: ChannelOutcome): void {
	counts.readings++;
	counts.flags[outcome.rolledUp ?? 0]++;
	if (outcome.hasValue) counts.values++;
	if (outcome.isCorrected) counts.corrected++;
	if (outcome.isApproved) counts.approved++;
	const grade = (GRADES as readonly string[]).indexOf(outcome.grade);
	if (grade < 0) return;
	counts.graded++;
	counts.grade = Math.max(counts.grade, grade);
}
