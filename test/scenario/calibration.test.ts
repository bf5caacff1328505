/** Calibrations of a simulated station's circuits, as a technician makes them over the line. */
import { strict as assert } from "node:assert";
import { EZO_FIRMWARE } from "../../sim/chips/ezo-firmware.js";
import { hexOf } from "../../src/core/bytes.js";
import { decodePoint, PARTS, textOfPieces } from "../../src/protocol/calibration/parts.js";
import { CHANNEL_SETS } from "../../src/protocol/record/channel-set.js";
import { DerivationContext } from "../../src/protocol/record/derive.js";
import {
	CALIBRATION_ACTS,
	type CalibrationBody,
	type CalibrationPartBody,
	type Entry,
} from "../../src/protocol/record/entry-layouts.js";
import { EVENT_CODES } from "../../src/protocol/record/events.js";
import { CHANNEL_FLAGS, type Reading, readingOf } from "../../src/protocol/record/reading.js";
import { IS_WHOLE, proof, whole } from "../support/depth.js";
import { digestOfCircuit, runCalibration } from "../support/trials/calibration-trial.js";
import { CalibrationBench, LOT } from "../support/worlds/calibration-bench.js";

type Calibration = Entry & CalibrationBody;

function readingsOf(entries: readonly Entry[]): (Reading & { readonly sequence: number })[] {
	return entries.flatMap((entry) => {
		const set = CHANNEL_SETS.get(entry.channelSet);
		if (entry.kind !== "reading" || set === undefined) return [];
		return [{ ...readingOf(set, entry.fields), sequence: entry.sequence }];
	});
}

function calibrationsOf(entries: readonly Entry[]): Calibration[] {
	return entries.filter((entry): entry is Calibration => entry.kind === "calibration");
}

function partsOf(entries: readonly Entry[], id: number, type: number): Uint8Array[] {
	return entries
		.filter((entry): entry is Entry & CalibrationPartBody => entry.kind === "calibration-part")
		.filter((part) => part.calibrationId === id && part.type === type)
		.map((part) => part.contents);
}

/** How far the last reading is from the river: pH, and parts of the conductivity. */
function errorsOf(bench: CalibrationBench): { readonly pH: number; readonly conductivity: number } {
	const last = readingsOf(bench.entries).at(-1);
	const { hardware } = bench.station;
	const ideal = new CalibrationBench();
	ideal.pass(bench.station.utcSeconds - ideal.station.utcSeconds);
	const truth = readingsOf(ideal.entries).at(-1);
	assert.ok(hardware !== undefined && last !== undefined && truth !== undefined);
	return {
		pH: ((last.pH.value ?? 0) - (truth.pH.value ?? 0)) / 1000,
		conductivity: (last.conductivity.value ?? 0) / (truth.conductivity.value ?? 1) - 1,
	};
}

/**
 * Operations from one cut to the next: sparse where it only settles, each one at the end, where the record is written. In a
 * short run every second of those.
 */
function strideAt(cutAt: number): number {
	const stride = cutAt > 857 && cutAt < 892 ? 1 : 41;
	if (IS_WHOLE) return stride;
	// And into those at the end.
	return cutAt < 858 ? Math.min(2 * stride, 858 - cutAt) : 2 * stride;
}

