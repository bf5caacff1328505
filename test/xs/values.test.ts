/** The published table on a real XS engine: the same bytes as on Node. */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededValues } from "../support/data/seeded-values.js";
import { valuesTable, valuesTableOnXs } from "../support/data/values-table.js";
import { sample } from "../support/depth.js";
import { findXsWorker, XsEngine } from "../support/engines/xs-engine.js";
import { flattenModules } from "../support/engines/xs-modules.js";

const found = findXsWorker();
if ("missing" in found) console.log(`SKIPPED: published values on XS: ${found.missing}`);

("path" in found ? describe : describe.skip)("published values on XS", function () {
	this.timeout(300_000);
	let folder = "";
	let xs: XsEngine;

	before(async () => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-xs-values-"));
		xs = new XsEngine("path" in found ? found.path : "");
		await xs.importModule(flattenModules("test/support/engines/xs-values.js", folder));
	});

	after(() => {
		xs.close();
		rmSync(folder, { recursive: true });
	});

	it("are byte for byte those of Node, whatever troubles the record", async () => {
		for (const seed of sample([1, 2, 3, 4, 5, 6], 3)) {
			const input = seededValues(seed, 60);
			assert.equal(await valuesTableOnXs(xs, input), valuesTable(input), `seed ${seed}`);
		}
	});
});
