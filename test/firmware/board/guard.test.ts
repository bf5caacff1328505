/** What the station does when one of its callbacks throws: on the ESP32 an escape would be the end. */

import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Rehearsal } from "../../../sim/station/rehearsal.js";
import { createGuard } from "../../../src/firmware/board/guard.js";
import type { Board, HttpClientOptions, HttpRequestOptions } from "../../../src/firmware/ports.js";
import { crash } from "../../../src/firmware/station/crash-record.js";
import { decodeEntry } from "../../../src/protocol/record/entry.js";
import { eventNameOf } from "../../../src/protocol/record/events.js";
import { IS_LONG, IS_WHOLE } from "../../support/depth.js";
import { PROJECT, sources } from "../../support/sources.js";

const KINDS = [
	"alarm",
	"link",
	"name",
	"headers",
	"readable",
	"writable",
	"done",
	"sign",
	"verify",
] as const;
type Kind = (typeof KINDS)[number];

/** All of them in the long run. */
const STRIKES = IS_WHOLE ? 8 : 2;

/** The board with a guard around each callback that it is given, and a strike inside the guard. */
function guardedBoard(board: Board, strike: (kind: Kind) => void): Board {
	const guard = createGuard((error) =>
		crash({
			memory: board.crash,
			clock: board.clock,
			processor: board.processor,
			switchOff: () => {
				board.probeRail.off();
				board.loopRail.off();
			},
			cause: "callback",
			error,
		}),
	);
	const struck = <This, Arguments extends unknown[]>(
		kind: Kind,
		callback: (this: This, ...parameters: Arguments) => void,
	) =>
		guard(function (this: This, ...parameters: Arguments) {
			strike(kind);
			callback.apply(this, parameters);
		});
	const { clock, network, signer, verifier } = board;
	return {
		...board,
		clock: {
			get milliseconds() {
				return clock.milliseconds;
			},
			createAlarm: (callback) => clock.createAlarm(struck("alarm", callback)),
		},
		network: {
			link: {
				connectMillisecondsMax: network.link.connectMillisecondsMax,
				get isUp() {
					return network.link.isUp;
				},
				get rssiDecibelMilliwatts() {
					return network.link.rssiDecibelMilliwatts;
				},
				connect: (onChanged) => network.link.connect(struck("link", onChanged)),
				disconnect: () => network.link.disconnect(),
			},
			resolver: {
				resolve: (host, onDone) => network.resolver.resolve(host, struck("name", onDone)),
			},
			HttpsClient: class extends network.HttpsClient {
				constructor(options: HttpClientOptions) {
					super(options);
					const request = this.request.bind(this);
					this.request = (asked: HttpRequestOptions) =>
						request({
							...asked,
							...(asked.onHeaders && { onHeaders: struck("headers", asked.onHeaders) }),
							...(asked.onReadable && { onReadable: struck("readable", asked.onReadable) }),
							...(asked.onWritable && { onWritable: struck("writable", asked.onWritable) }),
							...(asked.onDone && { onDone: struck("done", asked.onDone) }),
						});
				}
			},
			// A clock that is well asks nobody: what this one calls back is struck in network-time.test.ts.
			Datagram: network.Datagram,
		},
		signer: {
			publicKey: signer.publicKey,
			sign: (digest, onDone) => signer.sign(digest, struck("sign", onDone)),
		},
		verifier: {
			verify: (key, digest, signature, onDone) =>
				verifier.verify(key, digest, signature, struck("verify", onDone)),
		},
	};
}

/** Two hours in which the `nth` callback of a kind throws; how often it was called, and the run. */
function strikeAt(kind: Kind, isStruck: (call: number) => boolean) {
	const calls = { count: 0 };
	const rehearsal = new Rehearsal({
		seed: 11,
		scenario: "quiet-bor",
		sectors: 8,
		onBoard: (board) =>
			guardedBoard(board, (called) => {
				if (called === kind && isStruck(++calls.count)) throw new Error(`struck ${kind}`);
			}),
	});
	rehearsal.runUntil(7200);
	return { calls: calls.count, rehearsal };
}

