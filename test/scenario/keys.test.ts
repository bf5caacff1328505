import { strict as assert } from "node:assert";
import { judgeDelivery } from "../../sim/checkers/delivery.js";
import {
	createKeyedHashSigner,
	createKeyedHashVerifier,
	type KeyOperations,
} from "../../sim/keys/keyed-hash-signer.js";
import type { SimulatedStation } from "../../sim/station/station.js";
import { Ledger } from "../../src/collector/ledger/ledger.js";
import type { KeyDecision, StationKey } from "../../src/collector/ledger/station-keys.js";
import { enrolledKeysOf, verifyStore } from "../../src/collector/ledger/verify.js";
import { createHandler } from "../../src/collector/service/receiver.js";
import { entriesOf } from "../../src/collector/store/query.js";
import type { SqlStore } from "../../src/collector/store/store.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import { emptyStore } from "../support/collectors/shared-store.js";
import { IS_WHOLE, whole } from "../support/depth.js";
import {
	isKeyedHashOf,
	keyedHashKeyOf,
	runStationUntil,
	serviceStation,
	stepStation,
} from "../support/engines/bare-collector.js";
import {
	bareStation,
	bareStationKey,
	START_UTC_SECONDS,
	sha256,
} from "../support/engines/bare-station.js";
import { endpointOf } from "../support/worlds/played-world.js";

const HOUR_SECONDS = 3600;
/** Index into TIME_QUALITIES. */
const HOLDOVER = 3;
const COLLECTOR_KEY = keyedHashKeyOf("collector");

function decided(atUtcSeconds: number, why: string): KeyDecision {
	return { atUtcSeconds, by: "amina", why };
}

/** A station that may lose its key, and a collector whose list and database an operator may change. */
class KeysWorld {
	/** The key that is in the board's memory, by the name that it is made of. */
	keyName = "first";
	readonly returned: Uint8Array[] = [];
	readonly reports: string[] = [];
	readonly logs: string[] = [];
	ledger: Ledger;
	station: SimulatedStation;
	readonly store: SqlStore;

	private constructor(store: SqlStore, sectors: number) {
		this.store = store;
		this.ledger = this.#collector();
		this.station = this.board(sectors);
	}

	static async open(sectors = 256): Promise<KeysWorld> {
		const world = new KeysWorld(await emptyStore(), sectors);
		await world.ledger.enrol("bor-1", bareStationKey("first"));
		return world;
	}

	/** Another board of the same id, new from the maker. */
	board(sectors = 256, seed = 1): SimulatedStation {
		const answer = endpointOf((request) => createHandler(this.ledger)(request));
		return bareStation({
			name: "bor-1",
			seed,
			sectors,
			collectorPublicKey: COLLECTOR_KEY.publicKey,
			endpoint: answer,
			witness: {
				appended: (canonicalBytes) => this.returned.push(canonicalBytes),
				acknowledged: () => {},
			},
			keys: {
				publicKey: bareStationKey("first"),
				create: (operations: KeyOperations) => ({
					signer: createKeyedHashSigner(bareStationKey(this.keyName), sha256, operations),
					verifier: createKeyedHashVerifier(sha256, operations),
				}),
			},
			onLog: (_name, line) => this.logs.push(line),
		});
	}

	/** A collector without a memory of its own: what is in the store it knows. */
	restart(): void {
		this.ledger = this.#collector();
	}

