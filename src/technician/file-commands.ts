/** The commands that need no station: journals of pulled flash, and the proofs of a record. */

import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { hexOf } from "../core/bytes.js";
import { OperationalError } from "../host/errors.js";
import { csvLine, type OutputFormat, printJson, printPairs, printTable } from "../host/output.js";
import type { Finding, FindingKind } from "../protocol/audit/finding.js";
import type { Standing, Verification } from "../protocol/audit/verify-chain.js";
import { type EntryRow, ROW_COLUMNS, rowsOf } from "./entry-rows.js";
import { type ExportedJournal, isExportedFile, readExportedFile } from "./export-file.js";
import { type ImageEpoch, type ImageReport, readImage } from "./journal-image-file.js";
import { rangeText, type SequenceRange } from "./sequence-ranges.js";

/** Of one kind; what follows them is counted. */
const FAULTS_SHOWN = 3;

const PIECE_BYTES = 1 << 20;

/** How entries stand, for people: every one that is there is signed, and most are chained too. */
const STANDINGS: Readonly<Record<Standing, string>> = Object.freeze({
	chained: "signed and chained",
	signed: "signed, but not chained",
	gap: "lost, and the station says so",
	missing: "missing without a word",
});

/**
 * Reads an image of flash or an exported journal; says on stderr what it skipped and what is missing.
 * Exit 1 when lines of an export are not as they were written, or anything of an image's ring is missing,
 * absent or altered.
 */
export function showJournal(
	path: string,
	format: OutputFormat,
	say: (line: string) => void,
): number {
	const bytes = readBytes(path);
	if (isExportedFile(bytes)) {
		const journal = readExportedFile(path, bytes);
		tellOfExport(journal, say);
		const entries = journal.entries.map(({ canonical }) => canonical);
		showEntries({ ...journal, entries, report: null }, format, say);
		return journal.damage.length > 0 ? 1 : 0;
	}
	const image = readImage(bytes);
	if (image === undefined) {
		throw new OperationalError(
			`${path}: no journal in it; give a raw image with the partition "readings" in it, or an export`,
		);
	}
	tellSkipped(image.report, say);
	showEntries(image, format, say);
	return image.report.isWhole ? 0 : 1;
}

interface ShownJournal {
	readonly station: string;
	readonly epoch: number;
	/** Canonical bytes, ascending. */
	readonly entries: readonly Uint8Array[];
	readonly report: ImageReport | null;
	/** Of an image: epochs before this one. */
	readonly formers?: readonly ImageEpoch[];
}

function showEntries(
	{ station, epoch, entries, report, formers = [] }: ShownJournal,
	format: OutputFormat,
	say: (line: string) => void,
): void {
	const rows = [...formers.flatMap((former) => rowsOf(former.entries)), ...rowsOf(entries)];
	for (const former of formers) {
		tellMissing(former.missing, say, former.epoch);
		say(`${station}, former epoch ${former.epoch}: ${former.entries.length} entries`);
	}
	say(`${station}, epoch ${epoch}: ${entries.length} entries`);
	if (format === "json") printJson({ station, epoch, report, entries: rows.map(wholeRow) });
	else if (format === "jsonl") for (const row of rows) printJson(wholeRow(row));
	else printCsv(rows);
}

/** Every column, as in every other JSON of the program: what there is not is null. */
function wholeRow(row: EntryRow): Readonly<Record<string, string | number | null>> {
	return Object.fromEntries(ROW_COLUMNS.map((name) => [name, row[name] ?? null]));
}

/** Exit 0 when everything is proven and nothing is missing without a word, else 1. */
export function showVerification(
	verification: Verification,
	format: OutputFormat,
	say: (line: string) => void,
): number {
	const { isSound, ranges, batchCount, findings, findingCount, counts } = verification;
	if (format === "json" || format === "jsonl") {
		printJson({
			isSound,
			counts,
			ranges: ranges.map((range) => ({
				...range,
				head: range.head === undefined ? null : hexOf(range.head),
			})),
			batchCount,
			findings,
			findingCount,
		});
	} else {
		const shown = ranges.map(({ epoch, first, last, standing, note, mark }) => ({
			epoch,
			first,
			last,
			standing: STANDINGS[standing],
			note: [note, mark].filter((text) => text !== "").join("; ") || null,
		}));
		if (shown.length > 0) printTable(shown);
		const ends = new Map<string, string>();
		for (const { epoch, last, head } of ranges) {
			if (head !== undefined) ends.set(`head of ${epoch}`, `${hexOf(head)} (entry ${last})`);
		}
		printPairs({
			[STANDINGS.chained]: counts.chained,
			[STANDINGS.signed]: counts.signed,
			[STANDINGS.gap]: counts.gap,
			[STANDINGS.missing]: counts.missing,
			"batches with a good signature": batchCount,
			...Object.fromEntries(ends),
		});
		tellFindings(verification, say);
		say(isSound ? "sound" : "NOT sound");
	}
	return isSound ? 0 : 1;
}

