/** What a technician may do at the line in the middle of a calibration, in odd orders, and whose it is in the record. */
import { strict as assert } from "node:assert";
import {
	CalibrationLog,
	type LoggedCalibration,
} from "../../src/protocol/audit/calibration-log.js";
import { CHANNEL_SETS } from "../../src/protocol/record/channel-set.js";
import { readingOf } from "../../src/protocol/record/reading.js";
import { CalibrationBench, LOT } from "../support/worlds/calibration-bench.js";

function attached(options = {}): CalibrationBench {
	const bench = new CalibrationBench(options, 900);
	bench.attach();
	return bench;
}

function logOf({ entries }: Pick<CalibrationBench, "entries">): LoggedCalibration[] {
	const log = new CalibrationLog();
	return entries.flatMap((entry) => log.observe(entry) ?? []);
}

/** pH of the last reading in the record, thousandths; undefined where it is withheld. */
function lastPH({ entries }: CalibrationBench): number | undefined {
	const last = entries.filter(({ kind }) => kind === "reading").at(-1);
	const set = CHANNEL_SETS.get(last?.channelSet ?? 0);
	assert.ok(last?.kind === "reading" && set !== undefined);
	return readingOf(set, last.fields).pH.value;
}

/** An as-found check of pH in one bottle of a lot. */
function check(bench: CalibrationBench, lot: string): void {
	bench.must("calibrate", { channel: "pH", act: "as-found", by: "mira" });
	bench.put("american-7.00");
	bench.settle("american-7.00", { lot, expiry: "2027-05-31" });
	bench.must("point");
	bench.must("commit");
}

function textOf(bench: CalibrationBench, command: string, fields = {}): string {
	const answer = bench.request(command, fields);
	assert.equal(answer.fields.get("cause"), "calibration-order", `${command}: ${answer.code}`);
	return (answer.fields.get("text") ?? "").split("_").join(" ");
}

describe("a technician in the middle of a calibration", function () {
	this.timeout(120_000);

	it("logs a note, and readings of the half calibrated circuit stay withheld", () => {
		const bench = attached();
		bench.must("calibrate", { channel: "pH", by: "mira" });
		bench.point("american-7.00");
		bench.must("log", { channel: "turbidity", act: "note", by: "ana", text: "rain begins" });
		bench.put("river");
		bench.must("read");
		assert.equal(lastPH(bench), undefined);
		// The cable is pulled: the old one is back, and the record says so.
		bench.detach();
		bench.pass(900);
		assert.notEqual(lastPH(bench), undefined);
		const restored = bench.entries.filter((entry) => entry.kind === "event" && entry.code === 80);
		assert.equal(restored.length, 1);
	});

	it("logs nothing of the channel whose calibration or check is open: ids ascend", () => {
		const bench = attached();
		for (const act of ["calibration", "as-found"]) {
			bench.must("calibrate", { channel: "pH", act, by: "mira" });
			bench.point("american-7.00");
			assert.match(textOf(bench, "log", { channel: "pH", act: "note", text: "rain" }), /is open/);
			bench.must("commit");
			bench.must("log", { channel: "pH", act: "note", text: "rain" });
		}
		const ids = logOf(bench).map(({ entry }) => entry.calibrationId);
		assert.deepEqual(ids, [1, 2, 3, 4]);
	});

	it("is refused a bottle that is none for the channel, before anything is waited for", () => {
		const bench = attached();
		const refused = (channel: string, standard: string): void => {
			bench.must("calibrate", { channel, by: "mira" });
			bench.put(standard === "air" ? "air" : standard);
			const before = bench.station.utcSeconds;
			assert.match(textOf(bench, "settle", { standard, ...LOT }), /no bottle for/);
			assert.ok(bench.station.utcSeconds - before < 30);
			bench.must("cancel");
		};
		refused("temperature", "american-7.00");
		refused("temperature", "air");
		refused("conductivity", "filtered-water");
		refused("conductivity", "zero-oxygen");
		refused("pH", "formazin-20");
		refused("pH", "air");
		refused("turbidity", "air");
	});

	it("is told of an expiry that is no date before anything is waited for", () => {
		const bench = attached();
		bench.must("calibrate", { channel: "pH", by: "mira" });
		bench.put("american-7.00");
		for (const expiry of ["2027-02-30", "2027-13-01", "99999999--", "2-0270531-", "31.05.2027"]) {
			const before = bench.station.utcSeconds;
			const output = textOf(bench, "settle", { standard: "american-7.00", lot: "A1", expiry });
			assert.match(output, /expiry is a date/, expiry);
			assert.ok(bench.station.utcSeconds - before < 30, expiry);
		}
		// The last day of February of a leap year is one.
		bench.settle("american-7.00", { lot: "A1", expiry: "2028-02-29" });
	});

	it("is given the whole time anew when it settles again after its time was over", () => {
		const bench = attached();
		bench.must("calibrate", { channel: "pH", by: "mira" });
		bench.put("american-7.00");
		const settle = { standard: "american-7.00", seconds: 20, ...LOT };
		const first = bench.must("settle", settle);
		assert.deepEqual([first.fields.get("why"), first.fields.get("settled")], ["time", "no"]);
		const second = bench.must("settle", { ...settle, seconds: 300 });
		assert.deepEqual([second.fields.get("why"), second.fields.get("settled")], ["settled", "yes"]);
		bench.must("cancel");
		bench.must("calibrate", { channel: "pH", by: "mira" });
		bench.put("river");
		bench.put("american-4.00");
		bench.must("settle", settle);
		const third = bench.must("settle", settle);
		assert.equal(third.fields.get("why"), "time");
		assert.ok(third.parts.length >= 10, `${third.parts.length} readings`);
	});

	it("takes the probe out between settling and point, and the point is refused", () => {
		const bench = attached();
		bench.must("calibrate", { channel: "conductivity", by: "mira" });
		bench.point("air");
		bench.put("kcl-1413");
		bench.settle("kcl-1413");
		bench.put("river");
		bench.pass(60);
		assert.match(textOf(bench, "point"), /settle again/);
		bench.point("kcl-1413");
		assert.equal(bench.must("commit").fields.get("verdict"), "good");
		bench.must("calibrate", { channel: "pH", by: "mira" });
		bench.put("american-7.00");
		bench.settle("american-7.00");
		bench.put("american-4.00");
		bench.pass(60);
		assert.match(textOf(bench, "point"), /settle again/);
	});
});

