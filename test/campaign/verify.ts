/**
 * `npm run campaign -- verify [--seeds N] [--from N] [--entries N]`: an attack on the verification of records. Each seed makes
 * an honest record of several keys and epochs with losses, which must be sound, and does to it each thing that
 * somebody may do who has the files and perhaps a key, which must not be, with the place named. Then one record of
 * many entries, whose verification must not need more memory the longer it is (heap after each tenth, with
 * `node --expose-gc` exactly).
 */
import { numberOptions } from "../support/engines/number-options.js";
import { type AttackOutcome, attackVerify, verifyLong } from "../support/trials/attack-verify.js";

/** Entries: twelve years at five minutes. */
const DEFAULTS = { seeds: 5000, from: 1, entries: 1_261_440 };
const SHOWN = 20;
/** A window of a batch or two and what the engine leaves lying about. */
const HEAP_MEGABYTES_MAX = 30;

export async function run(args: string[]): Promise<boolean> {
	const options = numberOptions(args, DEFAULTS, { seeds: { least: 1 }, entries: { least: 1 } });
	const outcome: AttackOutcome = { honest: 0, tampered: new Map(), violations: [] };
	for (let index = 0; index < options.seeds; index++) attackVerify(options.from + index, outcome);
	for (const violation of outcome.violations.slice(0, SHOWN)) console.log(violation);
	const tampered = Object.fromEntries([...outcome.tampered].sort());
	const long = verifyLong(options.entries);
	const isFlat = long.heapMegabytesGrown <= HEAP_MEGABYTES_MAX;
	const isLongGood = long.isSound && long.chained === options.entries && isFlat;
	const violations = outcome.violations.length + (isLongGood ? 0 : 1);
	console.log(JSON.stringify({ ...options, honest: outcome.honest, tampered, long, violations }));
	return violations === 0;
}