/** The first of each kind: a wrong key is found at every batch, and the rest would scroll away. */
function tellFindings(
	{ batchCount, findings, findingCount }: Verification,
	say: (line: string) => void,
): void {
	const byKind = new Map<FindingKind, Finding[]>();
	for (const finding of findings) {
		const those = byKind.get(finding.kind);
		if (those === undefined) byKind.set(finding.kind, [finding]);
		else those.push(finding);
	}
	const unsigned = byKind.get("bad-signature");
	if (batchCount === 0 && unsigned !== undefined) {
		byKind.delete("bad-signature");
		say(`bad-signature at ${unsigned.length} batches, good at none: is this the station's key?`);
	}
	for (const [kind, those] of byKind) {
		for (const { where, text } of those.slice(0, FAULTS_SHOWN)) say(`${kind} at ${where}: ${text}`);
		const more = those.length - FAULTS_SHOWN;
		if (more > 0) say(`and ${more} more of ${kind}`);
	}
	const untold = findingCount - findings.length;
	if (untold > 0) say(`and ${untold} findings more`);
}

/**
 * A file of signed batches, piece by piece. Throws OperationalError, also for a journal, which has no
 * signatures.
 */
export function* readRecord(path: string): Generator<Uint8Array> {
	for (const piece of piecesOf(path)) {
		if (piece.isFirst && isExportedFile(piece.bytes)) {
			throw new OperationalError(
				`${path}: a station's journal, which is signed only when it is delivered; ` +
					"verify a collector's database (--data, --postgres) or a file that `record` wrote from one",
			);
		}
		yield piece.bytes;
	}
}

/** A file's bytes, some at a time. Throws OperationalError. */
export function* piecesOf(path: string): Generator<{ bytes: Uint8Array; isFirst: boolean }> {
	let file: number | undefined;
	try {
		file = openSync(path, "r");
		for (let isFirst = true; ; isFirst = false) {
			const buffer = new Uint8Array(PIECE_BYTES);
			const count = readSync(file, buffer);
			if (count === 0) return;
			yield { bytes: buffer.subarray(0, count), isFirst };
		}
	} catch (error) {
		if (error instanceof OperationalError) throw error;
		const { code } = error as NodeJS.ErrnoException;
		if (code === undefined) throw error;
		throw new OperationalError(`${path}: cannot be read (${code})`);
	} finally {
		if (file !== undefined) closeSync(file);
	}
}

/** A file's bytes. Throws OperationalError. */
function readBytes(path: string): Uint8Array {
	try {
		return new Uint8Array(readFileSync(path));
	} catch (error) {
		throw new OperationalError(
			`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`,
		);
	}
}

function printCsv(rows: readonly EntryRow[]): void {
	process.stdout.write(csvLine(ROW_COLUMNS));
	for (const row of rows) process.stdout.write(csvLine(ROW_COLUMNS.map((name) => row[name])));
}

function tellSkipped(report: ImageReport, say: (line: string) => void): void {
	if (report.offsetBytes !== 0) say(`the ring begins at byte ${report.offsetBytes} of the file`);
	const told: readonly (readonly [number, string])[] = [
		[
			report.absentSectors,
			`of ${report.sectors} sectors of the ring are NOT IN THE FILE: what they held is not known`,
		],
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
	tellMissing(report.missing, say);
}

function tellOfExport(journal: ExportedJournal, say: (line: string) => void): void {
	const { damage, missing, uncheckedCount } = journal;
	for (const text of damage.slice(0, FAULTS_SHOWN)) say(`${text}; skipped`);
	const more = damage.length - FAULTS_SHOWN;
	if (more > 0) say(`and ${more} lines more, skipped too`);
	tellMissing(missing, say);
	if (uncheckedCount > 0) {
		say(`${uncheckedCount} entries of an older program carry no check: damage would not show`);
	}
	say("not signed: only the collector's record proves who wrote it");
}

function tellMissing(
	missing: readonly SequenceRange[],
	say: (line: string) => void,
	epoch?: number,
): void {
	const of = epoch === undefined ? "" : ` of epoch ${epoch}`;
	for (const range of missing) say(`missing: ${rangeText(range)}${of}`);
}
