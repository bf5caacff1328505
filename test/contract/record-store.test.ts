import { strict as assert } from "node:assert";
import type { CheckedBatch } from "../../src/collector/batch-writer.js";
import { MemoryRecordStore } from "../../src/collector/memory-record-store.js";
import { type RecordStore, SqlRecordStore } from "../../src/collector/record-store.js";
import { integerBelow, SeededChance } from "../../src/core/chance.js";
import { ChainMaker, sha256 } from "../support/chain-maker.js";
import { emptyStore } from "../support/shared-store.js";

/** A batch as the ledger hands it over, of a chain or of one that leaves it somewhere. */
function batchOf(
	maker: ChainMaker,
	first: number,
	last: number,
	floor: number,
	isChained: boolean,
	isLying = false,
) {
	const envelope = maker.envelope(first, last, { floor, isChained });
	const heads = maker.heads.slice(first - 1, last + 1);
	if (isLying) {
		// The same entries behind another past.
		heads[0] = new Uint8Array(32).fill(13);
		for (let at = 1; at < heads.length; at++) {
			const canonical = maker.entries[first + at - 2] ?? assert.fail();
			heads[at] = sha256(heads[at - 1] ?? assert.fail(), canonical);
		}
	}
	const checked: CheckedBatch = {
		batch: {
			station: maker.station,
			epoch: maker.epoch,
			first,
			floor,
			previous: isChained ? heads[0] : undefined,
			entries: maker.entries.slice(first - 1, last),
		},
		heads: isChained ? heads : undefined,
		gaps: [],
		hash: sha256(envelope, heads[0] ?? assert.fail()),
		envelope,
	};
	return checked;
}

describe("a record store", function () {
	this.timeout(90_000);

	it("in memory has the same outcomes as the SQL tables, batch by batch", async () => {
		for (let seed = 1; seed <= 12; seed++) {
			const sql: RecordStore = new SqlRecordStore(await emptyStore());
			const memory: RecordStore = new MemoryRecordStore();
			const chance = new SeededChance(seed);
			const honest = new ChainMaker().fill(59);
			const other = new ChainMaker().fill(20);
			other.append({ kind: "event", code: 9, detail: 0, text: "other" });
			other.fill(38);
			const outcomes = new Set<string>();
			for (let round = 0; round < 40; round++) {
				const maker = integerBelow(chance, 5) === 0 ? other : honest;
				const first = 1 + integerBelow(chance, 50);
				const last = Math.min(first + integerBelow(chance, 12), 60);
				const floor = 1 + integerBelow(chance, first);
				const isChained = integerBelow(chance, 6) > 0;
				const isLying = isChained && integerBelow(chance, 6) === 0;
				const batch = batchOf(maker, first, last, floor, isChained, isLying);
				const [inSql, inMemory] = [await sql.write(batch), await memory.write(batch)];
				assert.equal(inMemory.outcome, inSql.outcome, `seed ${seed}, round ${round}`);
				outcomes.add(inSql.outcome);
				if (inSql.outcome === "stored")
					assert.deepEqual(inMemory, inSql, `seed ${seed}, round ${round}`);
			}
			assert.ok(outcomes.size >= 2, `seed ${seed} tried nothing but ${[...outcomes]}`);
		}
	});

	it("in memory enrols and keeps evidence as the tables do", async () => {
		for (const store of [new SqlRecordStore(await emptyStore()), new MemoryRecordStore()]) {
			const { publicKey } = new ChainMaker().key;
			assert.equal(await store.keyOf("bor-1"), undefined);
			assert.equal(await store.enrol("bor-1", publicKey), true);
			assert.equal(await store.enrol("bor-1", publicKey), true);
			assert.equal(await store.enrol("bor-1", new Uint8Array(33).fill(2)), false);
			assert.deepEqual(await store.keyOf("bor-1"), publicKey);
		}
	});
});
