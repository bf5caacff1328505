import { strict as assert } from "node:assert";
import { BatchWriter, type CheckedBatch } from "../../../src/collector/store/batch-writer.js";
import type { SqlRow, SqlStore } from "../../../src/collector/store/store.js";

/** A store that answers when told to, and fails for stations of a name. */
class HeldStore {
	readonly name: SqlStore["name"];
	/** Stations of each statement, in the order of its rows. */
	readonly statements: string[][] = [];
	readonly #pending: (() => void)[] = [];
	readonly #poison: string | undefined;

	constructor(poison?: string, name: SqlStore["name"] = "pglite") {
		this.#poison = poison;
		this.name = name;
	}

	query(_text: string, parameters: readonly unknown[] = []): Promise<SqlRow[]> {
		const stations = parameters[0] as string[];
		this.statements.push(stations);
		return new Promise((resolve, reject) => {
			this.#pending.push(() => {
				if (this.#poison !== undefined && stations.includes(this.#poison)) {
					reject(new Error("poisoned"));
					return;
				}
				resolve(stations.map((_, place) => ({ place, outcome: "stored", held: 0, floor_held: 1 })));
			});
		});
	}

	/** Answers everything until nothing is asked any more. */
	async settle(): Promise<void> {
		for (let turn = 0; turn < 100; turn++) {
			this.#pending.shift()?.();
			await aTurn();
		}
	}

	asStore(): SqlStore {
		return this as unknown as SqlStore;
	}
}

function aTurn(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}

/** A batch of a station that names so many gaps. */
function gappedOf(station: string, count: number): CheckedBatch {
	const header = {
		channelSet: 0,
		timeQuality: 0,
		epoch: 1,
		sequence: 1,
		boot: 1,
		uptimeSeconds: 0,
	};
	const entry = { ...header, utcSeconds: 0, configurationId: 0, stationFlags: 0 };
	const gap = { ...entry, kind: "gap" as const, reason: 0, resume: new Uint8Array(32) };
	const gaps = Array.from({ length: count }, (_, index) => {
		return { ...gap, from: 2 * index, to: 2 * index, lostEpoch: 0 };
	});
	return { ...checkedOf(station), gaps };
}

function checkedOf(station: string, first = 1): CheckedBatch {
	const previous = new Uint8Array(32);
	const entries = [new Uint8Array(28)];
	return {
		batch: { station, epoch: 1, first, floor: 1, previous, entries },
		heads: [previous, previous],
		gaps: [],
		hash: previous,
		content: previous,
		envelope: new Uint8Array(100),
		owner: undefined,
		signedBy: new Uint8Array(8),
	};
}

describe("batch writer", () => {
	it("sends together what came while it was busy, in one order", async () => {
		const store = new HeldStore();
		const writer = new BatchWriter(store.asStore());
		const written = [writer.write(checkedOf("m"))];
		while (store.statements.length === 0) await aTurn();
		for (const name of ["z", "a", "k"]) written.push(writer.write(checkedOf(name)));
		await store.settle();
		assert.deepEqual(store.statements, [["m"], ["a", "k", "z"]]);
		const outcomes = (await Promise.all(written)).map(({ outcome }) => outcome);
		assert.deepEqual(outcomes, ["stored", "stored", "stored", "stored"]);
	});

	it("takes at most sixteen together", async () => {
		const store = new HeldStore();
		const writer = new BatchWriter(store.asStore());
		const written = Array.from({ length: 40 }, (_, index) => writer.write(checkedOf(`s${index}`)));
		await store.settle();
		await Promise.all(written);
		assert.deepEqual(
			store.statements.map(({ length }) => length),
			[16, 16, 8],
		);
	});

	it("stores a batch of many gaps alone, and between two such the others that wait", async () => {
		const store = new HeldStore();
		const writer = new BatchWriter(store.asStore());
		const written = [writer.write(checkedOf("m"))];
		while (store.statements.length === 0) await aTurn();
		for (const name of ["x", "y", "z"]) written.push(writer.write(gappedOf(name, 17)));
		for (const name of ["b", "a"]) written.push(writer.write(checkedOf(name)));
		written.push(writer.write(gappedOf("few", 16)));
		await store.settle();
		assert.deepEqual(store.statements, [["m"], ["x"], ["a", "b", "few"], ["y"], ["z"]]);
		assert.equal((await Promise.all(written)).length, 7);
	});

	it("stores one batch of many gaps at a time where the database takes several statements", async () => {
		const store = new HeldStore(undefined, "postgresql");
		const writer = new BatchWriter(store.asStore());
		const written = ["x", "y", "z"].map((name) => writer.write(gappedOf(name, 288)));
		for (let turn = 0; turn < 10; turn++) await aTurn();
		assert.deepEqual(store.statements, [["x"]]);
		written.push(writer.write(checkedOf("a")));
		for (let turn = 0; turn < 10; turn++) await aTurn();
		assert.deepEqual(store.statements, [["x"], ["a"]]);
		await store.settle();
		assert.deepEqual(store.statements, [["x"], ["a"], ["y"], ["z"]]);
		await Promise.all(written);
	});

	it("lets only the batch fail that makes its group fail", async () => {
		const store = new HeldStore("bad");
		const writer = new BatchWriter(store.asStore());
		const written = ["first", "bad", "good", "fine"].map((name) => writer.write(checkedOf(name)));
		const settled = Promise.allSettled(written);
		await store.settle();
		assert.deepEqual(
			(await settled).map(({ status }) => status),
			["fulfilled", "rejected", "fulfilled", "fulfilled"],
		);
	});

	it("turns away what comes when too many are waiting", async () => {
		const store = new HeldStore();
		const writer = new BatchWriter(store.asStore());
		const written = Array.from({ length: 5000 }, () => writer.write(checkedOf("s")));
		await assert.rejects(writer.write(checkedOf("late")), /5000 batches are waiting/);
		void Promise.allSettled(written);
	});
});
