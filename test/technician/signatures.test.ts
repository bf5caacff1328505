/** The page of a visit with the signatures of its entries in it, and what the check says of one that was altered. */
import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isSignedBy, signingKeyOf, stationKeyOf } from "../../src/collector/ledger/keys.js";
import { messagesIn } from "../../src/host/messages/messages.js";
import { Speaker } from "../../src/host/messages/visit-texts.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import { encodeBatch } from "../../src/protocol/wire/batch.js";
import { encodeSign1, toBeSigned } from "../../src/protocol/wire/cose.js";
import { reportOf } from "../../src/technician/visit/report.js";
import { checkPage, putSignatures } from "../../src/technician/visit/signatures.js";
import { CalibrationBench } from "../support/worlds/calibration-bench.js";

const KEY = signingKeyOf(new Uint8Array(32).fill(7));
const OTHER = signingKeyOf(new Uint8Array(32).fill(9));

function signed(entries: readonly Uint8Array[], first: number, key = KEY): Uint8Array {
	const payload = encodeBatch({
		station: "bor-1",
		epoch: decodeEntry(entries[0] ?? new Uint8Array(0)).epoch,
		first,
		floor: 1,
		previous: undefined,
		entries,
	});
	return encodeSign1(payload, key.sign(toBeSigned(payload)));
}

describe("the page of a visit", function () {
	this.timeout(120_000);
	let folder: string;
	let path: string;
	let entries: Uint8Array[];
	let lines: string[];

	before(() => {
		const bench = new CalibrationBench({}, 900);
		bench.attach();
		bench.calibratePH();
		bench.must("log", { channel: "pH", act: "note", by: "mira", text: "gate" });
		entries = bench.rehearsal.entries.map((canonicalBytes) => canonicalBytes.slice());
	});

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-page-test-"));
		path = join(folder, "visit.html");
		lines = [];
		const { html } = reportOf({
			station: "bor-1",
			person: "mira",
			beganUtcSeconds: 1_788_220_800,
			speaker: new Speaker(messagesIn("sr-Latn")),
			readings: [],
			first: 1,
			entries,
		});
		writeFileSync(path, html);
	});

	afterEach(() => rmSync(folder, { recursive: true }));

	function check(key = KEY): number {
		const print = (text: string): void => {
			lines.push(text);
		};
		const publicKey = stationKeyOf(key.publicKey);
		const isSigned = (bytes: Uint8Array, signature: Uint8Array): boolean =>
			isSignedBy(publicKey, bytes, signature);
		return checkPage({ path, station: "bor-1", isSigned, print });
	}

	it("says that nothing covers its entries as long as no signature is in it", () => {
		assert.equal(check(), 1);
		assert.match(lines.join("\n"), /entry \d+ \([0-9a-f]{16}\): no signature covers it/);
	});

	it("is proved by the batches that hold its entries and the station's key alone", () => {
		const half = entries.length >> 1;
		const batches = [signed(entries.slice(0, half), 1), signed(entries.slice(half), half + 1)];
		assert.ok(putSignatures(path, batches) >= 1);
		assert.equal(check(), 0, lines.join("\n"));
		assert.match(
			lines.at(-1) ?? "",
			/^2 entries, \d signed batches, 2 calibrations and notes told as signed, 0 problems$/,
		);
		// Put in again, each is there once.
		const before = readFileSync(path, "utf8");
		putSignatures(path, batches);
		assert.equal(readFileSync(path, "utf8"), before);
	});

	it("is not proved by another key, another station, or an altered batch", () => {
		putSignatures(path, [signed(entries, 1, OTHER)]);
		assert.equal(check(), 1);
		assert.match(lines.join("\n"), /batch 1 is not signed by the station's key/);
		assert.equal(check(OTHER), 0);
	});

	it("names the note whose words were altered in the page", () => {
		putSignatures(path, [signed(entries, 1)]);
		writeFileSync(path, readFileSync(path, "utf8").replace(">gate<", ">bridge<"));
		assert.equal(check(), 1);
		assert.match(lines.join("\n"), /entry \d+: the page tells it otherwise than it was signed/);
	});

	it("names entries whose words stand in each other's row, and words that nobody signed in a row", () => {
		putSignatures(path, [signed(entries, 1)]);
		const page = readFileSync(path, "utf8");
		const rows = [...page.matchAll(/<tr><td>(.*?)<\/td>/g)].map(([, words = ""]) => words);
		assert.equal(rows.length, 2);
		const [first = "", second = ""] = rows;
		const exchanged = page
			.replace(first, () => "@")
			.replace(second, () => first)
			.replace("@", () => second);
		const hidden = page.replace(">gate<", "><s hidden>gate</s>bridge<");
		const added = page.replace(
			"<small>gate</small>",
			"<small>gate</small><br><small>all good</small>",
		);
		const before = page.replace(first, () => `nonsense ${first}`);
		for (const altered of [exchanged, hidden, added, before]) {
			assert.notEqual(altered, page);
			lines = [];
			writeFileSync(path, altered);
			assert.equal(check(), 1, lines.join("\n"));
			assert.match(lines.join("\n"), /entry \d+: the page tells it otherwise than it was signed/);
		}
	});

	it("is not put in doubt by a name with brackets", () => {
		const bench = new CalibrationBench({}, 900);
		bench.attach();
		const by = "Mira_(MK)";
		bench.must("log", { channel: "pH", act: "note", by, text: "gate" });
		bench.must("log", { channel: "pH", act: "note", by, text: "again" });
		const named = bench.rehearsal.entries.map((canonicalBytes) => canonicalBytes.slice());
		const { html } = reportOf({
			station: "bor-1",
			person: "mira",
			beganUtcSeconds: 1_788_220_800,
			speaker: new Speaker(messagesIn("en")),
			readings: [],
			first: 1,
			entries: named,
		});
		writeFileSync(path, html);
		// The person of the second is named in an entry of the first batch.
		const half = named.length - 2;
		putSignatures(path, [signed(named.slice(0, half), 1), signed(named.slice(half), half + 1)]);
		assert.equal(check(), 0, lines.join("\n"));
	});

	it("names the calibration whose numbers were altered in the page", () => {
		putSignatures(path, [signed(entries, 1)]);
		const page = readFileSync(path, "utf8");
		const altered = page.replace(/Nagib \d+,\d %/, "Nagib 98,7 %");
		assert.notEqual(altered, page);
		writeFileSync(path, altered);
		assert.equal(check(), 1);
		assert.match(lines.join("\n"), /entry \d+: the page tells it otherwise than it was signed/);
	});
});
