/** What keeps one client from shutting out others; all together it is `npm run campaign -- siege`. */
import { strict as assert } from "node:assert";
import sinon from "sinon";
import { Ledger } from "../../src/collector/ledger/ledger.js";
import { StationGate } from "../../src/collector/ledger/station-gate.js";
import { QUOTA_LIMITS, StationQuota } from "../../src/collector/ledger/station-quota.js";
import { ProxyHeader } from "../../src/collector/service/proxy-header.js";
import { Readiness } from "../../src/collector/service/readiness.js";
import { createHandler } from "../../src/collector/service/receiver.js";
import { ReportLimit } from "../../src/collector/service/report-limit.js";
import { EvidenceLimit } from "../../src/collector/store/evidence-limit.js";
import { KeyLookup } from "../../src/collector/store/key-lookup.js";
import { knownErrorOf } from "../../src/collector/store/postgresql-store.js";
import type { SqlRow, SqlStore } from "../../src/collector/store/store.js";
import { addressName } from "../../src/host/client-address.js";
import { FairQueue } from "../../src/host/fair-queue.js";
import { REFUSAL_CODES } from "../../src/protocol/wire/acknowledgement.js";
import { COLLECTOR_KEY, openAnswer, recordOf } from "../support/collectors/ledger-suite.js";
import { emptyStore } from "../support/collectors/shared-store.js";
import { SignedStation } from "../support/collectors/signed-station.js";

/** A client that begins with TLS, and an address that is none. */
const NO_HEADERS = Object.freeze(["\x16\x03\x01", "PROXY TCP6 :::::.... x 1 1\r\n"]);

describe("turns", () => {
	const queueOf = (atOnce: number, strangersAtOnce = atOnce) =>
		new FairQueue({ atOnce, strangersAtOnce, atOncePerLine: 1, waitingPerLine: 3, waiting: 5 });

	it("go from line to line, so that a thousand pieces of one delay another by none", async () => {
		const queue = queueOf(1);
		const order: string[] = [];
		const ask = (name: string) =>
			queue.enter(name, false)?.then((leave) => [order.push(name), leave()]);
		const first = await queue.enter("busy", false);
		const asked = [ask("busy"), ask("busy"), ask("busy"), ask("quiet")];
		first?.();
		await Promise.all(asked);
		assert.deepEqual(order, ["quiet", "busy", "busy", "busy"]);
	});

	it("are refused at once when a line, or all of them, are full", async () => {
		const queue = queueOf(1);
		await queue.enter("a", false);
		for (const name of ["a", "a", "a", "b", "c"]) assert.ok(queue.enter(name, false));
		assert.equal(queue.enter("a", false), undefined);
		assert.equal(queue.enter("d", false), undefined);
	});

	it("leave strangers their share of the places, and go to stations before them", async () => {
		const queue = queueOf(2, 1);
		const order: string[] = [];
		const ask = (name: string, isStranger: boolean) =>
			queue.enter(name, isStranger)?.then((leave) => {
				order.push(name);
				return leave;
			});
		const first = await ask("stranger 1", true);
		const other = ask("stranger 2", true);
		await ask("station 1", false);
		const last = ask("station 2", false);
		assert.deepEqual(order, ["stranger 1", "station 1"]);
		first?.();
		await last;
		(await last)?.();
		await other;
		assert.deepEqual(order, ["stranger 1", "station 1", "station 2", "stranger 2"]);
	});
});

describe("strangers", () => {
	it("begin at their pace after a first few, and no station waits for it", async () => {
		const time = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
		try {
			const queue = new FairQueue({
				atOnce: 8,
				strangersAtOnce: 2,
				strangersPerSecond: 10,
				atOncePerLine: 8,
				waitingPerLine: 100,
				waiting: 100,
			});
			const begun: string[] = [];
			const ask = (name: string, isStranger: boolean) =>
				queue.enter(name, isStranger)?.then((leave) => {
					begun.push(name);
					leave();
				});
			for (let count = 0; count < 20; count++) ask(`stranger ${count}`, true);
			await time.tickAsync(0);
			assert.equal(begun.length, 2);
			await time.tickAsync(1000);
			assert.equal(begun.length, 12);
			begun.length = 0;
			ask("station", false);
			await time.tickAsync(0);
			assert.deepEqual(begun, ["station"]);
			await time.tickAsync(1000);
			assert.equal(begun.length, 9);
		} finally {
			time.restore();
		}
	});
});

