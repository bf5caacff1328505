/** What every 1-Wire port does: the simulator's, and the board's over a model of the SDK's class. */
import { strict as assert } from "node:assert";
import { VirtualClock } from "../../sim/board/clock.js";
import { SimulatedOneWireBus } from "../../sim/bus/one-wire-bus.js";
import { Ds18b20 } from "../../sim/chips/ds18b20.js";
import { createOneWire } from "../../src/firmware/board/onewire.js";
import type { OneWireConnection } from "../../src/firmware/ports.js";
import { hex } from "../support/bench/chip-bench.js";
import { SdkOneWireChip } from "../support/bench/sdk-one-wire.js";

interface Bench {
	readonly bus: SimulatedOneWireBus;
	readonly clock: VirtualClock;
}

const PORTS: Readonly<Record<string, (bench: Bench) => OneWireConnection>> = {
	"of the simulator": ({ bus }) => bus.connection,
	"of the board": (bench) => {
		const { native, Bus } = new SdkOneWireChip(bench);
		return createOneWire({ native, Bus, pin: bench.bus.connection.pin });
	},
};

const READ_ROM = 0x33;
const ROM = "280102030405069e";

for (const [name, connect] of Object.entries(PORTS)) {
	describe(`the 1-Wire port ${name}`, () => {
		function open() {
			const clock = new VirtualClock();
			const bus = new SimulatedOneWireBus({ clock });
			bus.attach(new Ds18b20({ clock, quantity: () => 18.0625 }));
			bus.setPower(true);
			const { io, pin } = connect({ bus, clock });
			return { bus, clock, port: new io({ pin }) };
		}

		it("hears a presence, sends a command and reads what answers, each byte from its lowest bit", () => {
			const { port } = open();
			assert.equal(port.reset(), true);
			port.write(Uint8Array.of(READ_ROM));
			assert.equal(hex(port.read(8)), ROM);
		});

		it("sends all bytes of a write, and reads on where a read ended", () => {
			const { clock, port } = open();
			port.reset();
			port.write(Uint8Array.of(0xcc, 0x44));
			clock.consume(750_000);
			port.reset();
			port.write(Uint8Array.of(0xcc, 0xbe));
			assert.equal(hex(port.read(2)), "2101");
			assert.equal(hex(port.read(7)), "4b467fff0f104b");
		});

		it("hears nobody and reads ones where nobody is", () => {
			const { bus, port } = open();
			bus.wiring = "open";
			assert.equal(port.reset(), false);
			assert.equal(hex(port.read(3)), "ffffff");
		});

		it("reads zeros from a line that is shorted after its reset", () => {
			const { bus, port } = open();
			port.reset();
			bus.wiring = "short";
			port.write(Uint8Array.of(READ_ROM));
			assert.equal(hex(port.read(8)), "0000000000000000");
		});

		it("hears a part again once its line is whole", () => {
			const { bus, port } = open();
			for (const wiring of ["open", "short"] as const) {
				bus.wiring = wiring;
				port.reset();
				port.read(1);
				bus.wiring = "good";
				// What the trouble spoilt may cost one transaction.
				port.reset();
				assert.equal(port.reset(), true, wiring);
				port.write(Uint8Array.of(READ_ROM));
				assert.equal(hex(port.read(8)), ROM, wiring);
			}
		});

		it("throws after its close, which may come twice", () => {
			const { port } = open();
			port.close();
			port.close();
			for (const use of [
				() => port.reset(),
				() => port.write(Uint8Array.of(0)),
				() => port.read(1),
			]) {
				assert.throws(use, { name: "Error", message: "the 1-Wire port is closed" });
			}
		});
	});
}