describe("a callback that throws", () => {
	for (const kind of KINDS) {
		it(`never gets past the guard, whichever ${kind} callback it is, and costs no entry`, function () {
			if (IS_LONG) this.timeout(600_000);
			const { calls } = strikeAt(kind, () => false);
			assert.ok(calls > 0, `no ${kind} callback in two hours`);
			const step = IS_LONG ? 1 : Math.max(Math.floor(calls / STRIKES), 1);
			for (let nth = 1; nth <= calls; nth += step) {
				const { rehearsal } = strikeAt(kind, (call) => call === nth);
				rehearsal.settle();
				const report = rehearsal.report();
				assert.equal(report.crashes, 1, `call ${nth}`);
				assert.deepEqual(report.problems, [], `call ${nth}`);
				assert.equal(report.stored, report.appended, `call ${nth}`);
				const crashes = rehearsal.entries
					.map(decodeEntry)
					.filter((entry) => entry.kind === "event" && eventNameOf(entry.code) === "crash");
				assert.equal(crashes.length, 1, `call ${nth}`);
				const boots = rehearsal.entries
					.map(decodeEntry)
					.filter(({ kind: each }) => each === "boot");
				const last = boots.at(-1);
				assert.equal(last?.kind === "boot" ? last.crashCode : 0, 2);
			}
		});
	}

	it("leads, again and again, into a safe mode that measures and leaves the network alone", () => {
		const { rehearsal } = strikeAt("name", () => true);
		const events = rehearsal.entries
			.map(decodeEntry)
			.flatMap((entry) => (entry.kind === "event" ? [entry] : []));
		const safeMode = events.filter(({ code }) => eventNameOf(code) === "safe-mode");
		assert.deepEqual(
			safeMode.slice(0, 2).map(({ detail }) => detail),
			[1, 0],
		);
		const between = rehearsal.entries
			.map(decodeEntry)
			.filter(
				({ sequence }) =>
					sequence > (safeMode[0]?.sequence ?? 0) && sequence < (safeMode[1]?.sequence ?? 0),
			);
		const readings = between.filter(({ kind }) => kind === "reading");
		assert.ok(readings.length >= 11, `${readings.length} readings in an hour of safe mode`);
		assert.ok(
			!between.some((entry) => entry.kind === "event" && eventNameOf(entry.code) === "crash"),
		);
		assert.equal(rehearsal.report().stored, 0);
	});
});

/**
 * Timer callbacks of a source that do not enter through a guard: each must be `() => name()` with
 * `name` made by a guard in the same file.
 */
function unguardedTimers(text: string): string[] {
	const guarded = new Set(
		[...text.matchAll(/const (\w+) = (?:this\.#)?(?:guard|createGuard\(\w+\))\(/g)].map(
			([, name]) => name,
		),
	);
	return [...text.matchAll(/Timer\.(?:set|repeat|schedule)\(\s*([^;]*?)[,;\n]/g)]
		.map(([, callback]) => callback ?? "")
		.filter((callback) => !guarded.has(/^\(\) => (\w+)\(\)$/.exec(callback)?.[1] ?? ""));
}

describe("the board's adapters", () => {
	it("hand the SDK no timer callback that is not guarded", () => {
		const adapters = sources("src/firmware/board").filter(({ path }) => !path.endsWith(".d.ts"));
		let timers = 0;
		for (const { path } of adapters) {
			const text = readFileSync(join(PROJECT, path), "utf8");
			timers += [...text.matchAll(/Timer\.set\(/g)].length;
			assert.deepEqual(unguardedTimers(text), [], path);
		}
		assert.ok(timers >= 4, `${timers} timers found`);
	});

	it("would be found if one did", () => {
		const planted =
			"const run = guard(work);\nTimer.set(() => run(), 0);\nTimer.set(() => work(), 0);";
		assert.deepEqual(unguardedTimers(planted), ["() => work()"]);
	});
});
