/**
 * A journal fetched over the line: JSON lines, first whose it is, then one for each entry with its
 * canonical bytes, each with a check. It grows an entry at a time, so that an interrupted export goes
 * on; what lies in its holes is put in by writing it anew beside. docs/CONSOLE.md, "An exported file".
 */

import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { bytesOfBase64 } from "../core/base64.js";
import { asciiBytes, bytesOfHex, hexOf } from "../core/bytes.js";
import { crc32 } from "../core/crc32.js";
import { OperationalError } from "../host/errors.js";
import { Replacement, writing } from "../host/replace-file.js";
import type { ConsoleFields } from "../protocol/line/console.js";
import type { SequenceRange } from "../protocol/wire/acknowledgement.js";
import { journalPlaceOf, wholeOf } from "./answer-numbers.js";
import type { ConsoleClient } from "./client.js";
import { epochOf, isAtPosition, requirePosition } from "./entry-position.js";
import { rangesMissing } from "./sequence-ranges.js";

const FILE_NAME = "bistrinaJournal";
const FILE_VERSION = 1;
/** Between two of these the station may do other things, and a lost line costs at most so much. */
const ENTRIES_PER_REQUEST = 500;
/** Longest silence: 32 entries are read from flash before the first is sent. */

/** An entry and the line that holds it, as it was written. */
export interface ExportedEntry {
	readonly sequence: number;
	readonly canonicalBytes: Uint8Array;
	readonly line: string;
}

/** What an exported file holds. */
export interface ExportedJournal {
	readonly station: string;
	readonly epoch: number;
	readonly headLine: string;
	/** Ascending. */
	readonly entries: readonly ExportedEntry[];
	/** Sequence to continue from. */
	readonly next: number;
	/** Sequences before `next` that it should hold and does not. */
	readonly missing: readonly SequenceRange[];
	/** Lines that are not as they were written; none of them is among `entries`. */
	readonly damage: readonly string[];
	/** Entries of an older program, whose lines carry no check. */
	readonly uncheckedCount: number;
	/** Bytes up to the end of the last whole line. */
	readonly wholeBytes: number;
	/** False when the last whole line lacks its line feed. */
	readonly isEnded: boolean;
}

export interface ExportOutcome {
	readonly station: string;
	readonly epoch: number;
	/** Entries that came now, and those that the file holds with them. */
	readonly fetched: number;
	readonly held: number;
	/** Sequences that the file lacks and the station did not give: unreadable, or released before. */
	readonly missing: readonly SequenceRange[];
}

export interface ExportOptions {
	readonly path: string;
	/** From a fresh file's point of view; 1 is everything that is held. */
	readonly first: number;
	readonly onProgress?: (next: number, end: number) => void;
}

/** True when bytes begin like an exported file and not like flash. */
export function isExportedFile(bytes: Uint8Array): boolean {
	return Buffer.from(bytes.subarray(0, FILE_NAME.length + 3)).toString() === `{"${FILE_NAME}"`;
}

/**
 * Reads an exported file; what an interruption left of its last line is ignored, and a line that is
 * not as it was written is listed in `damage`. Throws OperationalError where no first line says whose
 * it is.
 */
export function readExportedFile(path: string, bytes: Uint8Array): ExportedJournal {
	const text = Buffer.from(bytes).toString("latin1");
	const [headLine = "", ...lines] = text.split("\n");
	const tail = lines.pop() ?? "";
	const head = parsed(path, headLine);
	const { [FILE_NAME]: version, station, epoch } = head;
	if (version !== FILE_VERSION || typeof station !== "string" || typeof epoch !== "number") {
		throw new OperationalError(`${path}: no journal of version ${FILE_VERSION}`);
	}
	// Only its end is missing: nothing that can be read is given up.
	const isTailWhole = typeof entryOfLine(tail, epoch) !== "string";
	if (isTailWhole) lines.push(tail);
	const wholeBytes = bytes.length - (isTailWhole ? 0 : tail.length);
	const damage: string[] = [];
	if (!isUnchecked(headLine) && !isChecked(headLine)) damage.push(`${path}:1: ${ALTERED}`);
	const entries: ExportedEntry[] = [];
	let uncheckedCount = 0;
	let next = typeof head["first"] === "number" ? head["first"] : undefined;
	const first = next;
	for (const [index, line] of lines.entries()) {
		const read = entryOfLine(line, epoch);
		if (typeof read === "string") damage.push(`${path}:${index + 2}: ${read}`);
		else if (read.sequence < (next ?? 1)) {
			damage.push(`${path}:${index + 2}: entry ${read.sequence} is not in its place`);
		} else {
			if (isUnchecked(line)) uncheckedCount++;
			entries.push(read);
			next = read.sequence + 1;
		}
	}
	next ??= 1;
	const sequences = entries.map(({ sequence }) => sequence);
	const missing = rangesMissing(sequences, first ?? sequences[0] ?? next, next);
	return {
		station,
		epoch,
		headLine,
		entries,
		next,
		missing,
		damage,
		uncheckedCount,
		wholeBytes,
		isEnded: !isTailWhole,
	};
}

