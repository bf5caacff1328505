/** A sentence before anybody has chosen a language: errors carry one, and whoever shows it says it in the reader's. */
import { BOARD_TEXTS, type BoardText } from "./board-texts.js";
import { cyrillicOf } from "./cyrillic.js";
import type { Language } from "./messages.js";

export interface Said {
	readonly key: BoardText;
	/** A value may be a sentence itself. */
	readonly values: SaidValues;
}

export type SaidValues = Readonly<Record<string, string | number | Said>>;

export function said(key: BoardText, values: SaidValues = {}): Said {
	return { key, values };
}

export function textOfSaid({ key, values }: Said, language: Language = "en"): string {
	const text = BOARD_TEXTS[key][language === "en" ? 0 : 1];
	const spelled = language === "sr-Cyrl" ? cyrillicOf(text) : text;
	return spelled.replace(/\{(\w+)\}/g, (whole, name: string) => {
		const value = Object.hasOwn(values, name) ? values[name] : undefined;
		if (value === undefined) return whole;
		return typeof value === "object" ? textOfSaid(value, language) : String(value);
	});
}
