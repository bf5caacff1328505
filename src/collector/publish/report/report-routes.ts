/** Paths of the report: as a page, as JSON, as CSV; and of the comparison. */
import type { Assets } from "../assets.js";
import { json, type ReaderAnswer, text } from "../http.js";
import type { PublishedStation } from "../library.js";
import { instantOf } from "../periods.js";
import {
	type Asked,
	absent,
	CSV_TYPE,
	JSON_TYPE,
	LANGUAGE,
	type Parameter,
	type Route,
	STATION,
} from "../route.js";
import { languageOf } from "../texts.js";
import {
	type Comparison,
	comparisonOf,
	PERIOD_DAYS_MAX,
	type Report,
	reportOf,
	type Span,
	seenUntil,
} from "./report.js";
import { comparisonCsv, reportCsv } from "./report-csv.js";
import { reportPage } from "./report-page.js";

const HTML_TYPE = "text/html; charset=utf-8";
const SECONDS_PER_DAY = 86_400;
const DATES = Object.freeze(["before_from", "before_to", "after_from", "after_to"] as const);

const YEAR: Parameter = {
	name: "year",
	in: "query",
	description: "YYYY; else the last twelve months.",
	example: "2026",
};
const EXAMPLES = Object.freeze(["2026-03-20", "2026-03-21", "2026-03-21", "2026-03-22"]);
const PERIODS: readonly Parameter[] = Object.freeze(
	DATES.map((name, at) => ({
		name,
		in: "query" as const,
		description: `YYYY-MM-DD; the end is not included; at most ${PERIOD_DAYS_MAX} days.`,
		example: EXAMPLES[at] ?? "",
		isRequired: true,
	})),
);

interface Spans {
	readonly before: Span;
	readonly after: Span;
}

type Answer = (asked: Asked, found: PublishedStation) => Promise<ReaderAnswer>;

export function reportRoutes(assets: Assets, isSimulated: boolean): readonly Route[] {
	const summary = "Medians, percentiles, coverage and time within limits of each month";
	return [
		row("/report/{station}", {
			type: HTML_TYPE,
			summary: "Months and a comparison, as a page.",
			parameters: [YEAR, LANGUAGE],
			answer: (asked, found) => pageAnswer({ assets, isSimulated }, asked, found),
		}),
		row("/v1/stations/{station}/report", {
			type: JSON_TYPE,
			summary: `${summary}.`,
			parameters: [YEAR],
			answer: reportAnswer((report, tag) => json(report, { tag })),
		}),
		row("/v1/stations/{station}/report.csv", {
			type: CSV_TYPE,
			summary: `${summary}, as a table.`,
			parameters: [YEAR],
			answer: reportAnswer((report, tag) =>
				table(report.station, "report", reportCsv(report), tag),
			),
		}),
		row("/v1/stations/{station}/comparison", {
			type: JSON_TYPE,
			summary: "Two periods beside each other.",
			parameters: PERIODS,
			answer: comparisonAnswer((comparison, tag) => json(comparison, { tag })),
		}),
		row("/v1/stations/{station}/comparison.csv", {
			type: CSV_TYPE,
			summary: "Two periods beside each other, as a table.",
			parameters: PERIODS,
			answer: comparisonAnswer((comparison, tag) =>
				table(comparison.station, "comparison", comparisonCsv(comparison), tag),
			),
		}),
	];
}

function row(
	path: string,
	{ answer, parameters, ...route }: Omit<Route, "path" | "answer"> & { readonly answer: Answer },
): Route {
	return {
		path,
		...route,
		parameters: [STATION, ...parameters],
		answer: (asked) => {
			const found = asked.library.find(asked.names.get("station") ?? "");
			return found === undefined ? absent(asked) : answer(asked, found);
		},
	};
}

function reportAnswer(write: (report: Report, tag: string) => ReaderAnswer): Answer {
	return async (asked, found) => {
		const { report, tag } = await reported(asked, found);
		return report === undefined ? text(400, "year must be YYYY\n") : write(report, tag);
	};
}

