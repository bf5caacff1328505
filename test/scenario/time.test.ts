/** Clocks that stop, jump and lie, and what a station and its readers make of them. */
import { strict as assert } from "node:assert";
import type { SimulatedStation } from "../../sim/station/station.js";
import type { StationConfiguration } from "../../src/firmware/config/configuration.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import {
	type Entry,
	STATION_FLAGS,
	TIME_QUALITIES,
	TIME_SOURCES,
} from "../../src/protocol/record/entry-layouts.js";
import { EVENT_CODES } from "../../src/protocol/record/events.js";
import { TimeResolver } from "../../src/protocol/record/time-resolver.js";
import { directProbesOf } from "../support/bench/direct-water.js";
import { IS_WHOLE, sample, whole } from "../support/depth.js";
import {
	keyedHashKeyOf,
	openBareCollector,
	stepStation,
} from "../support/engines/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../support/engines/bare-station.js";
import { riverOf } from "../support/worlds/played-world.js";

const HOUR = 3600;
/** A drift is said about once a week. */
const DRIFT_DAYS = IS_WHOLE ? 20 : 11;
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

	static async begin(
		configuration: Partial<StationConfiguration> = {},
		serverVersion: 3 | 4 = 4,
	): Promise<Played> {
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
				configuration,
				endpoint,
				witness: {
					attempted: () => {},
					appended: (canonicalBytes) => {
						played.entries.push(decodeEntry(canonicalBytes));
						played.atUtcSeconds.push(played.station.utcSeconds);
					},
					acknowledged: () => {},
				},
			}),
		);
		played.timeServer.version = serverVersion;
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

	/** Whose word moved or disciplined the clock, and by how many seconds. */
	get disciplines(): [source: string, stepSeconds: number][] {
		return this.entries.flatMap((entry) => {
			if (entry.kind !== "time" || TIME_SOURCES[entry.source] === "rtc") return [];
			return [[TIME_SOURCES[entry.source] ?? "?", entry.stepSeconds ?? 0]];
		});
	}

	/** Off by this much, as its last reading says, seconds. */
	get offSeconds(): number {
		const { utcSeconds } = this.lastReading;
		// A reading is stamped when it is due, at most five minutes ago.
		return utcSeconds - this.station.utcSeconds;
	}

	get timeServer(): SimulatedStation["network"]["timeServer"] {
		return this.station.network.timeServer;
	}

	/** The RTC is some hours ahead after a loss of power, which nothing in the station can tell. */
	async loseTime(hours: number): Promise<void> {
		await this.until(START_UTC_SECONDS + 3 * HOUR + 1000);
		this.station.cutPowerNow(60);
		const { rtc } = this.station.hardware.chips;
		rtc.setUtc(Math.floor(this.station.utcSeconds) + hours * HOUR);
	}

	get lastReading(): Entry {
		return this.entries.filter(({ kind }) => kind === "reading").at(-1) ?? assert.fail();
	}

	/** Furthest that any reading lies from when it was made, beyond what its placing claims, seconds. */
	worstPlacing(): { seconds: number; resolvedCount: number } {
		const resolver = new TimeResolver();
		for (const entry of this.entries) resolver.observe(entry);
		let seconds = 0;
		let resolvedCount = 0;
		this.entries.forEach((entry, index) => {
			if (entry.kind !== "reading") return;
			const resolved = resolver.resolve(entry);
			assert.ok(resolved !== undefined, `entry ${entry.sequence} has no place`);
			if (resolved.source === "placed") resolvedCount++;
			// A reading is stamped when it begins, some 20 s before it is appended.
			const off = Math.abs((this.atUtcSeconds[index] ?? 0) - resolved.utcSeconds);
			seconds = Math.max(seconds, off - (resolved.uncertaintyMilliseconds ?? 0) / 1000);
		});
		return { seconds, resolvedCount };
	}
}

