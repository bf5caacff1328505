import { strict as assert } from "node:assert";
import { Ads1115, type Ads1115Options } from "../../../sim/chips/ads1115.js";
import { ChipBench, hex } from "../../support/bench/chip-bench.js";

const CONVERSION = 0;
const CONFIG = 1;
/** Single shot, A0 to ground, 4.096 V, 128 samples a second, comparator off. */
const SINGLE_A0 = 0xc383;

function plug(options: Partial<Ads1115Options> = {}) {
	const bench = new ChipBench();
	const volts = [1, 2, 3, 0];
	const world = { volts, milliamperes: 0 };
	const chip = new Ads1115({
		clock: bench.clock,
		inputs: (pin) => volts[pin] ?? 0,
		onCurrent: (milliamperes) => {
			world.milliamperes = milliamperes;
		},
		...options,
	});
	const peer = bench.plug(chip);
	const get = (register: number) => hex(peer.writeRead(Uint8Array.of(register), 2));
	const set = (register: number, word: number) =>
		peer.write(Uint8Array.of(register, word >> 8, word & 0xff));
	/** Config, 10 ms, conversion. */
	const convert = (word: number): string => {
		set(CONFIG, word);
		bench.wait(10);
		return get(CONVERSION);
	};
	return { bench, chip, peer, world, get, set, convert };
}

