/** One seed of the swarm: simulated weeks of a station to which everything happens that a row of DISTURBANCES knows. */

import { type DeliveryOutcome, judgeDelivery } from "../../sim/checkers/delivery.js";
import { Findings } from "../../sim/checkers/findings.js";
import {
	createKeyedHashSigner,
	createKeyedHashVerifier,
	type KeyOperations,
} from "../../sim/keys/keyed-hash-signer.js";
import { TIME_FAULTS } from "../../sim/network/time-server.js";
import type { Endpoint } from "../../sim/network/wire.js";
import { SCENARIOS } from "../../sim/river/scenarios.js";
import { createNodeSigner, createNodeVerifier } from "../../sim/shell/node-signer.js";
import { simulatedPrivateKey } from "../../sim/shell/played-station.js";
import { StationDiary } from "../../sim/station/diary.js";
import type { SimulatedStation } from "../../sim/station/station.js";
import { type SigningKey, signingKeyOf } from "../../src/collector/ledger/keys.js";
import type { Handler } from "../../src/collector/service/receiver.js";
import type { RecordStore } from "../../src/collector/store/record-store.js";
import { asciiBytes } from "../../src/core/bytes.js";
import {
	fraction,
	integerBelow,
	type RandomSource,
	SeededRandom,
	seedOf,
} from "../../src/core/random.js";
import {
	canonicalConfiguration,
	DEFAULT_CONFIGURATION,
	type StationConfiguration,
} from "../../src/firmware/config/configuration.js";
import type { Signer, Verifier } from "../../src/firmware/ports.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import { decodeAnswer } from "../../src/protocol/wire/acknowledgement.js";
import { decodeSign1 } from "../../src/protocol/wire/cose.js";
import { readImage } from "../../src/technician/journal-image-file.js";
import { keyedHashKeyOf, stepStation } from "../support/engines/bare-collector.js";
import {
	bareStation,
	bareStationKey,
	START_UTC_SECONDS,
	sha256,
} from "../support/engines/bare-station.js";
import type { Visit } from "../support/judges/event-judge.js";
import { CALM, hostileHandler, signed, type Weather } from "./adversary.js";
import { noAilments, openAilingProbes } from "./ailing-probes.js";
import { collectorKeyOf, SwarmCollector, unionOf } from "./collectors.js";
import { DISTURBANCES, type SwarmWorld } from "./disturbances.js";
import { type DrawnConfiguration, EYES, type SwarmEvidence } from "./eyes.js";
import { Spans } from "./spans.js";

export type SwarmSigner = "es256" | "keyed-hash";

export interface SwarmOptions {
	readonly seed: number;
	readonly days: number;
	readonly signer: SwarmSigner;
	/** Names of the disturbances that befall every seed, in place of those that its seed draws. */
	readonly disturbances?: readonly string[] | undefined;
	/** Names of the eyes that look besides delivery; all without it. */
	readonly eyes?: readonly string[] | undefined;
	/** Gets what the eyes look at, for who looks closer at one seed. */
	readonly onEvidence?: (evidence: SwarmEvidence) => void;
	/** Around the record store, to plant a bug that the checker must find. */
	readonly plant?: (store: RecordStore) => RecordStore;
}

export interface SwarmResult {
	readonly seed: number;
	readonly simulatedDays: number;
	readonly outcome: DeliveryOutcome;
	readonly faults: ReadonlyMap<string, number>;
	/** What the checkers found; none may be. */
	readonly violations: readonly string[];
}

const STATION = "bor-1";
const HOUR_SECONDS = 3600;
const DAY_SECONDS = 86_400;
const TIME_FAULT_PROBABILITY = 0.1;
/** After the last fault: backlog of a full ring at 288 entries a batch, and pauses in between. */
const SETTLE_SECONDS_MAX = 2 * DAY_SECONDS;
/** A full ring comes in one session, or with pauses in a few. */
const PRESSES_MAX = 20;
/** An RTC that is off by no more is right: whole seconds, and a day's drift. */
const RIGHT_SECONDS = 5;
/** Between two looks no RTC drifts so far. */
const SET_SECONDS = 0.2;

/** Runs one seed. The result says what broke; nothing is thrown for it. */
export async function runSwarmSeed(options: SwarmOptions): Promise<SwarmResult> {
	const run = new SwarmRun(options);
	return run.run();
}

