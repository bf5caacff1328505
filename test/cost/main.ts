/**
 * `npm run test:cost [-- FILES]`: runs the tests as `npm test` does and tells what each file takes of the processors, the
 * dearest first. The last line is JSON; the exit code is the tests'.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { costLines, type FileCost, sumsOf, wantedLine } from "../support/data/test-cost.js";
import { PROJECT } from "../support/sources.js";

const files = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "bistrina-cost-"));
const path = join(folder, "costs.jsonl");
try {
	const mocha = join(PROJECT, "node_modules/mocha/bin/mocha.js");
	const child = spawn(
		process.execPath,
		[
			mocha,
			...["--reporter", "dot"],
			...(files.length > 0 ? files : [join(PROJECT, "build/test/**/*.test.js")]),
		],
		{ cwd: PROJECT, stdio: "inherit", env: { ...process.env, BISTRINA_COST: path } },
	);
	const [code] = (await once(child, "exit")) as [number | null];
	const costs = readFileSync(path, "utf8")
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line) as FileCost);
	for (const line of costLines(costs)) console.log(line);
	const sums = sumsOf(costs);
	if (files.length === 0) console.log(wantedLine(sums));
	console.log(JSON.stringify(sums));
	process.exitCode = code ?? 1;
} finally {
	rmSync(folder, { recursive: true });
}