describe("the record of calibrations of one boot", function () {
	this.timeout(120_000);

	it("says who did each of them, when persons take turns and when nobody says who", () => {
		const bench = attached();
		const note = (by: string | undefined, text: string): void => {
			bench.must("log", {
				channel: "pH",
				act: "note",
				...(by === undefined ? {} : { by }),
				text,
			});
		};
		note("mira", "one");
		note("ana", "two");
		note("mira", "three");
		note(undefined, "four");
		note("mira", "five");
		assert.deepEqual(
			logOf(bench).map(({ person, note: text }) => `${person}: ${text}`),
			["mira: one", "ana: two", "mira: three", "unknown: four", "mira: five"],
		);
	});

	it("says from which lot each point was, when lots take turns", () => {
		const bench = attached();
		for (const lot of ["A1", "B2", "A1", "A1"]) check(bench, lot);
		assert.deepEqual(
			logOf(bench).map(({ standards }) => standards.join(" ")),
			[
				"american-7.00|A1|2027-05-31",
				"american-7.00|B2|2027-05-31",
				"american-7.00|A1|2027-05-31",
				"american-7.00|A1|2027-05-31",
			],
		);
	});

	it("keeps a lot in one piece whose label has the signs between names", () => {
		const bench = attached();
		check(bench, "C;1|x");
		assert.deepEqual(logOf(bench).at(-1)?.standards, ["american-7.00|C/1/x|2027-05-31"]);
	});

	it("says nobody's name of a change that was made with other tools", () => {
		const bench = attached();
		bench.must("log", { channel: "pH", act: "note", by: "mira", text: "one" });
		const { ph } = bench.station.hardware.chips;
		ph.load({ ...ph.save(), own: { ...ph.save().own, midMillivolts: 9 } });
		bench.must("calibrate", { channel: "pH", by: "mira" });
		const found = logOf(bench).find(({ entry }) => entry.act === 7);
		assert.equal(found?.person, "");
	});

	it("does not take the zero of turbidity for that of oxygen", () => {
		const bench = attached({ configuration: { oxygenProbe: "ezo-do" } });
		const checkIn = (channel: string, standard: string): void => {
			bench.must("calibrate", { channel, act: "as-found", by: "mira" });
			bench.put(standard);
			bench.settle(standard);
			bench.must("point");
			bench.must("commit", { text: "trial" });
		};
		checkIn("dissolvedOxygen", "zero-oxygen");
		checkIn("turbidity", "filtered-water");
		checkIn("dissolvedOxygen", "zero-oxygen");
		assert.deepEqual(
			logOf(bench).map(({ standards }) => standards.join(" ").split("|")[0]),
			["zero-oxygen", "filtered-water", "zero-oxygen"],
		);
	});

	it("lists the calibrations of fitted probes only", () => {
		const channelsOf = (options = {}): unknown[] =>
			attached(options)
				.must("calibrations")
				.parts.map((part) => part.get("channel"));
		const four = ["pH", "temperature", "conductivity", "turbidity"];
		assert.deepEqual(channelsOf(), four);
		assert.deepEqual(channelsOf({ configuration: { oxygenProbe: "ezo-do" } }), [
			...four,
			"dissolvedOxygen",
		]);
	});
});
