/** What people type at a visit that is not what was asked for, and what their words become in record and report. */
import { strict as assert } from "node:assert";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { asciiOf } from "../../src/host/messages/ascii.js";
import { messagesIn } from "../../src/host/messages/messages.js";
import { Speaker } from "../../src/host/messages/visit-texts.js";
import { textOfPieces } from "../../src/protocol/calibration/parts.js";
import { Person } from "../../src/technician/visit/person.js";
import { reportOf } from "../../src/technician/visit/report.js";
import { playedByLines, playedProgram } from "../support/bench/played-program.js";
import { sample } from "../support/depth.js";
import { CalibrationBench, LOT } from "../support/worlds/calibration-bench.js";

describe("a visit with odd words", function () {
	this.timeout(180_000);
	let folder: string;
	let file: string;

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-odd-visit-"));
		file = join(folder, "visit.json");
	});

	afterEach(() => rmSync(folder, { recursive: true }));

	const visit = (typed: readonly string[], ...more: readonly string[]) =>
		playedProgram(["--port", "sim:", "visit", "--file", file, ...more], `${typed.join("\n")}\n`);

	it("asks for a calibration again that was given up at its bottle", async () => {
		const pH = ["", "A1", "2027-05-31", "american-4.00", "c"];
		const { shown, code } = await visit(["Mira", "s", "s", "s", ...pH, "q"]);
		assert.equal(code, 1, shown);
		assert.match(shown, /Doubt: this reads like another bottle/);
		assert.match(shown, /The old calibration is in force again\.\n\[4\/8\] Calibrate pH/);
		const kept = JSON.parse(readFileSync(file, "utf8")) as { readonly done: readonly string[] };
		assert.deepEqual(kept.done, ["as-found", "cleaning", "found-again"]);
	});

	it("ends with 1 where nobody was there to ask what to do about a rejected bottle", async () => {
		const argv = ["--port", "sim:", "visit", "--file", file, "--by", "robot"];
		const { lines, code } = await playedByLines(argv, "\namerican-4.00\n");
		assert.equal(code, 1);
		const ends = ["cancel", "commit", "report"];
		const steps = lines.map(({ step }) => step).filter((step) => ends.includes(String(step)));
		assert.deepEqual(steps, ["cancel", "commit", "report"]);
	});

	it("refuses bottles that are none for the channel, and dates that are none, before anything is recorded", async () => {
		for (const [standards, message] of sample(
			[
				["kcl-1413", /kcl-1413: no bottle for pH/],
				["american-7.00:A1:31.5.2027", /31\.5\.2027 is no date, such as 2027-05-31/],
				["air", /air: no bottle for pH/],
				["american-7.00:A1:2027-02-30", /2027-02-30 is no date/],
				["reference:sedam", /sedam is no number/],
			] as const,
			2,
		)) {
			const { shown, code } = await visit([], "--by", "mira", "--ph-standards", standards);
			assert.equal(code, 2, shown);
			assert.match(shown, message);
		}
		assert.ok(!existsSync(file));
	});

	it("keeps Serbian names and notes readable in a record of ASCII, and long notes whole", async () => {
		const long = `Чишћење сонди, љуска на џаку; ${"šđčćž ".repeat(60)}kraj`;
		const skipped = ["s", "s", "s", "s", "s", "s"];
		const { shown, code } = await visit(["Žika Đurđević", ...skipped, "", long, ""]);
		assert.equal(code, 0, shown);
		const text = readFileSync(join(folder, "visit.txt"), "utf8");
		assert.match(text, /^Technician: Žika Đurđević$/m);
		assert.match(text, /\(Zika_Djurdjevic\)/);
		const notes = [...text.matchAll(/^ {6}([^#].*)$/gm)].map(([, note]) => note);
		assert.equal(notes.length, 4);
		assert.equal(
			notes.join("").replaceAll(" ", ""),
			`Ciscenjesondi,ljuskanadzaku;${"sdjccz".repeat(60)}kraj`,
		);
	});

	it("takes a name that is longer than a line", async () => {
		const { shown, code } = await visit(["M".repeat(400), "s", "", "q"]);
		assert.equal(code, 1, shown);
		assert.match(shown, /\[3\/8\]/);
	});

	it("asks again for a value of a reference that is no number, and takes a decimal comma", async () => {
		const typed = ["oko 12", "12,1 C", "", "10,78", ""];
		const { shown, code } = await playedProgram(
			["--port", "sim:", "calibrate", "temperature", "--by", "mira"],
			`${typed.join("\n")}\n`,
		);
		assert.match(shown, /oko 12 is no number, such as 12\.1\./);
		assert.match(shown, /12,1 C is no number/);
		assert.match(shown, /should be 10\.78 at/);
		assert.ok(code === 0 || code === 1, shown);
		assert.doesNotMatch(shown, /no such bottle|error/i);
	});

	it("says that a file is no visit that was left, whatever is in it", async () => {
		for (const text of sample(["null", "{", '{"bistrinaVisit":1}', '{"bistrinaVisit":2}'])) {
			writeFileSync(file, text);
			const { shown, code } = await visit(["Mira", "q"]);
			assert.equal(code, 1, shown);
			assert.match(shown, /no visit that was left/, text);
		}
	});

	it("names persons and bottles in the report that were named before the visit began", () => {
		const bench = new CalibrationBench({}, 900);
		bench.attach();
		const check = (): void => {
			bench.must("calibrate", { channel: "pH", act: "as-found", by: "mira" });
			bench.put("american-7.00");
			bench.settle("american-7.00", LOT);
			bench.must("point");
			bench.must("commit");
		};
		check();
		const first = (bench.entries.at(-1)?.sequence ?? 0) + 1;
		check();
		const { text } = reportOf({
			station: "bor-1",
			person: "mira",
			beganUtcSeconds: 1_788_220_800,
			speaker: new Speaker(messagesIn("en")),
			readings: [],
			first,
			entries: bench.rehearsal.entries,
		});
		assert.equal([...text.matchAll(/check, as found/g)].length, 1);
		assert.match(text, /check, as found 2: good\. {2}?\(mira\)|check, as found 2: good\. \(mira\)/);
		assert.match(text, /american-7\.00 L77 2027-05-31: should be 7\.02/);
	});

	it("lets no words of a station steer the terminal", async () => {
		const hostile = "a\u001b[2J\u009bb";
		assert.equal(textOfPieces([Buffer.from("a\u001b[2J\u0007b", "latin1")]), "a?[2J?b");
		let written = "";
		const person = new Person(Readable.from([]), true, (text) => {
			written += text;
		});
		person.print(hostile);
		person.show(hostile);
		await person.ask(hostile);
		person.close();
		const shown = "a\\x1b[2J\\x9bb";
		assert.equal(written, `${shown}\n\r\u001b[K${shown}\n${shown}`);
	});
});

describe("what is typed, in ASCII", () => {
	it("has letters without their marks, and Cyrillic in Latin letters", () => {
		assert.equal(
			asciiOf("Žućko Đoković, Љиљана Џон; Straße é 7,01"),
			"Zucko Djokovic, Ljiljana Dzon; Strasse e 7,01",
		);
		assert.equal(asciiOf("Z\u030cika"), "Zika");
	});
});
