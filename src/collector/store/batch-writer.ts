/**
 * Stores verified batches, several at a time: what arrives while the database is busy goes there
 * together, in one statement and one commit. None waits for company longer than for the rest of a turn of
 * the event loop. A batch of many gaps takes as long as a whole group of others: it goes alone, and in turns with
 * the groups, so that a station with thousands of gaps makes others wait for one such batch at most.
 */

import { HEAD_BYTES } from "../../protocol/record/chain.js";
import type { Entry } from "../../protocol/record/entry-layouts.js";
import type { Batch } from "../../protocol/wire/batch.js";
import type { SqlRow, SqlStore } from "./store.js";

/** A batch whose signature, chain and entries were checked. */
export interface CheckedBatch {
	readonly batch: Batch;
	/** h(first - 1) .. h(last), or undefined when the batch is not chained. */
	readonly heads: readonly Uint8Array[] | undefined;
	readonly gaps: readonly (Entry & { readonly kind: "gap" })[];
	/** SHA-256 of the envelope. */
	readonly hash: Uint8Array;
	/** SHA-256 of what is signed: the same for every signature of it. */
	readonly content: Uint8Array;
	readonly envelope: Uint8Array;
	/** The key that the epoch began with, 33 bytes, where the batch says so. */
	readonly owner: Uint8Array | undefined;
	/** Id of the key that signed it, 8 bytes. */
	readonly signedBy: Uint8Array;
}

const OUTCOMES = Object.freeze(["stored", "known", "other-key", "conflict", "fork"] as const);

export interface StoreOutcome {
	/**
	 * `known`: this very batch was stored before, by whatever signature; `other-key`: the epoch began with another
	 * key than `owner`.
	 */
	readonly outcome: (typeof OUTCOMES)[number];
	/** Entries of the batch that were held before. */
	readonly held: number;
	readonly floor: number;
	/** Of the covered ranges the one that begins at or below the floor, and the last five; ascending. */
	readonly rangeFirsts: readonly number[];
	readonly rangeLasts: readonly number[];
}

/** 16 batches of 288 events are 16 x (17 + 35 + 9) KiB: a megabyte in one statement. */
const GROUP_MAX = 16;
/**
 * Statements under way at once: PGlite runs one at a time; on PostgreSQL one group is written while
 * another waits for the disk. Four at once store 7 % more, in groups of fewer batches each. Under a siege they have
 * the processors beside the collector: 99 % of honest stations were answered within 58 to 73 ms with them, and
 * within 32 to 89 with two, which is one run each.
 */
export const STATEMENTS_MAX = { pglite: 1, postgresql: 2 } as const;
/** A recovery after a power cut names two; 288 take a database for 10 to 30 ms. */
const USUAL_GAPS_MAX = 16;
/** A station has one session at a time; more than this is no upload slot but an attack. */
const WAITING_MAX = 5000;

export const STORE_ALL =
	"select * from bistrina_store_all($1::text[],$2::bigint[],$3::bigint[],$4::bigint[]," +
	"$5::integer[],$6::integer[],$7::bytea,$8::boolean[],$9::bytea,$10::bytea,$11::bytea," +
	"$12::integer[],$13::bytea,$14::bytea,$15::bytea,$16::integer[],$17::bigint[],$18::bigint[]," +
	"$19::bigint[],$20::bigint[],$21::bytea)";

const UNKNOWN_KEY = new Uint8Array(33);

interface Waiting {
	readonly checked: CheckedBatch;
	readonly onStored: (outcome: StoreOutcome) => void;
	readonly onFailed: (error: unknown) => void;
}

export class BatchWriter {
	readonly #store: SqlStore;
	#waiting: Waiting[] = [];
	/** With many gaps. */
	readonly #gapped: Waiting[] = [];
	#underWay = 0;
	#isGappedUnderWay = false;
	#wasGapped = false;
	#isGathering = false;

	constructor(store: SqlStore) {
		this.#store = store;
	}

	/** Resolves after the commit; rejects when the store fails, and then nothing was stored. */
	write(checked: CheckedBatch): Promise<StoreOutcome> {
		if (this.#waiting.length + this.#gapped.length >= WAITING_MAX) {
			return Promise.reject(new Error(`${WAITING_MAX} batches are waiting already`));
		}
		return new Promise((onStored, onFailed) => {
			const queue = checked.gaps.length > USUAL_GAPS_MAX ? this.#gapped : this.#waiting;
			queue.push({ checked, onStored, onFailed });
			this.#next();
		});
	}