describe("the ADS1115", () => {
	it("wakes with the registers of the datasheet", () => {
		const { get } = plug();
		assert.deepEqual([0, 1, 2, 3].map(get), ["0000", "8583", "8000", "7fff"]);
	});

	it("converts 1.000 V at 4.096 V to 0x1F40", () => {
		assert.equal(plug().convert(SINGLE_A0), "1f40");
	});

	it("keeps OS at 0 until the conversion is done, and the last result in its register", () => {
		const { bench, get, set, convert, world } = plug();
		convert(SINGLE_A0);
		world.volts[0] = 2;
		set(CONFIG, SINGLE_A0);
		bench.wait(6);
		assert.equal(get(CONFIG), "4383");
		assert.equal(get(CONVERSION), "1f40");
		bench.wait(1);
		assert.equal(get(CONFIG), "c383");
		assert.equal(get(CONVERSION), "3e80");
	});

	it("is faster or slower than its data rate by its own clock", () => {
		const slow = plug({ clockError: -0.1 });
		slow.set(CONFIG, SINGLE_A0);
		slow.bench.wait(8.2);
		assert.equal(slow.get(CONFIG), "4383");
		slow.bench.wait(0.3);
		assert.equal(slow.get(CONFIG), "c383");
	});

	it("gives the result of another channel to a reader who does not wait", () => {
		const { convert, get, set } = plug();
		assert.equal(convert(SINGLE_A0), "1f40");
		set(CONFIG, 0xd383);
		assert.equal(get(CONVERSION), "1f40");
	});

	it("does not start without OS, nor again while it converts", () => {
		const { bench, get, set, world } = plug();
		set(CONFIG, 0x4383);
		assert.equal(get(CONFIG), "c383");
		bench.wait(20);
		assert.equal(get(CONVERSION), "0000");
		set(CONFIG, SINGLE_A0);
		bench.wait(4);
		world.volts[0] = 3;
		set(CONFIG, SINGLE_A0);
		bench.wait(5);
		assert.equal(get(CONVERSION), "1f40");
	});

	it("takes the difference of two inputs, with its sign", () => {
		const { convert } = plug();
		// A0 - A1 = -1 V; A2 - A3 = 3 V.
		assert.equal(convert(0x8383), "e0c0");
		assert.equal(convert(0xb383), "5dc0");
	});

	it("clips at full scale, at the supply's diodes, and goes a little below zero", () => {
		const { convert, world } = plug();
		assert.equal(convert(0xd583), "7d00");
		world.volts[1] = 2.5;
		assert.equal(convert(0xd583), "7fff");
		world.volts[1] = 4;
		assert.equal(convert(0xd383), "7080");
		world.volts[1] = -1;
		assert.equal(convert(0xd383), "f6a0");
		const offset = plug({ offsetCodes: -3 });
		assert.equal(offset.convert(0xf383), "fffd");
	});

	it("converts for ever in continuous mode, where OS stays 0", () => {
		const { bench, get, set, world } = plug();
		set(CONFIG, 0x4283);
		bench.wait(10);
		assert.equal(get(CONFIG), "4283");
		assert.equal(get(CONVERSION), "1f40");
		world.volts[0] = 2;
		bench.wait(20);
		assert.equal(get(CONVERSION), "3e80");
		assert.equal(world.milliamperes, 0.15);
	});

	it("ends the running conversion of continuous mode with the old channel", () => {
		const { bench, get, set } = plug();
		set(CONFIG, 0x4283);
		bench.wait(10);
		set(CONFIG, 0x5283);
		bench.wait(6);
		assert.equal(get(CONVERSION), "1f40");
		bench.wait(10);
		assert.equal(get(CONVERSION), "3e80");
	});

	it("keeps its pointer, of which two bits count, and ignores half a word", () => {
		const { peer, get } = plug();
		peer.write(Uint8Array.of(0xfd));
		assert.equal(hex(peer.read(2)), "8583");
		peer.write(Uint8Array.of(CONFIG, 0x12));
		assert.equal(get(CONFIG), "8583");
	});

	it("is reset by a general call, and by power", () => {
		const { bench, chip, get, set } = plug();
		set(2, 0x1234);
		bench.open(0).write(Uint8Array.of(0x06));
		assert.equal(get(2), "8000");
		set(2, 0x1234);
		chip.setPower(false);
		chip.setPower(true);
		assert.equal(get(2), "8000");
	});

	it("pulls ALERT beyond a threshold, with hysteresis, when the comparator is on", () => {
		const { chip, convert, set, world } = plug();
		set(3, 0x2000);
		set(2, 0x1000);
		const queueOfOne = SINGLE_A0 & ~3;
		convert(queueOfOne);
		assert.equal(chip.isAlertHigh, true);
		world.volts[0] = 2;
		convert(queueOfOne);
		assert.equal(chip.isAlertHigh, false);
		world.volts[0] = 0.8;
		convert(queueOfOne);
		assert.equal(chip.isAlertHigh, false);
		world.volts[0] = 0.2;
		convert(queueOfOne);
		assert.equal(chip.isAlertHigh, true);
	});

	it("pulls ALERT outside a window, and latched until the result is read", () => {
		const { bench, chip, convert, get, set, world } = plug();
		set(3, 0x2000);
		set(2, 0x1000);
		const window = (SINGLE_A0 & ~3) | 0x10;
		for (const [volts, isHigh] of [
			[1, true],
			[0.2, false],
			[0.8, true],
			[1.5, false],
		] as const) {
			world.volts[0] = volts;
			convert(window);
			assert.equal(chip.isAlertHigh, isHigh, `${volts} V`);
		}
		// Latched: back inside the window it stays, until the result is read.
		for (const volts of [1.5, 1]) {
			world.volts[0] = volts;
			set(CONFIG, window | 4);
			bench.wait(10);
			assert.equal(chip.isAlertHigh, false, `latched at ${volts} V`);
		}
		get(CONVERSION);
		assert.equal(chip.isAlertHigh, true);
	});

	it("shows on ALERT when a conversion is ready, if the thresholds are crossed", () => {
		const { bench, chip, set } = plug();
		set(3, 0x8000);
		set(2, 0x0000);
		set(CONFIG, SINGLE_A0 & ~3);
		assert.equal(chip.isAlertHigh, true);
		bench.wait(10);
		assert.equal(chip.isAlertHigh, false);
	});

	it("pulses ALERT for 8 us at the end of each conversion of the continuous mode, unless the comparator is off", () => {
		const { bench, chip, set } = plug();
		set(2, 0x0000);
		set(3, 0x8000);
		// Continuous, 128 a second, comparator after one.
		set(CONFIG, 0x4280);
		bench.clock.consume(7000);
		assert.equal(chip.isAlertHigh, true);
		const low: number[] = [];
		for (let microseconds = 7001; microseconds < 15_000; microseconds++) {
			bench.clock.consume(1);
			if (!chip.isAlertHigh) low.push(microseconds);
		}
		assert.equal(low.length, 8);
		set(CONFIG, 0x4283);
		for (let turn = 0; turn < 9000; turn++) {
			bench.clock.consume(1);
			assert.equal(chip.isAlertHigh, true);
		}
	});

	it("counts conversions that nobody looked at for its comparator, and latches what was over by then", () => {
		const { bench, chip, set, world } = plug();
		set(3, 0x2000);
		set(2, 0x1000);
		// Continuous, 4.096 V, 128 a second, traditional, alert after four beyond 1.024 V.
		world.volts[0] = 0.5;
		set(CONFIG, 0x4282);
		bench.wait(30);
		world.volts[0] = 2;
		bench.wait(24);
		assert.equal(chip.isAlertHigh, true, "three beyond");
		bench.wait(16);
		assert.equal(chip.isAlertHigh, false, "five beyond");
		world.volts[0] = 0.5;
		bench.wait(20);
		assert.equal(chip.isAlertHigh, true);
		// Latching, alert after one; beyond for 20 ms that nobody looks at.
		set(CONFIG, 0x4284);
		world.volts[0] = 2;
		bench.wait(20);
		world.volts[0] = 0.5;
		bench.wait(20);
		assert.equal(chip.isAlertHigh, false);
	});
});
