/** The station on a real XS engine: the same bytes as on Node. */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rehearsal, type RehearsalReport } from "../../sim/rehearsal.js";
import { findXsWorker, XsEngine } from "../support/xs-engine.js";
import { hostScheme, openRehearsal, tell } from "../support/xs-host.js";
import { flattenModules } from "../support/xs-modules.js";

const DAY_SECONDS = 86_400;
const IS_LONG = process.env["BISTRINA_LONG"] === "1";
const found = findXsWorker();
if ("missing" in found) console.log(`SKIPPED: tests on XS: ${found.missing}`);

("path" in found ? describe : describe.skip)("the station on XS", function () {
	this.timeout(IS_LONG ? 900_000 : 60_000);
	let folder = "";
	let xs: XsEngine;

	before(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-xs-"));
	});

	after(() => rmSync(folder, { recursive: true }));

	beforeEach(async () => {
		xs = new XsEngine("path" in found ? found.path : "");
		await xs.importModule(flattenModules("test/support/xs-rehearsal.js", folder));
	});

	afterEach(() => xs.close());

	it("keeps, signs and delivers a stormy day byte for byte as on Node, signed by the host", async () => {
		const options = { seed: 20_260_901, scenario: "storm-pek", sectors: 16 };
		await openRehearsal(xs, options, true);
		await tell(xs, { kind: "run", untilSeconds: DAY_SECONDS });
		await tell(xs, { kind: "settle" });
		const onXs = (await tell(xs, { kind: "report" })).reply as RehearsalReport;

		const rehearsal = new Rehearsal({ ...options, scheme: hostScheme() });
		rehearsal.runUntil(DAY_SECONDS);
		rehearsal.settle();
		assert.deepEqual(onXs, rehearsal.report());
		assert.deepEqual(onXs.trouble, []);
		assert.equal(onXs.crashes, 0);
		assert.ok(onXs.appended > 288, `${onXs.appended} entries in a day`);
		assert.equal(onXs.acknowledged, onXs.appended);
	});

	it("tells another seed by other bytes", async () => {
		const reports: RehearsalReport[] = [];
		for (const seed of [1, 2]) {
			await openRehearsal(xs, { seed, scenario: "quiet-bor", sectors: 8 }, false);
			await tell(xs, { kind: "run", untilSeconds: 1800 });
			reports.push((await tell(xs, { kind: "report" })).reply as RehearsalReport);
		}
		assert.notEqual(reports[0]?.entriesHash, reports[1]?.entriesHash);
		assert.notEqual(reports[0]?.imageHash, reports[1]?.imageHash);
	});

	if (IS_LONG)
		it("does the same for a week", async () => {
			const options = { seed: 7, scenario: "storm-pek", sectors: 64 };
			await openRehearsal(xs, options, true);
			for (let day = 1; day <= 7; day++) {
				await tell(xs, { kind: "run", untilSeconds: day * DAY_SECONDS });
			}
			const onXs = (await tell(xs, { kind: "report" })).reply as RehearsalReport;
			const rehearsal = new Rehearsal({ ...options, scheme: hostScheme() });
			rehearsal.runUntil(7 * DAY_SECONDS);
			assert.deepEqual(onXs, rehearsal.report());
			assert.deepEqual(onXs.trouble, []);
		});
});
