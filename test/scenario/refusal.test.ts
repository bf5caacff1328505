/** What readings say of a delivery that goes wrong. */
import { strict as assert } from "node:assert";
import type { SimulatedStation } from "../../sim/station/station.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import { type Entry, STATION_FLAGS } from "../../src/protocol/record/entry-layouts.js";
import { EVENT_CODES } from "../../src/protocol/record/events.js";
import { directProbesOf } from "../support/bench/direct-water.js";
import { whole } from "../support/depth.js";
import {
	keyedHashKeyOf,
	openBareCollector,
	stepStation,
} from "../support/engines/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../support/engines/bare-station.js";
import { riverOf } from "../support/worlds/played-world.js";

const HOUR = 3600;

async function play(enrolled: string, sectors: number) {
	const entries: Entry[] = [];
	const river = riverOf("quiet-bor", 1);
	const { endpoint } = await openBareCollector(
		{
			get utcSeconds() {
				return station.utcSeconds;
			},
		},
		enrolled,
	);
	const station: SimulatedStation = bareStation({
		river,
		sectors,
		openProbes: directProbesOf(river, () => station),
		collectorPublicKey: keyedHashKeyOf("collector").publicKey,
		endpoint,
		witness: {
			attempted: () => {},
			appended: (canonicalBytes) => entries.push(decodeEntry(canonicalBytes)),
			acknowledged: () => {},
		},
	});
	const until = async (hours: number): Promise<void> => {
		while (station.utcSeconds < START_UTC_SECONDS + hours * HOUR) await stepStation(station);
	};
	const flagsOfLast = (): number =>
		entries.filter(({ kind }) => kind === "reading").at(-1)?.stationFlags ?? assert.fail();
	return { station, entries, until, flagsOfLast };
}

describe("a reading's flags", () => {
	it("tell of a collector that refuses, and of no other trouble", async () => {
		const { entries, until, flagsOfLast } = await play("pek-1", 32);
		await until(3);
		assert.equal(flagsOfLast(), STATION_FLAGS.collectorRefused);
		const refused = entries.filter(
			(entry) => entry.kind === "event" && entry.code === EVENT_CODES["collector-refused"],
		);
		assert.ok(refused.length >= 2 && refused.length <= 4, `${refused.length} refusals`);
	});

	whole("tell of a ring that is nearly full, and no more when it was emptied", async () => {
		const { station, until, flagsOfLast } = await play("bor-1", 4);
		await until(3);
		assert.equal(flagsOfLast() & STATION_FLAGS.journalNearlyFull, 0);
		station.network.faults = { "connect-refused": 1 };
		await until(72);
		assert.notEqual(flagsOfLast() & STATION_FLAGS.journalNearlyFull, 0);
		station.network.faults = {};
		await until(75);
		assert.equal(flagsOfLast(), 0);
	});

	it("tell of a radio budget that failing has used up", async () => {
		const { station, until, flagsOfLast } = await play("bor-1", 32);
		await until(26);
		station.network.faults = { "link-silent": 1 };
		await until(40);
		assert.notEqual(flagsOfLast() & STATION_FLAGS.radioBudgetSpent, 0);
		station.network.faults = {};
		await until(60);
		assert.equal(flagsOfLast(), 0);
	});
});
