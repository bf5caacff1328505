/** What the station needs of its journal; `firmware/journal` has it, and so may a witness around it. */
import type { EntryDraft } from "../../protocol/entry.js";
import type { EntrySource } from "../uplink/uplink.js";

export interface JournalGap {
	/** Former epoch of these numbers, absent or 0: the present one. A field of the gap entry. */
	readonly lostEpoch?: number;
	readonly from: number;
	readonly to: number;
	/** Index into GAP_REASONS. */
	readonly reason: number;
	/** h(to), 32 bytes. */
	readonly resume: Uint8Array;
}

/** Condition of the flash; what is counted, is counted since the boot or wake. */
export interface JournalHealth {
	/** Sectors of the partition. */
	readonly sectors: number;
	/** Sectors that hold nothing because they refused to, or whose header is lost. */
	readonly retiredSectors: number;
	readonly correctedBits: number;
	/** Slots between frames that held none. */
	readonly skippedFrames: number;
	/** Sectors begun because a boot was unclean. */
	readonly hops: number;
	/** Programs and erases that were refused, or not there when they were read back. */
	readonly failedPrograms: number;
}

export interface StationJournal extends EntrySource {
	/**
	 * Former epochs of this ring with something that is not acknowledged, oldest first; usually none.
	 * Each is a source of its own, with its own numbers: read only but for `acknowledge`.
	 */
	readonly formers?: readonly EntrySource[];
	/** Durable when it returns. Throws StationError `flash-failed`, `journal-full-of-bad-sectors`. */
	append(draft: EntryDraft): { readonly sequence: number; readonly canonical: Uint8Array };
	/** What is lost and not yet named by a delivered gap entry. */
	readonly gaps: readonly JournalGap[];
	/** Share of the ring that no acknowledgement has released, 0..1. */
	readonly waitingShare: number;
	/** What recovery has to say, at most 40 characters, or undefined. */
	readonly recoveryNote: string | undefined;
	/** Reads every header: for whoever asks, not for every wake. */
	health(): JournalHealth;
	/** For retained memory. */
	save(): Uint8Array;
	/** Erases ahead while there is time for it. */
	idle(): void;
}
