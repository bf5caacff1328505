/**
 * `npm run swarm -- --seeds N [--seed FIRST] [--days D] [--signer es256|keyed-hash] [--workers N]
 * [--disturbances NAME,...] [--eyes NAME,...]`: a long swarm; names replace what a seed draws, and what looks. At least one option must be given. Last line JSON; exit 0 only without a violation, 2 usage.
 */
import "../../sim/shell/engine.js";
import { Worker } from "node:worker_threads";
import { addDeliveries, NO_DELIVERY } from "../../sim/checkers/delivery.js";
import { UsageError } from "../support/engines/dispatch.js";
import { type Plan, planOf } from "./plan.js";
import type { SwarmResult } from "./swarm.js";

async function swarm(plan: Plan): Promise<boolean> {
	const started = performance.now();
	const name = plan.signer === "es256" ? "ES256 signatures" : "a keyed hash in place of signatures";
	console.log(
		`seeds ${plan.first} to ${plan.first + plan.seeds - 1}, ${plan.days} days each, ${name}`,
	);
	const choice =
		(plan.disturbances === undefined ? "" : ` --disturbances ${plan.disturbances.join()}`) +
		(plan.eyes === undefined ? "" : ` --eyes ${plan.eyes.join()}`);
	let next = plan.first;
	let simulatedDays = 0;
	let violations = 0;
	let outcome = NO_DELIVERY;
	const faults = new Map<string, number>();
	let done = 0;
	const take = (result: SwarmResult): void => {
		done++;
		if (done % Math.ceil(plan.seeds / 20) === 0) console.error(`${done} of ${plan.seeds} seeds`);
		simulatedDays += result.simulatedDays;
		if (result.outcome !== undefined) outcome = addDeliveries(outcome, result.outcome);
		for (const [fault, count] of result.faults) faults.set(fault, (faults.get(fault) ?? 0) + count);
		for (const violation of result.violations) {
			violations++;
			console.log(`seed ${result.seed}: ${violation}`);
			console.log(
				`  replay: npm run swarm -- --seeds 1 --seed ${result.seed} --days ${plan.days} --signer ${plan.signer}${choice}`,
			);
		}
	};
	const workers = Array.from({ length: Math.min(plan.workers, plan.seeds) }, () => {
		const worker = new Worker(new URL("./worker.js", import.meta.url));
		return new Promise<void>((resolve, reject) => {
			const send = (): void => {
				if (next >= plan.first + plan.seeds) {
					worker.terminate().then(() => resolve(), reject);
					return;
				}
				const { days, signer, disturbances, eyes } = plan;
				worker.postMessage({ seed: next++, days, signer, disturbances, eyes });
			};
			worker.on("message", (result: SwarmResult) => {
				take(result);
				send();
			});
			worker.on("error", reject);
			send();
		});
	});
	await Promise.all(workers);
	const sorted = Object.fromEntries([...faults].sort(([a], [b]) => (a < b ? -1 : 1)));
	console.log(
		JSON.stringify({
			seeds: plan.seeds,
			signer: plan.signer,
			simulatedDays: Math.round(simulatedDays),
			...outcome,
			faults: sorted,
			violations,
			seconds: Math.round((performance.now() - started) / 100) / 10,
		}),
	);
	return violations === 0;
}

try {
	process.exitCode = (await swarm(planOf(process.argv.slice(2)))) ? 0 : 1;
} catch (error) {
	if (!(error instanceof UsageError)) throw error;
	console.error(error.message);
	process.exitCode = 2;
}
