/**
 * What may befall a station in the swarm: a row for each disturbance. A seed draws which of them meet, each
 * with a random stream of its own, so that a new row does not shift the others.
 */
import type { SimulatedStation } from "../../sim/station/station.js";
import { fraction, integerBelow, type RandomSource, SeededRandom } from "../../src/core/random.js";
import { CALM, drawWeather, type Weather } from "./adversary.js";
import { type Ailments, noAilments } from "./ailing-probes.js";
import type { SwarmCollector } from "./collectors.js";
import type { Span, Spans } from "./spans.js";

export interface SwarmWorld {
	readonly station: SimulatedStation;
	readonly random: RandomSource;
	readonly startUtcSeconds: number;
	readonly endUtcSeconds: number;
	readonly intervalSeconds: number;
	readonly uploadIntervalSeconds: number;
	readonly ailments: Ailments;
	/** Network or collector do not do what they should. */
	readonly faults: Spans;
	/** Nobody can say when the next reading is due. */
	readonly disturbances: Spans;
	/** The probes are ill. */
	readonly illnesses: Spans;
	/** Settings refuse or are damaged. */
	readonly settingsFaults: Spans;
	/** From when on flash may take nothing. */
	readonly unrecorded: Spans;
	/** The RTC shows, or may show, something else than the time. */
	readonly clockFaults: Spans;
	/** Somebody set the RTC. */
	readonly clockSets: Spans;
	readonly collectors: SwarmCollector[];
	/** Faults of the network that are laid over the weather's; absent in it: the weather's. */
	readonly overlaid: Weather["network"][];
	setWeather(weather: Weather): void;
	/** Something changed in `overlaid`. */
	applyFaults(): void;
	/** Lets something happen at an instant. */
	at(utcSeconds: number, happen: () => void | Promise<void>): void;
	count(fault: string): void;
	/** A good configuration, offered until it is in force. */
	offerConfiguration(changes: {
		readonly intervalSeconds?: number;
		readonly collector?: SwarmCollector;
	}): void;
	/** Moment of the board's clock, within the upload interval, in which the last good session began. */
	slotMicroseconds(): number;
	/** Stretches in which the RTC was wrong beyond any drift and somebody lied about the time as well. */
	astray(): readonly Span[];
	/** A collector or a time server has lied about the time. */
	haveClocksLied(): boolean;
	/** Part of the ring is not there any more. */
	cutOff(): void;
	/** The station's key is lost with its memory; every collector is told of the new one after so long. */
	loseKey(outageSeconds: number, enrolledAfterSeconds: number): void;
	/** A collector that holds nothing, at another host. */
	newCollector(): Promise<SwarmCollector>;
}

