/**
 * The station's idea of UTC. The RTC is the clock; the collector's signed `now` and network time
 * discipline it. Nothing below the floor of trust is believed. A step that the RTC's drift cannot
 * explain needs two sources that agree ten minutes apart; where there is no time at all, one source
 * twice is enough, and where the clock is good it must insist for a week, so that a lying or broken server
 * does not move it. Network time is signed by nobody: it is a second opinion, and alone sets no clock
 * but one without time, which is no discipline. An RTC that jumps, back or ahead, is not believed
 * either: the board's clock runs beside it. Order is never the clock's: entries have sequences.
 */
import { StationError, type StationErrorCode } from "../../core/errors.js";
import { TIME_QUALITIES, TIME_SOURCES } from "../../protocol/entry.js";

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
	/** Unix seconds below which nothing is believed, whoever says it: build date. */
	readonly floorUtcSeconds: number;
	/** The last time that was believed, Unix seconds, 0 none: the RTC cannot lie before it. */
	readonly newestUtcSeconds: number;
	/** When that was, on the board's clock, or undefined after a boot. */
	readonly newestMilliseconds: number | undefined;
	readonly disciplinedMilliseconds: number | undefined;
	/** The RTC was disciplined before this boot, as the last entries say, and not set on hearsay since. */
	readonly isVouched: boolean;
	readonly stepOffer: StepOffer | undefined;
	readonly reference: DriftReference | undefined;
	/** The RTC was caught jumping, and nobody has put it right since. */
	readonly hasJumped: boolean;
}

/** From here on the RTC ran by itself: its drift is measured against this. */
export interface DriftReference {
	readonly atMilliseconds: number;
	/** What a source said that the RTC was behind then, seconds, -1..1. */
	readonly behindSeconds: number;
}

export interface StepOffer {
	readonly atMilliseconds: number;
	readonly utcSeconds: number;
	/** Index into TIME_SOURCES. */
	readonly source: number;
}

/** What became of an offered time. */
export type TimeVerdict =
	| { readonly kind: "kept"; readonly stepMilliseconds: number }
	| {
			readonly kind: "stepped";
			readonly stepMilliseconds: number;
			readonly driftPartsPerBillion: number | undefined;
	  }
	| {
			readonly kind: "waiting-for-second-source";
			readonly stepSeconds: number;
			/** It was not said before, or something else was. */
			readonly isFirst: boolean;
	  }
	/** Network time that says what the clock says: nothing is changed by it. */
	| { readonly kind: "witnessed"; readonly stepSeconds: number }
	| { readonly kind: "refused"; readonly stepSeconds: number };

/** The one of TIME_SOURCES that anybody on the way can forge. */
const NETWORK_TIME = TIME_SOURCES.indexOf("network-time");

/** A DS3231 drifts at most 3.5 ppm over -40..85 degC (datasheet, table of accuracy); twice that. */
const DRIFT_PARTS_PER_MILLION_MAX = 7;
/** What reading whole seconds and a slow network add on top. */
const READING_ERROR_SECONDS = 2;
/** Up to this much the RTC is left alone: setting it would only add its own second of doubt. */
const KEEP_SECONDS = 1;
/** A year without discipline at the drift above: 220 s. More than that is no drift. */
const STEP_SECONDS_MAX_WITHOUT_WITNESS = 221;
const WITNESS_SECONDS_APART = 600;
/** One source alone against a clock that is good: longer than anybody's outage of sense. */
const INSISTING_SECONDS = 7 * 86_400;
/**
 * Two sources agree when their times differ by no more than this beyond the time between them, which
 * the board's clock measures: a 150 kHz RC oscillator in deep sleep, 5 % (ESP32 data sheet).
 */
