/**
 * `npm run bench -- qartod FILE`: vectors of the field's reference implementation, refusals included. The
 * last line is JSON; exit 0 only where none differs.
 */
import { readFileSync } from "node:fs";
import { expectedOf, outcomeOf, type QartodVector } from "../support/data/qartod-vectors.js";

export async function run(args: string[]): Promise<boolean> {
	const [file] = args;
	if (file === undefined) {
		console.error("usage: npm run bench -- qartod FILE");
		return false;
	}
	const { vectors } = JSON.parse(readFileSync(file, "utf8")) as {
		readonly vectors: readonly QartodVector[];
	};
	let differing = 0;
	for (const vector of vectors) {
		const [ours, theirs] = [outcomeOf(vector), expectedOf(vector)];
		if (ours === theirs) continue;
		differing++;
		console.log(`${vector.id}: ${ours}, reference ${theirs}`);
	}
	console.log(JSON.stringify({ vectors: vectors.length, differing }));
	return differing === 0 && vectors.length > 0;
}
