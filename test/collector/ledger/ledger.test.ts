import { strict as assert } from "node:assert";
import { isSignedBy, signingKeyOf, stationKeyOf } from "../../../src/collector/ledger/keys.js";
import { Ledger, type LedgerReport } from "../../../src/collector/ledger/ledger.js";
import { entriesOf, evidenceOf } from "../../../src/collector/store/query.js";
import type { SqlStore } from "../../../src/collector/store/store.js";
import { integerBelow, SeededRandom } from "../../../src/core/random.js";
import {
	type Answer,
	decodeAnswer,
	REFUSAL_CODES,
} from "../../../src/protocol/wire/acknowledgement.js";
import { decodeSign1 } from "../../../src/protocol/wire/cose.js";
import { emptyStore, recordOf } from "../../support/collectors/shared-store.js";
import { ChainMaker, sha256 } from "../../support/data/chain-maker.js";

const KEY = signingKeyOf(new Uint8Array(32).fill(9));
const NOW = 1_790_000_500;

/** The usual entries at first, then others under the same numbers. */
function otherFromFour(): ChainMaker {
	const maker = new ChainMaker();
	maker.fill(4);
	maker.append({ kind: "event", code: 2, detail: 99, text: "other" });
	maker.fill(20);
	return maker;
}

describe("the ledger", () => {
	let store: SqlStore;
	let ledger: Ledger;
	let reports: LedgerReport[];
	let maker: ChainMaker;

	const open = (): Ledger =>
		new Ledger({
			store,
			key: KEY,
			clock: { utcSeconds: NOW },
			onReport: (report) => reports.push(report),
		});

	before(async function () {
		// The embedded database is made once per run; its first start compiles 20 MB of WebAssembly.
		this.timeout(90_000);
		await emptyStore();
	});

	beforeEach(async () => {
		store = await emptyStore();
		reports = [];
		ledger = open();
		maker = new ChainMaker().fill(29);
		await ledger.enrol(maker.station, maker.key.publicKey);
	});

	/** The answer's content; its signature, station and hash are checked here for every test. */
	async function deliver(envelope: Uint8Array, to = ledger): Promise<Answer> {
		const { body } = await to.receive(envelope);
		const signed = decodeSign1(body);
		assert.ok(isSignedBy(stationKeyOf(KEY.publicKey), signed.toBeSigned, signed.signature));
		const answer = decodeAnswer(signed.payload);
		assert.deepEqual(answer.requestHash, sha256(envelope));
		assert.equal(answer.nowUtcSeconds, NOW);
		return answer;
	}

	async function expectRefusal(envelope: Uint8Array, reason: keyof typeof REFUSAL_CODES) {
		const answer = await deliver(envelope);
		assert.equal(answer.kind, "refusal");
		if (answer.kind === "refusal") assert.equal(answer.code, REFUSAL_CODES[reason]);
	}

	it("stores a batch and acknowledges up to its end", async () => {
		const answer = await deliver(maker.envelope(1, 12));
		assert.equal(answer.kind, "acknowledgement");
		if (answer.kind === "acknowledgement") {
			assert.equal(answer.cursor, 12);
			assert.deepEqual(answer.ranges, []);
		}
		const rows = await entriesOf(store, maker.station);
		assert.deepEqual(
			rows.map(({ canonicalBytes }) => canonicalBytes),
			maker.entries.slice(0, 12),
		);
	});

	it("takes the newest batch first, names it as a range, and joins it when the rest has come", async () => {
		const newest = await deliver(maker.envelope(21, 30));
		assert.ok(newest.kind === "acknowledgement");
		assert.deepEqual([newest.cursor, newest.ranges], [0, [{ first: 21, last: 30 }]]);
		const oldest = await deliver(maker.envelope(1, 10));
		assert.ok(oldest.kind === "acknowledgement");
		assert.deepEqual([oldest.cursor, oldest.ranges], [10, [{ first: 21, last: 30 }]]);
		const middle = await deliver(maker.envelope(11, 20));
		assert.ok(middle.kind === "acknowledgement");
		assert.deepEqual([middle.cursor, middle.ranges], [30, []]);
	});

	it("counts entries that came before, and stores a batch that was cut differently once", async () => {
		await ledger.receive(maker.envelope(1, 12));
		const again = await ledger.receive(maker.envelope(1, 12));
		assert.equal(again.duplicateCount, 12);
		const overlapping = await ledger.receive(maker.envelope(5, 20));
		assert.equal(overlapping.status, 200);
		assert.equal(overlapping.duplicateCount, 8);
		assert.equal((await entriesOf(store, maker.station)).length, 20);
	});

	it("makes the same tables whatever order batches come in and however often", async () => {
		const envelopes: Uint8Array[] = [];
		for (let first = 1; first <= 30; first += 6) envelopes.push(maker.envelope(first, first + 5));
		for (const envelope of envelopes) await ledger.receive(envelope);
		const inOrder = await recordOf(store);
		assert.match(inOrder, /coverage\n\(bor-1,7,1,30\)\n/);
		for (let seed = 1; seed <= 5; seed++) {
			store = await emptyStore();
			const other = open();
			await other.enrol(maker.station, maker.key.publicKey);
			const random = new SeededRandom(seed);
			const thrice = [...envelopes, ...envelopes, ...envelopes];
			while (thrice.length > 0) {
				const [envelope] = thrice.splice(integerBelow(random, thrice.length), 1);
				if (envelope !== undefined) assert.equal((await other.receive(envelope)).status, 200);
			}
			assert.equal(await recordOf(store), inOrder, `seed ${seed}`);
		}
	});

	it("refuses a stranger and a wrong signature and mixes nothing of them into the record", async () => {
		await expectRefusal(new ChainMaker("pek-1").envelope(1, 1), "unknown-station");
		await expectRefusal(new ChainMaker("bor-1", 7, 2).envelope(1, 1), "bad-signature");
		const flipped = maker.envelope(1, 5);
		flipped[flipped.length - 1] = (flipped[flipped.length - 1] ?? 0) ^ 1;
		await expectRefusal(flipped, "bad-signature");
		assert.deepEqual(await entriesOf(store, "bor-1"), []);
		// Of the stranger nothing is kept, of the forgeries in an enrolled name a few.
		const reasons = (await evidenceOf(store)).map(({ reason }) => reason);
		assert.deepEqual(reasons, ["bad-signature", "bad-signature"]);
		assert.equal(reports.length, 3);
	});

	it("keeps the same number with other contents as evidence, never in the record", async () => {
		await deliver(maker.envelope(1, 12));
		const before = await recordOf(store);
		const liar = otherFromFour();
		await expectRefusal(liar.envelope(4, 20), "conflicting-content");
		assert.equal(await recordOf(store), before);
		const [evidence] = await evidenceOf(store);
		assert.equal(evidence?.reason, "conflicting-content");
	});

	it("calls a fork when a batch continues another chain", async () => {
		await deliver(maker.envelope(1, 12));
		const before = await recordOf(store);
		const fork = otherFromFour();
		await expectRefusal(fork.envelope(13, 20), "fork");
		assert.equal(await recordOf(store), before);
	});

	it("finds the fork also when the newer part came first", async () => {
		const fork = otherFromFour();
		await deliver(fork.envelope(13, 20));
		await expectRefusal(maker.envelope(1, 12), "fork");
	});

	it("refuses an epoch that does not begin at its own h(0)", async () => {
		maker.heads[0] = new Uint8Array(32).fill(5);
		await expectRefusal(maker.envelope(1, 3), "fork");
	});

	it("takes a delivered gap as what it covers and continues after it", async () => {
		await deliver(maker.envelope(1, 10));
		const sequence = maker.append({
			kind: "gap",
			from: 11,
			to: 25,
			reason: 0,
			lostEpoch: 0,
			resume: maker.heads[25] ?? new Uint8Array(32),
		});
		const answer = await deliver(maker.envelope(26, sequence, { floor: 26 }));
		assert.ok(answer.kind === "acknowledgement");
		assert.equal(answer.cursor, sequence);
	});

	it("refuses a gap that resumes with a head the chain denies", async () => {
		await deliver(maker.envelope(1, 25));
		const sequence = maker.append({
			kind: "gap",
			from: 11,
			to: 25,
			reason: 0,
			lostEpoch: 0,
			resume: new Uint8Array(32).fill(3),
		});
		await expectRefusal(maker.envelope(26, sequence), "fork");
	});

	it("does not hold back a station that released what this collector lost", async () => {
		const answer = await deliver(maker.envelope(21, 30, { floor: 21 }));
		assert.ok(answer.kind === "acknowledgement");
		assert.equal(answer.cursor, 30);
	});

	it("takes a floor of 0, which says nothing, and answers with a cursor of 0 at least", async () => {
		const middle = await deliver(maker.envelope(5, 8, { floor: 0 }));
		assert.ok(middle.kind === "acknowledgement");
		assert.deepEqual([middle.cursor, middle.ranges], [0, [{ first: 5, last: 8 }]]);
		const beginning = await deliver(maker.envelope(1, 2, { floor: 0 }));
		assert.ok(beginning.kind === "acknowledgement");
		assert.deepEqual([beginning.cursor, beginning.ranges], [2, [{ first: 5, last: 8 }]]);
	});

	it("has the cursor of a station that says no floor after its first entries, whatever came beyond", async () => {
		await deliver(maker.envelope(1, 2, { floor: 0 }));
		for (const at of [5, 8, 11, 14, 17]) await deliver(maker.envelope(at, at, { floor: 0 }));
		const answer = await deliver(maker.envelope(20, 20, { floor: 0 }));
		assert.ok(answer.kind === "acknowledgement");
		assert.equal(answer.cursor, 2);
		assert.deepEqual(
			answer.ranges.map(({ first }) => first),
			[11, 14, 17, 20],
		);
	});

	it("stores what is signed but not chained, and vouches for no head of it", async () => {
		const answer = await deliver(maker.envelope(1 + 1, 5, { isChained: false }));
		assert.ok(answer.kind === "acknowledgement");
		const heads = await store.query("select * from heads");
		assert.deepEqual(heads, []);
	});

	it("answers noise with 400 and a reason, and does not fall over", async () => {
		const random = new SeededRandom(4);
		for (let round = 0; round < 200; round++) {
			const noise = new Uint8Array(integerBelow(random, 300));
			for (let index = 0; index < noise.length; index++) noise[index] = random.uint32();
			const { status, body } = await ledger.receive(noise);
			assert.equal(status, 400);
			assert.ok(body.length > 5);
		}
	});

	it("will not give a station's id to another key", async () => {
		await assert.rejects(ledger.enrol("bor-1", KEY.publicKey), /enrolled with another key/);
	});
});
