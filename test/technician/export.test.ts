/** Exported journals with holes and damage: what is noticed, what a repetition mends, what it never loses. */
import { strict as assert } from "node:assert";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSimulatedLine } from "../../sim/shell/station-line.js";
import { ConsoleClient } from "../../src/technician/client.js";
import { showJournal } from "../../src/technician/file-commands.js";
import {
	type ExportOutcome,
	exportJournal,
	readExportedFile,
} from "../../src/technician/journal-export.js";
import { captured } from "../support/captured.js";
import { englishInto } from "../support/data/english.js";

describe("an exported journal with holes or damage", function () {
	this.timeout(60_000);
	let folder: string;
	let path: string;
	let client: ConsoleClient;
	/** As it was exported: the first line, and those of 15 entries. */
	let whole: readonly string[];

	before(async () => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-holes-test-"));
		path = join(folder, "journal.jsonl");
		client = new ConsoleClient(await openSimulatedLine(",1,offline"), 1, () => {});
		await client.greet();
		await exportAgain();
		whole = readFileSync(path, "latin1").split("\n").slice(0, -1);
		assert.equal(whole.length, 16);
	});

	after(async () => {
		await client.close();
		rmSync(folder, { recursive: true });
	});

	function exportAgain(): Promise<ExportOutcome> {
		return exportJournal(client, "sim-1", { path, first: 1 });
	}

	function write(lines: readonly string[]): void {
		writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
	}

	function shown(): { readonly printed: string[]; readonly exitCode: number } {
		const printed: string[] = [];
		let exitCode = 0;
		captured(() => {
			exitCode = showJournal(
				path,
				"csv",
				englishInto((line) => printed.push(line.replaceAll(path, "f"))),
			);
		});
		return { printed, exitCode };
	}

	it("are mended by the same command, in order, as the file was", async () => {
		for (const isRemoved of [
			(index: number) => index >= 5 && index < 15,
			(index: number) => index === 1 || index === 3 || index === 4 || index === 9,
			(index: number) => index > 0 && index < 15,
		]) {
			const left = whole.filter((_, index) => !isRemoved(index));
			write(left);
			const outcome = await exportAgain();
			assert.equal(outcome.fetched, whole.length - left.length);
			assert.deepEqual([outcome.held, outcome.missing], [15, []]);
			assert.equal(readFileSync(path, "latin1"), whole.map((line) => `${line}\n`).join(""));
			assert.deepEqual(readdirSync(folder), ["journal.jsonl"]);
		}
	});

	it("keep the lines of an older program as they are, and mend what lies between them", async () => {
		const old = whole.map((line) => line.replace(/(,"first":1)?,"check":"[0-9a-f]+"/, ""));
		assert.ok(old.every((line) => !line.includes("check")));
		write(old.filter((_, index) => index !== 7));
		assert.deepEqual((await exportAgain()).missing, []);
		const lines = readFileSync(path, "latin1").split("\n").slice(0, -1);
		assert.deepEqual(
			lines,
			old.map((line, index) => (index === 7 ? whole[7] : line)),
		);
		const { printed, exitCode } = shown();
		assert.equal(
			printed[0],
			"14 entries of an older program carry no check: damage would not show",
		);
		assert.equal(exitCode, 0);
	});

	it("keep what came into a hole before the line was lost", async () => {
		write(whole.filter((_, index) => index < 3 || index > 12));
		const request = client.request.bind(client);
		let requests = 0;
		client.request = (command, options = {}) => {
			if (++requests === 1) return request(command, options);
			let parts = 0;
			return request(command, {
				...options,
				onPart: (part) => {
					if (++parts > 4) throw new Error("the line is lost");
					options.onPart?.(part);
				},
			});
		};
		try {
			await assert.rejects(exportAgain(), /the line is lost/);
		} finally {
			client.request = request;
		}
		// Parts that still come after that are nobody's.
		await new Promise((resolve) => setTimeout(resolve, 200));
		const { entries, missing } = readExportedFile(path, new Uint8Array(readFileSync(path)));
		assert.deepEqual([entries.length, missing], [9, [{ first: 7, last: 12 }]]);
		assert.equal((await exportAgain()).fetched, 6);
		assert.equal(readFileSync(path, "latin1"), whole.map((line) => `${line}\n`).join(""));
	});

	it("keep a last line that lacks nothing but its end", async () => {
		for (const isOld of [false, true]) {
			const last = (whole[15] ?? "").replace(isOld ? /,"check":"[0-9a-f]+"/ : "", "");
			const lines = [...whole.slice(0, 15), last];
			writeFileSync(path, lines.join("\n"));
			const { entries } = readExportedFile(path, new Uint8Array(readFileSync(path)));
			assert.equal(entries.length, 15);
			assert.equal((await exportAgain()).fetched, 0);
			assert.equal(readFileSync(path, "latin1"), lines.map((line) => `${line}\n`).join(""));
		}
	});

	it("say each hole, and that nothing in them is signed", () => {
		write(whole.filter((_, index) => index !== 1 && (index < 5 || index > 14)));
		assert.deepEqual(shown(), {
			printed: [
				"missing: entry 1",
				"missing: entries 5 to 14",
				"not signed: only the collector's record proves who wrote it",
				whole[0]?.replace(/.*"epoch":(\d+).*/, "sim-1, epoch $1: 4 entries"),
			],
			exitCode: 0,
		});
	});

	it("are refused or skipped whatever single character was changed", async () => {
		for (const at of [0, 1, 5, 15]) {
			const line = whole[at] ?? "";
			for (let column = 0; column < line.length; column++) {
				const other = line[column] === "1" ? "2" : "1";
				const changed = `${line.slice(0, column)}${other}${line.slice(column + 1)}`;
				const text = [...whole.slice(0, at), changed, ...whole.slice(at + 1)].join("\n");
				const bytes = new Uint8Array(Buffer.from(`${text}\n`));
				try {
					const { damage } = readExportedFile("f", bytes);
					assert.ok(damage[0]?.startsWith(`f:${at + 1}: `), `${changed}: ${damage}`);
				} catch (error) {
					if (at !== 0 || error instanceof assert.AssertionError) throw error;
				}
			}
		}
		// In the middle of the bytes that a reading measured.
		const changed = (whole[12] ?? "").replace(/.(.{12}",)/, (found, rest) =>
			found.startsWith("1") ? `2${rest}` : `1${rest}`,
		);
		write([...whole.slice(0, 12), changed, ...whole.slice(13)]);
		const { printed, exitCode } = shown();
		assert.match(printed[0] ?? "", /^f:13: entry 12: altered or damaged: its check .*; skipped$/);
		assert.deepEqual([printed[1], exitCode], ["missing: entry 12", 1]);
		await assert.rejects(exportAgain(), /:13: entry 12: altered .* or take such lines out/);
		assert.match(readFileSync(path, "latin1"), new RegExp(changed));
		write([...whole.slice(0, 12), ...whole.slice(13)]);
		assert.equal((await exportAgain()).fetched, 1);
	});
});

