/** Alarms of a collector without a process: queue, watch, decisions and posts over a store, a clock and pauses of the test's. */
import { AlarmDecisions } from "../../../src/collector/alarms/alarm-decisions.js";
import { ALARM_POLICY, type AlarmPolicy } from "../../../src/collector/alarms/alarm-policy.js";
import { AlarmPost, type HookOutcome } from "../../../src/collector/alarms/alarm-post.js";
import { AlarmQueue } from "../../../src/collector/alarms/alarm-queue.js";
import { AlarmWatch } from "../../../src/collector/alarms/alarm-watch.js";
import type { SqlStore } from "../../../src/collector/store/store.js";

export interface AlarmBench {
	readonly clock: { utcSeconds: number };
	readonly queue: AlarmQueue;
	readonly watch: AlarmWatch;
	readonly decisions: AlarmDecisions;
	/** Lines that hooks were handed, in order, taken or not. */
	readonly sent: { readonly hook: string; readonly line: Record<string, unknown> }[];
	readonly lines: string[];
	/** Pauses that wait for their end, by seconds. */
	readonly pauses: { readonly seconds: number; readonly end: () => void }[];
	/** Ends the pauses that there are, as often as there are some that are shorter than a look. */
	play(): Promise<void>;
	/** Resolves when the posts do nothing but wait for a pause. */
	settled(): Promise<void>;
	/** The collector dies: what was under way is forgotten. */
	kill(): void;
}

export interface AlarmBenchOptions {
	readonly store: SqlStore;
	readonly clock?: { utcSeconds: number };
	readonly take?: (
		hook: string,
		line: Record<string, unknown>,
	) => HookOutcome | Promise<HookOutcome>;
	readonly hooks?: readonly string[];
	readonly policy?: Partial<AlarmPolicy>;
}

export const START_SECONDS = 1_796_000_000;

export async function openAlarmBench(options: AlarmBenchOptions): Promise<AlarmBench> {
	const { store, take = () => ({ isTaken: true }), hooks = ["webhook"], policy } = options;
	const clock = options.clock ?? { utcSeconds: START_SECONDS };
	const sent: { hook: string; line: Record<string, unknown> }[] = [];
	const lines: string[] = [];
	const pauses: { seconds: number; end: () => void }[] = [];
	const posts: AlarmPost[] = [];
	const queue = new AlarmQueue(store);
	const watch = new AlarmWatch({
		store,
		queue,
		clock,
		policies: () => ({ ...ALARM_POLICY, ...policy }),
		log: (text) => lines.push(text),
		onRaised: () => {
			for (const post of posts) post.wake();
		},
	});
	await queue.setHooks(hooks, clock.utcSeconds, true);
	for (const name of hooks) {
		posts.push(
			new AlarmPost({
				queue,
				clock,
				language: "en",
				log: (text) => lines.push(text),
				hook: {
					name,
					atOnce: 1,
					deliver: async (text) => {
						const line = JSON.parse(text) as Record<string, unknown>;
						sent.push({ hook: name, line });
						return take(name, line);
					},
				},
				wait: (seconds, then) => {
					const pause = {
						seconds,
						end: () => {
							pauses.splice(pauses.indexOf(pause), 1);
							then();
						},
					};
					pauses.push(pause);
					return { cancel: () => pauses.splice(pauses.indexOf(pause) >>> 0, 1) };
				},
			}),
		);
	}
	const settled = async (): Promise<void> => {
		for (const post of posts) await post.settled();
	};
	return {
		clock,
		queue,
		watch,
		decisions: new AlarmDecisions(store, clock),
		sent,
		lines,
		pauses,
		settled,
		play: async () => {
			await settled();
			for (const pause of [...pauses]) pause.end();
			await settled();
		},
		kill: () => {
			for (const post of posts) void post.close();
			pauses.length = 0;
		},
	};
}
