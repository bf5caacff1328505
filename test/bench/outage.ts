/**
 * `npm run bench -- outage [--seed N] [--days N]`: a month without a server, in each of the ways in which
 * one can be gone. Radio seconds and energy of a day without it against a day with it, and how long the
 * backlog takes once it is back, from the second in which it is back.
 */

import type { NetworkFault } from "../../sim/network/wire.js";
import { SCENARIOS } from "../../sim/river/scenarios.js";
import type { SimulatedStation } from "../../sim/station/station.js";
import { decodeBatch } from "../../src/protocol/wire/batch.js";
import { decodeSign1 } from "../../src/protocol/wire/cose.js";
import { directProbesOf } from "../support/bench/direct-water.js";
import { openBareCollector, stepStation } from "../support/engines/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../support/engines/bare-station.js";
import { numberOptions } from "../support/engines/number-options.js";

const DEFAULTS = { seed: 1, days: 30 };
const STATION = "bor-1";
const DAY_SECONDS = 86_400;
/** With a server, before it is gone: the mean of radio time needs a few days. */
const DAYS_WITH = 5;
const SHARE_MAX = 1.5;
const BACKLOG_SECONDS_MAX = 3600;

/** No server: nobody answers, nobody listens, the name is gone, or another stands in its place. */
const NO_SERVER: readonly NetworkFault[] = [
	"connect-silent",
	"connect-refused",
	"name-fails",
	"captive-portal",
];
/**
 * The network itself is gone: an attempt costs a deadline of many seconds, so that there are fewer of
 * them. The radio's bound holds all the same, and the backlog comes within a day.
 */
const NO_NETWORK: readonly NetworkFault[] = ["link-silent", "half-open", "name-silent"];

interface Outage {
	readonly fault: NetworkFault;
	readonly radioSecondsPerDay: readonly [withServer: number, without: number];
	readonly milliwattHoursPerDay: readonly [withServer: number, without: number];
	readonly attemptsPerDay: number;
	readonly backlogReadings: number;
	readonly backlogSeconds: number;
	readonly firstBatchIsNewest: boolean;
	readonly missing: number;
}

export async function run(args: string[]): Promise<boolean> {
	const { seed, days } = numberOptions(args, DEFAULTS, { days: { least: 2, most: 60 } });
	console.log(`seed ${seed}, ${days} days without a server`);
	const outages: Outage[] = [];
	for (const [index, fault] of [...NO_SERVER, ...NO_NETWORK].entries()) {
		const outage = await measure(fault, seed + index, days);
		outages.push(outage);
		console.log(`${holds(outage, days) ? "holds" : "FAILS"}: ${JSON.stringify(outage)}`);
	}
	const isGood = outages.every((outage) => holds(outage, days));
	const worst = (of: (outage: Outage) => number, among = outages): number =>
		Math.max(...among.map(of));
	const withoutServer = outages.filter(({ fault }) => NO_SERVER.includes(fault));
	console.log(
		JSON.stringify({
			seed,
			days,
			radioShare: rounded(worst(({ radioSecondsPerDay: [a, b] }) => b / a)),
			energyShare: rounded(worst(({ milliwattHoursPerDay: [a, b] }) => b / a)),
			backlogReadings: Math.min(...outages.map(({ backlogReadings }) => backlogReadings)),
			backlogSeconds: worst(({ backlogSeconds }) => backlogSeconds, withoutServer),
			backlogSecondsWithoutNetwork: worst(({ backlogSeconds }) => backlogSeconds),
			holds: isGood,
		}),
	);
	return isGood;
}

function holds(outage: Outage, days: number): boolean {
	const [radioWith, radioWithout] = outage.radioSecondsPerDay;
	const [energyWith, energyWithout] = outage.milliwattHoursPerDay;
	return (
		radioWithout <= SHARE_MAX * radioWith &&
		energyWithout <= SHARE_MAX * energyWith &&
		outage.attemptsPerDay >= 1 &&
		outage.backlogReadings >= days * 288 &&
		outage.backlogSeconds <=
			(NO_SERVER.includes(outage.fault) ? BACKLOG_SECONDS_MAX : DAY_SECONDS) &&
		outage.firstBatchIsNewest &&
		outage.missing === 0
	);
}

