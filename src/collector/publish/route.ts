/** A row of the readers' interface, and what the rows have in common. */
import { type ReaderAnswer, type ReaderRequest, text } from "./http.js";
import type { Library, PublishedStation } from "./library.js";
import type { Period } from "./ordered-rows.js";
import { periodOf } from "./periods.js";
import { RetryLater } from "./retry-later.js";
import type { Streams } from "./streams.js";
import { LANGUAGES } from "./texts.js";

export interface Parameter {
	readonly name: string;
	readonly in: "path" | "query";
	readonly description: string;
	readonly example?: string;
	readonly values?: readonly string[];
	/** Of the query; without it there is an answer all the same. */
	readonly isRequired?: boolean;
}

export interface Route {
	/** Segments; one in braces takes any text. */
	readonly path: string;
	/** The last segment, in braces, takes all that follow, with slashes between them. */
	readonly isRest?: boolean;
	readonly summary: string;
	/** Content type of a good answer. */
	readonly type: string;
	readonly parameters: readonly Parameter[];
	readonly answer: (asked: Asked) => Promise<ReaderAnswer> | ReaderAnswer;
}

export interface Asked {
	readonly library: Library;
	readonly streams: Streams;
	readonly request: ReaderRequest;
	/** Of the path's braces. */
	readonly names: ReadonlyMap<string, string>;
}

export const JSON_TYPE = "application/json; charset=utf-8";
export const CSV_TYPE = "text/csv; charset=utf-8; header=present";

export const LANGUAGE: Parameter = {
	name: "lang",
	in: "query",
	description: "Language; else what the browser asks for.",
	values: LANGUAGES,
};
export const STATION: Parameter = {
	name: "station",
	in: "path",
	description: "Id of a station.",
};
export const FROM: Parameter = {
	name: "from",
	in: "query",
	description: "First time, UTC: YYYY-MM-DDThh:mm:ssZ or YYYY-MM-DD.",
	example: "2026-10-01T00:00:00Z",
};
export const TO: Parameter = {
	...FROM,
	name: "to",
	description: "End, not included.",
	example: "2026-10-02",
};

export function ofStation(
	answer: (asked: Asked, found: PublishedStation) => ReaderAnswer,
): Route["answer"] {
	return (asked) => {
		const found = asked.library.find(asked.names.get("station") ?? "");
		return found === undefined ? absent(asked) : answer(asked, found);
	};
}

/** Of a station that is not there: nobody's, or one whose days are being made. */
export function absent({ library, names }: Pick<Asked, "library" | "names">): ReaderAnswer {
	if (!library.stations.includes(names.get("station") ?? "")) return text(404, "no such station\n");
	throw new RetryLater("being derived; ask again");
}

export function ofPeriod(
	{ request }: Asked,
	_found: PublishedStation,
	answer: (period: Period) => ReaderAnswer,
): ReaderAnswer {
	const period = periodOf(request.query);
	return "problem" in period ? text(400, `${period.problem}\n`) : answer(period);
}
