/**
 * The station's idea of UTC. The RTC is the clock; the collector's signed `now` and network time
 * discipline it. Nothing below the floor of trust is believed; a step that the RTC's drift cannot
 * explain needs two sources that agree ten minutes apart, so that one lying or broken server cannot
 * move the clock. Order is never the clock's: entries have sequences.
 */
import { StationError, type StationErrorCode } from "../../core/errors.js";
import { TIME_QUALITIES } from "../../protocol/entry.js";

/** What the time keeper needs of an RTC; the DS3231 driver behind a thin wrapper. */
export interface RealTimeClock {
	/** Unix seconds, or undefined when its oscillator had stopped. Throws StationError. */
	read(): number | undefined;
	/** Sets it; the seconds begin now. Throws StationError. */
	set(utcSeconds: number): void;
}

export interface TimeKeeperOptions {
	readonly rtc: RealTimeClock;
	/** Board's monotonic clock. */
	readonly clock: { readonly milliseconds: number };
	/** Unix seconds below which nothing is believed: the later of build date and last entry. */
	readonly floorUtcSeconds: number;
	readonly disciplinedMilliseconds: number | undefined;
	readonly stepOffer: StepOffer | undefined;
}

export interface StepOffer {
	readonly atMilliseconds: number;
	readonly utcSeconds: number;
}

/** What became of an offered time. */
export type TimeVerdict =
	| { readonly kind: "kept"; readonly stepMilliseconds: number }
	| {
			readonly kind: "stepped";
			readonly stepMilliseconds: number;
			readonly driftPartsPerBillion: number | undefined;
	  }
	| { readonly kind: "waiting-for-second-source"; readonly stepSeconds: number }
	| { readonly kind: "refused"; readonly stepSeconds: number };

/** A DS3231 drifts at most 3.5 ppm over -40..85 degC (datasheet, table of accuracy); twice that. */
const DRIFT_PARTS_PER_MILLION_MAX = 7;
/** What reading whole seconds and a slow network add on top. */
const READING_ERROR_SECONDS = 2;
/** Up to this much the RTC is left alone: setting it would only add its own second of doubt. */
const KEEP_SECONDS = 1;
/** A year without discipline at the drift above: 220 s. More than that is no drift. */
const STEP_SECONDS_MAX_WITHOUT_WITNESS = 221;
const WITNESS_SECONDS_APART = 600;
/** Two sources agree when their times differ by no more than this beyond the time between them. */
const WITNESS_TOLERANCE_SECONDS = 10;
const DISCIPLINED_FOR_MILLISECONDS = 86_400_000;
/** No date past this is believed; 2099-12-31, the end of what the DS3231's calendar knows. */
const UTC_SECONDS_MAX = 4_102_358_400;

export class TimeKeeper {
	readonly #options: TimeKeeperOptions;
	#disciplinedMilliseconds: number | undefined;
	#stepOffer: StepOffer | undefined;
	/** UTC less the board's clock at the last good reading of the RTC, seconds. */
	#rtcUtcSeconds: number | undefined;
	#rtcMilliseconds = 0;
	#fault: StationErrorCode | undefined;

	constructor(options: TimeKeeperOptions) {
		this.#options = options;
		this.#disciplinedMilliseconds = options.disciplinedMilliseconds;
		this.#stepOffer = options.stepOffer;
	}

	get disciplinedMilliseconds(): number | undefined {
		return this.#disciplinedMilliseconds;
	}

	get stepOffer(): StepOffer | undefined {
		return this.#stepOffer;
	}

	/** Why UTC is unknown, or undefined while the RTC is well. */
	get fault(): StationErrorCode | undefined {
		return this.#fault;
	}

