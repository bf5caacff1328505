/** What a swarm was asked for. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { UsageError } from "../support/engines/dispatch.js";
import { wholeNumber } from "../support/engines/number-options.js";
import { DISTURBANCES } from "./disturbances.js";
import { EYES } from "./eyes.js";
import type { SwarmSigner } from "./swarm.js";

const USAGE =
	"usage: npm run swarm -- --seeds N [--seed FIRST] [--days D] [--signer es256|keyed-hash] [--workers N] [--disturbances NAME,...] [--eyes NAME,...]";

export interface Plan {
	readonly seeds: number;
	readonly first: number;
	readonly days: number;
	readonly signer: SwarmSigner;
	readonly workers: number;
	readonly disturbances: readonly string[] | undefined;
	readonly eyes: readonly string[] | undefined;
}

/** What was asked for. Throws UsageError; without options, too, instead of starting a long run. */
export function planOf(argv: string[]): Plan {
	if (argv.length === 0) throw new UsageError(USAGE);
	const values = valuesOf(argv);
	const whole = (name: "seeds" | "seed" | "days" | "workers", least: number, most: number) =>
		wholeNumber(`--${name}`, values[name], [least, most], USAGE);
	const { signer } = values;
	if (signer !== "es256" && signer !== "keyed-hash") throw new UsageError(USAGE);
	const plan: Plan = {
		seeds: whole("seeds", 1, 999_999_999),
		first: whole("seed", 0, 999_999_999),
		days: whole("days", 1, 3650),
		signer,
		workers: whole("workers", 1, 256),
		disturbances: namesIn(values.disturbances),
		eyes: namesIn(values.eyes),
	};
	const isKnown = areIn(plan.disturbances, DISTURBANCES) && areIn(plan.eyes, EYES);
	if (!isKnown) throw new UsageError(USAGE);
	return plan;
}

function valuesOf(argv: string[]) {
	try {
		return parseArgs({
			args: argv,
			options: {
				seeds: { type: "string", default: "20" },
				seed: { type: "string", default: "1" },
				days: { type: "string", default: "14" },
				signer: { type: "string", default: "keyed-hash" },
				disturbances: { type: "string" },
				eyes: { type: "string" },
				workers: { type: "string", default: String(Math.min(availableParallelism(), 8)) },
			},
		}).values;
	} catch {
		throw new UsageError(USAGE);
	}
}

function namesIn(text: string | undefined): string[] | undefined {
	return text?.split(",").filter((name) => name !== "");
}

function areIn(names: readonly string[] | undefined, table: readonly { name: string }[]): boolean {
	return names?.every((name) => table.some((row) => row.name === name)) !== false;
}
