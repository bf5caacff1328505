/**
 * Stories of a station that runs out of energy: brown-outs in an outage of the network with a full ring,
 * and a month without sun. Each check is shown to find a bug that is planted.
 */
import { strict as assert } from "node:assert";
import { judgeDelivery } from "../../sim/checkers/delivery.js";
import { openDirectProbes } from "../../sim/probes/direct-probes.js";
import { SUNLESS_SECONDS } from "../../sim/river/disturbances.js";
import { SCENARIOS } from "../../sim/river/scenarios.js";
import type { SimulatedStation, StationProgram } from "../../sim/station/station.js";
import { fraction, integerBelow, SeededRandom } from "../../src/core/random.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import { RESET_REASONS, STATION_FLAGS } from "../../src/protocol/record/entry-layouts.js";
import { IS_WHOLE, proof, sample, whole } from "../support/depth.js";
import { START_UTC_SECONDS } from "../support/engines/bare-station.js";
import { playStory, type Story, type StoryOptions } from "../support/worlds/story.js";

const HOUR = 3600;
const DAY = 86_400;

/** The rule that puts boots off knows power-on and brown-out; every other boot is written down at once. */
const eager = (program: StationProgram): StationProgram => {
	return (board) => {
		const { resetReason } = board.processor;
		if (resetReason !== "power-on" && resetReason !== "brown-out") return program(board);
		return program({
			...board,
			processor: {
				...board.processor,
				resetReason: "external",
				wakeCause: board.processor.wakeCause,
				deepSleep: (milliseconds) => board.processor.deepSleep(milliseconds),
				restart: () => board.processor.restart(),
			},
		});
	};
};

describe("a storm of brown-outs", function () {
	this.timeout(120_000);
	const SECTORS = 6;
	/** The ring is full after less than five days. */
	const STORM_FROM = (IS_WHOLE ? 6 : 5) * DAY;
	const STORM_UNTIL = STORM_FROM + (IS_WHOLE ? 2 : 1) * DAY;

	interface Storm {
		readonly story: Story;
		readonly cuts: number;
	}

	/**
	 * Six sectors fill in an outage of the network; then the battery is low and the supply breaks down in
	 * most wakes, at random operations; then the sun and the network are back.
	 */
	async function storm(seed: number, wrap?: StoryOptions["wrap"]): Promise<Storm> {
		const random = new SeededRandom(seed);
		const river = SCENARIOS["quiet-bor"]?.(seed, START_UTC_SECONDS) ?? assert.fail();
		let station: SimulatedStation | undefined;
		const seconds = (): number => (station?.utcSeconds ?? START_UTC_SECONDS) - START_UTC_SECONDS;
		const isStorm = (): boolean => seconds() >= STORM_FROM && seconds() < STORM_UNTIL;
		let wakes = 0;
		const story = await playStory({
			...{ river, seed, sectors: SECTORS, seconds: STORM_UNTIL + 6 * HOUR },
			...(wrap === undefined ? {} : { wrap }),
			openProbes: () =>
				openDirectProbes({
					water: () => river.at(station?.utcSeconds ?? START_UTC_SECONDS),
					batteryVolts: () => (isStorm() ? 11.7 : 12.5),
					shuntOhms: 150,
					turbidityAt4Milliampere: -50,
					turbidityAt20Milliampere: 1550,
				}),
			prepare: (made) => {
				station = made;
				made.network.faults = { "link-refused": 1 };
			},
			onStep: (running) => {
				if (seconds() >= STORM_UNTIL) running.network.faults = {};
				if (running.counters.wakes === wakes) return;
				wakes = running.counters.wakes;
				// These probes make no traffic on a bus: a wake has some twenty operations, most of flash.
				if (isStorm() && fraction(random) < 0.7) {
					running.cutPowerAfter(1 + integerBelow(random, 20), 60, "brown-out");
				}
			},
		});
		return { story, cuts: story.station.counters.powerCuts };
	}

	/** Nothing is lost but what the record names, and the storm's boots have not eaten the oldest. */
	function problemsIn({ story }: Storm): string[] {
		const outcome = judgeDelivery(story.returned, story.interrupted, story.rows);
		const problems: string[] = [];
		if (outcome.missing > 0) problems.push(`${outcome.missing} entries lost without a word`);
		if (outcome.foreign > 0) problems.push(`${outcome.foreign} entries that nobody appended`);
		// Of six sectors one is being written, one is given up; the storm's first boot takes one more.
		const survivors = story.readings.filter((each) => each.seconds < STORM_FROM).length;
		if (survivors < 600) problems.push(`${survivors} readings of before the storm are left`);
		return problems;
	}

	for (const seed of sample([1, 2])) {
		whole(
			`loses nothing, and its boots do not eat the oldest readings (seed ${seed})`,
			async () => {
				const played = await storm(seed);
				assert.ok(played.cuts > 50, `${played.cuts} cuts`);
				assert.deepEqual(problemsIn(played), []);
				const after = played.story.readings.filter((each) => each.seconds > STORM_UNTIL + HOUR);
				assert.ok(after.length > 50, `${after.length} readings after it`);
			},
		);
	}

	whole("loses nothing with real probes, either, when most wakes of a day end in one", async () => {
		const story = await playStory({ river: "brownouts-bor", seconds: 36 * HOUR });
		const { powerCuts } = story.station.counters;
		assert.ok(powerCuts > 80, `${powerCuts} cuts`);
		const outcome = judgeDelivery(story.returned, story.interrupted, story.rows);
		assert.deepEqual([outcome.missing, outcome.foreign, outcome.inGaps], [0, 0, 0]);
		const boots = story.rows
			.map((canonicalBytes) => decodeEntry(canonicalBytes))
			.flatMap((entry) => (entry.kind === "boot" ? [RESET_REASONS[entry.resetReason]] : []));
		assert.ok(boots.filter((reason) => reason === "brown-out").length > 20, boots.join());
	});

	proof("would be found in a station that writes every boot down at once", async () => {
		assert.match(problemsIn(await storm(1, eager)).join(), /readings of before the storm are left/);
	});
});

