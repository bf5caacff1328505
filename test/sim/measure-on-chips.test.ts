/** The firmware's drivers and its measuring, against the models of the chips. */
import { strict as assert } from "node:assert";
import { EZO_FIRMWARE } from "../../sim/chips/ezo-firmware.js";
import { CHANNEL_FLAGS } from "../../src/protocol/reading.js";
import { WaterBench } from "../support/water-bench.js";

const { absent, fault, outOfRange, suspect, uncompensated, uncalibrated } = CHANNEL_FLAGS;
const FAILED = absent | fault;

/** Loop voltage of 12.5 FNU at -50..1550: 4.625 mA over 150 ohms = 693 750 uV, a whole code. */
const TURBIDITY_MICROVOLTS = 693_750;

describe("a measurement of the water over the simulated chips", () => {
	for (const version of ["1.98", "2.10", "2.16"] as const) {
		for (const wakeConsumesCommand of [true, false]) {
			const board = wakeConsumesCommand ? "that lose the waking command" : "that do not";
			it(`reads the truth from boards of firmware ${version} ${board}`, () => {
				const firmware = { ...EZO_FIRMWARE[version], wakeConsumesCommand };
				const bench = new WaterBench({ firmware });
				for (let turn = 0; turn < 3; turn++) {
					const { reading, failures, events } = bench.measure();
					assert.deepEqual(failures, []);
					assert.deepEqual(events, []);
					assert.equal(reading.pHMilli, 7900);
					assert.equal(reading.pHFlags, uncalibrated);
					assert.equal(reading.temperatureMillidegrees, 8250);
					assert.equal(reading.temperatureFlags, 0);
					assert.equal(reading.conductivityHundredths, 31_230);
					assert.equal(reading.conductivityFlags, uncalibrated);
					assert.equal(reading.turbidityMicrovolts, TURBIDITY_MICROVOLTS);
					assert.equal(reading.turbidityFlags, 0);
					assert.ok(Math.abs((reading.batteryMillivolts ?? 0) - 12_600) <= 1);
					assert.equal(bench.probeRail.isOn, false);
					assert.equal(bench.loopRail.isOn, false);
				}
			});
		}
	}

	it("flags an open temperature probe, and pH as uncompensated", () => {
		const bench = new WaterBench();
		bench.water.isRtdOpen = true;
		const { reading } = bench.measure();
		assert.equal(reading.temperatureMillidegrees, undefined);
		assert.equal(reading.temperatureFlags, FAILED);
		assert.equal(reading.pHFlags, uncalibrated | uncompensated);
		assert.ok(Math.abs((reading.pHMilli ?? 0) - 7849) <= 1);
		assert.equal(reading.conductivityHundredths, 31_230);
	});

	it("puts a circuit back to Celsius that somebody left in Fahrenheit", () => {
		const bench = new WaterBench();
		const saved = bench.temperature.save();
		bench.temperature.load({ ...saved, own: { ...saved.own, scale: 2 } });
		assert.equal(bench.measure().reading.temperatureMillidegrees, 8250);
	});

	it("suspects every probe when the cell conducts nothing", () => {
		const bench = new WaterBench();
		bench.water.microsiemens = 0;
		const { reading } = bench.measure();
		assert.equal(reading.conductivityHundredths, 0);
		assert.equal(reading.conductivityFlags, uncalibrated | outOfRange | suspect);
		assert.equal(reading.temperatureFlags, suspect);
		assert.equal(reading.turbidityFlags, suspect);
	});

	it("never lets one corrupt byte of a response become a value without a flag", () => {
		// Every bit of every byte of the first five responses of every circuit: 3 x 5 x 7 x 8.
		let strikes = 0;
		for (const address of [0x63, 0x64, 0x66]) {
			for (let place = 0; place < 5 * 7 * 8; place++) {
				const bench = new WaterBench();
				const [skip, byteIndex, bit] = [Math.floor(place / 56), (place >> 3) % 7, place % 8];
				const xor = 1 << bit;
				bench.probeBus.addFault({ kind: "corrupt-read", address, skip, byteIndex, xor });
				const { reading } = bench.measure();
				strikes += bench.probeBus.counters.faults;
				// What two readings that agree may be off by.
				const values = [
					[reading.pHMilli, 7900, 50, reading.pHFlags],
					[reading.temperatureMillidegrees, 8250, 100, reading.temperatureFlags],
					[reading.conductivityHundredths, 31_230, 625, reading.conductivityFlags],
				] as const;
				for (const [value, truth, tolerance, flags] of values) {
					const isFlagged = (flags & ~uncalibrated) !== 0;
					if (isFlagged || Math.abs((value ?? Number.NaN) - truth) <= tolerance) continue;
					const where = `${address}, response ${skip}, byte ${byteIndex}, bit ${bit}`;
					assert.fail(`${where}: ${value} instead of ${truth}, flags ${flags}`);
				}
			}
		}
		// The temperature circuit has four responses in a good run; a fifth when the fault made one.
		assert.ok(strikes >= 840 - 56, `only ${strikes} corruptions struck`);
	});

	it("goes on after a held data line that nine clocks free", () => {
		const bench = new WaterBench();
		const before = bench.measure();
		bench.systemBus.stickData(9);
		const { reading, failures, events } = bench.measure();
		assert.deepEqual(failures, []);
		assert.deepEqual(reading, before.reading);
		assert.deepEqual(
			events.map(({ code }) => code),
			["bus-cleared"],
		);
	});

	it("cycles the rail for a circuit that holds the data line until it loses power", () => {
		const bench = new WaterBench();
		bench.measure();
		// Struck when the first circuit has been read a few times.
		let reads = 0;
		const read = bench.pH.read.bind(bench.pH);
		bench.pH.read = (count) => {
			reads++;
			if (reads === 3) bench.probeBus.stickData("power");
			return read(count);
		};
		const { reading, failures, events } = bench.measure();
		assert.deepEqual(failures, []);
		assert.deepEqual(
			events.map(({ code, detail }) => [code, detail]),
			[["bus-cleared", 2]],
		);
		assert.equal(reading.pHMilli, 7900);
	});

	it("names a circuit that has left the bus, once, and the others go on", () => {
		const bench = new WaterBench();
		bench.probeBus.addFault({ kind: "nack", address: 0x64, times: Number.POSITIVE_INFINITY });
		const first = bench.measure();
		assert.equal(first.reading.conductivityFlags, FAILED);
		assert.deepEqual(first.failures, [{ channel: 2, code: "probe-absent" }]);
		assert.deepEqual(
			first.events.map(({ code }) => code),
			["probe-failed"],
		);
		assert.equal(first.reading.temperatureMillidegrees, 8250);
		const second = bench.measure();
		assert.deepEqual(second.events, []);
		bench.probeBus.clearFaults();
		const third = bench.measure();
		assert.deepEqual(
			third.events.map(({ code }) => code),
			["probe-recovered"],
		);
		assert.equal(third.reading.conductivityHundredths, 31_230);
	});

	it("bears a stretched clock, and circuits that are three seconds late", () => {
		const bench = new WaterBench();
		bench.probeBus.addFault({
			kind: "stretch",
			milliseconds: 12,
			times: Number.POSITIVE_INFINITY,
		});
		const { reading, failures } = bench.measure();
		assert.deepEqual(failures, []);
		assert.equal(reading.pHMilli, 7900);

		const late = new WaterBench();
		late.measure();
		for (const chip of [late.pH, late.conductivity, late.temperature]) {
			const boot = chip.setPower.bind(chip);
			chip.setPower = (isOn) => {
				chip.lateMilliseconds = 0;
				boot(isOn);
				chip.lateMilliseconds = 3000;
			};
		}
		const slow = late.measure();
		assert.deepEqual(slow.failures, []);
		assert.equal(slow.reading.pHMilli, 7900);
	});

	it("tells a broken loop from clear water", () => {
		const bench = new WaterBench();
		bench.loop.volts = () => 0;
		const { reading, failures } = bench.measure();
		assert.equal(reading.turbidityFlags & fault, fault);
		assert.equal(reading.turbidityMicrovolts, 0);
		assert.equal(failures[0]?.code, "probe-out-of-range");
	});

	it("sets and reads the clock, and knows when it had stopped", () => {
		const bench = new WaterBench();
		const clock = bench.openRealTimeClock();
		assert.equal(clock.read(), undefined);
		for (const utc of [Date.UTC(2024, 1, 29, 23, 59, 58), Date.UTC(2099, 11, 31, 0, 0, 0)]) {
			clock.set(utc / 1000);
			assert.equal(clock.read(), utc / 1000);
			bench.clock.consume(86_400_000_000 - 1_000_000);
			if (utc < Date.UTC(2099, 0, 1)) assert.equal(clock.read(), utc / 1000 + 86_399);
		}
		bench.rtc.setBattery(false);
		bench.rtc.setPower(false);
		bench.rtc.setPower(true);
		assert.equal(clock.read(), undefined);
	});

	it("wakes by the clock's alarm at the second that it was set for", () => {
		const bench = new WaterBench();
		const clock = bench.openRealTimeClock();
		const now = Date.UTC(2026, 10, 30, 23, 58, 0) / 1000;
		clock.set(now);
		clock.setAlarm(now + 300);
		assert.equal(clock.alarm(now), now + 300);
		const due = bench.rtc.nextInterruptMicroseconds;
		assert.ok(due !== undefined);
		bench.clock.advanceTo(due - 1000);
		assert.equal(bench.rtc.isInterrupting, false);
		bench.clock.advanceTo(due);
		assert.equal(bench.rtc.isInterrupting, true);
		assert.equal(clock.read(), now + 300);
		clock.clearAlarm();
		assert.equal(bench.rtc.isInterrupting, false);
	});
});
