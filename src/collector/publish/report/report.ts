/** A station's months, and two periods beside each other: "has the water got better?". docs/PUBLISHING.md, section 9. */
import { civilDateOf, dayNumberOf, dayNumberOfDate, isoTextOf } from "../../../core/calendar.js";
import { channelsOf } from "../channels.js";
import { UNDATED } from "../day-cache.js";
import type { Library, PublishedStation } from "../library.js";
import { Series } from "../series.js";
import { type Figures, figuresOf, heldSeconds, INTERVAL_SECONDS_DEFAULT } from "./statistics.js";

const SECONDS_PER_DAY = 86_400;
const SECONDS_PER_HOUR = 3600;
const MONTHS = 12;
/** Of a comparison, each: two years of five minutes are some hundred milliseconds. */
export const PERIOD_DAYS_MAX = 731;
/** With less than this of either period measured, nothing is said to be better or worse. */
export const COVERAGE_PERCENT_MIN = 50;

export interface Span {
	readonly from: number;
	/** Not included. */
	readonly to: number;
}

export interface PeriodFigures {
	/** ISO. */
	readonly from: string;
	readonly to: string;
	/** By channel. */
	readonly quantities: Readonly<Record<string, Figures>>;
}

export interface MonthFigures extends PeriodFigures {
	/** `YYYY-MM`, UTC. */
	readonly month: string;
}

export interface Report {
	readonly station: string;
	/** `YYYY`; null: the last twelve months. */
	readonly year: string | null;
	readonly policy: string | null;
	readonly class: string;
	readonly months: readonly MonthFigures[];
}

export interface Difference {
	/** After less before, in the channel's unit; null where one of them is missing. */
	readonly median: number | null;
	/** Of the one before; null of pH and temperature, whose zero is none. */
	readonly medianPercent: number | null;
	readonly limits: readonly LimitDifference[];
}

export interface LimitDifference {
	readonly class: string;
	readonly quantity: string;
	readonly low: number | null;
	readonly high: number | null;
	readonly outsidePercentBefore: number;
	readonly outsidePercentAfter: number;
	/**
	 * (before - after) / before x 100, of the time outside the limits; negative: worse. Null where nothing was outside
	 * before, or too little was measured.
	 */
	readonly improvedPercent: number | null;
	readonly reason: string;
}

export interface Comparison {
	readonly station: string;
	readonly policy: string | null;
	readonly class: string;
	readonly before: PeriodFigures;
	readonly after: PeriodFigures;
	readonly differences: Readonly<Record<string, Difference>>;
}

/** Channels whose values can be divided: of pH and degrees a percentage says nothing. */
const RATIOS: readonly string[] = Object.freeze(["ec25", "turbidity", "do"]);

export async function reportOf(
	library: Library,
	found: PublishedStation,
	year: string | null,
): Promise<Report> {
	const months: MonthFigures[] = [];
	for (const { month, from, to } of monthsOf(found, year)) {
		months.push({ month, ...figuresOfPeriod(library, found, { from, to }) });
		await new Promise((resolve) => setImmediate(resolve));
	}
	return { ...headOf(found), year, months };
}

export async function comparisonOf(
	library: Library,
	found: PublishedStation,
	before: Span,
	after: Span,
): Promise<Comparison> {
	const first = figuresOfPeriod(library, found, before);
	await new Promise((resolve) => setImmediate(resolve));
	const second = figuresOfPeriod(library, found, after);
	const differences = Object.entries(second.quantities).flatMap(([name, figures]) => {
		const other = first.quantities[name];
		return other === undefined ? [] : [[name, differenceOf(name, other, figures)] as const];
	});
	return {
		...headOf(found),
		before: first,
		after: second,
		differences: Object.fromEntries(differences),
	};
}

function headOf({ station, documents, summary }: PublishedStation) {
	const policy = documents.policies.at(-1)?.name ?? null;
	return { station, policy, class: summary.site.class };
}

