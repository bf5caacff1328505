/** The journal's export dates entries by the one resolver. */
import { strict as assert } from "node:assert";
import { encodeEntry } from "../../src/protocol/record/entry.js";
import type { Entry } from "../../src/protocol/record/entry-layouts.js";
import { rowsOf } from "../../src/technician/entry-rows.js";

const UTC = 1_790_812_800;

function timesOf(...parts: readonly object[]): unknown[] {
	const entries = parts.map((part, index) =>
		encodeEntry({
			channelSet: 0,
			timeQuality: 1,
			epoch: 1,
			sequence: index + 1,
			boot: 1,
			utcSeconds: 0,
			configurationId: 1,
			stationFlags: 0,
			kind: "event",
			code: 1,
			detail: 0,
			text: "",
			...part,
		} as Entry),
	);
	return rowsOf(entries).map(({ utc, timeQuality, utcUncertaintySeconds }) => [
		utc,
		timeQuality,
		utcUncertaintySeconds,
	]);
}

const collector = (uptimeSeconds: number, utcSeconds: number, stepSeconds: number | undefined) => ({
	kind: "time",
	timeQuality: 2,
	uptimeSeconds,
	utcSeconds,
	atBoot: 1,
	atUptimeSeconds: uptimeSeconds,
	atUtcSeconds: utcSeconds,
	uncertaintyMilliseconds: 2300,
	stepSeconds,
	driftPartsPerBillion: undefined,
	source: 1,
});

describe("the times of an exported journal", () => {
	it("are put right where the RTC was wrong, by the step that the collector made", () => {
		const [wrong, step, right] = timesOf(
			{ uptimeSeconds: 300, utcSeconds: UTC + 300 + 94_608_000 },
			collector(7200, UTC + 7200, -94_608_000),
			{ uptimeSeconds: 10_000, utcSeconds: UTC + 10_000, timeQuality: 2 },
		);
		assert.deepEqual(wrong, ["2026-10-01T00:05:00Z", "corrected", 3.4]);
		assert.deepEqual(step, ["2026-10-01T02:00:00Z", "placed", 2.3]);
		assert.deepEqual(right, ["2026-10-01T02:46:40Z", "disciplined", 3.4]);
	});

	it("come from a later sync in the same boot where the clock knew none, with the board's clock's doubt", () => {
		const [unset] = timesOf(
			{ uptimeSeconds: 300, timeQuality: 0 },
			collector(1300, UTC + 1300, undefined),
		);
		assert.deepEqual(unset, ["2026-10-01T00:05:00Z", "placed", 55.3]);
	});

	it("claim nothing in a boot that never heard of UTC", () => {
		const [unset, shown] = timesOf(
			{ uptimeSeconds: 300, timeQuality: 0 },
			{ uptimeSeconds: 600, utcSeconds: UTC + 600 },
		);
		assert.deepEqual(unset, [undefined, "unset", undefined]);
		assert.deepEqual(shown, ["2026-10-01T00:10:00Z", "rtc", undefined]);
	});
});
