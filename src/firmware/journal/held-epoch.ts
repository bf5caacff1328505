/** An epoch of the ring, the present one or a former one. */
import type { Sha256 } from "../ports.js";
import { GapTracker, type JournalGap } from "./gap-tracker.js";
import type { LogExtent } from "./log-extent.js";
import { LogReader } from "./log-reader.js";
import type { RingFlash } from "./ring-flash.js";

/** An epoch of the ring: where it lies, what of it is lost, and how it is read. */
export class HeldEpoch {
	readonly extent: LogExtent;
	readonly losses = new GapTracker();
	readonly reader: LogReader;
	/** Last gap entry that names a loss of this former epoch: its place, and what it names. */
	named: { readonly sequence: number; readonly from: number; readonly to: number } | undefined;

	constructor(flash: RingFlash, extent: LogExtent, sha256: Sha256, isFormer: boolean) {
		this.extent = extent;
		if (isFormer) this.losses.lostEpoch = extent.epoch;
		this.reader = new LogReader(flash, extent, this.losses, sha256);
	}

	get gaps(): readonly JournalGap[] {
		return this.losses.open(this.extent, (sequence) => this.reader.headBefore(sequence));
	}

	/** Everything is acknowledged. */
	get isDone(): boolean {
		return this.extent.cursor + 1 >= this.extent.nextSequence;
	}

	read(
		first: number,
		count: number,
		visit: (sequence: number, canonicalBytes: Uint8Array) => void,
	): void {
		this.reader.read(first, Math.min(first + count, this.extent.nextSequence), visit);
	}
}
