/** What the default policy of the Bor flags of a year with planted faults: the table in docs/VALUES.md is this run. */
import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SCENARIOS } from "../../sim/river/scenarios.js";
import { VALUE_COLUMNS } from "../../src/protocol/audit/published-values.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import type { Entry } from "../../src/protocol/record/entry-layouts.js";
import { cellsByName, valuesRows } from "../support/data/values-table.js";
import { IS_WHOLE, sample, whole } from "../support/depth.js";
import { bareStation, runUntil, START_UTC_SECONDS } from "../support/engines/bare-station.js";
import { PROJECT } from "../support/sources.js";
import {
	type CellsOf,
	outcomesOf,
	type PlantedOutcome,
	plantedYear,
} from "../support/trials/planted-year.js";

const PATH = join(PROJECT, "docs/VALUES.md");
const policy = readFileSync(join(PROJECT, "policies/bor.json"), "utf8");
const BEGIN = "<!-- planted year: begin -->\n";
const END = "<!-- planted year: end -->\n";
const TEST_NAMES = [
	"instrument",
	"gross range",
	"climatology",
	"spike",
	"rate of change",
	"flat line",
	"attenuated signal",
];

const columnOf = (name: string): number =>
	VALUE_COLUMNS.findIndex((column) => column.name === name);
const COLUMNS = Object.fromEntries(
	["ph", "temperature", "ec25", "turbidity"].map((name) => [
		name,
		{ flag: columnOf(`${name}_qc_agg`), digits: columnOf(`${name}_qc_tests`) },
	]),
);

const cellsOf: CellsOf = ({ cells }, channel) => ({
	flag: cells[COLUMNS[channel]?.flag ?? 0] ?? "",
	digits: cells[COLUMNS[channel]?.digits ?? 0] ?? "",
});

function tableOf(outcomes: readonly PlantedOutcome[]): string {
	const lines = outcomes.map(({ what, channel, isTrue, readings, flags, raisedBy }) => [
		what,
		isTrue ? "true" : "wrong",
		`\`${channel}\``,
		...[readings, flags[1], flags[2], flags[3], flags[4], flags[9]].map(String),
		[...raisedBy]
			.sort()
			.map((at) => TEST_NAMES[at])
			.join(", ") || "nothing",
	]);
	const head = ["what befell", "values", "channel", "readings", "good", "not evaluated"];
	const rows = [[...head, "suspect", "fail", "missing", "raised by"], ...lines];
	const widths = rows[0]?.map((_cell, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
	const lineOf = (row: readonly string[]): string =>
		`| ${row.map((cell, at) => cell.padEnd(widths?.[at] ?? 0)).join(" | ")} |`;
	const rule = `| ${widths?.map((width) => "-".repeat(width)).join(" | ")} |`;
	return `${[lineOf(rows[0] ?? []), rule, ...rows.slice(1).map(lineOf)].join("\n")}\n`;
}

/** Ten seconds of processor time: whole. In the short form the acid river below and the vectors of protocol/quality are flagged. */
if (IS_WHOLE)
	describe("a published year", () => {
		let outcomes: readonly PlantedOutcome[] = [];
		let wentBack: readonly number[] = [];

		before(function () {
			this.timeout(300_000);
			const rows = valuesRows({ station: "bor-1", entries: plantedYear(), policies: [policy] });
			// A year less the three days without a reading.
			assert.equal(rows.length, 105_120 - 864);
			outcomes = outcomesOf(rows, cellsOf);
			const notesAt = columnOf("notes");
			const isBack = ({ cells }: (typeof rows)[number]): boolean =>
				cells[notesAt] === "time-went-back";
			wentBack = rows.filter(isBack).map(({ sequence }) => sequence);
		});

		const of = (what: RegExp, channel: string): PlantedOutcome => {
			const found = outcomes.find((each) => what.test(each.what) && each.channel === channel);
			return found ?? assert.fail(`${what}`);
		};

		it("is flagged as docs/VALUES.md says", () => {
			const text = readFileSync(PATH, "utf8");
			const [before = "", rest = ""] = text.split(BEGIN);
			const [, after = ""] = rest.split(END);
			const written = `${before}${BEGIN}\n${tableOf(outcomes)}\n${END}${after}`;
			if (process.env["BISTRINA_WRITE_DOCS"] === "1") writeFileSync(PATH, written);
			assert.equal(
				readFileSync(PATH, "utf8"),
				written,
				"BISTRINA_WHOLE=1 BISTRINA_WRITE_DOCS=1 npm test writes it anew",
			);
		});

		it("calls nothing true a failure", () => {
			const failed = outcomes.filter(({ isTrue, flags }) => isTrue && flags[4] > 0);
			assert.deepEqual(failed, []);
		});

		it("names the readings at which time went back: when a clock fell behind, and when one ahead was set right", () => {
			// 20 May and 27 May 01:00, in readings since 1 January; the first has the sequence 2.
			assert.deepEqual(wentBack, [139 * 288 + 2, 146 * 288 + 12 + 2]);
		});

		it("fails a stuck electrode after its window, and flags single bubbles each", () => {
			const stuck = of(/stuck/, "ph");
			// Of 1152 readings the first 36 are too few for 3 h, and the last to 12 h are suspect.
			assert.equal(stuck.flags[4], 1152 - 144);
			assert.equal(stuck.flags[3] + stuck.flags[1], 144);
			assert.equal(of(/bubble in the cell for one/, "ec25").flags[3], 24);
			assert.equal(of(/bubbles at the optics/, "turbidity").flags[3], 24);
		});

		it("flags nothing but rarely of a year without faults", () => {
			for (const channel of ["ph", "temperature", "ec25", "turbidity"]) {
				const { readings, flags } = of(/all the rest/, channel);
				assert.ok(flags[3] + flags[4] <= readings / 1000, `${channel}: ${JSON.stringify(flags)}`);
			}
		});
	});

/** Of which the second and third day have a front each. */
const DAYS = IS_WHOLE ? 5 : 3;

describe("an acid river as its station records it", () => {
	for (const seed of sample([1, 2, 3])) {
		whole(`has its front flagged suspect and nothing called fail, seed ${seed}`, function () {
			this.timeout(300_000);
			const river = SCENARIOS["acid-bor"]?.(seed, START_UTC_SECONDS);
			const entries: Entry[] = [];
			const station = bareStation({
				seed,
				...(river === undefined ? {} : { river }),
				witness: {
					appended: (canonicalBytes) => entries.push(decodeEntry(canonicalBytes)),
					acknowledged: () => {},
				},
			});
			runUntil(station, START_UTC_SECONDS + DAYS * 86_400);
			const rows = valuesRows({ station: "bor-1", entries, policies: [policy] }).map(cellsByName);
			assert.ok(rows.length >= 288 * DAYS, `${rows.length} readings`);
			assert.ok(rows.some((row) => Number(row["ph"]) < 4));
			let suspect = 0;
			for (const row of rows) {
				for (const channel of ["ph", "temperature", "ec25", "turbidity"]) {
					const digits = row[`${channel}_qc_tests`] ?? "";
					assert.ok(!digits.includes("4"), `${row["time"]} ${channel} ${digits}`);
					if (row[`${channel}_qc_agg`] === "3") suspect++;
				}
			}
			// Two fronts, each seen by pH and by conductivity.
			assert.ok(suspect >= 4, `${suspect} suspect`);
		});
	}
});
