/**
 * What a former key had not delivered: its epochs of the same ring, oldest first and each from its oldest entry,
 * signed by the present key with its id. Comes after everything of the present epoch.
 */

import { StationError } from "../../core/errors.js";
import type { Task } from "../../core/task.js";
import type { EntrySource } from "../../protocol/record/entry-source.js";
import type { Acknowledgement } from "../../protocol/wire/acknowledgement.js";
import { BatchMaker, type BatchMakerOptions, type SignedBatch } from "./batch-maker.js";
import { SequenceSet } from "./sequence-set.js";

interface Former {
	readonly source: EntrySource;
	readonly maker: BatchMaker;
	/** What need not be sent (again) in this session. */
	readonly done: SequenceSet;
}

/** Of one session. */
export class FormerDelivery {
	readonly #formers: Former[];

	constructor(formers: readonly EntrySource[], options: Omit<BatchMakerOptions, "source">) {
		this.#formers = formers.map((source) => ({
			source,
			maker: new BatchMaker({ ...options, source, isLater: true }),
			done: new SequenceSet(),
		}));
	}

	/** There is more to send. */
	get hasBacklog(): boolean {
		return this.#formers.some(({ source, done }) => {
			const first = Math.max(source.cursor + 1, source.firstSequenceHeld);
			return done.lowestMissing(first, source.nextSequence - 1) !== undefined;
		});
	}

	/** The next batch, undefined when nothing is missing. StationError of the journal, and `sign-failed`. */
	*next(): Task<SignedBatch | undefined> {
		for (const { source, maker, done } of this.#formers) {
			const first = Math.max(source.cursor + 1, source.firstSequenceHeld);
			const batch = yield* maker.next(done, { first, last: source.nextSequence - 1 }, false);
			if (batch !== undefined) return batch;
		}
		return undefined;
	}

	/** Releases what is stored. Throws StationError `acknowledgement-beyond`. */
	apply(answer: Acknowledgement, batch: SignedBatch): void {
		const former = this.#formers.find(({ source }) => source.epoch === batch.epoch);
		if (former === undefined) return;
		const { source, done } = former;
		const last = source.nextSequence - 1;
		const end = answer.ranges[answer.ranges.length - 1]?.last ?? answer.cursor;
		if (end > last) {
			throw new StationError(
				"acknowledgement-beyond",
				`the collector acknowledges ${end} of epoch ${batch.epoch}, and ${last} is its last`,
			);
		}
		for (const range of answer.ranges) done.add(range.first, range.last);
		done.add(batch.first, batch.last);
		if (answer.cursor > source.cursor) source.acknowledge(answer.cursor);
	}

	/** The collector does not take this epoch: it is not offered again in this session. */
	skip(epoch: number): void {
		const index = this.#formers.findIndex(({ source }) => source.epoch === epoch);
		if (index >= 0) this.#formers.splice(index, 1);
	}
}