function differenceOf(name: string, before: Figures, after: Figures): Difference {
	const [a, b] = [before.median, after.median];
	const median = a === null || b === null || before.unit !== after.unit ? null : b - a;
	const isEnough = [before, after].every(
		({ coveragePercent }) => coveragePercent >= COVERAGE_PERCENT_MIN,
	);
	const limits = after.limits.flatMap((limit, at): LimitDifference[] => {
		const other = before.limits[at];
		if (other === undefined) return [];
		const [outsidePercentBefore, outsidePercentAfter] = [other, limit].map(
			({ withinPercent }) => 100 - withinPercent,
		) as [number, number];
		const isComparable = isEnough && outsidePercentBefore > 0;
		return [
			{
				class: limit.class,
				quantity: limit.quantity,
				low: limit.low,
				high: limit.high,
				outsidePercentBefore,
				outsidePercentAfter,
				improvedPercent: isComparable
					? (100 * (outsidePercentBefore - outsidePercentAfter)) / outsidePercentBefore
					: null,
				reason: limit.reason,
			},
		];
	});
	const medianPercent =
		median === null || a === null || a <= 0 || !RATIOS.includes(name) ? null : (100 * median) / a;
	return { median, medianPercent, limits };
}

function figuresOfPeriod(
	library: Library,
	found: PublishedStation,
	{ from, to }: Span,
): PeriodFigures {
	const { cache } = library;
	const { station, index, documents, summary } = found;
	const end = Math.max(from, Math.min(to, seenUntil(library, found)));
	const series = new Series(cache, station, index, { from, to: end });
	const policy = documents.policies.at(-1);
	const intervalSeconds = policy?.intervalSeconds ?? INTERVAL_SECONDS_DEFAULT;
	const limits = (policy?.limits ?? []).filter((limit) => limit.class === summary.site.class);
	const held = heldSeconds(series.seconds, intervalSeconds, end);
	const period = { from, to: end };
	const quantities = channelsOf(index)
		.filter(({ name }) => name !== "battery")
		.map((channel) => [
			channel.name,
			figuresOf(series, channel, held, { period, intervalSeconds, limits }),
		]);
	return { from: isoTextOf(from), to: isoTextOf(end), quantities: Object.fromEntries(quantities) };
}

/**
 * What has not been yet cannot have been measured: up to the last full hour, so that an answer holds for an hour, or to
 * the last reading.
 */
export function seenUntil(
	{ nowSeconds }: Library,
	{ summary, documents }: PublishedStation,
): number {
	const last = Date.parse(summary.lastReading ?? "") / 1000;
	const interval = documents.policies.at(-1)?.intervalSeconds ?? INTERVAL_SECONDS_DEFAULT;
	const hour = Math.floor(nowSeconds / SECONDS_PER_HOUR) * SECONDS_PER_HOUR;
	return Number.isNaN(last) ? hour : Math.max(hour, last + interval);
}

/** Months of a year, or the last twelve up to the newest reading; none before the first day. */
function monthsOf({ index }: PublishedStation, year: string | null) {
	const days = Object.keys(index.days)
		.filter((day) => day !== UNDATED)
		.map(Number);
	const [first, last] = [days[0], days.at(-1)];
	if (first === undefined || last === undefined) return [];
	const newest = civilDateOf(last);
	const end = year === null ? newest.year * 12 + newest.month - 1 : Number(year) * 12 + 11;
	return Array.from({ length: MONTHS }, (_, at) => end - MONTHS + 1 + at)
		.map((number) => {
			const [from, to] = [number, number + 1].map(startOfMonth) as [number, number];
			return { month: isoTextOf(from).slice(0, 7), from, to };
		})
		.filter(({ from, to }) => dayNumberOf(to) > first && dayNumberOf(from) <= last);
}

/** Unix seconds of a month counted from the year 0. */
function startOfMonth(number: number): number {
	const date = { year: Math.floor(number / 12), month: (number % 12) + 1, day: 1 };
	return dayNumberOfDate(date) * SECONDS_PER_DAY;
}

/** Years that the station has days of, rising. */
export function yearsOf({ index }: PublishedStation): string[] {
	const years = Object.keys(index.days)
		.filter((day) => day !== UNDATED)
		.map((day) => String(civilDateOf(Number(day)).year));
	return [...new Set(years)].sort();
}