	#collector(): Ledger {
		const utcSeconds = (): number => this.station?.utcSeconds ?? START_UTC_SECONDS;
		return new Ledger({
			store: this.store,
			key: COLLECTOR_KEY,
			clock: {
				get utcSeconds() {
					return utcSeconds();
				},
			},
			verifySignature: isKeyedHashOf,
			onReport: ({ reason, detail }) => this.reports.push(`${reason}: ${detail}`),
		});
	}

	/** Runs so many hours more, and to the end of the wake. */
	async hours(count: number): Promise<void> {
		await runStationUntil(this.station, this.station.utcSeconds + count * HOUR_SECONDS);
		while (!this.station.isAsleep) await stepStation(this.station);
	}

	/** The access point is away for so long. */
	async hoursAlone(count: number): Promise<void> {
		this.station.network.faults = { "link-refused": 1 };
		await this.hours(count);
		this.station.network.faults = {};
	}

	/** NVS is written anew: the board draws another key at its next start. */
	loseKey(name: string): void {
		this.keyName = name;
		this.station.cutPowerNow(60);
	}

	async addKey(name: string, why: string): Promise<void> {
		const at = Math.floor(this.station.utcSeconds);
		const key: StationKey = { publicKey: bareStationKey(name), enrolled: decided(at, why) };
		assert.equal(await this.ledger.setKeys("bor-1", [key]), undefined);
	}

	async delivered() {
		const rows = (await entriesOf(this.store, "bor-1")).map(({ canonicalBytes }) => canonicalBytes);
		return judgeDelivery(this.returned, [], rows);
	}

	/** Entries of an epoch that the collector has not. */
	async missingOf(epoch: number | undefined): Promise<number> {
		const held = (await entriesOf(this.store, "bor-1")).filter((row) => row.epoch === epoch);
		const recorded = this.returned.filter((each) => decodeEntry(each).epoch === epoch);
		return recorded.length - held.length;
	}

	async deliverAll(): Promise<void> {
		for (let turn = 0; (await this.delivered()).missing > 0; turn++) {
			assert.ok(turn < 20, `${(await this.delivered()).missing} missing, ${this.reports.at(-1)}`);
			await serviceStation(this.station);
		}
		assert.equal((await this.delivered()).foreign, 0);
	}

	async verification() {
		const keys = await enrolledKeysOf(this.store, "bor-1");
		return verifyStore(this.store, { station: "bor-1", keys, isSigned: isKeyedHashOf });
	}

	/** Epochs of what the station recorded, in order, with what each says of the one before. */
	epochs() {
		return this.returned.flatMap((canonicalBytes) => {
			const entry = decodeEntry(canonicalBytes);
			return entry.kind === "epoch" ? [entry] : [];
		});
	}
}

