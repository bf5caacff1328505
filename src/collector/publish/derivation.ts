/** From entries of a record to rows of the published table and marks, in slices between which others get a turn. */
import type { Approvals, Corrections, Policy } from "../../protocol/audit/documents.js";
import { PublishedValues } from "../../protocol/audit/published-values.js";
import type { RecordKnowledge } from "../../protocol/audit/record-knowledge.js";
import { decodeEntry } from "../../protocol/record/entry.js";
import { type PackedEntries, type Position, unpacked } from "./record-reader.js";
import type { DayRow, Mark } from "./station-day.js";

/** What an operator says of a station's values (docs/VALUES.md). */
export interface StationDocuments {
	/** By rising version. */
	readonly policies: readonly Policy[];
	readonly corrections: Corrections | undefined;
	readonly approvals: Approvals | undefined;
}

export interface DatedRow extends DayRow {
	/** Unix seconds; undefined where nothing dates it. */
	readonly seconds: number | undefined;
}

export interface DerivationOptions {
	readonly station: string;
	readonly documents: StationDocuments;
	/** Of the whole record, by now. */
	readonly knowledge: RecordKnowledge;
	/** By rising (epoch, sequence), from the beginning or from far enough before what is kept. */
	readonly pages: readonly PackedEntries[];
	/** What comes up to here only gives the tests their neighbours. */
	readonly keptAfter?: Position | undefined;
	readonly onRow: (row: DatedRow) => void;
	readonly onMark: (mark: Mark) => void;
	/** Between two pages. */
	readonly rest: () => Promise<void>;
}

export async function derive(options: DerivationOptions): Promise<void> {
	const { station, documents, knowledge, pages, keptAfter, onRow, onMark, rest } = options;
	const isKept = ({ epoch, sequence }: Position): boolean =>
		keptAfter === undefined ||
		epoch > keptAfter.epoch ||
		(epoch === keptAfter.epoch && sequence > keptAfter.sequence);
	const table = new PublishedValues({
		station,
		...documents,
		knowledge,
		onRow: (row) => {
			const { epoch, sequence, seconds, cells } = row;
			if (isKept(row)) onRow({ epoch, sequence, seconds, cells });
		},
	});
	for (const page of pages) {
		for (const canonicalBytes of unpacked(page)) {
			const entry = decodeEntry(canonicalBytes);
			if (entry.kind === "reading") table.take(entry);
			else if (isKept(entry)) {
				const resolved = knowledge.resolve(entry);
				onMark({
					epoch: entry.epoch,
					sequence: entry.sequence,
					seconds: resolved?.utcSeconds,
					uncertaintyMilliseconds: resolved?.uncertaintyMilliseconds,
					canonicalBytes: new Uint8Array(canonicalBytes),
				});
			}
		}
		await rest();
	}
	table.end();
}
