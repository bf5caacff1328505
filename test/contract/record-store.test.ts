import { strict as assert } from "node:assert";
import { onlyKey } from "../../src/collector/ledger/station-keys.js";
import type { CheckedBatch, StoreOutcome } from "../../src/collector/store/batch-writer.js";
import { type RecordStore, SqlRecordStore } from "../../src/collector/store/record-store.js";
import type { SqlRow } from "../../src/collector/store/store.js";
import { integerBelow, SeededRandom } from "../../src/core/random.js";
import { keyIdOf } from "../../src/protocol/wire/cose.js";
import { MemoryRecordStore } from "../support/collectors/memory-record-store.js";
import { emptyStore } from "../support/collectors/shared-store.js";
import { ChainMaker, sha256 } from "../support/data/chain-maker.js";
import { recordText } from "../support/data/record-text.js";
import { IS_WHOLE, whole } from "../support/depth.js";

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
		// The same entries after another past.
		heads[0] = new Uint8Array(32).fill(13);
		for (let at = 1; at < heads.length; at++) {
			const canonicalBytes = maker.entries[first + at - 2] ?? assert.fail();
			heads[at] = sha256(heads[at - 1] ?? assert.fail(), canonicalBytes);
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
		content: sha256(envelope, heads[0] ?? assert.fail(), envelope),
		envelope,
		owner: maker.key.publicKey,
		signedBy: keyIdOf(sha256, maker.key.publicKey),
	};
	return checked;
}

/**
 * Groups as the writer sends them, sorted by place: of five stations, mostly the next batch of each,
 * often the one after that beside it; also again, unchained, of another chain, with a gap.
 */
function randomGroups(random: SeededRandom): CheckedBatch[][] {
	const stations = ["s1", "s2", "s3", "s4", "null"].map((name) => {
		const honest = new ChainMaker(name).fill(150);
		const other = new ChainMaker(name).fill(12);
		other.append({ kind: "event", code: 9, detail: 0, text: "other" });
		return { honest, other: other.fill(137), next: 1 };
	});
	return Array.from({ length: 24 }, () => {
		const group: CheckedBatch[] = [];
		for (const station of stations) {
			for (let count = integerBelow(random, 4); count > 0; count--) {
				const isNext = integerBelow(random, 4) > 0;
				const first = isNext ? station.next : 1 + integerBelow(random, station.next + 10);
				const last = first + integerBelow(random, 6);
				const maker = integerBelow(random, 12) === 0 ? station.other : station.honest;
				const isChained = integerBelow(random, 8) > 0;
				const isLying = isChained && integerBelow(random, 12) === 0;
				const floor = 1 + integerBelow(random, first);
				const checked = batchOf(maker, first, last, floor, isChained, isLying);
				const hasGap = first > 1 && integerBelow(random, 8) === 0;
				const to = hasGap ? 1 + integerBelow(random, first - 1) : 0;
				const resume = maker.heads[to] ?? assert.fail();
				const gaps = hasGap ? [gapOf(first, Math.max(to - 2, 1), to, resume)] : [];
				group.push({ ...checked, gaps });
				if (isNext && last < 140) station.next = last + 1;
			}
		}
		return group
			.slice(0, 16)
			.sort((a, b) =>
				a.batch.station === b.batch.station
					? a.batch.first - b.batch.first
					: a.batch.station < b.batch.station
						? -1
						: 1,
			);
	});
}

function gapOf(sequence: number, from: number, to: number, resume: Uint8Array) {
	const header = { channelSet: 0, timeQuality: 1, epoch: 7, sequence, boot: 1 };
	const draftHeader = { uptimeSeconds: 1, utcSeconds: 1, configurationId: 1, stationFlags: 0 };
	return {
		...header,
		...draftHeader,
		kind: "gap",
		lostEpoch: 0,
		from,
		to,
		reason: 0,
		resume,
	} as const;
}

