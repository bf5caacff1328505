/** The proof: envelopes as they came, heads, gaps, keys; and marks as a table. */
import { createSha256 } from "../../core/sha256.js";
import { csvCell } from "../../host/csv.js";
import { type ExportFormat, ExportWriter } from "../../protocol/audit/batch-archive.js";
import type { DayCache } from "./day-cache.js";
import type { PublishedStation } from "./library.js";
import type { ShownMark } from "./marks.js";

const PIECE_BYTES = 65_536;

/** The file that `bistrina record` writes: `bistrina verify` takes it as it is. */
export async function* recordFile(
	cache: DayCache,
	{ station }: PublishedStation,
	format: ExportFormat,
): AsyncGenerator<Uint8Array> {
	const writer = new ExportWriter(format, station, createSha256());
	let held: Uint8Array[] = [];
	let length = 0;
	for (const { envelope } of cache.envelopes(station)) {
		const item = writer.item(envelope);
		held.push(item);
		length += item.length;
		if (length < PIECE_BYTES) continue;
		yield Buffer.concat(held);
		[held, length] = [[], 0];
		await new Promise((resolve) => setImmediate(resolve));
	}
	yield Buffer.concat([...held, writer.end()]);
}

/** Ranges that are not there: named as lost by the station with its reason, and those that nobody named. */
export function gapsOf({ index, station }: PublishedStation) {
	const { coverage, gaps, floors } = index.facts;
	const unnamed = floors.flatMap(({ epoch }) => {
		let end = 0;
		return coverage
			.filter((range) => range.epoch === epoch)
			.flatMap(({ first, last }) => {
				const hole = { epoch, first: end + 1, last: first - 1 };
				end = last;
				return hole.first <= hole.last ? [hole] : [];
			});
	});
	return { station, named: gaps, unnamed };
}

const MARK_COLUMNS = Object.freeze([
	"epoch",
	"sequence",
	"time",
	"kind",
	"name",
	"channel",
	"text",
]);

export function marksCsv(marks: readonly ShownMark[]): string {
	const lines = marks.map((mark) =>
		[
			String(mark.epoch),
			String(mark.sequence),
			mark.time ?? "",
			mark.kind,
			mark.name,
			mark.channel ?? "",
			mark.text,
		]
			.map(csvCell)
			.join(","),
	);
	return [MARK_COLUMNS.join(","), ...lines, ""].join("\r\n");
}
