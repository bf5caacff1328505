/**
 * `npm run campaign -- verify [--seeds N] [--from N]`: an attack on the verification of records. Each seed makes
 * an honest record of several keys and epochs with losses, which must be sound, and does to it each thing that
 * somebody may do who has the files and perhaps a key, which must not be, with the place named.
 */
import { parseArgs } from "node:util";
import { type AttackOutcome, attackVerify } from "../support/attack-verify.js";

const SHOWN = 20;

export async function run(args: string[]): Promise<boolean> {
	const options = optionsOf(args);
	if (options === undefined) {
		console.error("usage: verify [--seeds N] [--from N]");
		return false;
	}
	const outcome: AttackOutcome = { honest: 0, tampered: new Map(), violations: [] };
	for (let index = 0; index < options.seeds; index++) attackVerify(options.from + index, outcome);
	for (const violation of outcome.violations.slice(0, SHOWN)) console.log(violation);
	const tampered = Object.fromEntries([...outcome.tampered].sort());
	const violations = outcome.violations.length;
	console.log(JSON.stringify({ ...options, honest: outcome.honest, tampered, violations }));
	return violations === 0;
}

function optionsOf(args: string[]) {
	try {
		const { values } = parseArgs({
			args,
			options: {
				seeds: { type: "string", default: "5000" },
				from: { type: "string", default: "1" },
			},
		});
		const [seeds, from] = [Number(values.seeds), Number(values.from)];
		return Number.isInteger(seeds) && seeds >= 1 && Number.isInteger(from)
			? { seeds, from }
			: undefined;
	} catch {
		// What it does not know gets the usage.
		return undefined;
	}
}
