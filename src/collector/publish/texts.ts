/** Words for readers, in English and in Serbian in Latin and Cyrillic letters: one text, transliterated. */
import { cyrillicOf } from "../../host/messages/cyrillic.js";
import { RECORD_TEXTS, type Text } from "../../host/messages/record-texts.js";
import { VISIT_TEXTS } from "../../host/messages/visit-texts.js";
import { PAGE_TEXTS } from "./page-texts.js";

export type Language = "en" | "sr" | "sr-Cyrl";

export const LANGUAGES: readonly Language[] = Object.freeze(["en", "sr", "sr-Cyrl"]);

export const TEXTS: Readonly<Record<string, Text>> = Object.freeze({
	...PAGE_TEXTS,
	...RECORD_TEXTS,
	...healthTexts(),
});

/** Words for the health of probes are those of the technician's program. */
function healthTexts(): Record<string, Text> {
	return Object.fromEntries(
		Object.entries(VISIT_TEXTS)
			.filter(([key]) => key.startsWith("health-") || key === "service-within")
			.map(([key, [en, sr]]) => [key, { en, sr }]),
	);
}

/** A key that no text has is its own word: what a later version's station says is shown as it is. */
export function textOf(language: Language, key: string): string {
	const text = Object.hasOwn(TEXTS, key) ? TEXTS[key] : undefined;
	if (text === undefined) return key.replace(/^(name|kind|flag|note|station)-/, "");
	if (language === "en") return text.en;
	return language === "sr" ? text.sr : cyrillicOf(text.sr);
}

/** As a language's readers write it. */
export function nameOfSite(
	language: Language,
	site: { readonly name: string; readonly nameSr: string; readonly nameCyrl: string },
): string {
	return language === "en" ? site.name : language === "sr" ? site.nameSr : site.nameCyrl;
}

/** A text with values in its places. */
export function filledIn(
	language: Language,
	key: string,
	values: Readonly<Record<string, string | number>>,
): string {
	return textOf(language, key).replaceAll(/\{(\w+)\}/g, (placeholder, name: string) =>
		String(Object.hasOwn(values, name) ? values[name] : placeholder),
	);
}

/** Every text in a language, for the page. */
export function textsOf(language: Language): Record<string, string> {
	return Object.fromEntries(Object.keys(TEXTS).map((key) => [key, textOf(language, key)]));
}

/** What the path or the cookie says, else what the browser asks for, else English. */
export function languageOf(
	asked: string | null,
	cookie: string | undefined,
	accepted: string | undefined,
): Language {
	const known = (text: string | undefined | null): Language | undefined =>
		LANGUAGES.find((language) => language === text);
	const kept = /(?:^|;\s*)language=([A-Za-z-]{2,7})/.exec(cookie ?? "")?.[1];
	const chosen = known(asked) ?? known(kept);
	if (chosen !== undefined) return chosen;
	for (const part of (accepted ?? "").split(",")) {
		const tag = part.split(";")[0]?.trim().toLowerCase() ?? "";
		if (tag.startsWith("en")) return "en";
		if (/^(sr|hr|bs|cnr|sh)-latn|^(hr|bs|sh)\b|^sr-latn/.test(tag)) return "sr";
		if (tag.startsWith("sr")) return "sr-Cyrl";
	}
	return "en";
}
