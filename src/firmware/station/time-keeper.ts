/**
 * The station's idea of UTC. The RTC is the clock; the collector's signed `now` and network time
 * discipline it. Nothing below the floor of trust is believed. A step that the RTC's drift cannot
 * explain needs two sources that agree ten minutes apart; where there is no time at all, one source
 * twice is enough, and where the clock is good it must insist for a week, so that a lying or broken server
 * does not move it. Network time is signed by nobody: it is a second opinion, and alone sets no clock
 * but one without time, which is no discipline. An RTC that jumps, back or ahead, is not believed
 * either: the board's clock runs beside it. Order is never the clock's: entries have sequences.
 */
import { CLOCK_LAST_UTC_SECONDS } from "../../core/calendar.js";
import { StationError, type StationErrorCode } from "../../core/errors.js";
import { TIME_QUALITIES, TIME_SOURCES } from "../../protocol/record/entry-layouts.js";
import type { DriftReference, StepOffer, TimeState, TimeVerdict } from "./time-state.js";

/** What the time keeper needs of an RTC; the DS3231 driver in a thin wrapper. */
export interface RealTimeClock {
	/** Unix seconds, or undefined when its oscillator had stopped. Throws StationError. */
	read(): number | undefined;
	/** Sets it; the seconds begin now. Throws StationError. */
	set(utcSeconds: number): void;
}

export interface TimeKeeperOptions {
	/** What the last wake knew. */
	readonly state: TimeState;
	readonly rtc: RealTimeClock;
	/** Board's monotonic clock. */
	readonly clock: { readonly milliseconds: number };
	/** Unix seconds below which nothing is believed, whatever its source: build date. */
	readonly floorUtcSeconds: number;
}

/** The one of TIME_SOURCES that anybody on the way can forge. */
const NETWORK_TIME = TIME_SOURCES.indexOf("network-time");

/** A DS3231 drifts at most 3.5 ppm over -40..85 degC (datasheet, table of accuracy); twice that. */
const DRIFT_PARTS_PER_MILLION_MAX = 7;
/** What reading whole seconds and a slow network add on top. */
const READING_ERROR_SECONDS = 2;
/** Up to this much the RTC is left alone: setting it would only add its own second of doubt. */
const KEEP_SECONDS = 1;
/** An answer that leaves more open than this came slowly. */
const PROMPT_SECONDS = 3;
/** Without an RTC a pair of uptime and UTC goes into the record this often: the board's clock is off by 90 s then. */
const RECKONED_MILLISECONDS = 1_800_000;
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

export class TimeKeeper {
	readonly #options: TimeKeeperOptions;
	#disciplinedMilliseconds: number | undefined;
	#doubtSeconds: number;
	#stepOffer: StepOffer | undefined;
	/** UTC less the board's clock at the last good reading of the RTC, seconds. */
	#rtcUtcSeconds: number | undefined;
	#rtcMilliseconds = 0;
	#reference: DriftReference | undefined;
	#hasJumped: boolean;
	#hasUnrecordedStep: boolean;
	#isVouched: boolean;
	#newestUtcSeconds: number;
	#newestMilliseconds: number | undefined;
	#fault: StationErrorCode | undefined;

	constructor(options: TimeKeeperOptions) {
		const { state } = options;
		this.#options = options;
		this.#disciplinedMilliseconds = state.disciplinedMilliseconds;
		this.#doubtSeconds = state.doubtSeconds;
		this.#stepOffer = state.stepOffer;
		this.#reference = state.reference;
		this.#hasJumped = state.hasJumped;
		this.#hasUnrecordedStep = state.hasUnrecordedStep;
		this.#isVouched = state.isVouched;
		this.#newestUtcSeconds = Math.max(state.newestUtcSeconds, options.floorUtcSeconds);
		this.#newestMilliseconds = state.newestMilliseconds;
	}

	/** For retained memory. */
	save(): TimeState {
		return {
			newestUtcSeconds: this.#newestUtcSeconds,
			newestMilliseconds: this.#newestMilliseconds,
			disciplinedMilliseconds: this.#disciplinedMilliseconds,
			doubtSeconds: this.#doubtSeconds,
			isVouched: this.#isVouched,
			stepOffer: this.#stepOffer,
			reference: this.#reference,
			hasJumped: this.#hasJumped,
			hasUnrecordedStep: this.#hasUnrecordedStep,
		};
	}

