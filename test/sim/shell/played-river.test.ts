/** The river's truth after somebody let mine water or rain into it. */
import assert from "node:assert/strict";
import { SCENARIOS } from "../../../sim/river/scenarios.js";
import { PlayedRiver } from "../../../sim/shell/playground/played-river.js";

const START = 1_790_812_800;
const HOUR = 3600;

function quietBor(): PlayedRiver {
	const make = SCENARIOS["quiet-bor"];
	if (make === undefined) throw new Error("no such scenario");
	return new PlayedRiver(make(1, START));
}

describe("a river that is played with", () => {
	it("is the river that it was, until something is done to it", () => {
		const river = quietBor();
		const before = river.at(START + HOUR);
		river.pour(START + 2 * HOUR);
		river.rain(START + 2 * HOUR);
		assert.deepEqual(river.at(START + HOUR), before);
		assert.deepEqual(river.at(START + 2 * HOUR), quietBor().at(START + 2 * HOUR));
	});

	it("turns acid within forty minutes of mine water, and is itself a day later", () => {
		const river = quietBor();
		river.pour(START);
		const { pH, conductivityAt25MicrosiemensPerCm } = river.at(START + 40 * 60);
		assert.ok(pH > 2.5 && pH < 4.5, String(pH));
		assert.ok(conductivityAt25MicrosiemensPerCm > 2000);
		assert.ok(Math.abs(river.at(START + 48 * HOUR).pH - quietBor().at(START + 48 * HOUR).pH) < 0.1);
	});

	it("carries silt and fewer salts after rain", () => {
		const river = quietBor();
		river.rain(START);
		const rained = river.at(START + HOUR);
		const quiet = quietBor().at(START + HOUR);
		assert.ok(rained.turbidityFormazinUnits > quiet.turbidityFormazinUnits + 500);
		assert.ok(rained.conductivityAt25MicrosiemensPerCm < quiet.conductivityAt25MicrosiemensPerCm);
	});

	it("stays water, however often somebody presses", () => {
		const river = quietBor();
		for (let press = 0; press < 1000; press++) {
			river.pour(START + press);
			river.rain(START + press);
		}
		const { pH, turbidityFormazinUnits, conductivityAt25MicrosiemensPerCm } = river.at(
			START + HOUR,
		);
		assert.ok(pH > 2 && pH < 5, String(pH));
		assert.ok(turbidityFormazinUnits < 5000);
		assert.ok(conductivityAt25MicrosiemensPerCm < 10_000);
	});
});
