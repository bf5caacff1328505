/** Operators' documents as files: read within bounds, all problems listed, digests shown. */

import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { OperationalError } from "../host/errors.js";
import { type OutputFormat, printJson } from "../host/output.js";
import { CalibrationLog } from "../protocol/audit/calibration-log.js";
import type { DocumentKind } from "../protocol/audit/document-schemas.js";
import {
	type Approvals,
	bytesMaxOf,
	type Corrections,
	DOCUMENT_BYTES_MAX,
	documentKindOf,
	type Named,
	type Parsed,
	POLICY_BYTES_MAX,
	type Policy,
	parseApprovals,
	parseCorrections,
	parsePolicy,
	parseProposal,
	parseVisits,
	policiesInOrder,
	type Visit,
	type Visits,
} from "../protocol/audit/documents.js";
import { proposedCorrections } from "../protocol/audit/proposal.js";
import { RecordedVisits } from "../protocol/audit/recorded-visits.js";
import { DerivationContext } from "../protocol/record/derive.js";
import { decodeEntry } from "../protocol/record/entry.js";
import type { EntrySource } from "./readings.js";

type Print = (line: string) => void;

export interface DocumentPaths {
	readonly policy?: readonly string[] | undefined;
	readonly corrections?: string | undefined;
	readonly approvals?: string | undefined;
}

export interface OperatorDocuments {
	readonly policies: readonly Policy[];
	readonly corrections: Corrections | undefined;
	readonly approvals: Approvals | undefined;
}

const PARSERS: Readonly<Record<DocumentKind, (text: string, digest: string) => Parsed<Named>>> =
	Object.freeze({
		"bistrina-policy": parsePolicy,
		"bistrina-corrections": parseCorrections,
		"bistrina-correction-proposal": parseProposal,
		"bistrina-visits": parseVisits,
		"bistrina-approvals": parseApprovals,
	});

/** What a table needs. Says every problem of every file, then throws OperationalError. */
export function readDocuments(
	{ policy = [], corrections, approvals }: DocumentPaths,
	station: string,
	print: Print,
): OperatorDocuments {
	const reader = new DocumentReader(station, print);
	const policies = policy.flatMap((path) => reader.read(path, parsePolicy) ?? []);
	const documents = {
		corrections: corrections === undefined ? undefined : reader.read(corrections, parseCorrections),
		approvals: approvals === undefined ? undefined : reader.read(approvals, parseApprovals),
	};
	const ordered = policiesInOrder(policies);
	if ("problems" in ordered)
		for (const problem of ordered.problems) reader.report("policies", problem);
	reader.finish();
	return { policies: "document" in ordered ? ordered.document : [], ...documents };
}

/** Checks documents of any kind. Exit 0 when nothing is wrong with any, else 1. */
export function showDocuments(
	paths: readonly string[],
	format: OutputFormat,
	print: Print,
): number {
	let wrong = 0;
	for (const path of paths) {
		const { kind = null, digest = null, parsed } = checked(path);
		const problems = "problems" in parsed ? parsed.problems : [];
		if (problems.length > 0) wrong++;
		const version = "document" in parsed ? parsed.document.version : null;
		if (format === "json" || format === "jsonl") {
			printJson({ path, kind, version, sha256: digest, problems });
			continue;
		}
		for (const problem of problems) print(`${path}: ${problem}`);
		if (version !== null) process.stdout.write(`${digest}  ${path}  ${kind} version ${version}\n`);
	}
	return wrong === 0 ? 0 : 1;
}

interface Checked {
	readonly kind?: DocumentKind;
	readonly digest?: string;
	readonly parsed: Parsed<Named>;
}

/** One file that cannot be read says so like one that is wrong: the next is looked at all the same. */
function checked(path: string): Checked {
	try {
		const { text, digest, size } = readText(path, DOCUMENT_BYTES_MAX);
		const found = documentKindOf(text);
		if ("problem" in found) return { digest, parsed: { problems: [found.problem] } };
		const { kind } = found;
		const most = bytesMaxOf(kind);
		const parsed = size > most ? { problems: [tooLong(size, most)] } : PARSERS[kind](text, digest);
		return { kind, digest, parsed };
	} catch (error) {
		if (!(error instanceof OperationalError)) throw error;
		return { parsed: { problems: [error.message.replace(`${path}: `, "")] } };
	}
}

