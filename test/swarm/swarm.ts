/** One seed of the swarm: simulated weeks of a station whose network, collector and power all fail. */

import { type DeliveryOutcome, judgeDelivery } from "../../sim/checkers/delivery.js";
import type { KeyOperations } from "../../sim/keyed-hash-signer.js";
import { openDirectProbes } from "../../sim/probes/direct-probes.js";
import { SCENARIOS } from "../../sim/river/scenarios.js";
import { createNodeSigner, createNodeVerifier } from "../../sim/shell/node-signer.js";
import { simulatedPrivateKey } from "../../sim/shell/simulation.js";
import type { SimulatedStation } from "../../sim/station.js";
import { TIME_FAULTS } from "../../sim/time-server.js";
import { type SigningKey, signingKeyOf } from "../../src/collector/keys.js";
import { Ledger } from "../../src/collector/ledger.js";
import { MemoryRecordStore } from "../../src/collector/memory-record-store.js";
import { createHandler } from "../../src/collector/receiver.js";
import type { RecordStore } from "../../src/collector/record-store.js";
import { asciiBytes } from "../../src/core/bytes.js";
import {
	type Chance,
	fraction,
	integerBelow,
	SeededChance,
	seedOf,
} from "../../src/core/chance.js";
import {
	canonicalConfiguration,
	DEFAULT_CONFIGURATION,
} from "../../src/firmware/config/configuration.js";
import type { Signer, Verifier } from "../../src/firmware/ports.js";
import { decodeEntry } from "../../src/protocol/entry.js";
import {
	isKeyedHashOf,
	keyedHashKeyOf,
	runStationUntil,
	stepStation,
} from "../support/bare-collector.js";
import { bareStation, bareStationKey, START_UTC_SECONDS } from "../support/bare-station.js";
import { endpointOf } from "../support/played-world.js";
import { CALM, drawWeather, hostileHandler, type Weather } from "./adversary.js";

export type SwarmSigner = "es256" | "keyed-hash";

export interface SwarmOptions {
	readonly seed: number;
	readonly days: number;
	readonly signer: SwarmSigner;
	/** Around the record store, to plant a bug that the checker must find. */
	readonly plant?: (store: RecordStore) => RecordStore;
}

export interface SwarmResult {
	readonly seed: number;
	readonly simulatedDays: number;
	readonly outcome: DeliveryOutcome;
	readonly faults: ReadonlyMap<string, number>;
	/** What the checker found; none may be. */
	readonly violations: readonly string[];
}

const STATION = "bor-1";
const DAY_SECONDS = 86_400;
const WEATHER_SECONDS = 6 * 3600;
const TIME_FAULT_PROBABILITY = 0.1;
/** After the last fault: backlog of a full ring at 288 entries a batch, and pauses in between. */
const SETTLE_SECONDS_MAX = 2 * DAY_SECONDS;

