/**
 * Stories of what goes wrong with probes, each with a check of the record as the collector holds
 * it, and each check shown to find a bug that is planted in the station.
 */
import { strict as assert } from "node:assert";
import { openWaterProbes } from "../../drivers/board-probes.js";
import { FIRST_ACID_SECONDS } from "../../sim/river/acid-bor.js";
import {
	BUBBLES_END_SECONDS,
	COUPLING_PH,
	DRY_FROM_SECONDS,
	DRY_UNTIL_SECONDS,
	FEW_BUBBLES_SECONDS,
	FIRST_CLEANING_SECONDS,
	MANY_BUBBLES_SECONDS,
	SWAP_SECONDS,
	VISIT_SECONDS,
} from "../../sim/river/disturbances.js";
import type { StationProgramOptions } from "../../sim/station/station-program.js";
import type { StationConfiguration } from "../../src/firmware/config/configuration.js";
import type { WaterProbes } from "../../src/firmware/measure/probes.js";
import { STATION_FLAGS } from "../../src/protocol/record/entry-layouts.js";
import { CHANNEL_FLAGS } from "../../src/protocol/record/reading.js";
import { proof, whole } from "../support/depth.js";
import { medianOf, playStory, type Story, type StoryReading } from "../support/worlds/story.js";

const HOUR = 3600;
const DAY = 86_400;
const CHANNELS = ["pH", "temperature", "conductivity", "turbidity"] as const;
const { suspect, unstable } = CHANNEL_FLAGS;

/** The station's own drivers with something done to what they say. */
function planted(change: (probes: WaterProbes) => Partial<WaterProbes>): {
	readonly openProbes: NonNullable<StationProgramOptions["openProbes"]>;
} {
	return {
		openProbes: (board, configuration: StationConfiguration) => {
			const probes = openWaterProbes(board, configuration);
			return { ...probes, ...change(probes) };
		},
	};
}

/** The same driver with some properties in place of its own. */
function altered<Probe extends object>(probe: Probe, changes: Partial<Probe>): Probe {
	return new Proxy(probe, {
		get: (target, name) => {
			const source = name in changes ? changes : target;
			const value: unknown = Reflect.get(source, name);
			return typeof value === "function" ? value.bind(source) : value;
		},
	});
}

const between = (readings: readonly StoryReading[], from: number, to: number): StoryReading[] =>
	readings.filter(({ seconds }) => seconds >= from && seconds < to);

/** Numbers that are off the river's and bear no flag. */
function silentErrors(readings: readonly StoryReading[]): string[] {
	return readings.flatMap(({ derived, water, seconds }) => {
		const off: string[] = [];
		const compare = (name: (typeof CHANNELS)[number], truth: number, tolerance: number): void => {
			const { value, flags } = derived[name];
			if (value === undefined || flags !== 0 || Math.abs(value - truth) <= tolerance) return;
			off.push(`${seconds} s: ${name} ${value} for ${truth}`);
		};
		compare("pH", water.pH, 0.05);
		compare("temperature", water.temperatureCelsius, 0.2);
		compare("conductivity", water.conductivityAt25MicrosiemensPerCm, 20);
		compare("turbidity", water.turbidityFormazinUnits, 1 + 0.1 * water.turbidityFormazinUnits);
		return off;
	});
}

/** Service events without a partner, and readings between partners that do not say so. */
function visitsOf({ events, readings }: Story): {
	visits: { from: number; to: number }[];
	problems: string[];
} {
	const services = events.filter(({ name }) => name === "service");
	const visits: { from: number; to: number }[] = [];
	const problems: string[] = [];
	for (let index = 0; index < services.length; index += 2) {
		const [came, left] = [services[index], services[index + 1]];
		if (came?.detail !== 1 || left?.detail !== 0) problems.push("a visit without beginning or end");
		visits.push({ from: came?.seconds ?? 0, to: left?.seconds ?? 0 });
	}
	for (const { from, to } of visits) {
		const during = between(readings, from + 1, to);
		const isFlagged = during.every(({ entry }) => entry.stationFlags & STATION_FLAGS.serviceMode);
		if (during.length === 0 || !isFlagged) problems.push("readings of a visit that do not say so");
	}
	return { visits, problems };
}