describe("a month without sun", function () {
	this.timeout(120_000);
	const LOW_MILLIVOLTS = 11_800;

	interface Month {
		readonly story: Story;
		/** Milliwatt hours drawn on each day. */
		readonly days: readonly number[];
	}

	/** The scenario's month, or the rest of it from a battery that has so much left. */
	async function month(
		batteryLowMillivolts = LOW_MILLIVOLTS,
		rest?: { readonly chargeMilliwattHours: number; readonly days: number },
	): Promise<Month> {
		const sunless = SCENARIOS["sunless-bor"]?.(1, START_UTC_SECONDS) ?? assert.fail();
		const { disturbances } = sunless;
		const battery = disturbances?.battery ?? assert.fail();
		const river =
			rest === undefined
				? sunless
				: { ...sunless, disturbances: { ...disturbances, battery: { ...battery, ...rest } } };
		const days: number[] = [];
		let drawn = 0;
		const story = await playStory({
			...{ river, isSettled: false },
			seconds: rest === undefined ? SUNLESS_SECONDS : rest.days * DAY,
			configuration: { batteryLowMillivolts },
			isOver: ({ counters }) => counters.powerCuts > 0,
			onStep: ({ utcSeconds, hardware }) => {
				if (utcSeconds < START_UTC_SECONDS + (days.length + 1) * DAY) return;
				const total = hardware.energy.totalMilliwattHours();
				days.push(total - drawn);
				drawn = total;
			},
		});
		return { story, days };
	}

	/** It lives, says in time that its battery is low, and spares it from then on. */
	function problemsIn({ story, days }: Month): string[] {
		const { station, returned } = story;
		const problems: string[] = [];
		const entries = returned.map((canonicalBytes) => decodeEntry(canonicalBytes));
		if (station.counters.powerCuts > 0 || station.hardware.battery.isEmpty) {
			problems.push(`the battery was empty ${station.counters.powerCuts} times`);
		}
		const newest = entries.at(-1)?.utcSeconds ?? 0;
		if (station.utcSeconds - newest > HOUR) problems.push("no reading in the last hour");
		const lows = story.events.filter(({ name }) => name === "battery-low");
		if (lows.map(({ detail }) => detail).join() !== "1") {
			problems.push(`battery-low ${lows.map(({ detail }) => detail).join()}`);
		}
		const since = lows[0]?.seconds ?? Number.POSITIVE_INFINITY;
		for (const { entry, seconds } of story.readings) {
			const isFlagged = (entry.stationFlags & STATION_FLAGS.batteryLow) !== 0;
			if (isFlagged !== seconds + 60 > since)
				problems.push(`${seconds} s: battery low ${isFlagged}`);
		}
		days.forEach((milliwattHours, index) => {
			const isSparing = index * DAY > since + DAY;
			if (milliwattHours > (isSparing ? 400 : 1000)) {
				problems.push(`day ${index + 1}: ${milliwattHours} mWh`);
			}
		});
		return problems.slice(0, 8);
	}

	whole(
		"is lived through in its last days, called low, from a battery that has so much left",
		async () => {
			const played = await month(LOW_MILLIVOLTS, { chargeMilliwattHours: 8500, days: 8 });
			assert.deepEqual(problemsIn(played), []);
		},
	);

	whole(
		"is lived through: the battery is called low in its third week, and readings come more rarely",
		async () => {
			const played = await month();
			assert.deepEqual(problemsIn(played), []);
			const low = played.story.events.find(({ name }) => name === "battery-low")?.seconds ?? 0;
			assert.ok(low > 14 * DAY && low < 23 * DAY, `low after ${low / DAY} days`);
			const perDay = (day: number): number =>
				played.story.readings.filter(({ seconds }) => Math.floor(seconds / DAY) === day).length;
			assert.deepEqual([perDay(2), perDay(28)], [288, 96]);
			const { chargeMilliwattHours } = played.story.station.hardware.battery;
			assert.ok(chargeMilliwattHours > 2000, `${chargeMilliwattHours} mWh left`);
			console.log(
				`      low after ${(low / DAY).toFixed(1)} days; ${Math.round(played.days[2] ?? 0)} mWh a day before, ` +
					`${Math.round(played.days[28] ?? 0)} after; ${Math.round(chargeMilliwattHours)} mWh left`,
			);
		},
	);

	proof("would be found in a station that never thinks its battery low", async () => {
		const rest = { chargeMilliwattHours: 8500, days: 16 };
		assert.deepEqual(problemsIn(await month(LOW_MILLIVOLTS, rest)), []);
		assert.match(problemsIn(await month(0, rest)).join(), /the battery was empty/);
	});
});