	/** Unix seconds now, or undefined while there is no time to be trusted. */
	get utcSeconds(): number | undefined {
		if (this.#rtcUtcSeconds === undefined) return undefined;
		const passed = this.#options.clock.milliseconds - this.#rtcMilliseconds;
		return this.#rtcUtcSeconds + Math.floor(passed / 1000);
	}

	/** TIME_QUALITIES of `utcSeconds`. */
	get timeQuality(): number {
		if (this.#rtcUtcSeconds === undefined) return TIME_QUALITIES.unset;
		const since = this.#disciplinedMilliseconds;
		if (since === undefined) return TIME_QUALITIES.rtc;
		return this.#options.clock.milliseconds - since <= DISCIPLINED_FOR_MILLISECONDS
			? TIME_QUALITIES.disciplined
			: TIME_QUALITIES.holdover;
	}

	/** Reads the RTC; a fault leaves UTC unknown and is kept in `fault`. Blocks for one transaction. */
	refresh(): void {
		this.#rtcUtcSeconds = undefined;
		try {
			const utcSeconds = this.#options.rtc.read();
			this.#fault = undefined;
			if (utcSeconds === undefined) {
				this.#fault = "rtc-stopped";
			} else if (utcSeconds < this.#options.floorUtcSeconds || utcSeconds > UTC_SECONDS_MAX) {
				this.#fault = "rtc-malformed";
			} else {
				this.#rtcUtcSeconds = utcSeconds;
				this.#rtcMilliseconds = this.#options.clock.milliseconds;
			}
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			this.#fault = error.code;
		}
	}

	/**
	 * A source says what time it is now. Sets the RTC when that is believed.
	 * @param utcSeconds Unix seconds at this moment.
	 */
	offer(utcSeconds: number): TimeVerdict {
		const now = this.#options.clock.milliseconds;
		const own = this.utcSeconds;
		const stepSeconds = own === undefined ? utcSeconds : utcSeconds - own;
		if (utcSeconds < this.#options.floorUtcSeconds || utcSeconds > UTC_SECONDS_MAX) {
			return { kind: "refused", stepSeconds };
		}
		if (own !== undefined && Math.abs(stepSeconds) <= this.#driftSeconds(now)) {
			this.#stepOffer = undefined;
			if (Math.abs(stepSeconds) <= KEEP_SECONDS) {
				this.#disciplinedMilliseconds = now;
				return { kind: "kept", stepMilliseconds: stepSeconds * 1000 };
			}
			return this.#step(utcSeconds, stepSeconds, now);
		}
		const witness = this.#stepOffer;
		if (witness !== undefined) {
			const apartSeconds = (now - witness.atMilliseconds) / 1000;
			const disagreement = utcSeconds - witness.utcSeconds - apartSeconds;
			if (Math.abs(disagreement) <= WITNESS_TOLERANCE_SECONDS) {
				if (apartSeconds < WITNESS_SECONDS_APART) {
					return { kind: "waiting-for-second-source", stepSeconds };
				}
				this.#stepOffer = undefined;
				return this.#step(utcSeconds, stepSeconds, now);
			}
		}
		this.#stepOffer = { atMilliseconds: now, utcSeconds };
		return { kind: "waiting-for-second-source", stepSeconds };
	}

	#driftSeconds(now: number): number {
		const since = this.#disciplinedMilliseconds;
		if (since === undefined) return STEP_SECONDS_MAX_WITHOUT_WITNESS;
		const elapsedSeconds = (now - since) / 1000;
		return READING_ERROR_SECONDS + (elapsedSeconds * DRIFT_PARTS_PER_MILLION_MAX) / 1_000_000;
	}

	#step(utcSeconds: number, stepSeconds: number, now: number): TimeVerdict {
		const since = this.#disciplinedMilliseconds;
		const own = this.#rtcUtcSeconds;
		this.#options.rtc.set(utcSeconds);
		this.#rtcUtcSeconds = utcSeconds;
		this.#rtcMilliseconds = now;
		this.#fault = undefined;
		this.#disciplinedMilliseconds = now;
		// Only a clock that had been disciplined and ran on by itself has a rate to speak of.
		const drift =
			since === undefined || own === undefined || now - since < 3_600_000
				? undefined
				: Math.round((-stepSeconds * 1e12) / (now - since));
		return {
			kind: "stepped",
			stepMilliseconds: own === undefined ? 0 : stepSeconds * 1000,
			driftPartsPerBillion: drift,
		};
	}
}
