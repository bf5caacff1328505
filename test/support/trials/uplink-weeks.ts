/**
 * Weeks of a station whose network and operator do odd things, and a model of what its uplink owes meanwhile. The
 * model knows the promises of docs/WIRE.md, sections 5 and 6, and the world; nothing of the schedule.
 */
import { DEFAULT_NETWORK_TIMES, type NetworkFault } from "../../../sim/network/wire.js";
import { SCENARIOS } from "../../../sim/river/scenarios.js";
import type { SimulatedStation } from "../../../sim/station/station.js";
import { fraction, integerBelow, SeededRandom, seedOf } from "../../../src/core/random.js";
import {
	canonicalConfiguration,
	DEFAULT_CONFIGURATION,
} from "../../../src/firmware/config/configuration.js";
import { decodeEntry } from "../../../src/protocol/record/entry.js";
import { EVENT_CODES } from "../../../src/protocol/record/events.js";
import { directProbesOf } from "../bench/direct-water.js";
import { openBareCollector, stepStation } from "../engines/bare-collector.js";
import { bareStation, START_UTC_SECONDS } from "../engines/bare-station.js";

const HOUR = 3600;
const DAY = 24 * HOUR;
const STATION = "bor-1";
const FAULTS: readonly NetworkFault[] = [
	"link-silent",
	"connect-silent",
	"connect-refused",
	"name-fails",
	"half-open",
	"captive-portal",
];
/** A measurement that was under way, and a session: what an attempt may come late. */
const SLACK_SECONDS = 200;
/** Between two attempts of a trial after its first ten: 58 minutes, a session of two, a measurement. */
const TRIAL_GAP_SECONDS = 62 * 60;
/** Of a link; what the budget is measured in. */
const LINK_SECONDS = 30;
const SESSION_SECONDS = 120;
/** From the link to the first answer at most, name, connection, answer and signatures. */
const ANSWER_SECONDS = 2;
/** A network that came back slower is met by a whole attempt, for which the budget saves up. */
const SLOWER_DAYS = 3;

export interface UplinkWeeks {
	readonly seed: number;
	/** What broke a promise; nothing may. */
	readonly violations: readonly string[];
	readonly attempts: number;
	readonly outages: number;
	readonly offers: number;
	readonly reverts: number;
}

interface Span {
	readonly from: number;
	to: number;
}

