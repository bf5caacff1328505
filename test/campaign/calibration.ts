/**
 * `npm run campaign -- calibration [--from N] [--every N] [--cuts N] [--again N] [--pull N] [--panic N] [--seed N]`: plays a three-point
 * calibration of the pH circuit and its undo, and lets power fail at every operation of both, one run for each; then at
 * random places with a second loss in the boot that follows; pulls the cable; and cuts again with a circuit that takes each
 * string of an import as it comes. Every operation is met by a panic of the program, too, which restarts the chip with its
 * memory, and the pairs by two. The circuit must end in the old or the new calibration,
 * the record must say which, and no reading may name another one unless an entry marks it. The last line is JSON; exit 0
 * only without a violation.
 */

import { EZO_FIRMWARE } from "../../sim/chips/ezo-firmware.js";
import { integerBelow, SeededRandom } from "../../src/core/random.js";
import { numberOptions } from "../support/engines/number-options.js";
import { runCalibration, type TrialReport } from "../support/trials/calibration-trial.js";

const DEFAULTS = {
	/** First operation that is cut, and the distance of the next. */
	from: 1,
	every: 1,
	/** Cuts at most; 0: all. */
	cuts: 0,
	/** Pairs of cuts at random after that. */
	again: 200,
	/** Cables pulled, as many places as this apart; 0: none. */
	pull: 5,
	/** Panics, at operations as many apart; 0: none. */
	panic: 1,
	seed: 7,
};
const REPORT_CUTS = 100;

export async function run(args: string[]): Promise<boolean> {
	const options = numberOptions(args, DEFAULTS, { every: { least: 1 } });
	console.log(`options ${JSON.stringify(options)}`);
	const { seed } = options;
	const began = Date.now();
	const uncut = runCalibration({ seed });
	const outcomes = { old: 0, committed: 0, restored: 0 };
	let cuts = 0;
	/** Of the cuts. */
	let panics = 0;
	let violations = uncut.violations.length;
	const judge = (what: string, report: TrialReport, count: number): void => {
		cuts += count;
		const isOld = report.holds === uncut.old;
		const isCommitted = report.holds === uncut.committed;
		const found = [...report.violations];
		if (!isOld && !isCommitted) {
			found.push(`the circuit holds ${report.holds}: neither old nor new`);
		}
		if (isOld) outcomes.old++;
		if (isCommitted) outcomes.committed++;
		if (report.wasRestored) outcomes.restored++;
		violations += found.length;
		for (const each of found) console.log(`VIOLATION ${what}: ${each}`);
		if (cuts % REPORT_CUTS === 0) console.log(`${cuts} cuts, ${violations} violations`);
	};
	const cut = (cutAt: number, againAt?: number, isPanic = false): void => {
		const again = againAt === undefined ? {} : { againAt };
		const what = `${isPanic ? "panic" : "cut"} ${cutAt}${againAt === undefined ? "" : ` and ${againAt}`}`;
		const count = againAt === undefined ? 1 : 2;
		if (isPanic) panics += count;
		judge(what, runCalibration({ seed, cutAt, isPanic, ...again }), count);
	};
	const { operations } = uncut;
	for (let at = options.from; at <= operations; at += options.every) {
		if (options.cuts > 0 && cuts >= options.cuts) break;
		cut(at);
	}
	for (let at = options.from; options.panic > 0 && at <= operations; at += options.panic) {
		if (options.cuts > 0 && panics >= options.cuts) break;
		cut(at, undefined, true);
	}
	const importing = { ...EZO_FIRMWARE["2.16"], importTakes: "each string" as const };
	for (let pullAt = 1; options.pull > 0 && pullAt <= operations; pullAt += options.pull) {
		judge(`pull ${pullAt}`, runCalibration({ seed, pullAt }), 1);
		// The undo imports for the longest, and so does what takes it back.
		judge(
			`cut ${pullAt} of a circuit that takes each string as it comes`,
			runCalibration({ seed, cutAt: pullAt, circuitFirmware: importing }),
			1,
		);
	}
	const random = new SeededRandom(seed);
	for (let pair = 0; pair < options.again; pair++) {
		const at = 1 + integerBelow(random, operations);
		const again = 1 + integerBelow(random, 150);
		cut(at, again);
		if (options.panic > 0) cut(at, again, true);
	}
	const seconds = Math.round((Date.now() - began) / 1000);
	console.log(JSON.stringify({ cuts, panics, violations, operations, ...outcomes, seed, seconds }));
	return violations === 0 && cuts > 0;
}
