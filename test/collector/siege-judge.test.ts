/** How `npm run campaign -- siege` tells an attack from a machine that has other work. */
import { strict as assert } from "node:assert";
import { isTooBusy, quantile, siegeRatioOf } from "../support/judges/siege-judge.js";

describe("the judge of a siege", () => {
	/** A hundred waits: half of them short, the rest up to `longest` milliseconds. */
	const waits = (longest: number): number[] =>
		Array.from({ length: 100 }, (_, index) => (index < 50 ? 5 : (longest * (index + 1)) / 100));

	it("sees an attack that makes honest stations wait in every pair", () => {
		const pair = { quiet: waits(20), attacked: waits(80) };
		const { median, each, quietMilliseconds } = siegeRatioOf([pair, pair, pair]);
		assert.deepEqual([median, each, quietMilliseconds], [4, [4, 4, 4], 20]);
	});

	it("does not take for an attack what came over the machine once, in either slice", () => {
		const calm = { quiet: waits(20), attacked: waits(30) };
		const burst = { quiet: waits(20), attacked: waits(2000) };
		const slow = { quiet: waits(500), attacked: waits(750) };
		assert.equal(siegeRatioOf([calm, burst, slow]).median, 1.5);
		// Nor does it hide an attack.
		const hit = { quiet: waits(20), attacked: waits(80) };
		assert.equal(siegeRatioOf([hit, hit, { quiet: waits(900), attacked: waits(20) }]).median, 4);
	});

	it("calls nothing good that was not measured", () => {
		const { median } = siegeRatioOf([
			{ quiet: waits(20), attacked: waits(20) },
			{ quiet: waits(20), attacked: [] },
		]);
		assert.equal(median <= 3, false);
		assert.equal(siegeRatioOf([]).median <= 3, false);
	});

	it("judges nothing while main threads wait for a processor in a quiet slice, or others begin to work in the attacked one", () => {
		const calm = { waited: 0.04, others: 0.1, share: 0.8 };
		assert.equal(isTooBusy([calm, calm], { waited: 0.9, others: 0.1, share: 0.5 }), false);
		assert.equal(isTooBusy([calm, { waited: 0.3, others: 0.1, share: 0.4 }], calm), true);
		assert.equal(isTooBusy([calm, calm], { waited: 0.9, others: 0.5, share: 0.5 }), true);
	});

	it("counts from the shortest wait: 99 of 100 are at most the quantile", () => {
		assert.equal(quantile([3, 1, 2], 0.5), 2);
		assert.equal(quantile(waits(100), 0.99), 100);
		assert.ok(Number.isNaN(quantile([], 0.5)));
	});
});