	/** A step may be missing in the record: what the next entry says of the RTC does not hold before it. */
	get hasUnrecordedStep(): boolean {
		return this.#hasUnrecordedStep;
	}

	/** Whether the journal took the time entry of the last verdict; if not, the next one is news. */
	recorded(isRecorded: boolean): void {
		this.#hasUnrecordedStep = !isRecorded;
	}

	/** Another source could decide something: there is no time, or a step was offered long enough ago. */
	get needsWitness(): boolean {
		const now = this.#options.clock.milliseconds;
		if (this.#stepOffer === undefined) {
			return this.utcSeconds === undefined && !this.#isDisciplined(now);
		}
		const since = now - this.#stepOffer.atMilliseconds;
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
		// Or two boots without an upload would make of a good clock one that anybody may move.
		if (this.#disciplinedMilliseconds === undefined) {
			return this.#isVouched ? TIME_QUALITIES.holdover : TIME_QUALITIES.rtc;
		}
		return this.#isDisciplined(this.#options.clock.milliseconds)
			? TIME_QUALITIES.disciplined
			: TIME_QUALITIES.holdover;
	}

	/** Within a day. */
	#isDisciplined(now: number): boolean {
		const since = this.#disciplinedMilliseconds;
		return since !== undefined && now - since <= DISCIPLINED_FOR_MILLISECONDS;
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
	 * @param uncertaintySeconds What it may be off by, with fraction.
	 */
	offer(utcSeconds: number, source: number, uncertaintySeconds = KEEP_SECONDS): TimeVerdict {
		const now = this.#options.clock.milliseconds;
		const isSigned = source !== NETWORK_TIME;
		const witness = this.#stepOffer;
		// Where the RTC has no time network time may set it, but for somebody whom it contradicts.
		const isAnswer = isSigned || (witness !== undefined && witness.source !== source);
		const own = isAnswer ? this.#ownUtcSeconds(now) : this.utcSeconds;
		const stepSeconds = own === undefined ? utcSeconds : utcSeconds - own;
		if (utcSeconds < this.#options.floorUtcSeconds || utcSeconds > CLOCK_LAST_UTC_SECONDS) {
			return { kind: "refused", stepSeconds };
		}
		const isGood =
			own !== undefined && (this.#disciplinedMilliseconds !== undefined || this.#isVouched);
		// The middle of a slow answer may be off by all of it, and the own clock by its reading beside that.
		const isSlow = uncertaintySeconds > PROMPT_SECONDS;
		const openSeconds = isSlow ? uncertaintySeconds : beyondReading(uncertaintySeconds);
		const explainedSeconds = this.#explainedSeconds(now);
		if (own !== undefined && Math.abs(stepSeconds) <= explainedSeconds + openSeconds) {
			// Two against the step that was offered; a clock that nobody has vouched for is no second one.
			if (isGood || isSigned || witness?.source === source) this.#stepOffer = undefined;
			if (!isSigned) return { kind: "witnessed", stepSeconds };
			if (this.#rtcUtcSeconds === undefined) {
				return this.#step(utcSeconds, stepSeconds, uncertaintySeconds, now);
			}
			// A clock of which more is known than a slow answer says is not moved by it.
			const isKnownBetter = isSlow && explainedSeconds <= uncertaintySeconds;
			const isWithin = Math.abs(stepSeconds) <= Math.max(KEEP_SECONDS, uncertaintySeconds);
			if (isWithin || isKnownBetter) {
				return this.#keep(stepSeconds, uncertaintySeconds, now);
			}
			return this.#step(utcSeconds, stepSeconds, uncertaintySeconds, now);
		}
		const apartSeconds = witness === undefined ? 0 : (now - witness.atMilliseconds) / 1000;
		const tolerance = WITNESS_TOLERANCE_SECONDS + BOARD_CLOCK_ERROR * apartSeconds + openSeconds;
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
		const verdict = this.#step(utcSeconds, undefined, uncertaintySeconds, now);
		if (isAlone && !isSigned) {
			// Better than none, and no clock that the collector has to argue with for a week.
			this.#disciplinedMilliseconds = undefined;
			this.#isVouched = false;
		}
		return verdict;
	}

	/** The RTC's time, or what the board's clock makes of the last one that was believed. */
	#ownUtcSeconds(now: number): number | undefined {
		const own = this.utcSeconds;
		if (own !== undefined || this.#newestMilliseconds === undefined) return own;
		return this.#newestUtcSeconds + Math.floor((now - this.#newestMilliseconds) / 1000);
	}

	/** It says what the RTC says: how much more is known of that by it. */
	#keep(stepSeconds: number, uncertaintySeconds: number, now: number): TimeVerdict {
		const isFirst = this.#disciplinedMilliseconds === undefined;
		const open = Math.ceil(beyondReading(uncertaintySeconds + Math.abs(stepSeconds)));
		const doubtSeconds = uncertaintySeconds <= PROMPT_SECONDS ? 0 : open;
		const isNews = isFirst || this.#hasUnrecordedStep || doubtSeconds < this.#doubtSeconds;
		if (isNews || doubtSeconds === 0) {
			this.#disciplinedMilliseconds = now;
			this.#doubtSeconds = doubtSeconds;
		}
		if (doubtSeconds === 0) this.#reference ??= { atMilliseconds: now, behindSeconds: stepSeconds };
		return { kind: "kept", stepSeconds, isNews };
	}

