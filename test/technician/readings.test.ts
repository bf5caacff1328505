import { strict as assert } from "node:assert";
import { createSha256 } from "../../src/core/sha256.js";
import { encodeEntry } from "../../src/protocol/record/entry.js";
import type { Entry } from "../../src/protocol/record/entry-layouts.js";
import {
	DIALECTS,
	lineOf,
	objectOf,
	READING_COLUMNS,
	ReadingTable,
} from "../../src/technician/reading-table.js";
import { writeReadings } from "../../src/technician/readings.js";
import { recordFileSource } from "../../src/technician/record-source.js";
import { CONFIGURATION_BODY } from "../support/data/configuration-body.js";
import { fieldsOfNamed } from "../support/data/named-reading.js";

const header = (sequence: number, uptimeSeconds: number, utcSeconds: number) => ({
	channelSet: 0,
	timeQuality: utcSeconds === 0 ? 0 : 1,
	epoch: 7,
	sequence,
	boot: 1,
	uptimeSeconds,
	utcSeconds,
	configurationId: 1,
	stationFlags: 0x10,
});

function reading(sequence: number, uptimeSeconds: number, utcSeconds: number): Entry {
	const fields = fieldsOfNamed({
		pHMilli: 7810,
		pHFlags: 0,
		pHCalibration: 0,
		temperatureMillidegrees: 20_000,
		temperatureFlags: 0x08,
		temperatureCalibration: 0,
		conductivityHundredths: 50_000,
		conductivityFlags: 0,
		conductivityCalibration: 0,
		turbidityMicrovolts: 600_000,
		turbiditySpreadSteps: 2,
		turbidityRange: 0,
		turbidityFlags: 0,
		turbidityCalibration: 0,
		batteryMillivolts: undefined,
		batteryFlags: 1,
	});
	return { ...header(sequence, uptimeSeconds, utcSeconds), channelSet: 1, kind: "reading", fields };
}

const CONFIGURATION: Entry = {
	...header(4, 30, 0),
	...CONFIGURATION_BODY,
};

/** The collector's word, sixty seconds after the boot: it was 2026-10-01T00:01:00Z then. */
const SYNC: Entry = {
	...header(5, 60, 1_790_812_860),
	kind: "time",
	atBoot: 1,
	atUptimeSeconds: 60,
	atUtcSeconds: 1_790_812_860,
	uncertaintyMilliseconds: 2000,
	stepSeconds: undefined,
	driftPartsPerBillion: undefined,
	source: 1,
};

/** A boot without UTC: what gives the readings their meaning and their time comes after them. */
const RECORD: readonly Entry[] = [reading(2, 10, 0), reading(3, 20, 0), CONFIGURATION, SYNC];

function tableOf(entries: readonly Entry[]): Record<string, string | number | null>[] {
	const table = new ReadingTable("bor-1");
	for (const entry of entries) table.observe(entry);
	return entries.flatMap((entry) => {
		const row = table.row(entry);
		return row === undefined ? [] : [objectOf(row)];
	});
}

async function written(
	options: Partial<Parameters<typeof writeReadings>[0]> = {},
): Promise<{ text: string; report: Awaited<ReturnType<typeof writeReadings>> }> {
	let text = "";
	const report = await writeReadings({
		station: "bor-1",
		form: { csv: DIALECTS.comma },
		source: async (visit) => {
			for (const entry of RECORD) await visit(encodeEntry(entry));
		},
		write: async (piece) => {
			text += piece;
		},
		...options,
	});
	return { text, report };
}

describe("the table of readings", () => {
	it("dates and derives readings by what comes after them in the record", () => {
		const [first] = tableOf(RECORD);
		assert.equal(first?.["time"], "2026-10-01T00:00:10Z");
		assert.equal(first?.["time_source"], "placed");
		// 50 s on the board's clock, 53 ms of each, and the two seconds of the time entry.
		assert.equal(first?.["time_uncertainty_s"], 4.65);
		assert.equal(first?.["ph"], 7.81);
		assert.equal(first?.["ec_raw_us_cm"], 500);
		// ISO 7888: the factor of natural waters at 20 degC is 1.116.
		assert.equal(first?.["ec25_us_cm"], 558);
		assert.equal(first?.["turbidity"], -50);
		assert.equal(first?.["turbidity_unit"], "FNU");
		assert.equal(first?.["station_flags"], "serviceMode");
	});

	it("shows an absent value as absent, and the doubt that a derived value inherits", () => {
		const [first] = tableOf(RECORD);
		assert.equal(first?.["battery_v"], null);
		assert.equal(first?.["battery_flags"], "absent");
		assert.equal(first?.["temperature_flags"], "unstable");
		assert.equal(first?.["ec_flags"], "unstable");
	});

	it("has the saturation of oxygen where there is a probe and the pressure of the air is told", () => {
		const percentOf = (entry: Entry, hectopascals?: number) => {
			const table = new ReadingTable("bor-1", hectopascals);
			for (const each of [entry, CONFIGURATION, SYNC]) table.observe(each);
			const row = table.row(entry) ?? assert.fail();
			return objectOf(row)["do_saturation_percent"];
		};
		const plain = reading(2, 10, 0);
		if (plain.kind !== "reading") assert.fail();
		// 8.94 mg/L at 20 degC and 558 uS/cm, where 9.08 are the whole at one atmosphere and 8.04 at 900 hPa.
		const withOxygen = { ...plain, channelSet: 2, fields: [...plain.fields, 894, 0, 0] };
		assert.equal(percentOf(withOxygen, 1013), 98.5);
		assert.equal(percentOf(withOxygen, 900), 111.2);
		assert.equal(percentOf(withOxygen), null);
		assert.equal(percentOf(plain, 1013), null);
	});

	it("leaves a time out that nothing in the record tells, and says so", async () => {
		const source = async (visit: (canonicalBytes: Uint8Array) => void | Promise<void>) => {
			for (const entry of RECORD.slice(0, 3)) await visit(encodeEntry(entry));
		};
		const { text, report } = await written({ source });
		assert.deepEqual(report, { rows: 2, unknown: 0, undated: 2 });
		assert.match(text, /^bor-1,7,2,,,none,unset,1,10,/m);
	});

	it("has a cell for each column in every row", async () => {
		const lines = (await written()).text.trimEnd().split("\r\n");
		assert.equal(lines.length, 3);
		for (const line of lines) assert.equal(line.split(",").length, READING_COLUMNS.length);
	});

	it("writes decimal commas between semicolons for spreadsheets that want them", async () => {
		const { text } = await written({ form: { csv: DIALECTS.semicolon } });
		assert.match(text, /;7,810;;0;20,000;unstable;0;558,00;iso-7888;500,00;/);
	});

	it("keeps to the period asked for, its end not included", async () => {
		const { report } = await written({ from: 1_790_812_811, to: 1_790_812_820 });
		assert.equal(report.rows, 0);
		const { report: all } = await written({ from: 1_790_812_810, to: 1_790_812_821 });
		assert.equal(all.rows, 2);
	});

	it("quotes text that holds a separator, and writes no negative zero", () => {
		const cells = ["a;b", 'say "x"', { number: -0.0001, decimals: 2 }];
		assert.equal(lineOf(cells, DIALECTS.comma), '"a;b","say ""x""",0.00\r\n');
	});

	it("refuses a file that is no record", async () => {
		const source = recordFileSource(
			"x.csv",
			() => [new Uint8Array([65, 66])],
			"bor-1",
			createSha256(),
		);
		await assert.rejects(
			source(() => undefined),
			/x\.csv: no signed batches in it/,
		);
	});
});
