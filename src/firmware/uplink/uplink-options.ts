/** What an uplink needs of the station, and what its sessions come to. */

import type { StationErrorCode } from "../../core/errors.js";
import type { RandomSource } from "../../core/random.js";
import type { Task } from "../../core/task.js";
import type { EntrySource } from "../../protocol/record/entry-source.js";
import type { Clock, Network, Sha256, Signer, Verifier } from "../ports.js";

export interface UplinkOptions {
	readonly source: EntrySource;
	/** Former epochs of the same ring with something that is not acknowledged, oldest first. */
	readonly formers?: (() => readonly EntrySource[]) | undefined;
	readonly network: Network;
	readonly signer: Signer;
	readonly verifier: Verifier;
	readonly sha256: Sha256;
	readonly clock: Clock;
	readonly random: RandomSource;
	/** Station id, `[a-z0-9-]{1,8}`. */
	readonly station: string;
	readonly host: string;
	readonly port: number;
	/** The key that answers are signed with: 33 bytes. */
	readonly collectorPublicKey: Uint8Array;
	readonly uploadIntervalSeconds: number;
	/** Entries of a batch, 1..288; a board with memory to spare sets more than the usual 96. */
	readonly batchEntriesMax?: number | undefined;
	/** A configuration is on trial: its attempts are owed (docs/WIRE.md, section 6). */
	readonly isOnTrial?: (() => boolean) | undefined;
	/** From `save` of the last wake. */
	readonly state?: Uint8Array | undefined;
	/** The collector's clock, from a verified answer, and when that was asked for and came. */
	readonly onTime?: ((utcSeconds: number, times: AnswerTimes) => void) | undefined;
	/** A new configuration in its canonical form, from a verified acknowledgement. */
	readonly onConfiguration?: ((canonicalBytes: Uint8Array) => void) | undefined;
	/** Hears how long the link took to come up, and TCP and TLS after it. */
	readonly onConnected?: (linkMilliseconds: number, connectMilliseconds: number) => void;
	/** `acknowledged`: detail is the cursor; `refused`: the code; else an error of the session. */
	readonly onReport?:
		| ((code: StationErrorCode | "acknowledged" | "refused", detail: number, text: string) => void)
		| undefined;
	/** The watchdog, once for each batch. */
	readonly feed?: (() => void) | undefined;
	/** Once a session, when nothing is left to say to the collector and the link is still up. */
	readonly beforeClose?: ((endMilliseconds: number) => Task<void>) | undefined;
}

/** On the board's clock. */
export interface AnswerTimes {
	/** The request's first byte had not left before. */
	readonly askedMilliseconds: number;
	readonly answeredMilliseconds: number;
}

export interface SessionOutcome {
	/** How it ended; `idle`: there was nothing to send, the radio stayed off. */
	readonly end: "idle" | "acknowledged" | "refused" | "failed";
	/** What went wrong, when something did; also after batches that were acknowledged. */
	readonly code: StationErrorCode | undefined;
	/** Batches that the collector has stored, whatever its cursor. */
	readonly batches: number;
	readonly bytesSent: number;
	readonly radioMilliseconds: number;
	/** There is more to send. */
	readonly hasBacklog: boolean;
}
