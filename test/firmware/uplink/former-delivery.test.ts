import { strict as assert } from "node:assert";
import { keyedHash, keyedHashPublicKey } from "../../../sim/keys/keyed-hash-signer.js";
import { hexOf } from "../../../src/core/bytes.js";
import { createSha256 } from "../../../src/core/sha256.js";
import { decodeBatch } from "../../../src/protocol/wire/batch.js";
import { decodeSign1 } from "../../../src/protocol/wire/cose.js";
import { MemorySource, TestCollector, UplinkBench } from "../../support/bench/uplink-bench.js";

/** A station that took over from two former keys, and what a collector holds of each epoch. */
class TakenOver {
	readonly bench = new UplinkBench();
	readonly oldest = new MemorySource(51);
	readonly former = new MemorySource(52);
	/** Epoch, first and last of every batch, in order of arrival, and the key id that it names. */
	readonly arrived: string[] = [];
	readonly collectors = new Map<number, TestCollector>();
	/** An epoch that the collector refuses. */
	refused: number | undefined;

	constructor() {
		this.bench.formers = [this.oldest, this.former];
		this.bench.collector.onRequest = (request) => {
			const { payload, signature, toBeSigned, keyId } = decodeSign1(request.body);
			const { epoch, first, entries } = decodeBatch(payload);
			const sha256 = createSha256();
			const own = keyedHashPublicKey(Uint8Array.of(1), sha256);
			assert.deepEqual(signature, keyedHash(own, sha256(toBeSigned), sha256));
			if (keyId !== undefined) assert.deepEqual(keyId, sha256(own).slice(0, 8));
			const whose = keyId === undefined ? "own key" : "later key";
			this.arrived.push(`${epoch}/${first}-${first + entries.length - 1} ${whose}`);
			if (epoch === this.refused) {
				return this.bench.collector.sign({
					kind: "refusal",
					station: "bor-1",
					epoch,
					requestHash: sha256(request.body),
					nowUtcSeconds: 1_800_000_000,
					nextSeconds: 0,
					code: 4,
				});
			}
			if (epoch === this.bench.source.epoch) return undefined;
			const known = this.collectors.get(epoch);
			const collector = known ?? new TestCollector(this.bench.clock);
			this.collectors.set(epoch, collector);
			return collector.receive(request);
		};
	}

	heldOf(source: MemorySource): boolean {
		const held = this.collectors.get(source.epoch)?.stored;
		for (let sequence = 1; sequence < source.nextSequence; sequence++) {
			const entry = source.entry(sequence);
			if (entry === undefined || held?.get(sequence) !== hexOf(entry)) return false;
		}
		return true;
	}
}

describe("what a former key had not delivered", () => {
	it("goes after the present epoch, oldest first, signed by the present key with its id", () => {
		const taken = new TakenOver();
		const { bench, oldest, former, arrived } = taken;
		oldest.grow(30);
		former.grow(200);
		bench.source.grow(100);
		const outcome = bench.session();
		assert.deepEqual(arrived, [
			`${bench.source.epoch}/5-100 own key`,
			`${bench.source.epoch}/1-4 own key`,
			"51/1-30 later key",
			"52/1-96 later key",
			"52/97-192 later key",
			"52/193-200 later key",
		]);
		assert.deepEqual(
			[outcome.end, outcome.batches, outcome.hasBacklog],
			["acknowledged", 6, false],
		);
		assert.deepEqual([oldest.cursor, former.cursor, bench.source.cursor], [30, 200, 100]);
		assert.ok(taken.heldOf(oldest) && taken.heldOf(former));
	});

	it("continues where it was broken off, and alone when nothing else waits", () => {
		const taken = new TakenOver();
		const { bench, former } = taken;
		former.grow(150);
		const before = bench.collector.onRequest;
		let requests = 0;
		bench.collector.onRequest = (request) =>
			++requests === 2 ? new Error("the link is gone") : before?.(request);
		assert.deepEqual([bench.session().hasBacklog, former.cursor], [true, 96]);
		assert.equal(bench.session().end, "acknowledged");
		assert.equal(former.cursor, 150);
		assert.ok(taken.heldOf(former));
		assert.deepEqual(taken.arrived, ["52/1-96 later key", "52/97-150 later key"]);
		assert.equal(bench.session().end, "idle");
	});

	it("is left for later where it is refused, and holds back nothing of what is recorded now", () => {
		const taken = new TakenOver();
		const { bench, oldest, former } = taken;
		taken.refused = 51;
		oldest.grow(10);
		former.grow(10);
		bench.source.grow(10);
		const outcome = bench.session();
		assert.equal(outcome.end, "acknowledged");
		assert.equal(bench.uplink.isRefused, false);
		assert.deepEqual([oldest.cursor, former.cursor, bench.source.cursor], [0, 10, 10]);
		assert.deepEqual(
			bench.reports.filter(({ code }) => code === "collector-refused"),
			[{ code: "collector-refused", detail: 4, text: "epoch 51: conflicting-content" }],
		);
		assert.ok(taken.heldOf(former));
	});

	it("is released by no answer that reaches beyond it", () => {
		const taken = new TakenOver();
		const { bench, former } = taken;
		former.grow(10);
		const collector = new TestCollector(bench.clock);
		collector.onAnswer = (answer) => ({ ...answer, cursor: 11 });
		taken.collectors.set(52, collector);
		const outcome = bench.session();
		assert.equal(outcome.code, "acknowledgement-beyond");
		assert.equal(former.cursor, 0);
	});
});
