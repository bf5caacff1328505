import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { River } from "../../../sim/river/river.js";
import { RecordedTimes } from "../../../sim/shell/recorded-times.js";
import { AS_WRITTEN, type RiverFileOptions } from "../../../sim/shell/river-columns.js";
import { readRiverFile } from "../../../sim/shell/river-file.js";

const HEADER = "time,ph,ec25_us_cm,turbidity_ntu,temperature_c";
const row = (minute: number, pH = "7.1"): string =>
	`2026-10-01T00:${String(minute).padStart(2, "0")}:00Z,${pH},750,1,14`;

describe("what is odd in a recorded river's file", () => {
	let folder: string;
	let path: string;

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-river-"));
		path = join(folder, "river.csv");
	});

	afterEach(() => {
		rmSync(folder, { recursive: true });
	});

	function read(content: string | Buffer, options: Partial<RiverFileOptions> = {}): Promise<River> {
		writeFileSync(path, content);
		return readRiverFile(path, { ...AS_WRITTEN, ...options });
	}

	/** What is said of a file, a line for each fault, the path left out. */
	async function faultsOf(
		content: string | Buffer,
		options: Partial<RiverFileOptions> = {},
	): Promise<string[]> {
		try {
			await read(content, options);
		} catch (error) {
			assert.equal((error as Error).name, "OperationalError");
			return (error as Error).message.split("\n").map((line) => line.replace(`${path}:`, ""));
		}
		return [];
	}

	it("is told where a quote opens that is never closed, after the faults before it", async () => {
		const rows = Array.from({ length: 40 }, (_, minute) => row(minute));
		rows[3] = row(3, "acid");
		rows[6] = row(6, '"7.1');
		assert.deepEqual(await faultsOf([HEADER, ...rows].join("\n")), [
			'5:2: ph "acid" is not a number from 0 to 14; leave a field empty where there is no value',
			"8:2: the quote that opens here is not closed; close it, or leave it out",
		]);
	});

	it("is told where a byte is that is not UTF-8, after the faults before it", async () => {
		const [before = "", after = ""] = [HEADER, row(0, "acid"), row(1), row(2, "?")]
			.join("\r\n")
			.split("?");
		const latin1 = Buffer.concat([Buffer.from(before), Buffer.of(0xe8), Buffer.from(after)]);
		assert.deepEqual(await faultsOf(latin1), [
			'2:2: ph "acid" is not a number from 0 to 14; leave a field empty where there is no value',
			"4:2: byte 0xe8 is not UTF-8 text; save the table as CSV in UTF-8",
		]);
		const cut = Buffer.from(`${HEADER}\n${row(0)}\n2026č`);
		assert.deepEqual(await faultsOf(cut.subarray(0, -1)), [
			"3:1: byte 0xc4 is not UTF-8 text; save the table as CSV in UTF-8",
		]);
	});

	it("is told as UTF-16 with its mark and without", async () => {
		const text = `${HEADER}\n${row(0)}\n`;
		assert.deepEqual(await faultsOf(Buffer.from(`\uFEFF${text}`, "utf16le")), [
			"1:1: byte 0xff is not UTF-8 text; save the table as CSV in UTF-8",
		]);
		assert.deepEqual(await faultsOf(Buffer.from(text, "utf16le")), [
			"1:1: the header has NUL characters, as UTF-16 has; save the table as CSV in UTF-8",
		]);
	});

	it("is read with CR alone and with line ends of several kinds", async () => {
		const header = HEADER.replaceAll(",", ";");
		const old = await read(`${header}\r2026-10-01T00:00Z;7,1;750;1;14\r`);
		assert.equal(old.at(0).pH, 7.1);
		const mixed = await read(`${HEADER}\r\n${row(0)}\n${row(5)}\r${row(10)}`);
		assert.equal((mixed.lastUtcSeconds ?? 0) - (mixed.firstUtcSeconds ?? 0), 600);
	});

	it("is told of the rows that are not in order as if no other fault were there", async () => {
		const faults = await faultsOf(
			[HEADER, row(0), row(10, "acid"), row(20), row(15), row(30)].join("\n"),
		);
		assert.deepEqual(
			faults.map((fault) => fault.slice(0, 40)),
			['3:2: ph "acid" is not a number from 0 to', '5:1: time "2026-10-01T00:15:00Z" is earl'],
		);
	});

	it("is told once of a year that is mistyped", async () => {
		const rows = Array.from({ length: 9 }, (_, minute) => row(minute));
		rows[4] = (rows[4] ?? "").replace("2026", "2062");
		const faults = await faultsOf([HEADER, ...rows].join("\n"));
		assert.equal(faults.length, 1);
		assert.match(faults[0] ?? "", /^7:1: time "2026-10-01T00:05:00Z" is earlier than line 6's/);
	});

	it("is refused where points and commas of decimals are mixed, as one of them is of thousands", async () => {
		const lines = [
			HEADER.replaceAll(",", ";"),
			row(0, "7#1").replaceAll(",", ";").replace("#", ","),
		];
		assert.deepEqual(await faultsOf([...lines, "2026-10-01T01:00Z;7,2;1.234;1;14"].join("\n")), [
			'3:3: ec25_us_cm "1.234" has a point where line 2 has a comma; write all decimals of a file alike, and no marks for thousands',
		]);
		const points = await read(`${lines[0]}\n2026-10-01T01:00Z;7.2;750.5;1;14\n`);
		assert.equal(points.at(0).pH, 7.2);
		assert.deepEqual(await faultsOf(`${HEADER}\n2026-10-01T01:00Z,"7,2",1,1,1`), [
			'2:2: ph "7,2" is not a number from 0 to 14; write it with a decimal point and no marks for thousands',
		]);
	});

	it("is told what to do where a header of semicolons has a comma, or is none", async () => {
		const header = HEADER.replaceAll(",", ";");
		assert.match(
			(await faultsOf(`${header};LF, 25\n`))[0] ?? "",
			/put the name with the comma in quotes/,
		);
		assert.match(
			(await faultsOf(`# a comment\n${HEADER}\n`))[0] ?? "",
			/the first line names the columns/,
		);
	});

	it("is read by names that Unicode writes in two ways", async () => {
		const text = [HEADER.replace("ec25_us_cm", "LF [\u03bcS/cm] c\u030c"), row(0)].join("\n");
		const river = await read(text, { columns: { ec25_us_cm: "lf [\u00b5S/cm] \u010d" } });
		assert.equal(river.at(0).conductivityAt25MicrosiemensPerCm, 750);
	});

	it("refuses the hour that comes twice where rows are put in order", async () => {
		const lines = ["2026-10-25 03:00", "2026-10-25 02:30", "2026-10-25 01:30"].map(
			(time) => `${time},7,1,1,1`,
		);
		const options = { zone: "Europe/Belgrade", isSorted: true };
		assert.deepEqual(await faultsOf([HEADER, ...lines].join("\n"), options), [
			'3:1: time "2026-10-25 02:30" comes twice in Europe/Belgrade, where clocks went back, and only rows in order ' +
				"tell which is meant; give times in UTC, or leave --river-sort out",
		]);
		assert.throws(() => new RecordedTimes("+15:00"), RangeError);
	});

	it("lets a value count for half a usual distance beside an empty field that is nearer", async () => {
		const minutes = [0, 10, 20, 30, 32, 42];
		const river = await read(
			[HEADER, ...minutes.map((minute) => row(minute, minute === 30 ? "" : "7.1"))].join("\n"),
		);
		const first = river.firstUtcSeconds ?? 0;
		const silent = [24, 26, 29.9, 30, 30.1, 31, 31.9, 32].filter((minute) =>
			river.unknownAt?.(first + minute * 60).includes("pH"),
		);
		assert.deepEqual(silent, [26, 29.9, 30]);
	});
});
