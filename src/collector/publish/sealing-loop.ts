/**
 * Which station is sealed next, and when: those that something came from, at once; then those that may differ from their
 * record: all of them at the start and when the operator's documents change; where other collectors store on the same
 * database, every now and then those whose record has grown. What is long is not done again at once, so that the
 * collector has most of its time for stations.
 */

import type { DayCache } from "./day-cache.js";
import type { RecordFacts, RecordReader, StationCounts } from "./record-reader.js";
import type { Sealing } from "./sealer.js";

export interface SealingLoopOptions {
	readonly reader: Pick<RecordReader, "stations" | "counts">;
	readonly cache: Pick<DayCache, "index">;
	readonly seal: (station: string) => Promise<Sealing>;
	readonly onStations: (stations: readonly string[]) => void;
	/** Told of what failed; it is tried again. */
	readonly onFailure: (station: string | undefined, error: unknown) => void;
	/** Other collectors may store on the same database: what they stored is looked for. */
	readonly isShared: boolean;
}

/** At least this long between two looks at all stations, and fifty times what one took. */
const CHECK_MILLISECONDS_MIN = 10_000;
const CHECK_SHARE = 50;
/** The first check may have waited for the database to open. */
const CHECK_MILLISECONDS_MAX = 300_000;
/** After a long sealing a station waits five times as long. */
const REST_SHARE = 5;
const RETRY_MILLISECONDS = 5000;
/** Between two sealings; a long one rests by its station. */
const PAUSE_MILLISECONDS_MAX = 200;

export class SealingLoop {
	readonly #options: SealingLoopOptions;
	/** In the order in which they came. */
	readonly #due = new Map<string, number>();
	/** May differ from their record: when nothing else is due. */
	readonly #unsure = new Set<string>();
	readonly #notBefore = new Map<string, number>();
	#known: ReadonlySet<string> = new Set();
	#wake: (() => void) | undefined;
	#isOver = false;
	#running: Promise<void> = Promise.resolve();
	#nextCheck = 0;
	/** The next check is for all stations, whatever their record counts. */
	#isForAll = true;
	/** Resolves when all that was due at the first check is done. */
	readonly firstDone: Promise<void>;
	#onFirstDone: () => void = () => {};
	/** Problem of the last attempt; undefined when it went well. */
	problem: string | undefined = "the record has not been read yet";

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
		// Enrolled since the last check.
		if (!this.#known.has(station)) this.#nextCheck = 0;
		this.#unsure.delete(station);
		if (!this.#due.has(station)) this.#due.set(station, performance.now());
		this.#wake?.();
	}

	/** What an operator says changed, or who is enrolled. */
	checkAll(): void {
		this.#isForAll = true;
		this.#nextCheck = 0;
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
			if (now >= this.#nextCheck) await this.#checkStations();
			const station = this.#nextDue();
			if (station === undefined) {
				if (this.#due.size + this.#unsure.size === 0) this.#onFirstDone();
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

	async #checkStations(): Promise<void> {
		const began = performance.now();
		const { reader, isShared, onStations } = this.#options;
		const isForAll = this.#isForAll;
		this.#isForAll = false;
		const pause = isShared ? CHECK_MILLISECONDS_MIN : CHECK_MILLISECONDS_MAX;
		// What is asked for meanwhile is for the next one.
		this.#nextCheck = Number.POSITIVE_INFINITY;
		try {
			const names = await reader.stations();
			const known = new Set(names);
			// `seal` finds out what is as it was by small questions.
			for (const station of names)
				if ((isForAll || !this.#known.has(station)) && !this.#due.has(station))
					this.#unsure.add(station);
			this.#known = known;
			onStations(names);
			if (isShared && !isForAll) {
				for (const counts of await reader.counts())
					if (this.#hasGrown(counts)) this.arrived(counts.station);
			}
			this.problem = undefined;
		} catch (error) {
			this.#isForAll ||= isForAll;
			this.#nextCheck = performance.now() + CHECK_MILLISECONDS_MIN;
			this.#failed(undefined, error);
		}
		const now = performance.now();
		const next = Math.min(Math.max(pause, CHECK_SHARE * (now - began)), CHECK_MILLISECONDS_MAX);
		this.#nextCheck = Math.min(this.#nextCheck, now + next);
	}

	#hasGrown({ station, ...counts }: StationCounts): boolean {
		const facts = this.#options.cache.index(station)?.facts;
		return facts === undefined || JSON.stringify(countsOf(facts)) !== JSON.stringify(counts);
	}

	#nextDue(): string | undefined {
		const now = performance.now();
		for (const station of this.#due.keys())
			if ((this.#notBefore.get(station) ?? 0) <= now) return station;
		const [unsure] = this.#unsure;
		return unsure;
	}

	async #seal(station: string): Promise<void> {
		this.#due.delete(station);
		this.#unsure.delete(station);
		const began = performance.now();
		try {
			const sealing = await this.#options.seal(station);
			this.problem = undefined;
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
		this.problem = error instanceof Error ? error.message : String(error);
		this.#options.onFailure(station, error);
	}

	#pause(): Promise<void> {
		const now = performance.now();
		const times = [...this.#due.keys()].map((station) => this.#notBefore.get(station) ?? now);
		const until = Math.min(this.#nextCheck, ...times);
		return new Promise((resolve) => {
			const timer = setTimeout(resolve, Math.max(until - now, 1));
			this.#wake = () => {
				clearTimeout(timer);
				resolve();
			};
		});
	}
}

function countsOf({ batchCount, keys, evidence }: RecordFacts): Omit<StationCounts, "station"> {
	return {
		batches: batchCount,
		keys: keys.length,
		revoked: keys.filter(({ revoked }) => revoked !== null).length,
		evidence: evidence.reduce((sum, { count }) => sum + count, 0),
	};
}
