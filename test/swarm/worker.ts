/** One worker of the swarm: runs the seeds that it is sent, one at a time. */
import { parentPort } from "node:worker_threads";
import { runSwarmSeed, type SwarmOptions } from "./swarm.js";

const port = parentPort;
if (port === null) throw new Error("this file runs as a worker");
port.on("message", (options: SwarmOptions) => {
	runSwarmSeed(options).then(
		(result) => port.postMessage(result),
		(error: unknown) => {
			const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
			port.postMessage({
				seed: options.seed,
				simulatedDays: 0,
				outcome: undefined,
				faults: new Map(),
				violations: [`a bug threw: ${text}`],
			});
		},
	);
});
