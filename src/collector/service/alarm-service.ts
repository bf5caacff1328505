/** The alarms of a collector: what notices them, the queue, and a post for each hook. */
import type { Language } from "../../host/messages/messages.js";
import { answerTo, listenForDecisions } from "../alarms/alarm-control.js";
import { AlarmDecisions } from "../alarms/alarm-decisions.js";
import { type AlarmPolicies, readAlarmPolicies } from "../alarms/alarm-policy.js";
import { type AlarmHook, AlarmPost } from "../alarms/alarm-post.js";
import { AlarmQueue } from "../alarms/alarm-queue.js";
import { AlarmWatch } from "../alarms/alarm-watch.js";
import { commandHook } from "../alarms/command-hook.js";
import { readWebhook, type WebhookSettings, webhook } from "../alarms/webhook.js";
import type { SqlStore } from "../store/store.js";

export interface AlarmOptions {
	/** A program that is handed each alarm. */
	readonly command: string | undefined;
	/** A file with address and secret of a webhook. */
	readonly webhook: string | undefined;
	readonly policy: string | undefined;
	readonly language: Language;
}

export interface AlarmService {
	readonly watch: AlarmWatch;
	/** Reads its files again. Throws OperationalError; then all stays as it was. */
	reload(): void;
	/** By hook what it has not taken. */
	waiting(): Promise<Readonly<Record<string, number>>>;
	/** Waits for what is under way. */
	close(): Promise<void>;
}

export interface AlarmServiceOptions extends AlarmOptions {
	readonly store: SqlStore;
	/** The data folder: its socket is there. */
	readonly data: string;
	readonly clock: { readonly utcSeconds: number };
	/** `station`: it is of what that one sends, as often as it likes. */
	readonly log: (text: string, station?: string) => void;
	readonly onAttempt?: (hook: string, isTaken: boolean) => void;
}

const TURN_MILLISECONDS = 60_000;
const TURNS_PER_TIDYING = 10;
/** The unit for systemd gives 30 s. What is given up then is handed over again after the next start. */
const CLOSE_MILLISECONDS_MAX = 25_000;

/** Throws OperationalError for a file that cannot be read, or a folder that another collector uses. */
export async function openAlarms(options: AlarmServiceOptions): Promise<AlarmService> {
	const { store, data, clock, log } = options;
	const queue = new AlarmQueue(store);
	const decisions = new AlarmDecisions(store, clock);
	const posts: AlarmPost[] = [];
	const wake = (): void => {
		for (const post of posts) post.wake();
	};
	let files = readFiles(options);
	const { policies } = files;
	const watch = new AlarmWatch({ store, queue, clock, policies, log, onRaised: wake });
	const hooks = hooksOf(options, () => files);
	const names = hooks.map(({ name }) => name);
	await queue.setHooks(names, clock.utcSeconds, true);
	const control = await listenForDecisions({
		data,
		log,
		answer: async (request) => {
			const answer = await answerTo(decisions, request, clock.utcSeconds);
			if (request.ask !== "list" && request.ask !== "state") wake();
			return answer;
		},
	});
	for (const hook of hooks) posts.push(new AlarmPost({ ...options, queue, hook, wait }));
	const turns = new Turns(log);
	turns.begin(async () => {
		await watch.checkNewest();
		await watch.turn();
	});
	let turnCount = 0;
	const timer = setInterval(() => {
		turns.begin(async () => {
			await watch.turn();
			await queue.setHooks(names, clock.utcSeconds, false);
			if (++turnCount % TURNS_PER_TIDYING === 0) await queue.tidy();
		});
	}, TURN_MILLISECONDS).unref();
	return {
		watch,
		reload: () => {
			files = readFiles(options);
			watch.policies = files.policies;
		},
		waiting: async () => {
			const counts = names.map(async (name) => [name, await queue.waitingCount(name)] as const);
			return Object.fromEntries(await Promise.all(counts));
		},
		close: async () => {
			clearInterval(timer);
			control.close();
			await turns.end();
			const closing = Promise.all(posts.map((post) => post.close()));
			await Promise.race([closing, pause(CLOSE_MILLISECONDS_MAX)]);
		},
	};
}

interface AlarmFiles {
	readonly policies: AlarmPolicies;
	readonly webhook: WebhookSettings | undefined;
}

function readFiles({ policy, webhook: path }: AlarmOptions): AlarmFiles {
	return {
		policies: readAlarmPolicies(policy),
		webhook: path === undefined ? undefined : readWebhook(path),
	};
}

function hooksOf(
	{ command, clock }: AlarmServiceOptions,
	files: () => AlarmFiles,
): readonly AlarmHook[] {
	const hooks = command === undefined ? [] : [commandHook(command)];
	const { webhook: first } = files();
	if (first !== undefined) hooks.push(webhook(() => files().webhook ?? first, clock));
	return hooks;
}

/** One at a time: what comes before the last one has ended is left out. */
class Turns {
	readonly #log: (text: string) => void;
	#turning: Promise<void> | undefined;

	constructor(log: (text: string) => void) {
		this.#log = log;
	}

	begin(work: () => Promise<void>): void {
		this.#turning ??= work()
			.catch((error: unknown) => {
				this.#log(`alarms: ${error instanceof Error ? error.message : String(error)}`);
			})
			.finally(() => {
				this.#turning = undefined;
			});
	}

	async end(): Promise<void> {
		await this.#turning;
	}
}

function wait(seconds: number, then: () => void): { cancel(): void } {
	const timer = setTimeout(then, seconds * 1000).unref();
	return { cancel: () => clearTimeout(timer) };
}

function pause(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
