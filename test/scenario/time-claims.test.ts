/** Every time that a record claims, against the world's clock: many seeds of clocks, networks and power that fail. */
import { strict as assert } from "node:assert";
import type { SimulatedStation } from "../../sim/station.js";
import { keyedHashKeyOf, openBareCollector, stepStation } from "../support/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../support/bare-station.js";
import { riverOf } from "../support/played-world.js";
import { TimeWitness } from "../support/time-judge.js";

const HOUR = 3600;

class Watched {
	readonly witness: TimeWitness = new TimeWitness(() => this.station);
	readonly #stations: SimulatedStation[] = [];

	get station(): SimulatedStation {
		return this.#stations[0] ?? assert.fail();
	}

	static async begin(seed: number): Promise<Watched> {
		const watched = new Watched();
		const { witness } = watched;
		const river = riverOf("quiet-bor", seed);
		const { endpoint } = await openBareCollector(
			{
				get utcSeconds() {
					return watched.station.utcSeconds + witness.lieSeconds;
				},
			},
			"bor-1",
		);
		watched.#stations.push(
			bareStation({
				seed,
				river,
				// Probes take their time: a boot is recorded when its first measurement is done.
				collectorPublicKey: keyedHashKeyOf("collector").publicKey,
				endpoint,
				wrap: witness.wrap,
				witness: { appended: witness.appended, acknowledged: () => {} },
			}),
		);
		return watched;
	}

	async until(utcSeconds: number): Promise<void> {
		while (this.station.utcSeconds < utcSeconds) await stepStation(this.station);
	}
}

describe("the times that a record claims", () => {
	it("pairs uptime and UTC at one instant in each boot's time entry", async () => {
		const watched = await Watched.begin(1);
		for (let cut = 1; cut <= 3; cut++) {
			await watched.until(START_UTC_SECONDS + cut * 2 * HOUR);
			watched.station.cutPowerNow(60);
		}
		await watched.until(START_UTC_SECONDS + 7 * HOUR);
		const { violations, claimed } = watched.witness.judge();
		assert.deepEqual(violations.slice(0, 3), []);
		assert.ok(claimed > 50, `${claimed} readings`);
	});
});
