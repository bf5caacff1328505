import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { restore, stub } from "sinon";
import type { River } from "../../../sim/river/river.js";
import { RecordedTimes } from "../../../sim/shell/recorded-times.js";
import { AS_WRITTEN, type RiverFileOptions } from "../../../sim/shell/river-columns.js";
import { readRiverFile } from "../../../sim/shell/river-file.js";
import { IS_WHOLE, whole } from "../../support/depth.js";

const HEADER = "time,ph,ec25_us_cm,turbidity_ntu,temperature_c";
const GOOD = "2026-10-01T00:00:00Z,7.1,750,-0.2,14";

describe("a recorded river's file", () => {
	let folder: string;
	let path: string;

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-river-"));
		path = join(folder, "river.csv");
	});

	afterEach(() => {
		restore();
		rmSync(folder, { recursive: true });
	});

	it("is read with its small negatives, and lines between its samples are straight", async () => {
		writeFileSync(
			path,
			`\uFEFF${HEADER}\r\n${GOOD}\r\n2026-10-01T00:10:00Z,7.3,760,0.4,15\r\n\r\n`,
		);
		const river = await readRiverFile(path);
		const start = Date.parse("2026-10-01T00:00:00Z") / 1000;
		assert.equal(river.firstUtcSeconds, start);
		assert.equal(river.lastUtcSeconds, start + 600);
		assert.equal(river.at(start).turbidityFormazinUnits, -0.2);
		assert.ok(Math.abs(river.at(start + 300).pH - 7.2) < 1e-12);
		assert.equal(river.at(start + 9999).temperatureCelsius, 15);
	});

	for (const [what, text, column] of [
		["an empty file", "", ":1:1: no readings"],
		["a header alone", `${HEADER}\n`, ":1:1: no readings"],
		[
			"no header",
			`${GOOD}\n`,
			':1:1: no column time, ph, ec25_us_cm, turbidity_ntu, temperature_c; the file has "2026',
		],
		[
			"another header",
			`time,ph,ec25,turbidity_ntu,temperature_c\n${GOOD}\n`,
			':1:1: no column ec25_us_cm; the file has "time", "ph", "ec25", "turbidity_ntu", "temperature_c"; say',
		],
		[
			"a word for a number",
			`${HEADER}\n${GOOD}\n2026-10-01T00:05:00Z,acid,1,1,1\n`,
			':3:2: ph "acid"',
		],
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
		["two columns of one name", `${HEADER},ph\n${GOOD},7\n`, ':1:2: two columns are called "ph"'],
		["a time with slashes", `${HEADER}\n01/10/2026 12:00,7,1,1,1\n`, ":2:1: time"],
		[
			"a time with an offset of no zone",
			`${HEADER}\n2026-10-01T00:00:00+15:00,7,1,1,1\n`,
			":2:1: time",
		],
		[
			"a time before the last",
			`${HEADER}\n2026-10-01T00:05:00Z,7,1,1,1\n${GOOD}\n`,
			':3:1: time "2026-10-01T00:00:00Z" is earlier than line 2\'s; --river-sort',
		],
		[
			"an infinite value",
			`${HEADER}\n2026-10-01T00:00:00Z,Infinity,1,1,1\n`,
			':2:2: ph "Infinity"',
		],
		["escapes", `${HEADER}\n2026-10-01T00:00:00Z,\u001b[2J,1,1,1\n`, ':2:2: ph "\\x1b[2J"'],
		["a column too many", `${HEADER}\n${GOOD},9\n`, ":2:6: 6 columns"],
		["a column too few", `${HEADER}\n2026-10-01T00:00:00Z,7.1\n`, ":2:2: 2 columns"],
		["an open quote", `${HEADER}\n"${GOOD}\n`, ":2:1: the quote"],
	] as const) {
		it(`is refused with its place for ${what}`, async () => {
			writeFileSync(path, text);
			await assert.rejects(readRiverFile(path), (error: Error) => {
				assert.ok(error.message.startsWith(`${path}${column}`), error.message);
				assert.equal(error.message.split("\n").length, 1);
				return error.name === "OperationalError";
			});
		});
	}

	it("is read with semicolons and decimal commas", async () => {
		writeFileSync(
			path,
			`\uFEFF${HEADER.replaceAll(",", ";")}\r\n2024-02-29T00:00:00Z;7,1;750;-0,2;14\r\n`,
		);
		const river = await readRiverFile(path);
		const state = river.at(river.firstUtcSeconds ?? 0);
		assert.deepEqual(
			[state.pH, state.turbidityFormazinUnits, state.temperatureCelsius],
			[7.1, -0.2, 14],
		);
	});

	it("is refused when it is not there or not text", async () => {
		await assert.rejects(readRiverFile(join(folder, "none.csv")), /cannot be read \(ENOENT\)/);
		await assert.rejects(readRiverFile(folder), /cannot be read \(EISDIR\)/);
		writeFileSync(path, Buffer.of(0xff, 0xfe, 0x00));
		await assert.rejects(readRiverFile(path), /not UTF-8/);
	});

	/** Reads `lines` under a header; what was said on the way, with the path left out. */
	async function read(
		lines: readonly string[],
		options: Partial<RiverFileOptions> = {},
	): Promise<{ river: River; printed: string[] }> {
		writeFileSync(path, `${lines.join("\n")}\n`);
		const printed: string[] = [];
		const river = await readRiverFile(path, { ...AS_WRITTEN, ...options }, (line) =>
			printed.push(line.replaceAll(path, "f")),
		);
		return { river, printed };
	}

	const utc = (text: string): number => Date.parse(text) / 1000;

	it("is read in another order of columns, with other names, extra columns and one that it has not", async () => {
		const { river, printed } = await read(
			["depth_m,Temp,PH,Zeit,LF25", "0.4,14,7.1,2026-10-01T00:00:00Z,750"],
			{ columns: { time: "zeit", temperature_c: "temp", ec25_us_cm: "LF25", turbidity_ntu: "" } },
		);
		const at = utc("2026-10-01T00:00:00Z");
		const { pH, conductivityAt25MicrosiemensPerCm, temperatureCelsius } = river.at(at);
		assert.deepEqual([pH, conductivityAt25MicrosiemensPerCm, temperatureCelsius], [7.1, 750, 14]);
		assert.deepEqual(river.unknownAt?.(at), ["turbidityFormazinUnits"]);
		assert.deepEqual(printed, [
			"f: not used: depth_m",
			"f: turbidity_ntu: no value in 1 of 1 rows; its probe is silent there",
		]);
	});

	it("has no value where a cell is empty, and its neighbours count for half a step around them", async () => {
		const rows = ["00,7.0", "10,7.2", "20,", "30,NaN", "40,7.8", "50,8.0"].map((row) => {
			const [minute, pH] = row.split(",");
			return `2026-10-01T00:${minute}:00Z,${pH},750,1,14`;
		});
		const { river, printed } = await read([HEADER, ...rows]);
		const start = utc("2026-10-01T00:00:00Z");
		const known = [0, 5, 10, 14, 16, 20, 25, 30, 34, 36, 40, 45].filter(
			(minutes) => river.unknownAt?.(start + minutes * 60).length === 0,
		);
		assert.deepEqual(known, [0, 5, 10, 14, 36, 40, 45]);
		assert.ok(Math.abs(river.at(start + 300).pH - 7.1) < 1e-12);
		assert.equal(river.at(start + 14 * 60).pH, 7.2);
		assert.deepEqual(river.unknownAt?.(start + 1200), ["pH"]);
		assert.deepEqual(printed, ["f: ph: no value in 2 of 6 rows; its probe is silent there"]);
	});

	it("plays a hole of 31 days as a hole, and says so", async () => {
		const rows = ["10-01T00:00", "10-01T00:10", "10-01T00:20", "11-01T00:00", "11-01T00:10"].map(
			(time) => `2026-${time}:00Z,7,750,1,14`,
		);
		const { river, printed } = await read([HEADER, ...rows]);
		assert.deepEqual(printed, [
			"f: nothing from 2026-10-01 00:20:00 UTC to 2026-11-01 00:00:00 UTC; every probe is silent there",
		]);
		assert.equal(river.unknownAt?.(utc("2026-10-16T00:00:00Z")).length, 4);
		assert.equal(river.unknownAt?.(utc("2026-11-01T00:05:00Z")).length, 0);
	});

	it("names holes up to ten", async () => {
		const rows = Array.from({ length: 60 }, (_, row) => {
			const seconds = utc("2026-10-01T00:00:00Z") + row * 600 + Math.floor(row / 4) * 86_400;
			return `${new Date(seconds * 1000).toISOString()},7,750,1,14`;
		});
		const { printed } = await read([HEADER, ...rows]);
		assert.equal(printed.length, 11);
		assert.equal(printed[10], "f: and 4 holes more");
	});

	it("is told of ten faults at once, wherever they are, and of how many more there are", async () => {
		const rows = Array.from({ length: 14 }, (_, row) => `2026-10-01T00:${10 + row}:00Z,15,x,1,14`);
		await assert.rejects(read([HEADER, ...rows]), (error: Error) => {
			const lines = error.message.split("\n");
			assert.equal(lines.length, 11);
			assert.equal(
				lines[0],
				`${path}:2:2: ph "15" is not a number from 0 to 14; leave a field empty where there is no value`,
			);
			assert.match(lines[9] ?? "", /:6:3: ec25_us_cm "x" is not a number from 0 to 500000; leave/);
			assert.equal(lines[10], "and 18 faults more");
			return true;
		});
	});

	it("is put in order only on request, and then the first row of a time counts", async () => {
		const rows = ["00:10,7.2", "00:00,7.0", "00:10,9.9", "00:20,7.4"].map((row) => {
			const [time, pH] = row.split(",");
			return `2026-10-01T${time}:00Z,${pH},750,1,14`;
		});
		await assert.rejects(
			read([HEADER, ...rows]),
			/:3:1: time "2026-10-01T00:00:00Z" is earlier than line 2's; --river-sort puts rows in order/,
		);
		const { river, printed } = await read([HEADER, ...rows], { isSorted: true });
		const start = utc("2026-10-01T00:00:00Z");
		assert.deepEqual(
			[0, 600, 1200].map((seconds) => river.at(start + seconds).pH),
			[7, 7.2, 7.4],
		);
		assert.deepEqual(printed, ["f: 2 rows put in order, 1 left out for one of the same time"]);
	});

	it(`is read ${IS_WHOLE ? "a hundred" : "ten"} thousand rows long, forty bytes for each`, async () => {
		const rows: string[] = [HEADER];
		const [count, last] = IS_WHOLE
			? [100_000, "2002-11-07T15:45:00Z"]
			: [10_000, "2000-04-14T03:45:00Z"];
		for (let row = 0; row < count; row++) {
			const minutes = row * 15;
			const time = new Date(Date.UTC(2000, 0, 1) + minutes * 60_000).toISOString().slice(0, 16);
			rows.push(`${time.replace("T", " ")},7,${700 + (row % 50)},1,14`);
		}
		const { river } = await read(rows, { zone: "UTC" });
		assert.equal(river.at(utc(last)).conductivityAt25MicrosiemensPerCm, 749);
		assert.equal(river.lastUtcSeconds, utc(last));
	});

	whole(
		"is read a million rows long with progress, and told of each fault at its end",
		async () => {
			const time = (row: number): string =>
				new Date(Date.UTC(2026, 0, 1) + row * 60_000).toISOString().slice(0, 19);
			const faults: readonly (readonly [row: (time: string) => string, said: string])[] = [
				[() => "2030-02-30T00:00:00Z,7,1,1,1", '1: time "2030-02-30T00:00:00Z" is on no calendar'],
				[
					() => "1999-12-31T23:59:00Z,7,1,1,1",
					'1: time "1999-12-31T23:59:00Z" is not within the years',
				],
				[
					() => "2107-01-01T00:00:00Z,7,1,1,1",
					'1: time "2107-01-01T00:00:00Z" is not within the years',
				],
				[(at) => `${at}Z,acid,1,1,1`, '2: ph "acid" is not a number from 0 to 14'],
				[(at) => `${at}Z,7,1,1`, "4: 4 columns where 5 belong"],
				[
					() => `${time(999_989)}Z,7,1,1,1`,
					'1: time "2027-11-26T10:29:00Z" is earlier than line 999995\'s',
				],
				[(at) => `${at}Z,7,1,1,99`, '5: temperature_c "99" is not a number from -5 to 60'],
				[() => "01/02/2027 10:00,7,1,1,1", '1: time "01/02/2027 10:00" is no time like'],
				[(at) => `${at},7,1,1,1`, '1: time "2027-11-26T10:38:00" has no zone'],
				[(at) => `${at}Z,7,1e999,1,1`, '3: ec25_us_cm "1e999" is not a number from 0 to 500000'],
			];
			const rows = Array.from({ length: 1_000_000 }, (_, row) => {
				const fault = faults[row - 999_990];
				return fault === undefined ? `${time(row)}Z,7,750,1,14` : fault[0](time(row));
			});
			const printed: string[] = [];
			// Two seconds pass between any two looks at the clock.
			let milliseconds = 0;
			stub(performance, "now").callsFake(() => {
				milliseconds += 2000;
				return milliseconds;
			});
			writeFileSync(path, `${HEADER}\n${rows.join("\n")}\n`);
			await assert.rejects(
				readRiverFile(path, AS_WRITTEN, (line) => printed.push(line)),
				(error: Error) => {
					const lines = error.message.split("\n");
					assert.equal(lines.length, 10);
					faults.forEach(([, said], index) => {
						assert.ok(lines[index]?.startsWith(`${path}:${999_992 + index}:${said}`), lines[index]);
					});
					return true;
				},
			);
			assert.deepEqual([printed[0], printed.at(-1)], [`${path}: 0 % read`, `${path}: 100 % read`]);
		},
	);
});

