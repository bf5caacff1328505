/** The report as a page without script, which is one sheet on paper. docs/PUBLISHING.md, section 9. */
import { SHOWN_CHANNELS } from "../channels.js";
import type { ReaderAnswer } from "../http.js";
import type { PublishedStation } from "../library.js";
import { escapeMarkup } from "../markup.js";
import { type PageContext, page, simulatedNote, translatorOf } from "../page-shell.js";
import { filledIn, type Language, nameOfSite, textOf } from "../texts.js";
import {
	COVERAGE_PERCENT_MIN,
	type Comparison,
	type LimitDifference,
	type MonthFigures,
	PERIOD_DAYS_MAX,
	type PeriodFigures,
	type Report,
	yearsOf,
} from "./report.js";
import { percentText, valueText } from "./report-csv.js";
import { monthsPicture } from "./report-picture.js";
import type { Figures } from "./statistics.js";

export interface ReportPageData {
	readonly report: Report;
	readonly comparison: Comparison | undefined;
	/** The reader's dates could not be taken. */
	readonly isWrong: boolean;
	readonly asked: Readonly<Record<string, string>>;
	readonly tag: string;
}

export function reportPage(
	context: PageContext,
	found: PublishedStation,
	data: ReportPageData,
): ReaderAnswer {
	const { language } = context;
	const translate = translatorOf(language);
	const { station, summary } = found;
	const name = nameOfSite(language, summary.site);
	const { report, comparison, asked, tag } = data;
	const channels = SHOWN_CHANNELS.filter(({ name: channel }) =>
		report.months.some(({ quantities }) => (quantities[channel]?.readings ?? 0) > 0),
	);
	const years = [null, ...yearsOf(found)].map((year) => {
		const text = year ?? textOf(language, "report-newest");
		if (year === report.year) return `<strong aria-current="true">${escapeMarkup(text)}</strong>`;
		const query = new URLSearchParams({ lang: language, ...(year === null ? {} : { year }) });
		return `<a href="${escapeMarkup(`?${query}`)}">${escapeMarkup(text)}</a>`;
	});
	const csv = `/v1/stations/${station}/report.csv${report.year === null ? "" : `?year=${report.year}`}`;
	const body = [
		`<h1>${translate("report-title")}</h1>`,
		`<p class="where"><a href="/station/${station}?lang=${language}">${escapeMarkup(name)}</a> <span class="id">${station}</span></p>`,
		simulatedNote(context),
		`<p class="lead">${translate("report-lead")}</p>`,
		`<p class="years">${years.join(" · ")} · <a href="${csv}">CSV</a></p>`,
		`<section aria-labelledby="months"><h2 id="months">${translate("report-months")}</h2>`,
		channels.length === 0 ? `<p>${translate("no-data")}</p>` : "",
		'<div class="months">',
		...channels.map(({ name: channel }) => monthsHtml(language, channel, report.months)),
		"</div>",
		limitsHtml(language, report),
		"</section>",
		comparisonHtml(language, data),
		comparison === undefined ? "" : sentencesHtml(language, comparison),
		`<section class="formulas" aria-labelledby="formulas"><h2 id="formulas">${translate("formulas")}</h2><ul>`,
		...["held", "percentile", "within", "improved"].map(
			(key) => `<li>${translate(`formula-${key}`)}</li>`,
		),
		"</ul></section>",
	];
	return page(context, {
		kind: "report",
		title: `${translate("report-title")} ${escapeMarkup(name)} (${station})`,
		path: `report/${station}`,
		body: body.join(""),
		tag,
		query: asked,
	});
}

