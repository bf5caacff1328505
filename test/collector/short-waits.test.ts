/** What keeps a station's wait short while others attack: less of it behind other clients, and fewer turns of the event loop. */
import { strict as assert } from "node:assert";
import type { AlarmPolicies } from "../../src/collector/alarms/alarm-policy.js";
import { AlarmWatch } from "../../src/collector/alarms/alarm-watch.js";
import { FewATurn } from "../../src/collector/ledger/few-a-turn.js";
import { KeyCache } from "../../src/collector/ledger/key-cache.js";
import { Ledger } from "../../src/collector/ledger/ledger.js";
import type { StationKey } from "../../src/collector/ledger/station-keys.js";
import { helloState } from "../../src/collector/service/client-hello.js";
import { FairQueue } from "../../src/host/fair-queue.js";
import { COLLECTOR_KEY, openAnswer, recordOf } from "../support/collectors/ledger-suite.js";
import { emptyStore } from "../support/collectors/shared-store.js";

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a client's first message", () => {
	const hello = Uint8Array.of(22, 3, 1, 0, 4, 1, 0, 0, 0);

	it("is whole when its record is, in whatever pieces it comes", () => {
		for (let length = 0; length < hello.length; length++) {
			assert.equal(helloState(hello.subarray(0, length)), "part", `${length} bytes`);
		}
		assert.equal(helloState(hello), "whole");
		assert.equal(helloState(Uint8Array.of(...hello, 20)), "whole");
	});

	it("is none that is another message, longer than any client's, or in several records", () => {
		const state = (...bytes: number[]) => helloState(Uint8Array.from(bytes));
		assert.equal(helloState(new TextEncoder().encode("G")), "none");
		assert.equal(state(21), "none");
		assert.equal(state(22, 3, 1, 0, 4, 2), "none");
		assert.equal(state(22, 3, 1, 32, 0), "part");
		assert.equal(state(22, 3, 1, 32, 1), "none");
		assert.equal(state(22, 3, 1, 0, 1), "none");
		assert.equal(state(22, 3, 1, 0, 4, 1, 0, 0, 1), "none");
		assert.equal(state(22, 3, 1, 0, 4, 1, 0, 1, 0), "none");
	});
});

describe("turns of readers", () => {
	it("are so many in a turn of the event loop, whoever asks, so that the next does not wait for all", async () => {
		const queue = new FairQueue({
			...{ atOnce: 4, perTurn: 2, strangersAtOnce: 0, atOncePerLine: 1 },
			...{ waitingPerLine: 100, waiting: 100 },
		});
		const begun: string[] = [];
		const ask = (name: string) =>
			queue.enter(name, false)?.then((leave) => {
				begun.push(name);
				leave();
			});
		for (const name of ["a", "a", "a", "b", "c"]) ask(name);
		for (const expected of ["ab", "abca", "abcaa"]) {
			for (let count = 0; count < 10; count++) await Promise.resolve();
			assert.equal(begun.join(""), expected);
			await nextTurn();
		}
	});
});

describe("turns of strangers", () => {
	it("are so many in a turn of the event loop, and a station's do not wait for the next", async () => {
		const queue = new FairQueue({
			...{ atOnce: 100, strangersAtOnce: 100, strangersPerTurn: 2, atOncePerLine: 100 },
			...{ waitingPerLine: 100, waiting: 100 },
		});
		let begun = 0;
		const ask = (isStranger: boolean) =>
			queue.enter(isStranger ? "stranger" : "station", isStranger)?.then(() => begun++);
		for (let count = 0; count < 5; count++) ask(true);
		await Promise.resolve();
		assert.equal(begun, 2);
		await ask(false);
		assert.equal(begun, 3);
		await nextTurn();
		await Promise.resolve();
		assert.equal(begun, 5);
		await nextTurn();
		await Promise.resolve();
		assert.equal(begun, 6);
	});

	it("are as many at once over an address that may be shared as its lines may have", async () => {
		const queue = new FairQueue({
			...{ atOnce: 100, strangersAtOnce: 100, atOncePerLine: 1, atOncePerSharedLine: 3 },
			...{ waitingPerLine: 100, waiting: 100 },
		});
		const begun = { station: 0, address: 0 };
		for (let count = 0; count < 5; count++) {
			queue.enter("station", false)?.then(() => begun.station++);
			queue.enter("address", false, true)?.then(() => begun.address++);
		}
		await nextTurn();
		assert.deepEqual(begun, { station: 1, address: 3 });
	});
});

