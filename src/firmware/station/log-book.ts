/** Entries of the station's own life. A journal that cannot take one is reported and stops nothing. */
import { StationError, type StationErrorCode } from "../../core/errors.js";
import { printable } from "../../core/text.js";
import { EVENT_TEXT_BYTES_MAX } from "../../protocol/record/entry.js";
import type { EntryBody } from "../../protocol/record/entry-layouts.js";
import { EVENT_CODES, type EventCode } from "../../protocol/record/events.js";
import type { Recorder, Stamp } from "./recorder.js";

export interface Placing {
	/** Row of the channel table, for readings. */
	readonly channelSet?: number;
	readonly stamp?: Stamp;
	/** STATION_FLAGS of this entry alone. */
	readonly extraFlags?: number;
}

export class LogBook {
	readonly #recorder: Recorder;
	readonly #log: (text: string) => void;
	#fault: StationErrorCode | undefined;

	constructor(recorder: Recorder, log: (text: string) => void) {
		this.#recorder = recorder;
		this.#log = log;
	}

	/** Why the journal did not take the last entry. */
	get fault(): StationErrorCode | undefined {
		return this.#fault;
	}

	stamp(): Stamp {
		return this.#recorder.stamp();
	}

	/** Appends; the sequence, or undefined when the journal rejected it. */
	record(body: EntryBody, { channelSet, stamp, extraFlags }: Placing = {}): number | undefined {
		return this.attempt(body.kind, () =>
			this.#recorder.record(body, channelSet, stamp, extraFlags),
		);
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
			this.#log(`journal did not take ${what}: ${error.code} ${error.message}`);
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
