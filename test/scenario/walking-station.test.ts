import { strict as assert } from "node:assert";
import { judgeDelivery } from "../../sim/checkers/delivery.js";
import { recordedRiver } from "../../sim/river/recorded-river.js";
import { DeviationMeter } from "../../sim/shell/deviation.js";
import { entriesOf } from "../../src/collector/store/query.js";
import { integerBelow, SeededRandom } from "../../src/core/random.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import { IS_WHOLE } from "../support/depth.js";
import {
	openPlayedWorld,
	type PlayedWorld,
	START_UTC_SECONDS,
} from "../support/worlds/played-world.js";

const HOUR = 3600;
const SETTLE_SECONDS = 4 * HOUR;

describe("a walking station", () => {
	let world: PlayedWorld;

	afterEach(() => world.close());

	async function settled(): Promise<void> {
		assert.ok(
			await world.simulation.settle(SETTLE_SECONDS),
			`not delivered; the last lines were\n${world.logs.slice(-10).join("\n")}`,
		);
	}

	it("delivers every entry once, through a storm, and the values are those of the river", async () => {
		world = await openPlayedWorld({ seed: 3 });
		await world.simulation.playUntil(START_UTC_SECONDS + 12 * HOUR);
		await settled();
		const outcome = await world.judge();
		assert.equal(outcome.delivered, outcome.appended);
		assert.equal(outcome.missing, 0);
		assert.equal(outcome.foreign, 0);
		assert.ok(outcome.measured >= 2 * 12 * 12, `${outcome.measured} readings`);
		assert.deepEqual(world.reports, []);
		assert.equal(world.duplicates(), 0);
		const meter = new DeviationMeter();
		for (const { name, river, station } of world.simulation.played) {
			const rows = await entriesOf(world.store, name);
			meter.add(
				rows.map(({ canonicalBytes }) => canonicalBytes),
				river,
			);
			assert.equal(station.counters.crashes, 0);
			assert.equal(station.counters.watchdogResets, 0);
		}
		const { pH, conductivityAt25Percent, temperatureCelsius, turbidityPercent } = meter.result();
		assert.ok(pH.median > 0 && pH.median < 0.01, `pH ${pH.median}`);
		assert.ok(conductivityAt25Percent.median < 1, `EC25 ${conductivityAt25Percent.median} %`);
		assert.ok(temperatureCelsius.median < 0.05, `${temperatureCelsius.median} degC`);
		assert.ok(turbidityPercent.median < 5, `turbidity ${turbidityPercent.median} %`);
	});

	it("keeps small negative turbidities as they are", async () => {
		const sample = (second: number, turbidityFormazinUnits: number) => ({
			utcSeconds: START_UTC_SECONDS + second,
			pH: 7.1,
			conductivityAt25MicrosiemensPerCm: 750,
			turbidityFormazinUnits,
			temperatureCelsius: 14,
		});
		const river = recordedRiver("clear", [sample(0, -0.8), sample(2 * HOUR, -0.8)]);
		world = await openPlayedWorld({ seed: 1, stations: [{ name: "bor-1", river }] });
		await world.simulation.playUntil(START_UTC_SECONDS + HOUR);
		await settled();
		const { latest } = world.simulation.played[0] ?? assert.fail();
		assert.ok(latest !== undefined);
		assert.equal(latest.turbidity.flags, 0);
		assert.ok(Math.abs((latest.turbidity.value ?? 0) + 0.8) < 0.5, `${latest.turbidity.value}`);
	});

	it("makes byte-identical journals from the same seed, and others from another", async () => {
		const images: Uint8Array[][] = [];
		for (const seed of [5, 5, 6]) {
			world = await openPlayedWorld({ seed });
			await world.simulation.playUntil(START_UTC_SECONDS + (IS_WHOLE ? 3 : 1) * HOUR);
			await settled();
			images.push(world.images());
			if (images.length < 3) world.close();
		}
		assert.deepEqual(images[0], images[1]);
		assert.notDeepEqual(images[0], images[2]);
	});

	it("loses nothing when power fails ten times at random events", async () => {
		const SEEDS = IS_WHOLE ? 4 : 1;
		for (let seed = 1; seed <= SEEDS; seed++) {
			const random = new SeededRandom(seed);
			world = await openPlayedWorld({ seed });
			const { played, world: running } = world.simulation;
			let cuts = 0;
			while (cuts < 10) {
				const { station } = played[cuts % 2] ?? assert.fail();
				const before = station.counters.powerCuts;
				station.cutPowerAfter(1 + integerBelow(random, 1500), 1 + integerBelow(random, 900));
				while (station.counters.powerCuts === before) await world.simulation.step();
				cuts++;
			}
			await world.simulation.playUntil(running.utcSeconds + HOUR);
			await settled();
			const outcome = await world.judge();
			assert.equal(outcome.missing, 0, `seed ${seed}`);
			assert.equal(outcome.foreign, 0, `seed ${seed}`);
			assert.deepEqual(world.reports, [], `seed ${seed}`);
			const boots = new Set<number>();
			for (const canonicalBytes of played[0]?.witness.returned ?? []) {
				const entry = decodeEntry(canonicalBytes);
				if (entry.kind === "boot") boots.add(entry.boot);
			}
			assert.ok(boots.size >= 2, `seed ${seed}: ${boots.size} boots`);
			if (seed < SEEDS) world.close();
		}
	});

	it("continues after a stop as if nothing had been, with nothing lost or doubled", async () => {
		world = await openPlayedWorld({ seed: 8 });
		await world.simulation.playUntil(START_UTC_SECONDS + HOUR);
		await world.simulation.untilAllSleep();
		const appendedBefore = (await world.judge()).appended;
		const { store, directory } = world;
		world.simulation.played[0]?.station.save();
		const stations = world.simulation.save();
		const { DataDirectory } = await import("../../sim/shell/data-directory.js");
		world.close(true);
		const kept = DataDirectory.open(directory);
		kept.writeWorld({
			bistrinaData: 1,
			seed: 8,
			riverFile: null,
			scenario: null,
			stationCount: 2,
			startUtcSeconds: START_UTC_SECONDS,
			wallSeconds: 0,
			stations,
		});
		kept.release();
		world = await openPlayedWorld({ seed: 8, store, directory });
		await world.simulation.playUntil(START_UTC_SECONDS + 2 * HOUR);
		await settled();
		const outcome = await world.judge();
		assert.ok(outcome.appended >= appendedBefore + 2 * 11, `${outcome.appended}`);
		assert.equal(outcome.missing, 0);
		assert.equal(outcome.foreign, 0);
		// A stop in deep sleep is no boot: each station booted once, at the very beginning.
		for (const { witness } of world.simulation.played) {
			const boots = witness.returned.filter(
				(canonicalBytes) => decodeEntry(canonicalBytes).kind === "boot",
			);
			assert.equal(boots.length, 1);
		}
	});

	it("continues when the simulator itself was killed while stations were awake", async () => {
		world = await openPlayedWorld({ seed: 9 });
		await world.simulation.playUntil(START_UTC_SECONDS + HOUR);
		// In the middle of a wake, with flash written and nothing saved.
		while (world.simulation.played.some(({ station }) => station.isAsleep)) {
			await world.simulation.step();
		}
		for (let step = 0; step < 60; step++) await world.simulation.step();
		const { store, directory } = world;
		world.close(true);
		world = await openPlayedWorld({ seed: 9, store, directory });
		await world.simulation.playUntil(START_UTC_SECONDS + 2 * HOUR);
		await settled();
		const outcome = await world.judge();
		assert.equal(outcome.missing, 0);
		assert.equal(outcome.foreign, 0);
		assert.deepEqual(world.reports, []);
	});
});

describe("the judge of deliveries", () => {
	const returned = [Uint8Array.of(1, 2), Uint8Array.of(3)].map((_, index) => {
		const canonicalBytes = new Uint8Array(36);
		const view = new DataView(canonicalBytes.buffer);
		canonicalBytes.set([1, 6]);
		view.setUint32(4, 7, true);
		view.setUint32(8, index + 1, true);
		return canonicalBytes;
	});

	it("finds a missing, a doubled-with-other-contents and an invented entry", () => {
		const altered = (returned[1] ?? new Uint8Array(36)).slice();
		altered[33] = 9;
		const invented = altered.slice();
		invented[8] = 3;
		const judged = (rows: Uint8Array[]) => judgeDelivery(returned, [], rows);
		assert.deepEqual(judged(returned).missing, 0);
		assert.equal(judged(returned.slice(0, 1)).missing, 1);
		const other = judged([returned[0] ?? altered, altered]);
		assert.deepEqual([other.missing, other.foreign], [1, 1]);
		assert.equal(judged([...returned, invented]).foreign, 1);
	});
});