describe("a station's quota", () => {
	it("takes a burst, then what the day gives, and says when to come again", () => {
		const limits = { ...QUOTA_LIMITS, batches: { burst: 2, perDay: 86_400 / 100 } };
		const quota = new StationQuota(limits);
		assert.equal(quota.take("a", { batches: 1 }, 1000), undefined);
		assert.equal(quota.take("a", { batches: 1 }, 1000), undefined);
		assert.deepEqual(quota.take("a", { batches: 1 }, 1000), { quota: "batches", nextSeconds: 100 });
		// Another station is another account, and a clock that goes back gives nothing.
		assert.equal(quota.take("b", { batches: 1 }, 1000), undefined);
		assert.deepEqual(quota.take("a", { batches: 1 }, 900), { quota: "batches", nextSeconds: 100 });
		assert.equal(quota.take("a", { batches: 1 }, 1000), undefined);
	});

	it("bears a year of readings at five minutes, and a batch of nothing but gaps", () => {
		const yearBytes = 105_120 * (56 + 130);
		assert.ok(QUOTA_LIMITS.storedBytes.burst > yearBytes);
		assert.ok(QUOTA_LIMITS.gaps.burst >= 288);
	});

	it("refuses the ninth new epoch by a signed answer, stores nothing of it, and continues with the known ones", async () => {
		const store = await emptyStore();
		const ledger = new Ledger({
			store,
			key: COLLECTOR_KEY,
			clock: { utcSeconds: 1_790_000_000 },
			gate: new StationGate(),
		});
		const stations = Array.from({ length: 9 }, (_, index) => recordOf(2, { epoch: 100 + index }));
		const [first = assert.fail()] = stations;
		await ledger.enrol(first.station, first.publicKey);
		const codes: number[] = [];
		let nextSeconds = 0;
		for (const station of stations) {
			const answer = openAnswer(await ledger.receive(station.envelope(1, 1)));
			codes.push(answer.kind === "refusal" ? answer.code : 0);
			nextSeconds = answer.nextSeconds;
		}
		assert.deepEqual(codes, [0, 0, 0, 0, 0, 0, 0, 0, 8]);
		assert.equal(nextSeconds, 86_400);
		const [row] = await store.query("select count(*) as count from entries");
		assert.equal(Number(row?.["count"]), 8);
		const [evidence] = await store.query("select count(*) as count from evidence");
		assert.equal(Number(evidence?.["count"]), 0);
		assert.equal((await ledger.receive(first.envelope(2, 2))).status, 200);
	});

	it("and the clock beside it never sign what a station cannot read, at the end of 32 bits and beyond", async () => {
		const station = recordOf(1);
		for (const [utcSeconds, nowUtcSeconds] of [
			[-1, 0],
			[4_294_967_295, 4_294_967_295],
			[4_294_967_296, 4_294_967_295],
			[1e15, 4_294_967_295],
		] as const) {
			const ledger = new Ledger({
				store: await emptyStore(),
				key: COLLECTOR_KEY,
				clock: { utcSeconds },
				gate: new StationGate(),
			});
			await ledger.enrol(station.station, station.publicKey);
			const answer = openAnswer(await ledger.receive(station.envelope(1, 1)));
			assert.deepEqual([answer.kind, answer.nowUtcSeconds], ["acknowledgement", nowUtcSeconds]);
		}
	});

	it("is not used up by strangers who send once more what is public, nor is their connection the station's", async () => {
		const areSigned: boolean[] = [];
		const ledger = new Ledger({
			store: await emptyStore(),
			key: COLLECTOR_KEY,
			clock: { utcSeconds: 1 },
			gate: new StationGate({ ...QUOTA_LIMITS, batches: { burst: 5, perDay: 1 } }),
			onReport: ({ isSigned }) => areSigned.push(isSigned),
		});
		const station = recordOf(36);
		await ledger.enrol(station.station, station.publicKey);
		const own = { address: "192.0.2.1", station: undefined };
		const first = await ledger.receive(station.envelope(1, 12), own);
		assert.deepEqual([first.status, first.provenBy], [200, "bor-1"]);
		const stranger = { address: "198.51.100.7", station: undefined };
		const statuses = new Map<number, number>();
		for (let time = 0; time < 9; time++) {
			const { status, provenBy } = await ledger.receive(station.envelope(1, 12 - time), stranger);
			assert.equal(provenBy, undefined);
			statuses.set(status, (statuses.get(status) ?? 0) + 1);
		}
		assert.deepEqual(
			[...statuses],
			[
				[200, 5],
				[422, 4],
			],
		);
		// What was looked at already needs no look, and no quota.
		assert.equal((await ledger.receive(station.envelope(1, 12), stranger)).status, 200);
		// In the log they are strangers, who must not crowd out what the key's owner does.
		assert.deepEqual(areSigned, [false, false, false, false]);
		// The station, over its connection and over a new one.
		for (const [from, sender] of [
			[13, { address: "192.0.2.1", station: "bor-1" }],
			[25, { address: "192.0.2.9", station: undefined }],
		] as const) {
			const { status, provenBy } = await ledger.receive(station.envelope(from, from + 11), sender);
			assert.deepEqual([status, provenBy], [200, "bor-1"]);
		}
	});

	it("is looked into three times a minute when it is used up, by way of each address for itself", async () => {
		const clock = { utcSeconds: 1 };
		const ledger = new Ledger({
			store: await emptyStore(),
			key: COLLECTOR_KEY,
			clock,
			// Room for twelve readings and for two alone, not for twelve more.
			gate: new StationGate({ ...QUOTA_LIMITS, storedBytes: { burst: 5300, perDay: 1 } }),
		});
		const station = recordOf(36);
		await ledger.enrol(station.station, station.publicKey);
		const own = { address: "192.0.2.1", station: "bor-1" };
		const stranger = { address: "198.51.100.7", station: undefined };
		const sent = async (first: number, last: number, sender: typeof own | typeof stranger) => {
			const answer = openAnswer(await ledger.receive(station.envelope(first, last), sender));
			return answer.kind === "refusal" ? answer.code : "acknowledged";
		};
		const overQuota = REFUSAL_CODES["over-quota"];
		assert.equal(await sent(1, 12, own), "acknowledged");
		for (let time = 0; time < 3; time++) assert.equal(await sent(13, 24, stranger), overQuota);
		// The stranger's way is closed, and not the station's.
		assert.equal(await sent(13, 13, stranger), overQuota);
		assert.equal(await sent(13, 13, own), "acknowledged");
		for (let time = 0; time < 3; time++) assert.equal(await sent(14, 24, own), overQuota);
		clock.utcSeconds += 59;
		assert.equal(await sent(14, 14, own), overQuota);
		clock.utcSeconds += 1;
		assert.equal(await sent(14, 14, own), "acknowledged");
	});

	it("is not used up while the database fails", async () => {
		const store = await emptyStore();
		let isBroken = true;
		const ledger = new Ledger({
			store: {
				...store,
				query: (text: string, parameters?: readonly unknown[]) =>
					isBroken && text.includes("bistrina_store_all")
						? Promise.reject(new Error("the database is away"))
						: store.query(text, parameters),
			},
			key: COLLECTOR_KEY,
			clock: { utcSeconds: 1 },
			gate: new StationGate({
				...QUOTA_LIMITS,
				batches: { burst: 3, perDay: 1 },
				epochs: { burst: 1, perDay: 1 },
				storedBytes: { burst: 9000, perDay: 1 },
			}),
		});
		const station = recordOf(12);
		await ledger.enrol(station.station, station.publicKey);
		for (let time = 0; time < 6; time++) {
			await assert.rejects(ledger.receive(station.envelope(1, 12)), /the database is away/);
		}
		isBroken = false;
		assert.equal((await ledger.receive(station.envelope(1, 12))).status, 200);
	});

	it("takes no epoch for batches of former ones that are stored already", async () => {
		const ledger = new Ledger({
			store: await emptyStore(),
			key: COLLECTOR_KEY,
			clock: { utcSeconds: 1 },
			gate: new StationGate({ ...QUOTA_LIMITS, epochs: { burst: 20, perDay: 1 } }),
		});
		const records = Array.from({ length: 12 }, (_, index) => recordOf(2, { epoch: 100 + index }));
		const [record = assert.fail()] = records;
		await ledger.enrol(record.station, record.publicKey);
		for (const { envelope } of records.map((each) => ({ envelope: each.envelope(1, 1) }))) {
			assert.equal((await ledger.receive(envelope)).status, 200);
		}
		// An operator who restarts the collector fills the quotas, and all but eight epochs are unknown to them.
		for (let round = 0; round < 5; round++) {
			for (const each of records) {
				assert.equal((await ledger.receive(each.envelope(1, 1))).status, 200);
			}
		}
		const newest = recordOf(1, { epoch: 200 });
		assert.equal((await ledger.receive(newest.envelope(1, 1))).status, 200);
	});

	it("is not used up by what was stored before", async () => {
		const store = await emptyStore();
		const storedBytes = { burst: 8000, perDay: 1 };
		const ledger = new Ledger({
			store,
			key: COLLECTOR_KEY,
			clock: { utcSeconds: 1 },
			gate: new StationGate({ ...QUOTA_LIMITS, storedBytes }),
		});
		const station = recordOf(12);
		await ledger.enrol(station.station, station.publicKey);
		for (let time = 0; time < 20; time++) {
			assert.equal((await ledger.receive(station.envelope(1, 12))).status, 200);
		}
	});

	it("is used up by entries that are stored and come cut anew, each time a batch more", async () => {
		const storedBytes = { burst: 8000, perDay: 1 };
		const ledger = new Ledger({
			store: await emptyStore(),
			key: COLLECTOR_KEY,
			clock: { utcSeconds: 1 },
			gate: new StationGate({ ...QUOTA_LIMITS, storedBytes }),
		});
		const station = recordOf(12);
		await ledger.enrol(station.station, station.publicKey);
		assert.equal((await ledger.receive(station.envelope(1, 12))).status, 200);
		const statuses: number[] = [];
		for (let last = 2; last <= 11; last++) {
			// Each twice: the second time it is stored already, and takes nothing.
			for (let time = 0; time < 2; time++) {
				statuses.push((await ledger.receive(station.envelope(1, last))).status);
			}
		}
		// 8000 B less the 4 KB of what came first bear four rows of about a kilobyte.
		assert.deepEqual(statuses.slice(0, 6), [200, 200, 200, 200, 200, 200]);
		assert.deepEqual(statuses.slice(-6), [422, 422, 422, 422, 422, 422]);
	});
});

