import { strict as assert } from "node:assert";
import { UplinkSchedule } from "../../src/firmware/uplink/schedule.js";
import { IS_WHOLE, proof, sample, whole } from "../support/depth.js";
import { runUplinkWeeks } from "../support/trials/uplink-weeks.js";

const HOUR = 3_600_000;

describe("weeks of an uplink in trouble", () => {
	for (const seed of sample([1, 2, 12])) {
		whole(`keep what was promised, seed ${seed}`, async () => {
			const { violations, outages, attempts } = await runUplinkWeeks(seed, IS_WHOLE ? 7 : 4);
			assert.deepEqual(violations, []);
			assert.ok(
				outages > 0 && attempts > (IS_WHOLE ? 20 : 10),
				`${outages} outages, ${attempts} attempts`,
			);
		});
	}

	proof(
		"are judged by a model that sees a slot left out, and radio that nothing pays for",
		async () => {
			const found = Object.getOwnPropertyDescriptor(
				UplinkSchedule.prototype,
				"nextAttemptMilliseconds",
			);
			assert.ok(found?.get !== undefined);
			const honest = found.get;
			for (const [planted, complaint] of sample([
				[
					(due: number, failures: number) => (failures > 0 ? due + 30 * HOUR : due),
					/without an attempt/,
				],
				[
					(due: number, failures: number) => (failures > 0 ? due - (2 / 3) * HOUR : due),
					/of radio in/,
				],
			] as const)) {
				Object.defineProperty(UplinkSchedule.prototype, "nextAttemptMilliseconds", {
					...found,
					get(this: UplinkSchedule) {
						return planted(honest.call(this), this.failures);
					},
				});
				try {
					const { violations } = await runUplinkWeeks(12, 3);
					assert.ok(
						violations.some((text) => complaint.test(text)),
						violations.join("\n"),
					);
				} finally {
					Object.defineProperty(UplinkSchedule.prototype, "nextAttemptMilliseconds", found);
				}
			}
		},
	);
});
