/** The commands that need no station: journals of pulled flash, and the proofs of a record. */
import { readFileSync } from "node:fs";
import { hexOf } from "../core/bytes.js";
import type { Standing, Verification } from "../protocol/verify-chain.js";
import { type EntryRow, ROW_COLUMNS, rowsOf } from "./entry-rows.js";
import { isExportedFile, readExportedFile } from "./export-file.js";
import { type ImageReport, readImage } from "./journal-image-file.js";
import { TechnicianTrouble } from "./line.js";
import { csvLine, type OutputFormat, printJson, printPairs, printTable } from "./output.js";

/** How entries stand, for people: every one that is there is signed, and most are chained too. */
const STANDINGS: Readonly<Record<Standing, string>> = Object.freeze({
	chained: "signed and chained",
	signed: "signed, but not chained",
	gap: "lost, and the station says so",
	missing: "missing without a word",
});

/** Reads an image of flash or an exported journal; says on stderr what it skipped. */
export function showJournal(
	path: string,
	format: OutputFormat,
	say: (line: string) => void,
): number {
	const bytes = readBytes(path);
	const journal = isExportedFile(bytes)
		? { ...readExportedFile(path, bytes), report: undefined }
		: readImage(bytes);
	if (journal === undefined) {
		throw new TechnicianTrouble(
			`${path}: no journal in it; give the raw image of the partition "readings", or an export`,
		);
	}
	const { station, epoch, entries, report } = journal;
	const rows = rowsOf(entries);
	if (report !== undefined) tellSkipped(report, say);
	say(`${station}, epoch ${epoch}: ${entries.length} entries`);
	if (format === "json") printJson({ station, epoch, report: report ?? null, entries: rows });
	else if (format === "jsonl") for (const row of rows) printJson(row);
	else printCsv(rows);
	return 0;
}

/** Exit 0 when everything is proven and nothing is missing without a word, else 1. */
export function showVerification(
	verification: Verification,
	format: OutputFormat,
	say: (line: string) => void,
): number {
	const { isSound, ranges, heads, findings, findingCount, counts } = verification;
	if (format === "json" || format === "jsonl") {
		printJson({
			isSound,
			counts,
			ranges,
			heads: heads.map((each) => ({ ...each, head: each.head && hexOf(each.head) })),
			findings,
			findingCount,
		});
	} else {
		const shown = ranges.map(({ epoch, first, last, standing, note }) => ({
			epoch,
			first,
			last,
			standing: STANDINGS[standing],
			note: note === "" ? null : note,
		}));
		if (shown.length > 0) printTable(shown);
		const newest = heads.at(-1);
		printPairs({
			[STANDINGS.chained]: counts.chained,
			[STANDINGS.signed]: counts.signed,
			[STANDINGS.gap]: counts.gap,
			[STANDINGS.missing]: counts.missing,
			"batches with a good signature": heads.length,
			...(newest?.head === undefined ? {} : { "newest head": hexOf(newest.head) }),
		});
		for (const { kind, where, text } of findings) say(`${kind} at ${where}: ${text}`);
		const more = findingCount - findings.length;
		if (more > 0) say(`and ${more} findings more`);
		say(isSound ? "sound" : "NOT sound");
	}
	return isSound ? 0 : 1;
}

/** Signed batches out of a file. Throws TechnicianTrouble, also for a journal, which has no signatures. */
export function readRecord(path: string): Uint8Array {
	const bytes = readBytes(path);
	if (!isExportedFile(bytes)) return bytes;
	throw new TechnicianTrouble(
		`${path}: a station's journal, which is signed only when it is delivered; ` +
			"verify a collector's database (--data, --postgres) or a file that `record` wrote from one",
	);
}

/** A file's bytes. Throws TechnicianTrouble. */
function readBytes(path: string): Uint8Array {
	try {
		return new Uint8Array(readFileSync(path));
	} catch (error) {
		throw new TechnicianTrouble(
			`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`,
		);
	}
}

function printCsv(rows: readonly EntryRow[]): void {
	process.stdout.write(csvLine(ROW_COLUMNS));
	for (const row of rows) process.stdout.write(csvLine(ROW_COLUMNS.map((name) => row[name])));
}

function tellSkipped(report: ImageReport, say: (line: string) => void): void {
	const told: readonly (readonly [number, string])[] = [
		[
			report.unreadableSectors,
			"sectors skipped: no header that can be read (torn, rotten, not ours)",
		],
		[report.newerSectors, "sectors skipped: of a newer format, use newer tools"],
		[report.staleSectors, "sectors skipped: left from an earlier lap or another journal"],
		[report.tornSlots, "slots of 16 bytes skipped: torn by a power cut, or rotten"],
		[report.correctedBits, "bits put right"],
		[report.brokenChains, "sectors do not chain to the next: ALTERED; check a delivered record"],
	];
	for (const [count, text] of told) if (count > 0) say(`${count} ${text}`);
	for (const { first, last } of report.missing) {
		say(`missing: ${first === last ? `entry ${first}` : `entries ${first} to ${last}`}`);
	}
}
