import { strict as assert } from "node:assert";
import { judgeDelivery } from "../../sim/checkers/delivery.js";
import { openDirectProbes } from "../../sim/probes/direct-probes.js";
import { SCENARIOS } from "../../sim/river/scenarios.js";
import type { SimulatedStation } from "../../sim/station/station.js";
import { DerivationContext } from "../../src/protocol/record/derive.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import { IS_WHOLE, whole } from "../support/depth.js";
import {
	openBareCollector,
	serviceStation,
	stepStation,
} from "../support/engines/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../support/engines/bare-station.js";
import { runSwarmSeed } from "../swarm/swarm.js";

const DAY_SECONDS = 86_400;
/** Five sectors are full after less than four. */
const DAYS_ALONE = IS_WHOLE ? 9 : 6;
/** The first four sectors are full after three of them. */
const DAYS_CORRUPTED = IS_WHOLE ? 6 : 4.5;
/** A delivery that gets no further is a failure and no endless test. */
const DELIVERY_TURNS_MAX = 100;

/** A station over quiet water with its collector, and what its journal returned. */
async function stationAtWork(name: string, sectors: number) {
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
		sectors,
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
			appended: (canonicalBytes) => returned.push(canonicalBytes),
			acknowledged: (to) => {
				cursor = to;
			},
		},
	});
	return {
		station,
		store,
		returned,
		get cursor() {
			return cursor;
		},
		async until(utcSeconds: number): Promise<void> {
			while (station.utcSeconds < utcSeconds || !station.isAsleep) await stepStation(station);
		},
		/** Until everything is acknowledged. */
		async deliver(): Promise<void> {
			for (let turn = 0; cursor < returned.length; turn++) {
				assert.ok(turn < DELIVERY_TURNS_MAX, `acknowledged ${cursor} of ${returned.length}`);
				await serviceStation(station);
			}
		},
	};
}

describe("a buffer that overflows", () => {
	it("names what it lost as gaps, delivers the rest, and the chain continues after them", async () => {
		const work = await stationAtWork("bor-1", 5);
		const { station, store, returned } = work;
		await work.until(START_UTC_SECONDS + DAY_SECONDS / 2);
		assert.ok(work.cursor > 100);
		station.network.faults = { "link-refused": 1 };
		await work.until(START_UTC_SECONDS + DAYS_ALONE * DAY_SECONDS);
		station.network.faults = {};
		await work.until(START_UTC_SECONDS + (DAYS_ALONE + 1) * DAY_SECONDS);
		await work.deliver();
		const outcome = judgeDelivery(returned, [], store.rowsOf("bor-1"));
		assert.equal(outcome.missing, 0);
		assert.equal(outcome.foreign, 0);
		assert.ok(outcome.gaps >= 1, "no gap");
		// Seven days are 2 016 readings, and ten 2 880; five sectors hold at least three full ones of about 200.
		assert.ok(outcome.inGaps > 500 && outcome.delivered > 900, JSON.stringify(outcome));
		assert.deepEqual(store.evidence, []);
		for (const row of store.rowsOf("bor-1")) {
			const entry = decodeEntry(row);
			if (entry.kind === "gap") assert.ok(entry.resume.some((byte) => byte !== 0));
		}
	});

	whole(
		"says again what is in force, which may be among what it lost, so that readings can be derived",
		async () => {
			const work = await stationAtWork("bor-1", 5);
			const { station, store } = work;
			station.network.faults = { "link-refused": 1 };
			await work.until(START_UTC_SECONDS + DAYS_ALONE * DAY_SECONDS);
			station.network.faults = {};
			await work.deliver();
			const context = new DerivationContext();
			const entries = store.rowsOf("bor-1").map((row) => decodeEntry(row));
			for (const entry of entries) context.observe(entry);
			const readings = entries.filter((entry) => entry.kind === "reading");
			assert.ok(readings.length > 500 && (readings[0]?.sequence ?? 0) > 500, "no overflow");
			const without = readings.filter((entry) => {
				const { conductivity, turbidity } = context.derive(entry) ?? {};
				return conductivity?.value === undefined || turbidity?.value === undefined;
			});
			assert.deepEqual(without, []);
		},
	);

	whole("is the only reason for gaps: weather and power cuts make none", async () => {
		const { outcome } = await runSwarmSeed({ seed: 4, days: 2, signer: "keyed-hash" });
		assert.deepEqual([outcome.gaps, outcome.inGaps], [0, 0]);
	});
});

describe("flash that is corrupted beyond correction", () => {
	it("costs the readings it hit: each is named as a gap, and all others are delivered", async () => {
		const work = await stationAtWork("bor-1", 16);
		const { station, store, returned } = work;
		await work.until(START_UTC_SECONDS + DAY_SECONDS / 2);
		station.network.faults = { "link-refused": 1 };
		await work.until(START_UTC_SECONDS + (DAYS_CORRUPTED - 1) * DAY_SECONDS);
		// Five bits in one slot each of two sectors that wait for delivery and are full.
		for (const [sector, slot] of [
			[1, 200],
			[3, 120],
		] as const) {
			for (const byte of [3, 5, 7, 9, 11]) {
				station.flash.corrupt(sector * station.flash.sectorBytes + slot * 16 + byte, byte & 7);
			}
		}
		station.network.faults = {};
		await work.until(START_UTC_SECONDS + DAYS_CORRUPTED * DAY_SECONDS);
		await work.deliver();
		const rows = store.rowsOf("bor-1");
		const outcome = judgeDelivery(returned, [], rows);
		const gaps = rows.map(decodeEntry).filter((entry) => entry.kind === "gap");
		assert.deepEqual([outcome.missing, outcome.foreign], [0, 0], JSON.stringify(outcome));
		assert.equal(outcome.inGaps, 2);
		assert.deepEqual(
			gaps.map(({ reason }) => reason),
			[1, 1],
		);
		assert.deepEqual(store.evidence, []);
	});
});
