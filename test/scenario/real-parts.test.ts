/** The walking station over real TLS sockets: a wrong authority, and a collector killed with -9. */

import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Endpoint } from "../../sim/network/wire.js";
import { recordedRiver } from "../../sim/river/recorded-river.js";
import { createHttpsEndpoint, type HttpsEndpoint } from "../../sim/shell/https-endpoint.js";
import { COLLECTOR_NAME } from "../../sim/shell/played-station.js";
import { type CollectorIdentity, openIdentity } from "../../src/collector/service/identity.js";
import { listenHttps } from "../../src/collector/service/receiver.js";
import { openPGliteStore } from "../../src/collector/store/pglite-store.js";
import { hexOf } from "../../src/core/bytes.js";
import { integerBelow, SeededRandom } from "../../src/core/random.js";
import { type Running, startCommand } from "../support/collectors/command.js";
import { whole } from "../support/depth.js";
import {
	openPlayedWorld,
	type PlayedWorld,
	START_UTC_SECONDS,
} from "../support/worlds/played-world.js";

const HOUR = 3600;

describe("over real TLS", function () {
	this.timeout(120_000);
	let folder: string;
	let world: PlayedWorld;
	let https: HttpsEndpoint | undefined;
	/** What the world talks to; changed while it runs. */
	const endpoint: Endpoint = (request, onAnswer) => {
		if (https === undefined) onAnswer(new Error("nobody listens"));
		else https.endpoint(request, onAnswer);
	};

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "bistrina-tls-"));
	});

	afterEach(() => {
		https?.close();
		https = undefined;
		world.close();
		rmSync(folder, { recursive: true });
	});

	function connect(port: number, identity: CollectorIdentity): void {
		https?.close();
		https = createHttpsEndpoint({
			host: "127.0.0.1",
			port,
			serverName: COLLECTOR_NAME,
			certificateAuthority: identity.certificateAuthority,
			timeoutMilliseconds: 30_000,
		});
	}

	it("nothing goes to a collector whose certificate another authority signed, and nothing is lost", async () => {
		const right = await openIdentity(join(folder, "right"), COLLECTOR_NAME);
		const wrong = await openIdentity(join(folder, "wrong"), COLLECTOR_NAME);
		world = await openPlayedWorld({ seed: 2, endpoint });
		let requests = 0;
		const listening = await listenHttps({
			handler: (request) => {
				requests++;
				return world.handler(request);
			},
			host: "127.0.0.1",
			port: 0,
			certificateChain: right.certificateChain,
			privateKey: right.privateKey,
		});
		try {
			connect(listening.port, wrong);
			await world.simulation.playUntil(START_UTC_SECONDS + 2 * HOUR);
			assert.equal(requests, 0);
			assert.equal((await world.judge()).delivered, 0);
			assert.ok(
				world.logs.some((line) => line.includes("uplink transport-failed")),
				world.logs.join("\n"),
			);
			connect(listening.port, right);
			assert.ok(await world.simulation.settle(4 * HOUR));
			const outcome = await world.judge();
			assert.ok(outcome.appended > 40);
			assert.deepEqual([outcome.missing, outcome.foreign], [0, 0]);
		} finally {
			await listening.close();
		}
	});

	whole(
		"a collector killed with -9 in mid-run and started again has everything it acknowledged",
		async () => {
			const data = join(folder, "collector");
			const identity = await openIdentity(data, COLLECTOR_NAME);
			world = await openPlayedWorld({
				seed: 3,
				endpoint,
				collectorPublicKey: identity.acknowledgementKey.publicKey,
			});
			const list = join(folder, "stations");
			writeFileSync(
				list,
				world.simulation.played
					.map(({ name, publicKey }) => `${name} ${hexOf(publicKey)}\n`)
					.join(""),
			);
			const start = async (): Promise<Running> => {
				const argv = ["--data", data, "--port", "0", "--stations", list];
				const collector = startCommand("src/collector/service/main.js", argv);
				const [, port] = await collector.seen(/"port":(\d+)/);
				connect(Number(port), identity);
				return collector;
			};
			const first = await start();
			const { simulation } = world;
			await simulation.playUntil(START_UTC_SECONDS + 2 * HOUR);
			assert.ok(simulation.played.some(({ witness }) => witness.acknowledgedCursor > 10));
			// In the middle of a request, so that the answer is lost whether it was committed or not.
			while (simulation.world.waiting === undefined) simulation.world.step();
			first.child.kill("SIGKILL");
			await first.finished;
			await simulation.playUntil(simulation.world.utcSeconds + HOUR);
			const second = await start();
			assert.ok(await simulation.settle(4 * HOUR), world.logs.slice(-10).join("\n"));
			second.child.kill("SIGTERM");
			assert.equal((await second.finished).exitCode, 0);
			const store = await openPGliteStore(data);
			try {
				const outcome = await world.judge(store);
				assert.ok(outcome.appended > 60);
				assert.deepEqual([outcome.missing, outcome.foreign], [0, 0]);
			} finally {
				await store.close();
			}
		},
	);

	// Five days of a recording are too long for every run of the tests.
	if (process.env["BISTRINA_LONG"] === "1") {
		it("a wrong authority, a collector killed with -9 and ten power cuts in one recorded run: nothing is missing", async function () {
			this.timeout(600_000);
			const river = recordedRiver("five days", fiveDays());
			const data = join(folder, "collector");
			const identity = await openIdentity(data, COLLECTOR_NAME);
			const wrong = await openIdentity(join(folder, "wrong"), COLLECTOR_NAME);
			world = await openPlayedWorld({
				seed: 6,
				endpoint,
				collectorPublicKey: identity.acknowledgementKey.publicKey,
				stations: [{ name: "bor-1", river }],
			});
			const { simulation } = world;
			const [played] = simulation.played;
			assert.ok(played !== undefined);
			const list = join(folder, "stations");
			writeFileSync(list, `bor-1 ${hexOf(played.publicKey)}\n`);
			const start = async (trusted: CollectorIdentity): Promise<Running> => {
				const argv = ["--data", data, "--port", "0", "--stations", list];
				const collector = startCommand("src/collector/service/main.js", argv);
				const [, port] = await collector.seen(/"port":(\d+)/);
				connect(Number(port), trusted);
				return collector;
			};
			const first = await start(wrong);
			const [, port] = await first.seen(/"port":(\d+)/);
			await simulation.playUntil(START_UTC_SECONDS + 6 * HOUR);
			assert.equal(played.witness.acknowledgedCursor, 0);
			connect(Number(port), identity);
			const random = new SeededRandom(6);
			for (let cut = 0; cut < 10; cut++) {
				await simulation.playUntil(START_UTC_SECONDS + (12 + 10 * cut) * HOUR);
				const before = played.station.counters.powerCuts;
				played.station.cutPowerAfter(
					1 + integerBelow(random, 2000),
					1 + integerBelow(random, 3600),
				);
				while (played.station.counters.powerCuts === before) await simulation.step();
			}
			while (simulation.world.waiting === undefined) simulation.world.step();
			first.child.kill("SIGKILL");
			await first.finished;
			await simulation.playUntil(START_UTC_SECONDS + 118 * HOUR);
			const second = await start(identity);
			await simulation.playUntil(START_UTC_SECONDS + 120 * HOUR);
			assert.ok(await simulation.settle(4 * HOUR), world.logs.slice(-10).join("\n"));
			second.child.kill("SIGTERM");
			assert.equal((await second.finished).exitCode, 0);
			const store = await openPGliteStore(data);
			try {
				const outcome = await world.judge(store);
				assert.ok(outcome.measured > 1300, JSON.stringify(outcome));
				assert.deepEqual([outcome.missing, outcome.foreign, outcome.inGaps], [0, 0, 0]);
			} finally {
				await store.close();
			}
		});
	}
});

/** A recording of the usual form: five minutes apart, with small negatives. */
function fiveDays() {
	return Array.from({ length: 1442 }, (_, index) => ({
		utcSeconds: START_UTC_SECONDS + 300 * index,
		pH: 7.1 + (index % 12) / 100,
		conductivityAt25MicrosiemensPerCm: 740 + (index % 40),
		turbidityFormazinUnits: ((index * 7) % 50) / 10 - 0.3,
		temperatureCelsius: 14 + (index % 100) / 50,
	}));
}
