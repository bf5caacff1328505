/**
 * What people read, in their language: for the technician's program and for the public page, which runs in a browser.
 * Data formats (CSV, JSON) are never translated. English is the default.
 */
import { MESSAGES, type MessageKey } from "./catalogue.js";
import { cyrillicOf } from "./cyrillic.js";
import { WORDS } from "./words.js";

export type Language = "en" | "sr-Latn" | "sr-Cyrl";

export type Values = Readonly<Record<string, string | number>>;

export interface Messages {
	readonly language: Language;
	/** A sentence with its values put in; values are not translated. */
	text(key: MessageKey, values?: Values): string;
	/** A word of the record, of a channel or of a state as people say it; one that the catalogue lacks is itself. */
	word(name: string): string;
	/** The same where English shows the name that documents and data have. */
	name(name: string): string;
}

export function messagesIn(language: Language): Messages {
	const column = language === "en" ? 0 : 1;
	const spelled = language === "sr-Cyrl" ? cyrillicOf : (text: string): string => text;
	const word = (name: string): string => {
		const row = WORDS.get(name);
		return row === undefined ? name : spelled(row[column]);
	};
	return {
		language,
		text: (key, values = {}) => filled(spelled(MESSAGES[key][column]), values),
		word,
		name: (name) => (language === "en" ? name : word(name)),
	};
}

/** Names in braces become their values. */
function filled(text: string, values: Values): string {
	return text.replace(/\{(\w+)\}/g, (whole, name: string) =>
		Object.hasOwn(values, name) ? String(values[name]) : whole,
	);
}

/**
 * Of `sr`, `sr-Cyrl`, `sr_RS.UTF-8` and the like, from an option, a browser or a locale; English for every other.
 * `sr` alone is in Latin letters; the locale `sr_RS` is in Cyrillic, as the C library has it.
 */
export function languageOf(locale: string): Language {
	const [name = "", modifier = ""] = locale.toLowerCase().split("@");
	const [language, ...rest] = (name.split(".")[0] ?? "").split(/[-_]/);
	if (language !== "sr") return "en";
	if (modifier === "latin" || rest.includes("latn")) return "sr-Latn";
	return rest.length === 0 ? "sr-Latn" : "sr-Cyrl";
}
