/**
 * Gives entries their header: which boot, how long it runs, what the clock says and how well, under
 * which configuration, in what state of the station. The journal adds epoch and sequence.
 */
import type { EntryBody, EntryDraft } from "../../protocol/record/entry-layouts.js";

/** Where an entry is in time; taken when a measurement begins, used when it is written. */
export interface Stamp {
	readonly uptimeSeconds: number;
	/** Unix seconds, 0 when unknown. */
	readonly utcSeconds: number;
	/** TIME_QUALITIES. */
	readonly timeQuality: number;
}

export interface RecorderOptions {
	readonly clock: { readonly milliseconds: number };
	readonly time: { readonly utcSeconds: number | undefined; readonly timeQuality: number };
	readonly boot: number;
	readonly bootMilliseconds: number;
	/** Id of the configuration in force. */
	readonly configurationId: () => number;
	/** STATION_FLAGS of this moment. */
	readonly stationFlags: () => number;
	/** Durable when it returns; throws StationError. */
	readonly append: (draft: EntryDraft) => { readonly sequence: number };
}

export class Recorder {
	readonly #options: RecorderOptions;

	constructor(options: RecorderOptions) {
		this.#options = options;
	}

	/** Number of the boot that entries carry. */
	get boot(): number {
		return this.#options.boot;
	}

	stamp(): Stamp {
		const { clock, time, bootMilliseconds } = this.#options;
		return {
			uptimeSeconds: Math.max(Math.floor((clock.milliseconds - bootMilliseconds) / 1000), 0),
			utcSeconds: time.utcSeconds ?? 0,
			timeQuality: time.timeQuality,
		};
	}

	/**
	 * Appends an entry; its sequence. `channelSet` is 0 but for readings. `extraFlags` are
	 * STATION_FLAGS of this entry alone.
	 */
	record(body: EntryBody, channelSet = 0, stamp: Stamp = this.stamp(), extraFlags = 0): number {
		const { boot, configurationId, stationFlags, append } = this.#options;
		const { sequence } = append({
			channelSet,
			timeQuality: stamp.timeQuality,
			boot,
			uptimeSeconds: stamp.uptimeSeconds,
			utcSeconds: stamp.utcSeconds,
			configurationId: configurationId(),
			stationFlags: stationFlags() | extraFlags,
			// Last, here and in everything that is made in each wake: V8 takes 10 us for an object that
			// begins with another's properties and continues with its own, and 0.2 us for the reverse.
			...body,
		});
		return sequence;
	}
}