class SwarmRun {
	readonly #options: SwarmOptions;
	readonly #seed: number;
	readonly #keys: SwarmKeys;
	/** Of the station, as the collectors have enrolled them. */
	readonly #enrolledKeys: Uint8Array[] = [];
	/** Enrols the station's new key with the collectors. */
	#enrol: (() => Promise<void>) | undefined;
	readonly #findings = new Findings();
	readonly #faults = new Map<string, number>();
	readonly #collectors: SwarmCollector[] = [];
	readonly #handlers = new Map<string, Handler>();
	readonly #returned: Uint8Array[] = [];
	readonly #interrupted: Uint8Array[] = [];
	#attempt: Uint8Array | undefined;
	readonly #cursors = new Map<number, number>();
	readonly #acknowledgements: { utcSeconds: number; cursor: number }[] = [];
	readonly #diary = new StationDiary(() => this.#station.clock);
	readonly #ailments = noAilments();
	readonly #station: SimulatedStation;
	readonly #base: StationConfiguration;
	readonly #river;
	readonly #events: { utcSeconds: number; happen: () => void | Promise<void> }[] = [];
	readonly #drawn = new Map<number, DrawnConfiguration>();
	#newestId = 1;
	#pending: { readonly id: number; readonly canonicalBytes: Uint8Array } | undefined;
	#weather: Weather = CALM;
	readonly #overlaid: Weather["network"][] = [];
	/** Part of the flash is gone for good. */
	#isCutOff = false;
	/** Times that the station's key was lost. */
	#keysLost = 0;
	/** Collectors do not know the station's key yet. */
	#isStranger = false;
	readonly #boots: SwarmEvidence["boots"][number][] = [];
	readonly #visits: Visit[] = [];
	#visitUtcSeconds: number | undefined;
	readonly #crashes: number[] = [];
	readonly #keysLostUtcSeconds: number[] = [];
	readonly #clockFaults = new Spans();
	readonly #clockSets = new Spans();
	#rtcAhead = 0;
	#rtcCheckedUtcSeconds = START_UTC_SECONDS;
	#looked = 0;
	readonly #astray: { fromUtcSeconds: number; toUtcSeconds: number; hasLie: boolean }[] = [];
	#haveClocksLied = false;
	#serverLies = 0;
	/** `world` of the disturbances but for their random numbers. */
	readonly #world: Omit<SwarmWorld, "random">;