describe("a technician who calibrates", function () {
	this.timeout(120_000);

	it("brings a pH probe that was off by slope and offset back to the river within 0.02", () => {
		const bench = new CalibrationBench();
		bench.hands.ailments.electrode = { slopePart: 0.93, offsetMillivolts: 17 };
		bench.pass(900);
		const before = errorsOf(bench).pH;
		bench.attach();
		const committed = bench.calibratePH();
		bench.put("river");
		bench.pass(900);
		const after = errorsOf(bench).pH;
		assert.ok(Math.abs(before) > 0.3, `${before} before`);
		assert.ok(Math.abs(after) <= 0.02, `${after} after`);
		assert.equal(committed.fields.get("verdict"), "warning");
		assert.equal(committed.fields.get("doubts"), "slope-poor");
	});

	it("brings a cell that reads a tenth too little back to the river within 1 %", () => {
		const bench = new CalibrationBench();
		bench.hands.ailments.cellPart = 0.9;
		bench.pass(900);
		const before = errorsOf(bench).conductivity;
		bench.attach();
		bench.must("calibrate", { channel: "conductivity", by: "mira" });
		bench.point("air");
		bench.point("kcl-1413");
		const committed = bench.must("commit");
		bench.put("river");
		bench.pass(900);
		const after = errorsOf(bench).conductivity;
		assert.ok(before < -0.09, `${before} before`);
		assert.ok(Math.abs(after) <= 0.01, `${after} after`);
		assert.equal(committed.fields.get("verdict"), "good");
		assert.ok(
			Math.abs(Number(committed.fields.get("a")) - 1.111) < 0.003,
			committed.fields.get("a"),
		);
	});

	it("brings a thermometer back by a reference", () => {
		const bench = new CalibrationBench();
		bench.hands.ailments.celsiusOff = 0.6;
		bench.attach();
		bench.must("calibrate", { channel: "temperature", by: "mira" });
		bench.put("american-7.00", { celsius: 18 });
		bench.settle("reference", { value: "18.000" });
		bench.must("point");
		const refused = bench.request("commit");
		assert.equal(refused.code, "failed");
		assert.equal(refused.fields.get("cause"), "calibration-doubtful");
		const committed = bench.must("commit", { text: "checked twice with the reference" });
		assert.equal(committed.fields.get("verdict"), "rejected");
		assert.equal(committed.fields.get("doubts"), "correction-large");
		assert.ok(Math.abs(Number(committed.fields.get("a")) + 0.6) < 0.01, committed.fields.get("a"));
	});

	it("leaves all in the record that the calibration rests on, and readings name it", () => {
		const bench = new CalibrationBench();
		bench.hands.ailments.electrode = { slopePart: 0.96, offsetMillivolts: 14 };
		bench.attach();
		const begun = bench.must("calibrate", { channel: "pH", by: "mira" });
		const oldDigest = begun.fields.get("digest");
		for (const standard of ["american-7.00", "american-4.00", "american-10.01"]) {
			bench.point(standard, standard, { celsius: 15 });
		}
		bench.must("commit", { due: 30 });
		bench.put("river");
		bench.pass(600);
		const { entries } = bench;
		const [calibration] = calibrationsOf(entries);
		assert.ok(calibration !== undefined);
		assert.equal(CALIBRATION_ACTS[calibration.act], "calibration");
		assert.deepEqual(
			[calibration.calibrationId, calibration.previousId, calibration.verdict, calibration.rule],
			[1, 0, 1, 1],
		);
		assert.equal(calibration.points, 3);
		assert.equal(calibration.dueUtcSeconds, calibration.utcSeconds + 30 * 86_400);
		assert.equal(hexOf(calibration.exportBefore), oldDigest);
		const { ph } = bench.station.hardware.chips;
		assert.equal(hexOf(calibration.exportAfter), digestOfCircuit(ph.save().own));
		const parts = entries.filter(({ kind }) => kind === "calibration-part");
		assert.equal(parts.length, calibration.parts);
		assert.equal(parts[0]?.sequence, calibration.firstPart);
		const points = partsOf(entries, 1, PARTS.point).map(decodePoint);
		assert.deepEqual(
			points.map((point) => [point.nominal, point.nominalAtTemperature]),
			[
				[7, 7.04],
				[4, 4],
				[10.01, 10.12],
			],
		);
		for (const point of points) {
			assert.ok(Math.abs(point.celsius - 15) < 0.1, `${point.celsius} degC`);
			assert.ok(Math.abs(point.slopePerMinute) <= 0.02 && point.count >= 40);
			assert.equal(point.flags, 0);
		}
		assert.equal(
			textOfPieces(partsOf(entries, 1, PARTS.standards)),
			"american-7.00|L77|2027-05-31;american-4.00|L77|2027-05-31;american-10.01|L77|2027-05-31",
		);
		assert.equal(textOfPieces(partsOf(entries, 1, PARTS.person)), "mira");
		assert.match(
			textOfPieces(partsOf(entries, 1, PARTS.circuit)),
			/^EZO-pH 2\.16 cal 3\|3 100\.0,100\.0,0\.00$/,
		);
		assert.equal(readingsOf(entries).at(-1)?.pH.calibration, 1);
	});

	it("holds to the order that the circuits ask for", () => {
		const bench = new CalibrationBench({}, 900);
		bench.attach();
		const refused = (command: string, fields = {}): string | undefined => {
			const answer = bench.request(command, fields);
			assert.equal(answer.fields.get("cause"), "calibration-order", command);
			return answer.fields.get("text");
		};
		assert.match(refused("point") ?? "", /calibrate channel=NAME/);
		bench.must("calibrate", { channel: "pH" });
		assert.match(refused("calibrate", { channel: "pH" }) ?? "", /another calibration is open/);
		bench.put("american-4.00");
		bench.settle("american-4.00");
		assert.match(refused("point") ?? "", /middle buffer/);
		bench.must("cancel");
		bench.must("calibrate", { channel: "conductivity" });
		bench.put("kcl-1413");
		bench.settle("kcl-1413");
		assert.match(refused("point") ?? "", /dry cell/);
		bench.must("cancel");
		assert.match(refused("undo", { channel: "pH" }) ?? "", /no calibration before it is kept/);
	});

	it("is told by a circuit of the oldest firmware that it cannot be calibrated so: it exports nothing", () => {
		const bench = new CalibrationBench({ circuitFirmware: EZO_FIRMWARE["1.98"] }, 900);
		const { ph } = bench.station.hardware.chips;
		const before = JSON.stringify(ph.save().own);
		bench.attach();
		const refused = bench.request("calibrate", { channel: "pH" });
		assert.deepEqual([refused.code, refused.fields.get("cause")], ["failed", "probe-syntax"]);
		assert.equal(JSON.stringify(ph.save().own), before);
		assert.notEqual(readingsOf(bench.entries).at(-1)?.pH.value, undefined);
	});

	it("calibrates and undoes with firmware 2.10, whose answers have other forms", () => {
		const bench = new CalibrationBench({ circuitFirmware: EZO_FIRMWARE["2.10"] }, 900);
		bench.attach();
		const { ph } = bench.station.hardware.chips;
		const old = digestOfCircuit(ph.save().own);
		assert.equal(bench.calibratePH().fields.get("verdict"), "good");
		assert.notEqual(digestOfCircuit(ph.save().own), old);
		bench.must("undo", { channel: "pH" });
		assert.equal(digestOfCircuit(ph.save().own), old);
	});

	it("loses the cable at any moment: old or new, and the record says which", () => {
		const uncut = runCalibration({ seed: 7 });
		for (let pullAt = 3; pullAt <= uncut.operations; pullAt += IS_WHOLE ? 97 : 291) {
			const report = runCalibration({ seed: 7, pullAt });
			assert.deepEqual(report.violations, [], `pulled at ${pullAt}`);
			assert.ok([uncut.old, uncut.committed].includes(report.holds), `pulled at ${pullAt}`);
		}
	});

	it("pulls the cable in the middle: the old calibration is back, and nothing half was recorded", () => {
		const bench = new CalibrationBench();
		bench.attach();
		bench.must("calibrate", { channel: "pH", by: "mira" });
		const old = digestOfCircuit(bench.station.hardware.chips.ph.save().own);
		bench.point("american-7.00");
		assert.notEqual(digestOfCircuit(bench.station.hardware.chips.ph.save().own), old);
		// Over a reading that is due meanwhile.
		bench.pass(400);
		bench.detach();
		bench.put("river");
		bench.pass(900);
		assert.equal(digestOfCircuit(bench.station.hardware.chips.ph.save().own), old);
		const { entries } = bench;
		const restored = entries.filter(
			(entry) => entry.kind === "event" && entry.code === EVENT_CODES["calibration-restored"],
		);
		assert.equal(restored.length, 1);
		assert.deepEqual(calibrationsOf(entries), []);
		const withheld = readingsOf(entries).filter(({ pH }) => pH.value === undefined);
		assert.ok(withheld.length >= 1);
		for (const { pH, conductivity } of withheld) {
			assert.equal(pH.flags, CHANNEL_FLAGS.absent | CHANNEL_FLAGS.uncalibrated);
			assert.notEqual(conductivity.value, undefined);
		}
		assert.notEqual(readingsOf(entries).at(-1)?.pH.value, undefined);
	});

	it("undoes it: the export of before is imported, and the record says so", () => {
		const bench = new CalibrationBench();
		bench.hands.ailments.electrode = { slopePart: 0.96, offsetMillivolts: 14 };
		bench.attach();
		const { ph } = bench.station.hardware.chips;
		const old = digestOfCircuit(ph.save().own);
		bench.calibratePH();
		const made = digestOfCircuit(ph.save().own);
		const undone = bench.must("undo", { channel: "pH", by: "mira", text: "buffers mixed up" });
		assert.equal(undone.fields.get("digest"), old);
		assert.equal(digestOfCircuit(ph.save().own), old);
		// And back again.
		bench.must("undo", { channel: "pH" });
		assert.equal(digestOfCircuit(ph.save().own), made);
		const acts = calibrationsOf(bench.entries).map(({ act, calibrationId, previousId }) => [
			CALIBRATION_ACTS[act],
			calibrationId,
			previousId,
		]);
		assert.deepEqual(acts, [
			["calibration", 1, 0],
			["undo", 2, 1],
			["undo", 3, 2],
		]);
		assert.equal(textOfPieces(partsOf(bench.entries, 2, PARTS.note)), "buffers mixed up");
	});

	it("undoes what a circuit of any kind exported, whose strings are as many and as long as its kind's", () => {
		const bench = new CalibrationBench({ circuitFirmware: EZO_FIRMWARE["2.10"] }, 900);
		const { ph, ec, rtd } = bench.station.hardware.chips;
		// As an export gives them, whose numbers have four bytes.
		const held = () =>
			[ph, ec, rtd].map((chip) =>
				Object.values(chip.save().own).map((value) => Math.fround(value)),
			);
		const before = held();
		bench.attach();
		bench.calibratePH();
		bench.must("calibrate", { channel: "conductivity", by: "mira" });
		bench.point("air");
		bench.point("kcl-1413");
		bench.must("commit", { text: "only a trial" });
		bench.must("calibrate", { channel: "temperature", by: "mira" });
		bench.put("american-7.00", { celsius: 18 });
		bench.settle("reference", { value: "18.400" });
		bench.must("point");
		bench.must("commit", { text: "only a trial" });
		const made = held();
		for (const [index, own] of made.entries()) assert.notDeepEqual(own, before[index]);
		for (const channel of ["pH", "conductivity", "temperature"]) bench.must("undo", { channel });
		assert.deepEqual(held(), before);
		const exported: number[] = [];
		let bytes = 0;
		for (const entry of bench.entries) {
			if (entry.kind === "calibration-part" && entry.type === PARTS.exportBefore) {
				bytes += entry.contents.length;
			}
			if (entry.kind === "calibration" && CALIBRATION_ACTS[entry.act] === "calibration") {
				exported.push(bytes);
				bytes = 0;
			}
		}
		// A byte of length before each string: 4 of 23 bytes, 10 of 60, 2 of 10.
		assert.deepEqual(exported, [27, 70, 12]);
	});

	whole("is found out after calibrating with other tools, though the points are as many", () => {
		const bench = new CalibrationBench();
		const { ph } = bench.station.hardware.chips;
		bench.pass(2 * 86_400);
		const agreed = readingsOf(bench.entries).at(-1)?.sequence ?? 0;
		const { own } = ph.save();
		ph.load({ ...ph.save(), own: { ...own, midMillivolts: 9 } });
		bench.pass(86_400);
		const found = calibrationsOf(bench.entries);
		assert.equal(found.length, 1);
		const [change] = found;
		assert.ok(change !== undefined);
		assert.equal(CALIBRATION_ACTS[change.act], "found-changed");
		assert.equal(change.calibrationId, 1);
		assert.equal(hexOf(change.exportAfter), digestOfCircuit(ph.save().own));
		// Marked is all since the last look that agreed, which was before the change.
		assert.ok(change.firstPart <= agreed, `${change.firstPart} is after ${agreed}`);
		assert.ok(agreed - change.firstPart < 300);
		const named = readingsOf(bench.entries).map(({ pH, sequence }) => [sequence, pH.calibration]);
		for (const [sequence = 0, id] of named) assert.equal(id, sequence > change.sequence ? 1 : 0);
		const context = new DerivationContext();
		for (const entry of bench.entries) context.observe(entry);
		for (const entry of bench.entries) {
			if (entry.kind !== "reading") continue;
			const { pH, conductivity } = context.derive(entry) ?? assert.fail();
			const isMarked: boolean =
				entry.sequence > change.firstPart && entry.sequence < change.sequence;
			assert.deepEqual(pH.notes, isMarked ? ["calibration-changed"] : []);
			assert.equal((pH.flags & CHANNEL_FLAGS.suspect) !== 0, isMarked);
			assert.deepEqual(conductivity.notes, []);
		}
	});

	it("loses the station's settings: no id is given twice", () => {
		const bench = new CalibrationBench();
		bench.attach();
		bench.calibratePH();
		bench.put("river");
		bench.detach();
		bench.pass(900);
		bench.station.settings.erase();
		bench.station.cutPowerNow(5);
		bench.pass(900);
		const ids = calibrationsOf(bench.entries).map(({ calibrationId }) => calibrationId);
		assert.deepEqual(ids, [1, 2]);
		assert.equal(readingsOf(bench.entries).at(-1)?.pH.calibration, 2);
	});

	whole("loses power at any operation: old or new, and the record says which", () => {
		const uncut = runCalibration({ seed: 7 });
		assert.deepEqual(uncut.violations, []);
		assert.notEqual(uncut.committed, uncut.old);
		let cuts = 0;
		for (let cutAt = 1; cutAt <= uncut.operations; cutAt += strideAt(cutAt)) {
			const report = runCalibration({ seed: 7, cutAt });
			cuts++;
			assert.deepEqual(report.violations, [], `cut ${cutAt}`);
			assert.ok([uncut.old, uncut.committed].includes(report.holds), `cut ${cutAt}`);
		}
		assert.ok(cuts > (IS_WHOLE ? 40 : 20), `${cuts} cuts`);
	});

	whole("is met by a panic at any operation: old or new, and the record says which", () => {
		const uncut = runCalibration({ seed: 7 });
		for (let cutAt = 20; cutAt <= uncut.operations; cutAt += strideAt(cutAt)) {
			const report = runCalibration({ seed: 7, cutAt, isPanic: true });
			assert.deepEqual(report.violations, [], `panic ${cutAt}`);
			assert.ok([uncut.old, uncut.committed].includes(report.holds), `panic ${cutAt}`);
		}
	});

	proof("would be seen to leave half a calibration if the station forgot what it had begun", () => {
		const uncut = runCalibration({ seed: 7 });
		const forgetful = runCalibration({ seed: 7, cutAt: 700, isForgetful: true });
		assert.ok(![uncut.old, uncut.committed].includes(forgetful.holds));
	});

	it("costs less than 2 KB of flash with a whole visit", () => {
		const bench = new CalibrationBench();
		bench.pass(1200);
		const bytes = bench.rehearsal.flash.programmedBytes;
		const readings = readingsOf(bench.entries).length;
		bench.attach();
		bench.must("read");
		bench.must("log", { channel: "pH", act: "cleaning", by: "mira" });
		bench.must("read");
		bench.calibratePH();
		bench.must("calibrate", { channel: "conductivity", by: "mira" });
		bench.point("air");
		bench.point("kcl-1413");
		bench.must("commit", { due: 30 });
		for (const [channel, standard] of [
			["pH", "american-7.00"],
			["conductivity", "kcl-1413"],
		] as const) {
			bench.must("calibrate", { channel, act: "as-left", by: "mira" });
			bench.put(standard);
			bench.settle(standard, LOT);
			bench.must("point");
			bench.must("commit");
		}
		bench.must("log", {
			channel: "pH",
			act: "note",
			by: "mira",
			text: "gate repaired, next time bring a new battery",
		});
		bench.put("river");
		bench.must("read");
		bench.detach();
		bench.pass(5);
		const spent = bench.rehearsal.flash.programmedBytes - bytes;
		const due = (readingsOf(bench.entries).length - readings) * 18;
		assert.ok(spent - due < 2048, `${spent} bytes, ${due} of them readings that were due`);
	});
});
