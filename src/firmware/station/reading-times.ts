/** When readings are due, as the last one, the clock, the configuration and the battery have it. */
import type { StationConfiguration } from "../config/configuration.js";
import {
	nextDueMilliseconds,
	readingDueMilliseconds,
	readingIntervalSecondsOf,
} from "./schedule.js";

/** A shorter interval of an event's is its burst's. */
const BURST_SECONDS_MAX = 30;

/** What one wake leaves to the next. */
export interface ReadingTimesState {
	/** When the next reading is due, by what was known when this was stored, on the board's clock. */
	readonly nextReadingMilliseconds: number;
	/** Unix seconds of the last reading, 0 where there is none of this boot or it had no time. */
	readonly lastReadingUtcSeconds: number;
}

export interface ReadingTimesOptions {
	readonly clock: { readonly milliseconds: number };
	readonly time: { readonly utcSeconds: number | undefined };
	/** In force. */
	readonly configuration: () => StationConfiguration;
	readonly isBatteryLow: () => boolean;
	readonly power: {
		/** By the charge; undefined where the battery's kind is not known. */
		readonly intervalSeconds: number | undefined;
		readonly isSparing: boolean;
	};
	/** Between readings as an event asks for it, 0: it does not. */
	readonly eventSeconds: () => number;
	readonly state: ReadingTimesState | undefined;
}

export class ReadingTimes {
	readonly #options: ReadingTimesOptions;
	#nextMilliseconds: number;
	#lastUtcSeconds: number;

	constructor(options: ReadingTimesOptions) {
		const { clock, state } = options;
		this.#options = options;
		this.#nextMilliseconds = state?.nextReadingMilliseconds ?? clock.milliseconds;
		this.#lastUtcSeconds = state?.lastReadingUtcSeconds ?? 0;
	}

	/** When the next reading is due, on the board's clock. */
	get nextMilliseconds(): number {
		const { clock, time } = this.#options;
		return readingDueMilliseconds({
			nowMilliseconds: clock.milliseconds,
			utcSeconds: time.utcSeconds,
			lastUtcSeconds: this.#lastUtcSeconds,
			dueMilliseconds: this.#nextMilliseconds,
			intervalSeconds: this.#intervalSeconds,
		});
	}

	/** Until the next reading is due. */
	get leftMilliseconds(): number {
		return this.nextMilliseconds - this.#options.clock.milliseconds;
	}

	/**
	 * A reading that was due then, was begun then, and is dated so, Unix seconds or 0. How many were due since the last:
	 * one, and those that could not be.
	 */
	taken(dueMilliseconds: number, beganMilliseconds: number, utcSeconds: number): number {
		const intervalSeconds = this.#intervalSeconds;
		if (intervalSeconds < BURST_SECONDS_MAX && this.#options.eventSeconds() === intervalSeconds) {
			// A burst meets no boundary: it follows what it is to confirm.
			this.#lastUtcSeconds = 0;
			this.#nextMilliseconds = beganMilliseconds + intervalSeconds * 1000;
			return 1;
		}
		this.#lastUtcSeconds = utcSeconds;
		this.#nextMilliseconds = nextDueMilliseconds(
			beganMilliseconds,
			dueMilliseconds,
			intervalSeconds,
		);
		const lateMilliseconds = Math.max(beganMilliseconds - dueMilliseconds, 0);
		return 1 + Math.floor(lateMilliseconds / (intervalSeconds * 1000));
	}

	/** The clock was put forward by so much: the last reading was when it was, whatever its stamp calls that now. */
	stepped(seconds: number): void {
		if (this.#lastUtcSeconds > 0) this.#lastUtcSeconds += seconds;
	}

	/** Another configuration is in force. */
	reconfigured(): void {
		const longest = this.#options.clock.milliseconds + this.#intervalSeconds * 1000;
		this.#nextMilliseconds = Math.min(this.#nextMilliseconds, longest);
	}

	/** Not before then, on the board's clock. */
	defer(untilMilliseconds: number): void {
		this.#nextMilliseconds = untilMilliseconds;
	}

	/** For retained memory. */
	save(): ReadingTimesState {
		return {
			nextReadingMilliseconds: this.nextMilliseconds,
			lastReadingUtcSeconds: this.#lastUtcSeconds,
		};
	}

	/** Between readings, as things are. */
	get #intervalSeconds(): number {
		const { intervalSeconds, supply } = this.#options.configuration();
		const { power, isBatteryLow } = this.#options;
		const stretched = power.intervalSeconds;
		const isSparing =
			stretched === undefined ? isBatteryLow() && supply === "battery" : power.isSparing;
		const seconds = stretched ?? readingIntervalSecondsOf(intervalSeconds, isSparing);
		const event = this.#options.eventSeconds();
		if (event === 0) return seconds;
		// On a low battery as often as is usual on a good one, and no more often.
		return Math.min(seconds, isSparing ? Math.max(event, intervalSeconds) : event);
	}
}
