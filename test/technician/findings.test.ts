/** What `verify` tells people of what it found: enough to act on, and no more than a screen. */

import { strict as assert } from "node:assert";
import type { Finding, FindingKind } from "../../src/protocol/audit/finding.js";
import type { Verification } from "../../src/protocol/audit/verify-chain.js";
import { showVerification } from "../../src/technician/file-commands.js";
import { captured } from "../support/captured.js";
import { englishInto } from "../support/data/english.js";

function findings(count: number, kind: FindingKind): Finding[] {
	return Array.from({ length: count }, (_, index) => ({
		kind,
		where: `line ${index + 1}`,
		text: "altered",
	}));
}

/** What is told of `found` in a record that has `good` batches with a good signature. */
function linesOf(found: readonly Finding[], good: number, unlisted = 0): string[] {
	const verification: Verification = {
		isSound: found.length === 0,
		ranges: [],
		batchCount: good,
		findings: found,
		findingCount: found.length + unlisted,
		counts: { chained: 0, signed: 0, gap: 0, missing: 0 },
	};
	const lines: string[] = [];
	captured(() =>
		showVerification(
			verification,
			"text",
			englishInto((line) => lines.push(line)),
		),
	);
	return lines;
}

describe("the findings of a verification", () => {
	it("are one line when no batch is signed by the key that was given", () => {
		assert.deepEqual(linesOf([...findings(17, "bad-signature"), ...findings(1, "file")], 0), [
			"bad-signature at 17 batches, good at none: is this the station's key?",
			"file at line 1: altered",
			"NOT sound",
		]);
	});

	it("are the first three of each kind and a count of those that follow", () => {
		assert.deepEqual(linesOf([...findings(17, "bad-signature"), ...findings(3, "row")], 1, 5), [
			"bad-signature at line 1: altered",
			"bad-signature at line 2: altered",
			"bad-signature at line 3: altered",
			"and 14 more of bad-signature",
			"row at line 1: altered",
			"row at line 2: altered",
			"row at line 3: altered",
			"and 5 findings more",
			"NOT sound",
		]);
		assert.deepEqual(linesOf([], 1), ["sound"]);
	});
});
