/** What two visits in a station's own record say of the weeks between them: fouling and drift, apart. */
import { strict as assert } from "node:assert";
import { CalibrationLog } from "../../src/protocol/audit/calibration-log.js";
import { parseProposal } from "../../src/protocol/audit/documents.js";
import { proposedCorrections } from "../../src/protocol/audit/proposal.js";
import { RecordedVisits } from "../../src/protocol/audit/recorded-visits.js";
import { DerivationContext } from "../../src/protocol/record/derive.js";
import type { Entry } from "../../src/protocol/record/entry-layouts.js";
import { whole } from "../support/depth.js";
import { CalibrationBench } from "../support/worlds/calibration-bench.js";

const DAY_SECONDS = 86_400;

function visitsOf(entries: readonly Entry[]): RecordedVisits {
	const [context, log, visits] = [
		new DerivationContext(),
		new CalibrationLog(),
		new RecordedVisits(),
	];
	for (const entry of entries) context.observe(entry);
	for (const entry of entries) {
		const derived = context.derive(entry);
		if (derived !== undefined) visits.read(entry, derived);
		const logged = log.observe(entry);
		if (logged !== undefined) visits.observe(logged);
	}
	return visits;
}

/** As found, cleaned, as found again, calibrated, as left. */
function visit(bench: CalibrationBench, clean: () => void): void {
	bench.attach();
	bench.must("read");
	clean();
	bench.must("log", { channel: "turbidity", act: "cleaning", by: "mira" });
	bench.pass(60);
	bench.must("read");
	bench.calibratePH();
	bench.must("calibrate", { channel: "conductivity", by: "mira" });
	bench.point("air");
	bench.point("kcl-1413");
	bench.must("commit");
	bench.put("river");
	bench.pass(60);
	bench.must("read");
	bench.detach();
}

describe("visits in a station's record", function () {
	this.timeout(120_000);

	whole("tell fouling from drift, and propose what the method of the USGS asks for", () => {
		const bench = new CalibrationBench();
		const { ailments } = bench.hands;
		ailments.electrode = { slopePart: 0.98, offsetMillivolts: 4 };
		visit(bench, () => {});
		bench.pass(3 * DAY_SECONDS);
		// Three weeks in three days: the electrode ages, a film grows on all of them.
		ailments.electrode = { slopePart: 0.95, offsetMillivolts: 16 };
		Object.assign(ailments, { cellPart: 0.9, film: 3 });
		bench.pass(900);
		visit(bench, () => Object.assign(ailments, { cellPart: 0.96, film: 0 }));
		const visits = visitsOf(bench.entries).visits();
		assert.equal(visits.length, 2);
		const second = visits[1];
		assert.ok(second !== undefined);
		const [ph, , ec25, turbidity] = ["ph", "temperature", "ec25", "turbidity"].map((name) =>
			second.checks.find(({ channel }) => channel === name),
		);
		// 12 mV at 58 mV a pH: the calibration before reads 0.2 too little, at 4 less so, at 10 more.
		const errors = (ph?.drift ?? []).map(({ standard, reading }) => standard - reading);
		assert.equal(errors.length, 3);
		const near = (found: number | undefined, wanted: number, by: number): void =>
			assert.ok(Math.abs((found ?? Number.NaN) - wanted) <= by, `${found} for ${wanted}`);
		near(errors[0], 0.21, 0.01);
		near(errors[1], 0.113, 0.02);
		near(errors[2], 0.303, 0.02);
		const [fouled, cleaned] = [
			ec25?.fouling?.stationFouled ?? 0,
			ec25?.fouling?.stationCleaned ?? 1,
		];
		near(fouled / cleaned, 0.9 / 0.96, 0.005);
		const [standard] = ec25?.drift ?? [];
		near((standard?.reading ?? 0) / (standard?.standard ?? 1), 0.96, 0.005);
		near(
			(turbidity?.fouling?.stationFouled ?? 0) - (turbidity?.fouling?.stationCleaned ?? 0),
			3,
			0.5,
		);
		const proposed = proposedCorrections(visits);
		assert.deepEqual(
			proposed.map(({ channel, decision }) => [channel, decision]),
			[
				["ph", "apply"],
				["temperature", "leave"],
				["ec25", "apply"],
				["turbidity", "apply"],
			],
		);
		// From as left to as found: not over the hour in bottles.
		const [first] = visits;
		assert.equal(
			proposed[0]?.from,
			new Date((first?.endSeconds ?? 0) * 1000).toISOString().replace(".000", ""),
		);
		const document = {
			document: "bistrina-correction-proposal",
			schema: 1,
			station: "bor-1",
			version: 1,
		};
		const parsed = parseProposal(
			JSON.stringify({ ...document, corrections: proposed }),
			"0".repeat(64),
		);
		assert.ok("document" in parsed, JSON.stringify(parsed));
	});
});