/** Runs one seed. The result says what broke; nothing is thrown for it. */
export async function runSwarmSeed(options: SwarmOptions): Promise<SwarmResult> {
	const seed = options.seed >>> 0;
	const chance = new SeededChance(seedOf(seed, "swarm"));
	const pick = <Value>(values: readonly [Value, ...Value[]]): Value =>
		values[integerBelow(chance, values.length)] ?? values[0];
	const intervalSeconds = pick([900, 1800, 3600]);
	const uploadIntervalSeconds = pick([1800, 3600, 10_800, 21_600]);
	const sectors = pick([4, 6, 8, 16, 64]);
	const keys = keysOf(options.signer, seed);
	const faults = new Map<string, number>();
	const count = (fault: string): void => {
		faults.set(fault, (faults.get(fault) ?? 0) + 1);
	};
	const weather: { now: Weather } = { now: CALM };
	const store = new MemoryRecordStore();
	const ledger = new Ledger({
		store: options.plant?.(store) ?? store,
		key: keys.collector,
		clock: {
			get utcSeconds() {
				return station.utcSeconds;
			},
		},
		...(keys.verifySignature === undefined ? {} : { verifySignature: keys.verifySignature }),
	});
	await ledger.enrol(STATION, keys.stationPublicKey);
	const handler = hostileHandler({
		handler: createHandler(ledger),
		chance: new SeededChance(seedOf(seed, "collector")),
		faults: () => weather.now.collector,
		key: keys.collector,
		strangerKey: keys.stranger,
		drawConfiguration: configurations(keys, intervalSeconds),
		onFault: count,
	});
	const violations: string[] = [];
	const returned: Uint8Array[] = [];
	const interrupted: Uint8Array[] = [];
	const state: { attempt: Uint8Array | undefined; cursor: number; newest: number } = {
		attempt: undefined,
		cursor: 0,
		newest: 0,
	};
	const river = (seed % 2 === 0 ? SCENARIOS["quiet-bor"] : SCENARIOS["storm-pek"])?.(
		seed,
		START_UTC_SECONDS,
	);
	if (river === undefined) throw new Error("no river");
	const station: SimulatedStation = bareStation({
		seed,
		name: STATION,
		river,
		sectors,
		configuration: { intervalSeconds, uploadIntervalSeconds },
		collectorPublicKey: keys.collector.publicKey,
		endpoint: endpointOf(handler),
		...(keys.create === undefined
			? {}
			: { keys: { publicKey: keys.stationPublicKey, create: keys.create } }),
		openProbes: (_board, configuration) =>
			openDirectProbes({
				water: () => river.at(station.utcSeconds),
				batteryVolts: () => station.hardware.battery.volts(),
				shuntOhms: configuration.loopShuntMilliohms / 1000,
				turbidityAt4Milliampere: configuration.turbidityAt4MilliampereMilli / 1000,
				turbidityAt20Milliampere: configuration.turbidityAt20MilliampereMilli / 1000,
			}),
		witness: {
			attempted: (canonical) => {
				if (state.attempt !== undefined) interrupted.push(state.attempt);
				state.attempt = canonical;
			},
			appended: (canonical) => {
				state.attempt = undefined;
				returned.push(canonical);
				state.newest = decodeEntry(canonical).sequence;
			},
			acknowledged: (cursor) => {
				if (cursor < state.cursor) violations.push(`acknowledged ${cursor} after ${state.cursor}`);
				state.cursor = cursor;
			},
		},
	});
	// No part of the weather: it is asked rarely, and draws no chance while it is not.
	station.network.timeServer.faults = Object.fromEntries(
		TIME_FAULTS.map((fault) => [fault, TIME_FAULT_PROBABILITY]),
	);
	await live(station, options, chance, weather, count);
	weather.now = CALM;
	station.network.faults = {};
	if (!(await settle(station, state))) {
		violations.push(
			`acknowledged ${state.cursor} of ${state.newest} two days after the last fault`,
		);
	}
	for (const [fault, times] of station.network.timeServer.faultCounts) {
		faults.set(`time-${fault}`, times);
	}
	for (const [fault, times] of station.network.faultCounts) {
		faults.set(fault, (faults.get(fault) ?? 0) + times);
	}
	faults.set("power-cut", station.counters.powerCuts);
	if (state.attempt !== undefined) interrupted.push(state.attempt);
	const outcome = judgeDelivery(returned, interrupted, store.rowsOf(STATION));
	if (outcome.missing > 0) violations.push(`${outcome.missing} entries missing`);
	if (outcome.foreign > 0) violations.push(`${outcome.foreign} foreign rows`);
	if (store.evidence.length > 0) {
		violations.push(`${store.evidence.length} refusals: ${store.evidence[0]?.reason}`);
	}
	if (station.counters.crashes > 0) violations.push(`${station.counters.crashes} crashes`);
	if (station.counters.watchdogResets > 0) {
		violations.push(`${station.counters.watchdogResets} watchdog resets`);
	}
	const epochs = new Set(returned.map((canonical) => decodeEntry(canonical).epoch));
	if (epochs.size > 1) violations.push(`${epochs.size} epochs: the journal was formatted again`);
	const simulatedDays = (station.utcSeconds - START_UTC_SECONDS) / DAY_SECONDS;
	return { seed, simulatedDays, outcome, faults, violations };
}

/** Newer at each draw: good, out of range, for another station, or with a key that nobody signs with. */
function configurations(keys: SwarmKeys, intervalSeconds: number): (chance: Chance) => Uint8Array {
	const drawn = { id: 1 };
	return (chance) => {
		const kind = integerBelow(chance, 4);
		drawn.id++;
		const text = canonicalConfiguration({
			...DEFAULT_CONFIGURATION,
			id: drawn.id,
			station: kind === 1 ? "other-9" : STATION,
			intervalSeconds: kind === 2 ? 1 : intervalSeconds,
			uploadIntervalSeconds: 900 + integerBelow(chance, 6300),
			collectorHost: "collector.bistrina.invalid",
			collectorPort: 443,
			collectorPublicKey: kind === 3 ? new Uint8Array(33).fill(2) : keys.collector.publicKey,
		});
		return asciiBytes(text);
	};
}

