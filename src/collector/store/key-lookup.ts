/**
 * Keys of stations out of the database, many by one statement and never two statements at once: who
 * sends a thousand ids a second, enrolled or not, costs twenty statements. Ids that are not
 * enrolled are remembered for a while.
 */
import { keyOfRow, type StationKey } from "../ledger/station-keys.js";
import type { SqlStore } from "./store.js";

/** Another collector may have enrolled it: asked again after this long. */
const UNKNOWN_MILLISECONDS = 10_000;
/** About 100 B each. */
const UNKNOWN_MAX = 20_000;
const PAUSE_MILLISECONDS = 50;
const IDS_PER_STATEMENT = 500;
/** A quarter of a second of statements. */
const WAITING_MAX = 5000;

interface Waiting {
	readonly promise: Promise<readonly StationKey[]>;
	readonly onFound: (keys: readonly StationKey[]) => void;
	readonly onFailed: (error: unknown) => void;
}

export class KeyLookup {
	readonly #store: SqlStore;
	/** Until when an id counts as not enrolled, by this process's clock; oldest first. */
	readonly #unknown = new Map<string, number>();
	readonly #waiting = new Map<string, Waiting>();
	#isUnderWay = false;
	/** Enrolments so far: what was asked before one says nothing after it. */
	#enrolments = 0;
	#nextMilliseconds = 0;

	constructor(store: SqlStore) {
		this.#store = store;
	}

	/** The enrolled keys of a station in the order of their lives, or none; rejects when the store fails. */
	keysOf(station: string): Promise<readonly StationKey[]> {
		const until = this.#unknown.get(station);
		if (until !== undefined) {
			if (performance.now() < until) return Promise.resolve([]);
			this.#unknown.delete(station);
		}
		const known = this.#waiting.get(station);
		if (known !== undefined) return known.promise;
		if (this.#waiting.size >= WAITING_MAX) {
			return Promise.reject(new Error(`${WAITING_MAX} ids wait to be looked up`));
		}
		let onFound: Waiting["onFound"] = () => {};
		let onFailed: Waiting["onFailed"] = () => {};
		const promise = new Promise<readonly StationKey[]>((resolve, reject) => {
			onFound = resolve;
			onFailed = reject;
		});
		this.#waiting.set(station, { promise, onFound, onFailed });
		this.#begin();
		return promise;
	}

	/** Its keys were changed just now. */
	forget(station: string): void {
		this.#unknown.delete(station);
		this.#enrolments++;
	}

	#begin(): void {
		if (this.#isUnderWay || this.#waiting.size === 0) return;
		this.#isUnderWay = true;
		setTimeout(() => this.#query(), Math.max(this.#nextMilliseconds - performance.now(), 0));
	}

	async #query(): Promise<void> {
		const asked = [...this.#waiting].slice(0, IDS_PER_STATEMENT);
		for (const [station] of asked) this.#waiting.delete(station);
		const enrolments = this.#enrolments;
		try {
			const rows = await this.#store.query(
				"select * from station_keys where station = any($1::text[]) order by station, number",
				[asked.map(([station]) => station)],
			);
			const keys = new Map<string, StationKey[]>(asked.map(([station]) => [station, []]));
			for (const row of rows) keys.get(String(row["station"]))?.push(keyOfRow(row));
			for (const [station, { onFound }] of asked) {
				const found = keys.get(station) ?? [];
				if (found.length === 0 && enrolments === this.#enrolments) this.#remember(station);
				onFound(found);
			}
		} catch (error) {
			for (const [, { onFailed }] of asked) onFailed(error);
		} finally {
			this.#isUnderWay = false;
			this.#nextMilliseconds = performance.now() + PAUSE_MILLISECONDS;
			this.#begin();
		}
	}

	#remember(station: string): void {
		const [oldest] = this.#unknown.keys();
		if (this.#unknown.size >= UNKNOWN_MAX && oldest !== undefined) this.#unknown.delete(oldest);
		this.#unknown.set(station, performance.now() + UNKNOWN_MILLISECONDS);
	}
}
