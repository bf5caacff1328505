/** What a ledger promises, whatever its store; the test of each store runs this suite. */
import { strict as assert } from "node:assert";
import { isSignedBy, signingKeyOf, stationKeyOf } from "../../../src/collector/ledger/keys.js";
import {
	Ledger,
	type LedgerAnswer,
	type LedgerReport,
} from "../../../src/collector/ledger/ledger.js";
import { onlyKey } from "../../../src/collector/ledger/station-keys.js";
import {
	enrolledKeysOf,
	exportStation,
	verifyExport,
	verifyStore,
} from "../../../src/collector/ledger/verify.js";
import { bytesOf, type SqlStore } from "../../../src/collector/store/store.js";
import { integerBelow, SeededRandom } from "../../../src/core/random.js";
import {
	type Answer,
	decodeAnswer,
	refusalReasonOf,
} from "../../../src/protocol/wire/acknowledgement.js";
import { encodeBatch } from "../../../src/protocol/wire/batch.js";
import { decodeSign1 } from "../../../src/protocol/wire/cose.js";
import { recordText } from "../data/record-text.js";
import { SignedStation, type SignedStationOptions, sha256 } from "./signed-station.js";

export const COLLECTOR_KEY = signingKeyOf(new Uint8Array(32).fill(7));
const NOW_UTC_SECONDS = 1_775_000_000;

export function recordOf(entryCount: number, options: SignedStationOptions = {}): SignedStation {
	const station = new SignedStation(options);
	station.appendReadings(entryCount - 1);
	return station;
}

/** The answer inside an envelope whose signature is the collector's. */
export function openAnswer(received: LedgerAnswer): Answer {
	const { payload, signature, toBeSigned } = decodeSign1(received.body);
	assert.ok(isSignedBy(stationKeyOf(COLLECTOR_KEY.publicKey), toBeSigned, signature));
	return decodeAnswer(payload);
}

