/** A published table against its record: whatever is altered is found and named, by line and column. */
import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeEntry } from "../../src/protocol/record/entry.js";
import { readDocuments, showDocuments } from "../../src/technician/document-files.js";
import { visitValues, writeDays, writeValues } from "../../src/technician/values.js";
import { ValuesCheck, type ValuesVerdict } from "../../src/technician/values-check.js";
import { captured } from "../support/captured.js";
import { type SeededValues, seededValues } from "../support/data/seeded-values.js";
import { valuesTable } from "../support/data/values-table.js";

/** With corrections, approvals and three policies; 60 readings of several epochs. */
const SEED = [...Array(200).keys()].find((seed) => {
	const { policies, corrections, approvals } = seededValues(seed, 60);
	const table = valuesTable(seededValues(seed, 60));
	const rests = /,\d:[0-9a-f]{32},\d:[0-9a-f]{32}\r\n/.test(table);
	return policies.length > 1 && corrections !== undefined && approvals !== undefined && rests;
});
const input: SeededValues = seededValues(SEED ?? assert.fail("no such seed"), 60);

describe("a published table", () => {
	const folder = mkdtempSync(join(tmpdir(), "bistrina-values-"));
	after(() => rmSync(folder, { recursive: true }));

	const file = (name: string, text: string): string => {
		const path = join(folder, name);
		writeFileSync(path, text);
		return path;
	};

	function optionsOf(of: Partial<SeededValues> = {}) {
		const { policies, corrections = "", approvals = "" } = { ...input, ...of };
		const lines: string[] = [];
		const documents = readDocuments(
			{
				policy: policies.map((text, index) => file(`policy-${index}.json`, text)),
				corrections: file("corrections.json", corrections),
				approvals: file("approvals.json", approvals),
			},
			"bor-1",
			(line) => lines.push(line),
		);
		const source = async (visit: (canonicalBytes: Uint8Array) => void | Promise<void>) => {
			for (const entry of input.entries) await visit(encodeEntry(entry));
		};
		return { station: "bor-1", documents, source };
	}

	async function verdictOf(table: string, of: Partial<SeededValues> = {}): Promise<ValuesVerdict> {
		// In pieces, so that lines lie across them.
		const bytes = Buffer.from(table, "latin1");
		const pieces = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, index) =>
			bytes.subarray(1000 * index, 1000 * (index + 1)),
		);
		const check = new ValuesCheck("table.csv", pieces);
		await visitValues(optionsOf(of), (row) => check.take(row));
		return check.finish();
	}

	const linesOf = ({ findings }: ValuesVerdict): string[] =>
		findings.map(({ line, column, text }) => `line ${line}, ${column}: ${text}`);

	async function written(form: "csv" | "jsonl", period: object = {}): Promise<string> {
		let text = "";
		await writeValues({ ...optionsOf(), ...period }, form, async (piece) => {
			text += piece;
		});
		return text;
	}

	/** The table with the cell of a line and column altered. */
	function altered(table: string, line: number, column: string, cell: string): string {
		const lines = table.split("\r\n");
		const at = (lines[0] ?? "").split(",").indexOf(column);
		const cells = (lines[line - 1] ?? "").split(",");
		cells[at] = cell;
		lines[line - 1] = cells.join(",");
		return lines.join("\r\n");
	}

	it("follows from its record and its documents, as CSV and as JSON lines", async () => {
		const csv = await written("csv");
		assert.equal(csv, valuesTable(input));
		for (const table of [csv, await written("jsonl")]) {
			const { rows, findingCount } = await verdictOf(table);
			assert.deepEqual([rows, findingCount], [60, 0]);
		}
	});

	it("is as JSON lines what it is as CSV, numbers as numbers", async () => {
		const csv = (await written("csv")).trimEnd().split("\r\n");
		const json = (await written("jsonl")).trimEnd().split("\n");
		const names = (csv[0] ?? "").split(",");
		assert.equal(json.length, csv.length - 1);
		json.forEach((line, index) => {
			const object = JSON.parse(line) as Record<string, unknown>;
			assert.deepEqual(Object.keys(object), names);
			(csv[index + 1] ?? "").split(",").forEach((cell, at) => {
				const value = object[names[at] ?? ""];
				if (cell === "") assert.equal(value, null);
				else if (typeof value === "number") assert.equal(value, Number(cell));
				else assert.equal(value, cell);
			});
		});
	});

	it("has each altered cell found and named, whatever its column", async () => {
		const table = await written("csv");
		const names = (table.split("\r\n")[0] ?? "").split(",");
		for (const [index, name] of names.entries()) {
			const line = 2 + (index % 60);
			const { findings } = await verdictOf(altered(table, line, name, "7.77"));
			const lines = findings.map((finding) => `${finding.line} ${finding.column}`);
			assert.deepEqual(lines, [`${line} ${name}`], name);
		}
	});

	it("has an altered cell named in JSON lines, too", async () => {
		const lines = (await written("jsonl")).split("\n");
		lines[6] = (lines[6] ?? "").replace(/"battery_v":[^,]*/, '"battery_v":9.999');
		const { findings } = await verdictOf(lines.join("\n"));
		assert.equal(findings.length, 1);
		assert.match(
			`${findings[0]?.line} ${findings[0]?.column} ${findings[0]?.text}`,
			/^7 battery_v has 9\.999, /,
		);
	});

	it("has lines found that are missing, come twice, or are of no reading", async () => {
		const table = await written("csv");
		const lines = table.split("\r\n");
		const without = [...lines.slice(0, 20), ...lines.slice(21)].join("\r\n");
		assert.match(
			linesOf(await verdictOf(without)).join(),
			/^line 21, row: reading \d+ of epoch \d+ is missing before this line$/,
		);
		const twice = [...lines.slice(0, 20), ...lines.slice(19)].join("\r\n");
		assert.match(
			linesOf(await verdictOf(twice)).join(),
			/^line 21, row: reading \d+ of epoch \d+ comes again$/,
		);
		const short = [...lines.slice(0, -3), ""].join("\r\n");
		assert.match(
			linesOf(await verdictOf(short)).join("; "),
			/^line 60, row: reading .* is missing; line 60, row: .* is missing$/,
		);
		const foreign = `${table}${altered(table, 60, "sequence", "9999").split("\r\n")[59]}\r\n`;
		assert.match(
			linesOf(await verdictOf(foreign)).join(),
			/^line 62, row: reading 9999 .* does not follow from the record here$/,
		);
		const torn = table.slice(0, -300);
		assert.deepEqual(linesOf(await verdictOf(torn)), ["line 61, row: is no row of 74 cells"]);
	});

	it("has another policy, other corrections and other approvals named", async () => {
		const table = await written("csv");
		const columnsOf = (verdict: ValuesVerdict): string[] => Object.keys(verdict.countByColumn);
		const policies = input.policies.map((text) => text.replace('"by the seed"', '"by another"'));
		const otherPolicy = await verdictOf(table, { policies });
		assert.deepEqual(columnsOf(otherPolicy), ["policy"]);
		assert.match(linesOf(otherPolicy)[0] ?? "", /; it was made with another document$/);
		const corrections = (input.corrections ?? "").replaceAll('"apply"', '"leave"');
		const otherCorrections = columnsOf(await verdictOf(table, { corrections }));
		assert.ok(otherCorrections.includes("corrections"), otherCorrections.join());
		assert.ok(otherCorrections.some((name) => name.endsWith("_corrected")));
		const approvals = (input.approvals ?? "").replaceAll("by the seed", "by another");
		assert.deepEqual(columnsOf(await verdictOf(table, { approvals })), ["approvals"]);
	});

	it("is told from what is no table, and its header is judged", async () => {
		assert.throws(
			() => new ValuesCheck("x.csv", [Buffer.from("a,b,c\r\n1,2,3\r\n")]),
			/x\.csv: no table/,
		);
		assert.throws(() => new ValuesCheck("x.csv", []), /x\.csv: is empty/);
		assert.throws(() => new ValuesCheck("x.csv", [Buffer.alloc(20_000, 65)]), /line 1 is too long/);
		const table = (await written("csv")).replace("ph_grade", "ph_mark");
		assert.deepEqual(linesOf(await verdictOf(table)), [
			"line 1, ph_grade: the first line has ph_mark there",
		]);
	});

	it("has each other form of the same values found: bytes are what is compared", async () => {
		const table = await written("csv");
		const lines = table.split("\r\n");
		const [head = "", ...rows] = lines;
		const number = /,(\d+\.\d+),/.exec(rows[9] ?? "")?.[1] ?? assert.fail("no number");
		const turned = (line: string): string => {
			const cells = line.split(",");
			return [...cells.slice(1), cells[0]].join(",");
		};
		const forms: Record<string, string> = {
			"two lines that changed places": [head, rows[1], rows[0], ...rows.slice(2)].join("\r\n"),
			"line feeds alone": table.replaceAll("\r\n", "\n"),
			"a cell in quotes": table.replace("bor-1", '"bor-1"'),
			"one more zero": table.replace(`,${number},`, `,${number}0,`),
			"a space after a comma": table.replace(`,${number},`, `, ${number},`),
			"a mark of byte order": `\u00ef\u00bb\u00bf${table}`,
			"a line more": `${table}x\r\n`,
			"an empty line more": `${table}\r\n`,
			"megabytes after the end": `${table}${"y".repeat(3_000_000)}`,
			"the first line alone": `${head}\r\n`,
			"the first half": table.slice(0, table.length / 2),
			"columns in another order": lines
				.map((line) => (line === "" ? line : turned(line)))
				.join("\r\n"),
			"the header in another order": [turned(head), ...rows].join("\r\n"),
		};
		const unseen: string[] = [];
		for (const [form, text] of Object.entries(forms)) {
			assert.notEqual(text, table, form);
			try {
				const { findingCount } = await verdictOf(text);
				if (findingCount === 0) unseen.push(form);
			} catch (error) {
				assert.match(String(error), /OperationalError.*table\.csv: (no table|line \d+)/, form);
			}
		}
		assert.deepEqual(unseen, []);
	});

	it("has of a part the bytes of the whole", async () => {
		const whole = (await written("csv")).trimEnd().split("\r\n");
		const times = whole.slice(1).map((line) => Date.parse(line.split(",")[3] ?? "") / 1000);
		const from = times[10] ?? 0;
		const part = (await written("csv", { from, to: from + 3600 })).trimEnd().split("\r\n");
		const expected = whole.filter((_line, index) => {
			const at = times[index - 1] ?? Number.NaN;
			return index === 0 || (at >= from && at < from + 3600);
		});
		assert.ok(part.length > 3);
		assert.deepEqual(part, expected);
	});

	it("is summed up by days: each value in one, and the lowest of its grades", async () => {
		let text = "";
		await writeDays(optionsOf(), "csv", async (piece) => {
			text += piece;
		});
		const [header = "", ...days] = text.trimEnd().split("\r\n");
		const names = header.split(",");
		const rows = (await written("csv")).trimEnd().split("\r\n").slice(1);
		const valueNames = valuesTable(input).split("\r\n", 1)[0]?.split(",") ?? [];
		const grades = ["excellent", "good", "fair", "poor", "consider-deletion"];
		let readings = 0;
		let graded = 0;
		for (const line of days) {
			const day = Object.fromEntries(line.split(",").map((cell, at) => [names[at], cell]));
			const cellsOf = (name: string): string[] =>
				rows
					.map((row) => row.split(","))
					.filter((cells) => (cells[3] ?? "").slice(0, 10) === day["date"])
					.map((cells) => cells[valueNames.indexOf(`${day["channel"]}_${name}`)] ?? "");
			readings += Number(day["readings"]);
			assert.equal(Number(day["fail"]), cellsOf("qc_agg").filter((flag) => flag === "4").length);
			const rowNumbers = cellsOf("grade")
				.filter((grade) => grade !== "")
				.map((grade) => grades.indexOf(grade));
			graded += rowNumbers.length;
			assert.equal(day["grade"], rowNumbers.length === 0 ? "" : grades[Math.max(...rowNumbers)]);
			const statuses = cellsOf("status").filter((status) => status !== "");
			const isApproved = statuses.every((status) => status === "approved");
			assert.equal(
				day["status"],
				statuses.length === 0 ? "" : isApproved ? "approved" : "provisional",
			);
		}
		assert.equal(readings, 4 * 60);
		assert.ok(graded > 0);
	});

	it("is not made from documents with problems, of another station, or too long, and all problems are said", () => {
		const lines: string[] = [];
		const read = (paths: object) => () => readDocuments(paths, "bor-1", (line) => lines.push(line));
		const proposal = (input.corrections ?? "").replace(
			"bistrina-corrections",
			"bistrina-correction-proposal",
		);
		const other = (input.approvals ?? "").replace('"station":"bor-1"', '"station":"pek-1"');
		assert.throws(
			read({
				policy: [file("broken.json", '{"document":"bistrina-policy"}')],
				corrections: file("proposal.json", proposal),
				approvals: file("other.json", other),
			}),
			/^OperationalError: 12 problems in the documents/,
		);
		assert.equal(lines.length, 12);
		assert.ok(lines.some((line) => line.endsWith("other.json: is of station pek-1, not of bor-1")));
		assert.ok(lines.some((line) => line.includes('must be "bistrina-corrections"')));
		assert.throws(
			read({ policy: [file("long.json", " ".repeat(70_000))] }),
			/70000 bytes, .* has 65536 at most/,
		);
		assert.throws(
			read({ policy: [join(folder, "none.json")] }),
			/none\.json: cannot be read \(ENOENT\)/,
		);
		writeFileSync(join(folder, "latin.json"), Buffer.from([0x22, 0xe9, 0x22]));
		assert.throws(read({ policy: [join(folder, "latin.json")] }), /latin\.json: is no UTF-8/);
	});

	it("rests on documents that a command checks one by one, whatever is wrong with one of them", () => {
		const lines: string[] = [];
		const policy = readFileSync("policies/bor.json", "utf8");
		const paths = [
			file("twice.json", '{"document":"bistrina-policy","document":"bistrina-policy"}'),
			file("broken.json", '{"document":'),
			file("long.json", policy.trimEnd().replace(/\}$/, `${" ".repeat(70_000)}}`)),
			join(folder, "latin.json"),
			file("other.json", '{"document":"poem"}'),
		];
		writeFileSync(join(folder, "latin.json"), Buffer.from([0x22, 0xe9, 0x22]));
		let exitCode = 0;
		const stdout = captured(() => {
			exitCode = showDocuments([...paths, "policies/bor.json"], "text", (line) => lines.push(line));
		});
		assert.equal(exitCode, 1);
		assert.match(stdout, /^[0-9a-f]{64} {2}policies\/bor\.json {2}bistrina-policy version 1\n$/);
		assert.deepEqual(
			lines.map((line) => line.slice(folder.length + 1).replace(/\d{5,}/, "N")),
			[
				'twice.json: the document has "document" twice in one object',
				"broken.json: the document is no JSON",
				"long.json: N bytes, a document of its kind has 65536 at most",
				"latin.json: is no UTF-8",
				"other.json: document must be one of bistrina-policy, bistrina-corrections, " +
					"bistrina-correction-proposal, bistrina-visits, bistrina-approvals",
			],
		);
	});
});
