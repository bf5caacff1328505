/**
 * The station's journal though its flash fails: one that cannot be opened is empty and refuses, one that
 * takes no entry any more still delivers what can be read. What the collector has acknowledged and flash
 * would not note is remembered here, and in retained memory, so that it is not sent for ever.
 */

import { StationError, type StationErrorCode } from "../../core/errors.js";
import type { Entry, EntryDraft } from "../../protocol/record/entry-layouts.js";
import type { EntrySource, ReadableEntries } from "../../protocol/record/entry-source.js";
import type { JournalGap } from "../journal/gap-tracker.js";
import type { EpochOrigin, JournalHealth, JournalOptions } from "../journal/journal-types.js";
import type { Board } from "../ports.js";
import type { StationJournal } from "./journal-port.js";

export interface TolerantJournalOptions {
	/** Throws what opening throws. */
	readonly open: (options: JournalOptions) => StationJournal;
	readonly board: Pick<Board, "flash" | "sha256" | "entropy" | "signer">;
	/** Throws StationError where the board is not provisioned: then there is no journal. */
	readonly station: () => string;
	/** What `save` gave at the end of the last wake, when that was a deep sleep. */
	readonly retained: Uint8Array | undefined;
	readonly delivered: Delivered | undefined;
	readonly log: (text: string) => void;
}

/** Up to where entries of an epoch were acknowledged, where the journal itself may not know. */
export interface Delivered {
	readonly epoch: number;
	readonly to: number;
}

const UNREADABLE_HEALTH: JournalHealth = Object.freeze({
	sectors: 0,
	retiredSectors: 0,
	correctedBits: 0,
	skippedFrames: 0,
	sectorSwitches: 0,
	failedPrograms: 0,
});

/** A source whose last entry is not given away. */
function withoutLast(source: EntrySource): EntrySource {
	const nextSequence = Math.max(source.nextSequence - 1, source.firstSequenceHeld);
	return {
		epoch: source.epoch,
		firstSequenceHeld: source.firstSequenceHeld,
		nextSequence,
		get cursor() {
			return source.cursor;
		},
		headBefore: (sequence) => source.headBefore(sequence),
		read: (first, count, visit) => {
			const end = Math.min(first + count, nextSequence);
			if (end > first) source.read(first, end - first, visit);
		},
		acknowledge: (cursor) => source.acknowledge(cursor),
	};
}

/** Of a journal that is not there: never recorded, because nothing can be appended. */
const NO_ORIGIN: EpochOrigin = Object.freeze({
	reason: 0,
	previousEpoch: 0,
	previousSequence: 0,
	previousHead: new Uint8Array(32),
});

export class TolerantJournal implements StationJournal {
	/**
	 * False until this boot is in the record: the last entry may be one that the next boot does not see
	 * (docs/FORMAT.md, 3), and is not given away.
	 */
	isLastFirm = true;
	/** Hears of every entry that was taken, in order. */
	onAppended: ((entry: Entry) => void) | undefined;
	readonly #options: TolerantJournalOptions;
	#journal: StationJournal | undefined;
	#failure: StationError | undefined;
	#delivered: Delivered;

	/** Throws what is no StationError. */
	constructor(options: TolerantJournalOptions) {
		this.#options = options;
		this.#delivered = options.delivered ?? { epoch: 0, to: 0 };
		this.#open(options.retained);
	}

	/** Why there is no journal, while there is none. */
	get failure(): StationError | undefined {
		return this.#failure;
	}

	/** Opens one that could not be opened, if it can by now. */
	reopen(): void {
		if (this.#journal === undefined) this.#open(undefined);
	}

	/** 0 while there is none. */
	get epoch(): number {
		return this.#journal?.epoch ?? 0;
	}

	get cursor(): number {
		const { epoch, to } = this.#delivered;
		const cursor = this.#journal?.cursor ?? 0;
		return epoch === this.epoch ? Math.min(Math.max(cursor, to), this.nextSequence - 1) : cursor;
	}

	get firstSequenceHeld(): number {
		return this.#journal?.firstSequenceHeld ?? 1;
	}

	get nextSequence(): number {
		return this.#journal?.nextSequence ?? 1;
	}

	get gaps(): readonly JournalGap[] {
		return this.#tolerate(() => this.#journal?.gaps) ?? [];
	}

	get formers(): readonly EntrySource[] {
		const formers = this.#tolerate(() => this.#journal?.formers) ?? [];
		// Nothing is recorded under the new key yet: the last entry is the newest former one's.
		if (this.isLastFirm || this.nextSequence > 1) return formers;
		const newest = formers.length - 1;
		return formers.map((former, index) => (index === newest ? withoutLast(former) : former));
	}

	get predecessor(): ReadableEntries | undefined {
		return this.#journal?.predecessor;
	}

	get origin(): EpochOrigin {
		return this.#journal?.origin ?? NO_ORIGIN;
	}

	get refusal(): StationErrorCode | undefined {
		return this.#journal === undefined ? this.#failure?.code : this.#journal.refusal;
	}

	get waitingShare(): number {
		return this.#journal?.waitingShare ?? 0;
	}

	get recoveryNote(): string | undefined {
		return this.#journal?.recoveryNote;
	}

	get correctedBits(): number {
		return this.#journal?.correctedBits ?? 0;
	}

	/** For retained memory. */
	get delivered(): Delivered {
		return this.#delivered;
	}

	append(draft: EntryDraft): { readonly sequence: number; readonly canonicalBytes: Uint8Array } {
		const journal = this.#journal;
		if (journal !== undefined) {
			const appended = journal.append(draft);
			this.onAppended?.({ epoch: journal.epoch, sequence: appended.sequence, ...draft });
			return appended;
		}
		throw this.#failure ?? new StationError("flash-failed", "the journal is not open");
	}

	acknowledge(cursor: number): void {
		try {
			this.#journal?.acknowledge(cursor);
		} catch (error) {
			if (!(error instanceof StationError) || error.code === "acknowledgement-beyond") throw error;
			this.#delivered = { epoch: this.epoch, to: Math.max(cursor, this.cursor) };
			this.#options.log(`the journal did not note ${cursor}: ${error.code}`);
		}
	}

	headBefore(sequence: number): Uint8Array | undefined {
		return this.#journal?.headBefore(sequence);
	}

	read(
		first: number,
		count: number,
		visit: (sequence: number, canonicalBytes: Uint8Array) => void,
	): void {
		const end = Math.min(first + count, this.nextSequence - (this.isLastFirm ? 0 : 1));
		if (end > first) this.#journal?.read(first, end - first, visit);
	}

	/** Of one that cannot be read nothing is known: no sectors. */
	health(): JournalHealth {
		return this.#tolerate(() => this.#journal?.health()) ?? UNREADABLE_HEALTH;
	}

	save(into?: Uint8Array): Uint8Array {
		return this.#journal?.save(into) ?? new Uint8Array(0);
	}

	idle(): void {
		this.#tolerate(() => this.#journal?.idle());
	}

	#open(retained: Uint8Array | undefined): void {
		try {
			const { open, board, station } = this.#options;
			this.#journal = open({
				flash: board.flash,
				station: station(),
				sha256: board.sha256,
				entropy: board.entropy,
				publicKey: board.signer.publicKey,
				retained,
			});
			this.#failure = undefined;
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			if (this.#failure === undefined)
				this.#options.log(`no journal: ${error.code} ${error.message}`);
			this.#failure = error;
		}
	}

	#tolerate<Value>(act: () => Value): Value | undefined {
		try {
			return act();
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			this.#options.log(`the journal fails: ${error.code}`);
			return undefined;
		}
	}
}
