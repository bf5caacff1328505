/** One thread of the journal's campaign: cuts its share of every stage and tells what came of it. */
import { parentPort, workerData } from "node:worker_threads";
import { Journal } from "../../../src/firmware/journal/journal.js";
import {
	type RandomOptions,
	runExhaustively,
	runRandomly,
	type Share,
	type TrialOptions,
	type TrialResult,
} from "./journal-trial.js";

/** What the campaign is made of; every thread gets all of it, and the share it is to cut. */
export interface CampaignPlan {
	readonly trial: Omit<TrialOptions, "open">;
	readonly operations: number;
	readonly isDeep: boolean;
	readonly random: Pick<RandomOptions, "cuts" | "firstPart">;
	readonly worn: Omit<RandomOptions, "open">;
}

export const STAGES = Object.freeze(["exhaustive", "random", "worn"] as const);
export type Stage = (typeof STAGES)[number];

/** Of a stage that continues, or (`isDone`) has ended; the counts so far. */
export interface StageReport {
	readonly stage: Stage;
	readonly isDone: boolean;
	/** Operations of the exhaustive stage, cuts of the others. */
	readonly done: number;
	readonly result: TrialResult;
}

function runStages(plan: CampaignPlan, share: Share, notify: (report: StageReport) => void): void {
	const trial = { ...plan.trial, share, open: Journal.open };
	const run = (
		stage: Stage,
		work: (onProgress: (done: number, result: TrialResult) => void) => TrialResult,
	): void => {
		let reached = 0;
		const result = work((done, sofar) => {
			reached = done;
			notify({ stage, isDone: false, done, result: sofar });
		});
		notify({ stage, isDone: true, done: reached, result });
	};
	run("exhaustive", (onProgress) =>
		runExhaustively(trial, plan.operations, plan.isDeep ? "every" : "once", onProgress),
	);
	run("random", (onProgress) => runRandomly({ ...trial, ...plan.random }, onProgress));
	run("worn", (onProgress) => runRandomly({ ...plan.worn, share, open: Journal.open }, onProgress));
}

if (parentPort !== null) {
	const port = parentPort;
	// Every cut is an Error: its stack is never looked at, and costs more than the cut.
	Error.stackTraceLimit = 0;
	const { plan, share } = workerData as { plan: CampaignPlan; share: Share };
	runStages(plan, share, (report) => port.postMessage(report));
}