describe("an export from what is no station of ours", () => {
	const folder = mkdtempSync(join(tmpdir(), "bistrina-odd-answers-"));
	after(() => rmSync(folder, { recursive: true }));

	const END = { epoch: "7", held: "1", next: "1", end: "1" };

	/** Answers every request alike. */
	const answering = (
		answer: Readonly<Record<string, string>>,
		part?: Readonly<Record<string, string>>,
	): ConsoleClient => {
		const request: ConsoleClient["request"] = async (_command, { onPart } = {}) => {
			// Who asked for ever would leave no time to the test's own clock.
			await new Promise((resolve) => setImmediate(resolve));
			if (part !== undefined) onPart?.(new Map(Object.entries(part)));
			return { parts: [], fields: new Map(Object.entries(answer)) };
		};
		return { request } as ConsoleClient;
	};

	for (const [what, answer, part, message] of [
		[
			"an entry of three bytes",
			END,
			{ sequence: "1", bytes: "AAAA" },
			/^the station: entry 1 is not what it says it is$/,
		],
		[
			"an entry that is no base64",
			END,
			{ sequence: "1", bytes: "%" },
			/^the station sent a line that is no entry; its firmware is another$/,
		],
		[
			"a sequence that is no number",
			END,
			{ sequence: "one", bytes: "AAAA" },
			/^the station answered with sequence=one, which is no number of its kind; its firmware is another$/,
		],
		[
			"nothing of a journal that goes on",
			{ ...END, end: "100" },
			undefined,
			/^the station gives nothing from entry 1 on, and says that its journal goes to 100; its firmware is another$/,
		],
		[
			"no end",
			{ epoch: "7", held: "1", next: "1" },
			undefined,
			/^the station answered with no end; its firmware is another$/,
		],
		[
			"an end beyond all numbers",
			{ ...END, end: "4294967297" },
			undefined,
			/^the station answered with end=4294967297, which is no number/,
		],
		["a negative place", { ...END, next: "-1" }, undefined, /answered with next=-1, which is no/],
		["no epoch", { ...END, epoch: "" }, undefined, /^the station answered with no epoch; /],
	] as const) {
		it(`ends with a word about ${what}`, async () => {
			const path = join(folder, `${what}.jsonl`);
			await assert.rejects(
				exportJournal(answering(answer, part), "bor-1", { path, first: 1 }),
				(error: Error) => error.name === "OperationalError" && message.test(error.message),
			);
		});
	}
});
