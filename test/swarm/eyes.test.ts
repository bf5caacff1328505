import { strict as assert } from "node:assert";
import { proof } from "../support/depth.js";
import { SWARM_MUTANTS, withSwarmMutant } from "../support/trials/swarm-mutants.js";
import { EYES } from "./eyes.js";

describe("the swarm's eyes", function () {
	this.timeout(60_000);

	for (const { name, eye, finding, disturbances, rewrites } of SWARM_MUTANTS) {
		proof(`see a station that ${name}`, async () => {
			const violations = await withSwarmMutant(rewrites, async (run) => {
				for (let seed = 1; seed <= 8; seed++) {
					const options = {
						seed,
						days: 4,
						signer: "keyed-hash",
						disturbances,
						eyes: [eye],
					} as const;
					const result = await run(options);
					const lines = result.violations.filter((each) => each.startsWith(`${finding}:`));
					if (lines.length > 0) return lines;
				}
				return [];
			});
			assert.ok(violations.length > 0, `${eye} saw nothing`);
		});
	}

	it("have a wrong station each", () => {
		const seen = new Set(SWARM_MUTANTS.map(({ eye }) => eye));
		assert.deepEqual(
			EYES.map(({ name }) => name).filter((name) => !seen.has(name)),
			[],
		);
	});
});
