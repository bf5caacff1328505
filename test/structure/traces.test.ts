/** Where a test failed is told by its source. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../support/sources.js";
import { stackOfSources } from "../support/traces.js";

describe("the stack of a test that failed", () => {
	it("names file and line of the source", () => {
		const source = join(PROJECT, "test/structure/traces.test.ts");
		const error = new Error("planted");
		const line =
			1 +
			readFileSync(source, "utf8").split("\n").indexOf('\t\tconst error = new Error("planted");');
		const [said, place] = stackOfSources(error.stack ?? "").split("\n");
		assert.equal(said, "Error: planted");
		assert.equal(place, `    at Context.<anonymous> (${source}:${line}:17)`);
	});

	it("keeps a place that has no map", () => {
		const stack = "Error: x\n    at f (file:///nowhere/at.js:3:4)\n    at node:internal/x:1:2";
		assert.equal(stackOfSources(stack), stack);
	});
});
