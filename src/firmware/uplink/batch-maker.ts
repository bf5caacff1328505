/** Chooses, reads, encodes and signs the next batch of a session. */

import type { Task } from "../../core/task.js";
import type { EntrySource } from "../../protocol/record/entry-source.js";
import type { SequenceRange } from "../../protocol/wire/acknowledgement.js";
import {
	BATCH_ENTRIES_MAX,
	BATCH_PAYLOAD_BYTES_MAX,
	encodeBatch,
} from "../../protocol/wire/batch.js";
import { encodeSign1, keyIdOf, toBeSigned } from "../../protocol/wire/cose.js";
import { PackedEntries } from "../../protocol/wire/packed-entries.js";
import type { Sha256, Signer } from "../ports.js";
import { keyOperation } from "./key-operation.js";
import type { SequenceSet } from "./sequence-set.js";

/**
 * Entries of a batch unless the board says otherwise: eight hours of readings, 5 KB while they are encoded.
 * What an upload of a day takes of an ESP32, in such batches, is measured in docs/BOARD.md.
 */
export const BATCH_ENTRIES_USUAL = 96;

/** A batch that is signed and ready to go. */
export interface SignedBatch extends SequenceRange {
	readonly epoch: number;
	readonly envelope: Uint8Array;
	/** SHA-256 of the envelope: what the answer must name. */
	readonly hash: Uint8Array;
}

export interface BatchMakerOptions {
	readonly source: EntrySource;
	readonly station: string;
	readonly signer: Signer;
	readonly sha256: Sha256;
	/** The source is of a former key: its batches name the one that signs. */
	readonly isLater?: boolean;
	/** 1..288; BATCH_ENTRIES_USUAL by default. */
	readonly batchEntriesMax?: number | undefined;
}

/** A head of the chain that need not be walked to: h(sequence - 1). */
export interface ChainJoin {
	readonly sequence: number;
	readonly head: Uint8Array;
}

export class BatchMaker {
	/**
	 * Where the last batch that reached the newest entry ends, and so the next one begins: an upload
	 * every hour would else decode and hash half a sector to find what it had before it slept.
	 */
	join: ChainJoin | undefined;
	readonly #options: BatchMakerOptions;
	readonly #entriesMax: number;

	constructor(options: BatchMakerOptions) {
		this.#options = options;
		this.#entriesMax = Math.min(options.batchEntriesMax ?? BATCH_ENTRIES_USUAL, BATCH_ENTRIES_MAX);
	}

	/**
	 * The next batch of what is missing in `done` within `wanted`: the newest end or the oldest.
	 * Undefined when nothing is. Adds to `done` what cannot be read. StationError of the source, and
	 * `sign-failed`.
	 */
	*next(
		done: SequenceSet,
		wanted: SequenceRange,
		isNewestWanted: boolean,
	): Task<SignedBatch | undefined> {
		const { source, station, signer, sha256, isLater } = this.#options;
		const { first, last } = wanted;
		const keyId = isLater === true ? keyIdOf(sha256, signer.publicKey) : undefined;
		// Each turn without a batch marks unreadable entries, so it ends at `last` or with a full set.
		while (!done.isFull) {
			const missing = isNewestWanted
				? done.highestMissing(first, last)
				: done.lowestMissing(first, last);
			if (missing === undefined) return undefined;
			const run = this.#readRun(missing, isNewestWanted, done);
			if (run.entries.length === 0) continue;
			const payload = encodeBounded(run.entries.length, (count) =>
				encodeBatch({
					station,
					epoch: source.epoch,
					first: run.first,
					floor: floorOf(source, run.first),
					previous:
						this.join?.sequence === run.first ? this.join.head : source.headBefore(run.first),
					entries: run.entries,
					count,
				}),
			);
			const digest = sha256(toBeSigned(payload.bytes, keyId));
			const signature = yield* keyOperation<Uint8Array>(
				(onDone) => signer.sign(digest, onDone),
				"the batch could not be signed",
			);
			const envelope = encodeSign1(payload.bytes, signature, keyId);
			const lastSent = run.first + payload.count - 1;
			if (lastSent + 1 === source.nextSequence) this.#joinAt(lastSent + 1);
			const { epoch } = source;
			return { epoch, first: run.first, last: lastSent, envelope, hash: sha256(envelope) };
		}
		return undefined;
	}

	#joinAt(sequence: number): void {
		const head = this.#options.source.headBefore(sequence);
		if (head !== undefined) this.join = { sequence, head };
	}

	/**
	 * Readable entries of `missing` without a hole between them: its last such run within the newest
	 * batch's worth when `isNewest`, else its first. What is unreadable on the way there is marked as done: its
	 * gap is the journal's to tell.
	 */
	#readRun(
		missing: SequenceRange,
		isNewest: boolean,
		done: SequenceSet,
	): { first: number; entries: PackedEntries } {
		const first = isNewest
			? Math.max(missing.first, missing.last - this.#entriesMax + 1)
			: missing.first;
		const count = Math.min(missing.last - first + 1, this.#entriesMax);
		const entries = new PackedEntries(count);
		let runFirst = first + count;
		this.#options.source.read(first, count, (sequence, canonicalBytes) => {
			const isHole = entries.length > 0 && sequence !== runFirst + entries.length;
			if (isHole && !isNewest) return;
			if (isHole) entries.clear();
			if (entries.length === 0) runFirst = sequence;
			entries.push(canonicalBytes);
		});
		if (!isNewest || entries.length === 0) done.add(first, runFirst - 1);
		return { first: runFirst, entries };
	}
}

/** Encodes as many of `entryCount` as fit a payload: all of them but for hundreds of long events. */
function encodeBounded(
	entryCount: number,
	encode: (count: number) => Uint8Array,
): { bytes: Uint8Array; count: number } {
	let count = entryCount;
	for (;;) {
		const bytes = encode(count);
		if (bytes.length <= BATCH_PAYLOAD_BYTES_MAX) return { bytes, count };
		// One entry is 123 bytes at most, so this ends long before one.
		count = Math.floor(count / 2);
	}
}

/**
 * Below the floor the collector waits for nothing, so that one that was restored from a backup does
 * not wait for what was released long ago. What the ring overwrote before it was acknowledged is
 * another matter: the collector must wait until a gap entry has named it.
 */
function floorOf(source: EntrySource, first: number): number {
	return Math.min(source.firstSequenceHeld, source.cursor + 1, first);
}