describe("a record store", function () {
	this.timeout(90_000);

	it("says of any number of ranges only those that an answer needs, in memory and in SQL", async () => {
		const maker = new ChainMaker().fill(300);
		for (const store of [new SqlRecordStore(await emptyStore()), new MemoryRecordStore()]) {
			// Every other entry: a range for each.
			const apart = Array.from({ length: 145 }, (_, index) => 10 + 2 * index);
			await Promise.all(apart.map((at) => store.write(batchOf(maker, at, at, 9, false))));
			const last = await store.write(batchOf(maker, 300, 300, 100, false));
			assert.deepEqual(last.rangeFirsts, [100, 292, 294, 296, 298, 300]);
			assert.deepEqual(last.rangeLasts, last.rangeFirsts);
			// One that joins two, and one that joins what is far below.
			const joined = await store.write(batchOf(maker, 297, 297, 100, false));
			assert.deepEqual(joined.rangeFirsts, [100, 290, 292, 294, 296, 300]);
			assert.deepEqual(joined.rangeLasts, [100, 290, 292, 294, 298, 300]);
			const over = await store.write(batchOf(maker, 50, 200, 100, false));
			assert.deepEqual(over.rangeFirsts, [50, 290, 292, 294, 296, 300]);
			assert.deepEqual(over.rangeLasts, [200, 290, 292, 294, 298, 300]);
		}
	});

	it("covers many gaps by one statement as it covers them one by one", async () => {
		const store = await emptyStore();
		const random = new SeededRandom(1);
		for (let round = 0; round < 20; round++) {
			const gaps = Array.from({ length: 1 + integerBelow(random, 12) }, () => {
				const first = 1 + integerBelow(random, 60);
				return [1 + integerBelow(random, 2), first, first + integerBelow(random, 4)] as const;
			});
			const columns = [0, 1, 2].map((at) => gaps.map((gap) => gap[at]));
			await store.query(
				"select bistrina_cover_all('all', $1::bigint[], $2::bigint[], $3::bigint[])",
				columns,
			);
			for (const gap of gaps) {
				await store.query("select bistrina_cover('one', $1, $2, $3)", [...gap]);
			}
			const rangesOf = (station: string): Promise<SqlRow[]> =>
				store.query(
					"select epoch, first, last from coverage where station = $1 order by epoch, first",
					[station],
				);
			assert.deepEqual(await rangesOf("all"), await rangesOf("one"), `round ${round}`);
			// Now and then from the beginning, so that much is not covered yet.
			if (round % 4 === 3) await store.execute("delete from coverage");
		}
		await store.query(
			"select bistrina_cover_all('one', '{1,1,2,1}', '{10,12,11,14}', '{10,12,11,20}')",
		);
		await store.query("select bistrina_cover_all('one', '{1,1}', '{11,30}', '{11,40}')");
		assert.deepEqual(await store.query("select epoch, first, last from coverage order by 1, 2"), [
			{ epoch: 1, first: 10, last: 12 },
			{ epoch: 1, first: 14, last: 20 },
			{ epoch: 1, first: 30, last: 40 },
			{ epoch: 2, first: 11, last: 11 },
		]);
	});

	it("in memory has the same outcomes as the SQL tables, batch by batch", async () => {
		for (let seed = 1; seed <= (IS_WHOLE ? 12 : 2); seed++) {
			const sql: RecordStore = new SqlRecordStore(await emptyStore());
			const memory: RecordStore = new MemoryRecordStore();
			const random = new SeededRandom(seed);
			const honest = new ChainMaker().fill(59);
			const other = new ChainMaker().fill(20);
			other.append({ kind: "event", code: 9, detail: 0, text: "other" });
			other.fill(38);
			const outcomes = new Set<string>();
			for (let round = 0; round < 40; round++) {
				const maker = integerBelow(random, 5) === 0 ? other : honest;
				const first = 1 + integerBelow(random, 50);
				const last = Math.min(first + integerBelow(random, 12), 60);
				const floor = 1 + integerBelow(random, first);
				const isChained = integerBelow(random, 6) > 0;
				const isLying = isChained && integerBelow(random, 6) === 0;
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

	whole("in SQL stores batches together as it stores them one by one", async () => {
		const outcomes = new Map<string, number>();
		for (let seed = 1; seed <= (IS_WHOLE ? 8 : 4); seed++) {
			const groups = randomGroups(new SeededRandom(seed));
			const alone: StoreOutcome[] = [];
			const store = await emptyStore();
			const records = new SqlRecordStore(store);
			for (const checked of groups.flat()) alone.push(await records.write(checked));
			const tablesAlone = await recordText(store);
			const together: StoreOutcome[] = [];
			await emptyStore();
			// A group that fails is written one by one: that would hide what is looked for.
			let failures = 0;
			const again = new SqlRecordStore({
				...store,
				query: (text, parameters) =>
					store.query(text, parameters).catch((error: unknown) => {
						failures++;
						throw error;
					}),
			});
			for (const group of groups) {
				together.push(...(await Promise.all(group.map((checked) => again.write(checked)))));
			}
			assert.equal(failures, 0, `seed ${seed}`);
			assert.deepEqual(together, alone, `seed ${seed}`);
			assert.equal(await recordText(store), tablesAlone, `seed ${seed}`);
			for (const { outcome, held } of alone) {
				const kind = held > 0 ? `${outcome} and held` : outcome;
				outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
			}
		}
		for (const kind of ["stored", "stored and held", "conflict and held", "fork"]) {
			assert.ok((outcomes.get(kind) ?? 0) >= 20, `${kind}: ${outcomes.get(kind)}`);
		}
	});

	it("in memory enrols and keeps evidence as the tables do", async () => {
		for (const store of [new SqlRecordStore(await emptyStore()), new MemoryRecordStore()]) {
			const first = onlyKey(new ChainMaker().key.publicKey);
			const other = onlyKey(new ChainMaker("bor-1", 7, 2).key.publicKey);
			assert.deepEqual(await store.keysOf("bor-1"), []);
			assert.equal(await store.setKeys("bor-1", [first]), undefined);
			assert.equal(await store.setKeys("bor-1", [first]), undefined);
			assert.match(
				(await store.setKeys("bor-1", [other])) ?? "",
				/^station bor-1 is enrolled with another key than 0\w{11}\.\.\.; to replace the key, leave its line/,
			);
			assert.deepEqual(await store.keysOf("bor-1"), [first]);
			const enrolled = { atUtcSeconds: 1_790_000_000, by: "amina", why: "board replaced" };
			const later = { ...other, enrolled };
			assert.equal(await store.setKeys("bor-1", [later]), undefined);
			const revoked = { atUtcSeconds: 1_790_000_001, by: "amina", why: "board lost" };
			const gone = { ...first, revoked };
			assert.equal(await store.setKeys("bor-1", [gone, later]), undefined);
			assert.deepEqual(await store.keysOf("bor-1"), [gone, later]);
			// What is recorded is neither taken back nor changed nor put into another order.
			const otherwise = { ...later, enrolled: { ...enrolled, why: "stolen" } };
			for (const [keys, text] of [
				[[first], /recorded as revoked from .* by "amina", "board lost", and that stays/],
				[[later, gone], /stands after a key that came after it/],
				[[otherwise], /recorded as from .* "board replaced", and that stays/],
			] as const) {
				assert.match((await store.setKeys("bor-1", keys)) ?? "", text);
				assert.deepEqual(await store.keysOf("bor-1"), [gone, later]);
			}
		}
	});
});
