/**
 * Whether the collector can take batches, which is another question than whether it lives: its
 * database must answer (behind a lock it answers others), the last batch must not have failed in it (a full disk still reads), and an embedded one needs room.
 */
import { type StatsFs, statfsSync } from "node:fs";
import type { SqlSession, SqlStore } from "../store/store.js";

/** Asked for at most so often, however often clients ask. */
const PROBE_MILLISECONDS = 5000;
const PROBE_MILLISECONDS_MAX = 5000;
/** A failure is the past when nobody has tried since. */
const FAILURE_MILLISECONDS = 60_000;

/** Behind a lock, or in a database that stands still; a statement of a batch takes milliseconds, under any attack less than this. */
const BLOCKED_MILLISECONDS = 5000;

/** A segment of an embedded database's log is 16 MiB, and recovery may need a new one beside the old. */
const ROOM_BYTES_MIN = 40_000_000;

/** What the disk under an embedded database lacks; undefined: nothing. */
export function roomProblem(
	directory: string,
	{ bavail, bsize }: Pick<StatsFs, "bavail" | "bsize"> = statfsSync(directory),
): string | undefined {
	const bytes = bavail * bsize;
	if (bytes >= ROOM_BYTES_MIN) return undefined;
	return `${directory}: only ${Math.floor(bytes / 1e6)} MB left on its disk; make room`;
}

export class Readiness {
	readonly #store: Pick<SqlSession, "query">;
	readonly #now: () => number;
	readonly #room: () => string | undefined;
	#failedMilliseconds: number | undefined;
	#failure = "";
	#probe: Promise<string | undefined> | undefined;
	#probedMilliseconds = 0;
	/** When each began that the database has not answered. */
	readonly #unanswered = new Map<object, number>();

	/** `now`: milliseconds of any clock that only goes forward; `room`: what a disk lacks. */
	constructor(
		store: Pick<SqlSession, "query">,
		now: () => number = () => performance.now(),
		room: () => string | undefined = () => undefined,
	) {
		this.#store = store;
		this.#now = now;
		this.#room = room;
	}

	/** A batch was stored, or known to be. */
	succeeded(): void {
		this.#failedMilliseconds = undefined;
	}

	/** The store failed a batch. */
	failed(error: unknown): void {
		this.#failedMilliseconds = this.#now();
		this.#failure = error instanceof Error ? error.message : String(error);
	}

	/** The same store, whose statements are waited for here, too. */
	watched(store: SqlStore): SqlStore {
		return {
			...store,
			query: (...asked) => this.#wait(store.query(...asked)),
			execute: (text) => this.#wait(store.execute(text)),
			transaction: (work) => this.#wait(store.transaction(work)),
		};
	}

	async #wait<Result>(answer: Promise<Result>): Promise<Result> {
		const key = {};
		this.#unanswered.set(key, this.#now());
		try {
			return await answer;
		} finally {
			this.#unanswered.delete(key);
		}
	}

	/** Since when the database has left a statement without an answer, in words; undefined: none waits for long. */
	blocked(): string | undefined {
		// In the order in which they began.
		const [oldest] = this.#unanswered.values();
		if (oldest === undefined) return undefined;
		const waited = this.#now() - oldest;
		if (waited < BLOCKED_MILLISECONDS) return undefined;
		const seconds = Math.floor(waited / 1000);
		return `the database has left a statement without an answer for ${seconds} s; stations keep what they have, and wait`;
	}

	/** What is wrong, or undefined when batches can come. */
	async problem(): Promise<string | undefined> {
		const blocked = this.blocked();
		if (blocked !== undefined) return blocked;
		const now = this.#now();
		if (this.#failedMilliseconds !== undefined) {
			if (now - this.#failedMilliseconds < FAILURE_MILLISECONDS) return this.#failure;
		}
		if (this.#probe === undefined || now - this.#probedMilliseconds >= PROBE_MILLISECONDS) {
			this.#probedMilliseconds = now;
			this.#probe = this.#check();
		}
		return this.#probe;
	}

	async #check(): Promise<string | undefined> {
		let timer: NodeJS.Timeout | undefined;
		const tooLong = new Promise<string>((resolve) => {
			timer = setTimeout(
				() => resolve(`the database has not answered for ${PROBE_MILLISECONDS_MAX / 1000} s`),
				PROBE_MILLISECONDS_MAX,
			);
		});
		const asked = this.#store.query("select 1").then(
			() => undefined,
			(error: unknown) => (error instanceof Error ? error.message : String(error)),
		);
		try {
			return this.#room() ?? (await Promise.race([asked, tooLong]));
		} finally {
			clearTimeout(timer);
		}
	}
}
