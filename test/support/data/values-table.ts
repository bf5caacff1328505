/** The published table of entries in memory, by the programs' own code. */
import { createHash } from "node:crypto";
import { hexOf } from "../../../src/core/bytes.js";
import {
	type Parsed,
	parseApprovals,
	parseCorrections,
	parsePolicy,
	policiesInOrder,
} from "../../../src/protocol/audit/documents.js";
import {
	csvHeader,
	csvLineOf,
	type PublishedRow,
	PublishedValues,
	VALUE_COLUMNS,
} from "../../../src/protocol/audit/published-values.js";
import { encodeEntry } from "../../../src/protocol/record/entry.js";
import type { Entry } from "../../../src/protocol/record/entry-layouts.js";

import type { XsEngine } from "../engines/xs-engine.js";
import { commandsOf, type DocumentText, type ValuesRequest } from "../engines/xs-values.js";

export interface ValuesInput {
	readonly station: string;
	readonly entries: readonly Entry[];
	readonly policies: readonly string[];
	readonly corrections?: string | undefined;
	readonly approvals?: string | undefined;
}

export function documentOf<Document>(parsed: Parsed<Document>): Document {
	if ("document" in parsed) return parsed.document;
	throw new Error(parsed.problems.join("; "));
}

export function digestOf(text: string): string {
	return createHash("sha256").update(text).digest("hex");
}

export function valuesRows(input: ValuesInput): PublishedRow[] {
	const rows: PublishedRow[] = [];
	const { station, entries, corrections, approvals } = input;
	const table = new PublishedValues({
		station,
		policies: documentOf(
			policiesInOrder(input.policies.map((text) => documentOf(parsePolicy(text, digestOf(text))))),
		),
		corrections:
			corrections === undefined
				? undefined
				: documentOf(parseCorrections(corrections, digestOf(corrections))),
		approvals:
			approvals === undefined
				? undefined
				: documentOf(parseApprovals(approvals, digestOf(approvals))),
		onRow: (row) => rows.push(row),
	});
	for (const entry of entries) table.observe(entry);
	for (const entry of entries) table.take(entry);
	table.end();
	return rows;
}

export function valuesTable(input: ValuesInput): string {
	return (
		csvHeader() +
		valuesRows(input)
			.map(({ cells }) => csvLineOf(cells))
			.join("")
	);
}

/** A row as names and cells. */
export function cellsByName({ cells }: PublishedRow): Readonly<Record<string, string>> {
	return Object.fromEntries(VALUE_COLUMNS.map(({ name }, at) => [name, cells[at] ?? ""]));
}

/** The same as a request to another engine. */
export function valuesRequest(input: ValuesInput): ValuesRequest {
	const documentText = (text: string): DocumentText => ({ text, digest: digestOf(text) });
	return {
		station: input.station,
		entries: input.entries.map((entry) => hexOf(encodeEntry(entry))),
		policies: input.policies.map(documentText),
		corrections: input.corrections === undefined ? undefined : documentText(input.corrections),
		approvals: input.approvals === undefined ? undefined : documentText(input.approvals),
	};
}

/** The table by the XS worker, which has imported xs-values.js. Commands are ASCII, whatever names documents hold. */
export async function valuesTableOnXs(xs: XsEngine, input: ValuesInput): Promise<string> {
	let table = "";
	for (const command of commandsOf(valuesRequest(input))) {
		const ascii = JSON.stringify(command).replace(
			/[^ -~]/g,
			(character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
		);
		table += (await xs.command(ascii)).text;
	}
	return table;
}
