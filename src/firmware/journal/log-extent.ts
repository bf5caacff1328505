/**
 * Where the log begins and ends: what opening finds, the writer moves on and the reader keeps to.
 */
export class LogExtent {
	/** Drawn when the ring was formatted. */
	ring = 0;
	epoch = 0;
	/** First 8 bytes of SHA-256 of the epoch's public key. */
	keyMark: Uint8Array = new Uint8Array(0);
	/** Newest sector with entries; -1 before the first append. */
	serial = -1;
	/** Sequence of the next append. */
	nextSequence = 1;
	/** h(nextSequence - 1), 32 bytes. */
	head: Uint8Array = new Uint8Array(0);
	/** Highest acknowledged sequence, 0 for none. */
	cursor = 0;
	/** Oldest sector that still counts, and the first sequence in it. */
	oldestSerial = 0;
	oldestFirst = 1;

	/** Lowest sequence still on flash; equal to `nextSequence` when there is none. */
	get firstSequenceHeld(): number {
		return Math.min(this.oldestFirst, this.nextSequence);
	}
}