describe("keys of stations", () => {
	it("come many by one statement, and ids that are not enrolled are remembered", async () => {
		const asked: string[][] = [];
		const store = {
			query: async (_text: string, [names]: readonly unknown[]): Promise<SqlRow[]> => {
				asked.push(names as string[]);
				return [{ station: "bor-1", public_key: new Uint8Array(33), revoked_at: null }];
			},
		} as unknown as SqlStore;
		const lookup = new KeyLookup(store);
		const found = await Promise.all(["bor-1", "x", "x", "y"].map((name) => lookup.keysOf(name)));
		assert.deepEqual(
			found.map((keys) => keys.length),
			[1, 0, 0, 0],
		);
		await Promise.all(["x", "y", "x"].map((name) => lookup.keysOf(name)));
		assert.deepEqual(asked, [["bor-1", "x", "y"]]);
		lookup.forget("x");
		await lookup.keysOf("x");
		assert.deepEqual(asked.slice(1), [["x"]]);
	});

	it("are asked for again after an enrolment in the middle of a look-up", async () => {
		let count = 0;
		let release = () => {};
		const store = {
			query: () =>
				new Promise<SqlRow[]>((resolve) => {
					count++;
					release = () => resolve([]);
				}),
		} as unknown as SqlStore;
		const lookup = new KeyLookup(store);
		const first = lookup.keysOf("new");
		while (count === 0) await new Promise((resolve) => setImmediate(resolve));
		lookup.forget("new");
		release();
		assert.deepEqual(await first, []);
		const second = lookup.keysOf("new");
		while (count === 1) await new Promise((resolve) => setImmediate(resolve));
		release();
		await second;
		assert.equal(count, 2);
	});

	it("cost no statement for an unknown id that was asked for just now, nor forgeries beyond what is kept", async () => {
		const store = await emptyStore();
		let statements = 0;
		const counting = {
			...store,
			query: (text: string, parameters?: readonly unknown[]) => {
				statements++;
				return store.query(text, parameters);
			},
		};
		const ledger = new Ledger({ store: counting, key: COLLECTOR_KEY, clock: { utcSeconds: 1 } });
		const station = recordOf(2);
		await ledger.enrol(station.station, station.publicKey);
		const stranger = recordOf(40, { seed: 2 });
		const unknown = new SignedStation({ station: "nobody" });
		for (let last = 1; last <= 12; last++) await ledger.receive(stranger.envelope(1, last));
		await ledger.receive(unknown.envelope(1, 1));
		statements = 0;
		for (let last = 13; last <= 40; last++) await ledger.receive(stranger.envelope(1, last));
		for (let time = 0; time < 20; time++) await ledger.receive(unknown.envelope(1, 1));
		assert.equal(statements, 0);
	});
});

