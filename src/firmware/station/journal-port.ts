/** What the station needs of its journal; `firmware/journal` has it, and so may a witness around it. */
import type { EntryDraft } from "../../protocol/entry.js";

export interface JournalGap {
	readonly from: number;
	readonly to: number;
	/** Index into GAP_REASONS. */
	readonly reason: number;
	/** h(to), 32 bytes. */
	readonly resume: Uint8Array;
}

export interface StationJournal {
	/** Durable when it returns. Throws StationError `flash-failed`, `journal-full-of-bad-sectors`. */
	append(draft: EntryDraft): { readonly sequence: number; readonly canonical: Uint8Array };
	readonly epoch: number;
	/** Highest acknowledged sequence, 0 for none. */
	readonly cursor: number;
	readonly firstSequenceHeld: number;
	readonly nextSequence: number;
	headBefore(sequence: number): Uint8Array | undefined;
	read(
		first: number,
		count: number,
		visit: (sequence: number, canonical: Uint8Array) => void,
	): void;
	acknowledge(cursor: number): void;
	readonly gaps: readonly JournalGap[];
	readonly recoveryNote: string | undefined;
	save(): Uint8Array;
	idle(): void;
}