describe("the times of a recording", () => {
	const read = (zone: string | undefined, ...texts: string[]): (string | number)[] => {
		const times = new RecordedTimes(zone);
		return texts
			.map((text) => times.read(text))
			.map((time) => {
				return typeof time === "string" ? time : new Date(time * 1000).toISOString();
			});
	};

	it("are read with Z, with offsets of every writing, and with fractions", () => {
		assert.deepEqual(
			read(
				undefined,
				...["2026-10-01T12:00:00Z", "2026-10-01 12:00z", "2026-10-01T12:00:00.5Z"],
				...[
					"2026-10-01T12:00:00+02:00",
					"2026-10-01T12:00+0530",
					"2026-10-01 12:00:00-03",
					"2026-10-01Z",
				],
			),
			[
				...["2026-10-01T12:00:00.000Z", "2026-10-01T12:00:00.000Z", "2026-10-01T12:00:00.500Z"],
				...["2026-10-01T10:00:00.000Z", "2026-10-01T06:30:00.000Z"],
				...["2026-10-01T15:00:00.000Z", "2026-10-01T00:00:00.000Z"],
			],
		);
	});

	it("are local where a zone was named, through both changes of the clocks", () => {
		const belgrade = read(
			"Europe/Belgrade",
			...["2026-03-29 01:59", "2026-03-29 03:00", "1.7.2026 12:00", "2026-10-25 01:59:59"],
			...[
				"2026-10-25 02:00",
				"2026-10-25 02:45",
				"2026-10-25 02:00",
				"2026-10-25 02:45",
				"2026-10-25 03:00",
			],
		);
		assert.deepEqual(
			belgrade.map((time) => String(time).slice(5, 19)),
			[
				...["03-29T00:59:00", "03-29T01:00:00", "07-01T10:00:00", "10-24T23:59:59"],
				...[
					"10-25T00:00:00",
					"10-25T00:45:00",
					"10-25T01:00:00",
					"10-25T01:45:00",
					"10-25T02:00:00",
				],
			],
		);
		assert.deepEqual(read("+05:45", "2026-10-01 12:00"), ["2026-10-01T06:15:00.000Z"]);
	});

	it("are refused where no calendar, no zone and no clock of a station has them", () => {
		const left = "is left out in Europe/Belgrade, where clocks went forward; give times in UTC";
		assert.deepEqual(read("Europe/Belgrade", "2026-03-29 02:30"), [left]);
		for (const text of ["2026-02-30 12:00", "2026-10-01 24:00", "31.4.2026", "2026-10-01 12:60"]) {
			assert.deepEqual(read("UTC", text), ["is on no calendar"], text);
		}
		for (const text of ["1999-12-31T23:59:59Z", "2190-01-01T00:00:00Z", "2100-01-01T00:00:00Z"]) {
			assert.deepEqual(
				read("UTC", text),
				["is not within the years 2000 to 2099 of a station's clock"],
				text,
			);
		}
		assert.deepEqual(read(undefined, "2026-10-01 12:00"), [
			"has no zone: add Z or +01:00, or say --river-zone UTC, +01:00 or Europe/Belgrade",
		]);
		assert.throws(() => new RecordedTimes("Europe/Atlantis"), RangeError);
		assert.throws(() => new RecordedTimes("+25:00"), RangeError);
	});
});
