import { strict as assert } from "node:assert";
import DS18B20 from "../../../drivers/ds18b20.js";
import { crc8Of } from "../../../drivers/one-wire.js";
import { VirtualClock } from "../../../sim/board/clock.js";
import { SimulatedOneWireBus } from "../../../sim/bus/one-wire-bus.js";
import { Ds18b20, type Ds18b20Options } from "../../../sim/chips/ds18b20.js";
import { hex } from "../../support/bench/chip-bench.js";

const SKIP = 0xcc;
const CONVERT = 0x44;
const READ = 0xbe;

function plug(options: Partial<Ds18b20Options> = {}) {
	const clock = new VirtualClock();
	const world = { celsius: 25.0625 };
	const bus = new SimulatedOneWireBus({ clock });
	const chip = new Ds18b20({ clock, quantity: () => world.celsius, ...options });
	bus.attach(chip);
	bus.setPower(true);
	const { io, pin } = bus.connection;
	const port = new io({ pin });
	const wait = (milliseconds: number) => clock.consume(milliseconds * 1000);
	const send = (...bytes: number[]) => {
		const isPresent = port.reset();
		port.write(Uint8Array.from(bytes));
		return isPresent;
	};
	const scratchpad = () => {
		send(SKIP, READ);
		return hex(port.read(9));
	};
	return { bus, chip, clock, port, send, scratchpad, wait, world };
}

describe("the DS18B20", () => {
	it("holds 85 degC with a valid check after power-on", () => {
		assert.equal(plug().scratchpad(), "5005" + "4b467fff0c101c");
	});

	it("converts in 750 ms and reads zeros as long as it is busy", () => {
		const { port, send, scratchpad, wait } = plug();
		send(SKIP, CONVERT);
		wait(700);
		assert.equal(hex(port.read(1)), "00");
		wait(60);
		assert.equal(hex(port.read(1)), "ff");
		assert.ok(scratchpad().startsWith("91014b467fff"));
	});

	it("gives the last result to a master who does not wait", () => {
		const { send, scratchpad, wait, world } = plug();
		send(SKIP, CONVERT);
		wait(760);
		world.celsius = -10.125;
		send(SKIP, CONVERT);
		assert.ok(scratchpad().startsWith("9101"));
		wait(760);
		assert.ok(scratchpad().startsWith("5eff"));
	});

	it("is faster and coarser at a lower resolution, which survives power once it was copied", () => {
		const { bus, send, scratchpad, wait } = plug();
		send(SKIP, 0x4e, 0x20, 0x10, 0x1f);
		send(SKIP, CONVERT);
		wait(94);
		assert.ok(scratchpad().startsWith("900120101f"));
		bus.setPower(false);
		bus.setPower(true);
		assert.ok(scratchpad().startsWith("50054b467f"));
		send(SKIP, 0x4e, 0x20, 0x10, 0x1f);
		send(SKIP, 0x48);
		bus.setPower(false);
		bus.setPower(true);
		assert.ok(scratchpad().startsWith("500520101f"));
	});

	it("is found by a search among others, and listens when it is called by its name", () => {
		const { bus, chip, clock, port } = plug();
		const other = new Ds18b20({ clock, quantity: () => 4, serial: [9, 9, 9, 9, 9, 9] });
		bus.attach(other);
		other.setPower(true);
		port.reset();
		port.write(Uint8Array.of(0x55, ...other.rom, CONVERT));
		clock.consume(760_000);
		for (const [part, expected] of [
			[chip, "5005"],
			[other, "4000"],
		] as const) {
			port.reset();
			port.write(Uint8Array.of(0x55, ...part.rom, READ));
			const bytes = new Uint8Array(port.read(9));
			assert.equal(hex(bytes.subarray(0, 2)), expected);
			assert.equal(crc8Of(bytes), 0);
		}
		// Two at once: what is read is the AND of both, and the check tells.
		port.reset();
		port.write(Uint8Array.of(0x33));
		assert.notEqual(crc8Of(new Uint8Array(port.read(8))), 0);
	});

	it("leaves 85 degC behind when a conversion starves on two wires", () => {
		const { port, send, scratchpad, wait } = plug({ isStarved: true });
		send(SKIP, CONVERT);
		wait(760);
		assert.ok(scratchpad().startsWith("5005"));
		send(SKIP, 0xb4);
		assert.equal(hex(port.read(1)), "00");
	});

	it("looks like a valid 0 degC when its wire is shorted, and like nobody when it is cut", () => {
		const { bus, send, scratchpad } = plug();
		bus.wiring = "short";
		assert.equal(send(SKIP), true);
		assert.equal(scratchpad(), "000000000000000000");
		bus.wiring = "open";
		assert.equal(send(SKIP), false);
		assert.equal(scratchpad(), "ffffffffffffffffff");
	});
});

