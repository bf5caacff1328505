/**
 * The witness at the append port: remembers the canonical bytes of every append that returned and
 * every acknowledgement that took hold. It reads no counter of the station; checkers compare what it
 * saw with what the collector stores.
 */

import type { StationJournal } from "../../src/firmware/station/journal-port.js";
import { encodeDraft } from "../../src/protocol/record/entry.js";
import type { EntryDraft } from "../../src/protocol/record/entry-layouts.js";

export interface Witness {
	/**
	 * An append is about to be tried; cut short, it may be there whole or not at all. Left out by who
	 * cuts nothing: to tell of it the entry is encoded once more.
	 */
	attempted?(canonicalBytes: Uint8Array): void;
	/** An append returned. */
	appended(canonicalBytes: Uint8Array): void;
	/** The journal took an acknowledgement. */
	acknowledged(cursor: number, epoch: number): void;
}

/** The same journal, watched. */
export function witnessed(journal: StationJournal, witness: Witness): StationJournal {
	return new WitnessedJournal(journal, witness);
}

type FormerSource = StationJournal["formers"][number];

class WitnessedJournal implements StationJournal {
	readonly #journal: StationJournal;
	readonly #witness: Witness;

	constructor(journal: StationJournal, witness: Witness) {
		this.#journal = journal;
		this.#witness = witness;
	}

	append(draft: EntryDraft): { readonly sequence: number; readonly canonicalBytes: Uint8Array } {
		if (this.#witness.attempted !== undefined) {
			const { epoch, nextSequence: sequence } = this.#journal;
			this.#witness.attempted(encodeDraft(draft, epoch, sequence));
		}
		const appended = this.#journal.append(draft);
		this.#witness.appended(appended.canonicalBytes.slice());
		return appended;
	}

	acknowledge(cursor: number): void {
		this.#journal.acknowledge(cursor);
		this.#witness.acknowledged(cursor, this.#journal.epoch);
	}

	headBefore(sequence: number): Uint8Array | undefined {
		return this.#journal.headBefore(sequence);
	}

	read(
		first: number,
		count: number,
		visit: (sequence: number, canonicalBytes: Uint8Array) => void,
	): void {
		this.#journal.read(first, count, visit);
	}

	save(into?: Uint8Array): Uint8Array {
		return this.#journal.save(into);
	}

	idle(): void {
		this.#journal.idle();
	}

	health(): ReturnType<StationJournal["health"]> {
		return this.#journal.health();
	}

	get correctedBits(): number {
		return this.#journal.correctedBits;
	}

	get epoch(): number {
		return this.#journal.epoch;
	}

	get predecessor(): StationJournal["predecessor"] {
		return this.#journal.predecessor;
	}

	get formers(): StationJournal["formers"] {
		return this.#journal.formers.map((former) => witnessedFormer(former, this.#witness));
	}

	get origin(): StationJournal["origin"] {
		return this.#journal.origin;
	}

	get refusal(): StationJournal["refusal"] {
		return this.#journal.refusal;
	}

	get cursor(): number {
		return this.#journal.cursor;
	}

	get firstSequenceHeld(): number {
		return this.#journal.firstSequenceHeld;
	}

	get nextSequence(): number {
		return this.#journal.nextSequence;
	}

	get gaps(): StationJournal["gaps"] {
		return this.#journal.gaps;
	}

	get waitingShare(): number {
		return this.#journal.waitingShare;
	}

	get recoveryNote(): string | undefined {
		return this.#journal.recoveryNote;
	}
}

/** A former epoch whose acknowledgements are watched, too. */
function witnessedFormer(former: FormerSource, witness: Witness): FormerSource {
	return {
		epoch: former.epoch,
		get cursor() {
			return former.cursor;
		},
		get firstSequenceHeld() {
			return former.firstSequenceHeld;
		},
		nextSequence: former.nextSequence,
		headBefore: (sequence) => former.headBefore(sequence),
		read: (first, count, visit) => former.read(first, count, visit),
		acknowledge: (cursor) => {
			former.acknowledge(cursor);
			witness.acknowledged(cursor, former.epoch);
		},
	};
}
