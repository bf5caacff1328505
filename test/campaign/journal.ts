/**
 * `npm run campaign -- journal [--operations N] [--cuts N] [--worn N] [--hard N] [--seed N] [--workers N] ...`:
 * cuts a run of the journal at every program and erase in every way that one can tear, and in every
 * operation of the recovery that follows, again in every way; then cuts at random, on good parts
 * and on parts whose sectors are bad or fail. The last line is JSON; exit 0 only without a
 * violation. A violation is told with the options that replay it.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { Journal } from "../../src/firmware/journal/journal.js";
import { numberOptions } from "../support/engines/number-options.js";
import { runHardships } from "../support/trials/journal-hardship.js";
import type { TrialResult } from "../support/trials/journal-trial.js";
import {
	type CampaignPlan,
	STAGES,
	type Stage,
	type StageReport,
} from "../support/trials/journal-worker.js";

const DEFAULTS = {
	/** Programs and erases of the run that is cut exhaustively. */
	operations: 20_000,
	/** Random cuts after that. */
	cuts: 1_000_000,
	/** Random cuts on parts with bad sectors after that. */
	worn: 100_000,
	/** Lives with changed partitions, lost keys, two wrong bits, failed reads, clusters of bad sectors. */
	hard: 400,
	seed: 1,
	/** 1: the recoveries are not cut again. */
	depth: 2,
	/** First operation that is cut: for a replay. */
	from: 0,
	/** Part whose history the random cuts begin with: for a replay. */
	part: 0,
	/** A small ring wraps and overflows soon; the format takes any sector from 256 bytes up. */
	sectors: 5,
	"sector-bytes": 256,
	/** Threads that share the work; what is cut does not depend on it. */
	workers: Math.min(availableParallelism(), 8),
};

const BOUNDS = {
	operations: { least: 1 },
	depth: { least: 1, most: 2 },
	workers: { least: 1, most: 256 },
};

/** Bad sectors need a longer ring: three bad neighbours end a part's life. */
const WORN = { sectors: 12, sectorBytes: 512, badShare: 0.05, failPerCut: 0.002 };
const REPORT_SECONDS = 60;
const NURSERY_MEGABYTES = 64;

export async function run(args: string[]): Promise<boolean> {
	const options = numberOptions(args, DEFAULTS, BOUNDS);
	console.log(`options ${JSON.stringify(options)}`);
	const { seed, from, part: firstPart } = options;
	const trial = { seed, from, sectors: options.sectors, sectorBytes: options["sector-bytes"] };
	const isDeep = options.depth !== 1;
	const results = await runInThreads(
		{
			trial,
			operations: options.operations,
			isDeep,
			random: { cuts: options.cuts, firstPart },
			worn: { ...WORN, seed, firstPart, cuts: options.worn },
		},
		options.workers,
	);
	const { exhaustive, random, worn, seconds } = results;
	const hard = runHardships((opened) => Journal.open(opened), seed, options.hard);
	console.log(
		`hard: ${hard.powerCycles} lives, ${hard.boots} boots, ${hard.entries} entries, ` +
			`${hard.unproved} numbers unproved, ${hard.violations.length} violations`,
	);
	for (const violation of hard.violations) console.log(`VIOLATION ${violation}`);
	const sum = (count: (result: TrialResult) => number): number =>
		count(exhaustive) + count(random) + count(worn);
	const violations = sum((result) => result.violations.length) + hard.violations.length;
	console.log(
		JSON.stringify({
			cuts: sum((result) => result.cuts),
			images: sum((result) => result.images),
			depth: isDeep ? 2 : 1,
			violations,
			seconds,
			operations: options.operations,
			exhaustiveCuts: exhaustive.cuts,
			randomCuts: random.cuts,
			wornCuts: worn.cuts,
			wornOutParts: worn.wornOut,
			hardLives: hard.powerCycles,
			hardEntries: hard.entries,
			unprovedNumbers: hard.unproved,
		}),
	);
	return violations === 0;
}

/** The sums over all threads, by stage. */
async function runInThreads(
	plan: CampaignPlan,
	count: number,
): Promise<Record<Stage, TrialResult> & { readonly seconds: number }> {
	const started = performance.now();
	const seconds = (): number => Math.round((performance.now() - started) / 100) / 10;
	const latest = new Map<Stage, StageReport[]>(STAGES.map((stage) => [stage, []]));
	let nextReport = REPORT_SECONDS;
	const threads = Array.from({ length: count }, (_, index) => {
		const worker = new Worker(new URL("../support/trials/journal-worker.js", import.meta.url), {
			workerData: { plan, share: { index, count } },
			// What an image needs is dead before the next: a nursery that holds many saves copying.
			resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MEGABYTES },
		});
		return new Promise<void>((resolve, reject) => {
			worker.on("message", (report: StageReport) => {
				const reports = latest.get(report.stage) ?? [];
				reports[index] = report;
				if (report.isDone && reports.filter((known) => known?.isDone).length === count) {
					print(report.stage, reports, seconds(), console.log);
				} else if (seconds() >= nextReport) {
					print(report.stage, reports, seconds(), console.error);
					nextReport = seconds() + REPORT_SECONDS;
				}
			});
			worker.on("error", reject);
			worker.on("exit", () => resolve());
		});
	});
	await Promise.all(threads);
	const sumOf = (stage: Stage): TrialResult => {
		const reports = latest.get(stage) ?? [];
		// A thread that ended early must not look like one that found nothing.
		if (reports.length !== count || reports.some((report) => report?.isDone !== true)) {
			throw new Error(`a thread did not finish the ${stage} stage`);
		}
		return sumOver(reports);
	};
	return {
		exhaustive: sumOf("exhaustive"),
		random: sumOf("random"),
		worn: sumOf("worn"),
		seconds: seconds(),
	};
}

function sumOver(reports: readonly (StageReport | undefined)[]): TrialResult {
	const sum: TrialResult = { cuts: 0, images: 0, wornOut: 0, violations: [] };
	for (const report of reports) {
		if (report === undefined) continue;
		sum.cuts += report.result.cuts;
		sum.images += report.result.images;
		sum.wornOut += report.result.wornOut;
		sum.violations.push(...report.result.violations);
	}
	return sum;
}

function print(
	stage: Stage,
	reports: readonly (StageReport | undefined)[],
	seconds: number,
	printLine: (line: string) => void,
): void {
	const { cuts, images, violations } = sumOver(reports);
	const operations = reports.reduce((sum, report) => sum + (report?.done ?? 0), 0);
	const size = stage === "exhaustive" ? `${operations} operations, ` : "";
	printLine(
		`${stage}: ${size}${cuts} cuts, ${images} images, ${violations.length} violations, ${seconds} s`,
	);
	for (const violation of violations) printLine(`VIOLATION ${violation}`);
}
