/**
 * The pages as HTML. They say all there is to say already, so that they are whole without script; the script
 * adds plots and news. docs/PUBLISHING.md, section 7.
 */

import { channelsOf, SHOWN_CHANNELS } from "./channels.js";
import { healthHtml, healthOf } from "./health.js";
import type { ReaderAnswer } from "./http.js";
import type { PublishedStation } from "./library.js";
import { newestMarks, wordsOfMark } from "./marks.js";
import { escapeMarkup } from "./markup.js";
import {
	linkTo,
	type PageContext,
	page,
	simulatedNote,
	timeHtml,
	translatorOf,
} from "./page-shell.js";
import { schematicOf } from "./schematic.js";
import { Series } from "./series.js";
import type { StationSummary } from "./summary.js";
import { type Language, nameOfSite, textOf } from "./texts.js";
import { verificationHtml } from "./verification-html.js";

/** Of the table without script: a day at five minutes would be 288; every sixth is one each half hour. */
const PLAIN_ROWS_MAX = 48;
/** Likewise of events. */
const PLAIN_MARKS_MAX = 40;
const SECONDS_PER_DAY = 86_400;

export function overviewPage(context: PageContext): ReaderAnswer {
	const { library, language } = context;
	const translate = translatorOf(language);
	const summaries = library.all().map(({ summary }) => summary);
	const channels = SHOWN_CHANNELS.map(({ name }) => name).filter(
		(name) => name !== "do" || summaries.some(({ values }) => values[name] !== undefined),
	);
	const heads = [
		"station",
		"last-heard",
		...channels.map((name) => `channel-${name}`),
		"buffer",
		"alarms",
	];
	const main = [
		`<h1>${translate("page-title")}</h1><p class="lead">${translate("page-lead")}</p>`,
		simulatedNote(context),
		`<section aria-labelledby="map"><h2 id="map">${translate("map-title")}</h2>`,
		schematicOf(summaries, language, (station) => linkTo(context, `station/${station}`)),
		`<p class="note">${translate("map-note")}</p></section>`,
		`<section aria-labelledby="all"><h2 id="all">${translate("stations")}</h2>`,
		'<div class="wide" tabindex="0" role="region" aria-labelledby="all"><table class="stations"><thead><tr>',
		...heads.map((key) => `<th scope="col">${translate(key)}</th>`),
		"</tr></thead><tbody>",
		...summaries.map((summary) => overviewRow(context, summary, channels)),
		`</tbody></table></div><p class="note">${translate("reviewed-by-nobody")}</p>`,
		library.publication.samples.all.length === 0
			? ""
			: `<p><a href="/samples?lang=${language}">${translate("samples")}</a></p>`,
		"</section>",
	];
	return page(context, {
		kind: "overview",
		title: translate("page-title"),
		path: "",
		body: main.join(""),
		tag: library.tag,
	});
}

function overviewRow(
	context: PageContext,
	summary: StationSummary,
	channels: readonly string[],
): string {
	const { language } = context;
	const translate = translatorOf(language);
	const { station, site, values, lastHeard, bufferPercent, alarms } = summary;
	const name = nameOfSite(language, site);
	const cells = channels.map((channel) => {
		const { value = "", unit = "", judged = "", flags = "" } = values[channel] ?? {};
		return `<td data-field="${channel}">${valueHtml(language, { value, unit, judged, flags })}</td>`;
	});
	const buffer = bufferPercent === null ? translate("unknown") : `${bufferPercent} %`;
	return [
		`<tr data-station="${station}"><th scope="row"><a href="${linkTo(context, `station/${station}`)}">`,
		`${escapeMarkup(name)}</a> <span class="id">${station}</span>`,
		site.isExample ? ` <span class="tagged">${translate("example")}</span>` : "",
		`</th><td data-field="lastHeard">${timeHtml(language, lastHeard)}</td>`,
		...cells,
		`<td data-field="buffer">${buffer}</td><td data-field="alarms">${alarmsHtml(language, alarms)}</td></tr>`,
	].join("");
}

