import { strict as assert } from "node:assert";
import { practicalSalinity } from "../../../sim/chips/salinity.js";
import { oxygenSaturation } from "../../../sim/river/oxygen.js";
import {
	saturationMilligramsPerLitre,
	saturationPercent,
} from "../../../src/protocol/audit/oxygen-saturation.js";
import type { DerivedReading, DerivedValue } from "../../../src/protocol/record/derive.js";
import { CHANNEL_FLAGS } from "../../../src/protocol/record/reading.js";

const ATMOSPHERE = 1013.25;

function derived(value: number | undefined, flags = 0): DerivedValue {
	return { value, unit: "", method: "measured", flags, notes: [] };
}

function readingOf(over: Partial<DerivedReading> = {}): DerivedReading {
	const nothing = derived(undefined);
	return {
		pH: nothing,
		turbidity: nothing,
		battery: nothing,
		temperature: derived(20),
		conductivity: derived(500),
		dissolvedOxygen: derived(9),
		...over,
	};
}

describe("the saturation of oxygen", () => {
	it("is that of the Geological Survey's tables in fresh water at one atmosphere", () => {
		for (const [celsius, milligrams] of [
			[0, 14.62],
			[10, 11.29],
			[20, 9.09],
			[25, 8.26],
			[30, 7.56],
			[40, 6.41],
		] as const) {
			const found = saturationMilligramsPerLitre(celsius, 0, ATMOSPHERE) ?? assert.fail();
			assert.equal(Number(found.toFixed(2)), milligrams, `${celsius} degC`);
		}
	});

	it("agrees with what the simulated river holds, over the range of both", () => {
		for (let celsius = 0; celsius <= 40; celsius += 4) {
			for (const microsiemens of [0, 50, 500, 5000, 50_000]) {
				for (const hectopascals of [510, 850, 1013, 1100]) {
					const found = saturationMilligramsPerLitre(celsius, microsiemens, hectopascals);
					const river = oxygenSaturation(celsius, practicalSalinity(microsiemens), hectopascals);
					// Two equations for the vapour of water: a fifth of a per cent where half the air is missing at 40 degC.
					assert.ok(found !== undefined && Math.abs(found / river - 1) < 0.002, `${celsius}`);
				}
			}
		}
	});

	it("is less in salt water, and of thinner air by its share", () => {
		const at = (microsiemens: number, hectopascals: number) =>
			(saturationMilligramsPerLitre(20, microsiemens, hectopascals) ?? assert.fail()).toFixed(2);
		assert.equal(at(500, ATMOSPHERE), "9.08");
		assert.equal(at(53_065, ATMOSPHERE), "7.40");
		assert.equal(at(0, 900), "8.05");
	});

	it("makes per cent of what was measured, also beyond a hundred", () => {
		const of = (milligrams: number) =>
			saturationPercent(readingOf({ dissolvedOxygen: derived(milligrams) }), ATMOSPHERE);
		assert.equal(of(9.08)?.toFixed(1), "100.0");
		assert.equal(of(0), 0);
		assert.equal(of(13.62)?.toFixed(1), "150.0");
	});

	it("is none where a quantity is missing, absent, faulty or beyond the equations", () => {
		for (const over of [
			{ dissolvedOxygen: derived(undefined, CHANNEL_FLAGS.absent) },
			{ dissolvedOxygen: derived(9, CHANNEL_FLAGS.outOfRange) },
			{ temperature: derived(undefined) },
			{ temperature: derived(25, CHANNEL_FLAGS.fault) },
			{ temperature: derived(-0.5) },
			{ temperature: derived(40.1) },
			{ conductivity: derived(undefined) },
			{ conductivity: derived(70_000) },
		]) {
			assert.equal(saturationPercent(readingOf(over), ATMOSPHERE), undefined);
		}
		assert.equal(saturationPercent(readingOf(), 400), undefined);
		assert.equal(saturationPercent(readingOf(), 1200), undefined);
	});
});
