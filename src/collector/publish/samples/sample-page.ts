/** Samples as pages without script: the table over years, and the samples of each cell. docs/PUBLISHING.md, section 10. */
import type { ReaderAnswer } from "../http.js";
import { escapeMarkup } from "../markup.js";
import { type PageContext, page, translatorOf } from "../page-shell.js";
import { filledIn, type Language, nameOfSite, textOf } from "../texts.js";
import type { SampleParameter } from "./parameters.js";
import type { Sample, SamplePoint } from "./parse-samples.js";
import {
	cellOfSamples,
	parametersOf,
	type SampleLimit,
	type Samples,
	textOfSample,
	yearOf,
} from "./samples.js";

/** Of a list: a sample a day for years. */
const LISTED_MAX = 2000;

export function samplesPage(context: PageContext): ReaderAnswer {
	const { library, language } = context;
	const translate = translatorOf(language);
	const { samples } = library.publication;
	const points = samples.points();
	const body = [
		`<h1>${translate("samples")}</h1><p class="lead">${translate("samples-lead")}</p>`,
		points.length === 0
			? `<p>${translate("samples-none")}</p>`
			: `<p><a href="/v1/samples.csv">CSV</a></p>`,
		...points.map((point) => pointHtml(context, point)),
		points.length === 0 ? "" : notesHtml(language),
	];
	return page(context, {
		kind: "samples",
		title: translate("samples"),
		path: "samples",
		body: body.join(""),
		tag: samples.digest.slice(0, 16) + library.tag,
	});
}

/** Undefined where nothing was taken there. */
export function pointPage(
	context: PageContext,
	point: SamplePoint,
	asked: { readonly parameter: string | null; readonly year: string | null },
): ReaderAnswer | undefined {
	const { library, language } = context;
	const translate = translatorOf(language);
	const { samples } = library.publication;
	const taken = takenAt(context, point);
	if (taken.length === 0) return undefined;
	const { parameter, year } = asked;
	const chosen = taken.filter(
		(sample) =>
			(parameter === null || sample.parameter.key === parameter) &&
			(year === null || yearOf(sample) === year),
	);
	const what = [parameter === null ? "" : parameterName(language, parameter), year ?? ""].filter(
		(each) => each !== "",
	);
	const body = [
		`<h1>${translate("samples")}: ${escapeMarkup(nameOf(context, point))}</h1>`,
		`<p class="where"><a href="/samples?lang=${language}">${translate("samples")}</a></p>`,
		tableHtml(context, point, taken),
		limitsHtml(context, point, taken),
		`<section aria-labelledby="list"><h2 id="list">${escapeMarkup(what.join(", ")) || translate("samples")}</h2>`,
		listHtml(language, samples, chosen.slice(-LISTED_MAX)),
		"</section>",
		notesHtml(language),
	];
	return page(context, {
		kind: "samples",
		title: `${translate("samples")} ${escapeMarkup(nameOf(context, point))}`,
		path: `samples/${point.kind}/${point.name}`,
		body: body.join(""),
		tag: samples.digest.slice(0, 16) + library.tag,
		query: {
			...(parameter === null ? {} : { parameter }),
			...(year === null ? {} : { year }),
		},
	});
}

function takenAt({ library }: PageContext, point: SamplePoint): readonly Sample[] {
	const { samples } = library.publication;
	if (point.kind === "place") return samples.ofPoint(point);
	return samples.ofStation(point.name, library.publication.of(point.name).site);
}

function nameOf({ library, language }: PageContext, { kind, name }: SamplePoint): string {
	if (kind === "place") return textOf(language, `place-${name}`);
	const { site } = library.publication.of(name);
	return nameOfSite(language, site);
}

function pointHtml(context: PageContext, point: SamplePoint): string {
	const id = `p-${point.kind}-${point.name}`;
	const link = `/samples/${point.kind}/${point.name}?lang=${context.language}`;
	const taken = takenAt(context, point);
	return [
		`<section aria-labelledby="${id}"><h2 id="${id}"><a href="${link}">${escapeMarkup(nameOf(context, point))}</a> <span class="id">${escapeMarkup(point.name)}</span></h2>`,
		tableHtml(context, point, taken),
		limitsHtml(context, point, taken),
		"</section>",
	].join("");
}

