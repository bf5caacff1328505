import { strict as assert } from "node:assert";
import { BatchWriter, type CheckedBatch } from "../../../src/collector/store/batch-writer.js";
import type { SqlRow, SqlStore } from "../../../src/collector/store/store.js";

/** A store that answers when told to, and fails for stations of a name. */
class HeldStore {
	readonly name = "pglite";
	/** Stations of each statement, in the order of its rows. */
	readonly statements: string[][] = [];
	readonly #answers: (() => void)[] = [];
	readonly #poison: string | undefined;

	constructor(poison?: string) {
		this.#poison = poison;
	}

	query(_text: string, parameters: readonly unknown[] = []): Promise<SqlRow[]> {
		const stations = parameters[0] as string[];
		this.statements.push(stations);
		return new Promise((resolve, reject) => {
			this.#answers.push(() => {
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
			this.#answers.shift()?.();
			await new Promise((resolve) => setImmediate(resolve));
		}
	}

	asStore(): SqlStore {
		return this as unknown as SqlStore;
	}
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
		while (store.statements.length === 0) await new Promise((resolve) => setImmediate(resolve));
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
