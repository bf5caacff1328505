/**
 * `npm run campaign -- repeats [--runs N] [--steps N] [--seed N] [--store pglite|postgresql]`: random histories against a
 * collector process on loopback: stations that deliver and send again, strangers who send what is public once more as it
 * is, by the other form of its signature, cut, forged or in another envelope, forks by who has a key, keys replaced and revoked,
 * a database that fails at the statement or at the commit, restarts, and minutes that pass. A model made of the documents says
 * what each answer must be, and afterwards what the tables, the metrics, the log and `verify` must say. Without --store runs
 * alternate.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seedOf } from "../../src/core/random.js";
import { postgresqlPrograms, startPostgresql } from "../support/collectors/postgresql-server.js";
import { type StoreName, storesOf } from "../support/collectors/store-option.js";
import { wholeNumber } from "../support/engines/number-options.js";
import { textOptions } from "../support/engines/text-options.js";
import { serverDatabase } from "../support/trials/repeat-collector.js";
import { repeatTrial, type TrialResult } from "../support/trials/repeat-trial.js";

const OPTIONS = ["runs", "steps", "seed", "store"] as const;
const USAGE =
	"usage: npm run campaign -- repeats [--runs N] [--steps N] [--seed N] [--store pglite|postgresql]";

export async function run(args: string[]): Promise<boolean> {
	const { runs, steps, seed, store } = textOptions(args, OPTIONS, USAGE);
	const stores = storesOf(store, ["pglite", "postgresql"]);
	const baseSeed = wholeNumber("--seed", seed ?? "1", [0, 0xffff_ffff], USAGE);
	const stepCount = wholeNumber("--steps", steps ?? "200", [1, 100_000], USAGE);
	const runCount = wholeNumber("--runs", runs ?? "4", [1, 100_000], USAGE);
	let faults = 0;
	let requests = 0;
	for (let index = 0; index < runCount; index++) {
		const name = stores[index % stores.length] ?? "pglite";
		const result = await trialOn(name, seedOf(baseSeed, `run-${index}`), stepCount);
		faults += result.faults.length;
		requests += result.requests;
		console.log(
			`run ${index + 1} on ${name}: ${result.requests} batches, ${JSON.stringify(result.counts)}`,
		);
		for (const fault of result.faults) console.log(`  ${fault}`);
	}
	console.log(JSON.stringify({ requests, faults }));
	return faults === 0;
}

async function trialOn(store: StoreName, seed: number, steps: number): Promise<TrialResult> {
	const folder = mkdtempSync(join(tmpdir(), "bistrina-repeats-"));
	const programs = postgresqlPrograms();
	const server =
		store === "postgresql" && programs !== undefined ? await startPostgresql(programs) : undefined;
	try {
		if (server === undefined) return await repeatTrial({ folder, seed, steps });
		// The server, which runs as somebody else, looks there for what makes it fail.
		chmodSync(folder, 0o755);
		const database = serverDatabase(server.connectionString, folder);
		return await repeatTrial({ folder, seed, steps, database });
	} finally {
		await server?.stop();
		rmSync(folder, { recursive: true, force: true });
	}
}
