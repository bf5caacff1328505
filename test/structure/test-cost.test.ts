/** What tells the cost of the tests: the dearest first, foreign programs apart. */
import { strict as assert } from "node:assert";
import { runCommand } from "../support/collectors/command.js";
import {
	costLines,
	type FileCost,
	FOREIGN,
	sumsOf,
	wantedLine,
} from "../support/data/test-cost.js";
import { whole } from "../support/depth.js";
import { sources } from "../support/sources.js";

const COSTS: readonly FileCost[] = [
	{ file: "build/test/a.test.js", own: 0.25, children: 0, tests: [{ title: "a", seconds: 0.25 }] },
	{
		file: "build/test/browser/page.test.js",
		own: 1,
		children: 19.5,
		tests: [
			{ title: "b", seconds: 2 },
			{ title: "c", seconds: 3.125 },
		],
	},
	{ file: "build/test/d.test.js", own: 0.5, children: 2, tests: [] },
];

describe("the cost of the tests", () => {
	it("is told the dearest first, each file with its dear tests", () => {
		assert.deepEqual(costLines(COSTS), [
			"seconds  of programs  file",
			"  20.50        19.50  build/test/browser/page.test.js (foreign programs)",
			"                      3.13 c",
			"                      2.00 b",
			"   2.50         2.00  build/test/d.test.js",
			"   0.25         0.00  build/test/a.test.js",
		]);
	});

	it("is added up with what foreign programs take apart", () => {
		assert.deepEqual(sumsOf(COSTS), { files: 3, seconds: 2.75, foreignSeconds: 20.5 });
	});

	it("is told beside what is wanted of all of them", () => {
		assert.equal(
			wantedLine({ files: 227, seconds: 187.4, foreignSeconds: 71 }),
			"187 s without foreign programs, 125 % of the 150 s that are wanted of a quiet machine; a busy or slower one takes more",
		);
	});

	it("takes for foreign every file that starts such a program, and no other", () => {
		const found = sources("test")
			.filter(
				({ path }) => path.endsWith(".test.ts") && path !== "test/structure/test-cost.test.ts",
			)
			.filter(({ code }) =>
				/support\/browser\.js|postgresql-server\.js|pgbouncer\.js|sbin\/nginx|"caddy"|"gcc"|"cc"/.test(
					code,
				),
			)
			.map(({ path }) => `build/${path.replace(/ts$/, "js")}`);
		assert.deepEqual(found.sort(), FOREIGN);
	});

	whole("is measured file by file, with the programs that a file starts", async () => {
		const { exitCode, stdout } = await runCommand(
			"test/cost/main.js",
			"build/test/core/cbor.test.js",
			"build/test/structure/bare-realm.test.js",
		);
		assert.equal(exitCode, 0, stdout);
		const sums = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, number>;
		assert.equal(sums["files"], 2);
		assert.equal(sums["foreignSeconds"], 0);
		assert.ok((sums["seconds"] ?? 0) > 0.1, stdout);
		// That file runs its modules in a process of their own.
		const ofPrograms = /([\d.]+) +build\/test\/structure\/bare-realm/.exec(stdout)?.[1];
		assert.ok(Number(ofPrograms) > 0.05 || process.platform !== "linux", stdout);
	});
});