export function stationPage(context: PageContext, found: PublishedStation): ReaderAnswer {
	const { language, isPlain } = context;
	const translate = translatorOf(language);
	const { station, summary, tag } = found;
	const { site, lastHeard, values, alarms, bufferPercent } = summary;
	const { samples } = context.library.publication;
	const hasSamples = samples.ofStation(station, site).length > 0;
	const name = nameOfSite(language, site);
	const facts = [
		["last-heard", timeHtml(language, lastHeard)],
		["buffer", bufferPercent === null ? translate("unknown") : `${bufferPercent} %`],
		["alarms", alarmsHtml(language, alarms)],
	];
	const newest = channelsOf(found.index).map(({ name: channel }) => {
		const { value = "", unit = "", judged = "", flags = "" } = values[channel] ?? {};
		return `<div data-field="${channel}"><dt>${translate(`channel-${channel}`)}</dt><dd>${valueHtml(language, { value, unit, judged, flags })}</dd></div>`;
	});
	const body = [
		`<h1>${escapeMarkup(name)} <span class="id">${station}</span>`,
		site.isExample ? ` <span class="tagged">${translate("example")}</span>` : "",
		"</h1>",
		simulatedNote(context),
		`<dl class="newest">${newest.join("")}</dl>`,
		`<p class="facts">${facts.map(([key, value]) => `${translate(key ?? "")}: <span data-fact="${key}">${value}</span>`).join(" · ")}</p>`,
		`<p class="note">${translate("reviewed-by-nobody")}</p>`,
		isPlain ? "" : plotsHtml(language, found, hasSamples),
		plainTable(context, found),
		isPlain ? marksTable(context, found) : "",
		healthHtml(language, healthOf(context.library.cache, found)),
		verificationHtml(language, found, hasSamples),
	];
	return page(context, {
		kind: "station",
		title: `${escapeMarkup(name)} (${station})`,
		path: `station/${station}`,
		body: body.join(""),
		tag,
		data: ` data-station="${station}" data-zone="${escapeMarkup(site.zone)}" data-newest="${lastHeard ?? ""}" data-first="${summary.firstDay ?? ""}"`,
	});
}

function plotsHtml(
	language: Language,
	{ summary, index }: PublishedStation,
	hasSamples: boolean,
): string {
	const translate = translatorOf(language);
	const button = (action: string, key: string, sign: string): string =>
		`<button type="button" data-action="${action}" aria-label="${translate(key)}" title="${translate(key)}">${sign}</button>`;
	const spans = ["day", "week", "month", "year"].map(
		(span) => `<button type="button" data-span="${span}">${translate(span)}</button>`,
	);
	const panels = channelsOf(index).map(
		({ name, unit }) =>
			`<figure class="panel" data-channel="${name}"><figcaption>${translate(`channel-${name}`)}${unitOf(summary.values[name]?.unit ?? unit)}</figcaption><div class="plot" tabindex="0" role="img" aria-label="${translate(`channel-${name}`)}"></div><details class="as-table"><summary>${translate("as-table")}</summary><div class="rows wide" tabindex="0" role="region" aria-label="${translate(`channel-${name}`)}"></div></details></figure>`,
	);
	return [
		`<section class="plots" aria-label="${translate("readings")}"><noscript><p>${translate("script-needed")}</p></noscript>`,
		'<div class="controls">',
		button("earlier", "earlier", "◀"),
		button("later", "later", "▶"),
		button("closer", "zoom-in", "+"),
		button("wider", "zoom-out", "−"),
		`<button type="button" data-action="newest">${translate("newest")}</button>`,
		...spans,
		`<label>${translate("go-to-date")} <input type="date" data-control="date"></label>`,
		`<label>${translate("zone")} <select data-control="zone"><option value="UTC">${translate("zone-utc")}</option><option value="${escapeMarkup(summary.site.zone)}">${translate("zone-station").replace("{zone}", escapeMarkup(summary.site.zone))}</option></select></label>`,
		`<label>${translate("shown")} <select data-control="shown"><option value="derived">${translate("derived")}</option><option value="raw">${translate("raw")}</option><option value="corrected">${translate("corrected")}</option></select></label>`,
		'</div><p class="page-problem" role="status" data-problem></p>',
		'<p class="note" data-note="zone"></p><p class="note" data-note="columns"></p>',
		legendHtml(language, hasSamples),
		...panels,
		'<p class="readout" role="status" aria-live="polite" data-readout></p>',
		`<p class="note">${translate("keys-note")}</p>`,
		`<details class="marks"><summary>${translate("marks")}</summary><div class="wide" data-marks tabindex="0" role="region" aria-label="${translate("marks")}"></div></details>`,
		hasSamples
			? `<details class="marks"><summary>${translate("samples")}</summary><div class="wide" data-samples tabindex="0" role="region" aria-label="${translate("samples")}"></div></details>`
			: "",
		"</section>",
	].join("");
}

function unitOf(unit: string): string {
	return unit === "" || unit === "pH" ? "" : `, ${escapeMarkup(unit)}`;
}

/** What the panels draw, by shape: panel-drawing.ts. */
const SIGNS = Object.freeze({
	suspect: "△",
	bad: "✕",
	missing: "□",
	hole: "▨",
	limit: "┅",
	alarm: "▲",
	calibration: "◆",
	service: "○",
	sample: "■ ▫",
});

function legendHtml(language: Language, hasSamples: boolean): string {
	const translate = translatorOf(language);
	const items = Object.entries(SIGNS)
		.filter(([key]) => hasSamples || key !== "sample")
		.map(
			([key, sign]) =>
				`<li><span aria-hidden="true">${sign}</span> ${translate(`sign-${key}`)}</li>`,
		);
	return `<ul class="links note legend" aria-label="${translate("signs-title")}">${items.join("")}</ul>`;
}

