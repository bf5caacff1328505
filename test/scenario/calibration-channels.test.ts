/** Calibrations of what not every station has in a circuit: turbidity, whose curves the station keeps, and oxygen. */
import { strict as assert } from "node:assert";
import { CHANNEL_SETS } from "../../src/protocol/record/channel-set.js";
import { DerivationContext, type DerivedReading } from "../../src/protocol/record/derive.js";
import type { CalibrationBody, Entry } from "../../src/protocol/record/entry-layouts.js";
import { readingOf } from "../../src/protocol/record/reading.js";
import { IS_WHOLE, sample } from "../support/depth.js";
import { CalibrationBench } from "../support/worlds/calibration-bench.js";

const OBS_3 = Object.freeze({
	turbidityProbe: "obs-3",
	turbidityUnit: "FNU",
	turbidityCoefficientsMicro: [-160_000, 191_247_000, 8_071_460, -640_000, 764_988_000, 32_285_840],
	turbidityCalibrationId: 1,
} as const);
const OXYGEN = Object.freeze({ oxygenProbe: "ezo-do" } as const);

type Recorded = Pick<CalibrationBench, "entries">;

/** As anyone derives it from the record. */
function derivedOf({ entries }: Recorded): (DerivedReading & { readonly sequence: number })[] {
	const context = new DerivationContext();
	for (const entry of entries) context.observe(entry);
	return entries.flatMap((entry) => {
		const derived = context.derive(entry);
		return derived === undefined ? [] : [{ ...derived, sequence: entry.sequence }];
	});
}

function lastTurbidity(bench: Recorded): { value: number; id: number; range: number } {
	const last = bench.entries.filter((entry) => entry.kind === "reading").at(-1);
	const set = CHANNEL_SETS.get(last?.channelSet ?? 0);
	assert.ok(last?.kind === "reading" && set !== undefined);
	const { calibration: id, range } = readingOf(set, last.fields).turbidity;
	return { value: derivedOf(bench).at(-1)?.turbidity.value ?? Number.NaN, id, range };
}

function curvesOf(bench: Recorded): (Entry & CalibrationBody)[] {
	return bench.entries.filter(
		(entry): entry is Entry & CalibrationBody =>
			entry.kind === "calibration" && entry.channel === 3,
	);
}

/** Water of so much turbidity around the probe. */
function into(bench: CalibrationBench, turbidityFormazinUnits: number): void {
	const { pH, temperatureCelsius } = { pH: 7.8, temperatureCelsius: 12 };
	bench.put({
		pH,
		celsius: temperatureCelsius,
		microsiemens: 400,
		turbidityFormazinUnits,
		oxygenPart: 0.9,
	});
}

function calibrateTurbidity(bench: CalibrationBench, standard = "formazin-100"): void {
	bench.must("calibrate", { channel: "turbidity", by: "mira" });
	bench.point("filtered-water");
	bench.point(standard);
	bench.must("commit", { due: 90 });
}

