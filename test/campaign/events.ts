/**
 * `npm run campaign -- events [--from N] [--every N] [--cuts N] [--again N] [--seed N]`: mine water and a storm reach a
 * station, and power fails for 20 s at every operation from before the first claim to after the last, one run for each:
 * the record must bear the same claims, each once, begun, changed and ended. Then pairs of cuts at random, with power
 * gone for up to two hours: each event that was claimed begins and ends once. The last line is JSON; exit 0 only without
 * a violation.
 */
import { integerBelow, SeededRandom } from "../../src/core/random.js";
import { numberOptions } from "../support/engines/number-options.js";
import { type EventCutReport, runEventCut } from "../support/trials/event-cuts.js";

const DEFAULTS = {
	/** First operation that is cut, 0: some before the first claim; and the distance of the next. */
	from: 0,
	every: 1,
	/** Cuts at most; 0: all. */
	cuts: 0,
	/** Pairs of cuts at random after that. */
	again: 200,
	seed: 7,
};
const LEAD_OPERATIONS = 200;
const REPORT_CUTS = 250;
const OUTAGE_SECONDS_MAX = 7200;

export async function run(args: string[]): Promise<boolean> {
	const options = numberOptions(args, DEFAULTS, { every: { least: 1 } });
	console.log(`options ${JSON.stringify(options)}`);
	const { seed } = options;
	const began = Date.now();
	const uncut = runEventCut({ seed });
	const [firstClaim = 0] = uncut.operations;
	let runs = 0;
	let violations = 0;
	const judge = (what: string, { violations: found }: EventCutReport, more: string[]): void => {
		runs++;
		violations += found.length + more.length;
		for (const each of [...found, ...more]) console.log(`VIOLATION ${what}: ${each}`);
		if (runs % REPORT_CUTS === 0) console.log(`${runs} runs, ${violations} violations`);
	};
	judge("no cut", uncut, uncut.output === EXPECTED ? [] : [`claims ${uncut.output}`]);
	const from = options.from === 0 ? firstClaim - LEAD_OPERATIONS : options.from;
	const last = (uncut.operations[uncut.operations.length - 1] ?? 0) + LEAD_OPERATIONS;
	let cuts = 0;
	for (let at = from; at <= last; at += options.every) {
		if (options.cuts > 0 && cuts >= options.cuts) break;
		cuts++;
		const report = runEventCut({ seed, cuts: [at] });
		judge(`cut ${at}`, report, report.output === uncut.output ? [] : [`claims ${report.output}`]);
	}
	const random = new SeededRandom(seed);
	for (let pair = 0; pair < options.again; pair++) {
		const first = from + integerBelow(random, last - from);
		const second = 1 + integerBelow(random, 600);
		const outageSeconds = 20 + integerBelow(random, OUTAGE_SECONDS_MAX);
		judge(
			`cuts ${first} and ${second}, ${outageSeconds} s each`,
			runEventCut({ seed, cuts: [first, second], outageSeconds }),
			[],
		);
	}
	const seconds = Math.round((Date.now() - began) / 1000);
	const operations = last - from + 1;
	console.log(
		JSON.stringify({ cuts, pairs: options.again, operations, violations, seed, seconds }),
	);
	return violations === 0 && cuts > 0;
}

/** A watch, acid and its end; a storm and its end. */
const EXPECTED = "1/1 2/2 2/3 4/1 4/3";
