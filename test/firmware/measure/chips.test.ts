/** Drivers and measuring against the chip models: physical quantities in, a reading out. */
import { strict as assert } from "node:assert";
import { Ds18b20 } from "../../../sim/chips/ds18b20.js";
import { EZO_FIRMWARE } from "../../../sim/chips/ezo-firmware.js";
import { fraction, SeededRandom } from "../../../src/core/random.js";
import type { WaterMeasurement } from "../../../src/firmware/measure/water.js";
import type { RealTimeClock } from "../../../src/firmware/station/time-keeper.js";
import { CHANNELS } from "../../../src/protocol/record/channels.js";
import { CHANNEL_FLAGS } from "../../../src/protocol/record/reading.js";
import { ProbeBench, RIVER } from "../../support/bench/probe-bench.js";

const { absent, fault, outOfRange, saturated, suspect, uncalibrated, uncompensated } =
	CHANNEL_FLAGS;

/** The bench has no oxygen probe here. */
const FITTED = CHANNELS.filter(({ name }) => name !== "dissolvedOxygen");

/** 25 of 1000 FNU: 4.4 mA over 150 ohms. */
const RIVER_MICROVOLTS = 660_000;

/** Channels whose value is off the water's without any flag on it. */
function silentErrors({ reading }: WaterMeasurement, water = RIVER): string[] {
	const wrong: string[] = [];
	const check = (
		name: string,
		flags: number,
		value: number | undefined,
		true_: number,
		by: number,
	) => {
		if (flags !== 0) return;
		if (value === undefined || Math.abs(value - true_) > by) wrong.push(`${name} ${value}`);
	};
	check("pH", reading.pH.flags, reading.pH.value, water.pH * 1000, 50);
	check(
		"temperature",
		reading.temperature.flags,
		reading.temperature.value,
		water.celsius * 1000,
		100,
	);
	const raw = water.microsiemens * 100;
	check("conductivity", reading.conductivity.flags, reading.conductivity.value, raw, raw / 50);
	check("turbidity", reading.turbidity.flags, reading.turbidity.value, RIVER_MICROVOLTS, 125 * 12);
	check("battery", reading.battery.flags, reading.battery.value, water.batteryVolts * 1000, 100);
	return wrong;
}

/** A technician says something to a circuit between two measurements. */
function commandBetween(bench: ProbeBench, address: number, ...commands: readonly string[]): void {
	bench.board.probeRail.on();
	bench.clock.advanceTo(bench.clock.microseconds + 2_000_000);
	bench.command(address, ...commands);
	bench.board.probeRail.off();
}

