/** A sentence before a language is chosen: errors carry one, and what prints it does so in the reader's language. */
import { BOARD_TEXTS, type BoardText } from "./board-texts.js";
import { cyrillicOf } from "./cyrillic.js";
import type { Language } from "./messages.js";

export interface Notice {
	readonly key: BoardText;
	/** A value may be a sentence itself. */
	readonly values: NoticeValues;
}

export type NoticeValues = Readonly<Record<string, string | number | Notice>>;

export function notice(key: BoardText, values: NoticeValues = {}): Notice {
	return { key, values };
}

export function textOfNotice({ key, values }: Notice, language: Language = "en"): string {
	const text = BOARD_TEXTS[key][language === "en" ? 0 : 1];
	const spelled = language === "sr-Cyrl" ? cyrillicOf(text) : text;
	return spelled.replace(/\{(\w+)\}/g, (whole, name: string) => {
		const value = Object.hasOwn(values, name) ? values[name] : undefined;
		if (value === undefined) return whole;
		return typeof value === "object" ? textOfNotice(value, language) : String(value);
	});
}
