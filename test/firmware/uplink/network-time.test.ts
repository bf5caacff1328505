import { strict as assert } from "node:assert";
import { VirtualClock } from "../../../sim/board/clock.js";
import { SimulatedNetwork } from "../../../sim/network/network.js";
import { TIME_FAULTS, type TimeFault } from "../../../sim/network/time-server.js";
import { SeededRandom } from "../../../src/core/random.js";
import { Scheduler } from "../../../src/core/task.js";
import type { Datagram, DatagramOptions, Network } from "../../../src/firmware/ports.js";
import {
	askNetworkTime,
	NETWORK_TIME_MILLISECONDS_MAX,
	type NetworkTimeOutcome,
} from "../../../src/firmware/uplink/network-time.js";

const START_UTC_SECONDS = 1_790_812_800;

/** A network with its time server, and one question at a time. */
class Bench {
	readonly clock = new VirtualClock();
	readonly network: SimulatedNetwork;
	radio = "off";
	readonly #random = new SeededRandom(5);

	constructor({ hasServer = true } = {}) {
		this.network = new SimulatedNetwork({
			clock: this.clock,
			random: new SeededRandom(7),
			endpoint: (_request, onAnswer) => onAnswer(new Error("not asked")),
			onRadio: (state) => {
				this.radio = state;
			},
			...(hasServer && { utcSeconds: () => this.utcSeconds }),
		});
		let isUp = false;
		this.network.link.connect((up) => {
			isUp = up;
		});
		while (!isUp) this.clock.runNext();
	}

	get utcSeconds(): number {
		return START_UTC_SECONDS + this.clock.milliseconds / 1000;
	}

	begin(network: Pick<Network, "resolver" | "Datagram"> = this.network) {
		const result: { outcome: NetworkTimeOutcome | undefined } = { outcome: undefined };
		const entropy = {
			fill: (bytes: Uint8Array) => {
				bytes.forEach((_, index) => {
					bytes[index] = this.#random.uint32() >>> 24;
				});
			},
		};
		const asking = askNetworkTime({
			network,
			clock: this.clock,
			entropy,
			host: "pool.ntp.org",
			floorUtcSeconds: START_UTC_SECONDS - 86_400,
		});
		const scheduler = new Scheduler(this.clock, (error) => {
			throw error;
		});
		const handle = scheduler.start(
			(function* () {
				result.outcome = yield* asking;
			})(),
		);
		return { result, handle, scheduler };
	}

	/** One question to its end, within its time and with nothing left open. */
	ask(network?: Pick<Network, "resolver" | "Datagram">): NetworkTimeOutcome {
		const since = this.clock.milliseconds;
		const { result } = this.begin(network);
		while (result.outcome === undefined) assert.ok(this.clock.runNext(), "the question hangs");
		const took = this.clock.milliseconds - since;
		assert.ok(took <= NETWORK_TIME_MILLISECONDS_MAX, `${took} ms`);
		assert.equal(this.network.openDatagrams, 0);
		assert.notEqual(this.radio, "active");
		return result.outcome;
	}
}

