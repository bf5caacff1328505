import { strict as assert } from "node:assert";
import type { AnalogChannel } from "../../drivers/ads1115.js";
import Obs3 from "../../drivers/turbidity/obs-3.js";
import Sen0189 from "../../drivers/turbidity/sen0189.js";
import type { TurbiditySample } from "../../src/firmware/measure/sensor.js";

function fixed(volts: number, isClipped = false): AnalogChannel {
	const microvolts = volts * 1_000_000;
	return { pollMilliseconds: 2, begin: () => 9, sample: () => ({ microvolts, isClipped }) };
}

function read(probe: {
	begin(): number;
	sample(): TurbiditySample | undefined;
}): TurbiditySample["turbidimeter"] {
	probe.begin();
	const sample = probe.sample() ?? probe.sample();
	assert.ok(sample !== undefined);
	return sample.turbidimeter;
}

describe("the OBS-3+ driver", () => {
	const CALM = { zeroMicrovolts: 0, calmMicrovolts: 3000 };
	const obs3 = (lowVolts: number, highVolts: number, isClipped = false): Obs3 =>
		new Obs3({ sensor: { low: fixed(lowVolts, isClipped), high: fixed(highVolts) } });

	it("reads the low range while that is less than nine tenths used", () => {
		const expected = {
			...{ signalMicrovolts: 2_249_000, range: 0, state: "good" },
			tenthOfScaleMicrovolts: 1_000_000,
			...CALM,
		};
		assert.deepEqual(read(obs3(2.249, 0.562)), expected);
	});

	it("goes over to the high range, waiting for its conversion, and says which range it was", () => {
		const expected = {
			...{ signalMicrovolts: 563_000, range: 1, state: "good" },
			tenthOfScaleMicrovolts: 250_000,
			...CALM,
		};
		assert.deepEqual(read(obs3(2.25, 0.563)), expected);
		const probe = obs3(2.5, 0.7);
		probe.begin();
		assert.equal(probe.sample(), undefined);
		assert.equal(probe.pollMilliseconds, 9);
		assert.equal(probe.sample()?.turbidimeter.range, 1);
	});

	it("goes over when the low range's converter clips before the span is used", () => {
		assert.equal(read(obs3(2.048, 0.9, true)).range, 1);
	});

	it("calls an output of nothing a cut cable, not the cleanest of all rivers", () => {
		const states = [-0.000_25, 0, 0.000_375, 0.000_875].map((volts) => read(obs3(volts, 0)).state);
		assert.deepEqual(states, ["fault", "fault", "fault", "good"]);
	});

	it("says saturated at the end of the high range", () => {
		assert.equal(read(obs3(2.5, 2.5)).state, "saturated");
		assert.equal(read(obs3(2.5, 2.499)).state, "good");
	});
});

describe("the SEN0189 driver", () => {
	const sen0189 = (moduleVolts: number, isClipped = false): TurbiditySample["turbidimeter"] =>
		read(
			new Sen0189({
				sensor: fixed(moduleVolts / 1.5, isClipped),
				upperOhms: 10_000,
				lowerOhms: 20_000,
			}),
		);

	it("gives the module's volts: the divider is taken back before any curve", () => {
		assert.deepEqual(sen0189(3.6), {
			...{ signalMicrovolts: 3_600_000, range: 0, state: "good" },
			...{ zeroMicrovolts: 4_200_000, calmMicrovolts: 60_000 },
		});
	});

	it("does not trust the folded side of the parabola below 2.56 V, nor the negative one above 4.2", () => {
		const states = [2.0, 2.56, 2.57, 4.2, 4.21].map((volts) => sen0189(volts).state);
		assert.deepEqual(states, ["saturated", "saturated", "good", "good", "saturated"]);
	});

	it("calls no output at all a fault, not extreme turbidity", () => {
		assert.equal(sen0189(0.02).state, "fault");
	});

	it("says clipped when the converter ends before the module does", () => {
		assert.equal(sen0189(4.1, true).state, "clipped");
	});
});
