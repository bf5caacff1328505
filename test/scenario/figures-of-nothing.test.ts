import { strict as assert } from "node:assert";
import { run as runWinter } from "../bench/winter.js";
import { waitViolationOf } from "../campaign/readers.js";
import { figureText, quantileOf, ratioOf, rounded } from "../support/judges/figures.js";

describe("a figure of nothing", () => {
	it("is none: neither NaN nor a good time nor a perfect share", () => {
		assert.deepEqual([quantileOf([], 0.99), ratioOf(0, 0), rounded(null, 1)], [null, null, null]);
		assert.equal(JSON.stringify({ p99: rounded(quantileOf([], 0.99), 0) }), '{"p99":null}');
		assert.equal(figureText(ratioOf(3, 0), 1), "none");
	});

	it("is told from one where there are a few", () => {
		const values = [40, 10, 30, 20];
		assert.deepEqual(
			[0, 0.5, 0.99, 1].map((part) => quantileOf(values, part)),
			[10, 30, 40, 40],
		);
		assert.deepEqual([rounded(ratioOf(2, 3), 2), figureText(12.345, 1)], [0.67, "12.3"]);
		assert.equal(rounded(Number.POSITIVE_INFINITY, 1), null);
	});

	it("is no fault of a slice that is too short for an acknowledgement, and one of a longer slice", () => {
		const violation = (seconds: number, p99: number | null) =>
			waitViolationOf({ seconds, acknowledgementP99Milliseconds: p99 });
		assert.equal(violation(0.3, null), undefined);
		assert.equal(violation(30, null), "no acknowledgement in 30 s");
		assert.equal(violation(30, 12), undefined);
		assert.equal(violation(0.3, 1001), "a station waited 1001 ms");
	});

	it("is not the result of a bench that was asked for what it has not", async () => {
		await assert.rejects(
			runWinter(["--only", "nothing"]),
			/--only nothing: no battery of .* is called so/,
		);
	});
});
