/**
 * `npm run bench -- alarm [--rivers N] [--seed N]`: from the entry of a claim in a station's flash to an operator's hook, in
 * the simulator, in the world's seconds: mine water comes down the Bor, the station claims, uploads, the ledger stores, the
 * post hands over. A third of the rivers has a good network and a good hook; a third has the station's network cut at the moment of a
 * claim, for 2 to 60 minutes; a third has a hook that fails for as long. Nothing may be missing or come twice. The last line is JSON.
 */
import { FIRST_ACID_SECONDS } from "../../sim/river/acid-bor.js";
import { SCENARIOS } from "../../sim/river/scenarios.js";
import type { SimulatedStation } from "../../sim/station/station.js";
import { readAlarmPolicies } from "../../src/collector/alarms/alarm-policy.js";
import { AlarmPost } from "../../src/collector/alarms/alarm-post.js";
import { AlarmQueue } from "../../src/collector/alarms/alarm-queue.js";
import { AlarmWatch } from "../../src/collector/alarms/alarm-watch.js";
import { Ledger } from "../../src/collector/ledger/ledger.js";
import { createHandler } from "../../src/collector/service/receiver.js";
import { integerBelow, SeededRandom, seedOf } from "../../src/core/random.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import { MemoryRecordStore } from "../support/collectors/memory-record-store.js";
import { emptyStore } from "../support/collectors/shared-store.js";
import { isKeyedHashOf, keyedHashKeyOf, stepStation } from "../support/engines/bare-collector.js";
import { bareStation, bareStationKey, START_UTC_SECONDS } from "../support/engines/bare-station.js";
import { numberOptions } from "../support/engines/number-options.js";
import { quantileOf, rounded } from "../support/judges/figures.js";
import { endpointOf } from "../support/worlds/played-world.js";

const DEFAULTS = { rivers: 9, seed: 1 };
const STATION = "bor-1";
const HOUR_SECONDS = 3600;
/** The water rises within the hour; the alarm's end comes a day later at the latest. */
const HOURS = 28;
const CUT_SECONDS = { least: 120, most: 3600 };
const FAULTS = ["none", "network", "hook"] as const;
type Fault = (typeof FAULTS)[number];

interface Delivered {
	readonly id: string;
	readonly fault: Fault;
	/** From the entry. */
	readonly seconds: number;
	/** From the entry, or from the end of the fault where that was later. */
	readonly secondsClear: number;
	/** A watch and an alarm ask for an upload at once; an end waits for the next one. */
	readonly isEnd: boolean;
}

export async function run(args: string[]): Promise<boolean> {
	const { rivers, seed } = numberOptions(args, DEFAULTS, { rivers: { least: 3, most: 300 } });
	console.log(`seed ${seed}, ${rivers} rivers of ${HOURS} hours`);
	const all: Delivered[] = [];
	let missing = 0;
	let doubled = 0;
	for (let river = 0; river < rivers; river++) {
		const fault = FAULTS[river % FAULTS.length] ?? "none";
		const measured = await measure(seedOf(seed, `alarm ${river}`), fault);
		all.push(...measured.delivered);
		missing += measured.missing;
		doubled += measured.doubled;
		const seconds = measured.delivered.map((each) => each.seconds.toFixed(1)).join(" ");
		console.log(`${fault}: ${seconds} s; ${measured.missing} missing, ${measured.doubled} twice`);
	}
	const byFault = Object.fromEntries(
		FAULTS.map((fault) => {
			const own = all.filter((each) => each.fault === fault && !each.isEnd);
			return [
				fault,
				{
					alarms: own.length,
					seconds: spread(own.map(({ seconds }) => seconds)),
					secondsAfterFault: spread(own.map(({ secondsClear }) => secondsClear)),
				},
			];
		}),
	);
	const ends = spread(all.filter(({ isEnd }) => isEnd).map(({ secondsClear }) => secondsClear));
	console.log(
		JSON.stringify({ seed, rivers, alarms: all.length, ...byFault, ends, missing, doubled }),
	);
	return missing === 0 && doubled === 0 && all.length > 0;
}

function spread(seconds: readonly number[]): { median: number | null; worst: number | null } {
	return {
		median: rounded(quantileOf(seconds, 0.5), 1),
		worst: rounded(quantileOf(seconds, 1), 1),
	};
}

