/** When `npm run campaign -- siege` calls an attack too weak to say anything. */
import { strict as assert } from "node:assert";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import sinon from "sinon";
import { HANDSHAKE_TURNS } from "../../src/collector/service/admission.js";
import { FairQueue } from "../../src/host/fair-queue.js";
import { Attack } from "../support/trials/siege-attacks.js";
import { ATTACKS, type AttackName } from "../support/trials/siege-envelopes.js";
import {
	leastOf,
	ORIGINS,
	PACED_SENDERS,
	RECONNECT_SECONDS,
	REQUESTS_PER_CONNECTION,
	SENDERS,
	SLOW_CONNECTIONS,
	STRANGER_REQUESTS_PER_SECOND,
	tooWeak,
} from "../support/trials/siege-least.js";

const SECONDS = 6;

describe("an attack of a siege", () => {
	const strengthOf = (name: AttackName, connections: number, requests: number) => ({
		...{ name, connections, requests },
	});

	it("alone comes to half of what it sends at a pace, to all connections, to what quotas let in", () => {
		const least = Object.fromEntries(ATTACKS.map((name) => [name, leastOf(name, [name], SECONDS)]));
		assert.deepEqual(least, {
			idle: { connections: 2000 },
			strangers: { requests: 900 },
			"gap-storm": { requests: 94 },
			"epoch-storm": { requests: 500 },
			pipelining: { requests: 500 },
			"slow-bodies": { connections: 300, requests: 300 },
			forks: { requests: 51 },
			replays: { requests: 900 },
		});
	});

	it("in the company of all others comes to what a hundred handshakes of strangers a second let in", () => {
		const least = Object.fromEntries(
			ATTACKS.map((name) => [name, leastOf(name, ATTACKS, SECONDS)]),
		);
		assert.deepEqual(least, {
			idle: { connections: 2000 },
			// (6 - 0.32) / (0.01 + 0.5333 + 4 x 0.12) x 16 x 10
			strangers: { requests: 888 },
			"gap-storm": { requests: 94 },
			"epoch-storm": { requests: 500 },
			pipelining: { requests: 500 },
			// (6 - 0.32) / 0.12 x 4
			"slow-bodies": { connections: 300, requests: 189 },
			forks: { requests: 51 },
			replays: { requests: 888 },
		});
	});

	it("in company comes to no less through the collector's own queue", async () => {
		const time = sinon.useFakeTimers({
			toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"],
		});
		try {
			const queue = new FairQueue(HANDSHAKE_TURNS);
			const count = { strangers: 0, replays: 0, "slow-bodies": 0 };
			const addressOf = (name: AttackName, index: number): string =>
				`127.0.1.${ORIGINS[name].first + (index % ORIGINS[name].addresses)}`;
			const pause = (milliseconds: number): Promise<void> =>
				new Promise((resolve) => setTimeout(resolve, milliseconds));
			const shakeHands = async (address: string): Promise<void> => {
				const leave = await queue.enter(address, true);
				// What it answers takes 0.7 ms, and with that the turn is over.
				await pause(0.7);
				leave?.();
			};
			const send = async (name: "strangers" | "replays", address: string): Promise<void> => {
				for (;;) {
					await shakeHands(address);
					for (let request = 0; request < REQUESTS_PER_CONNECTION; request++) {
						await pause((1000 * PACED_SENDERS) / STRANGER_REQUESTS_PER_SECOND);
						count[name]++;
					}
					await pause(1000 * RECONNECT_SECONDS);
				}
			};
			const all = (many: number, each: (index: number) => void): void =>
				void Array.from({ length: many }, (_, index) => each(index));
			all(SLOW_CONNECTIONS, (index) =>
				shakeHands(addressOf("slow-bodies", index)).then(() => count["slow-bodies"]++),
			);
			for (const storm of ["gap-storm", "epoch-storm", "forks"] as const) {
				all(SENDERS, (index) => shakeHands(addressOf(storm, index)));
			}
			all(SENDERS, (index) => shakeHands(addressOf("pipelining", index)));
			for (const name of ["strangers", "replays"] as const) {
				all(PACED_SENDERS, (index) => send(name, addressOf(name, index)));
			}
			await time.tickAsync(1000 * SECONDS);
			for (const [name, requests] of Object.entries(count)) {
				const least = leastOf(name as AttackName, ATTACKS, SECONDS).requests ?? 0;
				assert.ok(requests >= least, `${name}: ${requests}, at least ${least}`);
			}
		} finally {
			time.restore();
		}
	});

	it("that is one request short is not judged, in company or alone", () => {
		const strangers = strengthOf("strangers", 90, 887);
		assert.equal(
			tooWeak(strangers, ATTACKS, SECONDS),
			"strangers came to 887 requests of 888 at least",
		);
		assert.equal(tooWeak({ ...strangers, requests: 888 }, ATTACKS, SECONDS), undefined);
		assert.equal(
			tooWeak({ ...strangers, requests: 899 }, ["strangers"], SECONDS),
			"strangers came to 899 requests of 900 at least",
		);
	});

	it("may be as much weaker as the collector had less of a processor, and no attack may be none", () => {
		const strangers = strengthOf("strangers", 45, 444);
		assert.equal(tooWeak(strangers, ATTACKS, SECONDS, 0.5), undefined);
		assert.notEqual(tooWeak({ ...strangers, requests: 443 }, ATTACKS, SECONDS, 0.5), undefined);
		for (const name of ATTACKS) {
			assert.match(String(tooWeak(strengthOf(name, 0, 0), ATTACKS, 0.1)), / came to 0 /, name);
		}
	});

	it("of slow bodies is none while its connections begin no body", () => {
		assert.equal(
			tooWeak(strengthOf("slow-bodies", 300, 0), ["slow-bodies"], SECONDS),
			"slow-bodies came to 0 requests of 300 at least",
		);
	});

	for (const name of ["idle", "slow-bodies", "strangers", "replays", "forks"] as const) {
		it(`does not count as one when nobody takes it: ${name}`, async () => {
			const server = createServer().listen(0, "127.0.0.1");
			await once(server, "listening");
			const { port } = server.address() as AddressInfo;
			// From now on every connection is refused.
			await new Promise((resolve) => server.close(resolve));
			const attack = new Attack({
				...{ name, port, serverName: "x", certificateAuthority: "", milliseconds: 1 },
				...{ evil: "e", victim: "good-0", strangers: 1 },
			});
			await attack.run();
			const { connections, requests } = attack;
			assert.deepEqual([connections, requests], [0, 0]);
			assert.notEqual(tooWeak({ name, connections, requests }, [name], SECONDS), undefined);
		});
	}
});
