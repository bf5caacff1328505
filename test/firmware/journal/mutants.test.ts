import { strict as assert } from "node:assert";
import { proof } from "../../support/depth.js";
import { type Hardship, runHardships } from "../../support/trials/journal-hardship.js";
import { MUTANTS, type Mutant, withMutant } from "../../support/trials/journal-mutants.js";
import { runExhaustively, runRandomly } from "../../support/trials/journal-trial.js";
import type { OpenJournal } from "../../support/trials/journal-witness.js";

const SEED = 11;
const READER_OF_FORMERS = "protocol/flash/journal-image.js";

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
	proof("differs from the right one, which passes", async () => {
		assert.deepEqual(await withMutant([], violationsOf), []);
	});

	for (const mutant of MUTANTS) {
		proof(`is found when it ${mutant.name}`, async () => {
			const violations = await withMutant(mutant.rewrites, violationsOf);
			assert.notDeepEqual(violations, [], "the short campaign did not notice");
		});
	}

	const HARD: readonly (readonly [string, Hardship, Mutant["rewrites"]])[] = [
		[
			"takes the partition for the ring",
			"geometry",
			[
				["firmware/journal/ring-flash.js", "this.count = geometry.count;", ""],
				["firmware/journal/ring-flash.js", "this.#baseBytes = geometry.baseBytes;", ""],
			],
		],
		[
			"continues in its epoch under another key and forgets the former cursor",
			"key",
			[[READER_OF_FORMERS, "cursor: statedCursor,", "cursor: 0,"]],
		],
		[
			"ignores what lies torn after the last frame",
			"corruption",
			[
				[
					"firmware/journal/recovery.js",
					"Math.max(scan.tornSlots + walked.unproved,",
					"Math.max(walked.unproved,",
				],
			],
		],
	];
	for (const [name, kind, rewrites] of HARD) {
		proof(`is found under hardship when it ${name}`, async () => {
			const found = (open: OpenJournal): readonly string[] =>
				runHardships(open, SEED, 8, [kind]).violations;
			assert.deepEqual(await withMutant([], found), []);
			assert.notDeepEqual(await withMutant(rewrites, found), []);
		});
	}

	proof(
		"is found when a torn header of an earlier attempt can come back as the newest",
		async () => {
			// Two cuts in a row, each weak, as the campaign finds them with seed 2.
			const found = (open: OpenJournal): string[] => {
				const trial = { open, seed: 2, sectors: 5, sectorBytes: 256, from: 11 };
				return runExhaustively(trial, 12, "drawn").violations;
			};
			const writer = "firmware/journal/log-writer.js";
			const text = "this.#clearAhead(sectorSwitch.serial + 1);";
			assert.notDeepEqual(await withMutant([[writer, text, ""]], found), []);
			assert.deepEqual(await withMutant([], found), []);
		},
	);
});
