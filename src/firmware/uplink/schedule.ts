/**
 * When to try again, and what that may cost. A thousand stations whose collector comes back must
 * not come back with it, and a station whose collector is gone must not empty its battery on it.
 * The rules stand in docs/WIRE.md. All instants are the board's clock, which goes
 * on through deep sleep.
 */
import { type Chance, fraction } from "../../core/chance.js";
import { assert } from "../../core/errors.js";

const SECOND = 1000;
const DAY = 86_400 * SECOND;

/** After boot, and at the first failure, stations spread over this; full jitter takes over then. */
export const FIRST_RETRY_SPREAD_MILLISECONDS = 300 * SECOND;
/** Full jitter: U(0, min(cap, base x 2^n)). */
export const RETRY_BASE_MILLISECONDS = 16 * SECOND;
export const RETRY_CAP_MILLISECONDS = 900 * SECOND;
/**
 * From here on an attempt within every hour: 50 to 58 minutes after the last, which leaves two for the
 * session that delivers a month.
 */
export const FAILURES_BEFORE_HOURLY = 10;
const HOURLY_MILLISECONDS = 3000 * SECOND;
const HOURLY_SPREAD_MILLISECONDS = 480 * SECOND;
/** After a refusal: an hour, give or take five minutes. */
const REFUSED_MILLISECONDS = 3300 * SECOND;
const REFUSED_SPREAD_MILLISECONDS = 600 * SECOND;
/** Longest pause that a collector may ask for by Retry-After. */
export const RETRY_AFTER_SECONDS_MAX = 86_400;
/** Rest of a backlog after a session that ended well: another session, not at once. */
const BACKLOG_PAUSE_MILLISECONDS = 30 * SECOND;
/** Shortest pause between sessions, whatever anybody asks for. */
const PAUSE_MILLISECONDS_MIN = 5 * SECOND;

/**
 * What failing may cost a day, as a share of what succeeding costs a day. The promise is 1.5; the
 * rest is for what the bucket holds, for the debt of the last attempt (40 s a month), and for a first
 * day that had one session more than its hours.
 */
const RADIO_SHARE = 1.35;
/** The bucket holds a sixth of a day: a bad afternoon's retries, not a bad week's. */
const BUCKET_SHARE = 1 / 6;
/** Before any day was acknowledged: a session of three seconds at every upload. */
const SESSION_GUESS_MILLISECONDS = 3 * SECOND;
/** The mean follows the last four acknowledged days or so. */
const DAYS_REMEMBERED = 4;

/** Layout of a saved schedule, little-endian. */
export const SCHEDULE_BYTES = 44;
const STATE_VERSION = 1;

export interface ScheduleOptions {
	readonly chance: Chance;
	/** Station id; its hash is the slot within the upload interval. */
	readonly station: string;
	readonly nowMilliseconds: number;
	/** Between uploads when all is well, seconds, 10..604800. */
	readonly uploadIntervalSeconds: number;
	/** From `save`; anything else is ignored. */
	readonly state?: Uint8Array | undefined;
}

/** What a session came to, as far as the schedule cares. */
export interface SessionCost {
	readonly radioMilliseconds: number;
	readonly nowMilliseconds: number;
}

export class UplinkSchedule {
	#uploadIntervalSeconds: number;
	readonly #chance: Chance;
	readonly #station: string;
	#failures = 0;
	#nextAttemptMilliseconds: number;
	/** Radio milliseconds that failing may still cost; below zero is a debt. */
	#tokensMilliseconds: number;
	#tokensAtMilliseconds: number;
	/** Radio milliseconds of an acknowledged day; 0 before the first. */
	#meanDayMilliseconds = 0;
	#dayStartMilliseconds: number;
	#dayRadioMilliseconds = 0;
	#dayAcknowledged = 0;

