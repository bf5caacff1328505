/** Models of turbidity probes, and their drivers over the converter's model. */
import { strict as assert } from "node:assert";
import ADS1115 from "../../drivers/ads1115.js";
import Obs3 from "../../drivers/turbidity/obs-3.js";
import Sen0189 from "../../drivers/turbidity/sen0189.js";
import { Ads1115 } from "../../sim/chips/ads1115.js";
import { Obs3Probe } from "../../sim/probes/obs-3.js";
import { rolledOver } from "../../sim/probes/optics.js";
import { Sen0189Probe } from "../../sim/probes/sen0189.js";
import type { Sensor, TurbiditySample } from "../../src/firmware/measure/sensor.js";
import { ChipBench } from "../support/bench/chip-bench.js";

function converter(inputs: (pin: number) => number) {
	const bench = new ChipBench();
	const chip = new Ads1115({ clock: bench.clock, inputs });
	bench.plug(chip).close();
	return { bench, adc: new ADS1115({ sensor: bench.bus.connection }) };
}

function sampled(bench: ChipBench, sensor: Sensor<TurbiditySample>) {
	bench.wait(sensor.begin());
	for (;;) {
		const sample = sensor.sample();
		if (sample !== undefined) return sample.turbidimeter;
		bench.wait(sensor.pollMilliseconds);
	}
}

describe("an OBS-3+", () => {
	function build() {
		const world = { turbidity: 19.05 };
		const { bench, adc } = converter((pin) => probe.volts(pin === 0 ? "low" : "high"));
		const probe = new Obs3Probe({
			milliseconds: () => bench.clock.milliseconds,
			turbidity: () => world.turbidity,
		});
		const channels = { low: adc.channel(0, 4096), high: adc.channel(1, 4096) };
		return { bench, probe, world, driver: new Obs3({ sensor: channels }) };
	}

	it("gives the voltages of its certificate, two seconds after power-on", () => {
		const { bench, probe, world } = build();
		assert.equal(probe.volts("low"), 0);
		probe.setPower(true);
		bench.wait(1000);
		assert.ok(Math.abs(probe.volts("low") - 0.05) < 0.0005);
		bench.wait(1000);
		// 100 mV: 19.05; 1000: 199.2; 2500: 528.4.
		for (const [turbidity, volts] of [
			[19.05, 0.1],
			[199.2, 1],
			[528.4, 2.5],
			[900, 2.5],
		] as const) {
			world.turbidity = turbidity;
			assert.ok(Math.abs(probe.volts("low") - volts) < 0.0005, `${turbidity}`);
		}
		world.turbidity = 4 * 199.2;
		assert.ok(Math.abs(probe.volts("high") - 1) < 0.0005);
	});

	it("is read in the low range as far as that goes, then in the high one", () => {
		const { bench, probe, world, driver } = build();
		probe.setPower(true);
		bench.wait(driver.warmUpMilliseconds);
		const clean = sampled(bench, driver);
		assert.equal(clean.range, 0);
		assert.ok(Math.abs(clean.signalMicrovolts - 100_000) <= 500);
		world.turbidity = 4 * 199.2;
		const dirty = sampled(bench, driver);
		assert.equal(dirty.range, 1);
		assert.equal(dirty.state, "good");
		assert.ok(Math.abs(dirty.signalMicrovolts - 1_000_000) <= 500);
		world.turbidity = 4000;
		assert.equal(sampled(bench, driver).state, "saturated");
	});

	it("falls back into its range in water far beyond it, and nothing in the signal says so", () => {
		const { bench, probe, world, driver } = build();
		probe.setPower(true);
		bench.wait(driver.warmUpMilliseconds);
		world.turbidity = rolledOver(40_000, 7000);
		const { state, range } = sampled(bench, driver);
		assert.ok(world.turbidity < 200);
		assert.deepEqual({ state, range }, { state: "good", range: 0 });
		assert.ok(rolledOver(7000, 7000) > rolledOver(6000, 7000));
		assert.ok(rolledOver(7000, 7000) > rolledOver(8000, 7000));
	});
});

describe("a SEN0189", () => {
	function build() {
		const world = { turbidity: 0, celsius: 25 };
		const probe = new Sen0189Probe({
			turbidity: () => world.turbidity,
			celsius: () => world.celsius,
		});
		// 10 k over 20 k: 4.6 V become 3.07 V.
		const { bench, adc } = converter(() => (probe.volts() * 2) / 3);
		const driver = new Sen0189({
			sensor: adc.channel(0, 4096),
			upperOhms: 10_000,
			lowerOhms: 20_000,
		});
		return { bench, probe, world, driver };
	}

	it("follows the maker's parabola down to its vertex, and falls further beyond it", () => {
		const { probe, world } = build();
		assert.equal(probe.volts(), 0);
		probe.setPower(true);
		for (const [turbidity, volts] of [
			[0, 4.2002],
			[3005, 2.5624],
			[4000, 2.065],
			[20_000, 0.2],
		] as const) {
			world.turbidity = turbidity;
			assert.ok(Math.abs(probe.volts() - volts) < 0.005, `${turbidity}: ${probe.volts()}`);
		}
		world.turbidity = 1000;
		const volts = probe.volts();
		assert.ok(Math.abs(-1120.4 * volts * volts + 5742.3 * volts - 4352.9 - 1000) < 1e-6);
	});

	it("is taken as saturated beyond the vertex, where the parabola would fold back", () => {
		const { bench, probe, world, driver } = build();
		assert.equal(sampled(bench, driver).state, "fault");
		probe.setPower(true);
		world.turbidity = 1000;
		const good = sampled(bench, driver);
		assert.equal(good.state, "good");
		assert.ok(Math.abs(good.signalMicrovolts - probe.volts() * 1e6) < 200);
		world.turbidity = 5000;
		assert.equal(sampled(bench, driver).state, "saturated");
		// Colder water raises clear water's voltage beyond the zero of the parabola.
		world.turbidity = 0;
		world.celsius = 5;
		assert.equal(sampled(bench, driver).state, "saturated");
	});
});
