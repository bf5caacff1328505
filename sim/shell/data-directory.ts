/**
 * Where a simulated world lives between two starts: flash images written through at every
 * operation (so that the death of this process tears nothing), each station's witness of what its
 * appends returned, and the world's state as of its stations' last sleep, replaced atomically.
 */

import {
	closeSync,
	existsSync,
	openSync,
	readdirSync,
	readFileSync,
	rmdirSync,
	rmSync,
	writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { reasonOf, replaceFile } from "../../src/host/disk.js";
import { OperationalError } from "../../src/host/errors.js";
import { makeFolders } from "../../src/host/folders.js";
import { isProcessAlive } from "../../src/host/process-alive.js";

import type { RiverFileOptions } from "./river-columns.js";

export const DATA_FORMAT_VERSION = 1;
const WORLD_FILE = "world.json";
const LOCK_FILE = "lock";
const COLLECTOR_FOLDER = "collector";
const STATION_FILE = /^station-([a-z0-9-]+)\.(flash|witness|instant)(\.next)?$/;

/** What must be the same at every start of one data directory. */
export interface WorldIdentity {
	readonly seed: number;
	/** Absolute path of a recording, or null. */
	readonly riverFile: string | null;
	/** How it is understood; absent in older directories: as it is written. */
	readonly riverFileOptions?: RiverFileOptions;
	readonly scenario: string | null;
	readonly stationCount: number;
}

export interface SavedWorld extends WorldIdentity {
	readonly bistrinaData: number;
	readonly startUtcSeconds: number;
	/** Wall seconds spent so far, over all starts. */
	readonly wallSeconds: number;
	/** Opaque state of each station, in order. */
	readonly stations: readonly unknown[];
}

export class DataDirectory {
	readonly path: string;
	readonly #lock: string;
	/** Uppermost folder that this opening made. */
	#made: string | undefined;
	/** What was in it when it was opened. */
	#before: readonly string[] = [];

	private constructor(path: string) {
		this.path = path;
		this.#lock = join(path, LOCK_FILE);
	}

	/**
	 * Opens or makes a data directory for this process alone. Throws OperationalError when it is in use, or
	 * holds something else; it is left untouched then.
	 */
	static open(path: string): DataDirectory {
		const directory = new DataDirectory(path);
		if (existsSync(path)) {
			const names = namesIn(path);
			directory.#before = names;
			if (names.length > 0 && !names.includes(WORLD_FILE) && !isAbandonedStart(names)) {
				throw new OperationalError(
					`${path}: not a data directory of this simulator (no ${WORLD_FILE}); choose another --data`,
				);
			}
		} else {
			try {
				directory.#made = makeFolders(path);
			} catch (error) {
				throw cannotBe("made", path, error);
			}
		}
		directory.readWorld();
		try {
			directory.#takeLock();
		} catch (error) {
			directory.#removeIfMadeForNothing();
			throw error;
		}
		return directory;
	}

	/** The saved world, or undefined in a fresh directory. Throws OperationalError for a corrupt or foreign one. */
	readWorld(): SavedWorld | undefined {
		const file = this.file(WORLD_FILE);
		let text: string;
		try {
			text = readFileSync(file, "utf8");
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
			throw cannotBe("read", file, error);
		}
		let saved: unknown;
		try {
			saved = JSON.parse(text);
		} catch {
			throw new OperationalError(
				`${file}: corrupt; move the directory away or choose another --data`,
			);
		}
		const version = (saved as { bistrinaData?: unknown } | null)?.bistrinaData;
		if (typeof version !== "number") {
			throw new OperationalError(`${file}: corrupt (no version); choose another --data`);
		}
		if (version !== DATA_FORMAT_VERSION) {
			throw new OperationalError(
				`${file}: data of format ${version}, this program reads format ${DATA_FORMAT_VERSION}; ` +
					"use the version that wrote it, or choose another --data",
			);
		}
		const world = saved as SavedWorld;
		if (!Array.isArray(world.stations) || typeof world.startUtcSeconds !== "number") {
			throw new OperationalError(`${file}: corrupt (fields missing); choose another --data`);
		}
		return world;
	}

	writeWorld(world: SavedWorld): void {
		replaceFile(this.file(WORLD_FILE), new TextEncoder().encode(`${JSON.stringify(world)}\n`));
	}

	file(name: string): string {
		return join(this.path, name);
	}

	/**
	 * Throws OperationalError when the files of a world that has been played are not all there: without its flash a
	 * station would begin again on an empty one, and what it had not delivered would be gone unseen.
	 */
	requireWhole(world: SavedWorld | undefined, stations: readonly string[]): void {
		const remedy = "put it back from a copy, or choose another --data";
		if (world === undefined) {
			const image = namesIn(this.path).find((name) => /\.flash$/.test(name));
			if (image === undefined) return;
			throw new OperationalError(
				`${this.path}: ${image} is there, but its ${WORLD_FILE} is missing; ${remedy}`,
			);
		}
		for (const [index, station] of stations.entries()) {
			const files = ["flash", "witness"].map((kind) => `station-${station}.${kind}`);
			// A start that died before its first save may have made none of them, or all but the last.
			const isPlayed =
				world.stations[index] !== undefined || existsSync(this.file(`station-${station}.witness`));
			if (!isPlayed) continue;
			for (const name of files) {
				if (existsSync(this.file(name))) continue;
				throw new OperationalError(
					`${this.file(name)}: missing, though ${WORLD_FILE} knows ${station}; ${remedy}`,
				);
			}
		}
	}

	/** Removes what a first start made that did not get as far as its first event. */
	removeStart(): void {
		for (const name of namesIn(this.path)) {
			if (name === LOCK_FILE || this.#before.includes(name)) continue;
			const isOurs = name === WORLD_FILE || isAbandonedStart([name]);
			if (isOurs) rmSync(this.file(name), { recursive: true, force: true });
		}
	}

	/** Lets others use the directory. One that was made for a run that never began is gone again. */
	release(): void {
		rmSync(this.#lock, { force: true });
		this.#removeIfMadeForNothing();
	}

	#removeIfMadeForNothing(): void {
		if (this.#made === undefined) return;
		const made = resolve(this.#made);
		for (let folder = resolve(this.path); folder.startsWith(made); folder = dirname(folder)) {
			try {
				rmdirSync(folder);
			} catch {
				// Something is in it, of this run or of another's: it stays. Nor may what cannot be removed
				// hide why the run did not begin.
				return;
			}
		}
	}

	#takeLock(): void {
		for (let attempt = 0; attempt < 2; attempt++) {
			try {
				const descriptor = openSync(this.#lock, "wx", 0o600);
				writeSync(descriptor, `${process.pid}\n`);
				closeSync(descriptor);
				return;
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
					throw cannotBe("written", this.path, error);
				}
			}
			const holder = Number.parseInt(readFileSync(this.#lock, "utf8"), 10);
			if (Number.isInteger(holder) && isProcessAlive(holder)) {
				throw new OperationalError(
					`${this.path}: in use by process ${holder}; stop it or choose another --data`,
				);
			}
			// Its holder was killed; the lock is nobody's.
			rmSync(this.#lock, { force: true });
		}
		throw new OperationalError(`${this.path}: another process took it just now; try again`);
	}
}

function namesIn(path: string): string[] {
	try {
		return readdirSync(path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOTDIR") {
			throw new OperationalError(`${path}: is a file, not a directory; choose another --data`);
		}
		throw cannotBe("read", path, error);
	}
}

/** The data may be good: nobody is told to move it away. */
function cannotBe(
	what: "read" | "written" | "made",
	path: string,
	error: unknown,
): OperationalError {
	return new OperationalError(
		`${path}: cannot be ${what}: ${reasonOf(error) ?? String(error)}; mend that or choose another --data`,
		{ cause: error },
	);
}

/** A first start that died before its first save leaves nothing but these. */
function isAbandonedStart(names: readonly string[]): boolean {
	return names.every(
		(name) =>
			name === LOCK_FILE ||
			name === `${WORLD_FILE}.next` ||
			name === COLLECTOR_FOLDER ||
			STATION_FILE.test(name),
	);
}
