/**
 * Where a simulated world lives between two starts: flash images written through at every
 * operation (so that the death of this process tears nothing), each station's witness of what its
 * appends returned, and the world's state as of its stations' last sleep, replaced atomically.
 */
import {
	closeSync,
	existsSync,
	fsyncSync,
	openSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmdirSync,
	rmSync,
	writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { makeFolders } from "../../src/collector/folders.js";
import { isProcessAlive } from "../../src/collector/process-alive.js";
import { Failure } from "./failure.js";

export const DATA_FORMAT_VERSION = 1;
const WORLD_FILE = "world.json";
const LOCK_FILE = "lock";

/** What must be the same at every start of one data directory. */
export interface WorldIdentity {
	readonly seed: number;
	/** Absolute path of a recording, or null. */
	readonly riverFile: string | null;
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

	private constructor(path: string) {
		this.path = path;
		this.#lock = join(path, LOCK_FILE);
	}

	/**
	 * Opens or makes a data directory for this process alone. Throws Failure when it is in use, or
	 * holds something else; it is left untouched then.
	 */
	static open(path: string): DataDirectory {
		const directory = new DataDirectory(path);
		if (existsSync(path)) {
			const names = namesIn(path);
			if (names.length > 0 && !names.includes(WORLD_FILE) && !isAbandonedStart(names)) {
				throw new Failure(
					`${path}: not a data directory of this simulator (no ${WORLD_FILE}); choose another --data`,
				);
			}
		} else {
			try {
				directory.#made = makeFolders(path);
			} catch (error) {
				throw new Failure(`${path}: cannot be made (${(error as NodeJS.ErrnoException).code})`);
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

	/** The saved world, or undefined in a fresh directory. Throws Failure for a corrupt or foreign one. */
	readWorld(): SavedWorld | undefined {
		const file = this.file(WORLD_FILE);
		if (!existsSync(file)) return undefined;
		let saved: unknown;
		try {
			saved = JSON.parse(readFileSync(file, "utf8"));
		} catch {
			throw new Failure(`${file}: corrupt; move the directory away or choose another --data`);
		}
		const version = (saved as { bistrinaData?: unknown } | null)?.bistrinaData;
		if (typeof version !== "number") {
			throw new Failure(`${file}: corrupt (no version); choose another --data`);
		}
		if (version !== DATA_FORMAT_VERSION) {
			throw new Failure(
				`${file}: data of format ${version}, this program reads format ${DATA_FORMAT_VERSION}; ` +
					"use the version that wrote it, or choose another --data",
			);
		}
		const world = saved as SavedWorld;
		if (!Array.isArray(world.stations) || typeof world.startUtcSeconds !== "number") {
			throw new Failure(`${file}: corrupt (fields missing); choose another --data`);
		}
		return world;
	}

	writeWorld(world: SavedWorld): void {
		const file = this.file(WORLD_FILE);
		const next = `${file}.next`;
		const descriptor = openSync(next, "w", 0o600);
		try {
			writeSync(descriptor, `${JSON.stringify(world)}\n`);
			fsyncSync(descriptor);
		} finally {
			closeSync(descriptor);
		}
		renameSync(next, file);
	}

	file(name: string): string {
		return join(this.path, name);
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
				const code = (error as NodeJS.ErrnoException).code;
				if (code !== "EEXIST") throw new Failure(`${this.path}: cannot be written (${code})`);
			}
			const holder = Number.parseInt(readFileSync(this.#lock, "utf8"), 10);
			if (Number.isInteger(holder) && isProcessAlive(holder)) {
				throw new Failure(
					`${this.path}: in use by process ${holder}; stop it or choose another --data`,
				);
			}
			// Its holder was killed; the lock is nobody's.
			rmSync(this.#lock, { force: true });
		}
		throw new Failure(`${this.path}: another process took it just now; try again`);
	}
}

function namesIn(path: string): string[] {
	try {
		return readdirSync(path);
	} catch (error) {
		throw new Failure(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
	}
}

/** A first start that died before its first save leaves nothing but these. */
function isAbandonedStart(names: readonly string[]): boolean {
	return names.every(
		(name) =>
			name === LOCK_FILE ||
			name === `${WORLD_FILE}.next` ||
			name === "collector" ||
			/^station-[a-z0-9-]+\.(flash|witness|instant)$/.test(name),
	);
}
