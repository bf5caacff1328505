import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IS_WHOLE, proof, sample, whole } from "../support/depth.js";
import { LedgerParty, type Planted } from "../support/trials/repeat-party.js";
import { repeatTrial, type TrialResult } from "../support/trials/repeat-trial.js";

/** In this process, with the record in memory. */
function inMemory(seed: number, steps: number, planted?: Planted): Promise<TrialResult> {
	return repeatTrial({ folder: "", seed, steps, party: new LedgerParty(planted) });
}

describe("batches that anybody sends again, between keys that change, forks and a store that fails", () => {
	for (const seed of sample([1, 2, 3, 4, 5, 6, 7, 8])) {
		it(`are answered as the documents say (seed ${seed})`, async () => {
			const { faults, requests, counts } = await inMemory(seed, IS_WHOLE ? 200 : 100);
			assert.deepEqual(faults, []);
			assert.ok(requests > 100, `${requests} batches`);
			for (const kind of ["acknowledged", "refused", "failed", "unreadable"]) {
				assert.ok((counts[kind] ?? 0) > 0, `none is ${kind}`);
			}
		});
	}

	proof("are seen to be acknowledged for a key that is revoked", async () => {
		const { faults } = await inMemory(5, 200, "a memory that asks for no key");
		assert.match(faults.join("\n"), /owed was refusal 9; acknowledged/);
	});

	proof("are seen to be acknowledged before they are stored", async () => {
		const { faults } = await inMemory(1, 100, "an acknowledgement before the commit");
		assert.match(faults.join("\n"), /acknowledged what the database could not store/);
	});

	whole(
		"leave a collector's tables, metrics, log and verify as the documents say",
		async function () {
			this.timeout(300_000);
			const folder = mkdtempSync(join(tmpdir(), "bistrina-repeats-"));
			try {
				const { faults } = await repeatTrial({ folder, seed: 7, steps: 60 });
				assert.deepEqual(faults, []);
			} finally {
				rmSync(folder, { recursive: true, force: true });
			}
		},
	);
});
