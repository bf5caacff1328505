/**
 * The cache of station-days on disk: a folder for each station with an index, a file for each day, and its envelopes.
 * It may be thrown away at any time, whole or in part: what is missing or damaged is made anew from the record. A day's
 * file is named by what is in it and never written over, so that a reader by an index reads that one to its end
 * while the next is made. docs/PUBLISHING.md, section 2.
 */
import {
	appendFileSync,
	closeSync,
	existsSync,
	openSync,
	readdirSync,
	readFileSync,
	readSync,
	renameSync,
	rmSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "../../core/crc32.js";
import { makeFolders } from "../../host/folders.js";
import { ENVELOPE_BYTES_MAX } from "../../protocol/wire/cose.js";
import { ByteReader, ByteWriter } from "./column-bytes.js";
import type { PublishedEnvelope, RecordFacts } from "./record-reader.js";
import { RetryLater } from "./retry-later.js";
import { StationDay } from "./station-day.js";

/** Of the files here, days included; another one makes all anew. */
export const DAY_CACHE_FORMAT = 3;
/** Readings and marks that nothing dates lie here. */
export const UNDATED = "undated";

export interface DayEntry {
	readonly rows: number;
	readonly marks: number;
	readonly bytes: number;
	readonly check: number;
	/** Of channels that not every station has: how many of its readings have them. */
	readonly more: Readonly<Record<string, number>>;
	/** By epoch: the lowest and the highest sequence in it. */
	readonly spans: Readonly<Record<string, readonly [number, number]>>;
}

/** What is known of a station's cache. All of it follows from the record and the documents. */
export interface CacheIndex {
	readonly format: number;
	/** Derivation's version and the documents' names. */
	readonly basis: string;
	/** Of the batches that it was made of. */
	readonly envelopeBytes: number;
	readonly facts: RecordFacts;
	/** The last entry, by (epoch, sequence). */
	readonly last: { readonly epoch: number; readonly sequence: number } | null;
	/** By day since 1970, or UNDATED. */
	readonly days: Readonly<Record<string, DayEntry>>;
}

const DAYS_HELD_MAX = 3000;
/** Of the envelopes' file, at a time. */
const PIECE_BYTES = 65_536;
/** An envelope and four numbers of 32 bits in parts of seven. */
const PUBLISHED_ENVELOPE_BYTES_MAX = ENVELOPE_BYTES_MAX + 4 * 5;
/** Files of an index that is no more stay so long for whoever still reads by it: an export of years on a slow line. */
const SUPERSEDED_MILLISECONDS = 600_000;

/** A day that an index names is not there: it was damaged, or the index is one of long ago. */
export class DayGone extends RetryLater {
	constructor(station: string) {
		super(`a day of ${station} is being derived; ask again`);
		this.name = "DayGone";
	}
}

export interface DayCacheOptions {
	/** Told of a station of which a day is damaged: it has to be made anew. */
	readonly onDamaged?: (station: string) => void;
	/** Milliseconds of a clock that only goes forward. */
	readonly now?: () => number;
}

interface Superseded {
	readonly file: string;
	readonly milliseconds: number;
}

export class DayCache {
	readonly #folder: string;
	readonly #options: DayCacheOptions;
	readonly #damaged = new Set<string>();
	/** By station, the oldest first. What an earlier process left is looked for once. */
	readonly #superseded = new Map<string, Superseded[]>();
	readonly #indexes = new Map<string, CacheIndex>();
	/** Opened days, the last used last: at about 60 KB each 180 MB at most. */
	readonly #open = new Map<string, StationDay>();

	constructor(folder: string, options: DayCacheOptions = {}) {
		this.#folder = folder;
		this.#options = options;
		makeFolders(folder, 0o700);
	}

	/** Undefined where there is none that can be read. */
	index(station: string): CacheIndex | undefined {
		const held = this.#indexes.get(station);
		if (held !== undefined) return held;
		const path = this.#path(station, "index.json");
		if (!existsSync(path)) return undefined;
		try {
			const index = JSON.parse(readFileSync(path, "utf8")) as CacheIndex;
			if (index.format !== DAY_CACHE_FORMAT) return undefined;
			this.#indexes.set(station, index);
			return index;
		} catch (error) {
			if (error instanceof SyntaxError) return undefined;
			throw error;
		}
	}

	/** Undefined where the index has none of that name. Throws DayGone. */
	day(station: string, index: CacheIndex, name: string): StationDay | undefined {
		const entry = index.days[name];
		if (entry === undefined) return undefined;
		const file = fileOf(name, entry);
		const key = `${station} ${file}`;
		const open = this.#open.get(key);
		if (open !== undefined) {
			this.#open.delete(key);
			this.#open.set(key, open);
			return open;
		}
		const bytes = this.#read(station, join("days", file));
		if (bytes === undefined || crc32(bytes) !== entry.check) {
			if (this.index(station) === index) {
				this.#damaged.add(station);
				this.#options.onDamaged?.(station);
			}
			throw new DayGone(station);
		}
		const opened = new StationDay(bytes);
		if (this.#open.size >= DAYS_HELD_MAX) {
			for (const oldest of this.#open.keys()) {
				this.#open.delete(oldest);
				break;
			}
		}
		this.#open.set(key, opened);
		return opened;
	}

	/** A day was not as its index says; until `repaired`. */
	isDamaged(station: string): boolean {
		return this.#damaged.has(station);
	}

	/** All its days were written. */
	repaired(station: string): void {
		this.#damaged.delete(station);
	}

	/** Beside the one that is there: it counts when an index names it. */
	writeDay(station: string, name: string, entry: DayEntry, bytes: Uint8Array): void {
		makeFolders(this.#path(station, "days"), 0o700);
		replace(this.#path(station, join("days", fileOf(name, entry))), bytes);
	}

	/** Last of all: what it names is there. What it does not name any more goes later. */
	writeIndex(station: string, index: CacheIndex): void {
		makeFolders(this.#path(station, "days"), 0o700);
		const before = this.index(station);
		replace(this.#path(station, "index.json"), Buffer.from(JSON.stringify(index)));
		this.#indexes.set(station, index);
		this.#tidy(station, index, before);
	}

	#tidy(station: string, index: CacheIndex, before: CacheIndex | undefined): void {
		const now = (this.#options.now ?? (() => performance.now()))();
		let superseded = this.#superseded.get(station);
		if (superseded === undefined) {
			const named = new Set(
				[index, before].flatMap((each) =>
					Object.entries(each?.days ?? {}).map(([name, entry]) => fileOf(name, entry)),
				),
			);
			for (const file of readdirSync(this.#path(station, "days")))
				if (!named.has(file)) rmSync(this.#path(station, join("days", file)), { force: true });
			superseded = [];
		}
		for (const [name, entry] of Object.entries(before?.days ?? {})) {
			if (index.days[name]?.check !== entry.check)
				superseded.push({ file: fileOf(name, entry), milliseconds: now });
		}
		const kept: Superseded[] = [];
		for (const each of superseded) {
			const [name = ""] = each.file.split(".", 1);
			const entry = index.days[name];
			// It is as it was once again.
			if (entry !== undefined && fileOf(name, entry) === each.file) continue;
			if (now - each.milliseconds < SUPERSEDED_MILLISECONDS) kept.push(each);
			else rmSync(this.#path(station, join("days", each.file)), { force: true });
		}
		this.#superseded.set(station, kept);
	}

	/** Adds envelopes after the first `keptBytes` of those that are there; the new length. */
	addEnvelopes(
		station: string,
		keptBytes: number,
		envelopes: readonly PublishedEnvelope[],
	): number {
		const path = this.#path(station, "envelopes");
		makeFolders(this.#path(station, "days"), 0o700);
		// Another file where all are other ones: who reads the one that was there reads it to its end.
		if (keptBytes === 0) replace(path, new Uint8Array(0));
		else truncateSync(path, keptBytes);
		const writer = new ByteWriter();
		for (const { epoch, first, last, envelope } of envelopes) {
			for (const each of [epoch, first, last, envelope.length]) writer.count(each);
			writer.raw(envelope);
		}
		const bytes = writer.take();
		appendFileSync(path, bytes);
		return keptBytes + bytes.length;
	}

	/**
	 * By rising (epoch, first, last, hash), those of the index that is in force at the first. Read as they are asked for: a slow
	 * reader may take hours for them, and hundreds of slow readers with a whole record each had all memory of the process.
	 */
	*envelopes(station: string): Generator<PublishedEnvelope> {
		const length = this.index(station)?.envelopeBytes ?? 0;
		const path = this.#path(station, "envelopes");
		if (length === 0 || !existsSync(path)) return;
		const file = openSync(path, "r");
		try {
			for (let at = 0; at < length; ) {
				const piece = Buffer.alloc(Math.min(PIECE_BYTES, length - at));
				const bytes = piece.subarray(0, readSync(file, piece, 0, piece.length, at));
				const isLast = at + bytes.length >= length || bytes.length < piece.length;
				const reader = new ByteReader(bytes);
				while (!reader.isAtEnd && (isLast || reader.left >= PUBLISHED_ENVELOPE_BYTES_MAX)) {
					const [epoch = 0, first = 0, last = 0, count = 0] = [0, 1, 2, 3].map(() =>
						reader.count(),
					);
					yield { epoch, first, last, envelope: reader.raw(count) };
				}
				if (isLast) return;
				at += bytes.length - reader.left;
			}
		} finally {
			closeSync(file);
		}
	}

	/** Forgets a station's cache, on disk too. */
	drop(station: string): void {
		this.#indexes.delete(station);
		this.#superseded.delete(station);
		this.#damaged.delete(station);
		for (const key of this.#open.keys()) if (key.startsWith(`${station} `)) this.#open.delete(key);
		rmSync(this.#path(station, ""), { recursive: true, force: true });
	}

	/** Stations that have an index, by name. */
	stations(): string[] {
		return readdirSync(this.#folder).sort();
	}

	#read(station: string, name: string): Uint8Array | undefined {
		try {
			return readFileSync(this.#path(station, name));
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
			throw error;
		}
	}

	#path(station: string, name: string): string {
		if (!/^[a-z0-9-]{1,8}$/.test(station)) throw new TypeError("no station's name");
		return join(this.#folder, station, name);
	}
}

function fileOf(name: string, { check }: DayEntry): string {
	return `${name}.${check.toString(16).padStart(8, "0")}`;
}

/** Whole or not at all. Not forced to the disk: a check sum tells what the loss of power left. */
function replace(path: string, bytes: Uint8Array): void {
	writeFileSync(`${path}.new`, bytes, { mode: 0o600 });
	renameSync(`${path}.new`, path);
}
