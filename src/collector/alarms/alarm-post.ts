/**
 * Hands what is due to one hook, until it takes it. A death between the hook's answer and the note of it sends that one once
 * more, with the same id; a database that does not take the note is asked until it does.
 */
import { messageOf } from "../../host/errors.js";
import type { Language } from "../../host/messages/messages.js";
import { textOf } from "./alarm-notice.js";
import { type AlarmQueue, type Due, PAUSE_SECONDS_MAX } from "./alarm-queue.js";

/** Pauses between attempts, seconds: 5, 10, 20 ... 320. */
const FIRST_PAUSE_SECONDS = 5;
const DOUBLINGS_MAX = 6;
/** Other collectors and commands put things into the queue, mutes end: looked at so often. */
const POLL_SECONDS = 10;
/** The database did not take a note. */
const NOTE_SECONDS = 1;

export type HookOutcome =
	| { readonly isTaken: true }
	| { readonly isTaken: false; readonly why: string; readonly retryAfterSeconds?: number };

export interface AlarmHook {
	/** Of the queue: the same over restarts. */
	readonly name: string;
	/** Deliveries under way at once. */
	readonly atOnce: number;
	/** Hands over a line of JSON, within `LEASE_SECONDS`. */
	deliver(line: string, id: string): Promise<HookOutcome>;
}

export interface AlarmPostOptions {
	readonly queue: AlarmQueue;
	readonly hook: AlarmHook;
	readonly clock: { readonly utcSeconds: number };
	readonly language: Language;
	readonly log: (text: string) => void;
	/** Calls back in so many seconds; what `cancel` stops. */
	readonly wait: (seconds: number, then: () => void) => { cancel(): void };
	/** Told of each attempt. */
	readonly onAttempt?: (hook: string, isTaken: boolean) => void;
}

export class AlarmPost {
	readonly #options: AlarmPostOptions;
	readonly #underWay = new Set<Promise<void>>();
	#failures = 0;
	#pause: { cancel(): void } | undefined;
	/** Nothing is tried before, but for what is new. */
	#isBackingOff = false;
	#isShortened = false;
	#polling: Promise<void> | undefined;
	#isAskedAgain = false;
	#isClosed = false;

	constructor(options: AlarmPostOptions) {
		this.#options = options;
		this.wake();
	}

	/** Something may be due. While the hook fails it is tried five seconds from now, not in five minutes. */
	wake(): void {
		if (this.#isClosed) return;
		if (!this.#isBackingOff) this.#poll();
		else if (!this.#isShortened) {
			// Once: what comes every second must not put it off for ever.
			this.#isShortened = true;
			this.#sleep(FIRST_PAUSE_SECONDS);
		}
	}

	/** Resolves when nothing is under way; what waits for a pause is not waited for. */
	async settled(): Promise<void> {
		// No turning meanwhile: a race leaves something at what is slow each time, and a dead hook is slow.
		for (;;) {
			const waiting = [...this.#underWay];
			if (this.#polling !== undefined) waiting.push(this.#polling);
			if (waiting.length === 0) return;
			await Promise.allSettled(waiting);
		}
	}

	/** Begins nothing more, and waits for what is under way. */
	async close(): Promise<void> {
		this.#isClosed = true;
		this.#pause?.cancel();
		await this.settled();
	}

	#sleep(seconds: number): void {
		this.#pause?.cancel();
		this.#pause = this.#options.wait(seconds, () => {
			this.#pause = undefined;
			this.#isBackingOff = false;
			this.#poll();
		});
	}

	#poll(): void {
		if (this.#polling !== undefined) {
			this.#isAskedAgain = true;
			return;
		}
		this.#polling = this.#takeAll()
			.catch((error: unknown) => this.#options.log(`alarms: ${messageOf(error)}`))
			.finally(() => {
				this.#polling = undefined;
				if (this.#isClosed || this.#isBackingOff) return;
				if (this.#isAskedAgain) {
					this.#isAskedAgain = false;
					this.#poll();
				} else this.#sleep(POLL_SECONDS);
			});
	}

	async #takeAll(): Promise<void> {
		const { queue, hook, clock } = this.#options;
		while (!this.#isClosed && !this.#isBackingOff && this.#underWay.size < hook.atOnce) {
			const due = await queue.next(hook.name, Math.floor(clock.utcSeconds));
			if (due === undefined) return;
			const handing = this.#hand(due).finally(() => {
				this.#underWay.delete(handing);
				if (!this.#isClosed && !this.#isBackingOff) this.#poll();
			});
			this.#underWay.add(handing);
		}
	}

	async #hand({ number, body, attempts }: Due): Promise<void> {
		const { queue, hook, clock, language, log, onAttempt } = this.#options;
		const line = JSON.stringify({ ...body, text: textOf(language, body) });
		let outcome: HookOutcome;
		try {
			outcome = await hook.deliver(line, body.id);
		} catch (error) {
			outcome = { isTaken: false, why: messageOf(error) };
		}
		onAttempt?.(hook.name, outcome.isTaken);
		const now = (): number => Math.floor(clock.utcSeconds);
		if (outcome.isTaken) {
			this.#failures = 0;
			await this.#note(() => queue.markTold(hook.name, number, now()));
			return;
		}
		const own = FIRST_PAUSE_SECONDS * 2 ** Math.min(attempts, DOUBLINGS_MAX);
		const seconds = Math.min(Math.max(own, outcome.retryAfterSeconds ?? 0), PAUSE_SECONDS_MAX);
		log(`alarm ${body.id}: ${hook.name} did not take it (${outcome.why}); again in ${seconds} s`);
		const pause = FIRST_PAUSE_SECONDS * 2 ** Math.min(this.#failures++, DOUBLINGS_MAX);
		this.#isBackingOff = true;
		this.#isShortened = false;
		await this.#note(() => queue.failed(hook.name, number, now() + seconds));
		if (!this.#isClosed) this.#sleep(pause);
	}

	/** What was told and is not noted would be told again. */
	async #note(write: () => Promise<void>): Promise<void> {
		for (;;) {
			try {
				return await write();
			} catch (error) {
				this.#options.log(`alarms: not noted (${messageOf(error)})`);
				if (this.#isClosed) return;
				await new Promise<void>((resolve) => this.#options.wait(NOTE_SECONDS, resolve));
			}
		}
	}
}