function comparisonAnswer(write: (comparison: Comparison, tag: string) => ReaderAnswer): Answer {
	return async (asked, found) => {
		const { comparison, tag } = await compared(asked, found);
		return comparison === undefined ? text(400, WRONG) : write(comparison, tag);
	};
}

function table(station: string, name: string, body: string, tag: string): ReaderAnswer {
	const headers = { "content-disposition": `attachment; filename="${station}-${name}.csv"` };
	return { status: 200, type: CSV_TYPE, headers, tag, body };
}

async function pageAnswer(
	{ assets, isSimulated }: { readonly assets: Assets; readonly isSimulated: boolean },
	asked: Asked,
	found: PublishedStation,
): Promise<ReaderAnswer> {
	const { library, request } = asked;
	const { report, tag } = await reported(asked, found);
	if (report === undefined) return text(400, "year must be YYYY\n");
	const { comparison } = await compared(asked, found);
	const given = ["year", ...DATES].flatMap((name) => {
		const value = request.query.get(name);
		return value === null ? [] : [[name, value] as const];
	});
	const isAsked = given.some(([name]) => name !== "year");
	const accepted = request.header("accept-language");
	const language = languageOf(request.query.get("lang"), undefined, accepted);
	const context = { library, assets, isPlain: false, isSimulated, language };
	return reportPage(context, found, {
		report,
		comparison,
		isWrong: isAsked && comparison === undefined,
		asked: Object.fromEntries(given),
		tag,
	});
}

const WRONG = `before_from, before_to, after_from and after_to must be YYYY-MM-DD, and each end after its begin by at most ${PERIOD_DAYS_MAX} days\n`;

async function reported({ library, request }: Asked, found: PublishedStation) {
	const year = request.query.get("year") || null;
	const tag = tagOf(library, found);
	if (year !== null && !/^[12]\d{3}$/.test(year)) return { report: undefined, tag };
	const report = await held<Report>(library, `${found.station} ${tag} ${year}`, () =>
		reportOf(library, found, year),
	);
	return { report, tag };
}

async function compared({ library, request }: Asked, found: PublishedStation) {
	const spans = spansOf(request.query);
	const tag = tagOf(library, found);
	if (spans === undefined) return { comparison: undefined, tag };
	const { before, after } = spans;
	const key = [found.station, tag, ...Object.values(before), ...Object.values(after)].join(" ");
	const comparison = await held<Comparison>(library, key, () =>
		comparisonOf(library, found, before, after),
	);
	return { comparison, tag };
}

function spansOf(query: URLSearchParams): Spans | undefined {
	const [a, b, c, d] = DATES.map((name) => {
		const given = query.get(name) ?? "";
		return /^\d{4}-\d\d-\d\d$/.test(given) ? instantOf(given) : undefined;
	});
	if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
	const isWell = (from: number, to: number): boolean =>
		to > from && to - from <= PERIOD_DAYS_MAX * SECONDS_PER_DAY;
	if (!isWell(a, b) || !isWell(c, d)) return undefined;
	return { before: { from: a, to: b }, after: { from: c, to: d } };
}

function tagOf(library: Asked["library"], found: PublishedStation): string {
	return `${found.tag}-${seenUntil(library, found)}`;
}

/** Of some hundred milliseconds each, at about 20 KB; a request for the same meanwhile waits for the same. */
const HELD_MAX = 64;
const HELD = new WeakMap<Asked["library"], Map<string, Promise<unknown>>>();

function held<Answer>(
	library: Asked["library"],
	key: string,
	make: () => Promise<Answer>,
): Promise<Answer> {
	const all = HELD.get(library) ?? new Map<string, Promise<unknown>>();
	HELD.set(library, all);
	const known = all.get(key);
	if (known !== undefined) return known as Promise<Answer>;
	if (all.size >= HELD_MAX) all.delete(all.keys().next().value ?? "");
	const made = make();
	all.set(key, made);
	made.catch(() => all.delete(key));
	return made;
}
