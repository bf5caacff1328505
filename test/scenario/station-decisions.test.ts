/** What a station decides by itself: when it measures, what it tells, how it sleeps. */
import { strict as assert } from "node:assert";
import { openWaterProbes } from "../../drivers/board-probes.js";
import { type Entry, TIME_SOURCES } from "../../src/protocol/record/entry-layouts.js";
import { CHANNEL_FLAGS } from "../../src/protocol/record/reading.js";
import { namedOf } from "../support/data/named-reading.js";
import { sample, whole } from "../support/depth.js";
import { START_UTC_SECONDS } from "../support/engines/bare-station.js";
import { judgeSleeps } from "../support/judges/sleep-judge.js";
import { openWatchedStation } from "../support/worlds/watched-station.js";

const HOUR = 3600;
const DAY = 24 * HOUR;

/** A bug strikes in the middle of a measurement, so many times. */
function crashingProbes(times: number): typeof openWaterProbes {
	let left = times;
	return (board, configuration) => {
		const probes = openWaterProbes(board, configuration);
		const { temperature } = probes;
		const sample = temperature.sample.bind(temperature);
		temperature.sample = () => {
			if (left-- > 0) throw new TypeError("a bug");
			return sample();
		};
		return probes;
	};
}

describe("a board's clock that is off in deep sleep", function () {
	this.timeout(120_000);

	for (const partsPerMillion of sample([5000, 50_000, -50_000, 2000, 0, -5000], 3)) {
		it(`costs neither a reading nor energy at ${partsPerMillion / 10_000} %: 288 a day`, async () => {
			const played = await openWatchedStation();
			played.station.sleepClockPartsPerMillion = partsPerMillion;
			await played.playUntil(DAY - 30);
			assert.deepEqual(played.judge().slice(0, 3), []);
			assert.equal(played.readings().length, 288);
			// A look at the circuits, at the boot and once a day, leaves the loop off.
			assert.equal(played.measurements(), 288);
			const parts = played.station.hardware.energy.milliwattHoursByPart();
			let milliwattHours = 0;
			for (const part of parts.values()) milliwattHours += part;
			// 587 mWh with a true clock. Before waits were slept it was 918, and boundaries that were met twice cost 1 827.
			assert.ok((parts.get("processor") ?? 0) <= 60);
			assert.ok(milliwattHours <= 600, `${milliwattHours} mWh`);
		});
	}

	it("puts a daily reading within 30 s of its time, fast or slow", async () => {
		for (const partsPerMillion of [50_000, -50_000]) {
			const played = await openWatchedStation({ configuration: { intervalSeconds: DAY } });
			played.station.sleepClockPartsPerMillion = partsPerMillion;
			await played.playUntil(3 * DAY + 120);
			assert.deepEqual(played.judge().slice(0, 3), []);
			assert.equal(played.readings().length, 4);
		}
	});
});

describe("a look at the circuits", function () {
	this.timeout(120_000);

	whole(
		"is not taken at each wake where the settings cannot keep when the last one was",
		async () => {
			const spent = async (areSettingsBroken: boolean): Promise<number> => {
				const played = await openWatchedStation();
				await played.playUntil(60);
				played.station.settings.isBroken = areSettingsBroken;
				// A day later the next one is due.
				await played.playUntil(2 * DAY);
				assert.deepEqual(played.judge().slice(0, 3), []);
				let milliwattHours = 0;
				for (const part of played.station.hardware.energy.milliwattHoursByPart().values()) {
					milliwattHours += part;
				}
				return milliwattHours;
			};
			const [well, broken] = [await spent(false), await spent(true)];
			assert.ok(broken < 1.005 * well, `${broken} mWh, ${well} where they can`);
		},
	);
});

describe("a new interval", function () {
	this.timeout(120_000);

	it("that is shorter counts from the last reading, not from the old due time", async () => {
		const played = await openWatchedStation({
			configuration: { intervalSeconds: DAY, uploadIntervalSeconds: HOUR },
		});
		await played.playUntil(60);
		await played.offer({ id: 2, intervalSeconds: 300, uploadIntervalSeconds: HOUR });
		await played.playUntil(4 * HOUR);
		assert.deepEqual(played.judge().slice(0, 3), []);
	});
});

