import { strict as assert } from "node:assert";
import { integerBelow, SeededRandom } from "../../../src/core/random.js";
import { SequenceSet } from "../../../src/firmware/uplink/sequence-set.js";

describe("sequence set", () => {
	it("agrees with a set of numbers about what is missing, lowest and highest", () => {
		const start = Date.now() >>> 0;
		for (let seed = start; seed < start + 300; seed++) {
			const random = new SeededRandom(seed);
			const set = new SequenceSet();
			const numbers = new Set<number>();
			for (let step = 0; step < 20; step++) {
				const first = 1 + integerBelow(random, 60);
				const last = first - 1 + integerBelow(random, 8);
				set.add(first, last);
				for (let number = first; number <= last; number++) numbers.add(number);
				const from = 1 + integerBelow(random, 30);
				const to = from + integerBelow(random, 40);
				const missing = Array.from({ length: to - from + 1 }, (_, index) => from + index).filter(
					(number) => !numbers.has(number),
				);
				const text = `seed ${seed} step ${step}`;
				const lowest = set.lowestMissing(from, to);
				assert.equal(lowest?.first, missing[0], text);
				const highest = set.highestMissing(from, to);
				assert.equal(highest?.last, missing[missing.length - 1], text);
				for (const range of [lowest, highest]) {
					if (range === undefined) continue;
					for (let number = range.first; number <= range.last; number++) {
						assert.ok(!numbers.has(number), text);
					}
					const isOpenBelow = range.first > from && !numbers.has(range.first - 1);
					const isOpenAbove = range.last < to && !numbers.has(range.last + 1);
					assert.ok(!isOpenBelow && !isOpenAbove, `${text}: not the whole hole`);
				}
			}
		}
	});
});