describe("turns that some want all of", () => {
	const options = { atOnce: 8, strangersAtOnce: 8, atOncePerLine: 1, atOncePerSharedLine: 8 };

	it("leave strangers their places, and stations half of what addresses of many may have", async () => {
		const queue = new FairQueue({
			...{ ...options, sharedAtOnce: 4, keptForStrangers: 2, waitingPerLine: 100, waiting: 100 },
		});
		const begun = { shared: 0, own: 0, strangers: 0 };
		for (let count = 0; count < 10; count++)
			queue.enter("many", false, true)?.then(() => begun.shared++);
		for (let count = 0; count < 10; count++)
			queue.enter(`own ${count}`, false)?.then(() => begun.own++);
		for (let count = 0; count < 10; count++)
			queue.enter(`new ${count}`, true)?.then(() => begun.strangers++);
		await nextTurn();
		assert.deepEqual(begun, { shared: 4, own: 2, strangers: 2 });
	});

	it("are refused to strangers when half of what may wait is theirs, and nothing stays of those", async () => {
		const queue = new FairQueue({ ...options, atOnce: 0, waitingPerLine: 100, waiting: 6 });
		const taken = (isStranger: boolean) =>
			Array.from({ length: 9 }, (_, index) => queue.enter(`line ${index}`, isStranger)).filter(
				(turn) => turn !== undefined,
			).length;
		assert.equal(taken(true), 3);
		assert.equal(taken(false), 3);
	});

	it("pass by who is gone, at no cost of the pace", async () => {
		const queue = new FairQueue({
			...{ ...options, strangersAtOnce: 1, strangersPerSecond: 0.001 },
			...{ waitingPerLine: Number.POSITIVE_INFINITY, waiting: Number.POSITIVE_INFINITY },
		});
		let isGone = false;
		const begun: string[] = [];
		const first = await queue.enter("station", false);
		for (let count = 0; count < 7; count++) queue.enter(`busy ${count}`, false);
		for (let count = 0; count < 1000; count++) {
			queue.enter(`left ${count}`, true, false, () => isGone)?.then(() => begun.push("left"));
		}
		queue.enter("there", true)?.then(() => begun.push("there"));
		isGone = true;
		first?.();
		await nextTurn();
		assert.deepEqual(begun, ["there"]);
	});
});

describe("few a turn", () => {
	it("is so many, and as many again in the next turn", async () => {
		const few = new FewATurn(2);
		const take = () => [1, 2, 3, 4].filter(() => few.takes()).length;
		assert.equal(take(), 2);
		assert.equal(take(), 0);
		await nextTurn();
		assert.equal(take(), 2);
	});

	it("is what the thread of a station whose address is known verifies, and the other thread the rest", async () => {
		const asked: Uint8Array[] = [];
		const ledger = new Ledger({
			store: await emptyStore(),
			key: COLLECTOR_KEY,
			clock: { utcSeconds: 1 },
			verifier: {
				isSigned: async ({ signed }) => {
					asked.push(signed);
					return true;
				},
				close: async () => {},
			},
		});
		const stations = [1, 2, 3].map((count) =>
			recordOf(count, { station: `bor-${count}`, seed: count }),
		);
		for (const { station, publicKey } of stations) await ledger.enrol(station, publicKey);
		const receive = (isKnown: boolean) =>
			Promise.all(
				stations.map((record, index) =>
					ledger.receive(record.envelope(1, index + 1), {
						...{ address: "192.0.2.1", station: undefined, isKnown },
					}),
				),
			);
		// Their keys are looked up at different times, and then all of them are there.
		await receive(false);
		assert.equal(asked.length, 3);
		const forged = stations.map((record, index) => {
			const envelope = record.envelope(1, index + 1).slice();
			envelope[envelope.length - 1] = (envelope.at(-1) ?? 0) ^ 1;
			return envelope;
		});
		const answers = await Promise.all(
			forged.map((envelope) =>
				ledger.receive(envelope, { address: "192.0.2.1", station: undefined, isKnown: true }),
			),
		);
		// The other thread, which says yes to everything here, was asked for one of three.
		assert.equal(asked.length, 4);
		assert.deepEqual(
			answers.map((answer) => openAnswer(answer).kind),
			["refusal", "refusal", "acknowledgement"],
		);
	});
});