describe("measuring through the chip models", () => {
	for (const firmware of Object.values(EZO_FIRMWARE)) {
		it(`reads the water with circuits of firmware ${firmware.version}`, () => {
			const bench = new ProbeBench({ firmware });
			const measured = bench.measure();
			assert.deepEqual(measured.failures, []);
			assert.deepEqual(silentErrors(measured), []);
			assert.deepEqual(
				FITTED.map(({ name }) => measured.reading[name].flags),
				[0, 0, 0, 0, 0],
			);
			assert.equal(measured.reading.temperature.value, 11_250);
			assert.equal(measured.reading.turbidity.value, RIVER_MICROVOLTS);
			assert.equal(bench.probeBus.counters.nacks, 0);
			assert.equal(bench.probeBus.counters.timeouts, 0);
		});
	}

	it("reads the water whatever the open questions of the datasheets turn out to be", () => {
		for (const wakeConsumesCommand of [true, false]) {
			for (const secondRead of ["no data", "repeats"] as const) {
				for (const sleepKeepsTemperature of [true, false]) {
					for (const timing of ["measured", "datasheet"] as const) {
						const firmware = {
							...EZO_FIRMWARE["2.16"],
							...{ wakeConsumesCommand, secondRead, sleepKeepsTemperature, timing },
						};
						const measured = new ProbeBench({ firmware }).measure();
						assert.deepEqual(measured.failures, [], JSON.stringify(firmware));
						assert.deepEqual(silentErrors(measured), [], JSON.stringify(firmware));
					}
				}
			}
		}
	});

	it("measures again and again across power cycles of the rail, with stretched clocks", () => {
		const bench = new ProbeBench({ stretchMillisecondsMax: 2 });
		for (let wake = 0; wake < 20; wake++) {
			bench.water.pH = 4 + wake * 0.2;
			const measured = bench.measure();
			assert.deepEqual(measured.failures, []);
			assert.deepEqual(silentErrors(measured, bench.water), []);
		}
		assert.ok(bench.longestUnfedMilliseconds < 5000);
	});

	it("waits for circuits whose answers are three seconds late, and loops that break read 0", () => {
		const bench = new ProbeBench();
		for (const chip of [bench.pH, bench.ec, bench.rtd]) {
			const setPower = chip.setPower.bind(chip);
			chip.setPower = (isOn) => {
				chip.lateMilliseconds = 0;
				setPower(isOn);
				chip.lateMilliseconds = 3000;
			};
		}
		bench.loop.volts = () => 0;
		const measurement = bench.measure();
		assert.deepEqual(measurement.failures, [{ channel: 3, code: "probe-out-of-range" }]);
		assert.equal(measurement.reading.turbidity.flags, fault);
		assert.equal(measurement.reading.turbidity.value, 0);
		assert.deepEqual(silentErrors(measurement), []);
		assert.equal(measurement.reading.pH.flags, 0);
	});

	it("compensates the electrode for cold water", () => {
		const bench = new ProbeBench();
		bench.water.celsius = 5;
		bench.water.pH = 4;
		assert.equal(bench.measure().reading.pH.value, 4000);
	});

	it("never lets an open RTD ruin the pH: it reads with 25 degrees, and says so", () => {
		const bench = new ProbeBench();
		bench.water.isRtdOpen = true;
		const { reading, failures } = bench.measure();
		assert.deepEqual(failures, [{ channel: 1, code: "probe-absent" }]);
		assert.equal(reading.temperature.value, undefined);
		assert.equal(reading.pH.flags, uncompensated);
		// Nernst at 11.25 instead of 25 degC: 0.812 x 284.4 / 298.15 = 0.7746 above 7.
		assert.equal(reading.pH.value, 7775);
		assert.equal(reading.conductivity.flags, 0);
	});

	it("puts a thermometer back that somebody left in Fahrenheit", () => {
		const bench = new ProbeBench();
		bench.board.probeRail.on();
		bench.clock.advanceTo(bench.clock.microseconds + 2_000_000);
		bench.command(0x66, "S,f");
		bench.board.probeRail.off();
		assert.equal(bench.measure().reading.temperature.value, 11_250);
	});

	it("wakes circuits that were left asleep on a rail that a crash left on", () => {
		const bench = new ProbeBench();
		bench.board.probeRail.on();
		bench.clock.advanceTo(bench.clock.microseconds + 2_000_000);
		bench.command(0x63, "Sleep");
		assert.deepEqual(silentErrors(bench.measure()), []);
	});

	it("flags circuits without calibration", () => {
		const { reading } = new ProbeBench({ isCalibrated: false }).measure();
		assert.equal(reading.pH.flags, uncalibrated);
		assert.equal(reading.conductivity.flags, uncalibrated);
	});

	it("suspects everything but the battery when the probes hang in the air", () => {
		const bench = new ProbeBench();
		bench.water.microsiemens = 0;
		const { reading } = bench.measure();
		assert.deepEqual(
			FITTED.map(({ name }) => reading[name].flags),
			[suspect, suspect, outOfRange | suspect, suspect, 0],
		);
	});

	it("flags turbidity beyond the probe's scale as saturated", () => {
		const bench = new ProbeBench();
		bench.water.turbidity = 5000;
		const { reading } = bench.measure();
		assert.equal(reading.turbidity.value, 3_075_000);
		assert.equal(reading.turbidity.flags, saturated);
	});

	it("reports a loop that is slower to start than it is given, and keeps what it saw", () => {
		const bench = new ProbeBench({ loopWarmUpMilliseconds: 60_000 });
		const { reading, failures } = bench.measure();
		assert.equal(reading.turbidity.value, 525_000);
		assert.equal(reading.turbidity.flags, fault);
		assert.deepEqual(failures, [{ channel: 3, code: "probe-out-of-range" }]);
	});

	it("frees a data line that is held low, by clocks or by the rail", () => {
		for (const [until, detail] of [
			[5, 1],
			["power", 2],
		] as const) {
			const bench = new ProbeBench();
			stickWhenWarm(bench, () => bench.probeBus.stickData(until));
			const measured = bench.measure();
			assert.deepEqual(measured.failures, []);
			assert.deepEqual(
				measured.events.map((event) => [event.code, event.detail]),
				[["bus-cleared", detail]],
			);
			assert.deepEqual(silentErrors(measured), []);
		}
	});

	it("frees a clock line that is held low by the rail alone", () => {
		const bench = new ProbeBench();
		stickWhenWarm(bench, () => bench.probeBus.stickClock());
		const measured = bench.measure();
		assert.deepEqual(silentErrors(measured), []);
		assert.deepEqual(
			measured.events.map(({ detail }) => detail),
			[2],
		);
	});

	it("frees the bus that somebody's empty write to a sleeping circuit has hung, by its power", () => {
		const bench = new ProbeBench();
		commandBetween(bench, 0x64, "Sleep");
		bench.board.probeRail.on();
		bench.clock.advanceTo(bench.clock.microseconds + 2_000_000);
		bench.command(0x64, "Sleep");
		const { io, ...pins } = bench.probeBus.connection;
		const scanner = new io({ ...pins, hz: 100_000, address: 0x64 });
		scanner.write(new Uint8Array(0));
		assert.throws(() => scanner.write(new Uint8Array([0x69])), /write failed/);
		scanner.close();
		const measured = bench.measure();
		assert.deepEqual(measured.failures, []);
		assert.deepEqual(silentErrors(measured), []);
	});

	it("reads again after a clock that was stretched beyond what the master bears, 13.1 ms", () => {
		for (const address of [0x63, 0x64, 0x66]) {
			const bench = new ProbeBench();
			bench.probeBus.addFault({ kind: "stretch", address, milliseconds: 14, skip: 2, times: 1 });
			const measured = bench.measure();
			assert.equal(bench.probeBus.counters.timeouts, 1);
			assert.deepEqual(measured.failures, []);
			assert.deepEqual(
				FITTED.map(({ name }) => measured.reading[name].flags),
				[0, 0, 0, 0, 0],
			);
			assert.deepEqual(silentErrors(measured), []);
		}
	});

	it("waits for a pH that takes 1656 ms, as one laboratory measured, and not the datasheet's 900", () => {
		const bench = new ProbeBench();
		bench.pH.lateMilliseconds = 1656 - 900;
		const measured = bench.measure();
		assert.equal(measured.reading.pH.flags, 0);
		assert.deepEqual(silentErrors(measured), []);
	});

	it("takes -1023 of an open RTD for absent, whatever scale its circuit was left in", () => {
		for (const scale of ["S,c", "S,k", "S,f"]) {
			const bench = new ProbeBench();
			commandBetween(bench, 0x66, scale);
			bench.water.isRtdOpen = true;
			const { reading, failures } = bench.measure();
			assert.equal(reading.temperature.flags, absent | fault, scale);
			assert.equal(reading.temperature.value, undefined, scale);
			assert.equal(reading.pH.flags, uncompensated, scale);
			assert.deepEqual(failures, [{ channel: 1, code: "probe-absent" }]);
		}
	});

	it("tells that a calibration at mid has cleared the two others", () => {
		const bench = new ProbeBench();
		bench.water.pH = 4;
		commandBetween(bench, 0x63, "Cal,low,4.00");
		bench.water.pH = 10;
		commandBetween(bench, 0x63, "Cal,high,10.00");
		const identified = (): string[] =>
			bench.measure().identified.flatMap(({ detail, text }) => (detail === 0 ? [text] : []));
		assert.deepEqual(identified(), ["EZO-pH 2.16 cal 3"]);
		bench.water.pH = 7;
		commandBetween(bench, 0x63, "Cal,mid,7.00");
		assert.deepEqual(identified(), ["EZO-pH 2.16 cal 1"]);
	});

	it("tells once which probes there are, and again when another one answers or was calibrated anew", () => {
		const bench = new ProbeBench();
		const identified = (): string[] =>
			bench.measure().identified.map(({ detail, text }) => `${detail} ${text}`);
		assert.deepEqual(identified(), [
			"0 EZO-pH 2.16 cal 1",
			"1 EZO-RTD 2.16",
			"2 EZO-EC 2.16 cal 1",
		]);
		assert.deepEqual(identified(), []);
		commandBetween(bench, 0x63, "Cal,clear");
		assert.deepEqual(identified(), ["0 EZO-pH 2.16 cal 0"]);
		// One that fails is not taken for another one, nor for a new one when it is back.
		bench.probeBus.addFault({ kind: "nack", address: 0x63, times: Number.POSITIVE_INFINITY });
		assert.deepEqual(identified(), []);
		bench.probeBus.clearFaults();
		assert.deepEqual(identified(), []);
	});

	it("sees that a thermometer was swapped by its serial number", () => {
		const bench = new ProbeBench({ probes: { thermometer: "ds18b20" } });
		const identified = (): string[] =>
			bench.measure().identified.flatMap(({ detail, text }) => (detail === 1 ? [text] : []));
		assert.deepEqual(identified(), ["DS18B20 280102030405069e"]);
		assert.deepEqual(identified(), []);
		bench.chosen.oneWire?.replace(
			new Ds18b20({ clock: bench.clock, quantity: () => 11, serial: [9, 8, 7, 6, 5, 4] }),
		);
		assert.match(identified().join(), /^DS18B20 28090807060504[0-9a-f]{2}$/);
	});

	it("continues with two probes when the third is gone, and finds it again", () => {
		const bench = new ProbeBench();
		bench.probeBus.addFault({ kind: "nack", address: 0x63, times: Number.POSITIVE_INFINITY });
		const without = bench.measure();
		assert.deepEqual(without.failures, [{ channel: 0, code: "probe-absent" }]);
		assert.equal(without.reading.pH.flags, absent | fault);
		assert.equal(without.reading.conductivity.flags, 0);
		bench.probeBus.clearFaults();
		const again = bench.measure();
		assert.deepEqual(
			again.events.map(({ code, detail }) => [code, detail]),
			[["probe-recovered", 0]],
		);
	});

	it("marks the converter's channels failed when the system bus is stuck for good", () => {
		const bench = new ProbeBench();
		bench.systemBus.stickData("power");
		const { reading, failures } = bench.measure();
		assert.deepEqual(failures, [
			{ channel: 3, code: "bus-stuck" },
			{ channel: 4, code: "bus-stuck" },
		]);
		assert.equal(reading.pH.flags, 0);
		assert.ok(bench.longestUnfedMilliseconds < 5000);
	});

	it("believes no number after a corrupt byte, whichever byte of whichever read", function () {
		this.timeout(20_000);
		let faultCount = 0;
		const wrong: string[] = [];
		for (const address of [0x63, 0x64, 0x66, 0x48]) {
			const isAdc = address === 0x48;
			for (let skip = 0; skip < (isAdc ? 10 : 9); skip++) {
				for (let byteIndex = 0; byteIndex < (isAdc ? 2 : 8); byteIndex++) {
					for (const xor of [0x01, 0x14]) {
						const bench = new ProbeBench();
						const bus = isAdc ? bench.systemBus : bench.probeBus;
						bus.addFault({ kind: "corrupt-read", address, skip, byteIndex, xor });
						const measured = bench.measure();
						faultCount += bus.counters.faults;
						for (const error of silentErrors(measured)) {
							wrong.push(
								`0x${address.toString(16)} read ${skip} byte ${byteIndex} ^ ${xor}: ${error}`,
							);
						}
					}
				}
			}
		}
		assert.deepEqual(wrong, []);
		// Every byte of every read: no circuit is asked again that is ready when its datasheet says so.
		assert.ok(faultCount > 250, `only ${faultCount} faults struck`);
	});

	it("believes no number after a corrupt command", function () {
		this.timeout(20_000);
		const wrong: string[] = [];
		for (const address of [0x63, 0x64, 0x66, 0x48]) {
			for (let skip = 0; skip < 8; skip++) {
				for (let byteIndex = 0; byteIndex < (address === 0x48 ? 3 : 7); byteIndex++) {
					for (const xor of [0x01, 0x14]) {
						const bench = new ProbeBench();
						const bus = address === 0x48 ? bench.systemBus : bench.probeBus;
						bus.addFault({ kind: "corrupt-write", address, skip, byteIndex, xor });
						for (const error of silentErrors(bench.measure())) {
							wrong.push(
								`0x${address.toString(16)} write ${skip} byte ${byteIndex} ^ ${xor}: ${error}`,
							);
						}
					}
				}
			}
		}
		assert.deepEqual(wrong, []);
	});
});

