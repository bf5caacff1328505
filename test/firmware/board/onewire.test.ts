/** The board's 1-Wire bus under the driver of its thermometer, over a model of the SDK's class. */
import { strict as assert } from "node:assert";
import DS18B20 from "../../../drivers/ds18b20.js";
import { VirtualClock } from "../../../sim/board/clock.js";
import { SimulatedOneWireBus } from "../../../sim/bus/one-wire-bus.js";
import { Ds18b20 } from "../../../sim/chips/ds18b20.js";
import { createOneWire } from "../../../src/firmware/board/onewire.js";
import { SdkOneWireChip } from "../../support/bench/sdk-one-wire.js";

function build(options: { refusal?: string } = {}) {
	const clock = new VirtualClock();
	const bus = new SimulatedOneWireBus({ clock });
	bus.attach(new Ds18b20({ clock, quantity: () => 18.0625 }));
	bus.setPower(true);
	const chip = new SdkOneWireChip({ bus, clock });
	chip.refusal = options.refusal;
	const { native, Bus } = chip;
	const connection = createOneWire({ native, Bus, pin: bus.connection.pin });
	const open = () => new DS18B20({ sensor: connection });
	const measure = (driver: DS18B20): number | undefined => {
		clock.consume(driver.begin() * 1000);
		return driver.sample()?.thermometer.temperature;
	};
	return { bus, chip, clock, connection, measure, open };
}

function code(expected: string) {
	return (error: unknown) => (error as { code?: string }).code === expected;
}

describe("the board's 1-Wire bus", () => {
	it("measures a temperature over one opening of the SDK's bus", () => {
		const { chip, measure, open } = build();
		const driver = open();
		assert.equal(measure(driver), 18.0625);
		assert.equal(measure(driver), 18.0625);
		assert.equal(driver.identity, "DS18B20 280102030405069e");
		assert.equal(chip.openedCount, 1);
	});

	it("is open only while a driver is, and leaves no channel taken", () => {
		const { chip, measure, open } = build();
		assert.equal(chip.channelsTaken, 0);
		for (let wake = 0; wake < 100; wake++) {
			const driver = open();
			assert.equal(chip.channelsTaken, 2);
			measure(driver);
			driver.close();
			driver.close();
			assert.equal(chip.channelsTaken, 0);
		}
	});

	it("never pulls the line up by the chip, which would feed a probe without power", () => {
		const { bus, chip, measure, open } = build();
		const driver = open();
		assert.equal(chip.isPulledUp, false);
		measure(driver);
		assert.equal(chip.isPulledUp, false);
		bus.wiring = "open";
		assert.throws(() => driver.begin(), code("probe-absent"));
		assert.equal(chip.isPulledUp, false);
		driver.close();
		assert.equal(chip.isPulledUp, false);
	});

	it("says that nobody answers on a shorted line, a second at most for each try, and recovers", () => {
		const { bus, chip, clock, measure, open } = build();
		const driver = open();
		bus.wiring = "short";
		for (let attempt = 0; attempt < 3; attempt++) {
			const startMicroseconds = clock.microseconds;
			assert.throws(() => driver.begin(), code("probe-absent"));
			const tookMicroseconds = clock.microseconds - startMicroseconds;
			assert.ok(tookMicroseconds <= 1_010_000, `${tookMicroseconds} us`);
		}
		assert.equal(chip.channelsTaken, 2);
		bus.wiring = "good";
		assert.equal(measure(driver), 18.0625);
	});

	it("loses one try to a line that was shorted in the middle of an answer", () => {
		const { bus, clock, measure, open } = build();
		const driver = open();
		measure(driver);
		clock.consume(driver.begin() * 1000);
		let slots = 0;
		bus.attach({
			isPowered: true,
			setPower: () => {},
			reset: () => false,
			writeBit: () => {},
			readBit: () => {
				if (++slots === 24) bus.wiring = "short";
				return 1;
			},
		});
		assert.throws(() => driver.sample(), code("probe-malformed"));
		assert.equal(bus.wiring, "short");
		bus.wiring = "good";
		assert.throws(() => driver.begin(), code("probe-absent"));
		assert.equal(measure(driver), 18.0625);
	});

	it("is absent, and no trouble to others, when the SDK cannot open it", () => {
		const { chip, measure, open } = build({ refusal: "no memory" });
		const driver = open();
		assert.throws(() => driver.begin(), code("probe-absent"));
		chip.refusal = undefined;
		assert.equal(measure(driver), 18.0625);
		driver.close();
		assert.equal(chip.channelsTaken, 0);
	});

	it("sends nothing and reads ones when the SDK cannot open it", () => {
		const { chip, connection } = build({ refusal: "can't init pin" });
		const port = new connection.io({ pin: connection.pin });
		assert.equal(port.reset(), false);
		port.write(Uint8Array.of(0x33));
		assert.deepEqual(new Uint8Array(port.read(2)), Uint8Array.of(0xff, 0xff));
		port.close();
		assert.equal(chip.openedCount, 0);
	});
});
