/** The station as it is bundled for the chip, on a real XS engine: the same bytes, and within its budget. */
import { strict as assert } from "node:assert";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rehearsal, type RehearsalReport } from "../../sim/station/rehearsal.js";
import { whole } from "../support/depth.js";
import { writeBundle } from "../support/engines/xs-bundle.js";
import { findXsWorker, XsEngine } from "../support/engines/xs-engine.js";
import { type Footprint, footprintOf } from "../support/engines/xs-footprint.js";
import { hostScheme, openRehearsal, send } from "../support/engines/xs-host.js";

const DAY_SECONDS = 86_400;
/**
 * What the whole program may take, counted by this engine (64 bits): 14 499 slots, 1 387 keys and 487 632 bytes when it was set, and
 * a fiftieth of room; docs/BOARD.md, "The bundle", has how it came to that. A slot is 16 bytes of the chip's flash and a key 20
 * with its letters, so all that room is 14 KB of a firmware slot of 2.5 MiB. A change that needs more says there what for.
 */
const BUDGET: Footprint = Object.freeze({ slots: 14_789, keys: 1_415, chunkBytes: 497_380 });

function overBudget(found: Footprint): string[] {
	const names = ["slots", "keys", "chunkBytes"] as const;
	return names
		.filter((name) => found[name] > BUDGET[name])
		.map((name) => `${found[name]} ${name}, ${BUDGET[name]} allowed`);
}

const found = findXsWorker();
if ("missing" in found) console.log(`SKIPPED: the bundle on XS: ${found.missing}`);

("path" in found ? describe : describe.skip)("the bundle for the chip, on XS", function () {
	this.timeout(120_000);
	let folder = "";

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-xs-"));
	});

	afterEach(() => rmSync(folder, { recursive: true }));

	whole(
		"keeps, signs and delivers a stormy day byte for byte as the sources do on Node",
		async () => {
			const xs = new XsEngine("path" in found ? found.path : "");
			try {
				await xs.importModule(await writeBundle("test/support/engines/xs-rehearsal.js", folder));
				const options = { seed: 20_260_902, scenario: "storm-pek", sectors: 16 };
				await openRehearsal(xs, options, true);
				await send(xs, { kind: "run", untilSeconds: DAY_SECONDS / 2 });
				await send(xs, { kind: "cut" });
				await send(xs, { kind: "run", untilSeconds: DAY_SECONDS });
				await send(xs, { kind: "settle" });
				const onXs = (await send(xs, { kind: "report" })).reply as RehearsalReport;

				const rehearsal = new Rehearsal({ ...options, scheme: hostScheme() });
				rehearsal.runUntil(DAY_SECONDS / 2);
				rehearsal.station.cutPowerNow(1);
				rehearsal.runUntil(DAY_SECONDS);
				rehearsal.settle();
				assert.deepEqual(onXs, rehearsal.report());
				assert.deepEqual(onXs.problems, []);
				assert.ok(onXs.appended > 288, `${onXs.appended} entries in a day`);
				assert.equal(onXs.acknowledged, onXs.appended);
			} finally {
				xs.close();
			}
		},
	);

	// To make the bundle takes fourteen seconds, after each change of the firmware again.
	whole(
		"has byte code, objects and names within the budget of the image, and shows a growth",
		async () => {
			const worker = "path" in found ? found.path : "";
			const path = await writeBundle("src/firmware/board/start.js", folder);
			assert.deepEqual(overBudget(await footprintOf(path, worker, folder)), []);

			const planted = Array.from(
				{ length: 100 },
				(_, index) =>
					`globalThis.planted${index}=text=>[text,"${"grown".repeat(20)}${index}"].join("-");`,
			);
			appendFileSync(path, planted.join("\n"));
			assert.deepEqual(
				overBudget(await footprintOf(path, worker, folder)).map((line) => line.split(" ")[1]),
				["slots,", "keys,", "chunkBytes,"],
			);
		},
	);
});
