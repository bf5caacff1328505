/** Clocks that stop, jump and lie, and what a station and its readers make of them. */
import { strict as assert } from "node:assert";
import type { SimulatedStation } from "../../sim/station.js";
import {
	decodeEntry,
	type Entry,
	STATION_FLAGS,
	TIME_QUALITIES,
} from "../../src/protocol/entry.js";
import { EVENT_CODES } from "../../src/protocol/events.js";
import { Placer } from "../../src/protocol/placement.js";
import { keyedHashKeyOf, openBareCollector, stepStation } from "../support/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../support/bare-station.js";
import { directProbesOf } from "../support/direct-water.js";
import { riverOf } from "../support/played-world.js";

const HOUR = 3600;
const YEARS = 94_608_000;

class Played {
	readonly entries: Entry[] = [];
	/** What the collector's clock is off by, seconds. */
	lieSeconds = 0;
	/** When each entry was appended, by the world's clock. */
	readonly atUtcSeconds: number[] = [];
	readonly #stations: SimulatedStation[] = [];

	get station(): SimulatedStation {
		return this.#stations[0] ?? assert.fail();
	}

	static async begin(): Promise<Played> {
		const played = new Played();
		const river = riverOf("quiet-bor", 1);
		const { endpoint } = await openBareCollector(
			{
				get utcSeconds() {
					return played.station.utcSeconds + played.lieSeconds;
				},
			},
			"bor-1",
		);
		played.#stations.push(
			bareStation({
				river,
				openProbes: directProbesOf(river, () => played.station),
				collectorPublicKey: keyedHashKeyOf("collector").publicKey,
				endpoint,
				witness: {
					attempted: () => {},
					appended: (canonical) => {
						played.entries.push(decodeEntry(canonical));
						played.atUtcSeconds.push(played.station.utcSeconds);
					},
					acknowledged: () => {},
				},
			}),
		);
		return played;
	}

	async until(utcSeconds: number): Promise<void> {
		while (this.station.utcSeconds < utcSeconds) await stepStation(this.station);
	}

	events(code: keyof typeof EVENT_CODES): string[] {
		return this.entries.flatMap((entry) =>
			entry.kind === "event" && entry.code === EVENT_CODES[code] ? [entry.text] : [],
		);
	}

	get lastReading(): Entry {
		return this.entries.filter(({ kind }) => kind === "reading").at(-1) ?? assert.fail();
	}

	/** Furthest that any reading lies from when it was made, beyond what its placing claims, seconds. */
	worstPlacing(): { seconds: number; placed: number } {
		const placer = new Placer();
		for (const entry of this.entries) placer.observe(entry);
		let seconds = 0;
		let placed = 0;
		this.entries.forEach((entry, index) => {
			if (entry.kind !== "reading") return;
			const place = placer.place(entry);
			assert.ok(place !== undefined, `entry ${entry.sequence} has no place`);
			if (place.source === "placed") placed++;
			// A reading is stamped when it begins, some 20 s before it is appended.
			const off = Math.abs((this.atUtcSeconds[index] ?? 0) - place.utcSeconds);
			seconds = Math.max(seconds, off - (place.uncertaintyMilliseconds ?? 0) / 1000);
		});
		return { seconds, placed };
	}
}

describe("a station's time", () => {
	it("is not moved by a collector that lies by years for two days, and the record says so once", async () => {
		const played = await Played.begin();
		await played.until(START_UTC_SECONDS + 3 * HOUR);
		played.lieSeconds = YEARS;
		await played.until(START_UTC_SECONDS + 50 * HOUR);
		assert.ok(Math.abs(played.lastReading.utcSeconds - played.station.utcSeconds) < 400);
		assert.deepEqual(played.events("time-refused"), ["needs a second source"]);
		played.lieSeconds = -YEARS;
		await played.until(START_UTC_SECONDS + 52 * HOUR);
		assert.ok(Math.abs(played.lastReading.utcSeconds - played.station.utcSeconds) < 400);
		assert.equal(played.events("time-refused").at(-1), "collector");
		assert.ok(played.worstPlacing().seconds < 60);
	});

	it("is unknown from the reading on at which the RTC jumps, until the collector said it twice", async () => {
		for (const jumpSeconds of [-YEARS, -7200, 7200, YEARS]) {
			const played = await Played.begin();
			await played.until(START_UTC_SECONDS + 3 * HOUR + 1000);
			const rtc = played.station.hardware.chips.rtc;
			rtc.setUtc(Math.floor(played.station.utcSeconds) + jumpSeconds);
			await played.until(played.station.utcSeconds + 600);
			assert.equal(played.lastReading.timeQuality, TIME_QUALITIES.unset, `${jumpSeconds}`);
			assert.notEqual(played.lastReading.stationFlags & STATION_FLAGS.clockUntrusted, 0);
			assert.deepEqual(played.events("rtc-failed"), ["rtc-malformed"]);
			await played.until(START_UTC_SECONDS + 7 * HOUR);
			assert.equal(played.lastReading.timeQuality, TIME_QUALITIES.disciplined);
			assert.ok(Math.abs(played.lastReading.utcSeconds - played.station.utcSeconds) < 400);
			const { seconds, placed } = played.worstPlacing();
			assert.ok(seconds < 60, `${jumpSeconds}: a reading lies ${seconds} s beyond its claim`);
			assert.ok(placed > 12, `${placed} readings were placed`);
		}
	});

	it("places what was measured before any clock was known, within what it claims", async () => {
		const played = await Played.begin();
		// No battery in the RTC: it starts in the year 2000 with its stop flag up.
		const { rtc } = played.station.hardware.chips;
		rtc.setBattery(false);
		rtc.setPower(false);
		rtc.setPower(true);
		await played.until(START_UTC_SECONDS + 6 * HOUR);
		const { seconds, placed } = played.worstPlacing();
		assert.ok(placed >= 8, `${placed} readings were placed`);
		assert.ok(seconds < 60, `a reading lies ${seconds} s beyond its claim`);
		assert.equal(played.lastReading.timeQuality, TIME_QUALITIES.disciplined);
		assert.ok(played.events("rtc-stopped").length === 1);
	});

	it("is kept within the RTC's drift, and the record says how much it drifts", async () => {
		const played = await Played.begin();
		played.station.hardware.chips.rtc.setDrift(3);
		await played.until(START_UTC_SECONDS + 20 * 24 * HOUR);
		const times = played.entries.filter((entry) => entry.kind === "time");
		let drifts = 0;
		times.forEach((entry, index) => {
			const before = times[index - 1];
			if (entry.driftPartsPerBillion === undefined || before === undefined) return;
			drifts++;
			const elapsedSeconds = entry.atUtcSeconds - before.atUtcSeconds;
			const seconds = (entry.driftPartsPerBillion * elapsedSeconds) / 1e9;
			// Both clocks are read in whole seconds, and the answer is on its way for part of one.
			const offSeconds = Math.abs(seconds - 3e-6 * elapsedSeconds);
			assert.ok(offSeconds < 1.3, `${seconds} s in ${elapsedSeconds} s`);
		});
		assert.ok(drifts >= 2, `${drifts} drifts`);
		assert.ok(Math.abs(played.lastReading.utcSeconds - played.station.utcSeconds) < 400);
	});
});
