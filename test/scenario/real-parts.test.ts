/** The walking station over real TLS sockets: a wrong authority, and a collector killed with -9. */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Endpoint } from "../../sim/network.js";
import { createHttpsEndpoint, type HttpsEndpoint } from "../../sim/shell/https-endpoint.js";
import { COLLECTOR_NAME } from "../../sim/shell/simulation.js";
import { type CollectorIdentity, openIdentity } from "../../src/collector/identity.js";
import { openPGliteStore } from "../../src/collector/pglite-store.js";
import { listenHttps } from "../../src/collector/receiver.js";
import { hexOf } from "../../src/core/bytes.js";
import { type Running, startCommand } from "../support/command.js";
import { openPlayedWorld, type PlayedWorld, START_UTC_SECONDS } from "../support/played-world.js";

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

	it("a collector killed with -9 in mid-run and started again has everything it acknowledged", async () => {
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
			const collector = startCommand("src/collector/main.js", argv);
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
	});
});