describe("a technician who calibrates turbidity", function () {
	this.timeout(120_000);

	it("brings optics with a film and a scratch back to the water within 3 %, and undoes it", () => {
		const bench = new CalibrationBench({}, 900);
		Object.assign(bench.hands.ailments, { film: 2.4, opticsPart: 0.88 });
		into(bench, 200);
		bench.pass(900);
		const before = lastTurbidity(bench);
		bench.attach();
		calibrateTurbidity(bench);
		into(bench, 200);
		bench.pass(900);
		const after = lastTurbidity(bench);
		assert.ok(Math.abs(before.value - 178.4) < 5, `${before.value} before`);
		assert.ok(Math.abs(after.value - 200) < 6, `${after.value} after`);
		assert.deepEqual([before.id, after.id], [0, 256]);
		const closing = curvesOf(bench).at(-1);
		assert.deepEqual([closing?.curve, closing?.range, closing?.points], [1, 0, 2]);
		bench.must("undo", { channel: "turbidity", by: "mira", text: "only a trial" });
		bench.pass(900);
		const undone = lastTurbidity(bench);
		assert.equal(undone.id, 257);
		assert.ok(Math.abs(undone.value - before.value) < 5, `${undone.value} undone`);
	});

	it("gives both ranges of an OBS-3+ their curve, each under an id of its own", () => {
		const bench = new CalibrationBench({ configuration: OBS_3 }, 900);
		bench.hands.ailments.opticsPart = 0.88;
		bench.attach();
		calibrateTurbidity(bench);
		const [high, low] = curvesOf(bench).slice(-2);
		assert.deepEqual([high?.calibrationId, high?.range, high?.parts], [257, 1, 0]);
		assert.deepEqual([low?.calibrationId, low?.range, low?.points], [256, 0, 2]);
		const gain = (low?.coefficients[1] ?? 0) / 191.247;
		assert.ok(Math.abs(gain - 1 / 0.88) < 0.02, `${gain}`);
		assert.ok(Math.abs((high?.coefficients[1] ?? 0) / 764.988 - gain) < 1e-9);
		for (const [turbidity, id] of [
			[60, 256],
			[1200, 257],
		] as const) {
			into(bench, turbidity);
			bench.pass(900);
			const { value, id: named } = lastTurbidity(bench);
			assert.equal(named, id);
			assert.ok(Math.abs(value / turbidity - 1) < 0.05, `${value} for ${turbidity}`);
		}
	});

	it("keeps what was made over a loss of power, and gives way to another curve of the configuration", () => {
		const bench = new CalibrationBench({}, 900);
		bench.attach();
		calibrateTurbidity(bench);
		bench.detach();
		into(bench, 200);
		bench.station.cutPowerAfter(1, 5);
		bench.pass(900);
		assert.equal(lastTurbidity(bench).id, 256);
		assert.ok(Math.abs(lastTurbidity(bench).value - 200) < 6);
		// The boot tells the curve anew, for the record of another epoch has none.
		const curve = curvesOf(bench).at(-1);
		assert.deepEqual([curve?.calibrationId, curve?.act], [256, 0]);
	});

	it("refuses a standard before zero, and another bottle than is told without a reason", () => {
		const bench = new CalibrationBench({}, 900);
		bench.attach();
		bench.must("calibrate", { channel: "turbidity", by: "mira" });
		bench.put("formazin-100");
		bench.settle("formazin-100");
		const refused = bench.request("point", { text: "I know" });
		assert.equal(refused.fields.get("cause"), "calibration-order");
		// River water is no zero.
		into(bench, 40);
		assert.equal(bench.settle("filtered-water").fields.get("doubts"), "not-zero");
		assert.equal(bench.request("point").fields.get("cause"), "calibration-doubtful");
		bench.point("filtered-water");
		bench.put("formazin-20");
		assert.equal(bench.settle("formazin-100").fields.get("doubts"), "wrong-bottle");
		bench.put("filtered-water");
		assert.equal(bench.settle("formazin-100").fields.get("doubts"), "stuck");
	});

	it("logs a cleaning of an OBS-3+ under an id that no reading names", () => {
		const bench = new CalibrationBench({ configuration: OBS_3 }, 900);
		into(bench, 60);
		bench.attach();
		bench.must("log", { channel: "turbidity", act: "cleaning", by: "mira" });
		bench.pass(900);
		const { value, id } = lastTurbidity(bench);
		assert.equal(id, 1);
		assert.ok(Math.abs(value - 60) < 3, `${value}`);
	});
});

