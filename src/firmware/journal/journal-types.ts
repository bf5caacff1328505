/** What the journal needs, and what it reports of itself. */
import type { Entropy, FlashPartition, Sha256 } from "../ports.js";

export interface JournalOptions {
	readonly flash: FlashPartition;
	/** Station id, 1 to 8 of `[a-z0-9-]`. */
	readonly station: string;
	readonly sha256: Sha256;
	/** Draws the epoch when the partition is formatted. */
	readonly entropy: Entropy;
	/** 33 bytes, part of h(0). */
	readonly publicKey: Uint8Array;
	/** Of a board that this one replaces: what the first epoch names as the one before it. */
	readonly predecessor?: Omit<EpochOrigin, "reason"> | undefined;
	/** What `save` returned at the end of the last wake; leave out after anything unclean. */
	readonly retained?: Uint8Array | undefined;
}

/** Fields of the epoch entry that only the journal knows: why the epoch begins and what went before. */
export interface EpochOrigin {
	/** Index into EPOCH_REASONS. */
	readonly reason: number;
	/** Zeros where nothing is known of an epoch before. */
	readonly previousEpoch: number;
	readonly previousSequence: number;
	/** h(previousSequence) of the previous epoch; part of h(0) of this one. */
	readonly previousHead: Uint8Array;
}

/** Condition of the flash; what is counted, is counted since this journal was opened: by the boot or wake. */
export interface JournalHealth {
	/** Sectors of the partition. */
	readonly sectors: number;
	/** Sectors of the log that hold none of it because they refused to, or whose header is lost. Reads every header. */
	readonly retiredSectors: number;
	readonly correctedBits: number;
	/** Slots between frames that held none. */
	readonly skippedFrames: number;
	/** Sectors begun because a boot was unclean. */
	readonly sectorSwitches: number;
	/** Programs and erases that were refused, or not there when they were read back. */
	readonly failedPrograms: number;
}
