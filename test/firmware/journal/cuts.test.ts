import { strict as assert } from "node:assert";
import { Journal } from "../../../src/firmware/journal/journal.js";
import { IS_WHOLE, whole } from "../../support/depth.js";
import { runExhaustively, runRandomly } from "../../support/trials/journal-trial.js";

const SEED = 20_260_320;
const RANDOM_CUTS = IS_WHOLE ? 600 : 200;

describe("the journal under power cuts", () => {
	const trial = {
		open: (options: Parameters<typeof Journal.open>[0]) => Journal.open(options),
		seed: SEED,
		sectors: 6,
		sectorBytes: 512,
	};

	whole(
		"keeps every returned append and acknowledgement at every cut of a short run, two deep",
		() => {
			console.log(`      seed ${SEED}`);
			const result = runExhaustively(trial, IS_WHOLE ? 12 : 8, "drawn");
			assert.deepEqual(result.violations, []);
			assert.ok(result.cuts > (IS_WHOLE ? 500 : 200), `${result.cuts} cuts`);
		},
	);

	it("keeps them through wraps and overflows at every cut, one deep", () => {
		const result = runExhaustively(
			{ ...trial, sectors: 4, sectorBytes: 256 },
			IS_WHOLE ? 100 : 30,
			"once",
		);
		assert.deepEqual(result.violations, []);
	});

	it("keeps them over many random cuts of one part's life", () => {
		const result = runRandomly({ ...trial, cuts: RANDOM_CUTS });
		assert.deepEqual(result.violations, []);
		assert.equal(result.cuts, RANDOM_CUTS);
	});

	it("keeps them when sectors are bad from the start and more fail", () => {
		const result = runRandomly({
			...trial,
			sectors: 12,
			cuts: RANDOM_CUTS / 2,
			badShare: 0.05,
			failPerCut: 0.002,
		});
		assert.deepEqual(result.violations, []);
	});
});