describe("the DS18B20's driver over its model", () => {
	function open(options: Partial<Ds18b20Options> = {}) {
		const plugged = plug(options);
		plugged.port.close();
		const driver = new DS18B20({ sensor: plugged.bus.connection });
		const measure = (): number | undefined => {
			plugged.wait(driver.begin());
			return driver.sample()?.thermometer.temperature;
		};
		return { ...plugged, driver, measure };
	}

	it("reads the temperature, below zero too", () => {
		const { measure, world } = open();
		assert.equal(measure(), 25.0625);
		world.celsius = -10.125;
		assert.equal(measure(), -10.125);
	});

	it("refuses a short, a cut, two parts at once, and 85 degC out of nowhere", () => {
		const { bus, clock, measure } = open();
		measure();
		bus.wiring = "short";
		assert.throws(measure, { code: "probe-malformed" });
		bus.wiring = "open";
		assert.throws(measure, { code: "probe-absent" });
		bus.wiring = "good";
		bus.attach(new Ds18b20({ clock, quantity: () => 4, serial: [9, 9, 9, 9, 9, 9] }));
		bus.setPower(true);
		assert.throws(measure, { code: "probe-malformed" });
		assert.throws(open({ isStarved: true }).measure, { code: "probe-malformed" });
	});

	for (const powerOnCelsius of [85, 25, 14]) {
		it(`sees a conversion that a short loss of power ended in a clone that keeps its ${powerOnCelsius} degC and its limits over it`, () => {
			const { bus, clock, driver, measure, world } = open({
				powerOnCelsius,
				keepsScratchpad: true,
			});
			for (const celsius of [14, powerOnCelsius]) {
				world.celsius = celsius;
				bus.setPower(false);
				clock.consume(60_000_000);
				bus.setPower(true);
				driver.begin();
				clock.consume(300_000);
				bus.setPower(false);
				clock.consume(10_000);
				bus.setPower(true);
				clock.consume(600_000);
				assert.throws(() => driver.sample(), { code: "probe-malformed" });
				// What it measures then is taken, be it what it shows at power-on.
				assert.equal(measure(), celsius);
			}
		});
	}

	it("takes nothing of a clone on two wires, which shows 25 degC and every limit that was written", () => {
		const { measure } = open({ powerOnCelsius: 25, keepsScratchpad: true, isStarved: true });
		for (let turn = 0; turn < 3; turn++) assert.throws(measure, { code: "probe-malformed" });
	});

	it("takes of a clone without alarm search what differs from its power-on, and what it measured since", () => {
		const { measure, world } = open({ powerOnCelsius: 25, isDeafToAlarmSearch: true });
		world.celsius = 25;
		assert.throws(measure, { code: "probe-malformed" });
		assert.throws(measure, { code: "probe-malformed" });
		world.celsius = 24.9375;
		assert.equal(measure(), 24.9375);
		world.celsius = 25;
		assert.equal(measure(), 25);
		assert.equal(measure(), 25);
	});

	it("gives of a clone that lost power after it had measured nothing older than its power-on", () => {
		const { bus, clock, driver, measure, world } = open({ keepsScratchpad: true });
		assert.equal(measure(), 25.0625);
		world.celsius = 14;
		driver.begin();
		bus.setPower(false);
		clock.consume(10_000);
		bus.setPower(true);
		clock.consume(800_000);
		// Nothing on the bus tells this from a conversion that found the same.
		assert.equal(driver.sample()?.thermometer.temperature, 25.0625);
		assert.equal(measure(), 14);
	});

	it("is told to convert once more where a bit of its looking busy was turned over", () => {
		const { bus, measure } = open();
		assert.equal(measure(), 25.0625);
		for (let bitIndex = 0; bitIndex < 8; bitIndex++) {
			bus.addFault({ bitIndex, skip: 2 });
			assert.equal(measure(), 25.0625, `bit ${bitIndex}`);
		}
		assert.equal(bus.strikes, 8);
	});

	it("gives no temperature of a conversion that a turned bit of its command prevented", () => {
		class Noisy extends Ds18b20 {
			/** A bit of the command that follows `cc` after so many resets. */
			struck = 0;
			#resets = 0;
			#bits = 0;
			override reset(): boolean {
				this.#resets++;
				this.#bits = 0;
				return super.reset();
			}
			override writeBit(bit: 0 | 1): void {
				// Of the driver's first measurement the fourth reset begins the conversion: ROM, scratchpad, mark.
				const isStruck = this.#resets === 4 && this.#bits++ === 8 + this.struck;
				super.writeBit(isStruck ? (bit === 0 ? 1 : 0) : bit);
			}
		}
		for (let struck = 0; struck < 8; struck++) {
			const { bus, clock, measure } = open();
			const chip = new Noisy({ clock, quantity: () => 4 });
			chip.struck = struck;
			bus.replace(chip);
			bus.setPower(true);
			assert.equal(measure(), 4, `bit ${struck}`);
		}
	});

	it("takes 85 degC for true when the water was near it", () => {
		const { measure, world } = open();
		world.celsius = 84;
		assert.equal(measure(), 84);
		world.celsius = 85;
		assert.equal(measure(), 85);
	});

	it("believes no scratchpad of which a bit was turned over", () => {
		const { bus, measure } = open();
		assert.equal(measure(), 25.0625);
		for (let bitIndex = 0; bitIndex < 72; bitIndex++) {
			// What it shows before it converts, and after.
			for (const skip of [0, 3]) {
				bus.addFault({ bitIndex, skip });
				assert.throws(measure, { code: "probe-malformed" }, `bit ${bitIndex}`);
			}
		}
		assert.equal(measure(), 25.0625);
	});

	/** A search of the bus, slot by slot (Maxim, application note 187): all that answer to a command. */
	function search(bus: SimulatedOneWireBus, command: number): string[] {
		const { slots } = bus;
		const found: string[] = [];
		let last = -1;
		const rom = new Uint8Array(8);
		do {
			if (!slots.reset()) break;
			for (let bit = 0; bit < 8; bit++) slots.writeBit(((command >> bit) & 1) as 0 | 1);
			let zero = -1;
			for (let bit = 0; bit < 64; bit++) {
				const [one, other] = [slots.readBit(), slots.readBit()];
				if (one === 1 && other === 1) return found;
				const held = (rom[bit >> 3] ?? 0) >> (bit & 7);
				const chosen = one !== other ? one : bit < last ? held & 1 : bit === last ? 1 : 0;
				if (one === other && chosen === 0) zero = bit;
				rom[bit >> 3] = ((rom[bit >> 3] ?? 0) & ~(1 << (bit & 7))) | (chosen << (bit & 7));
				slots.writeBit(chosen as 0 | 1);
			}
			found.push(hex(rom));
			last = zero;
		} while (last >= 0);
		return found;
	}

	it("is found slot by slot among others, and by an alarm only after a conversion beyond its limits", () => {
		const { bus, chip, clock, send, wait } = plug();
		const others = [
			[9, 2, 3, 4, 5, 6],
			[1, 2, 3, 4, 5, 7],
		].map((serial) => new Ds18b20({ clock, quantity: () => 20, serial }));
		for (const other of others) {
			bus.attach(other);
			other.setPower(true);
		}
		const roms = [chip, ...others].map(({ rom }) => hex(rom)).sort();
		assert.deepEqual(search(bus, 0xf0).sort(), roms);
		// 85 degC of the power-on lie above the factory's limit of 75, and are no conversion.
		assert.deepEqual(search(bus, 0xec), []);
		send(SKIP, CONVERT);
		wait(760);
		// The limits of the factory: 75 and 70 degC, and everything here is colder.
		assert.deepEqual(search(bus, 0xec).sort(), roms);
	});
});