describe("a station's time", () => {
	whole(
		"is not moved by a collector that lies by years for two days, and the record says so once",
		async () => {
			const played = await Played.begin({ timeHost: "" });
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
		},
	);

	it("is unknown from the reading on at which the RTC jumps, until the collector says what the board's clock says", async () => {
		for (const jumpSeconds of sample([-YEARS, 7200, -7200, YEARS], 2)) {
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
			const { seconds, resolvedCount } = played.worstPlacing();
			assert.ok(seconds < 60, `${jumpSeconds}: a reading lies ${seconds} s beyond its claim`);
			assert.ok(resolvedCount > 5, `${resolvedCount} readings were placed`);
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
		const { seconds, resolvedCount } = played.worstPlacing();
		assert.ok(resolvedCount >= 8, `${resolvedCount} readings were placed`);
		assert.ok(seconds < 60, `a reading lies ${seconds} s beyond its claim`);
		assert.equal(played.lastReading.timeQuality, TIME_QUALITIES.disciplined);
		assert.ok(played.events("rtc-stopped").length === 1);
	});

	whole("is kept within the RTC's drift, and the record says how much it drifts", async () => {
		const played = await Played.begin();
		played.station.hardware.chips.rtc.setDrift(3);
		await played.until(START_UTC_SECONDS + DRIFT_DAYS * 24 * HOUR);
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

	whole(
		"is not moved by a collector that lies by years when network time says what the clock says",
		async () => {
			const played = await Played.begin();
			await played.until(START_UTC_SECONDS + 3 * HOUR);
			assert.equal(played.timeServer.requests, 0);
			played.lieSeconds = YEARS;
			await played.until(START_UTC_SECONDS + 10 * 24 * HOUR);
			assert.ok(Math.abs(played.offSeconds) < 400);
			// Once a day, and the week in which the collector might insist begins anew each time.
			const { requests } = played.timeServer;
			assert.ok(requests >= 8 && requests <= 10, `${requests} requests`);
			const refused = played.events("time-refused");
			assert.equal(refused.length, requests + 1);
			assert.deepEqual([...new Set(refused)], ["needs a second source"]);
			assert.deepEqual(
				played.disciplines.filter(([source]) => source !== "collector"),
				[],
			);
			assert.ok(played.worstPlacing().seconds < 60);
		},
	);

	// A server of version 3 answers a question of version 4 as such: routers and older systems do.
	for (const version of sample([4, 3] as const)) {
		it(`is put right by an honest collector as soon as network time of version ${version} says the same`, async () => {
			const played = await Played.begin({}, version);
			await played.loseTime(5);
			await played.until(START_UTC_SECONDS + 6 * HOUR);
			assert.ok(Math.abs(played.offSeconds) < 400, `${played.offSeconds} s off`);
			assert.equal(played.timeServer.requests, 1);
			const disciplines = played.disciplines;
			assert.equal(disciplines[0]?.[0], "collector");
			const moved = disciplines.filter(([, seconds]) => Math.abs(seconds) > 300);
			assert.deepEqual(
				moved.map(([source]) => source),
				["network-time"],
			);
			assert.ok(Math.abs((moved[0]?.[1] ?? 0) + 5 * HOUR) < 120, `${moved[0]?.[1]} s`);
			await played.until(START_UTC_SECONDS + 12 * HOUR);
			assert.equal(played.timeServer.requests, 1);
			assert.equal(played.lastReading.timeQuality, TIME_QUALITIES.disciplined);
			assert.ok(Math.abs(played.offSeconds) < 400);
		});
	}

	whole(
		"is put right by an honest collector within its week although network time lies or is not there",
		async () => {
			// Asked again after six hours where nobody answers, else after a day.
			for (const [faults, version, least, most] of sample([
				[{ kiss: 1 }, 3, 5, 7],
				[{ lost: 1 }, 4, 20, 28],
				[{ wrong: 1 }, 4, 5, 7],
			] as const)) {
				const played = await Played.begin({}, version);
				played.timeServer.faults = faults;
				await played.loseTime(5);
				await played.until(START_UTC_SECONDS + 7 * 24 * HOUR);
				// Ahead it stays, for so long: a good clock follows no single voice.
				assert.ok(Math.abs(played.offSeconds - 5 * HOUR) < 400, `${played.offSeconds} s off`);
				const { requests } = played.timeServer;
				assert.ok(requests >= least && requests <= most, `${requests} requests`);
				await played.until(START_UTC_SECONDS + 7 * 24 * HOUR + 8 * HOUR);
				assert.ok(Math.abs(played.offSeconds) < 400, `${played.offSeconds} s off`);
				assert.equal(played.disciplines.at(-1)?.[0], "collector");
			}
		},
	);

	it("is not asked of the network while the clock is well, whatever would be said there", async () => {
		const played = await Played.begin();
		played.timeServer.faults = { wrong: 1 };
		await played.until(START_UTC_SECONDS + (IS_WHOLE ? 9 : 2) * 24 * HOUR);
		assert.equal(played.timeServer.requests, 0);
		assert.ok(Math.abs(played.offSeconds) < 400);
	});

	it("is the network's where there is none and the collector is gone, until the collector is back", async () => {
		for (const [isHonest, version] of [
			[true, 3],
			[false, 4],
		] as const) {
			const played = await Played.begin({}, version);
			const { network, hardware } = played.station;
			const { rtc } = hardware.chips;
			rtc.setBattery(false);
			rtc.setPower(false);
			rtc.setPower(true);
			network.faults = { "connect-refused": 1 };
			if (!isHonest) played.timeServer.lieSeconds = 7 * HOUR;
			await played.until(START_UTC_SECONDS + 6 * HOUR);
			const lieSeconds = isHonest ? 0 : 7 * HOUR;
			assert.ok(Math.abs(played.offSeconds - lieSeconds) < 400, `${played.offSeconds} s off`);
			// It is not called disciplined: nobody has signed it.
			assert.equal(played.lastReading.timeQuality, TIME_QUALITIES.rtc);
			assert.deepEqual(
				[...new Set(played.disciplines.map(([source]) => source))],
				["network-time"],
			);
			network.faults = {};
			await played.until(START_UTC_SECONDS + 11 * HOUR);
			assert.equal(played.lastReading.timeQuality, TIME_QUALITIES.disciplined);
			assert.ok(Math.abs(played.offSeconds) < 400, `${played.offSeconds} s off`);
			// A reader of the record places by the collector what was dated by network time alone.
			assert.ok(played.worstPlacing().seconds < 60, `${played.worstPlacing().seconds} s`);
		}
	});

	it("survives a loss of power at every step of a question, and leaves no socket behind", async () => {
		const lied = async (): Promise<Played> => {
			const played = await Played.begin();
			await played.until(START_UTC_SECONDS + 3 * HOUR);
			played.lieSeconds = YEARS;
			return played;
		};
		const { station: watched } = await lied();
		const before = watched.counters.operations;
		while (watched.network.openDatagrams === 0) await stepStation(watched);
		const opened = watched.counters.operations - before;
		while (watched.network.openDatagrams > 0) await stepStation(watched);
		const closed = watched.counters.operations - before;
		assert.ok(closed > opened, `${closed} operations`);
		const asked: number[] = [];
		// From the look-up of the name on to what follows the socket's end.
		const stride = IS_WHOLE ? 1 : 3;
		for (let operation = opened - 4; operation <= closed + 2; operation += stride) {
			const played = await lied();
			const { network, counters } = played.station;
			played.station.cutPowerAfter(operation, 60);
			while (counters.powerCuts === 0) await stepStation(played.station);
			asked.push(played.timeServer.requests);
			assert.equal(network.openDatagrams, 0);
			played.lieSeconds = 0;
			await played.until(START_UTC_SECONDS + 8 * HOUR);
			assert.equal(counters.crashes, 0);
			assert.equal(played.lastReading.timeQuality, TIME_QUALITIES.disciplined);
			assert.ok(Math.abs(played.offSeconds) < 400);
			assert.ok(played.worstPlacing().seconds < 60);
		}
		assert.deepEqual([asked[0], asked.at(-1)], [0, 1]);
	});
});