describe("mine water that breaks into the Bor", () => {
	const END = FIRST_ACID_SECONDS + 6 * HOUR;
	const LIMITS = { conductivity: 1300, pH: 5 };

	/** The record shows how it came: conductivity first, then the pH, and both as the river had them. */
	function problemsIn({ readings }: Story): string[] {
		const problems = silentErrors(
			// Within a reading's minute the front of the event moves on by more than a probe is off.
			readings.filter(
				({ seconds }) => seconds < FIRST_ACID_SECONDS || seconds > FIRST_ACID_SECONDS + HOUR,
			),
		);
		const firstOf = (is: (reading: StoryReading) => boolean): number =>
			readings.find(is)?.seconds ?? Number.POSITIVE_INFINITY;
		const rises = firstOf(({ derived }) => (derived.conductivity.value ?? 0) > LIMITS.conductivity);
		const falls = firstOf(({ derived }) => (derived.pH.value ?? 7) < LIMITS.pH);
		if (!(rises > FIRST_ACID_SECONDS && falls < FIRST_ACID_SECONDS + HOUR)) {
			problems.push(`conductivity at ${rises}, pH at ${falls}`);
		}
		if (!(rises < falls)) problems.push("the pH fell before the conductivity rose");
		for (const { derived, seconds } of readings) {
			const isAcid = (derived.pH.value ?? 7) < LIMITS.pH;
			const isNoted = derived.conductivity.notes.includes("law-not-for-acid-water");
			if (isAcid !== isNoted)
				problems.push(`${seconds} s: the law for natural water, noted ${isNoted}`);
		}
		return problems;
	}

	it("is seen by its conductivity before its pH, and the law's limit is noted", async () => {
		const story = await playStory({ river: "acid-bor", seconds: END });
		assert.deepEqual(problemsIn(story), []);
		const lowest = Math.min(...story.readings.map(({ derived }) => derived.pH.value ?? 7));
		assert.ok(lowest > 2.5 && lowest < 3.7, `pH ${lowest}`);
	});

	proof("would be found hidden by a station that holds a pH of 3 for implausible", async () => {
		const plausible = planted(({ pH }) => ({
			pH: altered(pH, {
				sample: () => {
					const sample = pH.sample();
					if (sample === undefined) return undefined;
					return { pHMeter: { ...sample.pHMeter, pH: Math.max(sample.pHMeter.pH, 6) } };
				},
			}),
		}));
		const story = await playStory({ river: "acid-bor", seconds: END, ...plausible });
		assert.match(problemsIn(story).join(), /pH at Infinity/);
	});
});

describe("slime on the probes", function () {
	this.timeout(60_000);
	const SLOW = { intervalSeconds: 1800, uploadIntervalSeconds: 6 * HOUR };
	const END = FIRST_CLEANING_SECONDS + 6 * HOUR;

	/** How much the record is off the river about an instant, FNU. */
	const excess = ({ readings }: Story, from: number, to: number): number =>
		medianOf(
			between(readings, from, to).map(
				({ derived, water }) => (derived.turbidity.value ?? 0) - water.turbidityFormazinUnits,
			),
		);

	/** The record shows the drift as it was measured, and that a cleaning ended it. */
	function problemsIn(story: Story): string[] {
		const { visits, problems } = visitsOf(story);
		const early = excess(story, DAY, 2 * DAY);
		const late = excess(story, 12 * DAY, 13 * DAY);
		const clean = excess(story, FIRST_CLEANING_SECONDS + HOUR, END);
		if (!(late > early + 7 && early > 0.2)) problems.push(`no drift: ${early}, then ${late} FNU`);
		if (!(clean < late / 3)) problems.push(`no drop: ${late}, then ${clean} FNU`);
		const isExplained = visits.some(
			({ from, to }) =>
				from < FIRST_CLEANING_SECONDS + VISIT_SECONDS && to > FIRST_CLEANING_SECONDS,
		);
		if (!isExplained) problems.push("a drop that no visit explains");
		return problems;
	}

	whole(
		"makes a drift that the record shows unaltered, and a drop at the cleaning that it explains",
		async () => {
			const story = await playStory({ river: "fouled-bor", seconds: END, configuration: SLOW });
			assert.deepEqual(problemsIn(story), []);
			// One measurement cannot know it, and so does not claim to.
			const flags = new Set(
				between(story.readings, 0, 13 * DAY).map(({ derived }) => derived.turbidity.flags),
			);
			assert.deepEqual([...flags], [0]);
			assert.ok(story.readings.every(({ raw }) => raw.turbiditySpreadSteps !== undefined));
		},
	);

	proof("would be found in a station that takes the drift for zero", async () => {
		const autoZero = planted(({ turbidity }) => ({
			turbidity: altered(turbidity, {
				sample: () => {
					const sample = turbidity.sample();
					if (sample === undefined) return undefined;
					// 6 FNU over the loop's 150 ohms and span, whatever the water is.
					return { turbidimeter: { ...sample.turbidimeter, signalMicrovolts: 684_000 } };
				},
			}),
		}));
		const story = await playStory({
			...{ river: "fouled-bor", seconds: END, configuration: SLOW },
			...autoZero,
		});
		assert.match(problemsIn(story).join(), /no drift/);
	});

	proof("would be found in a station that does not say when a technician came", async () => {
		const story = await playStory({
			...{ river: "fouled-bor", seconds: END, configuration: SLOW },
			wrap: (program) => (board) =>
				program({ ...board, console: altered(board.console, { isAttached: false }) }),
		});
		assert.deepEqual(problemsIn(story), ["a drop that no visit explains"]);
	});
});

