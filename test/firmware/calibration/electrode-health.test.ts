/** How the station says that its pH electrode is. */
import { strict as assert } from "node:assert";
import {
	type ElectrodeFinding,
	electrodeHealth,
	findingOf,
} from "../../../src/firmware/calibration/electrode-health.js";
import { whole } from "../../support/depth.js";
import { CalibrationBench } from "../../support/worlds/calibration-bench.js";

const DAY_SECONDS = 86_400;
const BEGAN = 1_780_000_000;

/** Visits every 30 days; the acid slope falls by so much from one to the next. */
function falling(count: number, fall: number): ElectrodeFinding[] {
	return Array.from({ length: count }, (_, index) => [
		BEGAN + 30 * index * DAY_SECONDS,
		98 - fall * index,
		97,
		4,
	]);
}

describe("the station's electrode", () => {
	it("is not judged by fewer than four calibrations", () => {
		assert.deepEqual(electrodeHealth(falling(3, 1), BEGAN), {
			electrode: "unknown",
			electrodeDays: "none",
			electrodeBy: "3 calibrations are kept, four are needed",
		});
	});

	it("wants service in 15 days when its slope falls 1 % in 15 and stands at 91 %", () => {
		const now = BEGAN + 105 * DAY_SECONDS;
		const { electrode, electrodeDays, electrodeBy } = electrodeHealth(falling(4, 2), now);
		assert.deepEqual([electrode, electrodeDays], ["ill", 15]);
		assert.match(
			electrodeBy,
			/^acid-slope: 4 calibrations: -0\.467 a week .* meets 90 in 15 days$/,
		);
	});

	it("is watched while service is far, and good while nothing falls", () => {
		const far = electrodeHealth(falling(4, 0.5), BEGAN + 90 * DAY_SECONDS);
		assert.deepEqual([far.electrode, far.electrodeDays], ["watch", 390]);
		const steady = electrodeHealth(falling(4, 0), BEGAN + 90 * DAY_SECONDS);
		assert.deepEqual([steady.electrode, steady.electrodeDays], ["good", "none"]);
	});

	it("counts no slope of a side without a buffer", () => {
		const points = [{ nominalAtTemperature: 7.02 }, { nominalAtTemperature: 4 }];
		assert.deepEqual(findingOf(BEGAN, points, [96, 100, 3]), [BEGAN, 96, Number.NaN, 3]);
		const acid = falling(4, 2).map(
			([seconds, , , offset]): ElectrodeFinding => [seconds, Number.NaN, Number.NaN, offset],
		);
		assert.match(electrodeHealth(acid, BEGAN).electrodeBy, /^offset: /);
	});

	whole(
		"is told by status and self-test after the calibrations that show it, until another is put in",
		function () {
			this.timeout(120_000);
			const bench = new CalibrationBench({}, 900);
			const electrodeLine = (): ReadonlyMap<string, string> => {
				const { parts } = bench.must("status");
				const line = parts.find((part) => part.has("electrode"));
				assert.ok(line !== undefined);
				return line;
			};
			for (const slopePart of [0.99, 0.97, 0.95, 0.93]) {
				bench.hands.ailments.electrode = { slopePart, offsetMillivolts: 4 };
				bench.attach();
				bench.calibratePH();
				bench.put("river");
				if (slopePart > 0.93) bench.detach();
				if (slopePart > 0.93) bench.pass(DAY_SECONDS / 2);
			}
			assert.equal(electrodeLine().get("electrode"), "ill");
			assert.equal(electrodeLine().get("electrodeDays"), "0");
			assert.match(electrodeLine().get("electrodeBy") ?? "", /^(acid|base)-slope:/);
			const tested = bench
				.must("self-test")
				.parts.find((part) => part.get("probe") === "electrode");
			assert.equal(tested?.get("verdict"), "doubtful");
			bench.must("log", { channel: "pH", act: "swap", by: "mira", text: "new electrode" });
			assert.equal(electrodeLine().get("electrode"), "unknown");
		},
	);
});
