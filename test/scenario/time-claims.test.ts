/** Every time that a record claims, against the world's clock: many seeds of clocks, networks and power that fail. */

import { strict as assert } from "node:assert";
import type { SimulatedStation } from "../../sim/station/station.js";
import { EVENT_CODES } from "../../src/protocol/record/events.js";
import { IS_LONG, IS_WHOLE, whole } from "../support/depth.js";
import {
	keyedHashKeyOf,
	openBareCollector,
	stepStation,
} from "../support/engines/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../support/engines/bare-station.js";
import { TimeWitness } from "../support/judges/time-judge.js";
import { runTimeTrial } from "../support/trials/time-trial.js";
import { riverOf } from "../support/worlds/played-world.js";

const HOUR = 3600;
const SEEDS = IS_LONG ? 240 : IS_WHOLE ? 6 : 1;
const DAYS = IS_WHOLE ? 3 : 2;

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

	it("hold for every disturbance of clocks, answers, collectors and power", async () => {
		for (let seed = 1; seed <= SEEDS; seed++) {
			const { violations, claimed, disturbance } = await runTimeTrial({ seed, days: DAYS });
			assert.deepEqual(violations.slice(0, 3), [], `seed ${seed}, ${disturbance}`);
			assert.ok(claimed > 100, `seed ${seed}, ${disturbance}: ${claimed} readings`);
		}
	});

	whole(
		"reach nearly every reading although the RTC is dead, with one event for its death",
		async () => {
			const watched = await Watched.begin(2);
			await watched.until(START_UTC_SECONDS + 2 * HOUR);
			watched.station.hardware.chips.rtc.setPower(false);
			watched.station.cutPowerNow(60);
			await watched.until(START_UTC_SECONDS + 50 * HOUR);
			const { violations, claimed, timeless, uncertaintySecondsMax } = watched.witness.judge();
			assert.deepEqual(violations.slice(0, 3), []);
			assert.equal(timeless, 0);
			assert.ok(claimed > 570, `${claimed} readings`);
			// Within half an hour of an answer, but for the first two hours.
			assert.ok(uncertaintySecondsMax < 400, `${uncertaintySecondsMax} s`);
			const faults = watched.witness
				.entries()
				.filter(({ entry }) => entry.kind === "event" && entry.code === EVENT_CODES["rtc-failed"]);
			assert.equal(faults.length, 1);
		},
	);

	it("stay with a lying collector beside an honest time server, however often the power fails", async () => {
		const watched = await Watched.begin(3);
		await watched.until(START_UTC_SECONDS + 3 * HOUR);
		for (let cut = 1; cut <= 2; cut++) {
			// Two boots without an upload.
			watched.station.network.faults = { "link-refused": 1 };
			watched.station.cutPowerNow(60);
			await watched.until(watched.station.utcSeconds + HOUR);
		}
		watched.station.network.faults = {};
		watched.witness.lieSeconds = 94_608_000;
		await watched.until(START_UTC_SECONDS + 40 * HOUR);
		const { violations } = watched.witness.judge();
		assert.deepEqual(violations.slice(0, 3), []);
		const last = watched.witness.entries().at(-1)?.entry ?? assert.fail();
		assert.ok(Math.abs(last.utcSeconds - watched.station.utcSeconds) < 400);
	});
});
