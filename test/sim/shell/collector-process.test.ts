/** The collector as a process of its own: killed in the middle, started again, and nothing that was stored is gone. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCollectorIdentity } from "../../../sim/shell/collector-host.js";
import { CollectorProcess } from "../../../sim/shell/playground/collector-process.js";
import { stationResultOf } from "../../../sim/shell/station-proof.js";
import { IS_WHOLE } from "../../support/depth.js";

/** A process and its database, two seconds of processor time: whole. In the short form the playground has one. */
if (IS_WHOLE)
	describe("a collector as a process of its own", function () {
		this.timeout(120_000);

		let directory: string;
		let order: Parameters<typeof CollectorProcess.open>[0];
		let collector: CollectorProcess;

		before(async () => {
			directory = mkdtempSync(join(tmpdir(), "bistrina-killed-"));
			const identity = await openCollectorIdentity(directory, 1, () => {});
			order = { directory, seed: 1, port: 0, identity, onError: () => {}, onStored: () => {} };
			collector = await CollectorProcess.open(order);
		});

		after(async () => {
			await collector.close();
			rmSync(directory, { recursive: true, force: true });
			await assert.rejects(collector.record.stations(), /closed/);
		});

		it("says why it does not open", async () => {
			await assert.rejects(CollectorProcess.open(order), /in use by process \d+/);
		});

		it("keeps who is enrolled over kill -9, on the same port, and answers what was asked while it was dead", async () => {
			await collector.enrol([stationResultOf("bor-1", new Uint8Array(32).fill(7))]);
			assert.deepEqual(await collector.record.stations(), ["bor-1"]);
			const { port } = collector;
			await collector.kill();
			assert.equal(collector.isUp, false);
			const asked = collector.record.stations();
			await collector.start();
			assert.deepEqual([collector.isUp, collector.port], [true, port]);
			assert.deepEqual(await asked, ["bor-1"]);
			assert.deepEqual(await collector.rowsOf("bor-1"), []);
		});
	});
