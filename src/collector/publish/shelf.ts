/**
 * The cache of station-days on disk: a folder for each station with an index, a file for each day, and its envelopes.
 * It may be thrown away at any time, whole or in part: what is missing or damaged is made anew from the record.
 * docs/PUBLISHING.md, section 2.
 */
import {
	appendFileSync,
	existsSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "../../core/crc32.js";
import { makeFolders } from "../../host/folders.js";
import { ByteReader, ByteWriter } from "./column-bytes.js";
import type { PublishedEnvelope, RecordFacts } from "./record-reader.js";
import { StationDay } from "./station-day.js";

/** Of the files here, days included; another one makes all anew. */
export const SHELF_FORMAT = 2;
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
export interface ShelfIndex {
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

export class Shelf {
	readonly #folder: string;
	readonly #indexes = new Map<string, ShelfIndex>();
	/** Opened days, the last used last: at about 60 KB each 180 MB at most. */
	readonly #open = new Map<string, StationDay>();

	constructor(folder: string) {
		this.#folder = folder;
		makeFolders(folder, 0o700);
	}

	/** Undefined where there is none that can be read. */
	index(station: string): ShelfIndex | undefined {
		const held = this.#indexes.get(station);
		if (held !== undefined) return held;
		const path = this.#path(station, "index.json");
		if (!existsSync(path)) return undefined;
		try {
			const index = JSON.parse(readFileSync(path, "utf8")) as ShelfIndex;
			if (index.format !== SHELF_FORMAT) return undefined;
			this.#indexes.set(station, index);
			return index;
		} catch (error) {
			if (error instanceof SyntaxError) return undefined;
			throw error;
		}
	}

	/** Undefined where there is none, or one that is damaged: then the station's cache is forgotten. */
	day(station: string, day: string): StationDay | undefined {
		const entry = this.index(station)?.days[day];
		if (entry === undefined) return undefined;
		const key = `${station} ${day} ${entry.check}`;
		const open = this.#open.get(key);
		if (open !== undefined) {
			this.#open.delete(key);
			this.#open.set(key, open);
			return open;
		}
		const bytes = this.#read(station, join("days", day));
		if (bytes === undefined || crc32(bytes) !== entry.check) {
			this.drop(station);
			return undefined;
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

	writeDay(station: string, day: string, bytes: Uint8Array): void {
		const path = this.#path(station, join("days", day));
		makeFolders(this.#path(station, "days"), 0o700);
		replace(path, bytes);
	}

	removeDay(station: string, day: string): void {
		rmSync(this.#path(station, join("days", day)), { force: true });
	}

	/** Last of all: what it names is there. */
	writeIndex(station: string, index: ShelfIndex): void {
		makeFolders(this.#path(station, "days"), 0o700);
		replace(this.#path(station, "index.json"), Buffer.from(JSON.stringify(index)));
		this.#indexes.set(station, index);
	}

	/** Adds envelopes after the first `keptBytes` of those that are there; the new length. */
	addEnvelopes(
		station: string,
		keptBytes: number,
		envelopes: readonly PublishedEnvelope[],
	): number {
		const path = this.#path(station, "envelopes");
		makeFolders(this.#path(station, "days"), 0o700);
		if (!existsSync(path)) writeFileSync(path, "", { mode: 0o600 });
		truncateSync(path, keptBytes);
		const writer = new ByteWriter();
		for (const { epoch, first, last, envelope } of envelopes) {
			for (const each of [epoch, first, last, envelope.length]) writer.count(each);
			writer.raw(envelope);
		}
		const bytes = writer.take();
		appendFileSync(path, bytes);
		return keptBytes + bytes.length;
	}

	/** By rising (epoch, first, last, hash). */
	*envelopes(station: string): Generator<PublishedEnvelope> {
		const index = this.index(station);
		const bytes = this.#read(station, "envelopes")?.subarray(0, index?.envelopeBytes ?? 0);
		if (bytes === undefined) return;
		const reader = new ByteReader(bytes);
		while (!reader.isAtEnd) {
			const [epoch = 0, first = 0, last = 0, length = 0] = [0, 1, 2, 3].map(() => reader.count());
			yield { epoch, first, last, envelope: reader.raw(length) };
		}
	}

	/** Forgets a station's cache, on disk too. */
	drop(station: string): void {
		this.#indexes.delete(station);
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

/** Whole or not at all. Not forced to the disk: a check sum tells what the loss of power left. */
function replace(path: string, bytes: Uint8Array): void {
	writeFileSync(`${path}.new`, bytes, { mode: 0o600 });
	renameSync(`${path}.new`, path);
}