export interface Disturbance {
	readonly name: string;
	/** Of a seed to have it. */
	readonly probability: number;
	/** Draws what happens when, and books it. */
	plan(world: SwarmWorld): void;
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const WEATHER_SECONDS = 6 * HOUR;
/** The collector and time servers may be believed after this at the latest (docs/WIRE.md, 7). */
const INSISTING_SECONDS = 7 * DAY;
/** Another three years than those of the time server: two sources that agree are believed. */
const YEARS_SECONDS = 95_000_000;

export const DISTURBANCES: readonly Disturbance[] = Object.freeze([
	{
		name: "weather",
		probability: 0.5,
		plan: (world) => {
			for (const at of everySoOften(world, WEATHER_SECONDS)) {
				world.at(at, () => {
					const weather = drawWeather(world.random);
					world.setWeather(weather);
					if (weather !== CALM) world.faults.add(at, at + WEATHER_SECONDS + HOUR);
				});
			}
		},
	},
	{
		name: "long-outage",
		probability: 0.2,
		plan: (world) => {
			const { random } = world;
			const seconds =
				(world.endUtcSeconds - world.startUtcSeconds) * (0.2 + 0.3 * fraction(random));
			overlay(world, someTime(world, 0, 0.5), seconds, { "link-refused": 1 });
		},
	},
	{
		name: "power-cuts",
		probability: 0.5,
		plan: (world) => {
			const { random, station } = world;
			for (const at of everySoOften(world, WEATHER_SECONDS)) {
				if (fraction(random) < 0.5) continue;
				const operations = 1 + integerBelow(random, 1200);
				const seconds = 1 + integerBelow(random, 7200);
				world.at(at, () => station.cutPowerAfter(operations, seconds));
			}
		},
	},
	{
		name: "bad-blocks",
		probability: 0.25,
		plan: ({ station, random, count }) => {
			if (station.flash.sectors < 16) return;
			for (let left = 1 + integerBelow(random, 2); left > 0; left--) {
				const sector = integerBelow(random, station.flash.sectors);
				const kind = integerBelow(random, 2) === 0 ? "loud" : "silent";
				station.flash.failSector(sector, kind, integerBelow(random, 400));
				count(`bad-block-${kind}`);
			}
		},
	},
	{
		name: "clock-rate",
		probability: 0.6,
		plan: ({ station, random, count }) => {
			const extremes = [-50_000, -5000, 2000, 5000, 50_000];
			const drawn = Math.round((fraction(random) * 2 - 1) * 50_000);
			const extreme = extremes[integerBelow(random, 2 * extremes.length)];
			station.sleepClockPartsPerMillion = extreme ?? drawn;
			count(station.sleepClockPartsPerMillion > 0 ? "clock-fast" : "clock-slow");
		},
	},
	{
		name: "rtc-wrong",
		probability: 0.25,
		plan: (world) => {
			const { random, station } = world;
			for (const at of everySoOften(world, WEATHER_SECONDS)) {
				if (fraction(random) >= 0.05) continue;
				const offSeconds = offsetOf(random);
				world.at(at, () => {
					station.hardware.chips.rtc.setUtc(Math.floor(station.utcSeconds) + offSeconds);
					world.clockFaults.add(at, at);
					world.disturbances.add(at - 1, at + world.intervalSeconds);
					world.count("rtc-set-wrong");
				});
			}
		},
	},
	{
		name: "rtc-dies",
		probability: 0.08,
		plan: (world) => {
			const at = someTime(world, 0.1, 0.7);
			const isSilent = integerBelow(world.random, 2) === 0;
			world.at(at, () => {
				const { hardware } = world.station;
				// Without its battery it has no time after the next cut; or nobody answers any more.
				if (isSilent) {
					hardware.systemBus.addFault({
						kind: "nack",
						address: 0x68,
						times: Number.POSITIVE_INFINITY,
					});
				} else hardware.chips.rtc.setBattery(false);
				world.clockFaults.begin(at);
				world.disturbances.begin(at);
				world.count(isSilent ? "rtc-silent" : "rtc-battery-empty");
			});
		},
	},
	{
		name: "access-point-reboots",
		probability: 0.35,
		plan: (world) => {
			for (const at of everySoOften(world, 12 * HOUR)) {
				const start = at + integerBelow(world.random, 12 * HOUR);
				const seconds = 40 + integerBelow(world.random, 260);
				const fault = integerBelow(world.random, 2) === 0 ? "link-silent" : "link-refused";
				overlay(world, start, seconds, { [fault]: 1 });
			}
		},
	},
	{
		name: "slow-answers",
		probability: 0.3,
		plan: (world) => {
			for (let left = 1 + integerBelow(world.random, 4); left > 0; left--) {
				const seconds = (1 + integerBelow(world.random, 24)) * HOUR;
				overlay(world, someTime(world, 0, 0.9), seconds, { "answer-delayed": 0.6 });
			}
		},
	},
	{
		name: "slow-link",
		probability: 0.25,
		plan: ({ station, count }) => {
			station.network.times = { ...station.network.times, link: [7000, 9000] };
			count("slow-link");
		},
	},
	{
		name: "slots-near-readings",
		probability: 0.3,
		plan: (world) => {
			for (const at of [someTime(world, 0.1, 0.4), someTime(world, 0.5, 0.8)]) {
				const before = 1 + integerBelow(world.random, 12);
				world.at(at, () => bringSlotNearReading(world, before));
			}
		},
	},
	{
		name: "flash-dies",
		probability: 0.08,
		plan: (world) => {
			const { random, station } = world;
			const at = someTime(world, 0.2, 0.9);
			const cutSeconds = integerBelow(random, 2) === 0 ? 60 : 0;
			world.at(at, () => {
				station.flash.refusesAll = true;
				world.count("flash-dies");
				// Nothing can be recorded any more: events, configurations and verdicts have no place.
				world.faults.begin(at);
				world.settingsFaults.begin(at);
				world.unrecorded.begin(at);
				if (cutSeconds > 0) station.cutPowerNow(cutSeconds);
			});
		},
	},
	{
		name: "ring-resized",
		probability: 0.1,
		plan: (world) => {
			const { random, station } = world;
			const kind = integerBelow(random, 4);
			const at = someTime(world, 0.1, 0.9);
			const flashRandom = new SeededRandom(random.uint32());
			world.at(at, () => {
				const { sectors } = station.flash;
				const [next, atSector] = [
					[2 * sectors, 0],
					[2 * sectors, sectors >> 1],
					[sectors + 1, 1],
					[sectors >> 1, 0],
				][kind] as [number, number];
				station.replaceFlash(station.flash.copiedInto(next, atSector, flashRandom), 600);
				world.count(next < sectors ? "ring-smaller" : atSector > 0 ? "ring-moved" : "ring-larger");
				world.disturbances.add(at, at + 900);
				if (next >= sectors) return;
				// It is only read from now on, and what was cut off is gone.
				world.cutOff();
				world.faults.begin(at);
				world.settingsFaults.begin(at);
				world.unrecorded.begin(at);
			});
		},
	},
	{
		name: "key-lost",
		probability: 0.1,
		plan: (world) => {
			const { random } = world;
			const enrolledAfter = integerBelow(random, 2) === 0 ? 0 : integerBelow(random, 12 * HOUR);
			const at = someTime(world, 0.1, 0.9);
			world.at(at, () => {
				world.loseKey(900, enrolledAfter);
				world.count("key-lost");
				world.disturbances.add(at, at + 1200);
				world.faults.add(at, at + enrolledAfter + 4 * HOUR);
				world.settingsFaults.add(at, at + enrolledAfter + 4 * HOUR);
			});
		},
	},
	{
		name: "settings-refuse",
		probability: 0.15,
		plan: (world) => {
			const { station } = world;
			const at = someTime(world, 0, 0.7);
			world.at(at, () => {
				station.settings.isBroken = true;
				world.settingsFaults.begin(at);
				world.count("settings-refuse");
			});
		},
	},
	{
		name: "restored-collector",
		probability: 0.15,
		plan: (world) => {
			const backupAt = someTime(world, 0.1, 0.6);
			const restoreAt =
				backupAt + HOUR + fraction(world.random) * (world.endUtcSeconds - backupAt - 2 * HOUR);
			const backup = { batches: 0 };
			world.at(backupAt, () => {
				backup.batches = world.collectors[0]?.backUp() ?? 0;
			});
			world.at(restoreAt, async () => {
				await world.collectors[0]?.restore(backup.batches);
				world.count("collector-restored");
			});
		},
	},
	{
		name: "new-collector",
		probability: 0.15,
		plan: (world) => {
			world.at(someTime(world, 0.2, 0.7), async () => {
				const collector = await world.newCollector();
				world.offerConfiguration({ collector });
				world.count("collector-new");
			});
		},
	},
	{
		name: "lying-collector",
		probability: 0.15,
		plan: (world) => {
			const { random, station } = world;
			const at = someTime(world, 0.1, 0.6);
			const ends = at + Math.min(INSISTING_SECONDS - DAY, (1 + integerBelow(random, 6)) * DAY);
			const years = (1 + integerBelow(random, 3)) * YEARS_SECONDS;
			const lie = integerBelow(random, 4) === 0 ? -years : years;
			world.at(at, () => {
				for (const collector of world.collectors) collector.lieSeconds = lie;
				world.count("collector-lies");
			});
			world.at(ends, () => {
				for (const collector of world.collectors) collector.lieSeconds = 0;
			});
			// Reboots in a row, with and without an upload between them.
			for (let cut = at + HOUR; cut < ends; ) {
				world.at(cut, () => station.cutPowerNow(60));
				cut += 5 * MINUTE + integerBelow(random, 15 * HOUR);
			}
		},
	},
	{
		name: "good-configurations",
		probability: 0.3,
		plan: (world) => {
			for (let left = 1 + integerBelow(world.random, 4); left > 0; left--) {
				const intervals = [300, 900, 1800, 3600, 21_600];
				const intervalSeconds = intervals[integerBelow(world.random, intervals.length)] ?? 900;
				world.at(someTime(world, 0, 0.9), () => {
					world.offerConfiguration({ intervalSeconds });
					world.count("configuration-offered");
				});
			}
		},
	},
	{
		name: "ill-probes",
		probability: 0.35,
		plan: (world) => {
			for (let left = 2 + integerBelow(world.random, 5); left > 0; left--) {
				const seconds = 600 + integerBelow(world.random, 18 * HOUR);
				fallIll(world, someTime(world, 0, 0.9), seconds);
			}
		},
	},
	{
		name: "bus-noise",
		probability: 0.25,
		plan: (world) => {
			world.ailments.nackShare = 0.02;
			world.count("bus-noise");
		},
	},
	{
		name: "firmware-bugs",
		probability: 0.12,
		plan: (world) => {
			for (let left = 1 + integerBelow(world.random, 3); left > 0; left--) {
				const bugs = 1 + integerBelow(world.random, 6);
				const at = someTime(world, 0, 0.9);
				world.at(at, () => {
					world.ailments.bugs = bugs;
					world.count("firmware-bug");
					// Safe mode lasts an hour from the last crash on.
					world.faults.add(at, at + 3 * HOUR + bugs * world.intervalSeconds);
				});
			}
		},
	},
	{
		name: "technician",
		probability: 0.25,
		plan: (world) => {
			const { random, station } = world;
			for (let left = 1 + integerBelow(random, 5); left > 0; left--) {
				const at = someTime(world, 0, 0.95);
				const seconds = 20 + integerBelow(random, 900);
				const lines = ["status\n", "read\n", "watch count=3\n", "self-test\n", "upload\n"];
				const line = lines[integerBelow(random, 2 * lines.length)];
				world.at(at, () => {
					station.console.attach(() => {});
					world.disturbances.add(at - 5, at + seconds + 300);
					world.count("technician");
				});
				if (line !== undefined) {
					world.at(at + 10, () => station.console.send(lineOf(line)));
				}
				world.at(at + seconds, () => station.console.detach());
			}
		},
	},
] satisfies Disturbance[]);

/** Instants at the beginning of every stretch of so many seconds. */
function everySoOften(world: SwarmWorld, seconds: number): number[] {
	const instants: number[] = [];
	for (let at = world.startUtcSeconds + seconds; at < world.endUtcSeconds; at += seconds) {
		instants.push(at);
	}
	return instants;
}

/** Between two parts of the run. */
function someTime(world: SwarmWorld, from: number, to: number): number {
	const span = world.endUtcSeconds - world.startUtcSeconds;
	return world.startUtcSeconds + Math.floor(span * (from + (to - from) * fraction(world.random)));
}

function overlay(
	world: SwarmWorld,
	fromUtcSeconds: number,
	seconds: number,
	faults: Weather["network"],
): void {
	const ends = Math.min(fromUtcSeconds + seconds, world.endUtcSeconds);
	world.faults.add(fromUtcSeconds - 2 * MINUTE, ends);
	world.at(fromUtcSeconds, () => {
		world.overlaid.push(faults);
		world.applyFaults();
	});
	world.at(ends, () => {
		world.overlaid.splice(world.overlaid.indexOf(faults), 1);
		world.applyFaults();
	});
}

/** What an RTC may be wrong by, seconds: a technician's watch, a time zone, a century. */
function offsetOf(random: RandomSource): number {
	const sign = integerBelow(random, 2) === 0 ? -1 : 1;
	switch (integerBelow(random, 4)) {
		case 0:
			return sign * (2 + integerBelow(random, 20));
		case 1:
			return sign * (20 + integerBelow(random, 180));
		case 2:
			return sign * HOUR * (1 + integerBelow(random, 12));
		default:
			return -integerBelow(random, 100_000_000);
	}
}

function fallIll(world: SwarmWorld, at: number, seconds: number): void {
	const { random, ailments } = world;
	const parts = ["temperature", "pH", "conductivity", "turbidity"] as const;
	const part = parts[integerBelow(random, parts.length)] ?? "temperature";
	const kinds: readonly (readonly [string, Partial<Ailments>])[] = [
		["thermometer-in-the-sun", { celsius: 46 + integerBelow(random, 12) }],
		["thermometer-frozen", { celsius: -3 - integerBelow(random, 10) }],
		["probe-dead", { dead: part }],
		["probe-wanders", { wandering: part === "turbidity" ? "temperature" : part }],
		["dry", { isDry: true }],
		["battery-low", { batteryVolts: 11.5 + 0.25 * fraction(random) }],
	];
	const [name, ill] = kinds[integerBelow(random, kinds.length)] ?? ["none", {}];
	world.illnesses.add(
		at - world.intervalSeconds - MINUTE,
		at + seconds + 2 * world.intervalSeconds,
	);
	if (ill.batteryVolts !== undefined) {
		// Uploads and readings become rarer, and come back with the reading that sees the battery well.
		world.disturbances.add(at - 1, at + seconds + 4 * HOUR);
		world.faults.add(at - 1, at + seconds + DAY);
	}
	world.at(at, () => {
		recover(ailments);
		Object.assign(ailments, ill);
		world.count(name);
	});
	world.at(at + seconds, () => recover(ailments));
}

function recover(ailments: Ailments): void {
	const { bugs, bugsMet, nackShare } = ailments;
	Object.assign(ailments, { ...noAilments(), bugs, bugsMet, nackShare });
}

/**
 * Regular uploads keep a moment of the board's clock, readings one of UTC: with power cut for just so long
 * the one comes `beforeSeconds` before the other.
 */
function bringSlotNearReading(world: SwarmWorld, beforeSeconds: number): void {
	const { station } = world;
	const slot = world.slotMicroseconds();
	const wanted = world.intervalSeconds - beforeSeconds;
	const phase = (station.utcSeconds + slot / 1_000_000) % world.intervalSeconds;
	const outage =
		(((wanted - phase) % world.intervalSeconds) + world.intervalSeconds) % world.intervalSeconds;
	station.cutPowerNow(Math.max(outage, 1));
	world.count("slot-near-reading");
}

function lineOf(text: string): Uint8Array {
	return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
