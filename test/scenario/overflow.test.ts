import { strict as assert } from "node:assert";
import { judgeDelivery } from "../../sim/checkers/delivery.js";
import { openDirectProbes } from "../../sim/probes/direct-probes.js";
import { SCENARIOS } from "../../sim/river/scenarios.js";
import type { SimulatedStation } from "../../sim/station.js";
import { decodeEntry } from "../../src/protocol/entry.js";
import { openBareCollector, serviceStation, stepStation } from "../support/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../support/bare-station.js";
import { runSwarmSeed } from "../swarm/swarm.js";

const DAY_SECONDS = 86_400;

describe("a buffer that overflows", () => {
	it("names what it lost as gaps, delivers the rest, and the chain goes on behind them", async () => {
		const name = "bor-1";
		const clock = {
			get utcSeconds() {
				return station.utcSeconds;
			},
		};
		const { store, publicKey, endpoint } = await openBareCollector(clock, name);
		const returned: Uint8Array[] = [];
		let cursor = 0;
		const river = SCENARIOS["quiet-bor"]?.(1, START_UTC_SECONDS) ?? assert.fail();
		const station: SimulatedStation = bareStation({
			name,
			sectors: 5,
			collectorPublicKey: publicKey,
			endpoint,
			openProbes: () =>
				openDirectProbes({
					water: () => river.at(station.utcSeconds),
					batteryVolts: () => 12.5,
					shuntOhms: 150,
					turbidityAt4Milliampere: -50,
					turbidityAt20Milliampere: 1550,
				}),
			witness: {
				attempted: () => {},
				appended: (canonical) => returned.push(canonical),
				acknowledged: (to) => {
					cursor = to;
				},
			},
		});
		const until = async (utcSeconds: number): Promise<void> => {
			while (station.utcSeconds < utcSeconds || !station.isAsleep) await stepStation(station);
		};
		await until(START_UTC_SECONDS + DAY_SECONDS / 2);
		assert.ok(cursor > 100);
		station.network.faults = { "link-refused": 1 };
		await until(START_UTC_SECONDS + 9 * DAY_SECONDS);
		station.network.faults = {};
		await until(START_UTC_SECONDS + 10 * DAY_SECONDS);
		while (cursor < returned.length) await serviceStation(station);
		const outcome = judgeDelivery(returned, [], store.rowsOf(name));
		assert.equal(outcome.missing, 0);
		assert.equal(outcome.foreign, 0);
		assert.ok(outcome.gaps >= 1, "no gap");
		// Ten days are 2 880 readings; five sectors hold at least three full ones of about 200.
		assert.ok(outcome.inGaps > 500 && outcome.delivered > 900, JSON.stringify(outcome));
		assert.deepEqual(store.evidence, []);
		for (const row of store.rowsOf(name)) {
			const entry = decodeEntry(row);
			if (entry.kind === "gap") assert.ok(entry.resume.some((byte) => byte !== 0));
		}
	});

	it("is the only reason for gaps: weather and power cuts make none", async () => {
		const { outcome } = await runSwarmSeed({ seed: 4, days: 2, signer: "keyed-hash" });
		assert.deepEqual([outcome.gaps, outcome.inGaps], [0, 0]);
	});
});