describe("bubbles at the optics", () => {
	const END = BUBBLES_END_SECONDS + HOUR;

	function problemsIn({ readings }: Story): string[] {
		const problems = silentErrors(readings);
		const flagged = (from: number, to: number): number => {
			const these = between(readings, from, to);
			return (
				these.filter(({ derived }) => derived.turbidity.flags === unstable).length / these.length
			);
		};
		if (flagged(0, FEW_BUBBLES_SECONDS) > 0) problems.push("calm water is called unstable");
		const many = flagged(MANY_BUBBLES_SECONDS + 60, BUBBLES_END_SECONDS);
		// A burst with eight clean signals of fifteen is right, and needs none: one in twenty.
		if (many < 0.8) problems.push(`only ${many} of the bursts of bubbles are flagged`);
		return problems;
	}

	it("do not count while they are few, and flag the burst when they are most of it", async () => {
		const story = await playStory({ river: "bubbles-bor", seconds: END });
		assert.deepEqual(problemsIn(story), []);
		const spread = (from: number, to: number): number =>
			medianOf(between(story.readings, from, to).map(({ raw }) => raw.turbiditySpreadSteps ?? 0));
		// The stored spread grows with them: a few codes of noise, then hundreds.
		assert.ok(spread(0, FEW_BUBBLES_SECONDS) < 5);
		assert.ok(spread(MANY_BUBBLES_SECONDS + 60, BUBBLES_END_SECONDS) > 100);
	});

	proof("would be found in a station that trusts the median of any burst", async () => {
		const trusting = planted(({ turbidity }) => ({
			turbidity: altered(turbidity, {
				sample: () => {
					const sample = turbidity.sample();
					if (sample === undefined) return undefined;
					const { signalMicrovolts, range, state } = sample.turbidimeter;
					return { turbidimeter: { signalMicrovolts, range, state } };
				},
			}),
		}));
		const story = await playStory({ river: "bubbles-bor", seconds: END, ...trusting });
		assert.ok(problemsIn(story).length > 10, problemsIn(story).join("\n"));
	});
});

