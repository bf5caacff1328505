import { strict as assert } from "node:assert";
import { keyedHashPublicKey } from "../../../sim/keys/keyed-hash-signer.js";
import {
	DEFAULT_NETWORK_TIMES,
	NETWORK_FAULTS,
	type NetworkFault,
} from "../../../sim/network/wire.js";
import { equalBytes, hexOf } from "../../../src/core/bytes.js";
import { integerBelow, SeededRandom } from "../../../src/core/random.js";
import { createSha256 } from "../../../src/core/sha256.js";
import { pause, TaskStack } from "../../../src/core/task.js";
import type { HttpRequest, HttpRequestOptions } from "../../../src/firmware/ports.js";
import { UPLINK_STATE_BYTES_MAX } from "../../../src/firmware/station/retained-state.js";
import { REFUSAL_CODES } from "../../../src/protocol/wire/acknowledgement.js";
import { decodeBatch } from "../../../src/protocol/wire/batch.js";
import { decodeSign1 } from "../../../src/protocol/wire/cose.js";
import { UplinkBench } from "../../support/bench/uplink-bench.js";
import { IS_WHOLE } from "../../support/depth.js";
import { damaged } from "../../support/trials/malformed.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Everything that was recorded and is readable is stored, contents equal. */
function assertAllStored(bench: UplinkBench): void {
	for (let sequence = 1; sequence < bench.source.nextSequence; sequence++) {
		if (bench.source.holes.has(sequence)) continue;
		const entry = bench.source.entry(sequence);
		assert.ok(entry !== undefined);
		assert.equal(bench.collector.stored.get(sequence), hexOf(entry), `entry ${sequence}`);
	}
}