/** `openEmpty` gives a store without any rows each time. */
export function describeLedger(name: string, openEmpty: () => Promise<SqlStore>): void {
	describe(`ledger on ${name}`, () => {
		let store: SqlStore;
		let ledger: Ledger;
		let reports: LedgerReport[];

		beforeEach(async () => {
			store = await openEmpty();
			reports = [];
			ledger = new Ledger({
				store,
				key: COLLECTOR_KEY,
				clock: { utcSeconds: NOW_UTC_SECONDS },
				onReport: (report) => reports.push(report),
			});
		});

		afterEach(() => store.close());

		async function enrolled(station: SignedStation): Promise<SignedStation> {
			await ledger.enrol(station.station, station.publicKey);
			return station;
		}

		async function acknowledged(envelope: Uint8Array) {
			const received = await ledger.receive(envelope);
			assert.equal(received.status, 200);
			const answer = openAnswer(received);
			assert.equal(answer.kind, "acknowledgement");
			assert.deepEqual(answer.requestHash, sha256(envelope));
			return answer;
		}

		async function refusal(envelope: Uint8Array): Promise<string | undefined> {
			const before = await recordText(store);
			const received = await ledger.receive(envelope);
			assert.equal(received.status, 422);
			const answer = openAnswer(received);
			assert.equal(answer.kind, "refusal");
			assert.equal(await recordText(store), before, "a refusal changed the record");
			assert.equal(reports.length, 1);
			return refusalReasonOf(answer.code);
		}

		async function evidence(): Promise<string[]> {
			const rows = await store.query("select reason from evidence order by reason");
			return rows.map((row) => String(row["reason"]));
		}

		it("stores a batch and acknowledges up to its end", async () => {
			const station = await enrolled(recordOf(30));
			const answer = await acknowledged(station.envelope(1, 12));
			assert.deepEqual([answer.cursor, answer.ranges], [12, []]);
			assert.equal(answer.nowUtcSeconds, NOW_UTC_SECONDS);
			const rows = await store.query("select canonical from entries order by sequence");
			assert.deepEqual(
				rows.map((row) => new Uint8Array(row["canonical"] as Uint8Array)),
				station.entries.slice(0, 12),
			);
		});

		it("takes the newest first and says what it holds beyond the cursor", async () => {
			const station = await enrolled(recordOf(60));
			assert.deepEqual((await acknowledged(station.envelope(49, 60))).ranges, [
				{ first: 49, last: 60 },
			]);
			const second = await acknowledged(station.envelope(25, 36));
			assert.deepEqual(second.cursor, 0);
			assert.deepEqual(second.ranges, [
				{ first: 25, last: 36 },
				{ first: 49, last: 60 },
			]);
			assert.equal((await acknowledged(station.envelope(1, 24))).cursor, 36);
			assert.equal((await acknowledged(station.envelope(37, 48))).cursor, 60);
		});

		it("has the same tables after every batch three times in any order", async () => {
			const seed = Date.now() >>> 0;
			const random = new SeededRandom(seed);
			const station = recordOf(120);
			const resume = station.heads[60] ?? assert.fail();
			const end = station.append({
				kind: "gap",
				lostEpoch: 0,
				from: 49,
				to: 60,
				reason: 0,
				resume,
			});
			const cuts = [
				[1, 12],
				[13, 24],
				[20, 40],
				[25, 48],
				[61, 80],
				[73, 90],
				[91, end],
			] as const;
			const envelopes = cuts.map(([first, last]) => station.envelope(first, last));
			await enrolled(station);
			for (const envelope of envelopes) await acknowledged(envelope);
			const inOrder = await recordText(store);
			await store.close();
			store = await openEmpty();
			ledger = new Ledger({ store, key: COLLECTOR_KEY, clock: { utcSeconds: 1 } });
			await enrolled(station);
			const deliveries = [...envelopes, ...envelopes, ...envelopes];
			for (let left = deliveries.length; left > 0; left--) {
				const [envelope = assert.fail()] = deliveries.splice(integerBelow(random, left), 1);
				await acknowledged(envelope);
			}
			assert.equal(await recordText(store), inOrder, `seed ${seed}`);
			const answer = await acknowledged(envelopes[0] ?? assert.fail());
			assert.equal(answer.cursor, end, "the gap counts");
		});

		it("counts the entries that it had already", async () => {
			const station = await enrolled(recordOf(30));
			await acknowledged(station.envelope(1, 12));
			const again = await ledger.receive(station.envelope(1, 12));
			assert.deepEqual([again.duplicateCount, again.entryCount], [12, 12]);
			const overlap = await ledger.receive(station.envelope(9, 20));
			assert.deepEqual([overlap.duplicateCount, overlap.entryCount], [4, 12]);
		});

		it("takes another signature of a stored batch for the same batch, whatever its form", async () => {
			const station = await enrolled(recordOf(12));
			const envelope = station.envelope(1, 12);
			await acknowledged(envelope);
			const before = await recordText(store);
			// r || n - s verifies as well (ECDSA), and anyone can make it of a published batch.
			const copy = envelope.slice();
			const s = BigInt(`0x${Buffer.from(envelope.slice(-32)).toString("hex")}`);
			const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
			copy.set(Buffer.from((order - s).toString(16).padStart(64, "0"), "hex"), copy.length - 32);
			const again = await ledger.receive(copy);
			assert.equal(again.status, 200);
			assert.deepEqual([again.duplicateCount, again.entryCount], [12, 12]);
			assert.equal(await recordText(store), before);
			assert.deepEqual(openAnswer(again).requestHash, sha256(copy));
		});

		it("keeps other contents under a stored number as evidence, unmixed", async () => {
			const station = await enrolled(recordOf(30));
			await acknowledged(station.envelope(1, 12));
			const other = station.canonicalBytesOf(12, {
				kind: "event",
				code: 1,
				detail: 0,
				text: "other",
			});
			const entries = [...station.entries.slice(9, 11), other];
			assert.equal(await refusal(station.envelope(10, 12, { entries })), "conflicting-content");
			assert.deepEqual(await evidence(), ["conflicting-content"]);
		});

		it("refuses a fork at the joint, before and after what is stored", async () => {
			const station = await enrolled(recordOf(40));
			await acknowledged(station.envelope(13, 24));
			const previous = new Uint8Array(32).fill(9);
			assert.equal(await refusal(station.envelope(25, 36, { previous })), "fork");
			reports.length = 0;
			const other = station.canonicalBytesOf(12, {
				kind: "event",
				code: 1,
				detail: 0,
				text: "other",
			});
			const entries = [...station.entries.slice(0, 11), other];
			assert.equal(await refusal(station.envelope(1, 12, { entries })), "fork");
			assert.deepEqual(await evidence(), ["fork", "fork"]);
		});

		it("refuses a fork that claims another chain over entries it holds", async () => {
			const station = await enrolled(recordOf(40));
			await acknowledged(station.envelope(1, 24));
			const previous = new Uint8Array(32).fill(9);
			assert.equal(await refusal(station.envelope(5, 8, { previous })), "fork");
			reports.length = 0;
			assert.equal(await refusal(station.envelope(20, 30, { previous })), "fork");
		});

		it("refuses a first batch that does not begin its epoch", async () => {
			const station = await enrolled(recordOf(12));
			const previous = new Uint8Array(32).fill(9);
			assert.equal(await refusal(station.envelope(1, 12, { previous })), "fork");
		});

		it("refuses an epoch entry that names another key", async () => {
			const station = await enrolled(recordOf(12));
			const stranger = recordOf(2, { seed: 2 });
			const entries = [stranger.entries[0] ?? assert.fail(), ...station.entries.slice(1)];
			const envelope = station.envelope(1, 12, {
				entries,
				previous: stranger.heads[0] ?? assert.fail(),
			});
			assert.equal(await refusal(envelope), "wrong-station");
		});

		it("refuses who is not enrolled and keeps nothing of it", async () => {
			assert.equal(await refusal(recordOf(12).envelope(1, 12)), "unknown-station");
			assert.deepEqual(await evidence(), []);
		});

		it("refuses a signature by another key, and keeps a bounded number as evidence", async () => {
			await enrolled(recordOf(12));
			const stranger = recordOf(30, { seed: 2 });
			assert.equal(await refusal(stranger.envelope(1, 12)), "bad-signature");
			assert.deepEqual(await evidence(), ["bad-signature"]);
			for (let last = 2; last <= 30; last++) await ledger.receive(stranger.envelope(1, last));
			assert.equal((await evidence()).length, 10);
		});

		it("keeps a batch of a newer version aside under a signed refusal", async () => {
			const station = await enrolled(recordOf(4));
			const payload = encodeBatch({
				station: station.station,
				epoch: station.epoch,
				first: 1,
				floor: 1,
				previous: station.heads[0],
				entries: station.entries,
			});
			// The second item is the version.
			payload[2] = 2;
			assert.equal(await refusal(station.signed(payload)), "unsupported-version");
			assert.deepEqual(await evidence(), ["unsupported-version"]);
		});

		it("has nothing to answer to bytes that are no envelope", async () => {
			const received = await ledger.receive(new Uint8Array(100));
			assert.equal(received.status, 400);
			assert.equal(received.duplicateCount, 0);
		});

		it("takes an unchained batch, signed only, and the same entries chained later", async () => {
			const station = await enrolled(recordOf(36));
			await acknowledged(station.envelope(1, 12));
			await acknowledged(station.envelope(13, 24, { isChained: false }));
			assert.equal((await acknowledged(station.envelope(25, 36))).cursor, 36);
			assert.equal((await acknowledged(station.envelope(20, 30))).cursor, 36);
		});

		it("lets a row beat a gap, whichever comes first", async () => {
			const station = recordOf(30);
			const resume = station.heads[20] ?? assert.fail();
			const end = station.append({
				kind: "gap",
				lostEpoch: 0,
				from: 11,
				to: 20,
				reason: 0,
				resume,
			});
			await enrolled(station);
			await acknowledged(station.envelope(1, 10));
			assert.equal((await acknowledged(station.envelope(21, end))).cursor, end);
			assert.equal((await acknowledged(station.envelope(11, 15))).cursor, end);
			const target = { station: station.station, keys: station.keys };
			const { isSound, ranges, findings } = await verifyStore(store, target);
			// A collector that drops the batch would leave nothing that is missing, so it is told while it is there.
			assert.equal(isSound, false);
			assert.deepEqual(
				findings.map(({ kind, text }) => `${kind} ${text}`),
				["gap 77/31: names 11 to 20 as lost, and 77/11 is here"],
			);
			assert.deepEqual(
				ranges.map(({ first, last, standing }) => `${standing} ${first}-${last}`),
				["chained 1-15", "gap 16-20", "chained 21-31"],
			);
		});

		it("does not enrol another key under a name", async () => {
			await enrolled(recordOf(1));
			await assert.rejects(enrolled(recordOf(1, { seed: 2 })), /another key/);
			await enrolled(recordOf(1));
		});

		describe("a station whose key was replaced", () => {
			const ENROLLED = { atUtcSeconds: 1_774_000_000, by: "amina", why: "board replaced" };
			let before: SignedStation;
			let after: SignedStation;

			beforeEach(async () => {
				before = await enrolled(recordOf(60));
				after = recordOf(24, { epoch: 78, seed: 2, previous: before, reason: 2 });
				const later = { ...onlyKey(after.publicKey), enrolled: ENROLLED };
				assert.equal(await ledger.setKeys("bor-1", [later]), undefined);
			});

			async function judged() {
				const keys = await enrolledKeysOf(store, "bor-1");
				return verifyStore(store, { station: "bor-1", keys });
			}

			it("delivers with either key, and with the later one what the first had not delivered", async () => {
				await acknowledged(before.envelope(1, 12));
				await acknowledged(after.envelope(13, 24));
				assert.equal((await acknowledged(after.envelope(1, 12))).cursor, 24);
				const answer = await acknowledged(before.envelope(13, 60, { signer: after }));
				assert.deepEqual([answer.epoch, answer.cursor], [77, 60]);
				const { isSound, ranges, findings } = await judged();
				assert.ok(isSound, JSON.stringify(findings));
				const id = Buffer.from(sha256(after.publicKey)).toString("hex", 0, 8);
				assert.deepEqual(
					ranges.map(({ epoch, first, last, mark }) => [epoch, first, last, mark]),
					[
						[77, 1, 12, ""],
						[77, 13, 60, `signed by the later key ${id}`],
						[78, 1, 24, ""],
					],
				);
			});

			it("delivers an epoch of which the first key had delivered nothing, in any order", async () => {
				await acknowledged(before.envelope(31, 60, { signer: after }));
				await acknowledged(before.envelope(1, 30, { signer: after }));
				await acknowledged(after.envelope(1, 24));
				assert.ok((await judged()).isSound);
				const [row] = await store.query("select public_key from epochs where epoch = 77");
				assert.deepEqual(bytesOf(row?.["public_key"]), before.publicKey);
			});

			it("has its list in another database begin with the later key", async () => {
				await store.execute("delete from station_keys");
				const other = { ...onlyKey(after.publicKey), enrolled: ENROLLED };
				assert.equal(await ledger.setKeys("bor-1", [other]), undefined);
				await acknowledged(after.envelope(1, 24));
				await acknowledged(before.envelope(31, 60, { signer: after }));
				await acknowledged(before.envelope(1, 30, { signer: after }));
				assert.equal(await refusal(before.envelope(1, 12)), "bad-signature");
				const { isSound, ranges } = await judged();
				assert.ok(isSound);
				assert.match(ranges[0]?.mark ?? "", /^signed by the later key \w{16}$/);
			});

			it("delivers nothing more with a revoked key, and keeps what that delivered, marked", async () => {
				await acknowledged(before.envelope(1, 12));
				await acknowledged(after.envelope(1, 24));
				const revoked = { atUtcSeconds: 1_774_900_000, by: "amina", why: "board lost" };
				const gone = { ...onlyKey(before.publicKey), revoked };
				assert.equal(await ledger.setKeys("bor-1", [gone]), undefined);
				assert.equal(await refusal(before.envelope(13, 24)), "revoked-key");
				assert.match(reports.pop()?.detail ?? "", /^signed by the key \w{16}$/);
				await acknowledged(before.envelope(13, 60, { signer: after }));
				const { isSound, ranges, findings } = await judged();
				assert.ok(isSound, JSON.stringify(findings));
				assert.match(ranges[0]?.mark ?? "", /^signed by the key \w{16}, which is revoked$/);
			});

			it("cannot sign for a later epoch, nor with its id what is its own, nor two epochs in one", async () => {
				await acknowledged(after.envelope(1, 12));
				assert.equal(await refusal(after.envelope(13, 24, { signer: before })), "bad-signature");
				reports.length = 0;
				assert.equal(await refusal(after.envelope(13, 24, { signer: after })), "bad-signature");
				reports.length = 0;
				const stranger = recordOf(24, { epoch: 78, seed: 3 });
				assert.equal(await refusal(after.envelope(13, 24, { signer: stranger })), "bad-signature");
				reports.length = 0;
				// The epoch is the later key's: the first one cannot continue in it under its own name.
				const mixed = before.signed(
					encodeBatch({
						station: "bor-1",
						epoch: 78,
						first: 13,
						floor: 1,
						previous: after.heads[12],
						entries: after.entries.slice(12, 24),
					}),
				);
				assert.equal(await refusal(mixed), "bad-signature");
				assert.match(reports[0]?.detail ?? "", /epoch 78 began with another key/);
			});

			it("names losses of the epoch before, and they count as covered there", async () => {
				await acknowledged(before.envelope(1, 12));
				const resume = before.heads[60] ?? assert.fail();
				const lost = { kind: "gap", from: 13, to: 60, reason: 0, lostEpoch: 77, resume } as const;
				after.append(lost);
				await acknowledged(after.envelope(1, 25));
				const covered = await store.query("select epoch, first, last from coverage order by epoch");
				assert.deepEqual(
					covered.map((row) => [row["epoch"], row["first"], row["last"]].map(Number)),
					[
						[77, 1, 60],
						[78, 1, 25],
					],
				);
				const { isSound, ranges, findings } = await judged();
				assert.ok(isSound, JSON.stringify(findings));
				assert.deepEqual(
					ranges.map(({ epoch, first, last, note }) => `${epoch}/${first}-${last} ${note}`),
					[
						"77/1-12 from the start of the epoch",
						"77/13-60 overflow, named by entry 25 of epoch 78",
						"78/1-25 from the start of the epoch",
					],
				);
			});

			it("is not sound without the epoch before it, without its end, or with its beginning only", async () => {
				for (const envelope of before.envelopes(12)) await acknowledged(envelope);
				await acknowledged(after.envelope(1, 24));
				assert.ok((await judged()).isSound);
				for (const [lost, missing] of [
					["first > 12", "missing 77/13-60"],
					["first = 49", "missing 77/49-60"],
					["epoch = 77", "missing 77/1-60"],
				] as const) {
					const kept = await store.query(`select * from batches where ${lost}`);
					await store.execute(`delete from batches where ${lost}`);
					// Every trace of them, as whoever has the database can remove it.
					const from = Math.min(...kept.map((row) => Number(row["first"])));
					await store.execute(`delete from entries where epoch = 77 and sequence >= ${from};
						delete from heads where epoch = 77 and (sequence >= ${from} or ${from} = 1);
						update coverage set last = ${from - 1} where epoch = 77`);
					if (from === 1) {
						await store.execute(`delete from coverage where epoch = 77;
							delete from floors where epoch = 77; delete from epochs where epoch = 77`);
					}
					const { isSound, ranges, findings } = await judged();
					assert.equal(isSound, false);
					assert.deepEqual(findings, [], lost);
					const missingRange = ranges.find(({ standing }) => standing === "missing");
					assert.equal(
						`missing ${missingRange?.epoch}/${missingRange?.first}-${missingRange?.last}`,
						missing,
					);
					assert.match(missingRange?.note ?? "", /there, says the first entry of epoch 78/);
					await emptied();
				}
			});

			/** The record as it was before, delivered anew. */
			async function emptied(): Promise<void> {
				for (const table of ["batches", "entries", "heads", "coverage", "floors", "epochs"]) {
					await store.execute(`delete from ${table}`);
				}
				for (const envelope of before.envelopes(12)) await acknowledged(envelope);
				await acknowledged(after.envelope(1, 24));
			}
		});

		describe("verification", () => {
			let station: SignedStation;

			beforeEach(async () => {
				station = await enrolled(recordOf(60));
				for (const envelope of station.envelopes(12)) await acknowledged(envelope);
			});

			async function verify() {
				const keys = await enrolledKeysOf(store, "bor-1");
				return verifyStore(store, { station: "bor-1", keys });
			}

			it("finds the stored record sound, and so its exported file", async () => {
				assert.ok((await verify()).isSound);
				for (const format of ["json-lines", "cbor-sequence"] as const) {
					const pieces: Uint8Array[] = [];
					const write = (piece: Uint8Array) => pieces.push(piece);
					assert.equal(await exportStation(store, "bor-1", format, write), 5);
					const target = { station: "bor-1", keys: station.keys };
					const verification = verifyExport(pieces, target);
					assert.ok(verification.isSound, JSON.stringify(verification.findings));
					assert.deepEqual(verification.counts, { chained: 60, signed: 0, gap: 0, missing: 0 });
				}
			});

			for (const [what, statement, finding] of [
				[
					"an altered row",
					`update entries set canonical = set_byte(canonical, 30, 99) where sequence = 30`,
					/^row 77\/30: the stored row is not what was signed/,
				],
				[
					"a removed row",
					"delete from entries where sequence = 31",
					/^row 77\/31: signed in batch \w+, but there is no row/,
				],
				[
					"an added row",
					"insert into entries select station, epoch, 61, canonical from entries where sequence = 60",
					/^row 77\/61: the stored row is in no signed batch/,
				],
				[
					"an altered envelope",
					"update batches set envelope = set_byte(envelope, 40, 255 - get_byte(envelope, 40)) where first = 25",
					/^bad-signature batch \w+/,
				],
				["a removed batch", "delete from batches where first = 25", /^missing 77\/25-36/],
				[
					"a removed head",
					"delete from heads where sequence = 24",
					/^table heads 77\/24: a signed batch says this head, and there is no row/,
				],
				[
					"an altered head",
					"update heads set head = set_byte(head, 3, 255 - get_byte(head, 3)) where sequence = 36",
					/^table heads 77\/36: the row is not the head that is signed/,
				],
				[
					"an added head",
					"insert into heads select station, epoch, 30, head from heads where sequence = 36",
					/^table heads 77\/30: no signed batch and no gap entry says this head/,
				],
				[
					"an added gap",
					"insert into gaps values ('bor-1', 77, 25, 36, 77, 50)",
					/^table gaps 77\/50: no signed gap entry says this/,
				],
				[
					"a coverage that reaches too far",
					"update coverage set last = 70",
					/^table coverage 77\/1: the row says 1 to 70, the signed batches to 60/,
				],
				[
					"a coverage with a hole",
					"update coverage set last = 20; insert into coverage values ('bor-1', 77, 22, 60)",
					/^table coverage 77\/22: the row says 22 to 60, the signed batches do not/,
				],
				[
					"a removed coverage",
					"delete from coverage",
					/^table coverage 77\/1: 1 to 60 have no row/,
				],
				[
					"a raised floor",
					"update floors set floor = 40",
					/^table floors epoch 77: the row says 40, signed is 1/,
				],
				[
					"the floor of an epoch that is not there",
					"insert into floors values ('bor-1', 9, 1)",
					/^table floors epoch 9: the row says 1, no signed batch says it/,
				],
				[
					"another key of an epoch",
					"update epochs set public_key = set_byte(public_key, 9, 255 - get_byte(public_key, 9))",
					/^table epochs epoch 77: the row says 0[23]\w+, signed is 0[23]/,
				],
				[
					"another signer of a batch",
					"update batches set signed_by = decode('0001020304050607', 'hex') where first = 13",
					/^table batches batch \w+: the row is not what its envelope says/,
				],
				[
					"another floor of a batch",
					"update batches set floor = 13 where first = 13",
					/^table batches batch \w+: the row is not what its envelope says/,
				],
				[
					"a removed end",
					"delete from batches where first = 49; delete from entries where sequence >= 49",
					/^missing 77\/49-60/,
				],
			] as const) {
				it(`finds and names ${what}`, async () => {
					await store.execute(statement);
					const { isSound, findings, ranges } = await verify();
					assert.equal(isSound, false);
					const lines = [
						...findings.map(({ kind, where, text }) => `${kind} ${where}: ${text}`),
						...ranges.map(
							({ standing, epoch, first, last }) => `${standing} ${epoch}/${first}-${last}`,
						),
					];
					assert.ok(
						lines.some((line) => finding.test(line)),
						lines.join("\n"),
					);
				});
			}
		});
	});
}
