/** One flag out of those of several tests: the worst that was found, and good before "nobody looked". */
import { QUALITY_FLAGS, type QualityFlag } from "./flags.js";

const { good, notEvaluated, suspect, fail, missing } = QUALITY_FLAGS;
/** The later one wins. */
const ORDER: readonly QualityFlag[] = Object.freeze([missing, notEvaluated, good, suspect, fail]);

/**
 * Rolls up the flags of one value. Undefined is a test that did not run; a number that is no flag
 * counts as missing. None at all: missing. A value that only gross range could judge is "good", so show
 * which tests ran beside it.
 */
export function rollUp(flags: readonly (number | undefined)[]): QualityFlag {
	let worst = 0;
	for (const flag of flags) {
		if (flag !== undefined) worst = Math.max(worst, ORDER.indexOf(flag as QualityFlag));
	}
	return ORDER[worst] ?? missing;
}
