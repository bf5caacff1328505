/** What the station needs of its journal; `firmware/journal` has it, and so may a witness around it. */

import type { StationErrorCode } from "../../core/errors.js";
import type { EntryDraft } from "../../protocol/record/entry-layouts.js";
import type { EntrySource, ReadableEntries } from "../../protocol/record/entry-source.js";
import type { JournalGap } from "../journal/gap-tracker.js";
import type { EpochOrigin, JournalHealth } from "../journal/journal-types.js";

/**
 * `epoch`, `cursor`, `nextSequence`, `read`, `headBefore` and `acknowledge` speak of the present epoch,
 * the one of the station's key. What a former key of the same ring had not delivered is in `formers`.
 */
export interface StationJournal extends EntrySource {
	/**
	 * Former epochs of this ring with something that is not acknowledged, oldest first; usually none.
	 * Each is a source of its own, with its own numbers: read only but for `acknowledge`, which is as
	 * durable as the journal's. Once all of it is acknowledged or named lost, it is not here any more.
	 * What of it is lost is in `gaps` with its `lostEpoch`.
	 */
	readonly formers: readonly EntrySource[];
	/**
	 * The epoch before an epoch without an entry, delivered or not: what the station knew last. Undefined
	 * where there is none, and once the present epoch has an entry.
	 */
	readonly predecessor: ReadableEntries | undefined;
	/** For the epoch entry, which is the first of the present epoch (`nextSequence` is 1 before it). */
	readonly origin: EpochOrigin;
	/**
	 * Why nothing can be written: `journal-geometry` (the ring does not fit its partition), or
	 * `journal-full-of-bad-sectors` once an append has met that. Undefined: all is well. Then `append` throws
	 * this code; reading continues, and `acknowledge` holds until the journal is opened without its note.
	 */
	readonly refusal: StationErrorCode | undefined;
	/** Durable when it returns. Throws StationError `flash-failed`, `journal-full-of-bad-sectors`. */
	append(draft: EntryDraft): { readonly sequence: number; readonly canonicalBytes: Uint8Array };
	/** What is lost and not yet named by a delivered gap entry. */
	readonly gaps: readonly JournalGap[];
	/** Share of the ring that no acknowledgement has released, 0..1. */
	readonly waitingShare: number;
	/** What recovery has to say, at most 40 characters, or undefined. */
	readonly recoveryNote: string | undefined;
	/** Reads every header: for whoever asks, not for every wake. */
	health(): JournalHealth;
	/** As in `health`, and no header is read for it. */
	readonly correctedBits: number;
	/** For retained memory; at the beginning of `into` where there is one. */
	save(into?: Uint8Array): Uint8Array;
	/** Erases ahead while there is time for it. */
	idle(): void;
}