	constructor(options: ScheduleOptions) {
		this.#chance = options.chance;
		this.#station = options.station;
		this.#uploadIntervalSeconds = options.uploadIntervalSeconds;
		const now = options.nowMilliseconds;
		this.#tokensAtMilliseconds = now;
		this.#dayStartMilliseconds = now;
		this.#tokensMilliseconds = this.#bucketMilliseconds;
		// Power returns to a valley in one instant.
		this.#nextAttemptMilliseconds =
			now +
			this.#uniform(
				Math.min(FIRST_RETRY_SPREAD_MILLISECONDS, SECOND * options.uploadIntervalSeconds),
			);
		const state = options.state;
		if (state?.length === SCHEDULE_BYTES && state[0] === STATE_VERSION) this.#restore(state);
	}

	/** Attempts in a row that no acknowledgement ended. */
	get failures(): number {
		return this.#failures;
	}

	get nextAttemptMilliseconds(): number {
		return this.#nextAttemptMilliseconds;
	}

	/** True while failing has used up its radio time: the next attempt waits for the bucket. */
	get isBudgetSpent(): boolean {
		return this.#failures > 0 && this.#tokensMilliseconds <= 0;
	}

	/**
	 * Between uploads when all is well, seconds. A shorter one counts at once, whatever was planned, or a
	 * ring that fills between two distant uploads would overflow; after failures the back-off decides.
	 */
	setUploadInterval(seconds: number, nowMilliseconds: number): void {
		const isShorter = seconds < this.#uploadIntervalSeconds;
		this.#uploadIntervalSeconds = seconds;
		if (!isShorter || this.#failures > 0) return;
		const slot = this.#slotAfter(nowMilliseconds);
		this.#nextAttemptMilliseconds = Math.min(this.#nextAttemptMilliseconds, slot);
	}

	/** The next attempt is now, whatever was planned: a technician waits, or an alarm. */
	requestSoon(nowMilliseconds: number): void {
		this.#nextAttemptMilliseconds = Math.min(this.#nextAttemptMilliseconds, nowMilliseconds);
	}

	/** There was nothing to send. */
	idle(nowMilliseconds: number): void {
		this.#nextAttemptMilliseconds = this.#slotAfter(nowMilliseconds);
	}

	/** `nextSeconds` of the acknowledgement, 0 none; `hasBacklog`: there is more to send. */
	acknowledged(cost: SessionCost, nextSeconds: number, hasBacklog: boolean): void {
		const now = cost.nowMilliseconds;
		this.#failures = 0;
		this.#refill(now);
		this.#account(cost);
		this.#dayAcknowledged++;
		if (nextSeconds > 0) {
			this.#nextAttemptMilliseconds = now + this.#atLeast(nextSeconds * SECOND);
		} else if (hasBacklog) {
			this.#nextAttemptMilliseconds =
				now + BACKLOG_PAUSE_MILLISECONDS + this.#uniform(BACKLOG_PAUSE_MILLISECONDS);
		} else {
			this.#nextAttemptMilliseconds = this.#slotAfter(now);
		}
	}

	/** `retryAfterSeconds`: what the collector asked for, if it did. */
	failed(cost: SessionCost, retryAfterSeconds?: number): void {
		const now = cost.nowMilliseconds;
		this.#failures = Math.min(this.#failures + 1, 0xffff);
		this.#refill(now);
		this.#tokensMilliseconds -= cost.radioMilliseconds;
		this.#account(cost);
		let pause = this.#backOff();
		if (retryAfterSeconds !== undefined) {
			const asked = Math.min(retryAfterSeconds, RETRY_AFTER_SECONDS_MAX) * SECOND;
			// Up to half as long again, so that those who were sent away together do not return so.
			pause = Math.max(pause, asked + this.#uniform(asked / 2));
		}
		this.#nextAttemptMilliseconds =
			now + this.#atLeast(Math.max(pause, this.#millisecondsUntilTokens()));
	}

	/** The collector refused: nothing gets better by itself within the hour. */
	refused(cost: SessionCost, nextSeconds: number): void {
		this.failed(cost);
		const hour = REFUSED_MILLISECONDS + this.#uniform(REFUSED_SPREAD_MILLISECONDS);
		const pause = Math.max(nextSeconds * SECOND, hour);
		this.#nextAttemptMilliseconds = Math.max(
			this.#nextAttemptMilliseconds,
			cost.nowMilliseconds + pause,
		);
	}

	/** 44 bytes for retained memory. */
	save(): Uint8Array {
		const bytes = new Uint8Array(SCHEDULE_BYTES);
		const view = new DataView(bytes.buffer);
		view.setUint8(0, STATE_VERSION);
		view.setUint16(2, this.#failures, true);
		view.setFloat64(4, this.#nextAttemptMilliseconds, true);
		view.setInt32(12, Math.round(this.#tokensMilliseconds), true);
		view.setFloat64(16, this.#tokensAtMilliseconds, true);
		view.setUint32(24, Math.round(this.#meanDayMilliseconds), true);
		view.setFloat64(28, this.#dayStartMilliseconds, true);
		view.setUint32(36, Math.min(Math.round(this.#dayRadioMilliseconds), 0xffffffff), true);
		view.setUint16(40, Math.min(this.#dayAcknowledged, 0xffff), true);
		return bytes;
	}

	#restore(bytes: Uint8Array): void {
		const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.#failures = view.getUint16(2, true);
		this.#nextAttemptMilliseconds = view.getFloat64(4, true);
		this.#tokensMilliseconds = view.getInt32(12, true);
		this.#tokensAtMilliseconds = view.getFloat64(16, true);
		this.#meanDayMilliseconds = view.getUint32(24, true);
		this.#dayStartMilliseconds = view.getFloat64(28, true);
		this.#dayRadioMilliseconds = view.getUint32(36, true);
		this.#dayAcknowledged = view.getUint16(40, true);
	}

	/** Radio milliseconds a day that failing may cost. */
	get #ratePerDay(): number {
		const guess = (DAY / (SECOND * this.#uploadIntervalSeconds)) * SESSION_GUESS_MILLISECONDS;
		// A day has at least two sessions' worth, or a station that uploads weekly could never retry.
		const mean = Math.max(this.#meanDayMilliseconds || guess, 2 * SESSION_GUESS_MILLISECONDS);
		return RADIO_SHARE * mean;
	}

	get #bucketMilliseconds(): number {
		return this.#ratePerDay * BUCKET_SHARE;
	}

	#refill(nowMilliseconds: number): void {
		const elapsed = Math.max(nowMilliseconds - this.#tokensAtMilliseconds, 0);
		this.#tokensAtMilliseconds = nowMilliseconds;
		this.#tokensMilliseconds = Math.min(
			this.#tokensMilliseconds + (this.#ratePerDay * elapsed) / DAY,
			this.#bucketMilliseconds,
		);
	}

	#millisecondsUntilTokens(): number {
		if (this.#tokensMilliseconds > 0) return 0;
		return ((1 - this.#tokensMilliseconds) * DAY) / this.#ratePerDay;
	}

	/** Closes the day after 24 hours, and adds to the new one: only acknowledged days make the mean. */
	#account(cost: SessionCost): void {
		const elapsed = cost.nowMilliseconds - this.#dayStartMilliseconds;
		if (elapsed >= DAY) {
			const expected = DAY / (SECOND * this.#uploadIntervalSeconds);
			if (this.#dayAcknowledged >= expected / 2) {
				const day = (this.#dayRadioMilliseconds * DAY) / elapsed;
				const mean = this.#meanDayMilliseconds;
				this.#meanDayMilliseconds = mean === 0 ? day : mean + (day - mean) / DAYS_REMEMBERED;
			}
			this.#dayStartMilliseconds = cost.nowMilliseconds;
			this.#dayRadioMilliseconds = 0;
			this.#dayAcknowledged = 0;
		}
		this.#dayRadioMilliseconds += cost.radioMilliseconds;
	}

	#backOff(): number {
		if (this.#failures === 1) return this.#uniform(FIRST_RETRY_SPREAD_MILLISECONDS);
		if (this.#failures > FAILURES_BEFORE_HOURLY) return this.#hourly();
		const doubled = RETRY_BASE_MILLISECONDS * 2 ** (this.#failures - 1);
		return this.#uniform(Math.min(doubled, RETRY_CAP_MILLISECONDS));
	}

	#hourly(): number {
		return HOURLY_MILLISECONDS + this.#uniform(HOURLY_SPREAD_MILLISECONDS);
	}

	/** The station's own moment of the next upload interval. */
	#slotAfter(nowMilliseconds: number): number {
		const interval = this.#uploadIntervalSeconds * SECOND;
		const slot = (hashOf(this.#station) / 4294967296) * interval;
		const periods = Math.floor((nowMilliseconds - slot) / interval) + 1;
		const next = Math.round(periods * interval + slot);
		assert(next > nowMilliseconds - 1, "a slot in the past");
		// Half an interval at least: a session in between counts for the one before.
		return next - nowMilliseconds < interval / 2 ? next + interval : next;
	}

	#atLeast(milliseconds: number): number {
		return Math.round(Math.max(milliseconds, PAUSE_MILLISECONDS_MIN));
	}

	#uniform(milliseconds: number): number {
		return Math.round(fraction(this.#chance) * milliseconds);
	}
}

/** FNV-1a with a finishing mix, 0 .. 2^32 - 1: ids that count upwards land far apart. */
function hashOf(text: string): number {
	let hash = 0x811c9dc5;
	for (let index = 0; index < text.length; index++) {
		hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
	}
	hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
	hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
	return (hash ^ (hash >>> 16)) >>> 0;
}
