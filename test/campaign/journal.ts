/**
 * `npm run campaign -- journal [--operations N] [--cuts N] [--seed N] [--bad]`: cuts a run of the
 * journal at every program and erase in every way that one can tear, and in every operation of the
 * recovery that follows; then cuts at random. The last line is JSON.
 */
import { Journal } from "../../src/firmware/journal/journal.js";
import { runExhaustively, runRandomly, type TrialResult } from "../support/journal-trial.js";

const DEFAULTS = {
	/** Programs and erases of the run that is cut exhaustively. */
	operations: 20_000,
	/** Random cuts after that. */
	cuts: 1_000_000,
	seed: 1,
	depth: 2,
	/** First operation that is cut: for a replay. */
	from: 0,
	/** Part whose history the random cuts begin with: for a replay. */
	part: 0,
	/** A small ring wraps and overflows soon; the format takes any sector from 256 bytes up. */
	sectors: 5,
	"sector-bytes": 256,
};

export async function run(args: string[]): Promise<boolean> {
	const options = { ...DEFAULTS };
	for (let index = 0; index < args.length; index += 2) {
		const name = (args[index] ?? "").replace(/^--/, "");
		const value = Number(args[index + 1]);
		if (!(name in options) || !Number.isInteger(value)) {
			console.error(
				`options: ${Object.keys(DEFAULTS)
					.map((known) => `--${known} N`)
					.join(" ")}`,
			);
			return false;
		}
		options[name as keyof typeof options] = value;
	}
	const trial = {
		open: (journalOptions: Parameters<typeof Journal.open>[0]) => Journal.open(journalOptions),
		seed: options.seed,
		from: options.from,
		sectors: options.sectors,
		sectorBytes: options["sector-bytes"],
	};
	console.log(`options ${JSON.stringify(options)}`);
	// Every cut is an Error: its stack is never looked at, and costs more than the cut.
	Error.stackTraceLimit = 0;
	const started = performance.now();
	const seconds = (): number => Math.round((performance.now() - started) / 100) / 10;
	const depth = options.depth === 1 ? 1 : 2;
	const exhaustive = runExhaustively(trial, options.operations, depth, depth === 1, (done) =>
		console.error(`${done} of ${options.operations} operations, ${seconds()} s`),
	);
	report("exhaustive", exhaustive, seconds());
	let nextReport = 100_000;
	const random = runRandomly({ ...trial, cuts: options.cuts, firstPart: options.part }, (done) => {
		if (done < nextReport) return;
		console.error(`${done} of ${options.cuts} random cuts, ${seconds()} s`);
		nextReport += 100_000;
	});
	report("random", random, seconds());
	const violations = [...exhaustive.violations, ...random.violations];
	console.log(
		JSON.stringify({
			cuts: exhaustive.cuts + random.cuts,
			images: exhaustive.images + random.images,
			depth,
			violations: violations.length,
			seconds: seconds(),
			operations: options.operations,
			exhaustiveCuts: exhaustive.cuts,
			randomCuts: random.cuts,
		}),
	);
	return violations.length === 0;
}

function report(name: string, result: TrialResult, seconds: number): void {
	console.log(`${name}: ${result.cuts} cuts, ${result.images} images, ${seconds} s`);
	for (const violation of result.violations) {
		console.log(`VIOLATION ${violation}: npm run campaign -- journal with these options`);
	}
}