/** Runs one seed for `days`. Seconds are those since the start. */
export async function runUplinkWeeks(seed: number, days: number): Promise<UplinkWeeks> {
	const random = new SeededRandom(seedOf(seed, "uplink weeks"));
	const between = (least: number, most: number): number =>
		least + fraction(random) * (most - least);
	const pick = <Value>(values: readonly [Value, ...Value[]]): Value =>
		values[integerBelow(random, values.length)] ?? values[0];
	const uploadIntervalSeconds = pick([1800, HOUR, 6 * HOUR, DAY]);
	const river = SCENARIOS["quiet-bor"]?.(seed, START_UTC_SECONDS);
	if (river === undefined) throw new Error("no river");
	const violations: string[] = [];
	const attempts: {
		at: number;
		radio: number;
		isAcknowledged: boolean;
		isOnTrial: boolean;
		linkMax: number;
	}[] = [];
	const good: Span[] = [{ from: 0, to: Number.POSITIVE_INFINITY }];
	const trials: (Span & { id: number; isGood: boolean; end: "confirmed" | "reverted" | "" })[] = [];
	const offers = new Map<number, { isGood: boolean; acknowledged: number }>();
	const state = { inForce: 1, cursor: 0, newest: 0, reboots: [0], linkMax: 3 };
	const collector = await openBareCollector(
		{
			get utcSeconds() {
				return station.utcSeconds;
			},
		},
		STATION,
	);
	const now = (): number => station.utcSeconds - START_UTC_SECONDS;
	const station: SimulatedStation = bareStation({
		seed,
		name: STATION,
		river,
		configuration: { uploadIntervalSeconds },
		collectorPublicKey: collector.publicKey,
		openProbes: directProbesOf(river, () => station),
		endpoint: collector.endpoint,
		witness: {
			appended: (canonicalBytes) => {
				const entry = decodeEntry(canonicalBytes);
				state.newest = entry.sequence;
				if (entry.configurationId !== state.inForce) {
					const id = entry.configurationId;
					const offer = offers.get(id);
					if (id > state.inForce && offer !== undefined) {
						trials.push({
							from: now(),
							to: Number.POSITIVE_INFINITY,
							id,
							isGood: offer.isGood,
							end: "",
						});
						if (offer.acknowledged > 2) {
							violations.push(`offer ${id} was taken up after ${offer.acknowledged} sessions`);
						}
						offers.delete(id);
					}
					state.inForce = id;
				}
				if (entry.kind !== "event") return;
				const trial = trials.at(-1);
				if (trial === undefined || trial.end !== "") return;
				if (entry.code === EVENT_CODES["configuration-confirmed"]) trial.end = "confirmed";
				if (entry.code === EVENT_CODES["configuration-reverted"]) trial.end = "reverted";
				if (trial.end !== "") trial.to = now();
			},
			acknowledged: (cursor) => {
				state.cursor = cursor;
				const attempt = attempts.at(-1);
				if (attempt === undefined || attempt.isAcknowledged) return;
				attempt.isAcknowledged = true;
				for (const offer of offers.values()) offer.acknowledged++;
			},
		},
	});
	const { network } = station;
	const { switches } = station.hardware;
	const setRadio = switches.setRadio.bind(switches);
	let onSince: number | undefined;
	Object.defineProperty(switches, "setRadio", {
		value: (radio: Parameters<typeof setRadio>[0]) => {
			if (radio !== "off" && onSince === undefined) {
				onSince = now();
				const trial = trials.at(-1);
				const isOnTrial = trial !== undefined && trial.end === "";
				attempts.push({
					at: onSince,
					radio: 0,
					isAcknowledged: false,
					isOnTrial,
					linkMax: network.times.link[1],
				});
			} else if (radio === "off" && onSince !== undefined) {
				const attempt = attempts.at(-1);
				if (attempt !== undefined) attempt.radio = now() - onSince;
				onSince = undefined;
			}
			setRadio(radio);
		},
	});
	const until = async (seconds: number): Promise<void> => {
		while (now() < seconds) await stepStation(station);
	};
	const break_ = async (fault: NetworkFault | undefined, seconds: number): Promise<void> => {
		const span = good.at(-1);
		if (span !== undefined) span.to = now();
		if (fault === undefined) network.rebootAccessPoint(seconds * 1000);
		else network.faults = { [fault]: 1 };
		await until(now() + seconds);
		network.faults = {};
		good.push({ from: now(), to: Number.POSITIVE_INFINITY });
	};
	let id = 1;
	let outages = 0;
	const offer = async (isGood: boolean): Promise<void> => {
		id++;
		offers.clear();
		offers.set(id, { isGood, acknowledged: 0 });
		const text = canonicalConfiguration({
			...DEFAULT_CONFIGURATION,
			id,
			station: STATION,
			uploadIntervalSeconds,
			intervalSeconds: pick([300, 900]),
			collectorHost: "collector.bistrina.invalid",
			collectorPort: 443,
			collectorPublicKey: isGood ? collector.publicKey : new Uint8Array(33).fill(2),
		});
		await collector.offers.set(text, "a test");
		const bound = now() + 2.5 * uploadIntervalSeconds + HOUR;
		while (state.inForce !== id && now() < bound) await stepStation(station);
	};
	while (now() < days * DAY) {
		await until(now() + between(HOUR, 2 * DAY));
		switch (integerBelow(random, 6)) {
			case 0:
				outages++;
				await break_(undefined, between(20, 1200));
				break;
			case 1:
			case 2:
				outages++;
				await break_(pick(["link-silent", ...FAULTS]), between(HOUR, 3 * DAY));
				if (integerBelow(random, 5) === 0) {
					// Another access point: slower, now and then.
					const link: [number, number] = pick([
						[1500, 3000],
						[5000, 9000],
					]);
					state.linkMax = Math.max(state.linkMax, link[1] / 1000);
					Object.assign(network, { times: { ...DEFAULT_NETWORK_TIMES, link } });
				}
				break;
			case 3:
				await offer(true);
				if (integerBelow(random, 2) === 0) {
					outages++;
					await break_(undefined, between(20, 5 * HOUR));
				}
				break;
			case 4:
				await offer(false);
				break;
			case 5:
				state.reboots.push(now());
				station.cutPowerNow(60);
				break;
		}
	}
	// The operator's last word, and an end without faults.
	await until(now() + Math.max(2 * uploadIntervalSeconds, 12 * HOUR) + SLOWER_DAYS * DAY);
	judge();
	const reverts = trials.filter(({ end }) => end === "reverted").length;
	return { seed, violations, attempts: attempts.length, outages, offers: id - 1, reverts };

	function judge(): void {
		const end = now();
		const covered = Math.min(uploadIntervalSeconds / 2, HOUR / 2);
		const isGoodAt = (at: number): boolean => good.some(({ from, to }) => from <= at && at < to);
		attempts.forEach(({ at, isAcknowledged }, index) => {
			const next = attempts[index + 1]?.at ?? end;
			const most = isAcknowledged ? 1.5 * uploadIntervalSeconds : uploadIntervalSeconds + covered;
			if (next - at <= most + SLACK_SECONDS) return;
			violations.push(
				`${Math.round(next - at)} s without an attempt from second ${Math.round(at)}`,
			);
		});
		const isBlind = (at: number): boolean =>
			trials.some(({ isGood, from, to }) => !isGood && from <= at && at <= to + HOUR);
		for (const { from, to } of good) {
			// It has not answered yet since it became slow.
			const known = attempts.filter(({ at, isAcknowledged }) => at < from && isAcknowledged).at(-1);
			const found = attempts.find(({ at }) => at >= from);
			const isSlower = (found?.linkMax ?? 0) > (known?.linkMax ?? 0);
			const owed = isSlower
				? SLOWER_DAYS * DAY
				: // An upload that was early counts for the slot after it.
					(attempts.filter(({ at }) => at < from).at(-1)?.isAcknowledged === true
						? 1.5 * uploadIntervalSeconds
						: uploadIntervalSeconds + covered) +
					HOUR / 2 +
					SLACK_SECONDS;
			if (to < from + owed || end < from + owed) continue;
			const tries = attempts.filter(({ at }) => at >= from && at <= from + owed);
			if (tries.some(({ at }) => isBlind(at))) continue;
			if (tries.some(({ isAcknowledged }) => isAcknowledged)) continue;
			violations.push(`the network is back at second ${Math.round(from)}, and nothing comes`);
		}
		const shortSeconds = Math.max(1.2 * (state.linkMax + ANSWER_SECONDS), LINK_SECONDS / 7);
		const perDay = Math.max(
			(DAY / uploadIntervalSeconds) * shortSeconds + (2 / 5) * LINK_SECONDS,
			2 * LINK_SECONDS,
		);
		good.slice(1).forEach(({ from }, index) => {
			const lost = good[index]?.to ?? 0;
			const outageDays = (from - lost) / DAY;
			const reboots = state.reboots.filter((at) => at > lost && at < from).length;
			// The slot that found out, the bucket, what the days earn, and the debt of the last whole attempt.
			const most =
				(1 + reboots) * (2 * LINK_SECONDS + SESSION_SECONDS) +
				perDay * outageDays +
				SESSION_SECONDS;
			const spent = attempts
				.filter(({ at, isOnTrial }) => at >= lost && at < from && !isOnTrial)
				.reduce((sum, { radio }) => sum + radio, 0);
			if (spent <= most) return;
			violations.push(
				`${Math.round(spent)} s of radio in ${outageDays.toFixed(2)} days, ${Math.round(most)} promised`,
			);
		});
		for (const { id: tried, isGood, from, to, end: verdict } of trials) {
			if (!isGood || verdict !== "reverted") continue;
			const open = good.map((span) => Math.min(span.to, to) - Math.max(span.from, from));
			if (Math.max(...open) < TRIAL_GAP_SECONDS) continue;
			violations.push(`configuration ${tried} was good, and reverted at second ${Math.round(to)}`);
		}
		for (const [left, { acknowledged }] of offers) {
			if (acknowledged > 2)
				violations.push(`offer ${left} is not taken up after ${acknowledged} sessions`);
		}
		if (state.newest - state.cursor > (1.6 * uploadIntervalSeconds) / 300 + 20 && isGoodAt(end)) {
			violations.push(`acknowledged ${state.cursor} of ${state.newest}`);
		}
	}
}