	/** Before the floor or the last time that was believed, past the calendar, or jumped ahead. */
	#isImpossible(utcSeconds: number): boolean {
		if (utcSeconds < this.#newestUtcSeconds || utcSeconds > CLOCK_LAST_UTC_SECONDS) return true;
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

	/** How far a source may be off the own time, beyond its own uncertainty, before that needs a second one. */
	#explainedSeconds(now: number): number {
		const believed = this.#newestMilliseconds;
		if (this.#rtcUtcSeconds === undefined && believed !== undefined) {
			return WITNESS_TOLERANCE_SECONDS + (BOARD_CLOCK_ERROR * (now - believed)) / 1000;
		}
		const since = this.#disciplinedMilliseconds;
		if (since === undefined) return STEP_SECONDS_MAX_WITHOUT_WITNESS;
		const drift = ((now - since) / 1000) * (DRIFT_PARTS_PER_MILLION_MAX / 1_000_000);
		return READING_ERROR_SECONDS + this.#doubtSeconds + drift;
	}

	/** `explainedSeconds`: the step, where drift explains it. */
	#step(
		utcSeconds: number,
		explainedSeconds: number | undefined,
		uncertaintySeconds: number,
		now: number,
	): TimeVerdict {
		const own = this.utcSeconds;
		const since = this.#reference;
		const disciplined = this.#disciplinedMilliseconds;
		const elapsed = since === undefined ? 0 : now - since.atMilliseconds;
		const set = this.#set(utcSeconds);
		this.#newestUtcSeconds = utcSeconds;
		this.#newestMilliseconds = now;
		this.#disciplinedMilliseconds = now;
		this.#doubtSeconds = Math.ceil(beyondReading(uncertaintySeconds));
		if (!set) {
			this.#reference = undefined;
			// What the board's clock knew it continues knowing: one pair in a while is enough.
			const isRecent =
				own === undefined &&
				explainedSeconds !== undefined &&
				disciplined !== undefined &&
				now - disciplined < RECKONED_MILLISECONDS;
			if (!isRecent) return { kind: "reckoned" };
			this.#disciplinedMilliseconds = disciplined;
			return { kind: "witnessed", stepSeconds: explainedSeconds };
		}
		this.#believe(utcSeconds, now);
		const isPrompt = uncertaintySeconds <= PROMPT_SECONDS;
		this.#reference = isPrompt ? { atMilliseconds: now, behindSeconds: 0 } : undefined;
		// What drift does not explain is none: somebody set the RTC, or it jumped.
		const isDrift =
			isPrompt &&
			own !== undefined &&
			explainedSeconds !== undefined &&
			since !== undefined &&
			elapsed >= DRIFT_MILLISECONDS_MIN;
		return {
			kind: "stepped",
			stepSeconds: own === undefined ? undefined : utcSeconds - own,
			driftPartsPerBillion: isDrift
				? Math.round(((since.behindSeconds - explainedSeconds) * 1e12) / elapsed)
				: undefined,
		};
	}

	/** Sets the RTC; false when it does not take the time, and then it is not believed any more. */
	#set(utcSeconds: number): boolean {
		try {
			this.#options.rtc.set(utcSeconds);
			this.#hasJumped = false;
			this.#fault = undefined;
			return true;
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			this.#rtcUtcSeconds = undefined;
			this.#hasJumped = true;
			this.#fault = error.code;
			return false;
		}
	}
}

/** What a source leaves open beyond what reading whole seconds does. */
function beyondReading(uncertaintySeconds: number): number {
	return Math.max(uncertaintySeconds - READING_ERROR_SECONDS, 0);
}
