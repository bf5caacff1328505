/** Paths of samples: pages, JSON, CSV, and the files as they came. */

import { csvCell } from "../../../host/csv.js";
import type { Assets } from "../assets.js";
import { json, text } from "../http.js";
import { periodOf } from "../periods.js";
import {
	type Asked,
	CSV_TYPE,
	FROM,
	JSON_TYPE,
	LANGUAGE,
	ofStation,
	type Parameter,
	type Route,
	STATION,
	TO,
} from "../route.js";
import { languageOf } from "../texts.js";
import { sampleParameter } from "./parameters.js";
import type { Sample } from "./parse-samples.js";
import { pointPage, samplesPage } from "./sample-page.js";

const HTML_TYPE = "text/html; charset=utf-8";
/** Of one station and question. */
const SHOWN_MAX = 5000;

const FILE: Parameter = { name: "file", in: "path", description: "SHA-256, hexadecimal." };
const KIND: Parameter = {
	name: "kind",
	in: "path",
	description: "What the point is.",
	values: ["station", "place"],
};
const POINT: Parameter = { name: "point", in: "path", description: "Its id." };
const PARAMETER: Parameter = { name: "parameter", in: "query", description: "Only of this one." };
const YEAR: Parameter = { name: "year", in: "query", description: "Only of this year, YYYY." };

export function sampleRoutes(assets: Assets, isSimulated: boolean): readonly Route[] {
	const contextOf = ({ library, request }: Asked) => {
		const accepted = request.header("accept-language");
		const language = languageOf(request.query.get("lang"), undefined, accepted);
		return { library, assets, isPlain: false, isSimulated, language };
	};
	return [
		{
			path: "/samples",
			summary: "Laboratory samples over the years, as a page.",
			type: HTML_TYPE,
			parameters: [LANGUAGE],
			answer: (asked: Asked) => samplesPage(contextOf(asked)),
		},
		{
			path: "/samples/{kind}/{point}",
			summary: "Samples of a station or a place, as a page.",
			type: HTML_TYPE,
			parameters: [KIND, POINT, PARAMETER, YEAR, LANGUAGE],
			answer: (asked: Asked) => {
				const { names, request } = asked;
				const kind = names.get("kind");
				const nothing = text(404, "no samples of that\n");
				if (kind !== "station" && kind !== "place") return nothing;
				const [parameter, year] = ["parameter", "year"].map((name) => request.query.get(name));
				if (parameter && sampleParameter(parameter)?.key !== parameter) return nothing;
				if (year && !/^\d{4}$/.test(year)) return nothing;
				const point = { kind, name: names.get("point") ?? "" } as const;
				const chosen = { parameter: parameter || null, year: year || null };
				return pointPage(contextOf(asked), point, chosen) ?? nothing;
			},
		},
		...SAMPLE_DATA,
	];
}

const SAMPLE_DATA: readonly Route[] = Object.freeze([
	{
		path: "/v1/samples",
		summary: "Files of samples that are published, and where they were taken.",
		type: JSON_TYPE,
		parameters: [],
		answer: ({ library }: Asked) => {
			const { samples } = library.publication;
			const files = samples.files.map(({ name, digest }) => ({ name, digest }));
			return json(
				{ files, points: samples.points(), samples: samples.all.length },
				{ tag: samples.digest },
			);
		},
	},
	{
		path: "/v1/samples.csv",
		summary: "All samples, in one unit for each parameter.",
		type: CSV_TYPE,
		parameters: [],
		answer: ({ library }: Asked) => {
			const { samples } = library.publication;
			const headers = { "content-disposition": 'attachment; filename="samples.csv"' };
			const body = samplesCsv(samples.all);
			return { status: 200, type: CSV_TYPE, headers, tag: samples.digest, body };
		},
	},
	{
		path: "/v1/samples/{file}",
		summary: "A file of samples, as the laboratory sent it; its SHA-256 names it.",
		type: CSV_TYPE,
		parameters: [FILE],
		answer: ({ library, names }: Asked) => {
			const found = library.publication.samples.files.find(
				({ digest }) => digest === names.get("file"),
			);
			if (found === undefined) return text(404, "no file of that digest\n");
			const headers = { "content-disposition": `attachment; filename="${found.digest}.csv"` };
			return { status: 200, type: CSV_TYPE, headers, tag: found.digest, body: found.text };
		},
	},
	{
		path: "/v1/stations/{station}/samples",
		summary: "Samples of a station and its place, by rising time.",
		type: JSON_TYPE,
		parameters: [STATION, FROM, TO],
		answer: ofStation(({ library, request }, found) => {
			const period = periodOf(request.query);
			if ("problem" in period) return text(400, `${period.problem}\n`);
			const { from, to } = period;
			const taken = library.publication.samples
				.ofStation(found.station, found.site)
				.filter(({ seconds }) => seconds >= (from ?? seconds) && seconds < (to ?? Infinity));
			const samples = taken.slice(-SHOWN_MAX).map(shownSample);
			return json({ station: found.station, samples }, { tag: found.tag });
		}),
	},
]);

function shownSample(sample: Sample) {
	const { time, seconds, parameter, value, isBelow, given, method, laboratory } = sample;
	const { key, unit, channel = null } = parameter;
	const { report, file, line } = sample;
	const what = { parameter: key, channel, value, unit, isBelow, given };
	return { time, seconds, ...what, method, laboratory, report, file, line };
}

const COLUMNS = Object.freeze([
	"time",
	"station",
	"place",
	"parameter",
	"value",
	"unit",
	"sent_as",
	"method",
	"laboratory",
	"report_sha256",
	"file_sha256",
	"line",
]);

/** It can be read in again: values and units are those of the columns that a laboratory sends. */
function samplesCsv(samples: readonly Sample[]): string {
	const lines = samples.map((sample) => {
		const { at, time, parameter, value, isBelow, given, method, laboratory } = sample;
		return [
			time,
			at.kind === "station" ? at.name : "",
			at.kind === "place" ? at.name : "",
			parameter.key,
			`${isBelow ? "<" : ""}${value}`,
			parameter.unit,
			given,
			method,
			laboratory,
			sample.report,
			sample.file,
			String(sample.line),
		]
			.map(csvCell)
			.join(",");
	});
	return [COLUMNS.join(","), ...lines, ""].join("\r\n");
}
