/**
 * Appends the station's entries. It gives each its header: which boot, how long it runs, what the clock says and how
 * well, under which configuration, in what state of the station; the journal adds epoch and sequence. A journal that
 * rejects an entry is reported and stops nothing.
 */
import { StationError, type StationErrorCode } from "../../core/errors.js";
import { printable } from "../../core/text.js";
import { EVENT_TEXT_BYTES_MAX } from "../../protocol/record/entry.js";
import type { EntryBody, EntryDraft } from "../../protocol/record/entry-layouts.js";
import { EVENT_CODES, type EventCode } from "../../protocol/record/events.js";

/** Where an entry is in time; taken when a measurement begins, used when it is written. */
export interface Stamp {
	readonly uptimeSeconds: number;
	/** Unix seconds, 0 when unknown. */
	readonly utcSeconds: number;
	/** TIME_QUALITIES. */
	readonly timeQuality: number;
}

export interface EntryOptions {
	/** Row of the channel table, for readings. */
	readonly channelSet?: number;
	readonly stamp?: Stamp;
	/** STATION_FLAGS of this entry alone. */
	readonly extraFlags?: number;
}

export interface EntryRecorderOptions {
	readonly clock: { readonly milliseconds: number };
	readonly time: { readonly utcSeconds: number | undefined; readonly timeQuality: number };
	readonly boot: number;
	readonly bootMilliseconds: number;
	/** Id of the configuration in force. */
	readonly configurationId: () => number;
	/** STATION_FLAGS of this moment. */
	readonly stationFlags: () => number;
	readonly log: (text: string) => void;
	/** Durable when it returns; throws StationError. */
	readonly append: (draft: EntryDraft) => { readonly sequence: number };
}

export class EntryRecorder {
	readonly #options: EntryRecorderOptions;
	#fault: StationErrorCode | undefined;

	constructor(options: EntryRecorderOptions) {
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

	/** Why the journal did not take the last entry. */
	get fault(): StationErrorCode | undefined {
		return this.#fault;
	}

	/** Appends an entry; its sequence. Throws StationError when the journal rejects it. */
	append(body: EntryBody, options: EntryOptions = {}): number {
		const { channelSet = 0, stamp = this.stamp(), extraFlags = 0 } = options;
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

	/** Appends; the sequence, or undefined when the journal rejected it. */
	record(body: EntryBody, options?: EntryOptions): number | undefined {
		return this.attempt(body.kind, () => this.append(body, options));
	}

	/** Does what appends to the journal; undefined when that does not take it. */
	attempt<Value>(what: string, append: () => Value): Value | undefined {
		try {
			const value = append();
			this.#fault = undefined;
			return value;
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			this.#fault = error.code;
			this.#options.log(`journal did not take ${what}: ${error.code} ${error.message}`);
			return undefined;
		}
	}

	/** Whether the journal has taken it. */
	event(code: EventCode, detail: number, text: string): boolean {
		const short = printable(text.slice(0, EVENT_TEXT_BYTES_MAX));
		const body = { kind: "event", code: EVENT_CODES[code], detail, text: short } as const;
		return this.record(body) !== undefined;
	}
}
