/**
 * When to try again, and what that may cost. A thousand stations whose collector comes back must
 * not come back with it, and a station whose collector is gone must not empty its battery on it.
 * The rules are in docs/WIRE.md. All instants are the board's clock, which goes
 * on through deep sleep.
 */
import { fraction, type RandomSource } from "../../core/random.js";

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

/*
 * What failing may cost, in the link's own measure: the longest that it may take to come up, 30 s of Wi-Fi.
 * A regular slot is always tried; these bound how long it may last, and pay for what is tried in between.
 * The bound that follows is in docs/WIRE.md, section 5.
 */

/** Saved up for a bad hour, in links: an access point that is rebooted meets two whole attempts or three. */
const BUCKET_LINKS = 2;
/** Beyond the regular slots, in links a day. */
const SPARE_LINKS_PER_DAY = 2 / 5;
/** All together at least, in links a day: a station that uploads daily or weekly tries in between, too. */
const LINKS_PER_DAY_MIN = 2;
/** While nothing fails the bucket fills slowly, or short outages every day would cost more than long ones. */
const HEALTHY_REFILL_SHARE = 1 / 4;
/** A short attempt waits for its first answer so many times as long as one took lately when it took long, */
const PATIENCE_SHARE = 1.15;
/** and at least this part of a link. */
const PATIENCE_LINKS_MIN = 1 / 7;
/** Before the first answer nobody knows how long one takes: Wi-Fi, name and TLS come within 9 s. */
const PATIENCE_LINKS_UNKNOWN = 1 / 3;
/** A long answer counts at once and is forgotten over eight or so: with a mean, good attempts are cut off. */
const ANSWERS_REMEMBERED = 8;
/** An attempt so shortly before a slot, or half an interval, counts for it. */
const SLOT_COVERED_MILLISECONDS_MAX = 1800 * SECOND;

/** Layout of a saved schedule, little-endian. */
export const SCHEDULE_BYTES = 40;
const STATE_VERSION = 2;

export interface ScheduleOptions {
	readonly random: RandomSource;
	/** Station id; its hash is the slot within the upload interval. */
	readonly station: string;
	readonly nowMilliseconds: number;
	/** Between uploads when all is well, seconds, 10..604800. */
	readonly uploadIntervalSeconds: number;
	/** The longest that the link may take to come up. */
	readonly linkMillisecondsMax: number;
	/** A configuration is on trial: its attempts are owed, and no budget or wish for patience forbids them. */
	readonly isOnTrial?: (() => boolean) | undefined;
	/** From `save`; anything else is ignored. */
	readonly state?: Uint8Array | undefined;
}

/** What a session came to, as far as the schedule cares. */
export interface SessionCost {
	readonly radioMilliseconds: number;
	readonly nowMilliseconds: number;
}

export class UplinkSchedule {
	readonly #options: ScheduleOptions;
	#uploadIntervalSeconds: number;
	#failures = 0;
	#nextAttemptMilliseconds: number;
	/** Somebody asked for the next attempt. */
	#isRequested = false;
	/** The collector asked for patience until then. */
	#askedMilliseconds = 0;
	/** Radio milliseconds that failing may still cost; below zero is a debt. */
	#tokensMilliseconds: number;
	#tokensAtMilliseconds: number;
	/** From the radio's start to the first answer, when that takes long; 0 before the first. */
	#longAnswerMilliseconds = 0;

	constructor(options: ScheduleOptions) {
		this.#options = options;
		this.#uploadIntervalSeconds = options.uploadIntervalSeconds;
		const now = options.nowMilliseconds;
		this.#tokensAtMilliseconds = now;
		this.#tokensMilliseconds = this.#bucketMilliseconds;
		this.#nextAttemptMilliseconds = now;
		this.startOver(now);
		const state = options.state;
		if (state?.length === SCHEDULE_BYTES && state[0] === STATE_VERSION) this.#restore(state);
	}

	/** Consecutive attempts without an acknowledgement. */
	get failures(): number {
		return this.#failures;
	}

	get nextAttemptMilliseconds(): number {
		return this.#nextAttemptMilliseconds;
	}

	/** True while failing has used up its radio time: between the regular slots nothing is tried. */
	get isBudgetSpent(): boolean {
		return this.#failures > 0 && this.#tokensMilliseconds <= 0;
	}

