/** The playground's page as it comes: all words and buttons; the script fills in what changes. */

import { escapeMarkup } from "../../../src/collector/publish/markup.js";
import { LANGUAGES, type Language } from "../../../src/collector/publish/texts.js";
import { cyrillicOf } from "../../../src/host/messages/cyrillic.js";
import {
	PLAYGROUND_TEXTS,
	type PlaygroundKey,
} from "../../../src/host/messages/playground-texts.js";
import { ACTIONS, SPEEDS } from "./playground.js";

const LANGUAGE_NAMES: Readonly<Record<Language, string>> = Object.freeze({
	en: "English",
	sr: "Srpski",
	"sr-Cyrl": "Српски",
});
const TAGS: Readonly<Record<Language, string>> = Object.freeze({
	en: "en",
	sr: "sr-Latn",
	"sr-Cyrl": "sr-Cyrl",
});
export const CHANNELS = Object.freeze(["ph", "temperature", "ec25", "turbidity"] as const);
const UNITS: Readonly<Record<(typeof CHANNELS)[number], string>> = Object.freeze({
	ph: "",
	temperature: "°C",
	ec25: "µS/cm",
	turbidity: "FNU",
});
const HOURS = Object.freeze([6, 24, 72]);

/** A text with values in its places; names of stations stay as they are. */
export function textIn(
	language: Language,
	key: PlaygroundKey,
	values: Readonly<Record<string, string>> = {},
): string {
	const { en, sr } = PLAYGROUND_TEXTS[key];
	const text = language === "en" ? en : language === "sr" ? sr : cyrillicOf(sr);
	return text.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) =>
		Object.hasOwn(values, name) ? String(values[name]) : placeholder,
	);
}

export function playgroundHtml(given: {
	readonly language: Language;
	readonly stations: readonly string[];
	readonly publicPage: string;
}): string {
	const { language, stations, publicPage } = given;
	const text = (key: PlaygroundKey): string => escapeMarkup(textIn(language, key));
	const option = (value: string | number, isChosen = false): string =>
		`<option${isChosen ? " selected" : ""}>${escapeMarkup(String(value))}</option>`;
	const languages = LANGUAGES.map((each) => {
		const here = each === language ? ' aria-current="true"' : "";
		return `<a href="?lang=${each}" lang="${TAGS[each]}"${here}>${LANGUAGE_NAMES[each]}</a>`;
	}).join(" ");
	return `<!doctype html>
<html lang="${TAGS[language]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text("title")}</title>
<link rel="icon" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/playground.css">
<script src="/assets/uplot.js" defer></script>
<script src="/assets/playground.js" type="module"></script>
</head>
<body data-language="${language}" data-lost="${text("lost")}">
<a class="skip" href="#buttons">${text("skip")}</a>
<header><strong>${text("title")}</strong>
<a href="${escapeMarkup(publicPage)}">${text("public-page")}</a>
<nav aria-label="${text("language")}">${languages}</nav></header>
<main>
<h1>${text("title")}</h1>
<p>${text("lead")}</p>
<form>
<label>${text("station")} <select name="station">${stations.map((each) => option(each)).join("")}</select></label>
<label>${text("speed")} <select name="speed">${SPEEDS.map((each) => option(each)).join("")}</select></label>
<button type="button" name="pause" aria-pressed="false">${text("pause")}</button>
<label>${text("hours")} <select name="hours">${HOURS.map((each) => option(each, each === 24)).join("")}</select></label>
</form>
<dl class="facts">
<div><dt>${text("world")}</dt><dd data-fact="world"></dd></div>
<div><dt>${text("state")}</dt><dd data-fact="state"></dd></div>
<div><dt>${text("waiting")}</dt><dd data-fact="waiting"></dd></div>
<div><dt>${text("last-reading")}</dt><dd data-fact="last-reading"></dd></div>
<div><dt>${text("collector-state")}</dt><dd data-fact="collector"></dd></div>
</dl>
<div id="buttons" tabindex="-1">
${groupHtml(language, "faults")}
${groupHtml(language, "river-events")}
${groupHtml(language, "everybody")}
</div>
<p class="lost" role="alert"></p>
<p class="legend"><span class="truth"></span> ${text("truth")} <span class="delivered"></span> ${text("delivered")}</p>
<div class="panels">
${panelsHtml(language)}
</div>
<h2>${text("happened")}</h2>
<ol class="marks" aria-live="polite" reversed><li class="none">${text("nothing")}</li></ol>
</main>
</body>
</html>
`;
}

function groupHtml(language: Language, name: (typeof ACTIONS)[number]["group"]): string {
	const text = (key: PlaygroundKey): string => escapeMarkup(textIn(language, key));
	const buttons = ACTIONS.filter(({ group }) => group === name).map((action) => {
		const pressed = action.isToggle ? ' aria-pressed="false"' : "";
		return `<button type="button" data-action="${action.name}"${pressed}>${text(action.name)}</button>`;
	});
	return `<fieldset><legend>${text(name)}</legend>\n${buttons.join("\n")}\n</fieldset>`;
}

function panelsHtml(language: Language): string {
	return CHANNELS.map((channel) => {
		const unit = UNITS[channel];
		const name = escapeMarkup(textIn(language, channel));
		const title = `${name}${unit === "" ? "" : ` <span class="unit">${unit}</span>`}`;
		return `<section class="panel" data-channel="${channel}"><h2>${title}</h2><div class="plot"></div></section>`;
	}).join("\n");
}
