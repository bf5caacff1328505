/** One seed of a station whose clocks, answers, collector and power fail, judged by every time that its record claims. */

import { TIME_FAULTS } from "../../../sim/network/time-server.js";
import { openDirectProbes } from "../../../sim/probes/direct-probes.js";
import { loopOf } from "../../../sim/probes/turbidity-loop.js";
import type { SimulatedStation } from "../../../sim/station/station.js";
import { fraction, integerBelow, SeededRandom, seedOf } from "../../../src/core/random.js";
import { keyedHashKeyOf, openBareCollector, stepStation } from "../engines/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../engines/bare-station.js";
import { type TimeJudgement, TimeWitness } from "../judges/time-judge.js";
import { riverOf } from "../worlds/played-world.js";

const HOUR = 3600;
const YEARS = 94_608_000;
/** The station takes a minute and a tenth of what passed for possible: 150 s over the 15 minutes of a low battery. */
const JUMP_SECONDS_MIN = 240;

export interface TimeTrialOptions {
	readonly seed: number;
	readonly days: number;
	/** In place of what the seed draws. */
	readonly disturbance?: TimeDisturbance;
}

export const TIME_DISTURBANCES = Object.freeze([
	/** Power cuts alone, in every trial. */
	"cuts",
	/** A loss of power after which the RTC is off by seconds, hours or years. */
	"rtc-wrong",
	/** The RTC jumps while the station lives. */
	"rtc-jumps",
	/** The RTC does not answer any more. */
	"rtc-dead",
	/** Answers take 5 to 60 s longer. */
	"answers-slow",
	/** The collector's clock is years off for days, while the station reboots; an honest time server beside it. */
	"collector-lies",
] as const);
export type TimeDisturbance = (typeof TIME_DISTURBANCES)[number];

export interface TimeTrial extends TimeJudgement {
	readonly disturbance: TimeDisturbance;
	readonly station: SimulatedStation;
	readonly witness: TimeWitness;
}

export async function runTimeTrial({
	seed,
	days,
	...options
}: TimeTrialOptions): Promise<TimeTrial> {
	const random = new SeededRandom(seedOf(seed, "time trial"));
	const below = (bound: number): number => integerBelow(random, bound);
	const disturbance =
		options.disturbance ?? TIME_DISTURBANCES[seed % TIME_DISTURBANCES.length] ?? "cuts";
	const witness: TimeWitness = new TimeWitness(() => station);
	const river = riverOf("quiet-bor", seed);
	const { endpoint } = await openBareCollector(
		{
			get utcSeconds() {
				return station.utcSeconds + witness.lieSeconds;
			},
		},
		"bor-1",
	);
	const station: SimulatedStation = bareStation({
		seed,
		river,
		configuration: { uploadIntervalSeconds: [1800, HOUR, 6 * HOUR][below(3)] ?? HOUR },
		openProbes: (_board, configuration) =>
			openDirectProbes({
				water: () => river.at(station.utcSeconds),
				batteryVolts: () => station.hardware.battery.volts(),
				...loopOf(configuration),
			}),
		collectorPublicKey: keyedHashKeyOf("collector").publicKey,
		endpoint,
		wrap: witness.wrap,
		witness: { appended: witness.appended, acknowledged: () => {} },
	});
	const { rtc } = station.hardware.chips;
	if (fraction(random) < 0.7) station.sleepClockPartsPerMillion = below(100_001) - 50_000;
	station.network.timeServer.version = serverVersionOf(seed);
	if (disturbance === "collector-lies") station.network.timeServer.faults = {};
	else {
		station.network.timeServer.faults = Object.fromEntries(
			TIME_FAULTS.map((fault) => [fault, 0.1]),
		);
	}
	const until = async (utcSeconds: number): Promise<void> => {
		while (station.utcSeconds < utcSeconds) await stepStation(station);
	};
	const setWrong = (leastSeconds: number): void => {
		const size = [3, 30, 150, 5 * HOUR, YEARS][below(5)] ?? HOUR;
		const offSeconds = (leastSeconds + below(size)) * (below(2) === 0 ? -1 : 1);
		rtc.setUtc(Math.floor(station.utcSeconds) + offSeconds);
	};
	const begin = START_UTC_SECONDS + HOUR * (2 + below(6));
	await until(begin);
	for (const end = START_UTC_SECONDS + days * 24 * HOUR; station.utcSeconds < end; ) {
		if (disturbance === "answers-slow") station.network.faults = { "answer-delayed": 0.7 };
		if (disturbance === "collector-lies" && witness.lieSeconds === 0) {
			witness.lieSeconds = below(2) === 0 ? YEARS : -(1 + below(20)) * HOUR;
		} else if (fraction(random) < 0.2) witness.lieSeconds = 0;
		// Less than what the board's clock may be off by over a sleep nobody can see.
		if (disturbance === "rtc-jumps" && fraction(random) < 0.3) setWrong(JUMP_SECONDS_MIN);
		if (disturbance === "rtc-dead" && fraction(random) < 0.5) rtc.setPower(fraction(random) < 0.2);
		if (fraction(random) < 0.6) {
			const isAtOnce = disturbance === "rtc-wrong" || fraction(random) < 0.5;
			if (isAtOnce) station.cutPowerNow(1 + below(7200));
			else station.cutPowerAfter(1 + below(1500), 1 + below(7200));
			if (disturbance === "rtc-wrong" && fraction(random) < 0.5) setWrong(1);
		}
		await until(station.utcSeconds + HOUR * (1 + below(12)));
	}
	return { ...witness.judge(), disturbance, station, witness };
}

/** Every other seed of each disturbance has a time server that answers with version 3. */
function serverVersionOf(seed: number): 3 | 4 {
	return (seed + Math.floor(seed / TIME_DISTURBANCES.length)) % 2 === 0 ? 4 : 3;
}