async function live(
	station: SimulatedStation,
	options: SwarmOptions,
	chance: SeededChance,
	weather: { now: Weather },
	count: (fault: string) => void,
): Promise<void> {
	const endUtcSeconds = START_UTC_SECONDS + options.days * DAY_SECONDS;
	let weatherEndsUtcSeconds = START_UTC_SECONDS + WEATHER_SECONDS;
	const hasLongOutage = fraction(chance) < 0.25;
	const outageUtcSeconds = START_UTC_SECONDS + fraction(chance) * options.days * DAY_SECONDS * 0.5;
	const outageEndsUtcSeconds =
		outageUtcSeconds + options.days * DAY_SECONDS * (0.2 + 0.3 * fraction(chance));
	const hasBadBlocks = fraction(chance) < 0.3 && station.flash.sectors >= 16;
	if (hasBadBlocks) {
		for (let left = 1 + integerBelow(chance, 2); left > 0; left--) {
			const sector = integerBelow(chance, station.flash.sectors);
			const kind = integerBelow(chance, 2) === 0 ? "loud" : "silent";
			station.flash.failSector(sector, kind, integerBelow(chance, 400));
			count(`bad-block-${kind}`);
		}
	}
	while (station.utcSeconds < endUtcSeconds) {
		await runStationUntil(station, Math.min(weatherEndsUtcSeconds, endUtcSeconds));
		const now = station.utcSeconds;
		if (now < weatherEndsUtcSeconds) break;
		weatherEndsUtcSeconds = now + WEATHER_SECONDS;
		const isOut = hasLongOutage && now >= outageUtcSeconds && now < outageEndsUtcSeconds;
		weather.now = isOut ? { network: { "link-refused": 1 }, collector: {} } : drawWeather(chance);
		station.network.faults = weather.now.network;
		if (fraction(chance) < 0.5) {
			station.cutPowerAfter(1 + integerBelow(chance, 1200), 1 + integerBelow(chance, 7200));
		}
		if (fraction(chance) < 0.02) {
			station.hardware.chips.rtc.setUtc(START_UTC_SECONDS - integerBelow(chance, 100_000_000));
			count("rtc-set-wrong");
		}
	}
}

/** Presses the service button until everything is acknowledged; false past the bound. */
async function settle(
	station: SimulatedStation,
	state: { readonly cursor: number; readonly newest: number },
): Promise<boolean> {
	const boundUtcSeconds = station.utcSeconds + SETTLE_SECONDS_MAX;
	for (;;) {
		while (!station.isAsleep || station.network.outstanding > 0) await stepStation(station);
		if (state.newest > 0 && state.cursor >= state.newest) return true;
		if (station.utcSeconds > boundUtcSeconds) return false;
		station.pressServiceButton();
		while (station.isAsleep) await stepStation(station);
	}
}

interface SwarmKeys {
	readonly stationPublicKey: Uint8Array;
	readonly collector: SigningKey;
	readonly stranger: SigningKey;
	/** Absent: the bare station's own keyed hash. */
	readonly create?: (operations: KeyOperations) => { signer: Signer; verifier: Verifier };
	readonly verifySignature?: (
		publicKey: Uint8Array,
		signed: Uint8Array,
		signature: Uint8Array,
	) => boolean;
}

function keysOf(signer: SwarmSigner, seed: number): SwarmKeys {
	if (signer === "es256") {
		const privateKey = simulatedPrivateKey(seed, STATION);
		return {
			stationPublicKey: signingKeyOf(privateKey).publicKey,
			collector: signingKeyOf(new Uint8Array(32).fill(9)),
			stranger: signingKeyOf(new Uint8Array(32).fill(8)),
			create: (operations) => ({
				signer: createNodeSigner(privateKey, operations),
				verifier: createNodeVerifier(operations),
			}),
		};
	}
	return {
		stationPublicKey: bareStationKey(STATION),
		collector: keyedHashKeyOf("collector"),
		stranger: keyedHashKeyOf("stranger"),
		verifySignature: isKeyedHashOf,
	};
}
