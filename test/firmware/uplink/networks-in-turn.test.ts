/** Several Wi-Fi networks as one link, over a radio that reports as the SDK's class does: late, and to whoever listens. */
import { strict as assert } from "node:assert";
import { VirtualClock } from "../../../sim/board/clock.js";
import { LocalNetwork } from "../../../sim/shell/chip/local-network.js";
import type { Radio, StaticAddress, WiFiNetwork } from "../../../src/firmware/ports.js";
import { NetworksInTurn } from "../../../src/firmware/uplink/networks-in-turn.js";

/** What becomes of a network that is joined: an address, an association without one, a refusal, an error at once. */
type Fate = "address" | "no-address" | "refused" | "throws";

interface Bench {
	readonly clock: VirtualClock;
	readonly link: NetworksInTurn;
	/** What was done to the radio, in order. */
	readonly done: string[];
	/** What the link said. */
	readonly states: boolean[];
	/** Everybody who is open hears of it. */
	report(connection: number): void;
}

/** A disconnection is reported 60 ms after it was asked for, as one of wifi-esp32.c is by another task. */
const LATE_MICROSECONDS = 60_000;
const JOIN_MICROSECONDS = 2_000_000;

function bench(networks: readonly WiFiNetwork[], fates: Readonly<Record<string, Fate>>): Bench {
	const clock = new VirtualClock();
	const done: string[] = [];
	const states: boolean[] = [];
	const open = new Set<{ connection: number; changed: () => void }>();
	let isAssociated = false;
	const report = (connection: number): void => {
		isAssociated = connection >= 400;
		for (const each of [...open]) {
			if (each.connection === connection) continue;
			each.connection = connection;
			each.changed();
		}
	};
	const later = (microseconds: number, work: () => void) =>
		clock.createAlarm(work).scheduleMicroseconds(microseconds);
	const Made = class implements Radio {
		/** A new object finds an association that has not ended yet. */
		connection = isAssociated ? 400 : 200;
		readonly changed: () => void;
		constructor({ onChanged }: { onChanged: () => void }) {
			this.changed = onChanged;
			open.add(this);
		}
		get RSSI(): number | undefined {
			return -60;
		}
		configure({ static: given }: { static: StaticAddress | false }): void {
			const text = given && `${given.address} ${given.mask} ${given.gateway}`;
			done.push(`static ${text}`);
			// configure() itself tells an association that is still there of an address.
			if (given && isAssociated) report(500);
		}
		connect({ SSID, password }: { SSID: string; password?: string }): void {
			done.push(`join ${SSID}${password === undefined ? "" : ` ${password}`}`);
			const fate = fates[SSID];
			if (fate === "throws") throw new Error("connect failed");
			this.connection = 300;
			later(JOIN_MICROSECONDS, () => {
				if (!open.has(this)) return;
				if (fate === "refused") report(200);
				else report(fate === "address" ? 500 : 400);
			});
		}
		disconnect(): void {
			done.push("leave");
			this.connection = 200;
			later(LATE_MICROSECONDS, () => report(200));
		}
		close(): void {
			open.delete(this);
		}
	};
	const power = (isOn: boolean) => done.push(isOn ? "on" : "off");
	const link = new NetworksInTurn({ Radio: Made, clock, networks, power });
	return { clock, link, done, states, report };
}

function network(name: string, address = "", password = ""): WiFiNetwork {
	return { name, password, address };
}

const ADDRESS = "192.168.1.20,255.255.255.0,192.168.1.1,9.9.9.9";

