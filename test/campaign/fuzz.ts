/**
 * `npm run campaign -- fuzz [--inputs N] [--seed N] [--parser NAME]`: malformed inputs into every parser
 * that strangers feed, a million each by default. A parser gives a value that holds together or its own
 * typed refusal, within bounds of time and memory; anything else is a violation. Each runs in a
 * thread of its own, as many at once as there are processors; one that stands still is ended.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { UsageError } from "../support/engines/dispatch.js";
import { wholeNumber } from "../support/engines/number-options.js";
import { textOptions } from "../support/engines/text-options.js";
import { type FuzzOutcome, fuzzParsers } from "../support/trials/fuzz.js";
import type { FuzzOrder } from "../support/trials/fuzz-worker.js";

/** An input that takes this long on a busy machine is a hang. */
const HANG_MILLISECONDS = 60_000;
const HEAP_MEGABYTES_MAX = 256;

export async function run(args: string[]): Promise<boolean> {
	const names = fuzzParsers().map(({ name }) => name);
	const usage = `usage: npm run campaign -- fuzz [--inputs N] [--seed N] [--parser ${names.join("|")}]`;
	const options = textOptions(args, ["inputs", "seed", "parser"], usage);
	const most = 0xffff_ffff;
	const inputs = wholeNumber("--inputs", options.inputs ?? "1000000", [1, most], usage);
	const seed = wholeNumber("--seed", options.seed ?? "1", [0, most], usage);
	const wanted = names.filter((name) => name === (options.parser ?? name));
	if (wanted.length === 0) throw new UsageError(usage);
	console.log(`seed ${seed}, ${inputs} inputs for each parser`);
	const report: Record<string, Omit<FuzzOutcome, "examples">> = {};
	const queue = [...wanted];
	const work = async (): Promise<void> => {
		for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
			const { examples, ...outcome } = await inThread({
				parser: name,
				seed,
				inputs,
				progress: new SharedArrayBuffer(4),
			});
			report[name] = outcome;
			for (const example of examples) console.log(`${name}: ${example}`);
			console.log(`${name}: ${JSON.stringify(outcome)}`);
		}
	};
	await Promise.all(Array.from({ length: availableParallelism() }, work));
	let violations = 0;
	for (const outcome of Object.values(report)) violations += outcome.violations;
	console.log(JSON.stringify({ inputs, seed, violations, parsers: report }));
	return violations === 0 && Object.keys(report).length === wanted.length;
}

function inThread(order: FuzzOrder): Promise<FuzzOutcome> {
	return new Promise((resolve) => {
		const progress = new Int32Array(order.progress);
		const worker = new Worker(new URL("../support/trials/fuzz-worker.js", import.meta.url), {
			workerData: order,
			resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES_MAX },
		});
		let last = { input: -1, milliseconds: performance.now() };
		const watch = setInterval(() => {
			const input = Atomics.load(progress, 0);
			if (input !== last.input) last = { input, milliseconds: performance.now() };
			else if (performance.now() - last.milliseconds > HANG_MILLISECONDS) end("hangs");
		}, 1000);
		const settle = (outcome: FuzzOutcome): void => {
			clearInterval(watch);
			resolve(outcome);
			void worker.terminate();
		};
		const end = (what: string): void =>
			settle({
				refused: 0,
				accepted: 0,
				violations: 1,
				examples: [`seed ${order.seed} input ${Atomics.load(progress, 0)}: ${what}`],
				bytesMaxSeen: 0,
			});
		worker.once("message", settle);
		worker.once("error", (error) => end(`ended the thread: ${error.message}`));
		worker.once("exit", (code) => end(`ended the thread with ${code}`));
	});
}
