import { strict as assert } from "node:assert";
import { type AttackOutcome, attackVerify, verifyLong } from "../support/attack-verify.js";
import { TAMPERERS } from "../support/forged-record.js";

describe("an attack on the verification of a record", () => {
	it("finds every honest record sound, and names the place in every one that was tampered with", function () {
		this.timeout(120_000);
		const outcome: AttackOutcome = { honest: 0, tampered: new Map(), violations: [] };
		for (let seed = 1; seed <= 150; seed++) attackVerify(seed, outcome);
		assert.deepEqual(outcome.violations, []);
		for (const name of Object.keys(TAMPERERS)) {
			assert.ok((outcome.tampered.get(name) ?? 0) >= 10, `${name}: ${outcome.tampered.get(name)}`);
		}
	});

	it("follows a record of any length to its end; ten years are the campaign's", () => {
		const { isSound, chained } = verifyLong(20_001);
		assert.deepEqual([isSound, chained], [true, 20_001]);
	});
});