const WITNESS_TOLERANCE_SECONDS = 10;
const BOARD_CLOCK_ERROR = 0.05;
/** The RTC jumped when it is further ahead of the board's clock than twice its error and a minute. */
const JUMP_SECONDS = 60;
/** Over less than this whole seconds say nothing of parts per million: 2 s a day are 23 of them. */
const DRIFT_MILLISECONDS_MIN = 86_400_000;
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
	#reference: DriftReference | undefined;
	#hasJumped: boolean;
	#isVouched: boolean;
	#newestUtcSeconds: number;
	#newestMilliseconds: number | undefined;
	#fault: StationErrorCode | undefined;

	constructor(options: TimeKeeperOptions) {
		this.#options = options;
		this.#disciplinedMilliseconds = options.disciplinedMilliseconds;
		this.#stepOffer = options.stepOffer;
		this.#reference = options.reference;
		this.#hasJumped = options.hasJumped;
		this.#isVouched = options.isVouched;
		this.#newestUtcSeconds = Math.max(options.newestUtcSeconds, options.floorUtcSeconds);
		this.#newestMilliseconds = options.newestMilliseconds;
	}

	/** The last time that was believed, Unix seconds. */
	get newestUtcSeconds(): number {
		return this.#newestUtcSeconds;
	}

	/** When that was, on the board's clock, or undefined when not in this boot. */
	get newestMilliseconds(): number | undefined {
		return this.#newestMilliseconds;
	}

	get disciplinedMilliseconds(): number | undefined {
		return this.#disciplinedMilliseconds;
	}

	get reference(): DriftReference | undefined {
		return this.#reference;
	}

	get hasJumped(): boolean {
		return this.#hasJumped;
	}

	get isVouched(): boolean {
		return this.#isVouched;
	}

	get stepOffer(): StepOffer | undefined {
		return this.#stepOffer;
	}

	/** Another source could decide something: there is no time, or a step was offered long enough ago. */
	get needsWitness(): boolean {
		if (this.#stepOffer === undefined) return this.utcSeconds === undefined;
		const since = this.#options.clock.milliseconds - this.#stepOffer.atMilliseconds;
		return since >= WITNESS_SECONDS_APART * 1000;
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
			} else if (this.#hasJumped || this.#isImpossible(utcSeconds)) {
				// Time alone makes no jump good: it passes for drift when enough has gone by.
				this.#hasJumped = true;
				this.#fault = "rtc-malformed";
			} else {
				this.#believe(utcSeconds, this.#options.clock.milliseconds);
			}
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			this.#fault = error.code;
		}
	}

	/**
	 * A source says what time it is now. Sets the RTC when that is believed.
	 * @param utcSeconds Unix seconds at this moment.
	 * @param source Index into TIME_SOURCES.
	 */
	offer(utcSeconds: number, source: number): TimeVerdict {
		const now = this.#options.clock.milliseconds;
		const own = this.utcSeconds;
		const stepSeconds = own === undefined ? utcSeconds : utcSeconds - own;
		if (utcSeconds < this.#options.floorUtcSeconds || utcSeconds > UTC_SECONDS_MAX) {
			return { kind: "refused", stepSeconds };
		}
		const isSigned = source !== NETWORK_TIME;
		const isGood =
			own !== undefined && (this.#disciplinedMilliseconds !== undefined || this.#isVouched);
		const witness = this.#stepOffer;
		if (own !== undefined && Math.abs(stepSeconds) <= this.#driftSeconds(now)) {
			if (!isSigned) {
				// Two against the step that was offered; a clock that nobody has vouched for is no second one.
				if (isGood || witness?.source === source) this.#stepOffer = undefined;
				return { kind: "witnessed", stepSeconds };
			}
			this.#stepOffer = undefined;
			if (Math.abs(stepSeconds) <= KEEP_SECONDS) {
				this.#disciplinedMilliseconds = now;
				this.#reference ??= { atMilliseconds: now, behindSeconds: stepSeconds };
				return { kind: "kept", stepMilliseconds: stepSeconds * 1000 };
			}
			return this.#step(utcSeconds, stepSeconds, now);
		}
		const apartSeconds = witness === undefined ? 0 : (now - witness.atMilliseconds) / 1000;
		const tolerance = WITNESS_TOLERANCE_SECONDS + BOARD_CLOCK_ERROR * apartSeconds;
		const isAgreed =
			witness !== undefined &&
			Math.abs(utcSeconds - witness.utcSeconds - apartSeconds) <= tolerance;
		if (!isAgreed) {
			// Or whoever forges it would keep the collector from ever insisting.
			if (!isSigned && witness !== undefined && witness.source !== source) {
				return { kind: "refused", stepSeconds };
			}
			this.#stepOffer = { atMilliseconds: now, utcSeconds, source };
			return { kind: "waiting-for-second-source", stepSeconds, isFirst: true };
		}
		const isAlone = witness.source === source;
		const isInsisting = isAlone && isGood;
		const leastSeconds = isInsisting ? INSISTING_SECONDS : WITNESS_SECONDS_APART;
		if (apartSeconds < leastSeconds || (isInsisting && !isSigned)) {
			return { kind: "waiting-for-second-source", stepSeconds, isFirst: false };
		}
		this.#stepOffer = undefined;
		const verdict = this.#step(utcSeconds, stepSeconds, now);
		if (isAlone && !isSigned) {
			// Better than none, and no clock that the collector has to argue with for a week.
			this.#disciplinedMilliseconds = undefined;
			this.#isVouched = false;
		}
		return verdict;
	}

	/** Before the floor or the last time that was believed, past the calendar, or jumped ahead. */
	#isImpossible(utcSeconds: number): boolean {
		if (utcSeconds < this.#newestUtcSeconds || utcSeconds > UTC_SECONDS_MAX) return true;
		if (this.#newestMilliseconds === undefined) return false;
		const passed = (this.#options.clock.milliseconds - this.#newestMilliseconds) / 1000;
		const ahead = utcSeconds - this.#newestUtcSeconds - passed;
		return ahead > JUMP_SECONDS + 2 * BOARD_CLOCK_ERROR * passed;
	}

	#believe(utcSeconds: number, now: number): void {
		this.#rtcUtcSeconds = utcSeconds;
		this.#rtcMilliseconds = now;
		this.#newestUtcSeconds = utcSeconds;
		this.#newestMilliseconds = now;
	}

	#driftSeconds(now: number): number {
		const since = this.#disciplinedMilliseconds;
		if (since === undefined) return STEP_SECONDS_MAX_WITHOUT_WITNESS;
		const elapsedSeconds = (now - since) / 1000;
		return READING_ERROR_SECONDS + (elapsedSeconds * DRIFT_PARTS_PER_MILLION_MAX) / 1_000_000;
	}

	#step(utcSeconds: number, stepSeconds: number, now: number): TimeVerdict {
		const own = this.#rtcUtcSeconds;
		const since = this.#reference;
		const elapsed = since === undefined ? 0 : now - since.atMilliseconds;
		this.#options.rtc.set(utcSeconds);
		this.#believe(utcSeconds, now);
		this.#hasJumped = false;
		this.#fault = undefined;
		this.#disciplinedMilliseconds = now;
		this.#reference = { atMilliseconds: now, behindSeconds: 0 };
		const drift =
			since === undefined || own === undefined || elapsed < DRIFT_MILLISECONDS_MIN
				? undefined
				: Math.round(((since.behindSeconds - stepSeconds) * 1e12) / elapsed);
		return {
			kind: "stepped",
			stepMilliseconds: own === undefined ? 0 : stepSeconds * 1000,
			driftPartsPerBillion: drift,
		};
	}
}