/**
 * Fetches what the file at `path` lacks, after its end and in its holes, making it where there is
 * none. Throws what the client throws; everything that came before that is in the file, and a
 * repetition continues after it.
 */
export async function exportJournal(
	client: ConsoleClient,
	station: string,
	options: ExportOptions,
): Promise<ExportOutcome> {
	const { path } = options;
	const before = existsSync(path) ? readExisting(path) : undefined;
	if (before !== undefined) {
		requireUndamaged(path, before);
		if (before.station !== station) {
			throw new OperationalError(
				`${path}: holds the journal of ${before.station}, not of ${station}; choose another file`,
			);
		}
	}
	const came = await append(client, station, options, before);
	const { epoch, held, next } = came;
	const grown = readExisting(path);
	if (grown === undefined) {
		// The station holds nothing that was asked for.
		const missing = rangesMissing([], options.first, next);
		return { station, epoch, fetched: 0, held: 0, missing };
	}
	// What it did not give just now it will not give if asked again at once.
	const holes = (before?.missing ?? []).filter(({ last }) => last >= held);
	const found = await fillHoles(client, path, grown, holes);
	const sequences = [...grown.entries.map(({ sequence }) => sequence), ...found.keys()];
	sequences.sort((a, b) => a - b);
	const [hole] = grown.missing;
	const first = Math.min(hole?.first ?? next, sequences[0] ?? next);
	return {
		station,
		epoch,
		fetched: came.fetched + found.size,
		held: sequences.length,
		missing: rangesMissing(sequences, first, next),
	};
}

function requireUndamaged(path: string, { damage }: ExportedJournal): void {
	const [first] = damage;
	if (first === undefined) return;
	const more = damage.length > 1 ? ` (and ${damage.length - 1} lines more)` : "";
	const remedy = first.startsWith(`${path}:1: `)
		? "choose another file"
		: "choose another file, or take such lines out and the same command fetches them again";
	throw new OperationalError(`${first}${more}; ${remedy}`);
}

interface Appended {
	readonly epoch: number;
	readonly fetched: number;
	/** Lowest sequence that the station still holds. */
	readonly held: number;
	/** Where the station's journal ends. */
	readonly next: number;
}

/** Fetches what lies after the end of the file, a line at a time. */
async function append(
	client: ConsoleClient,
	station: string,
	{ path, first, onProgress }: ExportOptions,
	before: ExportedJournal | undefined,
): Promise<Appended> {
	let next = before?.next ?? first;
	let epoch = before?.epoch;
	let fetched = 0;
	const file = writing(path, () => openSync(path, before === undefined ? "w" : "r+", 0o644));
	let at = before?.wholeBytes ?? 0;
	const write = (line: string): void => {
		at += writing(path, () => writeSync(file, `${line}\n`, at, "latin1"));
	};
	try {
		if (before !== undefined) writing(path, () => ftruncateSync(file, before.wholeBytes));
		if (before?.isEnded === false) write("");
		for (;;) {
			const asked = next;
			const fields = await fetchEntries(
				client,
				{ first: next, count: ENTRIES_PER_REQUEST },
				epoch,
				(sequence, canonicalBytes) => {
					if (epoch === undefined) {
						epoch = epochOf(canonicalBytes, sequence);
						write(checkedLine({ [FILE_NAME]: FILE_VERSION, station, epoch, first }));
					}
					requirePosition(canonicalBytes, epoch, sequence);
					if (sequence < next) throw new OperationalError("the station sent an entry twice");
					write(lineOf(sequence, canonicalBytes));
					next = sequence + 1;
					fetched++;
				},
			);
			const place = journalPlaceOf(fields, asked);
			next = Math.max(next, place.next);
			epoch ??= wholeOf(fields, "epoch");
			onProgress?.(next, place.end);
			if (next >= place.end) return { epoch, fetched, held: wholeOf(fields, "held"), next };
		}
	} finally {
		closeSync(file);
	}
}

/** Fetches what lies in `holes` of the file and writes it anew with them; what came, by sequence. */
async function fillHoles(
	client: ConsoleClient,
	path: string,
	journal: ExportedJournal,
	holes: readonly SequenceRange[],
): Promise<ReadonlyMap<number, string>> {
	const { epoch } = journal;
	const found = new Map<number, string>();
	try {
		for (const hole of holes) {
			for (let next = hole.first; next <= hole.last; ) {
				const count = Math.min(ENTRIES_PER_REQUEST, hole.last - next + 1);
				const fields = await fetchEntries(
					client,
					{ first: next, count },
					epoch,
					(sequence, canonicalBytes) => {
						requirePosition(canonicalBytes, epoch, sequence);
						// A station that holds less begins later: what lies after the hole is there already.
						if (sequence <= hole.last) found.set(sequence, lineOf(sequence, canonicalBytes));
					},
				);
				const nextAnswered = wholeOf(fields, "next");
				next = nextAnswered > next ? nextAnswered : next + count;
			}
		}
	} finally {
		// Also what came before the line was lost.
		if (found.size > 0) rewrite(path, journal, found);
	}
	return found;
}