/** Events, alarms and calibrations for a reader without script. */
function marksTable({ library, language }: PageContext, found: PublishedStation): string {
	const translate = translatorOf(language);
	const marks = newestMarks(library.cache, found.station, found.index, PLAIN_MARKS_MAX);
	if (marks.length === 0) return "";
	const rows = marks.map((mark) => {
		const { time, channel, text } = mark;
		const probe = channel === null ? "" : textOf(language, `probe-${channel}`);
		const sign = mark.kind === "alarm" ? "▲ " : "";
		const cells = [sign + wordsOfMark(language, mark), probe, text].map(escapeMarkup);
		return `<tr><th scope="row">${timeHtml(language, time)}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
	});
	return `<section aria-labelledby="told"><h2 id="told">${translate("marks-newest")}</h2><div class="wide" tabindex="0" role="region" aria-labelledby="told"><table><thead><tr><th scope="col">${translate("time")}</th><th scope="col">${translate("what")}</th><th scope="col">${translate("probe")}</th><th scope="col">${translate("words")}</th></tr></thead><tbody>${rows.join("")}</tbody></table></div></section>`;
}

/** The newest day, each half hour: what a reader without script sees, and a screen reader reads. */
function plainTable({ library, language, isPlain }: PageContext, found: PublishedStation): string {
	const translate = translatorOf(language);
	const newest = Date.parse(found.summary.lastReading ?? "") / 1000;
	if (Number.isNaN(newest)) return `<p>${translate("no-data")}</p>`;
	const period = { from: newest - SECONDS_PER_DAY, to: newest + 1 };
	const series = new Series(library.cache, found.station, found.index, period);
	const columns = channelsOf(found.index).map((channel) => ({
		...channel,
		numbers: series.numbers(channel.value),
		judgements: channel.judged === undefined ? undefined : series.numbers(channel.judged),
	}));
	const step = Math.max(1, Math.ceil(series.count / PLAIN_ROWS_MAX));
	const rows: string[] = [];
	for (let row = series.count - 1; row >= 0; row -= step) {
		const cells = columns.map(({ numbers, judgements, decimals }) => {
			const value = numbers[row] ?? Number.NaN;
			const text = Number.isNaN(value) ? "" : value.toFixed(decimals);
			const judged = judgements?.[row];
			return `<td>${valueHtml(language, { value: text, unit: "", judged: judged ? String(judged) : "", flags: "" })}</td>`;
		});
		const time = new Date((series.seconds[row] ?? 0) * 1000).toISOString().replace(".000", "");
		rows.push(`<tr><th scope="row">${timeHtml(language, time)}</th>${cells.join("")}</tr>`);
	}
	const heads = columns.map(
		({ name, unit }) =>
			`<th scope="col">${translate(`channel-${name}`)} ${escapeMarkup(unit)}</th>`,
	);
	const table = `<div class="wide" tabindex="0" role="region" aria-label="${translate("as-table")}"><table><thead><tr><th scope="col">${translate("time")} (UTC)</th>${heads.join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
	if (isPlain) return `<section><h2>${translate("day")}</h2>${table}</section>`;
	return `<details class="day-table"><summary>${translate("as-table")}: ${translate("day")}</summary>${table}</details>`;
}

function alarmsHtml(language: Language, alarms: StationSummary["alarms"]): string {
	if (alarms.length === 0) return escapeMarkup(textOf(language, "no-alarm"));
	return alarms
		.map(
			({ name, time }) =>
				`<strong class="alarm">▲ ${escapeMarkup(textOf(language, `name-${name}`))}</strong> ${timeHtml(language, time)}`,
		)
		.join(", ");
}

/** Quality by a sign and a word, never by colour alone. */
const JUDGED_SIGNS: Readonly<Record<string, string>> = Object.freeze({ 3: "△", 4: "✕", 9: "□" });

function valueHtml(
	language: Language,
	{ value, unit, judged, flags }: { value: string; unit: string; judged: string; flags: string },
): string {
	const sign = JUDGED_SIGNS[judged];
	const words = [
		sign === undefined ? "" : textOf(language, `judged-${judged}`),
		...flags.split(" ").map((flag) => (flag === "" ? "" : textOf(language, `flag-${flag}`))),
	].filter((each) => each !== "");
	const mark =
		words.length === 0
			? ""
			: ` <span class="judged j${judged}" title="${escapeMarkup(words.join("; "))}">${sign ?? "•"}<span class="unseen"> ${escapeMarkup(words.join("; "))}</span></span>`;
	if (value === "") return `<span class="none">–</span>${mark}`;
	return `<span class="value">${escapeMarkup(value)}</span>${unit === "" || unit === "pH" ? "" : ` <span class="unit">${escapeMarkup(unit)}</span>`}${mark}`;
}
