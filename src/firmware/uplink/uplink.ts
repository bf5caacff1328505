/**
 * The uplink: takes entries to the collector and releases them when the collector's signed answer
 * says that they are stored. Newest first, so that alarms and plots are current, then the backlog,
 * oldest first. Whatever goes wrong ends the session, is reported by its code, and is tried again
 * as the schedule says; nothing but a verified acknowledgement changes what the station holds.
 */
import { crc32 } from "../../core/crc32.js";
import { assert, StationError, type StationErrorCode } from "../../core/errors.js";
import type { Task } from "../../core/task.js";
import {
	type Acknowledgement,
	RANGES_MAX,
	refusalReasonOf,
	type SequenceRange,
} from "../../protocol/wire/acknowledgement.js";
import { ENVELOPE_CONTENT_TYPE } from "../../protocol/wire/cose.js";
import { BusyError, checkAnswer } from "./answer-check.js";
import { BatchMaker, type SignedBatch } from "./batch-maker.js";
import { Connection } from "./connection.js";
import { FormerDelivery } from "./former-delivery.js";
import { UplinkSchedule } from "./schedule.js";
import { SequenceSet } from "./sequence-set.js";
import type { SessionOutcome, UplinkOptions } from "./uplink-options.js";
import { decodeUplinkState, encodeUplinkState, UNKNOWN, type UplinkState } from "./uplink-state.js";

/** Where batches go. */
export const BATCHES_PATH = "/v1/batches";
/** A whole session, link and all. */
export const SESSION_MILLISECONDS_MAX = 120_000;
/** No batch is begun with less than this left of the session. */
const BATCH_MILLISECONDS_MIN = 10_000;
/** 8 640 readings, a month, are 90 usual batches. */
const SESSION_BATCHES_MAX = 128;
/** A usual batch of readings is below 600 bytes: 90 of them are 54 KB. */
const SESSION_BYTES_MAX = 64 * 1024;

/** What a session has come to so far. */
interface Session {
	/** What need not be sent (again) in this session. */
	done: SequenceSet;
	/** What former keys left. */
	readonly formers: FormerDelivery;
	/** The last entry when the session began. */
	readonly last: number;
	/** Batches whose acknowledgement was believed, and that it names as stored. */
	batches: number;
	bytesSent: number;
	nextSeconds: number;
	/** 0: not refused. */
	refusalCode: number;
	/** Undefined while the radio was not on. */
	radioStartMilliseconds: number | undefined;
	/** From the radio's start to the first answer that was believed. */
	answerMilliseconds: number;
}

export class Uplink {
	readonly #options: UplinkOptions;
	readonly #schedule: UplinkSchedule;
	readonly #maker: BatchMaker;
	/** Stored beyond the cursor, as the last acknowledgement of this epoch said. */
	#ranges: readonly SequenceRange[] = [];
	#isRefused = false;
	/** What the collector said last, or UNKNOWN: then it is taken to hold what was released. */
	#collectorCursor = UNKNOWN;
	/**
	 * A collector that holds less than was released (a new one, or an old backup) has been offered again all
	 * that flash still has of it up to here.
	 */
	#offeredTo = UNKNOWN;
	/**
	 * Mark of the envelope that was sent last; 0 none. Where it is sent again byte for byte, an answer to the
	 * first sending may come, from a cache in between or late, and its clock with it.
	 */
	#lastSentMark = 0;
	#isInSession = false;