describe("a station that loses its key", function () {
	this.timeout(120_000);

	whole(
		"continues with a clock that was good, though all before was delivered: a liar has to insist for a week",
		async () => {
			const world = await KeysWorld.open();
			await world.hours(3);
			await world.deliverAll();
			world.loseKey("second");
			await world.hoursAlone(1);
			const entries = world.returned.map((canonicalBytes) => decodeEntry(canonicalBytes));
			const before = entries[0]?.epoch;
			const after = entries.filter(({ epoch }) => epoch !== before);
			assert.equal(after[0]?.boot, 1);
			assert.deepEqual([...new Set(after.map(({ timeQuality }) => timeQuality))], [HOLDOVER]);
		},
	);

	it("begins an epoch that names the old one, and delivers under the new key what the old one left", async () => {
		const world = await KeysWorld.open();
		await world.hours(5);
		await world.hoursAlone(7);
		world.loseKey("second");
		await world.hours(3);
		// Nobody knows the new key yet: nothing of it is believed, and nothing is lost.
		assert.match(world.reports.at(-1) ?? "", /^bad-signature: the signature does not fit a key/);
		assert.ok((await world.delivered()).missing > 80);
		await world.addKey("second", "NVS written anew for another access point");
		await world.deliverAll();
		const [first, second] = world.epochs();
		const old = world.returned.filter((each) => decodeEntry(each).epoch === first?.epoch);
		assert.deepEqual(
			[second?.reason, second?.previousEpoch, second?.previousSequence],
			[2, first?.epoch, old.length],
		);
		assert.deepEqual(second?.publicKey, bareStationKey("second"));
		const { isSound, findings, ranges } = await world.verification();
		assert.ok(isSound, JSON.stringify(findings));
		const later = Buffer.from(sha256(bareStationKey("second"))).toString("hex", 0, 8);
		const marked = ranges.filter(({ mark }) => mark === `signed by the later key ${later}`);
		assert.deepEqual(
			marked.map(({ epoch, last }) => [epoch, last]),
			[[first?.epoch, old.length]],
		);
		// Without the old epoch's end the new one says that something is missing.
		await world.store.execute(
			`delete from batches where epoch = ${first?.epoch} and last = ${old.length}`,
		);
		assert.equal((await world.verification()).isSound, false);
	});

	it("delivers also what the key before the last one left, when two are lost in one outage", async () => {
		const world = await KeysWorld.open();
		await world.hours(3);
		await world.hoursAlone(4);
		world.loseKey("second");
		await world.hoursAlone(4);
		world.loseKey("third");
		await world.hoursAlone(2);
		await world.addKey("second", "lost in the field");
		await world.addKey("third", "lost again");
		await world.deliverAll();
		assert.deepEqual(
			world.epochs().map(({ reason }) => reason),
			[0, 2, 2],
		);
		const { isSound, findings } = await world.verification();
		assert.ok(isSound, JSON.stringify(findings));
	});

	whole(
		"names under the new key what of the old epoch the ring overwrote before it was delivered",
		async () => {
			const world = await KeysWorld.open(5);
			await world.hours(3);
			await world.hoursAlone(20);
			world.loseKey("second");
			// Five sectors are full after less than four days.
			await world.hoursAlone((IS_WHOLE ? 7 : 5) * 24);
			await world.addKey("second", "NVS written anew");
			for (let turn = 0; turn < 20; turn++) await serviceStation(world.station);
			const { isSound, findings, ranges, counts } = await world.verification();
			assert.ok(isSound, JSON.stringify({ findings, ranges }));
			assert.ok(counts.gap > 200, `${counts.gap} named as lost`);
			const [first] = world.epochs();
			const lost = ranges.filter(
				({ epoch, standing }) => epoch === first?.epoch && standing === "gap",
			);
			assert.match(lost[0]?.note ?? "", /^overflow, named by entry \d+ of epoch \d+$/);
		},
	);

	it("continues at a collector that knows the present key only", async () => {
		const world = await KeysWorld.open();
		await world.hoursAlone(6);
		world.loseKey("second");
		await world.hoursAlone(2);
		await world.store.execute("delete from station_keys");
		world.restart();
		await world.addKey("second", "the first one that this database knows");
		await world.deliverAll();
		const { isSound, findings, ranges } = await world.verification();
		assert.ok(isSound, JSON.stringify(findings));
		assert.equal(ranges.filter(({ mark }) => mark !== "").length, 1);
	});

	it("may be another board under the same id, and the first one may come back", async () => {
		const world = await KeysWorld.open();
		await world.hours(4);
		await world.hoursAlone(2);
		const first = world.station;
		world.keyName = "second";
		world.station = world.board(256, 2);
		await world.addKey("second", "board replaced");
		await world.hours(3);
		await serviceStation(world.station);
		// The old board's last two hours are with the old board.
		const [one, two] = world.epochs().map(({ epoch }) => epoch);
		assert.ok((await world.missingOf(one)) >= 24);
		assert.ok((await world.missingOf(two)) <= 2, `${await world.missingOf(two)} of the new board`);
		world.keyName = "first";
		world.station = first;
		await world.deliverAll();
		assert.deepEqual(
			world.epochs().map(({ reason, previousEpoch }) => [reason, previousEpoch]),
			[
				[0, 0],
				[0, 0],
			],
		);
		assert.ok((await world.verification()).isSound);
	});

	it("is refused by name once its key is revoked, and the new key delivers the rest", async () => {
		const world = await KeysWorld.open();
		await world.hours(4);
		await world.hoursAlone(2);
		const at = Math.floor(world.station.utcSeconds) + 600;
		const gone = {
			publicKey: bareStationKey("first"),
			enrolled: { atUtcSeconds: 0, by: "", why: "" },
			revoked: decided(at, "the box was opened"),
		};
		assert.equal(await world.ledger.setKeys("bor-1", [gone]), undefined);
		await serviceStation(world.station);
		assert.match(world.reports.at(-1) ?? "", /^revoked-key: signed by the key \w{16}$/);
		world.loseKey("second");
		await world.addKey("second", "provisioned anew");
		await world.hours(1);
		await world.deliverAll();
		const { ranges, findings } = await world.verification();
		assert.deepEqual(findings, []);
		assert.match(ranges.map(({ mark }) => mark).join(), /which is revoked/);
	});
});