describe("uplink", () => {
	it("takes entries to the collector and releases what it acknowledged", () => {
		const bench = new UplinkBench();
		bench.source.grow(12);
		const outcome = bench.session();
		assert.equal(outcome.end, "acknowledged");
		assert.equal(outcome.code, undefined);
		assert.deepEqual(bench.source.acknowledged, [12]);
		assert.deepEqual(bench.collector.batches, [{ first: 1, last: 12, isChained: true }]);
		assert.equal(bench.times.length, 1);
		assert.equal(bench.uplink.failures, 0);
		assertAllStored(bench);
	});

	it("keeps the radio off when there is nothing to send", () => {
		const bench = new UplinkBench();
		assert.equal(bench.session().end, "idle");
		assert.equal(bench.radioMilliseconds, 0);
		assert.ok(bench.uplink.nextAttemptMilliseconds > bench.clock.milliseconds);
	});

	it("sends the newest entries first and then the backlog, oldest first", () => {
		const bench = new UplinkBench({ batchEntriesMax: 288 });
		bench.source.grow(1000);
		const outcome = bench.session();
		assert.deepEqual(
			bench.collector.batches.map(({ first, last }) => [first, last]),
			[
				[713, 1000],
				[1, 288],
				[289, 576],
				[577, 712],
			],
		);
		assert.equal(outcome.hasBacklog, false);
		assert.equal(bench.source.cursor, 1000);
		assertAllStored(bench);
	});

	it("sends eight hours at once unless the board says otherwise", () => {
		const bench = new UplinkBench();
		bench.source.grow(200);
		bench.session();
		assert.deepEqual(
			bench.collector.batches.map(({ first, last }) => [first, last]),
			[
				[105, 200],
				[1, 96],
				[97, 104],
			],
		);
	});

	it("delivers a month's backlog within an hour", () => {
		const bench = new UplinkBench();
		bench.source.grow(8640);
		bench.runUntil(HOUR);
		assert.equal(bench.source.cursor, 8640);
		assertAllStored(bench);
	});

	it("splits a batch at a hole, tells what is not chained, and marks nothing as sent that was not", () => {
		const bench = new UplinkBench();
		bench.source.grow(40);
		bench.source.holes.add(10).add(11).add(30);
		const outcome = bench.session();
		assert.equal(outcome.end, "acknowledged");
		assert.deepEqual(bench.collector.batches, [
			{ first: 31, last: 40, isChained: false },
			{ first: 1, last: 9, isChained: true },
			{ first: 12, last: 29, isChained: false },
		]);
		assert.equal(bench.source.cursor, 9);
		assertAllStored(bench);
	});

	it("remembers over sleep where the last batch ended, and walks to no head that it has seen", () => {
		const bench = new UplinkBench();
		bench.source.grow(12);
		bench.session();
		assert.deepEqual(bench.source.walkedTo, [1]);
		bench.boot(bench.uplink.save());
		bench.source.grow(12);
		bench.session();
		assert.deepEqual(bench.source.walkedTo, [1]);
		// Without what was retained it finds the same head the long way.
		bench.boot(undefined);
		bench.source.grow(12);
		bench.session();
		assert.deepEqual(bench.source.walkedTo, [1, 25]);
		const heads = [1, 13, 25].map((first) => bench.source.headBefore(first));
		assert.deepEqual(
			bench.collector.previousHeads,
			heads.map((head) => hexOf(head ?? new Uint8Array(0))),
		);
		assertAllStored(bench);
	});

	it("moves to a new collector with more in flash than a session carries, without a failure", () => {
		const bench = new UplinkBench();
		bench.source.grow(13_000);
		bench.runUntil(12 * HOUR);
		assert.equal(bench.source.cursor, 13_000);
		bench.collector.stored.clear();
		bench.source.grow(1);
		const ends: string[] = [];
		bench.runUntil(24 * HOUR, (outcome) => {
			if (outcome.end !== "idle") ends.push(outcome.end);
			assert.equal(bench.uplink.failures, 0);
		});
		assert.deepEqual([...new Set(ends)], ["acknowledged"]);
		assert.equal(bench.collector.stored.size, 13_001);
	});

	it("is not slowed down by a collector that came back from an old backup", () => {
		const bench = new UplinkBench();
		bench.source.grow(300);
		bench.runUntil(2 * HOUR);
		for (let sequence = 101; sequence <= 300; sequence++) bench.collector.stored.delete(sequence);
		bench.source.grow(12);
		const outcome = bench.session();
		assert.equal(outcome.end, "acknowledged");
		assert.equal(bench.uplink.failures, 0);
		bench.runUntil(bench.clock.milliseconds + 2 * HOUR);
		assert.equal(bench.collector.stored.size, 312);
	});

	it("takes no clock from the answer to bytes that it had sent before", () => {
		const bench = new UplinkBench();
		bench.source.grow(12);
		bench.collector.onRequest = () => new Error("the answer is lost");
		assert.equal(bench.session().end, "failed");
		bench.collector.onRequest = undefined;
		// The same entries, the same signature, the same bytes; also after a sleep.
		bench.boot(bench.uplink.save());
		const before = bench.times.length;
		assert.equal(bench.session().end, "acknowledged");
		assert.equal(bench.times.length, before);
		bench.source.grow(1);
		assert.equal(bench.session().end, "acknowledged");
		assert.equal(bench.times.length, before + 1);
	});

	it("takes no clock from the answer to bytes that were refused before", () => {
		const bench = new UplinkBench();
		bench.source.grow(12);
		bench.collector.onAnswer = ({ station, epoch, requestHash, nowUtcSeconds }) => ({
			kind: "refusal",
			station,
			epoch,
			requestHash,
			nowUtcSeconds,
			nextSeconds: 7200,
			code: 4,
		});
		assert.equal(bench.session().end, "refused");
		const before = bench.times.length;
		bench.collector.onAnswer = undefined;
		assert.equal(bench.session().end, "acknowledged");
		assert.equal(bench.times.length, before);
	});

	it("remembers over sleep how long answers take and all else", () => {
		const bench = new UplinkBench();
		bench.source.grow(12);
		const fresh = bench.uplink.save();
		bench.session();
		const saved = bench.uplink.save();
		const view = new DataView(saved.buffer, saved.byteOffset, saved.byteLength);
		const { link, connect } = bench.network.times;
		// The schedule begins after the head and four ranges; its last word is the mean time to an answer.
		const answerMilliseconds = view.getUint32(20 + 4 * 8 + 36, true);
		assert.ok(answerMilliseconds >= link[0] + connect[0], `${answerMilliseconds}`);
		assert.ok(answerMilliseconds <= link[1] + connect[1] + 3000, `${answerMilliseconds}`);
		assert.notEqual(hexOf(saved), hexOf(fresh));
		bench.boot(saved);
		assert.equal(hexOf(bench.uplink.save()), hexOf(saved));
	});

	it("does not send again what the collector holds beyond a hole, also after a restart", () => {
		const bench = new UplinkBench({ batchEntriesMax: 288 });
		bench.source.grow(600);
		bench.network.faults = {};
		let requests = 0;
		bench.collector.onRequest = () =>
			++requests > 1 ? new Error("the collector died") : undefined;
		assert.equal(bench.session().batches, 1);
		bench.collector.onRequest = undefined;
		const state = bench.uplink.save();
		assert.ok(state.length <= UPLINK_STATE_BYTES_MAX, `${state.length} bytes`);
		bench.boot(state);
		bench.source.grow(2);
		bench.session();
		assert.deepEqual(
			bench.collector.batches.map(({ first, last }) => [first, last]),
			[
				[313, 600],
				[601, 602],
				[1, 288],
				[289, 312],
			],
		);
	});

	it("offers another collector what the one before held beyond a hole", () => {
		const bench = new UplinkBench();
		bench.source.grow(40);
		bench.source.holes.add(20);
		bench.session();
		const state = bench.uplink.save();
		bench.collector.stored.clear();
		bench.collector.batches.length = 0;
		Object.assign(bench.collector, {
			publicKey: keyedHashPublicKey(Uint8Array.of(98), createSha256()),
			signingKey: keyedHashPublicKey(Uint8Array.of(98), createSha256()),
		});
		bench.boot(state);
		assert.equal(bench.uplink.nextAttemptMilliseconds > 0, true);
		bench.session();
		assertAllStored(bench);
	});

	it("sends nothing twice in a session even if the answer has no room to name it", () => {
		const bench = new UplinkBench({ batchEntriesMax: 288 });
		bench.source.grow(1500);
		// Six holes: the four ranges of an answer do not reach the newest batch.
		bench.collector.onAnswer = (answer) =>
			answer.kind === "refusal"
				? answer
				: { ...answer, cursor: 0, ranges: [3, 6, 9, 12].map((first) => ({ first, last: first })) };
		bench.session();
		assert.deepEqual(
			bench.collector.batches.map(({ first, last }) => [first, last]),
			[
				[1213, 1500],
				[1, 2],
				[4, 5],
				[7, 8],
				[10, 11],
				[13, 300],
				[301, 588],
				[589, 876],
				[877, 1164],
				[1165, 1212],
			],
		);
	});

	it("believes no answer that is old, foreign, forged, malformed or beyond the last append", () => {
		const cases: [string, (bench: UplinkBench) => void][] = [
			[
				"acknowledgement-stale",
				(bench) => {
					bench.collector.onAnswer = (answer) => ({ ...answer, epoch: 1 });
				},
			],
			[
				"acknowledgement-stale",
				(bench) => {
					bench.collector.onAnswer = (answer) => ({ ...answer, station: "pek-1" });
				},
			],
			[
				"acknowledgement-stale",
				(bench) => {
					bench.collector.onAnswer = (answer) => ({ ...answer, requestHash: new Uint8Array(32) });
				},
			],
			[
				"acknowledgement-stale",
				(bench) => {
					bench.source.cursor = 3;
					bench.collector.onAnswer = (answer) => ({ ...answer, cursor: 2, ranges: [] });
				},
			],
			[
				"acknowledgement-beyond",
				(bench) => {
					bench.collector.onAnswer = (answer) => ({ ...answer, cursor: 6, ranges: [] });
				},
			],
			[
				"acknowledgement-beyond",
				(bench) => {
					bench.collector.onAnswer = (answer) => ({
						...answer,
						cursor: 1,
						ranges: [{ first: 3, last: 6 }],
					});
				},
			],
			[
				"acknowledgement-forged",
				(bench) => {
					bench.collector.signingKey = new Uint8Array(33).fill(3);
				},
			],
			[
				"acknowledgement-malformed",
				(bench) => {
					const cose = new Map([["content-type", "application/cose"]]);
					const body = Uint8Array.of(0xd2, 0x84);
					bench.collector.onRequest = () => ({ status: 200, headers: cose, body });
				},
			],
		];
		for (const [code, prepare] of cases) {
			const bench = new UplinkBench();
			bench.source.grow(5);
			prepare(bench);
			const cursor = bench.source.cursor;
			const outcome = bench.session();
			assert.equal(outcome.end, "failed", code);
			assert.equal(outcome.code, code);
			assert.equal(bench.source.cursor, cursor, code);
			assert.deepEqual(bench.source.acknowledged, [], code);
			assert.ok(bench.reports.some((report) => report.code === code));
			assert.equal(bench.uplink.failures, 1);
		}
	});

	it("says a floor above what was released, not above what was overwritten unacknowledged", () => {
		const bench = new UplinkBench();
		const floors: number[] = [];
		bench.collector.onRequest = ({ body }) => {
			floors.push(decodeBatch(decodeSign1(body).payload).floor);
			return undefined;
		};
		bench.source.grow(40);
		bench.source.cursor = 20;
		bench.source.firstSequenceHeld = 15;
		bench.session();
		bench.source.grow(40);
		bench.source.cursor = 40;
		bench.source.firstSequenceHeld = 60;
		bench.session();
		assert.deepEqual([...new Set(floors)], [15, 41]);
	});

	it("gives a collector that lost its newest days what the flash still has of them", () => {
		const bench = new UplinkBench();
		bench.source.grow(900);
		assert.equal(bench.session().end, "acknowledged");
		for (let sequence = 301; sequence <= 900; sequence++) bench.collector.stored.delete(sequence);
		bench.source.grow(5);
		bench.source.firstSequenceHeld = 201;
		const outcome = bench.session();
		assert.equal(outcome.end, "acknowledged");
		assert.deepEqual(bench.source.acknowledged.slice(-1), [905]);
		const stale = bench.reports.filter((report) => report.code === "acknowledgement-stale");
		assert.equal(stale.length, 1);
		assert.equal(stale[0]?.detail, 300);
		assertAllStored(bench);
	});

	it("is not moved by five hundred damaged answers, statuses and headers", () => {
		const seed = Date.now() >>> 0;
		const random = new SeededRandom(seed);
		const bench = new UplinkBench({ seed });
		bench.source.grow(3);
		bench.collector.onRequest = (request) => {
			const { onRequest } = bench.collector;
			bench.collector.onRequest = undefined;
			const honest = bench.collector.receive(request);
			bench.collector.onRequest = onRequest;
			assert.ok(!(honest instanceof Error));
			let body = damaged(random, [honest.body]);
			if (equalBytes(body, honest.body)) body = body.slice(1);
			const type = ["application/cose", "text/html", ""][integerBelow(random, 3)] ?? "";
			const status = [200, 204, 302, 422, 500, 503, 999][integerBelow(random, 7)] ?? 200;
			const retryAfter = ["-1", "", "1e9", "5", "99999999999"][integerBelow(random, 5)] ?? "";
			const headers = new Map([
				["Content-Type", type],
				["Retry-After", retryAfter],
			]);
			return { status, headers, body };
		};
		for (let run = 0; run < 500; run++) {
			const outcome = bench.session();
			assert.equal(outcome.end, "failed", `seed ${seed} run ${run}`);
			assert.ok(bench.uplink.nextAttemptMilliseconds > bench.clock.milliseconds);
		}
		assert.deepEqual(bench.source.acknowledged, [], `seed ${seed}`);
		assert.deepEqual(bench.times, [], `seed ${seed}`);
		bench.collector.onRequest = undefined;
		// A caller that asks for it has the session's whole time.
		bench.uplink.requestSoon();
		assert.equal(bench.session().end, "acknowledged");
	});

	for (const [code, text] of [
		[REFUSAL_CODES["over-quota"], "over-quota"],
		[200, "unknown"],
	] as const) {
		it(`keeps everything and comes again when asked to after refusal ${code} (${text})`, () => {
			const bench = new UplinkBench();
			bench.source.grow(5);
			bench.collector.onAnswer = ({ station, epoch, requestHash, nowUtcSeconds }) => ({
				kind: "refusal",
				station,
				epoch,
				requestHash,
				nowUtcSeconds,
				nextSeconds: 7200,
				code,
			});
			assert.equal(bench.session().end, "refused");
			assert.deepEqual(bench.source.acknowledged, []);
			const refused = bench.reports.find((report) => report.code === "refused");
			assert.deepEqual(refused, { code: "refused", detail: code, text });
			const wait = bench.uplink.nextAttemptMilliseconds - bench.clock.milliseconds;
			assert.ok(wait > 7_100_000 && wait <= 7_200_000, `${wait}`);
			bench.collector.onAnswer = undefined;
			assert.equal(bench.session().end, "acknowledged");
		});
	}

	it("keeps everything, flags and slows down when it is refused", () => {
		const bench = new UplinkBench();
		bench.source.grow(5);
		bench.collector.onAnswer = ({ station, epoch, requestHash, nowUtcSeconds, nextSeconds }) => ({
			kind: "refusal",
			station,
			epoch,
			requestHash,
			nowUtcSeconds,
			nextSeconds,
			code: REFUSAL_CODES.fork,
		});
		const outcome = bench.session();
		assert.equal(outcome.end, "refused");
		assert.equal(outcome.code, "collector-refused");
		assert.equal(bench.uplink.isRefused, true);
		assert.deepEqual(bench.source.acknowledged, []);
		const refused = bench.reports.find((report) => report.code === "refused");
		assert.deepEqual(refused, { code: "refused", detail: 3, text: "fork" });
		assert.ok(bench.uplink.nextAttemptMilliseconds - bench.clock.milliseconds >= 0.9 * HOUR);
		bench.boot(bench.uplink.save());
		assert.equal(bench.uplink.isRefused, true);
		bench.collector.onAnswer = undefined;
		assert.equal(bench.session().end, "acknowledged");
		assert.equal(bench.uplink.isRefused, false);
	});

	it("hands on a configuration only from an acknowledgement that it believes", () => {
		const bench = new UplinkBench();
		bench.source.grow(2);
		const configuration = Uint8Array.of(1, 2, 3);
		bench.collector.onAnswer = (answer) =>
			answer.kind === "refusal" ? answer : { ...answer, configuration, cursor: 9, ranges: [] };
		bench.session();
		assert.deepEqual(bench.configurations, []);
		bench.collector.onAnswer = (answer) => ({ ...answer, configuration });
		bench.session();
		assert.deepEqual(bench.configurations, [configuration]);
	});

	it("names what went wrong by its code, within its deadline, and turns the radio off", () => {
		const expected: Partial<Record<NetworkFault, [string, number]>> = {
			"link-silent": ["link-timeout", 30_000],
			"link-refused": ["link-timeout", 3000],
			"link-drops": ["transport-failed", 6000],
			"name-fails": ["transport-failed", 9000],
			"name-silent": ["name-timeout", 13_000],
			"connect-silent": ["connect-timeout", 12_000],
			"connect-refused": ["transport-failed", 5000],
			"certificate-wrong": ["transport-failed", 5000],
			"certificate-expired": ["transport-failed", 5000],
			"request-reset": ["transport-failed", 6000],
			"answer-reset": ["transport-failed", 6000],
			"answer-silent": ["request-timeout", 36_000],
			"half-open": ["request-timeout", 36_000],
			"request-late": ["transport-failed", 6000],
			"answer-truncated": ["transport-failed", 6000],
			"answer-without-length": ["transport-failed", 6000],
			"answer-informational": ["response-malformed", 6000],
			"captive-portal": ["response-malformed", 6000],
			"answer-oversized": ["response-malformed", 6000],
			busy: ["collector-busy", 6000],
		};
		for (const fault of NETWORK_FAULTS) {
			const [code, milliseconds] = expected[fault] ?? [];
			if (code === undefined || milliseconds === undefined) continue;
			const bench = new UplinkBench();
			bench.source.grow(3);
			bench.network.faults = { [fault]: 1 };
			const outcome = bench.session();
			assert.equal(outcome.code, code, fault);
			assert.ok(outcome.radioMilliseconds <= milliseconds, `${fault} ${outcome.radioMilliseconds}`);
			assert.equal(bench.source.cursor, 0, fault);
			assert.equal(bench.network.faultCounts.get(fault), 1);
			bench.network.faults = {};
			assert.equal(bench.session().end, "acknowledged", fault);
			assertAllStored(bench);
		}
	});

	it("names a key that fails, throws or says nothing, and continues later", () => {
		const publicKey = new Uint8Array(33);
		const silent = { cancel: () => {} };
		const thrown = (): never => {
			throw new Error("no key");
		};
		for (const keys of [
			{ signer: { publicKey, sign: thrown } },
			{ signer: { publicKey, sign: () => silent } },
			{ verifier: { verify: thrown } },
			{ verifier: { verify: () => silent } },
		]) {
			const bench = new UplinkBench();
			bench.source.grow(1);
			bench.boot(undefined, keys);
			const outcome = bench.session();
			assert.equal(outcome.code, "sign-failed");
			assert.deepEqual(bench.source.acknowledged, []);
			bench.boot(bench.uplink.save());
			assert.equal(bench.session().end, "acknowledged");
		}
	});

	it("obeys Retry-After with up to half as long again", () => {
		for (let seed = 1; seed <= 20; seed++) {
			const bench = new UplinkBench({ seed });
			bench.source.grow(1);
			const headers = new Map([["Retry-After", "7200"]]);
			const body = new Uint8Array(0);
			bench.collector.onRequest = () => ({ status: 503, headers, body });
			bench.session();
			const pause = bench.uplink.nextAttemptMilliseconds - bench.clock.milliseconds;
			assert.ok(pause >= 2 * HOUR && pause <= 3 * HOUR, `seed ${seed}: ${pause}`);
		}
	});

	it("leaves what is recorded during a session to the next one", () => {
		const bench = new UplinkBench();
		bench.source.grow(5);
		bench.collector.onRequest = () => {
			bench.source.grow(1);
			return undefined;
		};
		const outcome = bench.session();
		assert.equal(outcome.batches, 1);
		assert.equal(outcome.hasBacklog, false);
		assert.equal(bench.source.cursor, 5);
		bench.session();
		assert.equal(bench.source.cursor, 6);
	});

	it("comes when the collector said", () => {
		const bench = new UplinkBench();
		bench.source.grow(1);
		bench.collector.nextSeconds = 900;
		bench.session();
		assert.equal(bench.uplink.nextAttemptMilliseconds, bench.clock.milliseconds + 900_000);
	});

	it("comes at once when asked to", () => {
		const bench = new UplinkBench();
		bench.source.grow(1);
		bench.session();
		assert.ok(bench.uplink.nextAttemptMilliseconds > bench.clock.milliseconds);
		bench.uplink.requestSoon();
		assert.equal(bench.uplink.nextAttemptMilliseconds, bench.clock.milliseconds);
	});

	it("ends a session in 120 s even if every answer takes its time", () => {
		const bench = new UplinkBench({
			times: { ...DEFAULT_NETWORK_TIMES, answer: [25_000, 25_000] },
		});
		bench.source.grow(8640);
		const outcome = bench.session();
		// Four answers of 25 s fit; the fifth is cut off.
		assert.equal(outcome.batches, 4);
		assert.equal(outcome.code, "request-timeout");
		assert.equal(outcome.hasBacklog, true);
		assert.ok(outcome.radioMilliseconds <= 120_001, `${outcome.radioMilliseconds}`);
	});

	it("begins no batch that the session has no time for", () => {
		const bench = new UplinkBench({
			times: { ...DEFAULT_NETWORK_TIMES, answer: [28_000, 28_000] },
		});
		bench.source.grow(8640);
		const outcome = bench.session();
		assert.equal(outcome.batches, 4);
		assert.equal(outcome.code, undefined);
	});

	it("cancels a look-up that it no longer waits for", () => {
		const bench = new UplinkBench();
		bench.source.grow(1);
		let cancelled = 0;
		bench.network.resolver.resolve = () => ({ cancel: () => cancelled++ });
		assert.equal(bench.session().code, "name-timeout");
		assert.equal(cancelled, 1);
	});

	it("takes nothing from a client that calls back after it was closed", () => {
		const bench = new UplinkBench();
		bench.source.grow(1);
		let asked: HttpRequestOptions | undefined;
		let writes = 0;
		const request: HttpRequest = { read: () => undefined, write: () => ++writes };
		const zombie = {
			request: (options: HttpRequestOptions) => {
				asked = options;
				return request;
			},
			close: () => {},
		};
		Object.defineProperty(bench.network, "HttpsClient", {
			value: function HttpsClient() {
				return zombie;
			},
		});
		assert.equal(bench.session().code, "connect-timeout");
		asked?.onWritable?.call(request, 1000);
		asked?.onReadable?.call(request, 1000);
		asked?.onDone?.call(request, null);
		assert.equal(writes, 0);
	});

	it("leaves no callback behind when the power fails in a session", () => {
		const bench = new UplinkBench();
		bench.source.grow(5);
		const task = new TaskStack(bench.uplink.session());
		// Signing, then the link: driven by hand, and dropped in the middle.
		task.next();
		while (bench.clock.runNext());
		task.next();
		assert.equal(bench.radio.state, "connecting");
		bench.network.kill();
		assert.equal(bench.radio.state, "off");
		while (bench.clock.runNext());
		assert.equal(bench.network.link.isUp, false);
		bench.boot();
		assert.equal(bench.session().end, "acknowledged");
	});

	it("loses, doubles and alters nothing over months of every fault at once", () => {
		const seed = Date.now() >>> 0;
		for (let run = seed; run < seed + 4; run++) {
			const bench = new UplinkBench({ seed: run });
			bench.network.faults = Object.fromEntries(NETWORK_FAULTS.map((fault) => [fault, 0.05]));
			for (let day = 1; day <= 20; day++) {
				bench.source.grow(48);
				bench.runUntil(day * DAY, (outcome) => {
					assert.ok(outcome.radioMilliseconds <= 121_000);
				});
				if (day % 3 === 0) bench.boot(day % 2 === 0 ? bench.uplink.save() : undefined);
				for (let sequence = 1; sequence <= bench.source.cursor; sequence++) {
					assert.ok(bench.collector.stored.has(sequence), `seed ${run}: released, not stored`);
				}
			}
			bench.network.faults = {};
			bench.uplink.requestSoon();
			bench.runUntil(bench.clock.milliseconds + 2 * HOUR);
			assert.equal(bench.source.cursor, bench.source.nextSequence - 1, `seed ${run}`);
			assertAllStored(bench);
		}
	});

	it("spends without a server what WIRE.md, section 5, says and no more", () => {
		const days = IS_WHOLE ? 10 : 5;
		const secondsADay = (fault: NetworkFault | undefined, isKnown: boolean): number => {
			const bench = new UplinkBench({ seed: 5 });
			if (isKnown) {
				for (let hour = 1; hour <= 48; hour++) {
					bench.source.grow(12);
					bench.runUntil(hour * HOUR);
				}
			}
			const beganMilliseconds = bench.clock.milliseconds;
			const radioMilliseconds = bench.radioMilliseconds;
			if (fault !== undefined) bench.network.faults = { [fault]: 1 };
			for (let hour = 1; hour <= days * 24; hour++) {
				// One entry: the batches' size is not what this measures.
				bench.source.grow(1);
				bench.runUntil(beganMilliseconds + hour * HOUR);
			}
			return (bench.radioMilliseconds - radioMilliseconds) / 1000 / days;
		};
		const withServer = secondsADay(undefined, true);
		for (const fault of ["link-silent", "name-silent", "connect-silent", "half-open"] as const) {
			for (const isKnown of [false, true]) {
				const without = secondsADay(fault, isKnown);
				const text = `${fault}: ${without} s a day, ${withServer} with a server`;
				// 24 short slots, 20 s, and what the bucket holds and may owe, spread over the days.
				const shortSeconds = isKnown ? Math.max(30 / 7, (1.4 * withServer) / 24) : 10;
				assert.ok(without <= 24 * shortSeconds + 20 + 120 / days, text);
				assert.ok(without >= 0.5 * withServer, `${text}; does it still try?`);
			}
		}
	});

	it("asks hourly for a collector that it once knew, and delivers a month within an hour", () => {
		const bench = new UplinkBench({ seed: 2 });
		bench.source.grow(12);
		bench.runUntil(2 * HOUR);
		assert.equal(bench.source.cursor, 12);
		bench.network.faults = { "connect-silent": 1 };
		for (let day = 1; day <= 30; day++) {
			bench.source.grow(288);
			bench.runUntil(day * DAY);
		}
		bench.network.faults = {};
		let firstMilliseconds = 0;
		const backMilliseconds = bench.clock.milliseconds;
		while (bench.source.cursor < bench.source.nextSequence - 1) {
			bench.runUntil(bench.uplink.nextAttemptMilliseconds);
			firstMilliseconds ||= bench.clock.milliseconds;
		}
		const waited = firstMilliseconds - backMilliseconds;
		assert.ok(waited <= 1.25 * HOUR, `asked again after ${waited} ms`);
		const took = bench.clock.milliseconds - firstMilliseconds;
		assert.ok(took <= HOUR, `${took} ms`);
		assertAllStored(bench);
	});

	it("has its last task done once, with the link up and all sent, and charges what that took", () => {
		const bench = new UplinkBench();
		const calls: { cursor: number; isUp: boolean; leftMilliseconds: number }[] = [];
		bench.beforeClose = function* (endMilliseconds) {
			const leftMilliseconds = endMilliseconds - bench.clock.milliseconds;
			const { isUp } = bench.network.link;
			calls.push({ cursor: bench.source.cursor, isUp, leftMilliseconds });
			yield* pause(4000);
		};
		bench.source.grow(200);
		const { end, radioMilliseconds } = bench.session();
		assert.equal(end, "acknowledged");
		assert.equal(calls.length, 1);
		assert.deepEqual([calls[0]?.cursor, calls[0]?.isUp], [200, true]);
		assert.ok((calls[0]?.leftMilliseconds ?? 0) > 100_000);
		assert.equal(radioMilliseconds, bench.radioMilliseconds);
		assert.ok(radioMilliseconds > 4000 + 2100, `${radioMilliseconds} ms`);
		assert.equal(bench.session().end, "idle");
		assert.equal(calls.length, 1);
	});

	it("has its last task done when the collector is not there, but not without a link", () => {
		for (const [fault, count] of [
			["connect-refused", 1],
			["captive-portal", 1],
			["link-refused", 0],
			["link-silent", 0],
			["link-drops", 0],
		] as const) {
			const bench = new UplinkBench();
			let calls = 0;
			bench.beforeClose = function* () {
				calls++;
				yield* pause(10);
			};
			bench.network.faults = { [fault]: 1 };
			bench.source.grow(1);
			assert.equal(bench.session().end, "failed", fault);
			assert.equal(calls, count, fault);
		}
	});
});
