/**
 * `npm run campaign -- verify [--seeds N] [--from N] [--entries N]`: an attack on the verification of records. Each seed makes
 * an honest record of several keys and epochs with losses, which must be sound, and does to it each thing that
 * somebody may do who has the files and perhaps a key, which must not be, with the place named. Then one record of
 * many entries, whose verification must not need more memory the longer it is (heap after each tenth, with
 * `node --expose-gc` exactly).
 */
import { parseArgs } from "node:util";
import { type AttackOutcome, attackVerify, verifyLong } from "../support/trials/attack-verify.js";

const SHOWN = 20;
/** A window of a batch or two and what the engine leaves lying about. */
const HEAP_MEGABYTES_MAX = 30;

export async function run(args: string[]): Promise<boolean> {
	const options = optionsOf(args);
	if (options === undefined) {
		console.error("usage: verify [--seeds N] [--from N] [--entries N]");
		return false;
	}
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

function optionsOf(args: string[]) {
	try {
		const { values } = parseArgs({
			args,
			options: {
				seeds: { type: "string", default: "5000" },
				from: { type: "string", default: "1" },
				// Twelve years at five minutes.
				entries: { type: "string", default: "1261440" },
			},
		});
		const [seeds, from, entries] = [values.seeds, values.from, values.entries].map(Number);
		if (seeds === undefined || from === undefined || entries === undefined) return undefined;
		const areWhole = [seeds, from, entries].every(Number.isInteger);
		return areWhole && seeds >= 1 && entries >= 1 ? { seeds, from, entries } : undefined;
	} catch {
		// What it does not know gets the usage.
		return undefined;
	}
}