describe("evidence", () => {
	it("that was offered just now, or beyond what is kept, is not offered again", () => {
		const limit = new EvidenceLimit();
		const hash = (byte: number) => new Uint8Array(32).fill(byte);
		assert.equal(limit.isNew(hash(1), "bor-1 fork", 2), true);
		assert.equal(limit.isNew(hash(1), "bor-1 fork", 2), false);
		assert.equal(limit.isNew(hash(2), "bor-1 fork", 2), true);
		assert.equal(limit.isNew(hash(3), "bor-1 fork", 2), false);
		assert.equal(limit.isNew(hash(3), "bor-1 conflicting-content", 2), true);
	});
});

describe("the collector's log", () => {
	it("shows what a key's owner did among any number of strangers, and says whose lines it left out", () => {
		const lines: string[] = [];
		const reports = new ReportLimit((line) => lines.push(line));
		for (let count = 0; count < 31; count++) reports.add(`refused u${count}`, {});
		reports.add("refused bor-1: fork", { station: "bor-1" });
		reports.add("a request failed", { isOwnFault: true });
		for (let count = 0; count < 9; count++)
			reports.add("refused pek-1: malformed", { station: "pek-1" });
		assert.equal(lines.length, 10 + 1 + 1 + 5);
		assert.ok(lines.includes("refused bor-1: fork"));
		assert.ok(lines.includes("a request failed"));
		reports.turn();
		assert.equal(lines.at(-1), "and 25 more within a minute: 21 of strangers, 4 of station pek-1");
		reports.turn();
		reports.add("refused u", {});
		assert.equal(lines.at(-1), "refused u");
	});
});

