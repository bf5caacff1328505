import { strict as assert } from "node:assert";
import { ACID_RISE_SECONDS, FIRST_ACID_SECONDS } from "../../../sim/river/acid-bor.js";
import { carbonateWaterOf, hydrogenOf, mixture, pHOf } from "../../../sim/river/alkalinity.js";
import { SCENARIOS } from "../../../sim/river/scenarios.js";
import { START_UTC_SECONDS } from "../../support/engines/bare-station.js";

describe("acid in a river that is buffered by carbonate", () => {
	const river = carbonateWaterOf(10 ** -7.65, 3e-3);
	const pHWith = (acidMolesPerLitre: number): number => {
		const acid = { alkalinityMolesPerLitre: -acidMolesPerLitre, carbonMolesPerLitre: 0 };
		return pHOf(hydrogenOf(mixture(river, acid, 0.001)));
	};

	it("leaves the pH where it was without acid", () => {
		assert.ok(Math.abs(pHOf(hydrogenOf(river)) - 7.65) < 1e-6);
	});

	it("is taken up until the alkalinity is gone, and is free from there on", () => {
		// Half of the alkalinity eaten: as much carbonic acid as bicarbonate, so pH is near pK1, 6.46.
		assert.ok(Math.abs(pHWith(1.5) - 6.43) < 0.05, `${pHWith(1.5)}`);
		// One mmol/L more than it can take: pH 3.0.
		assert.ok(Math.abs(pHWith(4) - 3) < 0.02, `${pHWith(4)}`);
	});

	it("makes an event on the Bor that rises within an hour and spends its alkalinity in any seed", () => {
		for (let seed = 0; seed < 50; seed++) {
			const water = SCENARIOS["acid-bor"]?.(seed, START_UTC_SECONDS) ?? assert.fail();
			const before = water.at(START_UTC_SECONDS + FIRST_ACID_SECONDS - 1);
			const peak = water.at(START_UTC_SECONDS + FIRST_ACID_SECONDS + ACID_RISE_SECONDS);
			assert.ok(before.pH > 7.2 && before.conductivityAt25MicrosiemensPerCm < 1200, `seed ${seed}`);
			assert.ok(peak.pH > 2.5 && peak.pH < 4.5, `seed ${seed}: pH ${peak.pH}`);
			const { conductivityAt25MicrosiemensPerCm: conductivity } = peak;
			assert.ok(conductivity > 2000 && conductivity < 4500, `seed ${seed}: ${conductivity} uS/cm`);
			assert.ok(peak.turbidityFormazinUnits > 50 && peak.turbidityFormazinUnits < 800);
		}
	});
});
