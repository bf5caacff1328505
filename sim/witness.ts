/**
 * The witness at the append port: remembers the canonical bytes of every append that returned and
 * every acknowledgement that took hold. It reads no counter of the station; checkers compare what it
 * saw with what the collector stores.
 */

import type { StationJournal } from "../src/firmware/station/journal-port.js";
import { encodeEntry } from "../src/protocol/entry.js";

export interface Witness {
	/** An append is about to be tried; cut short, it may be there whole or not at all. */
	attempted(canonical: Uint8Array): void;
	/** An append returned. */
	appended(canonical: Uint8Array): void;
	/** The journal took an acknowledgement. */
	acknowledged(cursor: number, epoch: number): void;
}

/** The same journal, watched. */
export function witnessed(journal: StationJournal, witness: Witness): StationJournal {
	return {
		append: (draft) => {
			const { epoch, nextSequence: sequence } = journal;
			witness.attempted(encodeEntry({ ...draft, epoch, sequence }));
			const appended = journal.append(draft);
			witness.appended(appended.canonical.slice());
			return appended;
		},
		acknowledge: (cursor) => {
			journal.acknowledge(cursor);
			witness.acknowledged(cursor, journal.epoch);
		},
		headBefore: (sequence) => journal.headBefore(sequence),
		read: (first, count, visit) => journal.read(first, count, visit),
		save: () => journal.save(),
		idle: () => journal.idle(),
		health: () => journal.health(),
		get epoch() {
			return journal.epoch;
		},
		get cursor() {
			return journal.cursor;
		},
		get firstSequenceHeld() {
			return journal.firstSequenceHeld;
		},
		get nextSequence() {
			return journal.nextSequence;
		},
		get gaps() {
			return journal.gaps;
		},
		get recoveryNote() {
			return journal.recoveryNote;
		},
	};
}
