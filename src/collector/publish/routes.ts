/** The readers' interface as rows: path, what it gives, what may be asked. The router and OpenAPI walk them. */
import { printableJson } from "../../host/printable.js";
import { VALUE_COLUMNS } from "../../protocol/audit/published-values.js";
import { feedOf } from "./feed.js";
import { json, text } from "./http.js";
import type { Library, PublishedStation } from "./library.js";
import { marksIn } from "./marks.js";
import { COLUMNS_MAX } from "./plot.js";
import { plotAnswer } from "./plot-answer.js";
import { gapsOf, marksCsv, recordFile } from "./record-exports.js";
import {
	type Asked,
	CSV_TYPE,
	FROM,
	JSON_TYPE,
	ofPeriod,
	ofStation,
	type Route,
	STATION,
	TO,
} from "./route.js";
import { readingsCsv, senml, valuesCsv, valuesJsonLines } from "./table-exports.js";
import { LANGUAGES, languageOf, TEXTS, textsOf } from "./texts.js";

/** Plots and marks of more than this are not asked for by any page. */
const MARKS_MAX = 20_000;

export const ROUTES: readonly Route[] = Object.freeze([
	{
		path: "/v1/stations",
		summary: "All stations with their newest values and how they fare.",
		type: JSON_TYPE,
		parameters: [],
		answer: ({ library }: Asked) =>
			json(
				{ ...operatorOf(library), stations: library.all().map(({ summary }) => summary) },
				{ tag: library.tag },
			),
	},
	{
		path: "/v1/stations/{station}",
		summary: "One station: newest values, state, verification, documents, limits.",
		type: JSON_TYPE,
		parameters: [STATION],
		answer: ofStation(({ library }, found) =>
			json({ ...operatorOf(library), ...stationJson(found) }, { tag: found.tag }),
		),
	},
	{
		path: "/v1/stations/{station}/plot",
		summary: "What a plot draws: every reading, or least and greatest of each column.",
		type: JSON_TYPE,
		parameters: [
			STATION,
			FROM,
			TO,
			{
				name: "columns",
				in: "query",
				description: `Columns, 1 to ${COLUMNS_MAX}.`,
				example: "600",
			},
			{
				name: "shown",
				in: "query",
				description: "Which values the columns are of.",
				values: ["derived", "raw", "corrected"],
			},
		],
		answer: ofStation(plotAnswer),
	},
	table("values.csv", CSV_TYPE, "The published table, as `bistrina values` writes it.", valuesCsv),
	table(
		"values.jsonl",
		"application/jsonl; charset=utf-8",
		"The published table, an object a line.",
		valuesJsonLines,
	),
	table("senml.json", "application/senml+json", "Readings as SenML (RFC 8428).", senml),
	{
		path: "/v1/stations/{station}/readings.csv",
		summary: "Values with flags under the names that the simulator reads.",
		type: CSV_TYPE,
		parameters: [
			STATION,
			FROM,
			TO,
			{ name: "units", in: "query", description: "A line of units.", values: ["row"] },
		],
		answer: ofStation((asked, found) =>
			ofPeriod(asked, found, (period) => ({
				status: 200,
				type: CSV_TYPE,
				headers: linksOf(asked.library, found, "readings.csv"),
				tag: found.tag,
				body: readingsCsv(
					asked.request.query.get("units") === "row",
					asked.library.cache,
					found,
					period,
				),
			})),
		),
	},
	{
		path: "/v1/stations/{station}/values.csv-metadata.json",
		summary: "What the columns of values.csv are (CSV on the Web).",
		type: "application/csvm+json",
		parameters: [STATION],
		answer: ofStation(({ library }, { station, tag }) => ({
			status: 200,
			type: "application/csvm+json",
			tag,
			body: printableJson({
				"@context": "http://www.w3.org/ns/csvw",
				url: "values.csv",
				"dc:license": library.publication.operator.licenceUrl,
				"dc:title": station,
				tableSchema: {
					columns: VALUE_COLUMNS.map(({ name, isNumber }) => ({
						name,
						titles: name,
						datatype: isNumber ? "number" : "string",
					})),
				},
			}),
		})),
	},
	{
		path: "/v1/stations/{station}/marks",
		summary: "Events, alarms, calibrations, gaps and other entries that are no readings.",
		type: JSON_TYPE,
		parameters: [STATION, FROM, TO],
		answer: ofStation((asked, found) =>
			ofPeriod(asked, found, (period) => {
				const marks = marksIn(asked.library.cache, found.station, found.index, period);
				const { station, tag } = found;
				const isCut = marks.length > MARKS_MAX;
				return json({ station, isCut, marks: marks.slice(-MARKS_MAX) }, { tag });
			}),
		),
	},
	{
		path: "/v1/stations/{station}/marks.csv",
		summary: "The same as a table.",
		type: CSV_TYPE,
		parameters: [STATION, FROM, TO],
		answer: ofStation((asked, found) =>
			ofPeriod(asked, found, (period) => ({
				status: 200,
				type: CSV_TYPE,
				headers: linksOf(asked.library, found, "marks.csv"),
				tag: found.tag,
				body: marksCsv(marksIn(asked.library.cache, found.station, found.index, period)),
			})),
		),
	},
	{
		path: "/v1/stations/{station}/gaps",
		summary: "Entries that are not there: named by the station with its reason, or not.",
		type: JSON_TYPE,
		parameters: [STATION],
		answer: ofStation((_asked, found) => json(gapsOf(found), { tag: found.tag })),
	},
	{
		path: "/v1/stations/{station}/heads",
		summary: "Heads of the chain that signatures vouch for, keys, and what is held.",
		type: JSON_TYPE,
		parameters: [STATION],
		answer: ofStation((_asked, { station, index, tag }) => {
			const { heads, keys, coverage, floors, evidence, batchCount } = index.facts;
			return json({ station, heads, keys, coverage, floors, evidence, batchCount }, { tag });
		}),
	},
	record("record.cbor", "application/cbor-seq", "cbor-sequence"),
	record("record.jsonl", "application/jsonl; charset=utf-8", "json-lines"),
	{
		path: "/v1/stations/{station}/documents/{digest}",
		summary: "A policy, corrections or approvals, as the file is; its SHA-256 names it.",
		type: JSON_TYPE,
		parameters: [STATION, { name: "digest", in: "path", description: "SHA-256, hexadecimal." }],
		answer: ofStation(({ names }, { files }) => {
			const file = files.find(({ digest }) => digest === names.get("digest"));
			if (file === undefined) return text(404, "no document of that digest\n");
			return { status: 200, type: JSON_TYPE, tag: file.digest, body: file.text };
		}),
	},
	{
		path: "/v1/stations/{station}/feed.atom",
		summary: "Alarms and events, the newest first, as an Atom feed.",
		type: "application/atom+xml; charset=utf-8",
		parameters: [
			STATION,
			{ name: "lang", in: "query", description: "Language.", values: LANGUAGES },
		],
		answer: ofStation(({ library, request }, found) => {
			const language = languageOf(request.query.get("lang"), undefined, undefined);
			const { operator } = library.publication;
			return {
				status: 200,
				type: "application/atom+xml; charset=utf-8",
				tag: `${found.tag}-${language}`,
				body: feedOf(library.cache, found, operator, request.origin, language),
			};
		}),
	},
	{
		path: "/v1/vocabulary",
		summary: "What flags, events, gaps and grades mean, in all languages.",
		type: JSON_TYPE,
		parameters: [],
		answer: () => {
			const words = Object.keys(TEXTS).filter((key) =>
				/^(flag|name|kind|station|gap|judged|channel)-/.test(key),
			);
			const spoken = LANGUAGES.map((language) => {
				const all = textsOf(language);
				return [language, Object.fromEntries(words.map((key) => [key, all[key]]))];
			});
			return json({ languages: LANGUAGES, words: Object.fromEntries(spoken) });
		},
	},
	{
		path: "/v1/events",
		summary: "Server-sent events: stations whose values or state changed.",
		type: "text/event-stream",
		parameters: [{ name: "station", in: "query", description: "Only of this one.", example: "" }],
		answer: ({ library, streams, request }: Asked) => {
			const station = request.query.get("station") || undefined;
			if (station !== undefined && !library.stations.includes(station))
				return text(404, "no such station\n");
			return {
				status: 200,
				type: "text/event-stream",
				caching: "no-store",
				headers: { "x-accel-buffering": "no" },
				stream: (response) => streams.add(response, station),
			};
		},
	},
]);

