import { strict as assert } from "node:assert";
import INA226 from "../../../drivers/ina226.js";
import { Ina226 } from "../../../sim/chips/ina226.js";
import { ChipBench, hex } from "../../support/bench/chip-bench.js";

const SHUNT_OHMS = 0.1;

function plug() {
	const bench = new ChipBench();
	const world = { volts: 12.5, amperes: 0.4, milliamperes: 0 };
	const chip = new Ina226({
		clock: bench.clock,
		busVolts: () => world.volts,
		shuntVolts: () => world.amperes * SHUNT_OHMS,
		onCurrent: (milliamperes) => {
			world.milliamperes = milliamperes;
		},
	});
	const peer = bench.plug(chip);
	const get = (register: number) => hex(peer.writeRead(Uint8Array.of(register), 2));
	const set = (register: number, word: number) =>
		peer.write(Uint8Array.of(register, word >> 8, word & 0xff));
	return { bench, chip, peer, world, get, set };
}

describe("the INA226", () => {
	it("wakes converting, with the identity and the config of the datasheet", () => {
		const { get } = plug();
		assert.equal(get(0xfe), "5449");
		assert.equal(get(0xff), "2260");
		assert.equal(get(0), "4127");
		// 10 000 steps of 1.25 mV, 16 000 of 2.5 uV.
		assert.equal(get(2), "2710");
		assert.equal(get(1), "3e80");
	});

	it("gives current and power only after it was calibrated, and forgets that with its power", () => {
		const { bench, chip, get, set } = plug();
		assert.equal(get(4), "0000");
		// 0.00512 / (100 uA x 0.1 ohm).
		set(5, 512);
		bench.wait(10);
		assert.equal(get(4), "0fa0");
		// 5 W in steps of 2.5 mW.
		assert.equal(get(3), "07d0");
		chip.setPower(false);
		chip.setPower(true);
		bench.wait(10);
		assert.equal(get(5), "0000");
		assert.equal(get(4), "0000");
		assert.equal(get(1), "3e80");
	});

	it("forgets it at a reset by command too", () => {
		const { bench, get, set } = plug();
		set(5, 512);
		set(0, 0x8000);
		bench.wait(10);
		assert.equal(get(0), "4127");
		assert.equal(get(4), "0000");
	});

	it("shows charging as a negative current", () => {
		const { bench, get, set, world } = plug();
		world.amperes = -0.4;
		set(5, 512);
		bench.wait(10);
		assert.equal(get(1), "c180");
		assert.equal(get(4), "f060");
		assert.equal(get(3), "07d0");
	});

	it("averages for as long as it was told, converts once, and says when it is done", () => {
		const { bench, get, set, world } = plug();
		get(6);
		world.volts = 10;
		set(0, 0x4523);
		bench.wait(30);
		assert.equal(get(6), "0000");
		assert.equal(get(2), "2710");
		bench.wait(5);
		assert.equal(get(6), "0008");
		assert.equal(get(6), "0000");
		assert.equal(get(2), "1f40");
		assert.equal(world.milliamperes, 0.0005);
		bench.wait(100);
		assert.equal(get(6), "0000");
	});

	it("ends at 36 V, and alerts beyond a limit", () => {
		const { bench, get, set, world } = plug();
		set(7, 10_400);
		set(6, 0x2000);
		bench.wait(10);
		assert.equal(get(6), "2008");
		world.volts = 50;
		bench.wait(10);
		assert.equal(get(2), "7080");
		assert.equal(get(6), "2018");
	});

	it("gives its driver voltage and current", () => {
		const { bench, chip, peer } = plug();
		peer.close();
		const driver = new INA226({ sensor: bench.bus.connection, shuntOhms: SHUNT_OHMS });
		for (let turn = 0; turn < 2; turn++) {
			bench.wait(driver.begin());
			const sample = driver.sample();
			assert.ok(Math.abs((sample?.battery.voltage ?? 0) - 12.5) < 1e-9);
			assert.ok(Math.abs((sample?.battery.current ?? 0) - 0.4) < 1e-9);
			chip.setPower(false);
			chip.setPower(true);
		}
	});

	it("clears an alert by a conversion in transparent mode, and by the read when it latches", () => {
		for (const latch of [0, 1]) {
			const { bench, get, set, world } = plug();
			const isAlert = (): boolean => (Number.parseInt(get(6), 16) & 0x0010) !== 0;
			// Bus over its limit of 10.24 V; shunt and bus take 1.1 ms each.
			set(7, 0x2000);
			set(6, 0x2000 | latch);
			bench.wait(2);
			assert.equal(isAlert(), true);
			world.volts = 1;
			// Within the same conversion: only a latched alert goes with the read.
			assert.equal(isAlert(), latch === 0);
			bench.wait(5);
			assert.equal(isAlert(), false);
		}
	});

	it("latches an alert of a conversion that nobody looked at", () => {
		const { bench, get, set, world } = plug();
		set(7, 0x2000);
		set(6, 0x2001);
		bench.wait(5);
		get(6);
		world.volts = 1;
		bench.wait(5);
		get(6);
		assert.equal(get(6), "2001");
		world.volts = 12.5;
		bench.wait(5);
		world.volts = 1;
		bench.wait(5);
		assert.equal(get(6), "2019");
	});
});
