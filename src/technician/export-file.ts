/**
 * A journal fetched over the line: JSON lines, first whose it is, then one for each entry with its
 * canonical bytes. It only grows, an entry at a time, so that an interrupted export goes on.
 */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { bytesOfBase64 } from "../core/base64.js";
import { bytesOfHex, hexOf } from "../core/bytes.js";
import { StationError } from "../core/errors.js";
import type { ConsoleFields } from "../protocol/console.js";
import { decodeEntry } from "../protocol/entry.js";
import type { ConsoleClient } from "./client.js";
import type { SequenceRange } from "./journal-image-file.js";
import { TechnicianTrouble } from "./line.js";

const FILE_NAME = "bistrinaJournal";
const FILE_VERSION = 1;
/** Between two of these the station may do other things, and a lost line costs at most so much. */
const ENTRIES_PER_REQUEST = 500;
/** Longest silence: 32 entries are read from flash before the first is sent. */
const SILENCE_MILLISECONDS = 10_000;

/** What an exported file holds. */
export interface ExportedJournal {
	readonly station: string;
	readonly epoch: number;
	/** Canonical bytes, ascending. */
	readonly entries: readonly Uint8Array[];
	/** Sequence to go on from. */
	readonly next: number;
	/** Bytes up to the end of the last whole line. */
	readonly wholeBytes: number;
}

export interface ExportOutcome {
	readonly station: string;
	readonly epoch: number;
	/** Entries that came now, and those that the file holds with them. */
	readonly fetched: number;
	readonly held: number;
	/** Sequences that the station did not give: unreadable, or released before. */
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

/** Reads an exported file; what an interruption left of its last line is ignored. Throws TechnicianTrouble. */
export function readExportedFile(path: string, bytes: Uint8Array): ExportedJournal {
	const text = Buffer.from(bytes).toString("latin1");
	const wholeBytes = text.lastIndexOf("\n") + 1;
	const [head = "", ...lines] = text.slice(0, wholeBytes).split("\n").slice(0, -1);
	const { [FILE_NAME]: version, station, epoch } = parsed(path, 1, head);
	if (version !== FILE_VERSION || typeof station !== "string" || typeof epoch !== "number") {
		throw new TechnicianTrouble(`${path}: no journal of version ${FILE_VERSION}`);
	}
	let next = 1;
	const entries = lines.map((line, index) => {
		const { sequence, canonical } = parsed(path, index + 2, line);
		const content = typeof canonical === "string" ? bytesOfHex(canonical) : undefined;
		if (content === undefined || typeof sequence !== "number" || sequence < next) {
			throw new TechnicianTrouble(`${path}:${index + 2}: not an entry; the file was altered`);
		}
		requirePlace(content, epoch, sequence, `${path}:${index + 2}`);
		next = sequence + 1;
		return content;
	});
	return { station, epoch, entries, next, wholeBytes };
}

/**
 * Fetches what the file at `path` lacks, making it where there is none. Throws what the client
 * throws; everything that came before that is in the file, and a repetition goes on behind it.
 */
export async function exportJournal(
	client: ConsoleClient,
	station: string,
	options: ExportOptions,
): Promise<ExportOutcome> {
	const { path } = options;
	const before = existsSync(path) ? readExisting(path) : undefined;
	if (before !== undefined && before.station !== station) {
		throw new TechnicianTrouble(
			`${path}: holds the journal of ${before.station}, not of ${station}; choose another file`,
		);
	}
	let next = before?.next ?? options.first;
	let epoch = before?.epoch;
	let fetched = 0;
	const missing: SequenceRange[] = [];
	const file = writing(path, () => openSync(path, before === undefined ? "w" : "r+", 0o644));
	let at = before?.wholeBytes ?? 0;
	const write = (line: string): void => {
		at += writing(path, () => writeSync(file, `${line}\n`, at, "latin1"));
	};
	try {
		if (before !== undefined) writing(path, () => ftruncateSync(file, before.wholeBytes));
		for (;;) {
			const { fields } = await client.request("journal", {
				fields: {
					first: next,
					count: ENTRIES_PER_REQUEST,
					...(epoch === undefined ? {} : { epoch }),
				},
				deadlineMilliseconds: SILENCE_MILLISECONDS,
				onPart: (part) => {
					const { sequence, canonical } = entryOf(part);
					const place = placeOf(canonical);
					if (epoch === undefined) {
						epoch = place;
						write(JSON.stringify({ [FILE_NAME]: FILE_VERSION, station, epoch }));
					}
					requirePlace(canonical, epoch, sequence, "the station");
					if (sequence < next) throw new TechnicianTrouble("the station sent an entry twice");
					if (sequence > next) missing.push({ first: next, last: sequence - 1 });
					write(JSON.stringify({ sequence, canonical: hexOf(canonical) }));
					next = sequence + 1;
					fetched++;
				},
			});
			const nextAnswered = Number(fields.get("next"));
			const end = Number(fields.get("end"));
			if (nextAnswered > next) missing.push({ first: next, last: nextAnswered - 1 });
			next = Math.max(next, nextAnswered);
			epoch ??= Number(fields.get("epoch"));
			options.onProgress?.(next, end);
			if (!(next < end)) break;
		}
	} finally {
		closeSync(file);
	}
	return {
		station,
		epoch,
		fetched,
		held: (before?.entries.length ?? 0) + fetched,
		missing: missing.filter(({ last }) => last >= options.first),
	};
}

/** What the operating system refuses is the technician's to mend. */
export function writing<Result>(path: string, work: () => Result): Result {
	try {
		return work();
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === undefined) throw error;
		throw new TechnicianTrouble(`${path}: cannot be written (${code})`);
	}
}

function readExisting(path: string): ExportedJournal | undefined {
	let bytes: Uint8Array;
	try {
		bytes = new Uint8Array(readFileSync(path));
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		throw new TechnicianTrouble(`${path}: cannot be read (${code})`);
	}
	const text = Buffer.from(bytes.subarray(0, 64)).toString("latin1");
	const head = `{"${FILE_NAME}":`;
	// Interrupted before its first line was whole: nothing is in it.
	const isBegun = !bytes.includes(0x0a) && (text.startsWith(head) || head.startsWith(text));
	if (isBegun) return undefined;
	return readExportedFile(path, bytes);
}

/** An entry out of a line of the station's answer to `journal`. Throws TechnicianTrouble. */
export function entryOf(part: ConsoleFields): { sequence: number; canonical: Uint8Array } {
	const canonical = bytesOfBase64(part.get("bytes") ?? "");
	const sequence = Number(part.get("sequence"));
	if (canonical === undefined || !Number.isInteger(sequence)) {
		throw new TechnicianTrouble(
			"the station sent a line that is no entry; its firmware is another",
		);
	}
	return { sequence, canonical };
}

function placeOf(canonical: Uint8Array): number {
	return new DataView(canonical.buffer, canonical.byteOffset).getUint32(4, true);
}

function requirePlace(canonical: Uint8Array, epoch: number, sequence: number, where: string): void {
	try {
		const entry = decodeEntry(canonical);
		if (entry.epoch === epoch && entry.sequence === sequence) return;
	} catch (error) {
		if (!(error instanceof StationError)) throw error;
	}
	throw new TechnicianTrouble(`${where}: entry ${sequence} is not what it says it is`);
}

function parsed(path: string, line: number, text: string): Record<string, unknown> {
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
	} catch {
		// Said below.
	}
	throw new TechnicianTrouble(`${path}:${line}: not a line of an exported journal`);
}
