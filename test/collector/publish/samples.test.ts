/** Tables of laboratories: taken whole or not at all, every wrong row named, and each figure led to its source. */
import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseSamples, type Sample } from "../../../src/collector/publish/samples/parse-samples.js";
import { cellOfSamples } from "../../../src/collector/publish/samples/samples.js";
import {
	openPublishedRecord,
	type PublishedRecord,
} from "../../support/collectors/published-record.js";
import { SignedStation } from "../../support/collectors/signed-station.js";

const REPORT = "ab".repeat(32);
const HEAD = "time,station,place,parameter,value,unit,method,laboratory,report_sha256";
const row = (...cells: string[]): string =>
	[...cells, "ISO 17294-2", "Institut Bor", REPORT].join(",");
const file = (...rows: string[]): string => `${[HEAD, ...rows].join("\r\n")}\r\n`;
const GOOD = row("2026-03-20", "bor-1", "", "Cu", "0.12", "mg/L");

function taken(text: string): readonly Sample[] {
	const parsed = parseSamples(text, "f");
	assert.ok("samples" in parsed, JSON.stringify(parsed));
	return parsed.samples;
}

function problems(text: string): readonly string[] {
	const parsed = parseSamples(text, "f");
	return "problems" in parsed ? parsed.problems : [];
}

describe("a laboratory's table", () => {
	it("is taken with values in one unit, digit by digit, and what was sent beside it", () => {
		const found = taken(
			file(
				row("2026-03-20", "bor-1", "", "bakar", "12.50", "µg/L"),
				row("20.3.2026.", "", "slatina", "sulfati", "1.2", "g/l"),
				row("2026-03-20T09:30:00+01:00", "bor-1", "", "PH", "7.4", ""),
				row("2026-03-20", "bor-1", "", "As", "<0.5", "ug/L"),
				row("2026-03-20", "bor-1", "", "suspended solids", "< 5", "mg/l"),
			),
		);
		assert.deepEqual(
			found.map(({ parameter, value, isBelow, given }) => [parameter.key, value, isBelow, given]),
			[
				["Cu", "0.01250", false, "12.50 µg/L"],
				["sulfate", "1200", false, "1.2 g/l"],
				["pH", "7.4", false, "7.4"],
				["As", "0.0005", true, "<0.5 ug/L"],
				["suspended-solids", "5", true, "< 5 mg/l"],
			],
		);
		assert.deepEqual(
			found.map(({ time, at, line }) => [time, at.kind, at.name, line]),
			[
				["2026-03-20", "station", "bor-1", 2],
				["2026-03-20", "place", "slatina", 3],
				["2026-03-20T08:30:00Z", "station", "bor-1", 4],
				["2026-03-20", "station", "bor-1", 5],
				["2026-03-20", "station", "bor-1", 6],
			],
		);
	});

	it("may have semicolons and decimal commas, as half of Europe's spreadsheets write", () => {
		const [found] = taken(`\ufeff${file(GOOD).replaceAll(",", ";").replace("0.12", "0,12")}`);
		assert.equal(found?.value, "0.12");
	});

	it("is not taken with a single wrong row, and all of these are named by their lines", () => {
		const wrong = [
			row("2026-02-30", "bor-1", "", "Cu", "0.12", "mg/L"),
			row("03/20/2026", "bor-1", "", "Cu", "0.12", "mg/L"),
			row("2026-03-20", "", "", "Cu", "0.12", "mg/L"),
			row("2026-03-20", "bor-1", "slatina", "Cu", "0.12", "mg/L"),
			row("2026-03-20", "../etc", "", "Cu", "0.12", "mg/L"),
			row("2026-03-20", "", "atlantis", "Cu", "0.12", "mg/L"),
			row("2026-03-20", "bor-1", "", "Kryptonite", "0.12", "mg/L"),
			row("2026-03-20", "bor-1", "", "Cu", "-0.12", "mg/L"),
			row("2026-03-20", "bor-1", "", "Cu", "n.d.", "mg/L"),
			row("2026-03-20", "bor-1", "", "Cu", "1e3", "mg/L"),
			row("2026-03-20", "bor-1", "", "Cu", "0.12", "ppm"),
			row("2026-03-20", "bor-1", "", "pH", "15", ""),
			row("2026-03-20", "bor-1", "", "Cu", "<0", "mg/L"),
			`2026-03-20,bor-1,,Cu,0.12,mg/L,m,Lab,abc`,
			`2026-03-20,bor-1,,Cu,0.12,mg/L,,Lab,${REPORT}`,
			`2026-03-20,bor-1,,Cu,0.12,mg/L,=1+1,Lab,${REPORT}`,
			`2026-03-20,bor-1,,Cu,0.12,mg/L,m,@SUM(A1),${REPORT}`,
			`2026-03-20,bor-1,,Cu,0.12,mg/L,m,Lab\u001b[2J,${REPORT}`,
			`2026-03-20,bor-1,,Cu,0.12,mg/L,m,Lab\u202e,${REPORT}`,
			"2026-03-20,bor-1",
			GOOD,
		];
		const found = problems(file(GOOD, ...wrong));
		assert.deepEqual(
			found.map((problem) => problem.split(":")[0]),
			wrong.map((_, at) => `line ${at + 3}`),
		);
		assert.match(found[0] ?? "", /time must be YYYY-MM-DD/);
		assert.equal(found.at(-1), "line 23: the same sample as in line 2");
		for (const each of found) assert.ok(!each.includes("\u001b") && !each.includes("\u202e"));
	});

	it("needs its columns, ends its quotes, and is not endless", () => {
		assert.deepEqual(problems("time,value\r\n"), [
			"line 1: no column parameter",
			"line 1: no column unit",
			"line 1: no column method",
			"line 1: no column laboratory",
			"line 1: no column report_sha256",
			"line 1: neither a column station nor one place",
		]);
		assert.match(problems(`${HEAD}\r\n"2026`)[0] ?? "", /^line \d+: /);
		assert.match(problems(file(`"${"x".repeat(20_000)}"`))[0] ?? "", /^line \d+: /);
		assert.equal(problems(file(...Array.from({ length: 400 }, () => "x"))).length, 50);
	});

	it("is counted honestly where laboratories saw nothing", () => {
		const of = (...values: string[]) =>
			cellOfSamples(
				taken(
					file(
						...values.map((value, at) =>
							row(`2026-03-${10 + at}`, "bor-1", "", "Cu", value, "mg/L"),
						),
					),
				),
				undefined,
			);
		assert.equal(of("0.1", "0.3", "0.2").median, "0.2");
		assert.equal(of("0.1", "0.4").median, "0.25");
		assert.equal(of("<0.05", "<0.05", "0.2").median, "<0.05");
		assert.equal(of("<0.05", "0.2").median, "<0.2");
		assert.deepEqual(of("<0.05", "0.2", "0.4"), {
			count: 3,
			below: 1,
			median: "0.2",
			least: "<0.05",
			greatest: "0.4",
			outside: 0,
		});
	});
});

