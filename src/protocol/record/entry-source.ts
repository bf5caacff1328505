/** Entries of one epoch as their delivery sees them: of the journal, or of a former key in the same ring. */
export interface EntrySource {
	readonly epoch: number;
	/** Highest acknowledged sequence, 0 none. */
	readonly cursor: number;
	readonly firstSequenceHeld: number;
	readonly nextSequence: number;
	/** h(sequence - 1), 32 bytes, or undefined where the chain is broken. */
	headBefore(sequence: number): Uint8Array | undefined;
	/** Visits the readable ones of first .. first + count - 1, ascending. */
	read(
		first: number,
		count: number,
		visit: (sequence: number, canonicalBytes: Uint8Array) => void,
	): void;
	/** Durable when it returns; may throw StationError. */
	acknowledge(cursor: number): void;
}

/** Entries that can be read. */
export type ReadableEntries = Pick<EntrySource, "firstSequenceHeld" | "nextSequence" | "read">;