	/** After power-on, and under another configuration: power returns to a valley in one instant. */
	startOver(nowMilliseconds: number): void {
		this.#failures = 0;
		this.#askedMilliseconds = 0;
		const spread = Math.min(FIRST_RETRY_SPREAD_MILLISECONDS, this.#intervalMilliseconds);
		this.#nextAttemptMilliseconds = nowMilliseconds + this.#uniform(spread);
	}

	/**
	 * How long the attempt that begins now may wait for its first answer, milliseconds; Infinity: as long as
	 * each of its steps may.
	 */
	patienceMilliseconds(nowMilliseconds: number): number {
		this.#refill(nowMilliseconds);
		const isWhole = this.#failures === 0 || this.#isAside || this.#tokensMilliseconds > 0;
		return isWhole ? Number.POSITIVE_INFINITY : this.#shortMilliseconds;
	}

	/**
	 * Between uploads when all is well, seconds. A shorter one counts at once, whatever was planned, or a
	 * ring that fills between two distant uploads would overflow; but not against a wish for patience.
	 */
	setUploadInterval(seconds: number, nowMilliseconds: number): void {
		const isShorter = seconds < this.#uploadIntervalSeconds;
		this.#uploadIntervalSeconds = seconds;
		if (!isShorter) return;
		const slot = Math.max(this.#slotAfter(nowMilliseconds), this.#askedMilliseconds);
		this.#nextAttemptMilliseconds = Math.min(this.#nextAttemptMilliseconds, slot);
	}

	/** The next attempt is now, whatever was planned: a technician waits, or an alarm. */
	requestSoon(nowMilliseconds: number): void {
		this.#isRequested = true;
		this.#nextAttemptMilliseconds = Math.min(this.#nextAttemptMilliseconds, nowMilliseconds);
	}

	/** There was nothing to send. */
	idle(nowMilliseconds: number): void {
		this.#isRequested = false;
		this.#nextAttemptMilliseconds = this.#slotAfter(nowMilliseconds);
	}

	/**
	 * `nextSeconds` of the acknowledgement, 0 none; `hasBacklog`: there is more to send; `answerMilliseconds`:
	 * from the radio's start to the first answer.
	 */
	acknowledged(
		nowMilliseconds: number,
		answerMilliseconds: number,
		nextSeconds: number,
		hasBacklog: boolean,
	): void {
		const now = nowMilliseconds;
		this.#refill(now);
		this.#failures = 0;
		this.#isRequested = false;
		this.#askedMilliseconds = 0;
		const long = this.#longAnswerMilliseconds;
		this.#longAnswerMilliseconds = Math.max(
			answerMilliseconds,
			long + (answerMilliseconds - long) / ANSWERS_REMEMBERED,
		);
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
		const asked = Math.min(retryAfterSeconds ?? 0, RETRY_AFTER_SECONDS_MAX) * SECOND;
		// Up to half as long again, so that stations that were sent away together do not return so.
		this.#retry(cost, asked + this.#uniform(asked / 2));
	}

	/** The collector refused: nothing gets better by itself within the hour. */
	refused(cost: SessionCost, nextSeconds: number): void {
		const hour = REFUSED_MILLISECONDS + this.#uniform(REFUSED_SPREAD_MILLISECONDS);
		this.#retry(cost, Math.max(nextSeconds * SECOND, hour));
	}

	/** After a failure: as the back-off says and the budget can pay, but no later than the next regular slot. */
	#retry(
		{ radioMilliseconds, nowMilliseconds: now }: SessionCost,
		askedMilliseconds: number,
	): void {
		this.#refill(now);
		this.#failures = Math.min(this.#failures + 1, 0xffffffff);
		if (!this.#isAside) {
			this.#tokensMilliseconds = Math.max(
				this.#tokensMilliseconds - radioMilliseconds,
				-this.#bucketMilliseconds,
			);
		}
		const isOnTrial = this.#isOnTrial;
		this.#isRequested = false;
		// Anything in between can ask for a day, and a trial has six hours.
		const asked = isOnTrial ? Math.min(askedMilliseconds, this.#hourly()) : askedMilliseconds;
		this.#askedMilliseconds = now + asked;
		const paid = isOnTrial ? 0 : this.#millisecondsUntilTokens();
		const retry = Math.min(now + Math.max(this.#backOff(), paid), this.#slotAfterAttempt(now));
		this.#nextAttemptMilliseconds = now + this.#atLeast(Math.max(retry - now, asked));
	}

	/** 40 bytes for retained memory, in `bytes` where there are some. */
	save(bytes: Uint8Array = new Uint8Array(SCHEDULE_BYTES)): Uint8Array {
		const view = new DataView(bytes.buffer, bytes.byteOffset, SCHEDULE_BYTES);
		view.setUint8(0, STATE_VERSION);
		view.setUint32(4, this.#failures, true);
		view.setFloat64(8, this.#nextAttemptMilliseconds, true);
		view.setFloat64(16, this.#askedMilliseconds, true);
		view.setFloat64(24, this.#tokensAtMilliseconds, true);
		view.setInt32(32, Math.round(this.#tokensMilliseconds), true);
		view.setUint32(36, Math.round(this.#longAnswerMilliseconds), true);
		return bytes;
	}

	#restore(bytes: Uint8Array): void {
		const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.#failures = view.getUint32(4, true);
		this.#nextAttemptMilliseconds = view.getFloat64(8, true);
		this.#askedMilliseconds = view.getFloat64(16, true);
		this.#tokensAtMilliseconds = view.getFloat64(24, true);
		this.#tokensMilliseconds = view.getInt32(32, true);
		this.#longAnswerMilliseconds = view.getUint32(36, true);
	}

	get #isOnTrial(): boolean {
		return this.#options.isOnTrial?.() ?? false;
	}

	/** What somebody asked for or a trial needs has its whole time and is not paid from the budget. */
	get #isAside(): boolean {
		return this.#isRequested || this.#isOnTrial;
	}

	get #intervalMilliseconds(): number {
		return this.#uploadIntervalSeconds * SECOND;
	}

	get #slotsPerDay(): number {
		return DAY / this.#intervalMilliseconds;
	}

	get #bucketMilliseconds(): number {
		return BUCKET_LINKS * this.#options.linkMillisecondsMax;
	}

	/** Of an attempt that is cut short: for its first answer. */
	get #shortMilliseconds(): number {
		const link = this.#options.linkMillisecondsMax;
		const longest = this.#longAnswerMilliseconds;
		if (longest === 0) return PATIENCE_LINKS_UNKNOWN * link;
		return Math.max(PATIENCE_SHARE * longest, PATIENCE_LINKS_MIN * link);
	}

	/** Radio milliseconds a day that failing may cost. */
	get #ratePerDay(): number {
		const link = this.#options.linkMillisecondsMax;
		const slots = this.#slotsPerDay * this.#shortMilliseconds;
		return Math.max(slots + SPARE_LINKS_PER_DAY * link, LINKS_PER_DAY_MIN * link);
	}

	#refill(nowMilliseconds: number): void {
		const elapsed = Math.max(nowMilliseconds - this.#tokensAtMilliseconds, 0);
		this.#tokensAtMilliseconds = nowMilliseconds;
		const share = this.#failures > 0 ? 1 : HEALTHY_REFILL_SHARE;
		this.#tokensMilliseconds = Math.min(
			this.#tokensMilliseconds + (share * this.#ratePerDay * elapsed) / DAY,
			this.#bucketMilliseconds,
		);
	}

	#millisecondsUntilTokens(): number {
		if (this.#tokensMilliseconds > 0) return 0;
		return ((1 - this.#tokensMilliseconds) * DAY) / this.#ratePerDay;
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

	/** The station's own moment of the next upload interval, half an interval away at least. */
	#slotAfter(nowMilliseconds: number): number {
		// A session in between counts for the one before.
		return this.#slotFrom(nowMilliseconds + this.#intervalMilliseconds / 2);
	}

	/** After an attempt that failed: of what is so near that the attempt counts for it, the one after. */
	#slotAfterAttempt(nowMilliseconds: number): number {
		const half = this.#intervalMilliseconds / 2;
		return this.#slotFrom(nowMilliseconds + Math.min(half, SLOT_COVERED_MILLISECONDS_MAX));
	}

	/** The first slot after an instant. */
	#slotFrom(milliseconds: number): number {
		const interval = this.#intervalMilliseconds;
		const slot = (hashOf(this.#options.station) / 4294967296) * interval;
		const periods = Math.floor((milliseconds - slot) / interval) + 1;
		return Math.round(periods * interval + slot);
	}

	#atLeast(milliseconds: number): number {
		return Math.round(Math.max(milliseconds, PAUSE_MILLISECONDS_MIN));
	}

	#uniform(milliseconds: number): number {
		return Math.round(fraction(this.#options.random) * milliseconds);
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