/** Parameters down, years across. */
function tableHtml(context: PageContext, point: SamplePoint, taken: readonly Sample[]): string {
	const { language } = context;
	const translate = translatorOf(language);
	const years = [...new Set(taken.map(yearOf))].sort();
	const rows = parametersOf(taken).map((parameter) => {
		const limit = limitOf(context, point, parameter);
		const name = escapeMarkup(parameterName(language, parameter.key));
		const cells = years.map((year) => {
			const found = taken.filter(
				(sample) => sample.parameter === parameter && yearOf(sample) === year,
			);
			if (found.length === 0) return "<td>–</td>";
			const { count, below, median, outside } = cellOfSamples(found, limit);
			const query = new URLSearchParams({ lang: language, parameter: parameter.key, year });
			const link = escapeMarkup(`/samples/${point.kind}/${point.name}?${query}#list`);
			const more = [
				`n ${count}`,
				below === 0 ? "" : `&lt; ${below}`,
				outside === 0 ? "" : `<strong class="alarm">▲ ${outside}</strong>`,
			].filter((each) => each !== "");
			return `<td><a href="${link}">${escapeMarkup(median)}</a><br><span class="note">${more.join(", ")}</span></td>`;
		});
		const unit = parameter.unit === "pH" ? "" : ` ${escapeMarkup(parameter.unit)}`;
		const limitCell = limit === undefined ? "–" : escapeMarkup(boundsText(limit));
		return `<tr><th scope="row">${name}${unit}</th><td>${limitCell}</td>${cells.join("")}</tr>`;
	});
	const heads = [translate("parameter"), translate("limit"), ...years];
	return `<div class="wide samples" tabindex="0" role="region" aria-label="${translate("samples")}: ${escapeMarkup(nameOf(context, point))}"><table><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function limitOf(
	{ library }: PageContext,
	point: SamplePoint,
	parameter: SampleParameter,
): SampleLimit | undefined {
	const { samples } = library.publication;
	const of = point.kind === "place" ? "" : library.publication.of(point.name).site.class;
	return samples.limitOf(parameter, of);
}

function limitsHtml(context: PageContext, point: SamplePoint, taken: readonly Sample[]): string {
	const { language } = context;
	const limits = parametersOf(taken).flatMap((each) => limitOf(context, point, each) ?? []);
	if (limits.length === 0)
		return `<p class="note">${translatorOf(language)("sample-no-limits")}</p>`;
	const lines = limits.map((limit) => {
		const values = {
			parameter: parameterName(language, limit.parameter.key),
			limit: `${boundsText(limit)} ${limit.parameter.unit}`,
			class: limit.class,
			reason: limit.reason,
		};
		return `<li>${escapeMarkup(filledIn(language, "sample-limit-note", values))}</li>`;
	});
	return `<ul class="note limits">${lines.join("")}</ul>`;
}

function listHtml(language: Language, samples: Samples, taken: readonly Sample[]): string {
	const translate = translatorOf(language);
	const keys = [
		"time",
		"parameter",
		"value",
		"sent-as",
		"method",
		"laboratory",
		"sample-report",
		"sample-source",
	];
	const rows = [...taken].reverse().map((sample) => {
		const { time, parameter, given, method, laboratory, report, file, line } = sample;
		const name = samples.files.find(({ digest }) => digest === file)?.name ?? "";
		const unit = parameter.unit === "pH" ? "" : ` ${parameter.unit}`;
		const cells = [
			escapeMarkup(parameterName(language, parameter.key)),
			`<span class="value">${escapeMarkup(textOfSample(sample) + unit)}</span>`,
			escapeMarkup(given),
			escapeMarkup(method),
			escapeMarkup(laboratory),
			`<code title="${report}">${report.slice(0, 16)}…</code>`,
			`<a href="/v1/samples/${file}">${escapeMarkup(name)}</a>, ${line}`,
		];
		const shown = time.replace("T", " ").replace(/:\d\dZ$/, " UTC");
		return `<tr><th scope="row"><time datetime="${time}">${shown}</time></th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
	});
	return `<div class="wide" tabindex="0" role="region" aria-labelledby="list"><table><thead><tr>${keys.map((key) => `<th scope="col">${translate(key)}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function notesHtml(language: Language): string {
	const translate = translatorOf(language);
	return `<p class="note">${translate("samples-cell")}</p><p class="note">${translate("samples-signed")}</p>`;
}

function boundsText({ low, high }: SampleLimit): string {
	if (low === null) return `≤ ${high}`;
	return high === null ? `≥ ${low}` : `${low} – ${high}`;
}

/** A chemical symbol has one spelling in every alphabet. */
function parameterName(language: Language, key: string): string {
	const name = textOf(language, `param-${key}`);
	return /^[A-Z][a-z]?$/.test(key) ? `${name} (${key})` : name;
}