	/**
	 * The rest of a turn of the event loop collects what threads and sockets have ready, then a group goes. A second turn made
	 * groups of few larger, and everybody wait for it: under an attack a turn is 10 ms.
	 */
	#next(): void {
		if (this.#isGathering || (this.#waiting.length === 0 && !this.#mayTakeGapped())) return;
		if (this.#underWay >= STATEMENTS_MAX[this.#store.name]) return;
		this.#isGathering = true;
		setImmediate(() => this.#start());
	}

	/** One at a time: where several statements are under way the others are for the others. */
	#mayTakeGapped(): boolean {
		return this.#gapped.length > 0 && !this.#isGappedUnderWay;
	}

	#start(): void {
		this.#isGathering = false;
		const isGapped = this.#mayTakeGapped() && (this.#waiting.length === 0 || !this.#wasGapped);
		const group = isGapped ? this.#gapped.splice(0, 1) : this.#waiting.splice(0, GROUP_MAX);
		this.#wasGapped = isGapped;
		if (isGapped) this.#isGappedUnderWay = true;
		this.#underWay++;
		this.#writeGroup(group)
			.catch((error: unknown) => {
				for (const { onFailed } of group) onFailed(error);
			})
			.finally(() => {
				this.#underWay--;
				if (isGapped) this.#isGappedUnderWay = false;
				this.#next();
			});
		this.#next();
	}

	async #writeGroup(group: Waiting[]): Promise<void> {
		// Each batch locks its station: all collectors lock in one order, so that none waits for another
		// that waits for it.
		group.sort((a, b) => comparePositions(a.checked.batch, b.checked.batch));
		let rows: SqlRow[];
		try {
			rows = await this.#store.query(STORE_ALL, parametersOf(group));
		} catch (error) {
			if (group.length === 1) throw error;
			// One of them may be the cause; the others must not suffer for it.
			for (const waiting of group) await this.#writeAlone(waiting);
			return;
		}
		for (const row of rows) group[Number(row["place"])]?.onStored(outcomeOf(row));
	}

	async #writeAlone(waiting: Waiting): Promise<void> {
		const { onStored, onFailed } = waiting;
		try {
			const [row] = await this.#store.query(STORE_ALL, parametersOf([waiting]));
			if (row === undefined) throw new TypeError("the store gave no row");
			onStored(outcomeOf(row));
		} catch (error) {
			onFailed(error);
		}
	}
}

function comparePositions(a: Batch, b: Batch): number {
	if (a.station !== b.station) return a.station < b.station ? -1 : 1;
	return a.epoch - b.epoch || a.first - b.first;
}

/**
 * The group for bistrina_store_all: a few long parameters in place of many short ones, which cost
 * either side more than what is in them.
 */
function parametersOf(group: readonly Waiting[]): unknown[] {
	const starts = [0];
	const offsets = [0];
	const allBytes: Uint8Array[] = [];
	const heads: Uint8Array[] = [];
	const envelopeStarts = [0];
	const gapBatches: number[] = [];
	let entryEnd = 0;
	let envelopeEnd = 0;
	group.forEach(({ checked }, index) => {
		const { entries } = checked.batch;
		for (const entry of entries) {
			entryEnd += entry.length;
			offsets.push(entryEnd);
			allBytes.push(entry);
		}
		starts.push(allBytes.length);
		heads.push(...(checked.heads ?? [new Uint8Array(HEAD_BYTES * (entries.length + 1))]));
		envelopeEnd += checked.envelope.length;
		envelopeStarts.push(envelopeEnd);
		for (let gap = 0; gap < checked.gaps.length; gap++) gapBatches.push(index + 1);
	});
	const gaps = group.flatMap(({ checked }) => checked.gaps);
	return [
		group.map(({ checked }) => checked.batch.station),
		group.map(({ checked }) => checked.batch.epoch),
		group.map(({ checked }) => checked.batch.first),
		group.map(({ checked }) => checked.batch.floor),
		starts,
		offsets,
		Buffer.concat(allBytes),
		group.map(({ checked }) => checked.heads !== undefined),
		Buffer.concat(heads),
		Buffer.concat(group.map(({ checked }) => checked.hash)),
		Buffer.concat(group.map(({ checked }) => checked.content)),
		envelopeStarts,
		Buffer.concat(group.map(({ checked }) => checked.envelope)),
		Buffer.concat(group.map(({ checked }) => checked.owner ?? UNKNOWN_KEY)),
		Buffer.concat(group.map(({ checked }) => checked.signedBy)),
		gapBatches,
		gaps.map(({ sequence }) => sequence),
		gaps.map(({ epoch, lostEpoch }) => lostEpoch || epoch),
		gaps.map(({ from }) => from),
		gaps.map(({ to }) => to),
		Buffer.concat(gaps.map(({ resume }) => padded(resume))),
	];
}

function padded(resume: Uint8Array): Uint8Array {
	return resume.length === HEAD_BYTES ? resume : new Uint8Array(HEAD_BYTES);
}

function outcomeOf(row: SqlRow): StoreOutcome {
	const outcome = row["outcome"];
	if (!isOutcome(outcome)) throw new TypeError(`unknown outcome ${String(outcome)}`);
	return {
		outcome,
		held: Number(row["held"]),
		floor: Number(row["floor_held"]),
		rangeFirsts: (row["range_firsts"] ?? []) as number[],
		rangeLasts: (row["range_lasts"] ?? []) as number[],
	};
}

function isOutcome(text: unknown): text is StoreOutcome["outcome"] {
	return OUTCOMES.some((outcome) => outcome === text);
}