describe("several networks as one link", () => {
	it("gives the radio the address that the network was told with, and the link its name server", () => {
		const { clock, link, done, states } = bench([network("field", ADDRESS, "%20secret")], {
			field: "address",
		});
		link.connect((isUp) => states.push(isUp));
		clock.advanceTo(20_000_000);
		assert.deepEqual(done, [
			"on",
			"static 192.168.1.20 255.255.255.0 192.168.1.1",
			"join field  secret",
		]);
		assert.deepEqual(states, [true]);
		assert.equal(link.isUp, true);
		assert.equal(link.nameServer, "9.9.9.9");
		assert.equal(link.rssiDecibelMilliwatts, -60);
	});

	it("takes the address away from the radio before a network that gives its own, and there the name server", () => {
		const { clock, link, done, states } = bench([network("field", ADDRESS), network("hut")], {
			field: "refused",
			hut: "address",
		});
		link.connect((isUp) => states.push(isUp));
		clock.advanceTo(20_000_000);
		assert.deepEqual(done.slice(3), ["leave", "static false", "join hut"]);
		assert.deepEqual(states, [true]);
		assert.equal(link.nameServer, undefined);
	});

	it("says nothing of addresses to a radio that was never given one", () => {
		const { clock, link, done } = bench([network("a"), network("b")], {
			a: "refused",
			b: "refused",
		});
		link.connect(() => {});
		clock.advanceTo(20_000_000);
		assert.deepEqual(done, ["on", "join a", "leave", "join b"]);
	});

	it("tries the next network although the report of the one that it left comes late", () => {
		const networks = [network("silent"), network("hut", ADDRESS), network("last")];
		const { clock, link, done, states } = bench(networks, {
			silent: "no-address",
			hut: "address",
			last: "refused",
		});
		link.connect((isUp) => states.push(isUp));
		clock.advanceTo(60_000_000);
		assert.deepEqual(states, [true]);
		assert.equal(link.isUp, true);
		assert.equal(done.at(-1), "join hut");
	});

	it("is at its end when the last network failed, and tries all of them anew at the next connection", () => {
		const { clock, link, done, states } = bench([network("a"), network("b")], {
			a: "throws",
			b: "throws",
		});
		link.connect((isUp) => states.push(isUp));
		assert.equal(states.length, 0);
		clock.advanceTo(5_000_000);
		assert.deepEqual(states, [false]);
		link.disconnect();
		link.connect((isUp) => states.push(isUp));
		clock.advanceTo(10_000_000);
		assert.deepEqual(states, [false, false]);
		assert.deepEqual(done, [
			"on",
			"join a",
			"leave",
			"join b",
			"leave",
			"off",
			"on",
			"join a",
			"leave",
			"join b",
		]);
	});

	it("says that a link was lost, and begins no other network by itself", () => {
		const { clock, link, done, states, report } = bench([network("a"), network("b")], {
			a: "address",
		});
		link.connect((isUp) => states.push(isUp));
		clock.advanceTo(5_000_000);
		report(200);
		clock.advanceTo(60_000_000);
		assert.deepEqual(states, [true, false]);
		assert.deepEqual(done, ["on", "join a"]);
	});

	it("says nothing after it was ended, also between two networks", () => {
		const { clock, link, states } = bench([network("a"), network("b")], {
			a: "refused",
			b: "address",
		});
		link.connect((isUp) => states.push(isUp));
		clock.advanceTo(2_300_000);
		link.disconnect();
		clock.advanceTo(60_000_000);
		assert.equal(states.length, 0);
		assert.equal(link.isUp, false);
	});
});

describe("the simulated local network", () => {
	it("lets out who has an address of its own or none, and leaves any other without an answer", () => {
		const tries: readonly (readonly [StaticAddress | false, boolean])[] = [
			[false, true],
			[{ address: "192.168.1.20", mask: "255.255.255.0", gateway: "192.168.1.1" }, true],
			[{ address: "10.0.0.20", mask: "255.255.255.0", gateway: "10.0.0.1" }, false],
			[{ address: "192.168.1.20", mask: "255.255.255.0", gateway: "192.168.1.2" }, false],
		];
		for (const [given, isLetOut] of tries) {
			let asked = 0;
			const resolver = {
				resolve: () => {
					asked++;
					return { cancel: () => {} };
				},
			};
			const local = new LocalNetwork({ link: undefined as never, resolver });
			new local.Radio({ onChanged: () => {} }).configure({ static: given });
			local.resolver.resolve("collector.example.org", () => {});
			assert.equal(asked, isLetOut ? 1 : 0, JSON.stringify(given));
		}
	});
});
