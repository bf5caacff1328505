/**
 * Which station is sealed next, and when: those that something came from, at once; all that differ from their record, at
 * the start and every now and then, since other collectors may store on the same database. What is long is not done
 * again at once, so that the collector has most of its time for stations.
 */
import type { RecordReader } from "./record-reader.js";
import type { Sealing } from "./sealer.js";
import type { Shelf } from "./shelf.js";

export interface SealingLoopOptions {
	readonly reader: Pick<RecordReader, "stations">;
	readonly shelf: Pick<Shelf, "index">;
	readonly seal: (station: string) => Promise<Sealing>;
	readonly onStations: (stations: readonly string[]) => void;
	/** Told of what failed; it is tried again. */
	readonly onFailure: (station: string | undefined, error: unknown) => void;
}

/** At least this long between two looks at all stations, and fifty times what one took. */
const LOOK_MILLISECONDS_MIN = 10_000;
const LOOK_SHARE = 50;
/** The first look may have waited for the database to open. */
const LOOK_MILLISECONDS_MAX = 300_000;
/** After a long sealing a station waits five times as long. */
const REST_SHARE = 5;
const RETRY_MILLISECONDS = 5000;
/** Between two sealings; a long one rests by its station. */
const PAUSE_MILLISECONDS_MAX = 200;

export class SealingLoop {
	readonly #options: SealingLoopOptions;
	/** In the order in which they came. */
	readonly #due = new Map<string, number>();
	readonly #notBefore = new Map<string, number>();
	#known: ReadonlySet<string> = new Set();
	#wake: (() => void) | undefined;
	#isOver = false;
	#running: Promise<void> = Promise.resolve();
	#nextLook = 0;
	/** Resolves when all that was due at the first look is done. */
	readonly firstDone: Promise<void>;
	#onFirstDone: () => void = () => {};
	/** Problem of the last attempt; undefined when it went well. */
	trouble: string | undefined = "the record has not been read yet";

	constructor(options: SealingLoopOptions) {
		this.#options = options;
		this.firstDone = new Promise((resolve) => {
			this.#onFirstDone = resolve;
		});
	}

	begin(): void {
		this.#running = this.#run();
	}

	/** Something came from it. */
	arrived(station: string): void {
		// Enrolled since the last look.
		if (!this.#known.has(station)) this.#nextLook = 0;
		if (!this.#due.has(station)) this.#due.set(station, performance.now());
		this.#wake?.();
	}

	/** What an operator says changed, or who is enrolled. */
	lookAtAll(): void {
		this.#nextLook = 0;
		this.#wake?.();
	}

	async close(): Promise<void> {
		this.#isOver = true;
		this.#wake?.();
		await this.#running;
	}

	async #run(): Promise<void> {
		while (!this.#isOver) {
			const now = performance.now();
			if (now >= this.#nextLook) await this.#look();
			const station = this.#nextDue();
			if (station === undefined) {
				if (this.#due.size === 0) this.#onFirstDone();
				await this.#pause();
				continue;
			}
			const began = performance.now();
			await this.#seal(station);
			// As long again for stations: sealing asks the database that acknowledges.
			const took = performance.now() - began;
			await new Promise((resolve) => setTimeout(resolve, Math.min(took, PAUSE_MILLISECONDS_MAX)));
		}
	}

	async #look(): Promise<void> {
		const began = performance.now();
		try {
			const known = await this.#options.reader.stations();
			this.#known = new Set(known.map(({ station }) => station));
			this.#options.onStations(known.map(({ station }) => station));
			// `seal` finds out what is as it was by one small question.
			for (const { station } of known) this.arrived(station);
			this.trouble = undefined;
		} catch (error) {
			this.#failed(undefined, error);
		}
		const took = performance.now() - began;
		const pause = Math.max(LOOK_MILLISECONDS_MIN, LOOK_SHARE * took);
		this.#nextLook = performance.now() + Math.min(pause, LOOK_MILLISECONDS_MAX);
	}

	#nextDue(): string | undefined {
		const now = performance.now();
		for (const station of this.#due.keys())
			if ((this.#notBefore.get(station) ?? 0) <= now) return station;
		return undefined;
	}

	async #seal(station: string): Promise<void> {
		this.#due.delete(station);
		const began = performance.now();
		try {
			const sealing = await this.#options.seal(station);
			this.trouble = undefined;
			const took = performance.now() - began;
			if (sealing === "anew") this.#notBefore.set(station, performance.now() + REST_SHARE * took);
			else this.#notBefore.delete(station);
		} catch (error) {
			this.#failed(station, error);
			this.#due.set(station, began);
			this.#notBefore.set(station, performance.now() + RETRY_MILLISECONDS);
		}
	}

	#failed(station: string | undefined, error: unknown): void {
		if (this.#isOver) return;
		this.trouble = error instanceof Error ? error.message : String(error);
		this.#options.onFailure(station, error);
	}

	#pause(): Promise<void> {
		const now = performance.now();
		const times = [...this.#due.keys()].map((station) => this.#notBefore.get(station) ?? now);
		const until = Math.min(this.#nextLook, ...times);
		return new Promise((resolve) => {
			const timer = setTimeout(resolve, Math.max(until - now, 1));
			this.#wake = () => {
				clearTimeout(timer);
				resolve();
			};
		});
	}
}