describe("readiness", () => {
	const ask = async (handler: ReturnType<typeof createHandler>, path: string) =>
		(await handler({ method: "GET", path, headers: new Map(), body: new Uint8Array(0) })).status;

	it("is no while batches fail, though the database answers, and yes after the next one that is stored", async () => {
		let now = 0;
		const readiness = new Readiness({ query: async () => [] }, () => now);
		const handler = createHandler({} as Ledger, { readiness });
		assert.equal(await ask(handler, "/v1/ready"), 200);
		readiness.failed(new Error("the disk is full"));
		assert.equal(await ask(handler, "/v1/ready"), 503);
		assert.equal(await ask(handler, "/v1/health"), 200);
		readiness.succeeded();
		assert.equal(await ask(handler, "/v1/ready"), 200);
		readiness.failed(new Error("the disk is full"));
		now = 60_000;
		assert.equal(await ask(handler, "/v1/ready"), 200);
	});

	it("is no while a batch's statement has had no answer for five seconds, though others have, and says so", async () => {
		let now = 0;
		const readiness = new Readiness({ query: async () => [] }, () => now);
		const handler = createHandler({} as Ledger, { readiness });
		let release: () => void = () => {};
		const behindALock = new Promise<SqlRow[]>((resolve) => {
			release = () => resolve([]);
		});
		const store = readiness.watched({
			query: (text: string) => (text === "blocked" ? behindALock : Promise.resolve([])),
		} as SqlStore);
		const blocked = store.query("blocked");
		now = 4999;
		await store.query("another");
		assert.deepEqual([readiness.blocked(), await ask(handler, "/v1/ready")], [undefined, 200]);
		now = 7500;
		assert.match(
			readiness.blocked() ?? "",
			/^the database has left a statement without an answer for 7 s; /,
		);
		assert.equal(await ask(handler, "/v1/ready"), 503);
		release();
		await blocked;
		assert.deepEqual([readiness.blocked(), await ask(handler, "/v1/ready")], [undefined, 200]);
	});

	it("is no when the database does not take a question, and asks it once in five seconds", async () => {
		let now = 0;
		let count = 0;
		const query = () => {
			count++;
			return Promise.reject(new Error("gone"));
		};
		const readiness = new Readiness({ query }, () => now);
		assert.equal(await readiness.problem(), "gone");
		assert.equal(await readiness.problem(), "gone");
		assert.equal(count, 1);
		now = 5000;
		await readiness.problem();
		assert.equal(count, 2);
	});
});