describe("published samples", () => {
	let record: PublishedRecord;
	const lines: string[] = [];
	const laboratory = '<b>Lab</b> & "Sons"';
	const good = [
		HEAD,
		`2025-06-01,bor-1,,Cu,40,µg/L,ISO 17294-2,"${laboratory.replaceAll('"', '""')}",${REPORT}`,
		row("2026-03-20", "bor-1", "", "Cu", "0.12", "mg/L"),
		row("2026-03-20", "bor-1", "", "pH", "6.90", ""),
		row("2026-04-20", "bor-1", "", "Cu", "<0.01", "mg/L"),
		row("2026-03-20", "", "slatina", "Fe", "0.9", "mg/L"),
		row("2026-03-20", "", "kucevo", "Fe", "0.4", "mg/L"),
		"",
	].join("\r\n");
	const digest = createHash("sha256").update(good).digest("hex");

	before(async () => {
		record = await openPublishedRecord({
			publication: {
				stations: {
					"bor-1": {
						name: "Borska reka",
						nameSr: "Borska reka ispod Bora",
						place: "slatina",
						class: "II",
					},
				},
				samples: ["good.csv", "wrong.csv", "missing.csv"],
				sampleLimits: [
					{ class: "II", parameter: "Cu", high: 0.1, reason: "An example of a reason." },
					{ class: "II", parameter: "Fe", high: 0.5 },
				],
			},
			files: { "good.csv": good, "wrong.csv": file(GOOD, "x") },
			onLogged: (line) => lines.push(line),
		});
		const station = new SignedStation({ station: "bor-1" });
		station.appendReadings(20);
		await record.publish(station);
	});

	after(() => record.close());

	it("are those of whole files; of others nothing, and the operator reads why", async () => {
		const { files, points, samples } = JSON.parse((await record.get("/v1/samples")).text);
		assert.deepEqual(files, [{ name: "good.csv", digest }]);
		assert.equal(samples, 6);
		assert.deepEqual(points, [
			{ kind: "station", name: "bor-1" },
			{ kind: "place", name: "kucevo" },
			{ kind: "place", name: "slatina" },
		]);
		const words = lines.join("\n");
		assert.match(words, /wrong\.csv: nothing of it is taken:/);
		assert.match(words, /wrong\.csv: line 3: 1 fields, the first line has 9/);
		assert.match(words, /missing\.csv: cannot be read \(ENOENT\)/);
		assert.match(words, /a limit of samples is not taken/);
	});

	it("are a table over years with counts, medians and limits, each cell leading to its source", async () => {
		const { text } = await record.get("/samples?lang=en");
		assert.match(text, /<th scope="col">2025<\/th><th scope="col">2026<\/th>/);
		const link = "/samples/station/bor-1?lang=en&amp;parameter=Cu&amp;year=2026#list";
		assert.ok(text.includes(`<a href="${link}">&lt;0.12</a>`), text);
		assert.ok(text.includes('n 2, &lt; 1, <strong class="alarm">▲ 1</strong>'));
		assert.match(
			text,
			/Limit of Copper \(Cu\): ≤ 0\.1 mg\/L, class II\. Reason given: An example of a reason\./,
		);
		const { text: list } = await record.get(
			"/samples/station/bor-1?lang=en&parameter=Cu&year=2026",
		);
		assert.ok(list.includes(`<a href="/v1/samples/${digest}">good.csv</a>, 3</td>`));
		assert.ok(list.includes(`<code title="${REPORT}">`));
		assert.ok(!list.includes("2025-06-01"));
		const { text: source } = await record.get(`/v1/samples/${digest}`);
		assert.equal(source, good);
	});

	it("stay text where they try to be markup", async () => {
		const { text } = await record.get("/samples/station/bor-1?lang=sr-Cyrl");
		assert.ok(text.includes("&lt;b&gt;Lab&lt;/b&gt; &amp; &quot;Sons&quot;"));
		assert.ok(!text.includes("<b>Lab"));
		const odd = "/samples/station/bor-1?parameter=%3Cscript%3E&year=%22%3E%3Cscript%3E";
		assert.ok(!(await record.get(odd)).text.includes("<script"));
		for (const path of [
			"/samples/station/nobody",
			"/samples/x/bor-1",
			"/samples/place/__proto__",
			"/v1/samples/x",
		])
			assert.equal((await record.get(path)).status, 404, path);
	});

	it("have symbols of elements in Latin letters and names in those of the language", async () => {
		const { text } = await record.get("/samples?lang=sr-Cyrl");
		assert.ok(text.includes("Бакар (Cu) mg/L"));
		assert.ok(text.includes(">Борска река испод Бора</a>"));
		const { text: latin } = await record.get("/samples?lang=sr");
		assert.ok(latin.includes("Bakar (Cu) mg/L") && latin.includes(">Borska reka ispod Bora</a>"));
	});

	it("of a place belong to the station there, beside its readings", async () => {
		const { samples } = JSON.parse((await record.get("/v1/stations/bor-1/samples")).text);
		assert.deepEqual(
			samples.map(({ parameter, value, channel }: Record<string, string>) => [
				parameter,
				value,
				channel,
			]),
			[
				["Cu", "0.040", null],
				["Cu", "0.12", null],
				["pH", "6.90", "ph"],
				["Fe", "0.9", null],
				["Cu", "0.01", null],
			],
		);
		const april = "/v1/stations/bor-1/samples?from=2026-04-01";
		assert.equal(JSON.parse((await record.get(april)).text).samples.length, 1);
		assert.match(
			(await record.get("/station/bor-1?lang=en")).text,
			/href="\/samples\/station\/bor-1/,
		);
	});

	it("can be read in again out of the table that is published of all", async () => {
		const { text } = await record.get("/v1/samples.csv");
		const again = taken(text);
		assert.equal(again.length, 6);
		assert.deepEqual(
			again.map(({ value, isBelow }) => [value, isBelow]),
			[
				["0.040", false],
				["0.12", false],
				["6.90", false],
				["0.9", false],
				["0.4", false],
				["0.01", true],
			],
		);
	});

	it("come anew when the operator changes a file and says so", async () => {
		writeFileSync(
			join(record.folder, "wrong.csv"),
			file(row("2026-05-01", "bor-1", "", "Zn", "1", "mg/L")),
		);
		const before = (await record.get("/v1/stations/bor-1")).headers.etag;
		record.reload();
		while (JSON.parse((await record.get("/v1/samples")).text).samples !== 7);
		assert.notEqual((await record.get("/v1/stations/bor-1")).headers.etag, before);
	});
});
