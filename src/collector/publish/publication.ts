/**
 * What an operator says of the stations to the public: names, places, documents, samples, licence; a file of JSON with
 * the documents beside it. docs/PUBLISHING.md, section 3.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { OperationalError } from "../../host/errors.js";
import { cyrillicOf } from "../../host/messages/cyrillic.js";
import {
	bytesMaxOf,
	DOCUMENT_BYTES_MAX,
	documentKindOf,
	type Parsed,
	parseApprovals,
	parseCorrections,
	parsePolicy,
	policiesInOrder,
} from "../../protocol/audit/documents.js";
import type { StationDocuments } from "./derivation.js";
import { sampleParameter } from "./samples/parameters.js";
import { parseSamples, SAMPLE_FILE_BYTES_MAX, type Sample } from "./samples/parse-samples.js";
import { type SampleFile, type SampleLimit, Samples } from "./samples/samples.js";
import { STATION_NUMBER_MAX } from "./sensorthings/ids.js";

export interface Site {
	readonly name: string;
	readonly nameSr: string;
	/** The Serbian name in Cyrillic letters; where there is none, as `name`. */
	readonly nameCyrl: string;
	/** Node of the schematic, or empty. */
	readonly place: string;
	readonly latitude: number | null;
	readonly longitude: number | null;
	/** IANA name. */
	readonly zone: string;
	/** Class of the policy's limits; empty: none is shown. */
	readonly class: string;
	/** In the SensorThings interface; null: made of the station's name. */
	readonly number: number | null;
	/** A site that stands for what could be there. */
	readonly isExample: boolean;
}

export interface Operator {
	readonly name: string;
	readonly url: string;
	readonly licence: string;
	readonly licenceUrl: string;
	readonly attribution: string;
}

/** A document as it lies there, for whoever computes again. */
export interface PublishedDocument {
	readonly digest: string;
	readonly kind: string;
	readonly text: string;
}

export interface StationPublication {
	readonly site: Site;
	readonly documents: StationDocuments;
	readonly files: readonly PublishedDocument[];
}

export interface Publication {
	readonly operator: Operator;
	/** Of laboratories. */
	readonly samples: Samples;
	of(station: string): StationPublication;
}

const NO_OPERATOR: Operator = Object.freeze({
	name: "",
	url: "",
	licence: "",
	licenceUrl: "",
	attribution: "",
});
const NO_DOCUMENTS: StationDocuments = Object.freeze({
	policies: [],
	corrections: undefined,
	approvals: undefined,
});
const FILE_BYTES_MAX = 1_000_000;
const TEXT_CHARACTERS_MAX = 300;
/** Of two megabytes each. */
const SAMPLE_FILES_MAX = 100;

/** Nothing is said of any station: values are not judged, and it has its own name. */
export const NO_PUBLICATION: Publication = Object.freeze({
	operator: NO_OPERATOR,
	samples: new Samples(),
	of: (station: string) => ({ site: siteOf(station, {}), documents: NO_DOCUMENTS, files: [] }),
});

/**
 * Reads the file and all documents that it names. What is wrong with one station is logged, and that station is published
 * without its documents: the others must not suffer for it. Throws OperationalError for a file that cannot be read.
 */
export function readPublication(path: string, log: (line: string) => void): Publication {
	const raw = objectOf(parsedFile(path, readBounded(path, FILE_BYTES_MAX).text));
	const stations = new Map<string, StationPublication>();
	for (const [station, value] of Object.entries(objectOf(raw["stations"]))) {
		const fields = objectOf(value);
		const site = siteOf(station, fields);
		try {
			stations.set(station, { site, ...documentsOf(station, fields, dirname(path)) });
		} catch (error) {
			if (!(error instanceof OperationalError)) throw error;
			log(`${station} is published without its documents: ${error.message}`);
			stations.set(station, { site, documents: NO_DOCUMENTS, files: [] });
		}
	}
	const operator = objectOf(raw["operator"]);
	return {
		operator: {
			name: textOf(operator["name"]),
			url: webAddress(operator["url"]),
			licence: textOf(operator["licence"]),
			licenceUrl: webAddress(operator["licenceUrl"]),
			attribution: textOf(operator["attribution"]),
		},
		samples: samplesOf(raw, dirname(path), log),
		of: (station) => stations.get(station) ?? NO_PUBLICATION.of(station),
	};
}

