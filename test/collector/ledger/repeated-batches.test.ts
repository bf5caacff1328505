import { strict as assert } from "node:assert";
import { signingKeyOf } from "../../../src/collector/ledger/keys.js";
import { Ledger, type LedgerAnswer } from "../../../src/collector/ledger/ledger.js";
import { RepeatedBatches } from "../../../src/collector/ledger/repeated-batches.js";
import { StationGate } from "../../../src/collector/ledger/station-gate.js";
import { onlyKey, type StationKey } from "../../../src/collector/ledger/station-keys.js";
import type { SqlStore } from "../../../src/collector/store/store.js";
import { decodeAnswer } from "../../../src/protocol/wire/acknowledgement.js";
import { decodeSign1 } from "../../../src/protocol/wire/cose.js";
import { MemoryRecordStore } from "../../support/collectors/memory-record-store.js";
import { emptyStore } from "../../support/collectors/shared-store.js";
import { ChainMaker, sha256 } from "../../support/data/chain-maker.js";

const KEY = signingKeyOf(new Uint8Array(32).fill(9));
const NOW = 1_790_000_500;
const STRANGER = { address: "203.0.113.9", station: undefined };

function acknowledgementOf({ body }: LedgerAnswer) {
	const answer = decodeAnswer(decodeSign1(body).payload);
	assert.equal(answer.kind, "acknowledgement");
	return answer.kind === "acknowledgement" ? answer : assert.fail();
}

describe("a public batch that strangers send again", () => {
	let statements = 0;
	let clock = { utcSeconds: NOW };
	let ledger: Ledger;
	let maker: ChainMaker;

	before(async function () {
		this.timeout(90_000);
		await emptyStore();
	});

	beforeEach(async () => {
		const store = await emptyStore();
		const counted: SqlStore = {
			name: store.name,
			execute: (text) => store.execute(text),
			transaction: (work) => store.transaction(work),
			close: () => store.close(),
			query: (...given) => {
				statements++;
				return store.query(...given);
			},
		};
		clock = { utcSeconds: NOW };
		ledger = new Ledger({ store: counted, key: KEY, clock });
		maker = new ChainMaker().fill(29);
		await ledger.enrol(maker.station, maker.key.publicKey);
		await ledger.receive(maker.envelope(1, 12), {
			address: "192.0.2.1",
			station: maker.station,
		});
		statements = 0;
	});

	it("is written once a minute, and answered as of now without a statement in between", async () => {
		const envelope = maker.envelope(1, 12);
		const first = await ledger.receive(envelope, STRANGER);
		assert.deepEqual(
			[acknowledgementOf(first).cursor, first.duplicateCount, first.entryCount],
			[12, 12, 12],
		);
		const once = statements;
		assert.ok(once > 0);
		for (let second = 0; second < 60; second++) {
			clock.utcSeconds = NOW + second;
			const again = await ledger.receive(envelope, {
				...STRANGER,
				address: `198.51.100.${second}`,
			});
			assert.deepEqual(acknowledgementOf(again).requestHash, sha256(envelope));
			assert.equal(acknowledgementOf(again).nowUtcSeconds, NOW + second);
			assert.equal(again.provenBy, undefined);
		}
		assert.equal(statements, once);
		clock.utcSeconds = NOW + 60;
		await ledger.receive(envelope, STRANGER);
		assert.ok(statements > once);
	});

	it("is taken from its station as it always was", async () => {
		const envelope = maker.envelope(1, 12);
		await ledger.receive(envelope, STRANGER);
		await ledger.receive(maker.envelope(13, 20), STRANGER);
		const before = statements;
		const own = await ledger.receive(envelope, { address: "192.0.2.1", station: maker.station });
		assert.equal(acknowledgementOf(own).cursor, 20);
		assert.ok(statements > before);
	});

	it("is looked at anew when another byte of it differs, and refused after its key was revoked", async () => {
		const envelope = maker.envelope(1, 12);
		await ledger.receive(envelope, STRANGER);
		const forged = envelope.slice();
		forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
		assert.equal((await ledger.receive(forged, STRANGER)).status, 422);
		const { publicKey } = maker.key;
		const revoked = { atUtcSeconds: NOW, by: "amina", why: "board lost" };
		const key = { ...onlyKey(publicKey), revoked };
		assert.equal(await ledger.setKeys(maker.station, [key]), undefined);
		assert.equal((await ledger.receive(envelope, STRANGER)).status, 422);
	});
});

