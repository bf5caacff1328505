/**
 * The published table by portable modules alone, for another engine: a request as JSON text in, the table out. On XS
 * it is the worker's `handleCommand`.
 */
import { asciiBytes, asciiText, bytesOfHex } from "../../../src/core/bytes.js";
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
	PublishedValues,
} from "../../../src/protocol/audit/published-values.js";
import { decodeEntry } from "../../../src/protocol/record/entry.js";

export interface DocumentText {
	/** Of the file's bytes, hexadecimal. */
	readonly digest: string;
	readonly text: string;
}

export interface ValuesRequest {
	readonly station: string;
	/** Canonical bytes, hexadecimal. */
	readonly entries: readonly string[];
	readonly policies: readonly DocumentText[];
	readonly corrections?: DocumentText | undefined;
	readonly approvals?: DocumentText | undefined;
}

export function valuesCsv({
	station,
	entries,
	policies,
	corrections,
	approvals,
}: ValuesRequest): string {
	let csv = csvHeader();
	const table = new PublishedValues({
		station,
		policies: documentOf(
			policiesInOrder(policies.map(({ text, digest }) => documentOf(parsePolicy(text, digest)))),
		),
		corrections: corrections && documentOf(parseCorrections(corrections.text, corrections.digest)),
		approvals: approvals && documentOf(parseApprovals(approvals.text, approvals.digest)),
		onRow: ({ cells }) => {
			csv += csvLineOf(cells);
		},
	});
	const decoded = entries.map((hex) => decodeEntry(bytesOfHex(hex) ?? new Uint8Array(0)));
	for (const entry of decoded) table.observe(entry);
	for (const entry of decoded) table.take(entry);
	table.end();
	return csv;
}

function documentOf<Document>(parsed: Parsed<Document>): Document {
	if ("document" in parsed) return parsed.document;
	throw new Error(parsed.problems.join("; "));
}

Object.defineProperty(globalThis, "handleCommand", {
	configurable: true,
	value: (message: ArrayBuffer): ArrayBuffer => {
		const request = JSON.parse(asciiText(new Uint8Array(message))) as ValuesRequest;
		return asciiBytes(valuesCsv(request)).slice().buffer;
	},
});