describe("what a PostgreSQL server or its pooler refuses", () => {
	for (const [code, message, remedy] of [
		["42501", "permission denied for schema public", /grant create on schema public to USER$/],
		[
			"08P01",
			"unsupported startup parameter: statement_timeout",
			/PgBouncer.*ignore_startup_parameters = statement_timeout, pool_mode = session$/,
		],
		["42P05", 'prepared statement "bistrina_x_1" already exists', /pool_mode = session$/],
		["26000", 'prepared statement "bistrina_x_1" does not exist', /pool_mode = session$/],
	] as const) {
		it(`names the grant or the setting for ${code}`, () => {
			const known = knownErrorOf(Object.assign(new Error(message), { code }));
			assert.equal(known?.name, "OperationalError");
			assert.match(String(known?.message), remedy);
		});
	}

	it("is no such thing when nothing listens", () => {
		assert.equal(knownErrorOf(Object.assign(new Error("x"), { code: "ECONNREFUSED" })), undefined);
	});
});

describe("a client's address", () => {
	it("is an IPv4 address, or the /64 that one customer has of IPv6", () => {
		assert.equal(addressName("::ffff:10.1.2.3"), "10.1.2.3");
		assert.equal(addressName("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
		assert.equal(addressName("2001:db8::1"), "2001:db8:0:0::/64");
		assert.equal(addressName("fe80::1%eth0"), "fe80:0:0:0::/64");
		assert.equal(addressName("::1"), "0:0:0:0::/64");
	});

	it("comes out of a proxy's header of version 1 or 2, in whatever pieces", () => {
		const text = Buffer.from("PROXY TCP4 192.0.2.7 10.0.0.1 40000 8443\r\nrest");
		const binary = Buffer.from(
			"0d0a0d0a000d0a515549540a2111000cc00002070a0000019c4020fb72657374",
			"hex",
		);
		for (const bytes of [text, binary]) {
			const header = new ProxyHeader();
			let rest: Buffer | undefined;
			for (const [index, byte] of [...bytes].entries()) {
				rest = header.add(Uint8Array.of(byte));
				if (rest !== undefined) {
					assert.equal(index, bytes.length - 5);
					break;
				}
			}
			assert.equal(header.address, "192.0.2.7");
			assert.equal(header.isWhole, true);
		}
		for (const noise of [
			"GET / HTTP/1.1\r\n",
			"\r\n\r\n\0\r\nQUIX\n1234",
			"x".repeat(200),
			...NO_HEADERS,
		]) {
			const header = new ProxyHeader();
			assert.equal(header.add(Buffer.from(noise)), undefined);
			assert.equal(header.isBroken, true, noise);
		}
	});
});
