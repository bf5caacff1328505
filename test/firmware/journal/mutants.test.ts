import { strict as assert } from "node:assert";
import { MUTANTS, withMutant } from "../../support/journal-mutants.js";
import { runExhaustively, runRandomly } from "../../support/journal-trial.js";
import type { OpenJournal } from "../../support/journal-witness.js";

const SEED = 11;

/** The short form of the campaign; ends at the first stage that finds something. */
function violationsOf(open: OpenJournal): string[] {
	const trial = { open, seed: SEED, sectors: 4, sectorBytes: 256 };
	const exhaustive = runExhaustively(trial, 20, "once");
	if (exhaustive.violations.length > 0) return exhaustive.violations;
	const random = runRandomly({ ...trial, cuts: 250 });
	if (random.violations.length > 0) return random.violations;
	const bad = [
		[1, "silent"],
		[3, "half-erased"],
		[5, "half-erased"],
		[6, "loud"],
	] as const;
	return runRandomly({ ...trial, sectors: 8, sectorBytes: 512, cuts: 100, bad }).violations;
}

describe("a journal that is wrong", () => {
	it("differs from the right one, which passes", async () => {
		assert.deepEqual(await withMutant([], violationsOf), []);
	});

	for (const mutant of MUTANTS) {
		it(`is found when it ${mutant.name}`, async () => {
			const violations = await withMutant(mutant.rewrites, violationsOf);
			assert.notDeepEqual(violations, [], "the short campaign did not notice");
		});
	}

	it("is found when a torn header of an earlier attempt can come back as the newest", async () => {
		// Two cuts in a row, each weak, as the campaign found them with seed 1.
		const found = (open: OpenJournal): string[] => {
			const trial = { open, seed: 1, sectors: 5, sectorBytes: 256, from: 898 };
			return runExhaustively(trial, 899, "drawn").violations;
		};
		const writer = "firmware/journal/log-writer.js";
		const text = "this.#clearAhead(hop.serial + 1);";
		assert.notDeepEqual(await withMutant([[writer, text, ""]], found), []);
		assert.deepEqual(await withMutant([], found), []);
	});
});