/** Prints what visits propose. */
export function propose(path: string, station: string, print: Print): number {
	const reader = new DocumentReader(station, print);
	const visits: Visits | undefined = reader.read(path, parseVisits);
	reader.finish();
	return printProposal(visits?.visits ?? [], station, print);
}

/** Prints what the visits that a station recorded itself propose. */
export async function proposeFromRecord(
	source: EntrySource,
	station: string,
	print: Print,
): Promise<number> {
	const context = new DerivationContext();
	await source((canonicalBytes) => context.observe(decodeEntry(canonicalBytes)));
	const log = new CalibrationLog();
	const visits = new RecordedVisits();
	await source((canonicalBytes) => {
		const entry = decodeEntry(canonicalBytes);
		const derived = context.derive(entry);
		if (derived !== undefined) visits.read(entry, derived);
		const logged = log.observe(entry);
		if (logged !== undefined) visits.observe(logged);
	});
	print(
		`${visits.visits().length} visits in the record; without a field meter the river is taken to`,
	);
	print("have stood still between the readings before and after a cleaning");
	return printProposal(visits.visits(), station, print);
}

function printProposal(visits: readonly Visit[], station: string, print: Print): number {
	const corrections = proposedCorrections(visits);
	const head = { document: "bistrina-correction-proposal", schema: 1, station, version: 1 };
	process.stdout.write(`${JSON.stringify({ ...head, corrections }, null, "\t")}\n`);
	for (const { id, decision, reason } of corrections) print(`${id}: ${decision}; ${reason}`);
	print(
		"a proposal corrects nothing: decide on each, name the document bistrina-corrections, add operator and date",
	);
	return 0;
}

class DocumentReader {
	readonly #station: string;
	readonly #print: Print;
	#problemCount = 0;

	constructor(station: string, print: Print) {
		this.#station = station;
		this.#print = print;
	}

	/** Undefined where it has problems, which are said. */
	read<Document extends Named>(
		path: string,
		parse: (text: string, digest: string) => Parsed<Document>,
	): Document | undefined {
		const isPolicy = (parse as unknown) === parsePolicy;
		const { text, digest } = readText(path, isPolicy ? POLICY_BYTES_MAX : DOCUMENT_BYTES_MAX);
		const parsed = parse(text, digest);
		if ("problems" in parsed) {
			for (const problem of parsed.problems) this.report(path, problem);
			return undefined;
		}
		const { station } = parsed.document;
		if (station === this.#station || (station === "*" && isPolicy)) return parsed.document;
		this.report(path, `is of station ${station}, not of ${this.#station}`);
		return undefined;
	}

	report(where: string, problem: string): void {
		this.#problemCount++;
		this.#print(`${where}: ${problem}`);
	}

	finish(): void {
		if (this.#problemCount === 0) return;
		throw new OperationalError(
			`${this.#problemCount} ${this.#problemCount === 1 ? "problem" : "problems"} in the documents; docs/VALUES.md says what they may hold`,
		);
	}
}

function tooLong(size: number, bytesMax: number): string {
	return `${size} bytes, a document of its kind has ${bytesMax} at most`;
}

/** A file's text and the SHA-256 of its bytes. Throws OperationalError, also for what is no UTF-8 or too long. */
function readText(path: string, bytesMax: number): { text: string; digest: string; size: number } {
	let file: number | undefined;
	try {
		file = openSync(path, "r");
		const { size } = fstatSync(file);
		if (size > bytesMax) {
			throw new OperationalError(`${path}: ${tooLong(size, bytesMax)}`);
		}
		const bytes = readFileSync(file);
		const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
		return { text, digest: createHash("sha256").update(bytes).digest("hex"), size };
	} catch (error) {
		if (error instanceof OperationalError) throw error;
		if (error instanceof TypeError) throw new OperationalError(`${path}: is no UTF-8`);
		const { code } = error as NodeJS.ErrnoException;
		if (code === undefined) throw error;
		throw new OperationalError(`${path}: cannot be read (${code})`);
	} finally {
		if (file !== undefined) closeSync(file);
	}
}