function documentsOf(station: string, fields: Record<string, unknown>, folder: string) {
	const files: PublishedDocument[] = [];
	const read = <Document extends { readonly station: string }>(
		name: unknown,
		parse: (text: string, digest: string) => Parsed<Document>,
	): Document => {
		const path = resolve(folder, textOf(name));
		const { text, digest } = readBounded(path, DOCUMENT_BYTES_MAX);
		const kind = documentKindOf(text);
		const known = "kind" in kind ? kind.kind : undefined;
		if (text.length > bytesMaxOf(known)) throw new OperationalError(`${path}: too long`);
		const parsed = parse(text, digest);
		if ("problems" in parsed) throw new OperationalError(`${path}: ${parsed.problems.join("; ")}`);
		const { document } = parsed;
		if (document.station !== station && document.station !== "*")
			throw new OperationalError(`${path}: is of station ${document.station}`);
		files.push({ digest, kind: known ?? "", text });
		return document;
	};
	const policies = listOf(fields["policies"]).map((name) => read(name, parsePolicy));
	const ordered = policiesInOrder(policies);
	if ("problems" in ordered) throw new OperationalError(ordered.problems.join("; "));
	const { corrections, approvals } = fields;
	const documents: StationDocuments = {
		policies: ordered.document,
		corrections: corrections === undefined ? undefined : read(corrections, parseCorrections),
		approvals: approvals === undefined ? undefined : read(approvals, parseApprovals),
	};
	return { documents, files };
}

/** A file with a wrong row is not taken, and the others are: nothing of it is half there. */
function samplesOf(
	raw: Record<string, unknown>,
	folder: string,
	log: (line: string) => void,
): Samples {
	const files: SampleFile[] = [];
	const samples: Sample[] = [];
	for (const name of listOf(raw["samples"]).slice(0, SAMPLE_FILES_MAX)) {
		const path = resolve(folder, textOf(name));
		try {
			const { text, digest } = readBounded(path, SAMPLE_FILE_BYTES_MAX);
			const parsed = parseSamples(text, digest);
			if ("problems" in parsed) {
				log(`${path}: nothing of it is taken:`);
				for (const problem of parsed.problems) log(`${path}: ${problem}`);
				continue;
			}
			files.push({ name: basename(path), digest, text });
			samples.push(...parsed.samples);
		} catch (error) {
			if (!(error instanceof OperationalError)) throw error;
			log(`samples are published without this file: ${error.message}`);
		}
	}
	const limits = listOf(raw["sampleLimits"]).flatMap((each): SampleLimit[] => {
		const fields = objectOf(each);
		const parameter = sampleParameter(textOf(fields["parameter"]));
		const [low, high] = [boundOf(fields["low"]), boundOf(fields["high"])];
		const reason = textOf(fields["reason"]);
		const of = textOf(fields["class"]);
		if (parameter !== undefined && reason !== "" && of !== "" && (low !== null || high !== null))
			return [{ class: of, parameter, low, high, reason }];
		log("a limit of samples is not taken: it needs class, parameter, low or high, and reason");
		return [];
	});
	return new Samples(files, samples, limits);
}

function boundOf(value: unknown): number | null {
	return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function siteOf(station: string, fields: Record<string, unknown>): Site {
	const name = textOf(fields["name"]) || station;
	return {
		name,
		nameSr: textOf(fields["nameSr"]) || name,
		nameCyrl: cyrillicOf(textOf(fields["nameSr"])) || name,
		place: textOf(fields["place"]),
		latitude: within(fields["latitude"], 90),
		longitude: within(fields["longitude"], 180),
		zone: zoneOf(textOf(fields["zone"])),
		class: textOf(fields["class"]),
		number: numberOf(fields["number"]),
		isExample: fields["isExample"] === true,
	};
}

function zoneOf(name: string): string {
	if (name === "") return "Europe/Belgrade";
	try {
		new Intl.DateTimeFormat("en", { timeZone: name });
		return name;
	} catch (error) {
		if (error instanceof RangeError) throw new OperationalError(`zone ${name} is not known`);
		throw error;
	}
}

function within(value: unknown, most: number): number | null {
	return typeof value === "number" && Math.abs(value) <= most ? value : null;
}

function numberOf(value: unknown): number | null {
	const isNumber = typeof value === "number" && Number.isInteger(value) && value >= 1;
	return isNumber && value <= STATION_NUMBER_MAX ? value : null;
}

function textOf(value: unknown): string {
	return typeof value === "string" ? value.slice(0, TEXT_CHARACTERS_MAX) : "";
}

/** Only what a link may lead to. */
function webAddress(value: unknown): string {
	const text = textOf(value);
	return /^https?:\/\/[^\s"'<>]+$/.test(text) ? text : "";
}

function objectOf(value: unknown): Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value)
		? (value as Record<string, unknown>)
		: {};
}

function listOf(value: unknown): readonly unknown[] {
	return Array.isArray(value) ? value : [];
}

function parsedFile(path: string, text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		if (error instanceof SyntaxError) throw new OperationalError(`${path}: is no JSON`);
		throw error;
	}
}

function readBounded(path: string, most: number): { text: string; digest: string } {
	try {
		if (statSync(path).size > most) throw new OperationalError(`${path}: more than ${most} bytes`);
		const bytes = readFileSync(path);
		const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
		return { text, digest: createHash("sha256").update(bytes).digest("hex") };
	} catch (error) {
		if (error instanceof OperationalError) throw error;
		if (error instanceof TypeError) throw new OperationalError(`${path}: is no UTF-8`);
		const { code } = error as NodeJS.ErrnoException;
		throw new OperationalError(`${path}: cannot be read (${code})`);
	}
}
