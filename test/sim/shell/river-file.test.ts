import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRiverFile } from "../../../sim/shell/river-file.js";

const HEADER = "time,ph,ec25_us_cm,turbidity_ntu,temperature_c";
const GOOD = "2026-10-01T00:00:00Z,7.1,750,-0.2,14";

describe("a recorded river's file", () => {
	let folder: string;
	let path: string;

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-river-"));
		path = join(folder, "river.csv");
	});

	afterEach(() => rmSync(folder, { recursive: true }));

	it("is read with its small negatives, and lines between its samples are straight", () => {
		writeFileSync(
			path,
			`\uFEFF${HEADER}\r\n${GOOD}\r\n2026-10-01T00:10:00Z,7.3,760,0.4,15\r\n\r\n`,
		);
		const river = readRiverFile(path);
		const start = Date.parse("2026-10-01T00:00:00Z") / 1000;
		assert.equal(river.firstUtcSeconds, start);
		assert.equal(river.lastUtcSeconds, start + 600);
		assert.equal(river.at(start).turbidityFormazinUnits, -0.2);
		assert.ok(Math.abs(river.at(start + 300).pH - 7.2) < 1e-12);
		assert.equal(river.at(start + 9999).temperatureCelsius, 15);
	});

	for (const [what, text, place] of [
		["an empty file", "", ":1:1: no readings"],
		["a header alone", `${HEADER}\n`, ":1:1: no readings"],
		["no header", `${GOOD}\n`, ':1:1: header "2026-10-01T00:00:00Z"'],
		[
			"another header",
			`time,ph,ec25,turbidity_ntu,temperature_c\n${GOOD}\n`,
			':1:3: header "ec25"',
		],
		[
			"a word for a number",
			`${HEADER}\n${GOOD}\n2026-10-01T00:05:00Z,acid,1,1,1\n`,
			':3:2: ph "acid"',
		],
		["an empty field", `${HEADER}\n2026-10-01T00:00:00Z,7.1,,1,14\n`, ':2:3: ec25_us_cm ""'],
		[
			"an impossible value",
			`${HEADER}\n2026-10-01T00:00:00Z,7.1,1,1,99\n`,
			':2:5: temperature_c "99"',
		],
		["a time without zone", `${HEADER}\n2026-10-01T00:00:00,7,1,1,1\n`, ":2:1: time"],
		["a month that is none", `${HEADER}\n2026-13-01T00:00:00Z,7,1,1,1\n`, ":2:1: time"],
		[
			"30 February",
			`${HEADER}\n2026-02-30T00:00:00Z,7,1,1,1\n`,
			':2:1: time "2026-02-30T00:00:00Z" is on no',
		],
		["29 February 2100", `${HEADER}\n2100-02-29T00:00:00Z,7,1,1,1\n`, ":2:1: time"],
		["31 April", `${HEADER}\n2026-04-31T00:00:00Z,7,1,1,1\n`, ":2:1: time"],
		["24 o'clock", `${HEADER}\n2026-04-30T24:00:00Z,7,1,1,1\n`, ":2:1: time"],
		[
			"a time before 2000",
			`${HEADER}\n1999-12-31T23:59:59Z,7,1,1,1\n`,
			':2:1: time "1999-12-31T23:59:59Z" is not within',
		],
		[
			"a time after 2099",
			`${HEADER}\n2107-01-01T00:00:00Z,7,1,1,1\n`,
			':2:1: time "2107-01-01T00:00:00Z" is not within',
		],
		["a time that stands still", `${HEADER}\n${GOOD}\n${GOOD}\n`, ":3:1: time"],
		["a column too many", `${HEADER}\n${GOOD},9\n`, ":2:6: 6 columns"],
		["a column too few", `${HEADER}\n2026-10-01T00:00:00Z,7.1\n`, ":2:2: 2 columns"],
		["an open quote", `${HEADER}\n"${GOOD}\n`, ":"],
	] as const) {
		it(`is refused with its place for ${what}`, () => {
			writeFileSync(path, text);
			assert.throws(
				() => readRiverFile(path),
				(error: Error) => {
					assert.ok(error.message.startsWith(`${path}${place}`), error.message);
					assert.equal(error.message.split("\n").length, 1);
					return error.name === "OperationalError";
				},
			);
		});
	}

	it("is read with semicolons and decimal commas", () => {
		writeFileSync(
			path,
			`\uFEFF${HEADER.replaceAll(",", ";")}\r\n2024-02-29T00:00:00Z;7,1;750;-0,2;14\r\n`,
		);
		const river = readRiverFile(path);
		const state = river.at(river.firstUtcSeconds ?? 0);
		assert.deepEqual(
			[state.pH, state.turbidityFormazinUnits, state.temperatureCelsius],
			[7.1, -0.2, 14],
		);
	});

	it("is refused when it is not there or not text", () => {
		assert.throws(() => readRiverFile(join(folder, "none.csv")), /cannot be read \(ENOENT\)/);
		writeFileSync(path, Buffer.of(0xff, 0xfe, 0x00));
		assert.throws(() => readRiverFile(path), /not UTF-8/);
	});
});