/** Writes the file anew with the lines `found`; those that it has stay as they are. */
function rewrite(path: string, journal: ExportedJournal, found: ReadonlyMap<number, string>): void {
	const lines = new Map(found);
	for (const { sequence, line } of journal.entries) lines.set(sequence, line);
	const sorted = [...lines.entries()].sort(([a], [b]) => a - b).map(([, line]) => line);
	const replacement = new Replacement(path);
	try {
		replacement.write(asciiBytes(`${[journal.headLine, ...sorted].join("\n")}\n`));
		replacement.commit();
	} finally {
		replacement.abandon();
	}
}

async function fetchEntries(
	client: ConsoleClient,
	asked: { readonly first: number; readonly count: number },
	epoch: number | undefined,
	take: (sequence: number, canonicalBytes: Uint8Array) => void,
): Promise<ConsoleFields> {
	const { fields } = await client.request("journal", {
		fields: { ...asked, ...(epoch === undefined ? {} : { epoch }) },
		onPart: (part) => {
			const { sequence, canonicalBytes } = entryOf(part);
			take(sequence, canonicalBytes);
		},
	});
	return fields;
}

const ALTERED = "altered or damaged: its check does not hold";
const ENTRY_LINE = /^\{"sequence":(\d{1,10}),"canonical":"([0-9a-f]+)"(,"check":"[0-9a-f]{8}")?\}$/;
const CHECK = /,"check":"([0-9a-f]{8})"\}$/;

function lineOf(sequence: number, canonicalBytes: Uint8Array): string {
	return checkedLine({ sequence, canonical: hexOf(canonicalBytes) });
}

/** The check is over the line's bytes before it. */
function checkedLine(fields: Readonly<Record<string, string | number>>): string {
	const text = JSON.stringify(fields).slice(0, -1);
	return `${text},"check":"${checkOf(text)}"}`;
}

function checkOf(text: string): string {
	return crc32(Buffer.from(text, "latin1")).toString(16).padStart(8, "0");
}

function isChecked(line: string): boolean {
	const found = CHECK.exec(line);
	return found !== null && found[1] === checkOf(line.slice(0, found.index));
}

/** As programs wrote lines before there was a check; they may contain nothing else. */
function isUnchecked(line: string): boolean {
	const plainHead = /^\{"bistrinaJournal":1,"station":"[a-z0-9-]{1,8}","epoch":\d{1,10}\}$/;
	return plainHead.test(line) || (ENTRY_LINE.test(line) && !CHECK.test(line));
}

/** The entry, or what is wrong with the line. */
function entryOfLine(line: string, epoch: number): ExportedEntry | string {
	const [, digits = "", hex = ""] = ENTRY_LINE.exec(line) ?? [];
	const canonicalBytes = bytesOfHex(hex);
	if (digits === "" || canonicalBytes === undefined) return "not an entry; altered or damaged";
	const sequence = Number(digits);
	if (!isAtPosition(canonicalBytes, epoch, sequence))
		return `entry ${sequence} is not what it says it is`;
	if (!isUnchecked(line) && !isChecked(line)) return `entry ${sequence}: ${ALTERED}`;
	return { sequence, canonicalBytes, line };
}

function readExisting(path: string): ExportedJournal | undefined {
	let bytes: Uint8Array;
	try {
		bytes = new Uint8Array(readFileSync(path));
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		throw new OperationalError(`${path}: cannot be read (${code})`);
	}
	const text = Buffer.from(bytes.subarray(0, 64)).toString("latin1");
	const head = `{"${FILE_NAME}":`;
	// Interrupted before its first line was whole: nothing is in it.
	const isBegun = !bytes.includes(0x0a) && (text.startsWith(head) || head.startsWith(text));
	if (isBegun) return undefined;
	return readExportedFile(path, bytes);
}

/** An entry out of a line of the station's answer to `journal`. Throws OperationalError. */
export function entryOf(part: ConsoleFields): { sequence: number; canonicalBytes: Uint8Array } {
	const canonicalBytes = bytesOfBase64(part.get("bytes") ?? "");
	if (canonicalBytes === undefined) {
		throw new OperationalError("the station sent a line that is no entry; its firmware is another");
	}
	return { sequence: wholeOf(part, "sequence"), canonicalBytes };
}

function parsed(path: string, text: string): Record<string, unknown> {
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
	} catch {
		// Said below.
	}
	throw new OperationalError(`${path}:1: not the first line of an exported journal`);
}