describe("the real-time clock through its chip model", () => {
	const UTC = 1_760_000_000;

	it("has no time before it is set, keeps it afterwards, and fits the time keeper", () => {
		const bench = new ProbeBench();
		const clock: RealTimeClock = bench.openRealTimeClock();
		assert.equal(clock.read(), undefined);
		clock.set(UTC);
		bench.clock.advanceTo(bench.clock.microseconds + 86_400_000_000);
		assert.equal(clock.read(), UTC + 86_400);
	});

	it("pulls INT low at the alarm and lets go when it is cleared", () => {
		const bench = new ProbeBench();
		const clock = bench.openRealTimeClock();
		clock.set(UTC);
		clock.setAlarm(UTC + 300);
		assert.equal(clock.alarm(UTC), UTC + 300);
		bench.clock.advanceTo(bench.clock.microseconds + 298_000_000);
		assert.equal(bench.rtc.isInterrupting, false);
		bench.clock.advanceTo(bench.clock.microseconds + 3_000_000);
		assert.equal(bench.rtc.isInterrupting, true);
		assert.equal(clock.isAlarmOn, true);
		clock.clearAlarm();
		assert.equal(bench.rtc.isInterrupting, false);
	});
});

describe("a bus that fails now and then", () => {
	it("costs no burst for three failures that are far apart", () => {
		const bench = new ProbeBench();
		for (const skip of [9, 24, 39]) {
			bench.systemBus.addFault({ kind: "nack", skip });
		}
		const { reading, failures } = bench.measure({
			burst: { count: 15, intervalMilliseconds: 250 },
		});
		assert.equal(bench.systemBus.counters.faults, 3);
		assert.deepEqual(failures, []);
		assert.equal(reading.turbidity.flags, 0);
		assert.equal(reading.turbidity.value, RIVER_MICROVOLTS);
	});

	it("costs at most one burst in a hundred when 2 % of its transactions are not acknowledged", () => {
		const random = new SeededRandom(14);
		let lost = 0;
		for (let burst = 0; burst < 300; burst++) {
			const bench = new ProbeBench({ seed: burst });
			for (let skip = 0; skip < 200; skip++) {
				if (fraction(random) < 0.02) bench.systemBus.addFault({ kind: "nack", skip });
			}
			const { reading } = bench.measure({ burst: { count: 15, intervalMilliseconds: 250 } });
			if ((reading.turbidity.flags & absent) !== 0) lost++;
		}
		assert.ok(lost <= 3, `${lost} of 300`);
	});
});

/** Lets a line stick 1.2 s from now: the first circuit has been asked and owes its answer. */
function stickWhenWarm(bench: ProbeBench, stick: () => void): void {
	bench.clock.createAlarm(stick).schedule(1200);
}