describe("an event that has begun", function () {
	this.timeout(120_000);

	it("ends when the technician leaves during a measurement", async () => {
		const played = await openWatchedStation();
		played.visit(700, 910);
		played.visit(1502, 1510);
		await played.playUntil(2 * HOUR);
		assert.deepEqual(
			played.events("service").map(({ detail }) => detail),
			[1, 0, 1, 0],
		);
		assert.deepEqual(played.judge().slice(0, 3), []);
	});

	for (const supply of ["mains", "battery"] as const) {
		it(`ends on ${supply} when safe mode does, and every pause has the rails off`, async () => {
			const played = await openWatchedStation({
				configuration: { supply },
				openProbes: crashingProbes(4),
			});
			await played.playUntil(3 * HOUR);
			assert.deepEqual(
				played.events("safe-mode").map(({ detail }) => detail),
				[1, 0],
			);
			// Two crashes restart at once; from the third on the station sleeps before it does.
			const [first, second] = played.watch.sleeps.map(({ milliseconds }) => milliseconds);
			assert.deepEqual([first, second], [10_000, 20_000]);
			assert.deepEqual(played.judge(), []);
		});
	}
});

describe("a station whose flash dies", function () {
	this.timeout(120_000);

	for (const isUnreadable of [false, true]) {
		const death = isUnreadable ? "answers nothing" : "refuses every write";
		for (const how of ["asleep", "and power is lost", "under a visitor"] as const) {
			it(`measures, answers and delivers what is readable when it ${death} (${how})`, async () => {
				const played = await openWatchedStation();
				const { station } = played;
				station.network.faults = { "link-refused": 1 };
				await played.playUntil(6 * HOUR - 100);
				assert.equal(played.readings().length, 72);
				const held = played.watch.entries.length;
				station.flash.refusesAll = true;
				station.flash.isUnreadable = isUnreadable;
				station.network.faults = {};
				if (how === "and power is lost") station.cutPowerNow(5);
				const visitSeconds = how === "under a visitor" ? 6 * HOUR + 350 : 7 * HOUR + 70;
				const heard = played.visit(visitSeconds, visitSeconds + 200, [
					"status",
					"journal first=1 count=9",
					"read",
				]);
				const before = played.measurements();
				if (how === "under a visitor") played.at(visitSeconds + 2, () => station.cutPowerNow(5));
				await played.playUntil(18 * HOUR - 100);
				const measured = played.measurements() - before;
				assert.equal(station.counters.crashes, 0);
				assert.equal(station.counters.watchdogResets, 0);
				// Twelve hours, one look, and the reading of a boot.
				assert.ok(measured >= 144 && measured <= 147, `${measured} measurements`);
				assert.match(heard(), /journal=(flash-failed|journal-full-of-bad-sectors)/);
				assert.match(heard(), /channel=turbidity/);
				assert.match(heard(), isUnreadable ? /unreadable=0|failed/ : /bytes=/);
				const rows = played.collector.store.rowsOf("bor-1");
				if (!isUnreadable) assert.ok(rows.length >= held - 1, `${rows.length} of ${held}`);
				assert.deepEqual(judgeSleeps(played.watch.sleeps), []);
			});
		}
	}

	it("writes each part of a boot's opening once, although it dies in the middle for an hour", async () => {
		const played = await openWatchedStation();
		const { station, watch } = played;
		await played.playUntil(HOUR);
		watch.onAppended = (entry) => {
			if (entry.boot === 2 && entry.kind === "boot") station.flash.refusesAll = true;
		};
		station.cutPowerNow(5);
		await played.playUntil(2 * HOUR);
		watch.onAppended = undefined;
		station.flash.refusesAll = false;
		await played.playUntil(3 * HOUR);
		// The collector's word on the time comes after the opening, and is no part of it.
		const isOpening = (entry: Entry): boolean =>
			entry.kind === "time"
				? entry.source === TIME_SOURCES.indexOf("rtc")
				: entry.kind !== "event" && entry.kind !== "reading";
		const parts = watch.entries
			.filter(({ entry }) => entry.boot === 2 && isOpening(entry))
			.map(({ entry }) => entry.kind);
		// The number of the one that flash refused is passed over, and named.
		assert.deepEqual(parts, ["boot", "configuration", "time", "gap"]);
		assert.deepEqual(played.judge(), []);
	});
});

describe("a battery", function () {
	this.timeout(120_000);

	it("is called suspect where the radio loaded it while it was measured, and nowhere else", async () => {
		const played = await openWatchedStation();
		const { network } = played.station;
		network.times = { ...network.times, answer: [28_000, 28_000] };
		// The session takes half a minute, and the reading at 900 s falls into it.
		played.at(890, () => played.station.pressServiceButton());
		await played.playUntil(1800);
		const suspect = played
			.readings()
			.filter(({ fields }) => (namedOf(fields).batteryFlags & CHANNEL_FLAGS.suspect) !== 0)
			.map(({ utcSeconds }) => utcSeconds - START_UTC_SECONDS);
		assert.deepEqual(suspect, [900]);
	});
});