describe("a technician who calibrates dissolved oxygen", function () {
	this.timeout(120_000);

	it("brings a membrane that gives 85 % of what it did back to the river within 1 %, and undoes it", () => {
		const bench = new CalibrationBench({ configuration: OXYGEN }, 900);
		const partOfTruth = (): number => {
			const ideal = new CalibrationBench({ configuration: OXYGEN }, 900);
			ideal.pass(bench.station.utcSeconds - ideal.station.utcSeconds);
			const [found, true_] = [bench, ideal].map(
				(each) => derivedOf(each).at(-1)?.dissolvedOxygen.value ?? Number.NaN,
			);
			return (found ?? 0) / (true_ ?? 1);
		};
		bench.hands.ailments.oxygenPart = 0.85;
		bench.pass(900);
		const before = partOfTruth();
		bench.attach();
		bench.must("calibrate", { channel: "dissolvedOxygen", by: "mira" });
		bench.point("moist-air");
		bench.point("zero-oxygen");
		const committed = bench.must("commit");
		assert.equal(committed.fields.get("verdict"), "warning");
		assert.equal(committed.fields.get("doubts"), "correction-poor");
		assert.ok(Math.abs(Number(committed.fields.get("a")) - 85) < 1, committed.fields.get("a"));
		bench.put("river");
		bench.pass(900);
		const after = partOfTruth();
		assert.ok(Math.abs(before - 0.85) < 0.01, `${before} before`);
		assert.ok(Math.abs(after - 1) < 0.01, `${after} after`);
		bench.must("undo", { channel: "dissolvedOxygen", by: "mira" });
		bench.pass(900);
		assert.ok(Math.abs(partOfTruth() - 0.85) < 0.01, `${partOfTruth()} undone`);
	});

	it("asks for the air first, and knows a solution that has taken up oxygen", () => {
		const bench = new CalibrationBench({ configuration: OXYGEN }, 900);
		bench.attach();
		bench.must("calibrate", { channel: "dissolvedOxygen", by: "mira" });
		bench.put("zero-oxygen");
		bench.settle("zero-oxygen");
		assert.equal(bench.request("point").fields.get("cause"), "calibration-doubtful");
		bench.point("moist-air");
		bench.put("zero-oxygen", { aged: 0.3 });
		assert.equal(bench.settle("zero-oxygen").fields.get("doubts"), "not-zero");
	});

	it("says that a station has no oxygen probe", () => {
		const bench = new CalibrationBench({}, 900);
		bench.attach();
		const refused = bench.request("calibrate", { channel: "dissolvedOxygen" });
		assert.equal(refused.fields.get("cause"), "calibration-order");
		assert.match(refused.fields.get("text") ?? "", /no_oxygen_probe|no oxygen probe/);
	});
});

describe("a turbidity calibration that is cut at any operation of its commit", function () {
	this.timeout(120_000);

	for (const reason of sample(["power-on", "software"] as const)) {
		it(`ends in the old curves or the new of both ranges, after ${reason === "software" ? "a panic" : "a loss of power"}`, () => {
			const outcomes = new Set<string>();
			// In a short run every twelfth.
			for (let cutAt = 1; cutAt < 60; cutAt += IS_WHOLE ? 1 : 12) {
				const bench = new CalibrationBench({ configuration: OBS_3 }, 900);
				bench.hands.ailments.opticsPart = 0.8;
				bench.attach();
				bench.must("calibrate", { channel: "turbidity", by: "mira" });
				bench.point("filtered-water");
				bench.point("formazin-100");
				bench.station.cutPowerAfter(cutAt, 5, reason);
				bench.request("commit", { text: "only a trial" });
				bench.detach();
				into(bench, 60);
				bench.pass(900);
				// What the ring holds: a cut may fall between an append and its return.
				const recorded = { entries: bench.recorded() };
				const { value, id } = lastTurbidity(recorded);
				const made = curvesOf(recorded).filter(({ act }) => act === 1);
				const isNew = id === 256;
				outcomes.add(isNew ? "new" : "old");
				assert.equal(id, isNew ? 256 : 1, `cut ${cutAt}`);
				assert.ok(Math.abs(value / (isNew ? 60 : 48) - 1) < 0.06, `cut ${cutAt}: ${value}`);
				// The first range's entry makes it so: the second's is there before it.
				const ids = made.map(({ calibrationId }) => calibrationId);
				assert.deepEqual(ids.slice(0, 2), isNew ? [257, 256] : ids.slice(0, 1), `cut ${cutAt}`);
			}
			assert.deepEqual([...outcomes].sort(), ["new", "old"]);
		});
	}
});