describe("probes out of the water", () => {
	const END = DRY_UNTIL_SECONDS + 2 * HOUR;

	function problemsIn({ readings }: Story): string[] {
		const problems = silentErrors(readings);
		for (const { derived, raw, seconds } of readings) {
			const isDry = seconds >= DRY_FROM_SECONDS && seconds < DRY_UNTIL_SECONDS;
			for (const channel of CHANNELS) {
				const isSuspect = (derived[channel].flags & suspect) !== 0;
				if (isSuspect !== isDry) problems.push(`${seconds} s: ${channel} suspect ${isSuspect}`);
			}
			if (isDry && (raw.conductivityHundredths ?? 0) >= 1000) {
				problems.push(`${seconds} s: air that conducts`);
			}
		}
		return problems;
	}

	it("are seen by a conductivity near zero: every channel is suspect, none before, none after", async () => {
		const story = await playStory({ river: "dry-bor", seconds: END });
		assert.deepEqual(problemsIn(story), []);
		// What was measured is kept all the same: the wandering of a drying electrode.
		const pH = between(story.readings, DRY_FROM_SECONDS, DRY_UNTIL_SECONDS).map(
			({ raw }) => raw.pHMilli ?? 0,
		);
		assert.ok(Math.max(...pH) - Math.min(...pH) > 200);
	});

	proof("would be found in a station that keeps the last good conductivity instead", async () => {
		let last = 500;
		const holding = planted(({ conductivity }) => ({
			conductivity: altered(conductivity, {
				sample: () => {
					const sample = conductivity.sample();
					if (sample === undefined) return undefined;
					if (sample.conductivityMeter.conductivity > 10) {
						last = sample.conductivityMeter.conductivity;
					}
					return { conductivityMeter: { ...sample.conductivityMeter, conductivity: last } };
				},
			}),
		}));
		const story = await playStory({ river: "dry-bor", seconds: END, ...holding });
		assert.ok(problemsIn(story).length > 50);
	});
});

describe("a conductivity circuit that drives its current through the pH electrode", () => {
	it("does not reach the pH, because it sleeps while that is measured", async () => {
		const story = await playStory({ river: "coupled-bor", seconds: 6 * HOUR });
		assert.deepEqual(silentErrors(story.readings), []);
		assert.ok(story.readings.every(({ derived }) => derived.pH.flags === 0));
	});

	proof("would be found in a station that measures pH beside an awake one", async () => {
		const awake = planted(({ conductivity }) => ({
			conductivity: altered(conductivity, { sleep: () => {} }),
		}));
		const { readings } = await playStory({ river: "coupled-bor", seconds: 6 * HOUR, ...awake });
		const off = medianOf(readings.map(({ derived, water }) => (derived.pH.value ?? 0) - water.pH));
		assert.ok(Math.abs(off - COUPLING_PH) < 0.02, `${off}`);
		assert.equal(silentErrors(readings).length, readings.length);
	});
});

describe("a worn electrode that a technician swaps", () => {
	const END = SWAP_SECONDS + 6 * HOUR;
	const SLOW = { intervalSeconds: 600, uploadIntervalSeconds: 6 * HOUR };

	/** A step of the pH stands at a visit, with what was changed at it. */
	function problemsIn(story: Story): string[] {
		const { visits, problems } = visitsOf(story);
		const off = (from: number, to: number): number =>
			medianOf(
				between(story.readings, from, to).map(
					({ derived, water }) => (derived.pH.value ?? 0) - water.pH,
				),
			);
		const [before, after] = [
			off(SWAP_SECONDS - HOUR, SWAP_SECONDS),
			off(SWAP_SECONDS + HOUR, SWAP_SECONDS + 3 * HOUR),
		];
		if (!(before > 0.2 && Math.abs(after) < 0.02))
			problems.push(`pH off by ${before}, then ${after}`);
		const visit = visits.find(({ from, to }) => from >= SWAP_SECONDS && to <= SWAP_SECONDS + HOUR);
		if (visit === undefined) problems.push("a step that no visit explains");
		const texts = story.events.flatMap(({ name, detail, text, seconds }) =>
			name === "probe-identified" && detail === 0 ? [`${text} ${seconds >= SWAP_SECONDS}`] : [],
		);
		if (texts.join() !== "EZO-pH 2.16 cal 3 false,EZO-pH 2.16 cal 1 true") {
			problems.push(`identified as ${texts.join()}`);
		}
		return problems;
	}

	it("leaves a visit and the new calibration in the record, between the readings of before and after", async () => {
		const story = await playStory({ river: "swapped-bor", seconds: END, configuration: SLOW });
		assert.deepEqual(problemsIn(story), []);
	});

	proof("would be found in a station that does not tell one probe from another", async () => {
		const faceless = planted(({ pH }) => ({ pH: altered(pH, { identity: undefined }) }));
		const story = await playStory({
			...{ river: "swapped-bor", seconds: END, configuration: SLOW },
			...faceless,
		});
		assert.deepEqual(problemsIn(story), ["identified as "]);
	});
});