async function measure(fault: NetworkFault, seed: number, days: number): Promise<Outage> {
	const clock = {
		get utcSeconds() {
			return station.utcSeconds;
		},
	};
	const { store, publicKey, endpoint } = await openBareCollector(clock, STATION);
	const seen = { appended: 0, cursor: 0, newest: 0, readings: 0, backlogFrom: 0 };
	const batches: { first: number; last: number }[] = [];
	const river = SCENARIOS["quiet-bor"]?.(seed, START_UTC_SECONDS);
	if (river === undefined) throw new Error("no river");
	const station: SimulatedStation = bareStation({
		seed,
		name: STATION,
		river,
		collectorPublicKey: publicKey,
		openProbes: directProbesOf(river, () => station),
		endpoint: (request, onAnswer) => {
			const { first, entries } = decodeBatch(decodeSign1(request.body).payload);
			batches.push({ first, last: first + entries.length - 1 });
			endpoint(request, onAnswer);
		},
		witness: {
			attempted: () => {},
			appended: (canonicalBytes) => {
				seen.appended++;
				if (canonicalBytes[1] === 1) seen.readings++;
				seen.newest = new DataView(canonicalBytes.buffer, canonicalBytes.byteOffset).getUint32(
					8,
					true,
				);
			},
			acknowledged: (cursor) => {
				seen.cursor = cursor;
			},
		},
	});
	const meter = new RadioMeter(station);
	const until = async (utcSeconds: number): Promise<void> => {
		while (station.utcSeconds < utcSeconds) await stepStation(station);
	};
	await until(START_UTC_SECONDS + DAY_SECONDS);
	const [atDay1, energyAtDay1] = [meter.seconds, energyOf(station)];
	await until(START_UTC_SECONDS + DAYS_WITH * DAY_SECONDS);
	const [atLoss, energyAtLoss] = [meter.seconds, energyOf(station)];
	const readingsAtLoss = seen.readings;
	const sessionsAtLoss = meter.sessions;
	station.network.faults = { [fault]: 1 };
	const backUtcSeconds = START_UTC_SECONDS + (DAYS_WITH + days) * DAY_SECONDS;
	await until(backUtcSeconds);
	const [atReturn, energyAtReturn] = [meter.seconds, energyOf(station)];
	const backlogReadings = seen.readings - readingsAtLoss;
	const attempts = meter.sessions - sessionsAtLoss;
	station.network.faults = {};
	batches.length = 0;
	const newestAtReturn = seen.newest;
	while (seen.cursor < newestAtReturn) {
		if (station.utcSeconds > backUtcSeconds + DAY_SECONDS) break;
		await stepStation(station);
	}
	const stored = store.rowsOf(STATION).length;
	return {
		fault,
		radioSecondsPerDay: [
			rounded((atLoss - atDay1) / (DAYS_WITH - 1)),
			rounded((atReturn - atLoss) / days),
		],
		milliwattHoursPerDay: [
			rounded((energyAtLoss - energyAtDay1) / (DAYS_WITH - 1)),
			rounded((energyAtReturn - energyAtLoss) / days),
		],
		attemptsPerDay: rounded(attempts / days),
		backlogReadings,
		backlogSeconds: Math.round(station.utcSeconds - backUtcSeconds),
		firstBatchIsNewest: (batches[0]?.last ?? 0) >= newestAtReturn,
		missing: Math.max(newestAtReturn - stored, 0),
	};
}

/** How long the radio is on, from its own states and not from what the station says. */
class RadioMeter {
	sessions = 0;
	#onSeconds = 0;
	#sinceMicroseconds: number | undefined;
	readonly #station: SimulatedStation;

	constructor(station: SimulatedStation) {
		this.#station = station;
		const { clock } = station;
		const { switches } = station.hardware;
		const setRadio = switches.setRadio.bind(switches);
		Object.defineProperty(switches, "setRadio", {
			value: (state: Parameters<typeof setRadio>[0]) => {
				if (state !== "off" && this.#sinceMicroseconds === undefined) {
					this.#sinceMicroseconds = clock.microseconds;
					this.sessions++;
				}
				if (state === "off" && this.#sinceMicroseconds !== undefined) {
					this.#onSeconds += (clock.microseconds - this.#sinceMicroseconds) / 1e6;
					this.#sinceMicroseconds = undefined;
				}
				setRadio(state);
			},
		});
	}

	get seconds(): number {
		const since = this.#sinceMicroseconds;
		if (since === undefined) return this.#onSeconds;
		return this.#onSeconds + (this.#station.clock.microseconds - since) / 1e6;
	}
}

function energyOf(station: SimulatedStation): number {
	let all = 0;
	for (const part of station.hardware.energy.milliwattHoursByPart().values()) all += part;
	return all;
}

function rounded(value: number): number {
	return Math.round(value * 100) / 100;
}
