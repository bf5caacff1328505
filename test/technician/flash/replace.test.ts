/** A board in place of a dead one: one key more, the former board's end named, wherever it was interrupted. */
import { strict as assert } from "node:assert";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSimulatedBoard } from "../../../sim/shell/chip/board-folder.js";
import { textOfNotice } from "../../../src/host/messages/notice.js";
import { type StationResult, verifiedPossession } from "../../../src/host/station-result.js";
import type { Bundle } from "../../../src/technician/flash/bundle.js";
import { type ReplacedRow, replaceBoard } from "../../../src/technician/replace.js";
import { bundleOf } from "../../support/bench/plain-bundle.js";
import { whole } from "../../support/depth.js";

const FORMER_KEY = `02${"11".repeat(32)}`;
const DELIVERED = { epoch: 4711, sequence: 12, head: "ab".repeat(32) };

describe("a board in place of a dead one", function () {
	this.timeout(400_000);
	let folder = "";
	let bundle: Bundle;
	let results = "";
	let keys: string[] = [];
	let lines: string[] = [];

	before(async () => {
		bundle = await bundleOf({ imageBytes: 4096 });
	});

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-replace-"));
		results = join(folder, "results.jsonl");
		keys = [FORMER_KEY];
		lines = [];
	});

	afterEach(() => rmSync(folder, { recursive: true, force: true }));

	/** What goes wrong in this run: the cable at a write, the process after a row, the collector. */
	interface PlannedFault {
		readonly cableAtWrite?: number;
		readonly dieAfterRow?: number;
		readonly isCollectorAway?: boolean;
	}

	async function run(board: string, fault: PlannedFault = {}): Promise<ReplacedRow> {
		const port = await openSimulatedBoard(join(folder, board), () => {});
		const write = port.write.bind(port);
		let writes = 0;
		port.write = (bytes) => {
			if (++writes === fault.cableAtWrite) setImmediate(() => port.onLost?.("unplugged"));
			return write(bytes);
		};
		let rows = 0;
		try {
			return await replaceBoard({
				station: "bor-1",
				fields: new Map([
					["station", "bor-1"],
					["displayName", "upper bridge"],
				]),
				bundle,
				baud: 460_800,
				port,
				by: "Amina N.",
				why: "dead after the flood",
				results,
				append: (row) => {
					appendFileSync(results, `${JSON.stringify(row)}\n`);
					if (++rows === fault.dieAfterRow) throw new Error("killed");
				},
				keys: [...keys],
				delivered: DELIVERED,
				enrol: async (row: StationResult) => {
					if (fault.isCollectorAway === true) throw new Error("no collector");
					verifiedPossession(row);
					if (!keys.includes(row.publicKey)) keys.push(row.publicKey);
				},
				firstId: () => 1,
				now: () => new Date("2026-11-28T12:00:00Z"),
				notify: (what) => lines.push(textOfNotice(what)),
			});
		} finally {
			await port.close();
		}
	}

	const rows = (): Record<string, unknown>[] =>
		existsSync(results)
			? readFileSync(results, "utf8")
					.trimEnd()
					.split("\n")
					.map((line) => JSON.parse(line) as Record<string, unknown>)
			: [];

	whole(
		"has one new key and one row in the end, wherever it was interrupted, and the same command once more changes nothing",
		async () => {
			await assert.rejects(run("new", { cableAtWrite: 25 }), /unplugged|cut off/);
			assert.deepEqual(rows(), []);
			await assert.rejects(run("new", { dieAfterRow: 1 }), /killed/);
			assert.deepEqual(Object.keys(rows()[0] ?? {}), ["replacing", "mac", "predecessor"]);
			await assert.rejects(run("new", { dieAfterRow: 1 }), /killed/);
			await assert.rejects(run("new", { isCollectorAway: true }), /no collector/);
			assert.deepEqual(keys, [FORMER_KEY]);
			const row = await run("new");
			assert.deepEqual(keys, [FORMER_KEY, row.publicKey]);
			assert.equal(rows().length, 2);
			assert.deepEqual(await run("new"), row);
			assert.equal(rows().length, 2);
			assert.deepEqual(keys, [FORMER_KEY, row.publicKey]);
			assert.deepEqual(
				[row.station, row.formerKey, row.predecessor, row.verdict, row.by],
				["bor-1", FORMER_KEY, DELIVERED, "good", "Amina N."],
			);
			assert.ok(
				lines.some((line) => /delivered up to entry 12 of epoch 4711/.test(line)),
				lines.join("\n"),
			);
			assert.ok(
				lines.some((line) => /its replacement by the board .* continues/.test(line)),
				lines.join("\n"),
			);
		},
	);

	whole(
		"refuses the board that is to be replaced, a second one for the same, and another station's",
		async () => {
			const first = await run("new");
			// Enrolled and no replacement of this file: the station's own board.
			rmSync(results);
			await assert.rejects(run("new"), /it is the one that is to be replaced; plug in the new one/);
			appendFileSync(
				results,
				`${JSON.stringify({ replacing: "bor-1", mac: "24:0a:c4:00:00:01", predecessor: null })}\n`,
			);
			await assert.rejects(
				run("second"),
				/was begun on the board 24:0a:c4:00:00:01; plug that one in/,
			);
			assert.deepEqual(keys, [FORMER_KEY, first.publicKey]);
			rmSync(results);
			keys = [];
			await assert.rejects(run("second"), /bor-1: not enrolled, so there is nothing to replace/);
		},
	);

	whole("replaces the board again, once the first replacement is at its end", async () => {
		const first = await run("new");
		const second = await run("second");
		assert.deepEqual(keys, [FORMER_KEY, first.publicKey, second.publicKey]);
		assert.equal(second.formerKey, first.publicKey);
		assert.notEqual(second.mac, first.mac);
		assert.equal(rows().length, 4);
	});
});
