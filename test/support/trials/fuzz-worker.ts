/** Fuzzes one parser in a thread of its own, so that whoever started it can see it hang. */
import { parentPort, workerData } from "node:worker_threads";
import { fuzz, fuzzParsers } from "./fuzz.js";

export interface FuzzOrder {
	readonly parser: string;
	readonly seed: number;
	readonly inputs: number;
	/** One 32-bit word: the input under way. */
	readonly progress: SharedArrayBuffer;
}

const { parser: name, seed, inputs, progress } = workerData as FuzzOrder;
const parser = fuzzParsers().find((each) => each.name === name);
if (parser === undefined) throw new Error(`no parser ${name}`);
const word = new Int32Array(progress);
parentPort?.postMessage(
	await fuzz(parser, seed, inputs, undefined, (input) => Atomics.store(word, 0, input)),
);