	constructor(options: SwarmOptions) {
		this.#options = options;
		this.#seed = options.seed >>> 0;
		const random = new SeededRandom(seedOf(this.#seed, "swarm"));
		const pick = <Value>(values: readonly [Value, ...Value[]]): Value =>
			values[integerBelow(random, values.length)] ?? values[0];
		const intervalSeconds = pick([300, 900, 1800, 3600]);
		const uploadIntervalSeconds = pick([1800, 3600, 10_800, 21_600, 86_400]);
		const sectors = pick([4, 6, 8, 16, 64]);
		this.#keys = keysOf(options.signer, this.#seed);
		this.#enrolledKeys.push(this.#keys.stationPublicKey);
		this.#river = (pick([0, 1]) === 0 ? SCENARIOS["quiet-bor"] : SCENARIOS["storm-pek"])?.(
			this.#seed,
			START_UTC_SECONDS,
		);
		const river = this.#river;
		if (river === undefined) throw new Error("no river");
		this.#base = {
			...DEFAULT_CONFIGURATION,
			station: STATION,
			intervalSeconds,
			uploadIntervalSeconds,
			conductivityLaw: pick(["iso-7888", "iso-7888", "linear"]),
			collectorHost: hostOf(0),
			collectorPort: 443,
			collectorPublicKey: collectorKeyOf(0, this.#isKeyedHash).publicKey,
		};
		this.#drawn.set(1, { uploadIntervalSeconds, isGood: true });
		const probesRandom = new SeededRandom(seedOf(this.#seed, "ailing probes"));
		this.#station = bareStation({
			seed: this.#seed,
			name: STATION,
			river,
			sectors,
			configuration: this.#base,
			collectorPublicKey: this.#base.collectorPublicKey,
			endpoint: this.#endpoint(),
			...(this.#keys.create === undefined
				? {}
				: { keys: { publicKey: this.#keys.stationPublicKey, create: this.#keys.create } }),
			openProbes: (_board, configuration) =>
				openAilingProbes({
					configuration,
					ailments: this.#ailments,
					random: probesRandom,
					water: () => river.at(this.#station.utcSeconds),
					batteryVolts: () => this.#station.hardware.battery.volts(),
				}),
			observer: this.#diary,
			witness: {
				attempted: (canonicalBytes) => {
					if (this.#attempt !== undefined) this.#interrupted.push(this.#attempt);
					this.#attempt = canonicalBytes;
				},
				appended: (canonicalBytes) => this.#appended(canonicalBytes),
				acknowledged: (cursor, epoch) => this.#acknowledged(cursor, epoch),
			},
		});
		// No part of the weather: it is asked rarely, and draws no random number while it is not.
		this.#station.network.timeServer.faults = Object.fromEntries(
			TIME_FAULTS.map((fault) => [fault, TIME_FAULT_PROBABILITY]),
		);
		this.#station.network.timeServer.version = options.seed % 2 === 0 ? 3 : 4;
		this.#world = {
			station: this.#station,
			startUtcSeconds: START_UTC_SECONDS,
			endUtcSeconds: START_UTC_SECONDS + options.days * DAY_SECONDS,
			intervalSeconds,
			uploadIntervalSeconds,
			ailments: this.#ailments,
			faults: new Spans(),
			disturbances: new Spans(),
			illnesses: new Spans(),
			settingsFaults: new Spans(),
			unrecorded: new Spans(),
			clockFaults: this.#clockFaults,
			clockSets: this.#clockSets,
			collectors: this.#collectors,
			overlaid: this.#overlaid,
			setWeather: (weather) => {
				this.#weather = weather;
				this.#applyFaults();
			},
			applyFaults: () => this.#applyFaults(),
			at: (utcSeconds, happen) => {
				this.#events.push({ utcSeconds, happen });
			},
			count: (fault) => this.#count(fault),
			offerConfiguration: (changes) => this.#offer(changes),
			slotMicroseconds: () => this.#slotMicroseconds(),
			astray: () => this.#astray.filter(({ hasLie }) => hasLie),
			haveClocksLied: () => this.#haveClocksLied,
			cutOff: () => {
				this.#isCutOff = true;
			},
			loseKey: (outageSeconds, enrolledAfter) => this.#loseKey(outageSeconds, enrolledAfter),
			newCollector: () => this.#newCollector(),
		};
	}

	async run(): Promise<SwarmResult> {
		await this.#newCollector();
		this.#plan();
		await this.#live();
		this.#weather = CALM;
		this.#overlaid.length = 0;
		this.#applyFaults();
		this.#station.network.timeServer.faults = {};
		for (const collector of this.#collectors) collector.lieSeconds = 0;
		const { bugsMet } = this.#ailments;
		Object.assign(this.#ailments, { ...noAilments(), bugsMet });
		if (this.#isStranger) await this.#enrol?.();
		const isSettled = await this.#settle();
		if (this.#attempt !== undefined) this.#interrupted.push(this.#attempt);
		this.#countFaults();
		const { outcome, rows } = this.#judgeDelivery(isSettled);
		this.#judgePowerCycles();
		this.#judge(rows);
		const simulatedDays = (this.#station.utcSeconds - START_UTC_SECONDS) / DAY_SECONDS;
		const { lines: violations } = this.#findings;
		return { seed: this.#seed, simulatedDays, outcome, faults: this.#faults, violations };
	}

	get #isKeyedHash(): boolean {
		return this.#options.signer === "keyed-hash";
	}

	#plan(): void {
		const { disturbances } = this.#options;
		for (const { name, probability, plan } of DISTURBANCES) {
			const random = new SeededRandom(seedOf(this.#seed, `mishap ${name}`));
			const isDrawn = fraction(random) < probability;
			if (disturbances === undefined ? isDrawn : disturbances.includes(name))
				plan({ ...this.#world, random });
		}
	}

	async #live(): Promise<void> {
		const { endUtcSeconds } = this.#world;
		for (;;) {
			// Of two at one instant the one that was booked first; what happens may book more.
			this.#events.sort((a, b) => a.utcSeconds - b.utcSeconds);
			const next = this.#events.shift();
			if (next === undefined || next.utcSeconds >= endUtcSeconds) break;
			await this.#runUntil(next.utcSeconds);
			await next.happen();
			this.#watch();
		}
		await this.#runUntil(endUtcSeconds);
	}

	async #runUntil(utcSeconds: number): Promise<void> {
		const station = this.#station;
		while (station.utcSeconds < utcSeconds) {
			if (station.network.outstanding === 0) station.step();
			else await stepStation(station);
			this.#watch();
		}
	}

	/** Presses the service button until everything is held; false past the bound. */
	async #settle(): Promise<boolean> {
		const station = this.#station;
		if (station.console.isAttached) station.console.detach();
		const boundUtcSeconds = station.utcSeconds + SETTLE_SECONDS_MAX;
		let presses = 0;
		for (;;) {
			while (!station.isAsleep || station.network.outstanding > 0) {
				await stepStation(station);
				this.#watch();
				// One that never sleeps cannot be woken either.
				if (station.utcSeconds > boundUtcSeconds + DAY_SECONDS) return this.#isAllHeld();
			}
			if (this.#isAllHeld()) return true;
			presses++;
			// What was cut off never comes; what is left has come by then.
			if (this.#isCutOff && presses > PRESSES_MAX) return false;
			if (station.utcSeconds > boundUtcSeconds) return false;
			// Pressed in vain: a trial under a key that nobody has takes hours to be given up.
			if (presses % PRESSES_MAX === 0) await this.#runUntil(station.utcSeconds + HOUR_SECONDS);
			station.pressServiceButton();
			while (station.isAsleep) await stepStation(station);
		}
	}

	/**
	 * The last entry before a boot is not given away before that boot is in the record (docs/FORMAT.md, 3), and flash
	 * that died takes no record of it.
	 */
	get #withheld(): readonly Uint8Array[] {
		const last = this.#diary.entries[this.#diary.entries.length - 1];
		const isWithheld =
			last !== undefined &&
			this.#station.flash.refusesAll &&
			this.#diary.wakes.some(
				({ reason, fromMicroseconds }) =>
					reason !== "deep-sleep" && fromMicroseconds > last.atMicroseconds,
			);
		return isWithheld ? this.#returned.slice(-1) : [];
	}

	/** What must come. */
	get #owed(): readonly Uint8Array[] {
		const withheld = this.#withheld;
		const owed = this.#returned.slice(0, this.#returned.length - withheld.length);
		// What that entry would name as lost is named nowhere else.
		const [last] = withheld.map((canonicalBytes) => decodeEntry(canonicalBytes));
		if (last?.kind !== "gap") return owed;
		const epoch = last.lostEpoch === 0 ? last.epoch : last.lostEpoch;
		return owed.filter((canonicalBytes) => {
			const entry = decodeEntry(canonicalBytes);
			return entry.epoch !== epoch || entry.sequence < last.from || entry.sequence > last.to;
		});
	}

	#isAllHeld(): boolean {
		if (this.#returned.length === 0) return false;
		const rows = unionOf(
			this.#collectors.flatMap((each) => each.everHeld()),
			() => {},
		);
		return judgeDelivery(this.#owed, this.#interrupted.concat(this.#withheld), rows).missing === 0;
	}

	// --- What is seen -----------------------------------------------------------------------------

	#appended(canonicalBytes: Uint8Array): void {
		this.#attempt = undefined;
		this.#returned.push(canonicalBytes);
		this.#diary.appended(canonicalBytes);
		const entry = decodeEntry(canonicalBytes);
		if (entry.kind === "boot") {
			const { epoch, sequence } = entry;
			const first = readImage(this.#station.flash.bytes)
				?.entries.map(decodeEntry)
				.find((each) => each.epoch === epoch);
			this.#boots.push({ epoch, sequence, heldFrom: first?.sequence ?? sequence });
		}
		if (entry.kind === "configuration" && entry.definedId === this.#pending?.id) {
			this.#pending = undefined;
		}
		this.#lookAtClock();
	}

	#acknowledged(cursor: number, epoch: number): void {
		const before = this.#cursors.get(epoch) ?? 0;
		// What flash would not note of an acknowledgement is forgotten with the power (docs/FORMAT.md, 8).
		const now = this.#station.utcSeconds;
		const isForgotten = this.#world.unrecorded.meets(now, now);
		if (cursor < before && !isForgotten)
			this.#findings.add("delivery", `acknowledged ${cursor} after ${before}`);
		this.#cursors.set(epoch, cursor);
		this.#acknowledgements.push({ utcSeconds: this.#station.utcSeconds, cursor });
		this.#diary.acknowledged();
	}

	/** After each thing that happens. */
	#watch(): void {
		const { measurements, sessions } = this.#diary;
		const looked = measurements.length + 2 * sessions.length;
		if (looked !== this.#looked) this.#watchClock();
		this.#looked = looked;
		const { counters, utcSeconds, console } = this.#station;
		const crashes = counters.crashes + counters.watchdogResets;
		while (this.#crashes.length < crashes) this.#crashes.push(utcSeconds);
		if (console.isAttached === (this.#visitUtcSeconds !== undefined)) return;
		if (this.#visitUtcSeconds !== undefined) {
			this.#visits.push({
				fromUtcSeconds: this.#visitUtcSeconds,
				toUtcSeconds: utcSeconds,
				// What is said later than at once wakes nobody who sleeps already.
				hasSpoken: false,
			});
		}
		this.#visitUtcSeconds = console.isAttached ? utcSeconds : undefined;
	}

	/** Whether the RTC was set since it was looked at last, by whomever. */
	#watchClock(): void {
		const { hardware, utcSeconds } = this.#station;
		const ahead = hardware.chips.rtc.aheadSeconds(utcSeconds);
		if (Math.abs(ahead - this.#rtcAhead) > SET_SECONDS) {
			this.#clockSets.add(this.#rtcCheckedUtcSeconds, utcSeconds);
		}
		this.#rtcAhead = ahead;
		this.#rtcCheckedUtcSeconds = utcSeconds;
	}

	/** Whether the RTC is so wrong that a liar may be believed. */
	#lookAtClock(): void {
		const { utcSeconds, hardware, network } = this.#station;
		const lies = network.timeServer.faultCounts.get("wrong") ?? 0;
		if (lies > this.#serverLies) this.#lied();
		this.#serverLies = lies;
		const ahead = Math.abs(hardware.chips.rtc.aheadSeconds(utcSeconds));
		const isRight = ahead <= RIGHT_SECONDS && !this.#clockFaults.isOpen;
		const last = this.#astray[this.#astray.length - 1];
		const isOpen = last !== undefined && last.toUtcSeconds === Number.POSITIVE_INFINITY;
		if (isRight && isOpen) last.toUtcSeconds = utcSeconds;
		if (!isRight && !isOpen && this.#clockFaults.joined().length > 0) {
			this.#astray.push({
				fromUtcSeconds: utcSeconds,
				toUtcSeconds: Number.POSITIVE_INFINITY,
				hasLie: this.#areLying,
			});
		}
	}

	get #areLying(): boolean {
		return this.#collectors.some(({ lieSeconds }) => lieSeconds !== 0);
	}

	#lied(): void {
		this.#haveClocksLied = true;
		const last = this.#astray[this.#astray.length - 1];
		if (last?.toUtcSeconds === Number.POSITIVE_INFINITY) last.hasLie = true;
	}

	// --- What happens -----------------------------------------------------------------------------

	#applyFaults(): void {
		this.#station.network.faults = Object.assign({}, this.#weather.network, ...this.#overlaid);
	}

	#count(fault: string): void {
		this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + 1);
	}

	/** A name server, and for each name a collector with everything that befalls its answers. */
	#endpoint(): Endpoint {
		return (request, onAnswer) => {
			const handler = this.#handlers.get(request.host ?? "");
			if (handler === undefined) onAnswer(new Error("nobody is listening"));
			else handler(request).then(onAnswer, (error: unknown) => onAnswer(error as Error));
		};
	}

	async #newCollector(): Promise<SwarmCollector> {
		const index = this.#collectors.length;
		const run = this;
		const collector = new SwarmCollector({
			host: hostOf(index),
			key: collectorKeyOf(index, this.#isKeyedHash),
			isKeyedHash: this.#isKeyedHash,
			clock: {
				get utcSeconds() {
					return run.#station.utcSeconds;
				},
			},
			plant: this.#options.plant,
		});
		for (const key of this.#enrolledKeys) await collector.enrol(STATION, key);
		this.#collectors.push(collector);
		const offering: Handler = async (request) => {
			const answered = await collector.handle(request);
			if (collector.lieSeconds !== 0) this.#lied();
			if (this.#pending === undefined || answered.status !== 200) return answered;
			const answer = decodeAnswer(decodeSign1(answered.body).payload);
			if (answer.kind !== "acknowledgement") return answered;
			const { canonicalBytes: configuration } = this.#pending;
			return signed(answered, { ...answer, configuration }, collector.key);
		};
		const hostile = hostileHandler({
			handler: offering,
			random: new SeededRandom(seedOf(this.#seed, `collector ${index}`)),
			faults: () => this.#weather.collector,
			key: collector.key,
			strangerKey: this.#keys.stranger,
			drawConfiguration: (random) => this.#drawConfiguration(random, collector),
			onFault: (fault) => {
				this.#count(fault);
				if (fault === "answer-lies-by-years") this.#lied();
			},
		});
		this.#handlers.set(collector.host, hostile);
		return collector;
	}

	#loseKey(outageSeconds: number, enrolledAfterSeconds: number): void {
		const station = this.#station;
		const { publicKey, create } = keyAfter(this.#options.signer, this.#seed, ++this.#keysLost);
		station.loseKey(create, outageSeconds);
		this.#keysLostUtcSeconds.push(station.utcSeconds);
		this.#isStranger = true;
		const enrol = async (): Promise<void> => {
			if (this.#enrolledKeys.includes(publicKey)) return;
			this.#enrolledKeys.push(publicKey);
			for (const collector of this.#collectors) await collector.enrol(STATION, publicKey);
			this.#isStranger = false;
		};
		this.#enrol = enrol;
		this.#world.at(station.utcSeconds + enrolledAfterSeconds, enrol);
	}

	/** Newer at each draw: good, out of range, for another station, or with a key that nobody signs with. */
	#drawConfiguration(random: RandomSource, collector: SwarmCollector): Uint8Array {
		const kind = integerBelow(random, 4);
		return this.#configuration(
			{
				...(kind === 1 ? { station: "other-9" } : {}),
				...(kind === 2 ? { intervalSeconds: 1 } : {}),
				uploadIntervalSeconds: 900 + integerBelow(random, 6300),
				collectorHost: collector.host,
				collectorPublicKey: kind === 3 ? new Uint8Array(33).fill(2) : collector.key.publicKey,
			},
			kind === 0,
		).canonicalBytes;
	}

	#configuration(
		changes: Partial<StationConfiguration>,
		isGood: boolean,
	): { readonly id: number; readonly canonicalBytes: Uint8Array } {
		const id = ++this.#newestId;
		const configuration = { ...this.#base, ...changes, id };
		const { uploadIntervalSeconds } = configuration;
		this.#drawn.set(id, { uploadIntervalSeconds, isGood });
		return { id, canonicalBytes: asciiBytes(canonicalConfiguration(configuration)) };
	}

	#offer(changes: {
		readonly intervalSeconds?: number;
		readonly collector?: SwarmCollector;
	}): void {
		const { intervalSeconds } = changes;
		const collector = changes.collector ?? this.#collectors[this.#collectors.length - 1];
		if (collector === undefined) return;
		this.#pending = this.#configuration(
			{
				...(intervalSeconds === undefined ? {} : { intervalSeconds }),
				collectorHost: collector.host,
				collectorPublicKey: collector.key.publicKey,
			},
			true,
		);
	}

	#slotMicroseconds(): number {
		const session = this.#diary.sessions.filter(({ isAcknowledged }) => isAcknowledged).at(-1);
		if (session === undefined) return 0;
		const at = session.fromMicroseconds;
		const wake = this.#diary.wakes.filter(({ fromMicroseconds }) => fromMicroseconds <= at).at(-1);
		if (wake === undefined) return 0;
		const board = wake.fromBoardMicroseconds + at - wake.fromMicroseconds;
		return board % (this.#world.uploadIntervalSeconds * 1_000_000);
	}

	// --- Judgement --------------------------------------------------------------------------------

	#countFaults(): void {
		const { network, counters } = this.#station;
		for (const [fault, times] of network.timeServer.faultCounts) {
			this.#faults.set(`time-${fault}`, times);
		}
		for (const [fault, times] of network.faultCounts) {
			this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + times);
		}
		this.#faults.set("power-cut", counters.powerCuts);
	}

