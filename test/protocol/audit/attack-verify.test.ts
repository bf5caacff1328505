import { strict as assert } from "node:assert";
import { TAMPERERS } from "../../support/data/forged-record.js";
import { IS_WHOLE, proof, sample } from "../../support/depth.js";
import {
	type AttackOutcome,
	attackVerify,
	verifyForged,
	verifyLong,
} from "../../support/trials/attack-verify.js";

const SEEDS = IS_WHOLE ? 150 : 15;

describe("an attack on the verification of a record", () => {
	it("finds every honest record sound, and names the place in every one that was tampered with", function () {
		this.timeout(120_000);
		const outcome: AttackOutcome = { honest: 0, tampered: new Map(), violations: [] };
		for (let seed = 1; seed <= SEEDS; seed++) attackVerify(seed, outcome);
		assert.deepEqual(outcome.violations, []);
		for (const name of Object.keys(TAMPERERS)) {
			assert.ok(
				(outcome.tampered.get(name) ?? 0) >= SEEDS / 15,
				`${name}: ${outcome.tampered.get(name)}`,
			);
		}
	});

	proof(
		"catches a verifier that is blind to any one kind of finding, or to what is missing",
		() => {
			for (const blind of sample([
				"gap",
				"origin",
				"key",
				"fork",
				"reordered",
				"conflict",
				"missing",
			])) {
				const outcome: AttackOutcome = { honest: 0, tampered: new Map(), violations: [] };
				for (let seed = 1; seed <= 25; seed++) {
					attackVerify(seed, outcome, (...asked) => {
						const seen = verifyForged(...asked);
						const findings = seen.findings.filter(({ kind }) => kind !== blind);
						const ranges = seen.ranges.filter(({ standing }) => standing !== blind);
						const isMissing = ranges.some(({ standing }) => standing === "missing");
						return { ...seen, findings, ranges, isSound: findings.length === 0 && !isMissing };
					});
				}
				assert.notDeepEqual(outcome.violations, [], blind);
			}
		},
	);

	it("follows a record of any length to its end; ten years are the campaign's", () => {
		const { isSound, chained } = verifyLong(20_001);
		assert.deepEqual([isSound, chained], [true, 20_001]);
	});
});
