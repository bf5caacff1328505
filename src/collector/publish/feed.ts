/** Atom (RFC 4287): a station's alarms and events, the newest first, for whoever wants to be told without an account. */

import type { DayCache } from "./day-cache.js";
import type { PublishedStation } from "./library.js";
import { newestMarks, wordsOfMark } from "./marks.js";
import { escapeMarkup } from "./markup.js";
import type { Operator } from "./publication.js";
import { type Language, nameOfSite, textOf } from "./texts.js";

const ENTRIES_MAX = 50;

export function feedOf(
	cache: DayCache,
	found: PublishedStation,
	operator: Operator,
	origin: string,
	language: Language,
): string {
	const { station, site } = found;
	const self = `${origin}/v1/stations/${station}/feed.atom`;
	const name = nameOfSite(language, site);
	const marks = newestMarks(cache, station, found.index, ENTRIES_MAX);
	const updated = marks[0]?.time ?? found.summary.lastHeard ?? "1970-01-01T00:00:00Z";
	const entries = marks.map((mark) => {
		const title = wordsOfMark(language, mark);
		const channel = mark.channel === null ? "" : textOf(language, `probe-${mark.channel}`);
		const words = [title, channel, mark.text].filter((each) => each !== "").join(". ");
		return [
			"<entry>",
			`<id>tag:bistrina,2026:${station}/${mark.epoch}/${mark.sequence}</id>`,
			`<title>${escapeMarkup(`${name}: ${title}`)}</title>`,
			`<updated>${mark.time}</updated>`,
			`<link href="${escapeMarkup(`${origin}/station/${station}?at=${mark.time}`)}"/>`,
			`<content type="text">${escapeMarkup(words)}</content>`,
			"</entry>",
		].join("");
	});
	return [
		'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" ',
		`xml:lang="${language}">`,
		`<id>tag:bistrina,2026:${station}</id>`,
		`<title>${escapeMarkup(name)}</title>`,
		`<updated>${updated}</updated>`,
		`<link rel="self" href="${escapeMarkup(self)}"/>`,
		`<author><name>${escapeMarkup(operator.name || "Bistrina")}</name></author>`,
		operator.licence === "" ? "" : `<rights>${escapeMarkup(operator.licence)}</rights>`,
		...entries,
		"</feed>\n",
	].join("");
}