function table(name: string, type: string, summary: string, write: typeof valuesCsv): Route {
	return {
		path: `/v1/stations/{station}/${name}`,
		summary,
		type,
		parameters: [STATION, FROM, TO],
		answer: ofStation((asked, found) =>
			ofPeriod(asked, found, (period) => ({
				status: 200,
				type,
				headers: linksOf(asked.library, found, name),
				tag: found.tag,
				body: write(asked.library.cache, found, period),
			})),
		),
	};
}

function record(name: string, type: string, format: "cbor-sequence" | "json-lines"): Route {
	return {
		path: `/v1/stations/{station}/${name}`,
		summary: "Signed envelopes as they came: what `bistrina verify` takes.",
		type,
		parameters: [STATION],
		answer: ofStation(({ library }, found) => ({
			status: 200,
			type,
			headers: linksOf(library, found, name),
			tag: found.tag,
			body: recordFile(library.cache, found, format),
		})),
	};
}

export function operatorOf({ publication: { operator } }: Library) {
	return { operator };
}

function stationJson({ summary, documents, files, index }: PublishedStation) {
	const policy = documents.policies.at(-1);
	return {
		...summary,
		policy: policy?.name ?? null,
		intervalSeconds: policy?.intervalSeconds ?? null,
		limits: (policy?.limits ?? []).filter((limit) => limit.class === summary.site.class),
		documents: files.map(({ digest, kind }) => ({ digest, kind })),
		basis: index.basis,
		keys: index.facts.keys,
		hasCorrections: documents.corrections !== undefined,
	};
}

function linksOf(library: Library, { station }: PublishedStation, name: string) {
	const { licenceUrl } = library.publication.operator;
	const links = licenceUrl === "" ? [] : [`<${licenceUrl}>; rel="license"`];
	if (name === "values.csv") {
		links.push(
			`</v1/stations/${station}/values.csv-metadata.json>; rel="describedby"; type="application/csvm+json"`,
		);
	}
	return {
		"content-disposition": `attachment; filename="${station}-${name}"`,
		...(links.length === 0 ? {} : { link: links.join(", ") }),
	};
}