describe("a question to the network time server", () => {
	it("is answered with the time of its arrival, within what it says of its doubt", () => {
		const bench = new Bench();
		for (let question = 0; question < 20; question++) {
			const outcome = bench.ask();
			assert.equal(outcome.kind, "time");
			if (outcome.kind !== "time") return;
			const offSeconds = Math.abs(outcome.utcSeconds - bench.utcSeconds);
			assert.ok(offSeconds * 1000 <= outcome.uncertaintyMilliseconds, `${offSeconds} s`);
			assert.ok(outcome.uncertaintyMilliseconds < 600);
			bench.clock.advanceTo((bench.clock.milliseconds + 777) * 1000);
		}
		assert.equal(bench.network.timeServer.requests, 20);
	});

	const expectations: Record<TimeFault, (outcome: NetworkTimeOutcome, bench: Bench) => void> = {
		lost: (outcome) => assert.deepEqual(outcome, { kind: "silent", why: "no answer in time" }),
		late: (outcome) => assert.deepEqual(outcome, { kind: "silent", why: "no answer in time" }),
		wrong: (outcome, bench) => {
			// Nothing in the packet gives it away: that is the time keeper's to judge.
			assert.ok(outcome.kind === "time" && outcome.utcSeconds - bench.utcSeconds > 90_000_000);
		},
		spoofed: (outcome, bench) => {
			assert.ok(outcome.kind === "time" && Math.abs(outcome.utcSeconds - bench.utcSeconds) < 1);
		},
		stranger: (outcome, bench) => {
			assert.ok(outcome.kind === "time" && Math.abs(outcome.utcSeconds - bench.utcSeconds) < 1);
		},
		kiss: (outcome) => assert.deepEqual(outcome, { kind: "kiss", code: "RATE" }),
		unsynchronized: (outcome) =>
			assert.deepEqual(outcome, { kind: "refused", why: "unsynchronized" }),
		truncated: (outcome) => assert.deepEqual(outcome, { kind: "silent", why: "no answer in time" }),
	};
	for (const fault of TIME_FAULTS) {
		it(`ends in time and leaves nothing behind when its answer is ${fault}`, () => {
			const bench = new Bench();
			bench.network.timeServer.faults = { [fault]: 1 };
			expectations[fault](bench.ask(), bench);
			bench.network.timeServer.faults = {};
			assert.equal(bench.ask().kind, "time");
		});
	}

	it("is silence where there is no server, no name, no answer of a resolver, and no link", () => {
		assert.equal(new Bench({ hasServer: false }).ask().kind, "silent");
		for (const fault of ["name-fails", "name-silent"] as const) {
			const bench = new Bench();
			bench.network.faults = { [fault]: 1 };
			assert.deepEqual(bench.ask(), { kind: "silent", why: "no address in time" });
			assert.equal(bench.network.timeServer.requests, 0);
		}
		const bench = new Bench();
		bench.network.link.disconnect();
		assert.equal(bench.ask().kind, "silent");
	});

	it("ends its look-up of the name, however that went", () => {
		for (const isFound of [true, false]) {
			const bench = new Bench();
			let cancelled = 0;
			const resolver: Network["resolver"] = {
				resolve: (host, onDone) => {
					assert.equal(host, "pool.ntp.org");
					if (isFound) bench.clock.createAlarm(() => onDone(null, "192.0.2.1")).schedule(5);
					return { cancel: () => cancelled++ };
				},
			};
			const outcome = bench.ask({ resolver, Datagram: bench.network.Datagram });
			assert.equal(outcome.kind, isFound ? "time" : "silent");
			assert.equal(cancelled, 1);
		}
	});

	it("is silence when the socket throws, breaks, or is flooded", () => {
		const bench = new Bench();
		const { resolver } = bench.network;
		const ask = (fields: Partial<Datagram>, onOpen?: (options: DatagramOptions) => void) => {
			let closed = 0;
			class Broken implements Datagram {
				constructor(options: DatagramOptions) {
					if (onOpen !== undefined) bench.clock.createAlarm(() => onOpen(options)).schedule(9);
					Object.assign(this, fields);
				}
				read(): ReturnType<Datagram["read"]> {
					return undefined;
				}
				write(): void {}
				close(): void {
					closed++;
					throw new Error("already closed");
				}
			}
			const outcome = bench.ask({ resolver, Datagram: Broken });
			assert.equal(closed, 1);
			return outcome;
		};
		const fail = (): never => {
			throw new Error("out of buffers");
		};
		assert.deepEqual(ask({ write: fail }), { kind: "silent", why: "out of buffers" });
		const readable = ({ onReadable }: DatagramOptions) => onReadable(1);
		assert.deepEqual(ask({ read: fail }, readable), { kind: "silent", why: "out of buffers" });
		const broken = ask({}, ({ onError }) => onError());
		assert.deepEqual(broken, { kind: "silent", why: "the socket broke" });
		let packets = 0;
		const flood = (): ReturnType<Datagram["read"]> => {
			packets++;
			return Object.assign(new ArrayBuffer(48), { address: "192.0.2.1", port: 123 });
		};
		const flooded = ask({ read: flood }, ({ onReadable }) => {
			onReadable(1_000_000);
			onReadable(1_000_000);
		});
		assert.deepEqual(flooded, { kind: "silent", why: "no answer in time" });
		assert.equal(packets, 8);
		class Unopened {
			constructor() {
				fail();
			}
		}
		const Unopenable = Unopened as unknown as Network["Datagram"];
		const unopened = bench.ask({ resolver, Datagram: Unopenable });
		assert.deepEqual(unopened, { kind: "silent", why: "out of buffers" });
	});

	it("never repeats a nonce, and goes to port 123", () => {
		const bench = new Bench();
		const nonces = new Set<string>();
		const { network } = bench;
		class Watched extends network.Datagram {
			override write(packet: Uint8Array, address: string, port: number): void {
				nonces.add(packet.slice(40).join());
				assert.equal(
					packet.slice(1, 40).some((byte) => byte !== 0),
					false,
				);
				assert.equal(port, 123);
				super.write(packet, address, port);
			}
		}
		for (let question = 0; question < 50; question++) {
			const outcome = bench.ask({ resolver: network.resolver, Datagram: Watched });
			assert.equal(outcome.kind, "time");
		}
		assert.equal(nonces.size, 50);
	});

	it("is over without a callback when it is cancelled or power fails, whenever that is", () => {
		for (const end of ["cancel", "power"] as const) {
			for (let milliseconds = 0; milliseconds < 200; milliseconds += 10) {
				const bench = new Bench();
				const { result, handle, scheduler } = bench.begin();
				const until = bench.clock.milliseconds + milliseconds;
				while ((bench.clock.nextMicroseconds ?? Number.POSITIVE_INFINITY) <= until * 1000) {
					bench.clock.runNext();
				}
				const isDone = result.outcome !== undefined;
				if (end === "cancel") {
					handle.cancel();
				} else {
					scheduler.stop();
					bench.network.kill();
				}
				while (bench.clock.runNext());
				assert.equal(bench.network.openDatagrams, 0);
				assert.equal(result.outcome !== undefined, isDone);
			}
		}
	});
});
