/** What every page has around what it says: head, languages, operator, links. docs/PUBLISHING.md, section 7. */
import type { Assets } from "./assets.js";
import type { ReaderAnswer } from "./http.js";
import type { Library } from "./library.js";
import { escapeMarkup } from "./markup.js";
import { LANGUAGES, type Language, textOf } from "./texts.js";

export interface PageContext {
	readonly library: Library;
	readonly assets: Assets;
	readonly language: Language;
	/** Without any script. */
	readonly isPlain: boolean;
	readonly isSimulated: boolean;
}

const HTML_TYPE = "text/html; charset=utf-8";
const LANGUAGE_NAMES: Readonly<Record<Language, string>> = Object.freeze({
	en: "English",
	sr: "Srpski",
	"sr-Cyrl": "Српски",
});
const LANGUAGE_TAGS: Readonly<Record<Language, string>> = Object.freeze({
	en: "en",
	sr: "sr-Latn",
	"sr-Cyrl": "sr-Cyrl",
});

export function timeHtml(language: Language, time: string | null): string {
	if (time === null) return escapeMarkup(textOf(language, "never"));
	return `<time datetime="${time}">${time.replace("T", " ").replace(/:\d\dZ$/, " UTC")}</time>`;
}

export function simulatedNote({ isSimulated, language }: PageContext): string {
	return isSimulated ? `<p class="simulated">${translatorOf(language)("simulated")}</p>` : "";
}

export function translatorOf(language: Language): (key: string) => string {
	return (key) => escapeMarkup(textOf(language, key));
}

export function linkTo({ language, isPlain }: PageContext, path: string): string {
	return `/${isPlain ? "status/" : ""}${isPlain ? path.replace("station/", "") : path}?lang=${language}`;
}

export interface Whole {
	readonly kind: "overview" | "station" | "report" | "samples";
	readonly title: string;
	readonly path: string;
	readonly body: string;
	readonly tag: string;
	readonly data?: string;
	/** What the address says besides the language. */
	readonly query?: Readonly<Record<string, string>>;
}

export function page(
	context: PageContext,
	{ kind, title, path, body, tag, data = "", query = {} }: Whole,
): ReaderAnswer {
	const { assets, language, isPlain, library } = context;
	const translate = translatorOf(language);
	const languages = LANGUAGES.map((each) =>
		each === language
			? `<span aria-current="true" lang="${LANGUAGE_TAGS[each]}">${LANGUAGE_NAMES[each]}</span>`
			: `<a href="${escapeMarkup(`?${new URLSearchParams({ ...query, lang: each })}`)}" hreflang="${LANGUAGE_TAGS[each]}" lang="${LANGUAGE_TAGS[each]}">${LANGUAGE_NAMES[each]}</a>`,
	);
	const { operator } = library.publication;
	const licence =
		operator.licenceUrl === ""
			? escapeMarkup(operator.licence)
			: `<a href="${escapeMarkup(operator.licenceUrl)}" rel="license">${escapeMarkup(operator.licence)}</a>`;
	const other =
		kind === "report" || kind === "samples"
			? `<a href="/?lang=${language}">${translate("overview")}</a>`
			: isPlain
				? `<a href="/${path}?lang=${language}">${translate("overview")}</a>`
				: `<a href="/status/${path.replace("station/", "")}?lang=${language}">${translate("status-page")}</a>`;
	const scripts =
		isPlain || kind === "report" || kind === "samples"
			? ""
			: `<script src="${assets.pathOf("uplot.js")}" defer></script><script type="module" src="${assets.pathOf("app.js")}"></script>`;
	const html = [
		`<!doctype html><html lang="${LANGUAGE_TAGS[language]}"><head><meta charset="utf-8"><title>${title}</title>`,
		'<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">',
		`<link rel="icon" href="${assets.pathOf("icon.svg")}"><link rel="stylesheet" href="${assets.pathOf("page.css")}">${scripts}`,
		kind === "station"
			? `<link rel="alternate" type="application/atom+xml" href="/v1/stations/${path.replace("station/", "")}/feed.atom?lang=${language}">`
			: "",
		`</head><body data-page="${kind}" data-language="${language}"${data}>`,
		`<a class="skip" href="#main">${translate("skip")}</a><header><a class="home" href="/${isPlain ? "status" : ""}?lang=${language}">Bistrina</a>`,
		`<nav aria-label="${translate("language")}">${languages.join(" ")}</nav><span class="live" data-live></span></header>`,
		`<main id="main">${body}</main>`,
		`<footer><p>${escapeMarkup(operator.attribution || operator.name)} ${licence}</p><p>${other} · <a href="/v1/openapi.json">API</a></p></footer></body></html>`,
	].join("");
	return { status: 200, type: HTML_TYPE, body: html, tag: `${tag}-${language}-${assets.digest}` };
}