function monthsHtml(language: Language, channel: string, months: readonly MonthFigures[]): string {
	const translate = translatorOf(language);
	const figures = months.flatMap(({ month, quantities }) => {
		const found = quantities[channel];
		return found === undefined ? [] : [{ month, found }];
	});
	const unit = figures.at(-1)?.found.unit ?? "";
	const limits = figures.find(({ found }) => found.limits.length > 0)?.found.limits ?? [];
	const heads = [
		translate("month"),
		translate("readings"),
		translate("coverage"),
		translate("percentile-5"),
		translate("median"),
		translate("percentile-95"),
		...limits.map((limit) =>
			escapeMarkup(filledIn(language, "within", { limit: boundsText(language, limit) })),
		),
	];
	const rows = figures.map(({ month, found }) => {
		const cells = [
			String(found.readings),
			percentText(found.coveragePercent),
			...[found.p5, found.median, found.p95].map((value) => valueText(value, found) || "–"),
			...limits.map((_, at) => {
				const limit = found.limits[at];
				return limit === undefined ? "–" : percentText(limit.withinPercent);
			}),
		];
		return `<tr><th scope="row">${month}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
	});
	const title = `${translate(`channel-${channel}`)}${unit === "" || unit === "pH" ? "" : ` (${escapeMarkup(unit)})`}`;
	return [
		`<section class="quantity"><h3 id="m-${channel}">${title}</h3>`,
		monthsPicture(language, channel, figures),
		`<div class="wide" tabindex="0" role="region" aria-labelledby="m-${channel}"><table><thead><tr>`,
		...heads.map((head) => `<th scope="col">${head}</th>`),
		`</tr></thead><tbody>${rows.join("")}</tbody></table></div></section>`,
	].join("");
}

function limitsHtml(language: Language, { months, policy, class: of }: Report): string {
	const limits = Object.values(months.at(-1)?.quantities ?? {}).flatMap((each) => each.limits);
	if (limits.length === 0) return `<p class="note">${translatorOf(language)("no-limits")}</p>`;
	const lines = limits.map(({ reason, ...limit }) => {
		const values = { class: of, policy: policy ?? "", reason };
		return `<li>${escapeMarkup(limitText(language, limit))}: ${escapeMarkup(filledIn(language, "limits-note", values))}</li>`;
	});
	return `<ul class="note limits">${lines.join("")}</ul>`;
}

const DATES = Object.freeze([
	["before", "before_from", "before_to"],
	["after", "after_from", "after_to"],
] as const);

function comparisonHtml(language: Language, { asked, comparison, isWrong }: ReportPageData) {
	const translate = translatorOf(language);
	const fields = DATES.map(([period, from, to]) => {
		const input = (name: string, key: string): string =>
			`<label>${translate(key)} <input type="date" name="${name}" value="${escapeMarkup(asked[name] ?? "")}" required></label>`;
		return `<fieldset><legend>${translate(period)}</legend>${input(from, "from-date")} ${input(to, "to-date")}</fieldset>`;
	});
	const year = asked["year"];
	return [
		`<section class="comparison" aria-labelledby="compare"><h2 id="compare">${translate("compare")}</h2>`,
		`<form method="get" class="controls"><input type="hidden" name="lang" value="${language}">`,
		year === undefined ? "" : `<input type="hidden" name="year" value="${escapeMarkup(year)}">`,
		`${fields.join("")}<button>${translate("compare-do")}</button></form>`,
		isWrong
			? `<p class="page-problem" role="alert">${escapeMarkup(filledIn(language, "period-wrong", { days: PERIOD_DAYS_MAX }))}</p>`
			: "",
		comparison === undefined ? "</section>" : comparisonTable(language, comparison, asked),
	].join("");
}

function comparisonTable(
	language: Language,
	{ station, before, after, differences }: Comparison,
	asked: Readonly<Record<string, string>>,
): string {
	const translate = translatorOf(language);
	const heads = ["", "period", "readings", "coverage", "percentile-5", "median", "percentile-95"];
	const rows = Object.entries(after.quantities).flatMap(([name, second]) => {
		const first = before.quantities[name];
		if (first === undefined || first.readings + second.readings === 0) return [];
		const difference = differences[name];
		const row = (period: PeriodFigures, figures: Figures, isFirst: boolean): string => {
			const cells = [
				`<th scope="row">${spanHtml(period)}</th>`,
				...[
					String(figures.readings),
					percentText(figures.coveragePercent),
					...[figures.p5, figures.median, figures.p95].map(
						(each) => valueText(each, figures) || "–",
					),
				].map((cell) => `<td>${cell}</td>`),
			];
			const title = isFirst
				? `<th scope="rowgroup" rowspan="2">${translate(`channel-${name}`)}${figures.unit === "pH" ? "" : ` (${escapeMarkup(figures.unit)})`}</th>`
				: "";
			const { median = null, medianPercent = null } = difference ?? {};
			const part = medianPercent === null ? "" : ` (${signed(medianPercent, 1)} %)`;
			const last = isFirst
				? `<td rowspan="2">${median === null ? "–" : signed(median, second.decimals)}${part}</td>`
				: "";
			return `<tr>${title}${cells.join("")}${last}</tr>`;
		};
		return [`<tbody>${row(before, first, true)}${row(after, second, false)}</tbody>`];
	});
	const { before_from = "", before_to = "", after_from = "", after_to = "" } = asked;
	const query = new URLSearchParams({ before_from, before_to, after_from, after_to });
	return [
		'<div class="wide" tabindex="0" role="region" aria-labelledby="compare"><table><thead><tr>',
		...heads.map(
			(key) => `<th scope="col">${key === "" ? translate("value") : translate(key)}</th>`,
		),
		`<th scope="col">${translate("difference")}</th></tr></thead>${rows.join("")}</table></div>`,
		`<p><a href="${escapeMarkup(`/v1/stations/${station}/comparison.csv?${query}`)}">CSV</a></p></section>`,
	].join("");
}

/** "Improved" only with both periods, the measure and how many readings each rests on. */
function sentencesHtml(language: Language, comparison: Comparison): string {
	const { before, after, differences } = comparison;
	const sentences = Object.entries(differences).flatMap(([name, { limits }]) =>
		limits.map((limit) => {
			const { improvedPercent: percent } = limit;
			const key = percent === null ? "not-compared" : percent >= 0 ? "improved" : "worsened";
			return `<li class="${key}">${escapeMarkup(
				filledIn(language, key, {
					percent: Math.abs(percent ?? 0).toFixed(0),
					most: COVERAGE_PERCENT_MIN,
					limit: limitText(language, limit),
					before: percentText(limit.outsidePercentBefore),
					after: percentText(limit.outsidePercentAfter),
					beforePeriod: spanText(before),
					afterPeriod: spanText(after),
					beforeCount: before.quantities[name]?.readings ?? 0,
					afterCount: after.quantities[name]?.readings ?? 0,
				}),
			)}</li>`;
		}),
	);
	return sentences.length === 0 ? "" : `<ul class="verdict">${sentences.join("")}</ul>`;
}

/** In a table of the quantity itself. */
function boundsText(
	language: Language,
	{ quantity, low, high }: Pick<LimitDifference, "quantity" | "low" | "high">,
): string {
	const bounds = low === null ? `≤ ${high}` : high === null ? `≥ ${low}` : `${low} – ${high}`;
	return quantity === "ec20" ? `${bounds} ${textOf(language, "at-20")}` : bounds;
}

function limitText(
	language: Language,
	{ quantity, low, high }: Pick<LimitDifference, "quantity" | "low" | "high">,
): string {
	const name = textOf(language, `limit-${quantity}`);
	if (low === null) return `${name} ≤ ${high}`;
	return high === null ? `${name} ≥ ${low}` : `${name} ${low} – ${high}`;
}

/** Both days are in it: people do not count with ends that are not. */
function spanText({ from, to }: PeriodFigures): string {
	const last = new Date(Date.parse(to) - 1000).toISOString();
	return `${from.slice(0, 10)} – ${last.slice(0, 10)}`;
}

function spanHtml(period: PeriodFigures): string {
	return escapeMarkup(spanText(period));
}

function signed(value: number, decimals: number): string {
	const text = value.toFixed(decimals);
	return value > 0 ? `+${text}` : text.replace("-", "−");
}
