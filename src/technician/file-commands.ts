/** The commands that need no station: journals of pulled flash, and the proofs of a record. */

import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { hexOf } from "../core/bytes.js";
import { OperationalError } from "../host/errors.js";
import type { Messages } from "../host/messages/messages.js";
import { csvLine, type OutputFormat, printJson, printPairs, printTable } from "../host/output.js";
import type { Finding, FindingKind } from "../protocol/audit/finding.js";
import type { EntryStatus, Verification } from "../protocol/audit/verify-chain.js";
import type { SequenceRange } from "../protocol/wire/acknowledgement.js";
import { type EntryRow, ROW_COLUMNS, rowsOf } from "./entry-rows.js";
import { type ExportedJournal, isExportedFile, readExportedFile } from "./journal-export.js";
import { type ImageEpoch, type ImageReport, readImage } from "./journal-image-file.js";
import { rangeText } from "./sequence-ranges.js";

/** Of one kind; what follows them is counted. */
const FAULTS_SHOWN = 3;

const PIECE_BYTES = 1 << 20;

/** Where a command prints, and in which language. */
export interface Terminal {
	readonly print: (line: string) => void;
	readonly messages: Messages;
}

/**
 * Reads an image of flash or an exported journal; prints on stderr what it skipped and what is missing.
 * Exit 1 when lines of an export are not as they were written, or anything of an image's ring is missing,
 * absent or altered.
 */
export function showJournal(path: string, format: OutputFormat, terminal: Terminal): number {
	const bytes = readBytes(path);
	if (isExportedFile(bytes)) {
		const journal = readExportedFile(path, bytes);
		printExportFaults(journal, terminal);
		const entries = journal.entries.map(({ canonicalBytes }) => canonicalBytes);
		showEntries({ ...journal, entries, report: null }, format, terminal);
		return journal.damage.length > 0 ? 1 : 0;
	}
	const image = readImage(bytes);
	if (image === undefined) {
		throw new OperationalError(
			`${path}: no journal in it; give a raw image with the partition "readings" in it, or an export`,
		);
	}
	printSkipped(image.report, terminal);
	showEntries(image, format, terminal);
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
	terminal: Terminal,
): void {
	const { print, messages } = terminal;
	const rows = [...formers.flatMap((former) => rowsOf(former.entries)), ...rowsOf(entries)];
	for (const former of formers) {
		printMissing(former.missing, terminal, former.epoch);
		const count = former.entries.length;
		print(messages.text("formerEntries", { station, epoch: former.epoch, count }));
	}
	print(messages.text("entries", { station, epoch, count: entries.length }));
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
	terminal: Terminal,
): number {
	const { print, messages } = terminal;
	const standingOf = (standing: EntryStatus): string => messages.word(`standing ${standing}`);
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
			standing: standingOf(standing),
			note: [note, mark].filter((text) => text !== "").join("; ") || null,
		}));
		if (shown.length > 0) printTable(shown, messages.name);
		const ends = new Map<string, string>();
		for (const { epoch, last, head } of ranges) {
			if (head !== undefined) {
				const end = { head: hexOf(head), sequence: last };
				ends.set(messages.text("head", { epoch }), messages.text("headOfEntry", end));
			}
		}
		printPairs({
			[standingOf("chained")]: counts.chained,
			[standingOf("signed")]: counts.signed,
			[standingOf("gap")]: counts.gap,
			[standingOf("missing")]: counts.missing,
			[messages.text("goodSignatures")]: batchCount,
			...Object.fromEntries(ends),
		});
		printFindings(verification, terminal);
		print(messages.text(isSound ? "sound" : "notSound"));
	}
	return isSound ? 0 : 1;
}

/** The first of each kind: a wrong key is found at every batch, and the rest would scroll away. */
function printFindings(
	{ batchCount, findings, findingCount }: Verification,
	{ print, messages }: Terminal,
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
		print(messages.text("noGoodSignature", { count: unsigned.length }));
	}
	for (const [kind, those] of byKind) {
		for (const { where, text } of those.slice(0, FAULTS_SHOWN)) {
			print(messages.text("finding", { kind, where, text }));
		}
		const more = those.length - FAULTS_SHOWN;
		if (more > 0) print(messages.text("moreOfKind", { count: more, kind }));
	}
	const unlistedCount = findingCount - findings.length;
	if (unlistedCount > 0) print(messages.text("moreFindings", { count: unlistedCount }));
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

function printSkipped(report: ImageReport, terminal: Terminal): void {
	const { print } = terminal;
	if (report.offsetBytes !== 0) print(`the ring begins at byte ${report.offsetBytes} of the file`);
	const counts: readonly (readonly [number, string])[] = [
		[
			report.absentSectors,
			`of ${report.sectors} sectors of the ring are NOT IN THE FILE: what they held is not known`,
		],
		[
			report.unreadableSectors,
			"sectors skipped: no header that can be read (torn, rotten, not ours)",
		],
		[
			report.lostSectors,
			"sectors HELD ENTRIES OR MAY HAVE that are not shown: with the header their numbers are lost, too",
		],
		[report.newerSectors, "sectors skipped: of a newer format, use newer tools"],
		[report.staleSectors, "sectors skipped: left from an earlier lap or another journal"],
		[report.tornSlots, "slots of 16 bytes skipped: torn by a power cut, or rotten"],
		[report.correctedBits, "bits put right"],
		[report.brokenChains, "sectors do not chain to the next: ALTERED; check a delivered record"],
	];
	for (const [count, text] of counts) if (count > 0) print(`${count} ${text}`);
	for (const { station, offsetBytes, usedSectors } of report.otherRings) {
		print(
			`ANOTHER RING, of ${station}, begins at byte ${offsetBytes} and has ${usedSectors} sectors in use: NOT SHOWN; cut the file there`,
		);
	}
	printMissing(report.missing, terminal);
}

function printExportFaults(journal: ExportedJournal, terminal: Terminal): void {
	const { print, messages } = terminal;
	const { damage, missing, uncheckedCount } = journal;
	for (const text of damage.slice(0, FAULTS_SHOWN)) print(messages.text("skipped", { text }));
	const more = damage.length - FAULTS_SHOWN;
	if (more > 0) print(messages.text("moreLines", { count: more }));
	printMissing(missing, terminal);
	if (uncheckedCount > 0) {
		print(messages.text("unchecked", { count: uncheckedCount }));
	}
	print(messages.text("notSigned"));
}

function printMissing(
	missing: readonly SequenceRange[],
	{ print, messages }: Terminal,
	epoch?: number,
): void {
	for (const each of missing) {
		const range = rangeText(each);
		print(
			epoch === undefined
				? messages.text("missing", { range })
				: messages.text("missingOfEpoch", { range, epoch }),
		);
	}
}
