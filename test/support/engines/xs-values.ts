/**
 * The published table by portable modules alone, for another engine: a request as JSON text in, the table out, piece by piece. On XS
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
import type { Entry } from "../../../src/protocol/record/entry-layouts.js";

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

/** In turn: begin, observe all, take all, end. The answer is the lines that are ready. */
export type ValuesCommand =
	| { readonly kind: "begin"; readonly documents: Omit<ValuesRequest, "entries"> }
	| { readonly kind: "observe" | "take"; readonly entries: readonly string[] }
	| { readonly kind: "end" };

export class ValuesEngine {
	#table: PublishedValues | undefined;
	/** Joined once: XS copies a text each time that one is added to it. */
	#lines: string[] = [];

	obey(command: ValuesCommand): string {
		switch (command.kind) {
			case "begin":
				this.#begin(command.documents);
				break;
			case "observe":
				for (const entry of decoded(command.entries)) this.#table?.observe(entry);
				break;
			case "take":
				for (const entry of decoded(command.entries)) this.#table?.take(entry);
				break;
			case "end":
				this.#table?.end();
		}
		const lines = this.#lines;
		this.#lines = [];
		return lines.join("");
	}

	#begin({ station, policies, corrections, approvals }: Omit<ValuesRequest, "entries">): void {
		this.#lines.push(csvHeader());
		this.#table = new PublishedValues({
			station,
			policies: documentOf(
				policiesInOrder(policies.map(({ text, digest }) => documentOf(parsePolicy(text, digest)))),
			),
			corrections:
				corrections && documentOf(parseCorrections(corrections.text, corrections.digest)),
			approvals: approvals && documentOf(parseApprovals(approvals.text, approvals.digest)),
			onRow: ({ cells }) => this.#lines.push(csvLineOf(cells)),
		});
	}
}

/** Few enough that XS, which walks a text to each of its places, is done soon. */
const ENTRIES_PER_COMMAND = 24;

/** A request as commands. */
export function* commandsOf({ entries, ...documents }: ValuesRequest): Generator<ValuesCommand> {
	yield { kind: "begin", documents };
	for (const kind of ["observe", "take"] as const) {
		for (let first = 0; first < entries.length; first += ENTRIES_PER_COMMAND) {
			yield { kind, entries: entries.slice(first, first + ENTRIES_PER_COMMAND) };
		}
	}
	yield { kind: "end" };
}

/** The whole at once. */
export function valuesCsv(request: ValuesRequest): string {
	const engine = new ValuesEngine();
	return [...commandsOf(request)].map((command) => engine.obey(command)).join("");
}

function decoded(entries: readonly string[]): Entry[] {
	return entries.map((hex) => decodeEntry(bytesOfHex(hex) ?? new Uint8Array(0)));
}

function documentOf<Document>(parsed: Parsed<Document>): Document {
	if ("document" in parsed) return parsed.document;
	throw new Error(parsed.problems.join("; "));
}

const engine = new ValuesEngine();

Object.defineProperty(globalThis, "handleCommand", {
	configurable: true,
	value: (message: ArrayBuffer): ArrayBuffer => {
		const command = JSON.parse(asciiText(new Uint8Array(message))) as ValuesCommand;
		return asciiBytes(engine.obey(command)).slice().buffer;
	},
});