	#judgeDelivery(isSettled: boolean): {
		readonly outcome: DeliveryOutcome;
		readonly rows: readonly Uint8Array[];
	} {
		const findings = this.#findings;
		const rows = unionOf(
			this.#collectors.flatMap((each) => each.everHeld()),
			(sequence) => findings.add("delivery", `two contents of ${sequence}`),
		);
		const outcome = judgeDelivery(this.#owed, this.#interrupted.concat(this.#withheld), rows);
		if (outcome.missing > 0 && !this.#isCutOff)
			findings.add("delivery", `${outcome.missing} entries missing`);
		if (outcome.foreign > 0) findings.add("delivery", `${outcome.foreign} foreign rows`);
		if (!isSettled && !this.#isCutOff)
			findings.add("delivery", "not all is held two days after the last fault");
		// A station that signs with a key that nobody has been told of is refused, and not for ever.
		const refusals = this.#collectors
			.flatMap((each) => each.refusals)
			.filter((reason) => this.#keysLost === 0 || reason !== "bad-signature");
		if (refusals.length > 0)
			findings.add("delivery", `${refusals.length} refusals: ${refusals[0]}`);
		return { outcome, rows };
	}

	#judgePowerCycles(): void {
		const findings = this.#findings;
		const { counters } = this.#station;
		const bugs = this.#ailments.bugsMet;
		if (counters.crashes > bugs) {
			findings.add("crashes", `${counters.crashes}, of which ${bugs} were planted`);
		}
		if (counters.watchdogResets > 0) {
			findings.add("crashes", `${counters.watchdogResets} watchdog resets`);
		}
		const epochs = new Set(
			this.#returned.map((canonicalBytes) => decodeEntry(canonicalBytes).epoch),
		);
		if (epochs.size > 1 + this.#keysLost) {
			findings.add("delivery", `${epochs.size} epochs: the journal was formatted again`);
		}
	}

	#judge(rows: readonly Uint8Array[]): void {
		const { eyes } = this.#options;
		if (this.#river === undefined) return;
		const evidence: SwarmEvidence = {
			world: { ...this.#world, random: new SeededRandom(this.#seed) },
			diary: this.#diary,
			river: this.#river,
			rows,
			acknowledgements: this.#acknowledgements,
			boots: this.#boots,
			visits: this.#visits,
			crashesUtcSeconds: this.#crashes,
			keysLostUtcSeconds: this.#keysLostUtcSeconds,
			configurations: this.#drawn,
			settledUtcSeconds: this.#station.utcSeconds,
		};
		this.#options.onEvidence?.(evidence);
		for (const { name, judge } of EYES) {
			if (eyes === undefined || eyes.includes(name)) judge(evidence, this.#findings);
		}
	}
}

/** The station's key after so many losses. */
function keyAfter(
	signer: SwarmSigner,
	seed: number,
	losses: number,
): {
	publicKey: Uint8Array;
	create: (operations: KeyOperations) => { signer: Signer; verifier: Verifier };
} {
	const name = `${STATION}+${losses}`;
	if (signer === "es256") {
		const privateKey = simulatedPrivateKey(seed, name);
		return {
			publicKey: signingKeyOf(privateKey).publicKey,
			create: (operations) => ({
				signer: createNodeSigner(privateKey, operations),
				verifier: createNodeVerifier(operations),
			}),
		};
	}
	const publicKey = bareStationKey(name);
	return {
		publicKey,
		create: (operations) => ({
			signer: createKeyedHashSigner(publicKey, sha256, operations),
			verifier: createKeyedHashVerifier(sha256, operations),
		}),
	};
}

function hostOf(index: number): string {
	return index === 0 ? "collector.bistrina.invalid" : `collector-${index}.bistrina.invalid`;
}

interface SwarmKeys {
	readonly stationPublicKey: Uint8Array;
	readonly stranger: SigningKey;
	/** Absent: the bare station's own keyed hash. */
	readonly create?: (operations: KeyOperations) => { signer: Signer; verifier: Verifier };
}

function keysOf(signer: SwarmSigner, seed: number): SwarmKeys {
	if (signer === "es256") {
		const privateKey = simulatedPrivateKey(seed, STATION);
		return {
			stationPublicKey: signingKeyOf(privateKey).publicKey,
			stranger: signingKeyOf(new Uint8Array(32).fill(8)),
			create: (operations) => ({
				signer: createNodeSigner(privateKey, operations),
				verifier: createNodeVerifier(operations),
			}),
		};
	}
	return {
		stationPublicKey: bareStationKey(STATION),
		stranger: keyedHashKeyOf("stranger"),
	};
}
