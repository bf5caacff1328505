/** The detector of events on a real XS engine: the same claims as on Node. */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventReading } from "../../src/firmware/events/event-state.js";
import { IS_WHOLE, sample } from "../support/depth.js";
import { findXsWorker, XsEngine } from "../support/engines/xs-engine.js";
import { eventClaims } from "../support/engines/xs-events.js";
import { flattenModules } from "../support/engines/xs-modules.js";
import { EventRiver } from "../support/worlds/event-river.js";

const found = findXsWorker();
if ("missing" in found) console.log(`SKIPPED: the detector of events on XS: ${found.missing}`);

/** The days around the year's first inflow, a reading a minute. */
function readingsOf(seed: number): EventReading[] {
	const river = new EventRiver({ seed, world: "together", inflows: 6 });
	const at = Math.floor((river.inflows[0]?.begin ?? 0) / 60) * 60;
	const readings: EventReading[] = [];
	const take = (from: number, to: number, step: number): void => {
		for (let now = from; now < to; now += step) {
			readings.push({
				...river.sample(now),
				sequence: 2 * readings.length + 1,
				elapsedSeconds: step,
			});
		}
	};
	take(at - 86_400, at, 300);
	take(at, at + 4 * 3600, 60);
	return readings;
}

("path" in found ? describe : describe.skip)("the detector of events on XS", function () {
	this.timeout(300_000);

	it("claims byte for byte what it claims on Node", async () => {
		const folder = mkdtempSync(join(tmpdir(), "bistrina-xs-events-"));
		const xs = new XsEngine("path" in found ? found.path : "");
		try {
			await xs.importModule(flattenModules("test/support/engines/xs-events.js", folder));
			let claims = 0;
			for (const seed of sample([1, 2, 3, 4, 5, 6], 2)) {
				const readings = readingsOf(seed);
				const expected = eventClaims(readings);
				assert.equal((await xs.command(JSON.stringify(readings))).text, expected, `seed ${seed}`);
				claims += (JSON.parse(expected) as unknown[]).length;
			}
			assert.ok(claims >= (IS_WHOLE ? 12 : 4), `only ${claims} claims`);
		} finally {
			xs.close();
			rmSync(folder, { recursive: true });
		}
	});
});