describe("keys of a station that delivers", () => {
	const key = { publicKey: recordOf(1).publicKey, revoked: undefined } as unknown as StationKey;
	const revoked = { ...key, revoked: { atUtcSeconds: 1, by: "x", why: "y" } } as StationKey;

	function cacheOf(): {
		cache: KeyCache;
		clock: { utcSeconds: number };
		asked: { resolve: (keys: readonly StationKey[]) => void; reject: (error: Error) => void }[];
	} {
		const asked: ReturnType<typeof cacheOf>["asked"] = [];
		const keysOf = (): Promise<readonly StationKey[]> =>
			new Promise((resolve, reject) => asked.push({ resolve, reject }));
		const clock = { utcSeconds: 1000 };
		return { cache: new KeyCache({ records: { keysOf }, clock }), clock, asked };
	}

	async function known(): Promise<ReturnType<typeof cacheOf>> {
		const made = cacheOf();
		const first = made.cache.keysOf("a");
		made.asked[0]?.resolve([key]);
		await first;
		return made;
	}

	/** What is known is not served: only the third look-up's answer is. */
	async function waitsForThird({
		cache,
		asked,
	}: Pick<ReturnType<typeof cacheOf>, "cache" | "asked">): Promise<void> {
		let isServed = false;
		const waiting = cache.keysOf("a").then(() => {
			isServed = true;
		});
		await nextTurn();
		assert.equal(isServed, false);
		asked[2]?.resolve([key]);
		await waiting;
	}

	it("serve while they are looked up once more, by one question, and are heard of within a minute", async () => {
		const { cache, clock, asked } = await known();
		clock.utcSeconds += 30;
		await cache.keysOf("a");
		assert.equal(asked.length, 1);
		clock.utcSeconds++;
		const served = await Promise.all([1, 2, 3].map(() => cache.keysOf("a")));
		assert.deepEqual(
			served.map(([{ revoked: gone } = {}]) => gone),
			[undefined, undefined, undefined],
		);
		assert.equal(asked.length, 2);
		asked[1]?.resolve([revoked]);
		await nextTurn();
		assert.equal((await cache.keysOf("a"))[0]?.revoked?.by, "x");
	});

	it("are as old as their look-up, whoever waited for it since when", async () => {
		const { cache, clock, asked } = await known();
		clock.utcSeconds += 31;
		await cache.keysOf("a");
		clock.utcSeconds += 30;
		const joined = cache.keysOf("a");
		asked[1]?.resolve([key]);
		await joined;
		// Found 61 s ago by then.
		clock.utcSeconds += 31;
		await waitsForThird({ cache, asked });
	});

	it("serve no longer than a minute, and a look-up that fails in between breaks nothing", async () => {
		const { cache, clock, asked } = await known();
		clock.utcSeconds += 31;
		await cache.keysOf("a");
		asked[1]?.reject(new Error("the store is away"));
		await nextTurn();
		clock.utcSeconds += 30;
		await waitsForThird({ cache, asked });
		assert.equal(asked.length, 3);
	});
});

describe("refusals of a station", () => {
	it("that come at once are raised by one transaction, and once more where that failed", async () => {
		const transactions: ((error?: Error) => void)[] = [];
		const watch = new AlarmWatch({
			store: {} as never,
			queue: {
				raise: () =>
					new Promise((resolve, reject) =>
						transactions.push((error) =>
							error === undefined ? resolve({ count: 0, unraised: 0 }) : reject(error),
						),
					),
			} as never,
			clock: { utcSeconds: 1 },
			policies: (() => assert.fail()) as unknown as AlarmPolicies,
			log: () => {},
			onRaised: () => {},
		});
		const refuse = (): Promise<void> => watch.refused("a", "fork", "of entry 7");
		const failed = Promise.allSettled([refuse(), refuse()]);
		assert.equal(transactions.length, 1);
		transactions[0]?.(new Error("the store is away"));
		assert.deepEqual(
			(await failed).map(({ status }) => status),
			["rejected", "rejected"],
		);
		const raised = Promise.all([refuse(), refuse()]);
		assert.equal(transactions.length, 2);
		transactions[1]?.();
		await raised;
		await refuse();
		assert.equal(transactions.length, 2);
	});
});