	constructor(options: UplinkOptions) {
		this.#options = options;
		this.#maker = new BatchMaker(options);
		const state = decodeUplinkState(options.state);
		this.#schedule = new UplinkSchedule({
			random: options.random,
			station: options.station,
			nowMilliseconds: options.clock.milliseconds,
			uploadIntervalSeconds: options.uploadIntervalSeconds,
			linkMillisecondsMax: options.network.link.connectMillisecondsMax,
			isOnTrial: options.isOnTrial,
			state: state?.schedule,
		});
		if (state !== undefined) this.#restore(state);
	}

	/** On the board's clock. */
	get nextAttemptMilliseconds(): number {
		return this.#schedule.nextAttemptMilliseconds;
	}

	/** The collector refused the last batch: a flag for readings and for the technician. */
	get isRefused(): boolean {
		return this.#isRefused;
	}

	/** Failing has used up its radio time. */
	get isBudgetSpent(): boolean {
		return this.#schedule.isBudgetSpent;
	}

	/** Attempts in a row without an acknowledgement. */
	get failures(): number {
		return this.#schedule.failures;
	}

	/** Seconds between uploads when all is well; the station shortens and lengthens it. */
	set uploadIntervalSeconds(seconds: number) {
		this.#schedule.setUploadInterval(seconds, this.#options.clock.milliseconds);
	}

	/** The next attempt is now: a technician waits, or an alarm. */
	requestSoon(): void {
		this.#schedule.requestSoon(this.#options.clock.milliseconds);
	}

	/** Another configuration is in force: what the last one met, and what was asked of it, counts no more. */
	startOver(): void {
		this.#schedule.startOver(this.#options.clock.milliseconds);
	}

	/**
	 * One whole session; it never throws a StationError, and the radio is off when it ends, however
	 * it ends. One at a time.
	 */
	*session(): Task<SessionOutcome> {
		assert(!this.#isInSession, "two sessions at once");
		this.#isInSession = true;
		try {
			return yield* this.#run();
		} finally {
			this.#isInSession = false;
		}
	}

	/** 128 bytes for retained memory, in `into` where there is one. */
	save(into?: Uint8Array): Uint8Array {
		const state = {
			collectorMark: this.#collectorMark,
			lastSentMark: this.#lastSentMark,
			isRefused: this.#isRefused,
			epoch: this.#options.source.epoch,
			collectorCursor: this.#collectorCursor,
			offeredTo: this.#offeredTo,
			ranges: this.#ranges,
			join: this.#maker.join,
		};
		return encodeUplinkState(state, this.#schedule, into);
	}

	get #collectorMark(): number {
		const key = this.#options.collectorPublicKey;
		return crc32(key, 0, key.length) & 0xffff;
	}

	#restore(state: UplinkState): void {
		// What another collector holds says nothing of what this one does.
		if (state.collectorMark !== this.#collectorMark) return;
		this.#lastSentMark = state.lastSentMark;
		this.#isRefused = state.isRefused;
		if (state.epoch !== this.#options.source.epoch) return;
		this.#collectorCursor = state.collectorCursor;
		this.#offeredTo = state.offeredTo;
		this.#ranges = state.ranges;
		if (state.join !== undefined) this.#maker.join = state.join;
	}

	*#run(): Task<SessionOutcome> {
		const { clock, network } = this.#options;
		const done = new SequenceSet();
		for (const range of this.#ranges) done.add(range.first, range.last);
		const session: Session = {
			done,
			formers: new FormerDelivery(this.#options.formers?.() ?? [], this.#options),
			last: this.#options.source.nextSequence - 1,
			batches: 0,
			bytesSent: 0,
			nextSeconds: 0,
			refusalCode: 0,
			radioStartMilliseconds: undefined,
			answerMilliseconds: 0,
		};
		let failure: StationError | undefined;
		let connection: Connection | undefined;
		try {
			// Reading and signing come before the radio, which draws the most.
			const batch =
				(yield* this.#maker.next(done, this.#wanted(session), true)) ??
				(yield* session.formers.next());
			if (batch === undefined) {
				this.#schedule.idle(clock.milliseconds);
				return outcomeOf("idle", undefined, session, 0, false);
			}
			const now = clock.milliseconds;
			session.radioStartMilliseconds = now;
			const patience = this.#schedule.patienceMilliseconds(now);
			connection = new Connection(this.#options);
			connection.endMilliseconds = now + Math.min(patience, SESSION_MILLISECONDS_MAX);
			failure = yield* this.#deliver(connection, session, batch, now);
			const last = this.#options.beforeClose;
			if (last !== undefined && network.link.isUp) yield* last(now + SESSION_MILLISECONDS_MAX);
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			failure = error;
		} finally {
			connection?.close();
		}
		return this.#conclude(session, failure);
	}

	/** What a session came to: the schedule and the station are notified. */
	#conclude(session: Session, failure: StationError | undefined): SessionOutcome {
		const { clock } = this.#options;
		const nowMilliseconds = clock.milliseconds;
		const radioMilliseconds = nowMilliseconds - (session.radioStartMilliseconds ?? nowMilliseconds);
		const cost = { radioMilliseconds, nowMilliseconds };
		this.#noteOffered(session.done);
		const wanted = this.#wanted(session);
		const hasBacklog =
			session.done.lowestMissing(wanted.first, wanted.last) !== undefined ||
			session.formers.hasBacklog;
		if (failure !== undefined) this.#options.onReport?.(failure.code, 0, failure.message);
		const retryAfterSeconds = failure instanceof BusyError ? failure.retryAfterSeconds : undefined;
		if (session.refusalCode !== 0) {
			this.#isRefused = true;
			this.#schedule.refused(cost, session.nextSeconds);
			const reason = refusalReasonOf(session.refusalCode) ?? "unknown";
			this.#options.onReport?.("refused", session.refusalCode, reason);
			const code = "collector-refused";
			return outcomeOf("refused", code, session, radioMilliseconds, hasBacklog);
		}
		// A session that broke after an acknowledgement did its work; the rest is backlog.
		if (session.batches === 0) {
			this.#schedule.failed(cost, retryAfterSeconds);
			const code = failure?.code ?? "acknowledgement-stale";
			return outcomeOf("failed", code, session, radioMilliseconds, hasBacklog);
		}
		this.#isRefused = false;
		const { answerMilliseconds: answered, nextSeconds } = session;
		this.#schedule.acknowledged(nowMilliseconds, answered, nextSeconds, hasBacklog);
		if (retryAfterSeconds !== undefined) {
			this.#schedule.failed({ radioMilliseconds: 0, nowMilliseconds }, retryAfterSeconds);
		}
		return outcomeOf("acknowledged", failure?.code, session, radioMilliseconds, hasBacklog);
	}

	/** Batches and their answers, as many as the session bears; what ended it early, if anything did. */
	*#deliver(
		connection: Connection,
		session: Session,
		firstBatch: SignedBatch,
		startMilliseconds: number,
	): Task<StationError | undefined> {
		const { clock, source } = this.#options;
		const endMilliseconds = startMilliseconds + SESSION_MILLISECONDS_MAX;
		let batch: SignedBatch | undefined = firstBatch;
		let requests = 0;
		// The clock is taken from the first answer, and only where these bytes were never sent before: those of
		// a former epoch may have been in any session.
		let isFresh =
			firstBatch.epoch === source.epoch && markOf(firstBatch.hash) !== this.#lastSentMark;
		try {
			yield* connection.open();
			while (batch !== undefined) {
				this.#lastSentMark = markOf(batch.hash);
				this.#options.feed?.();
				const response = yield* connection.post(
					BATCHES_PATH,
					ENVELOPE_CONTENT_TYPE,
					batch.envelope,
				);
				const answeredMilliseconds = clock.milliseconds;
				session.bytesSent += batch.envelope.length;
				const sent = { epoch: batch.epoch, hash: batch.hash };
				const answer = yield* checkAnswer(this.#options, response, sent);
				const askedMilliseconds = connection.askedMilliseconds;
				if (isFresh) {
					this.#options.onTime?.(answer.nowUtcSeconds, { askedMilliseconds, answeredMilliseconds });
				}
				isFresh = false;
				// It is there: whatever patience the first answer had, the rest has the whole session.
				session.answerMilliseconds ||= answeredMilliseconds - startMilliseconds;
				connection.endMilliseconds = endMilliseconds;
				session.nextSeconds = answer.nextSeconds;
				const isFormer = batch.epoch !== source.epoch;
				if (answer.kind === "refusal") {
					if (!isFormer) {
						session.refusalCode = answer.code;
						break;
					}
					// What is recorded now continues being delivered; the rest of that epoch waits for an operator.
					session.formers.skip(batch.epoch);
					const text = `epoch ${batch.epoch}: ${refusalReasonOf(answer.code) ?? "unknown"}`;
					this.#options.onReport?.("collector-refused", answer.code, text);
				} else if (isFormer) {
					session.formers.apply(answer, batch);
					session.batches++;
				} else {
					this.#apply(answer, session, batch);
				}
				const isOver =
					++requests >= SESSION_BATCHES_MAX ||
					session.bytesSent >= SESSION_BYTES_MAX ||
					clock.milliseconds > endMilliseconds - BATCH_MILLISECONDS_MIN ||
					session.done.isFull;
				batch = isOver
					? undefined
					: ((yield* this.#maker.next(session.done, this.#wanted(session), false)) ??
						(yield* session.formers.next()));
			}
			return undefined;
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			return error;
		}
	}

	/** What can and need be sent: not what is recorded in the session itself, or it might never end. */
	#wanted(session: Session): SequenceRange {
		const { source } = this.#options;
		const cursor = Math.min(this.#offeredTo, this.#held);
		return { first: Math.max(cursor + 1, source.firstSequenceHeld), last: session.last };
	}

	/** Everything up to here is stored, also where flash refuses to note it. */
	get #held(): number {
		const { cursor } = this.#options.source;
		return this.#collectorCursor === UNKNOWN ? cursor : Math.max(this.#collectorCursor, cursor);
	}

	/** How far a collector that holds less than was released has it all now. */
	#noteOffered(done: SequenceSet): void {
		if (this.#offeredTo >= this.#held) return;
		const missing = done.lowestMissing(this.#offeredTo + 1, this.#held);
		this.#offeredTo = missing === undefined ? UNKNOWN : missing.first - 1;
	}

	/**
	 * Believes an acknowledgement that fits, and throws for one that reaches too far. Progress is what it says
	 * is stored, not its cursor: a collector that is new, or came back from an old backup, holds less than was
	 * released. That moves nothing back here, is reported, and what flash still has of it is offered again, once.
	 */
	#apply(answer: Acknowledgement, session: Session, batch: SequenceRange): void {
		const { source, onReport, onConfiguration } = this.#options;
		const { cursor, ranges, configuration } = answer;
		const last = source.nextSequence - 1;
		const end = ranges[ranges.length - 1]?.last ?? cursor;
		if (end > last) {
			throw new StationError(
				"acknowledgement-beyond",
				`the collector acknowledges ${end}, and ${last} is the last that was recorded`,
			);
		}
		this.#ranges = ranges;
		if (cursor < Math.min(this.#collectorCursor, source.cursor)) {
			// What it said earlier counts no more.
			session.done = new SequenceSet();
			this.#offeredTo = Math.max(cursor, source.firstSequenceHeld - 1);
			const text = `the collector holds up to ${cursor}, ${source.cursor} was released`;
			onReport?.("acknowledgement-stale", cursor, text);
		}
		this.#collectorCursor = cursor;
		for (const range of ranges) session.done.add(range.first, range.last);
		// Perhaps not among the four ranges that fit; it was answered, so it is not sent again now.
		session.done.add(batch.first, batch.last);
		const isStored =
			batch.last <= cursor ||
			ranges.length === RANGES_MAX ||
			ranges.some(({ first, last }) => first <= batch.first && batch.last <= last);
		if (!isStored) return;
		session.batches++;
		onReport?.("acknowledged", cursor, "");
		if (configuration !== undefined) onConfiguration?.(configuration);
		// Last: a flash that refuses this changes nothing about what the collector has.
		if (cursor > source.cursor) source.acknowledge(cursor);
	}
}

/** 1..65535: that another envelope has the same by chance only costs one look at the clock. */
function markOf(hash: Uint8Array): number {
	return (hash[0] ?? 0) | ((hash[1] ?? 0) << 8) || 1;
}

function outcomeOf(
	end: SessionOutcome["end"],
	code: StationErrorCode | undefined,
	session: { readonly batches: number; readonly bytesSent: number },
	radioMilliseconds: number,
	hasBacklog: boolean,
): SessionOutcome {
	const { batches, bytesSent } = session;
	return { end, code, batches, bytesSent, radioMilliseconds, hasBacklog };
}