describe("a key that is revoked while a public batch of it is written once more", () => {
	it("has nothing remembered of it", async () => {
		const store = await emptyStore();
		const maker = new ChainMaker().fill(12);
		const { publicKey } = maker.key;
		let revoke: (() => Promise<unknown>) | undefined;
		const ledger: Ledger = new Ledger({
			...{ store, key: KEY, clock: { utcSeconds: NOW } },
			onStored: async () => {
				await revoke?.();
			},
		});
		await ledger.enrol(maker.station, publicKey);
		const envelope = maker.envelope(1, 12);
		await ledger.receive(envelope, { address: "192.0.2.1", station: maker.station });
		const revoked = { atUtcSeconds: NOW, by: "amina", why: "board lost" };
		revoke = () => ledger.setKeys(maker.station, [{ ...onlyKey(publicKey), revoked }]);
		assert.equal((await ledger.receive(envelope, STRANGER)).status, 200);
		assert.equal((await ledger.receive(envelope, STRANGER)).status, 422);
	});
});

describe("a key that another collector on the same database revoked", () => {
	it("is answered for no longer than a minute, however late its batch was written once more", async () => {
		const store = await emptyStore();
		const maker = new ChainMaker().fill(12);
		const { publicKey } = maker.key;
		const clock = { utcSeconds: NOW };
		const here = new Ledger({ store, key: KEY, clock });
		const there = new Ledger({ store, key: KEY, clock });
		await here.enrol(maker.station, publicKey);
		const envelope = maker.envelope(1, 12);
		// Keys are looked up here for the last time before the other one has them otherwise.
		await here.receive(envelope, { address: "192.0.2.1", station: maker.station });
		const revoked = { atUtcSeconds: NOW, by: "amina", why: "board lost" };
		await there.setKeys(maker.station, [{ ...onlyKey(publicKey), revoked }]);
		clock.utcSeconds = NOW + 59;
		assert.equal((await here.receive(envelope, STRANGER)).status, 200);
		clock.utcSeconds = NOW + 61;
		assert.equal((await here.receive(envelope, STRANGER)).status, 422);
	});
});

describe("a key that is revoked while keys are being looked up", () => {
	it("delivers nothing more from then on", async () => {
		const maker = new ChainMaker().fill(12);
		const { publicKey } = maker.key;
		let held: Promise<void> | undefined;
		class SlowStore extends MemoryRecordStore {
			override async keysOf(station: string): Promise<readonly StationKey[]> {
				const keys = await super.keysOf(station);
				await held;
				return keys;
			}
		}
		const ledger = new Ledger({ store: new SlowStore(), key: KEY, clock: { utcSeconds: NOW } });
		await ledger.enrol(maker.station, publicKey);
		let release: (() => void) | undefined;
		held = new Promise((resolve) => {
			release = resolve;
		});
		const early = ledger.receive(maker.envelope(1, 6));
		// Its look-up has read the list before the revocation, and comes back after it.
		await Promise.resolve();
		held = undefined;
		const revoked = { atUtcSeconds: NOW, by: "amina", why: "board lost" };
		await ledger.setKeys(maker.station, [{ ...onlyKey(publicKey), revoked }]);
		release?.();
		assert.equal((await early).status, 422);
		assert.equal((await ledger.receive(maker.envelope(7, 12))).status, 422);
	});
});

describe("a key that is revoked while its batch waits for its turn", () => {
	it("delivers nothing more", async () => {
		const maker = new ChainMaker().fill(12);
		const { publicKey } = maker.key;
		const gate = new StationGate();
		const clock = { utcSeconds: NOW };
		const ledger = new Ledger({ store: new MemoryRecordStore(), key: KEY, clock, gate });
		await ledger.enrol(maker.station, publicKey);
		const turn = await gate.enter(maker.station, NOW);
		const waiting = ledger.receive(maker.envelope(1, 6));
		const revoked = { atUtcSeconds: NOW, by: "amina", why: "board lost" };
		await ledger.setKeys(maker.station, [{ ...onlyKey(publicKey), revoked }]);
		assert.ok("leave" in turn);
		turn.leave(false);
		assert.equal((await waiting).status, 422);
	});
});

describe("the memory of repeated batches", () => {
	it("holds no more than six thousand, and forgets the oldest", () => {
		const memory = new RepeatedBatches<number>();
		const keys = {};
		const hashOf = (index: number): Uint8Array => Uint8Array.of(index >> 8, index & 255);
		for (let index = 0; index <= 6000; index++) {
			memory.remember(hashOf(index), keys, NOW, index, () => index);
		}
		assert.equal(memory.answerTo(hashOf(0), keys, NOW), undefined);
		assert.equal(memory.answerTo(hashOf(1), keys, NOW), 1);
		assert.equal(memory.answerTo(hashOf(6000), keys, NOW), 6000);
		assert.equal(memory.answerTo(hashOf(5999), {}, NOW), undefined);
		assert.equal(memory.answerTo(hashOf(6000), keys, NOW - 60), undefined);
	});
});
