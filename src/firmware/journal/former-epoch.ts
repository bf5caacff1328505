/** What went before the present epoch in the same ring. */

/** Fields of the epoch entry that only the journal knows. */
export interface EpochOrigin {
	/** Index into EPOCH_REASONS. */
	readonly reason: number;
	/** Zeros where nothing is known of an epoch before. */
	readonly previousEpoch: number;
	readonly previousSequence: number;
	/** h(previousSequence) of the previous epoch; part of h(0) of this one. */
	readonly previousHead: Uint8Array;
}

/** A former epoch as whoever delivers it sees it. */
export interface FormerEpoch {
	readonly epoch: number;
	/** Highest acknowledged sequence, 0 none. */
	readonly cursor: number;
	readonly firstSequenceHeld: number;
	/** One more than its last. */
	readonly nextSequence: number;
	headBefore(sequence: number): Uint8Array | undefined;
	read(
		first: number,
		count: number,
		visit: (sequence: number, canonical: Uint8Array) => void,
	): void;
	acknowledge(cursor: number): void;
}