/** One river: its claims, when they were taken, and what was between. */
async function measure(
	seed: number,
	fault: Fault,
): Promise<{ delivered: Delivered[]; missing: number; doubled: number }> {
	const random = new SeededRandom(seed);
	const claimed = new Map<string, { readonly atSeconds: number; readonly isEnd: boolean }>();
	const faultEnds: number[] = [];
	const taken = new Map<string, number>();
	let doubled = 0;
	let badUntilSeconds = 0;
	const world: { station: SimulatedStation | undefined } = { station: undefined };
	const clock = {
		get utcSeconds() {
			return world.station?.utcSeconds ?? START_UTC_SECONDS;
		},
	};
	const alarmStore = await emptyStore();
	const queue = new AlarmQueue(alarmStore);
	const posts: AlarmPost[] = [];
	const watch = new AlarmWatch({
		store: alarmStore,
		queue,
		clock,
		policies: readAlarmPolicies(undefined),
		log: () => {},
		onRaised: () => {
			for (const post of posts) post.wake();
		},
	});
	const key = keyedHashKeyOf("collector");
	const ledger = new Ledger({
		store: new MemoryRecordStore(),
		key,
		clock,
		verifySignature: isKeyedHashOf,
		onStored: (stored) => watch.stored(stored),
	});
	await ledger.enrol(STATION, bareStationKey(STATION));
	const river = SCENARIOS["acid-bor"]?.(seed, START_UTC_SECONDS);
	if (river === undefined) throw new Error("no river");
	const station: SimulatedStation = bareStation({
		seed,
		name: STATION,
		river,
		collectorPublicKey: key.publicKey,
		endpoint: endpointOf(createHandler(ledger)),
		witness: {
			appended: (canonicalBytes) => {
				const entry = decodeEntry(canonicalBytes);
				if (entry.kind !== "alarm") return;
				const id = `${STATION}/${entry.epoch}/${entry.sequence}`;
				claimed.set(id, { atSeconds: station.utcSeconds, isEnd: entry.phase === 3 });
				if (fault === "none" || badUntilSeconds > station.utcSeconds) return;
				const { least, most } = CUT_SECONDS;
				badUntilSeconds = station.utcSeconds + least + integerBelow(random, most - least);
				faultEnds.push(badUntilSeconds);
				if (fault !== "network") return;
				station.network.faults = { "link-silent": 1 };
				const cut = station.clock.createAlarm(() => {
					station.network.faults = {};
				});
				cut.schedule(Math.round((badUntilSeconds - station.utcSeconds) * 1000));
			},
			acknowledged: () => {},
		},
	});
	world.station = station;
	await queue.setHooks(["webhook"], Math.floor(station.utcSeconds), true);
	const post = new AlarmPost({
		queue,
		clock,
		language: "en",
		log: () => {},
		hook: {
			name: "webhook",
			atOnce: 1,
			deliver: async (_line, id) => {
				if (fault === "hook" && station.utcSeconds < badUntilSeconds) {
					return { isTaken: false, why: "503" };
				}
				if (taken.has(id)) doubled++;
				else taken.set(id, station.utcSeconds);
				return { isTaken: true };
			},
		},
		// By the world's clock.
		wait: (seconds, then) => {
			let isCancelled = false;
			const alarm = station.clock.createAlarm(() => {
				if (!isCancelled) then();
			});
			alarm.schedule(seconds * 1000);
			return {
				cancel: () => {
					isCancelled = true;
				},
			};
		},
	});
	posts.push(post);
	const until = START_UTC_SECONDS + FIRST_ACID_SECONDS + HOURS * HOUR_SECONDS;
	while (station.utcSeconds < until) {
		await stepStation(station);
		// What the post does takes no time of the world.
		await post.settled();
	}
	await post.close();
	const delivered = [...taken].map(([id, atSeconds]): Delivered => {
		const { atSeconds: from, isEnd } = claimed.get(id) ?? { atSeconds: Number.NaN, isEnd: false };
		const clear = Math.max(from, ...faultEnds.filter((end) => end <= atSeconds));
		return { id, fault, isEnd, seconds: atSeconds - from, secondsClear: atSeconds - clear };
	});
	const lost = [...claimed.keys()].filter((id) => !taken.has(id));
	return { delivered, missing: lost.length, doubled };
}
