/**
 * What the swarm looks at when a seed is over: a row for each promise. An eye reads no counter of the
 * station: it compares the world's truth, what was seen at the ports, and what the collectors hold.
 */
import { judgeCadence, judgeSleeps } from "../../sim/checkers/cadence.js";
import { judgeClaims } from "../../sim/checkers/claims.js";
import { judgeDerived } from "../../sim/checkers/derived.js";
import type { Findings } from "../../sim/checkers/findings.js";
import { judgeTimes } from "../../sim/checkers/times.js";
import type { River } from "../../sim/river/river.js";
import type { DiaryEntry, StationDiary } from "../../sim/station/diary.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import {
	type AlarmBody,
	type Entry,
	TIME_SOURCES,
} from "../../src/protocol/record/entry-layouts.js";
import { eventNameOf } from "../../src/protocol/record/events.js";
import { judgeEvents, type Visit } from "../support/judges/event-judge.js";
import type { SwarmWorld } from "./disturbances.js";
import { Spans } from "./spans.js";

export interface SwarmEvidence {
	readonly world: SwarmWorld;
	readonly diary: StationDiary;
	readonly river: River;
	/** All that any collector ever held, each row once. */
	readonly rows: readonly Uint8Array[];
	/** When acknowledgements took hold, and up to which sequence. */
	readonly acknowledgements: readonly {
		readonly utcSeconds: number;
		readonly cursor: number;
	}[];
	/** Boot entries, and the first sequence that flash held then. */
	readonly boots: readonly {
		readonly epoch: number;
		readonly sequence: number;
		readonly heldFrom: number;
	}[];
	readonly visits: readonly Visit[];
	readonly crashesUtcSeconds: readonly number[];
	/** When the board's settings went, its key and its configuration among them. */
	readonly keysLostUtcSeconds: readonly number[];
	/** Upload interval and kind of the configurations that were ever drawn, by id. */
	readonly configurations: ReadonlyMap<number, DrawnConfiguration>;
	readonly settledUtcSeconds: number;
}

export interface DrawnConfiguration {
	readonly uploadIntervalSeconds: number;
	/** A collector can be reached under it. */
	readonly isGood: boolean;
}

export interface Eye {
	readonly name: string;
	judge(evidence: SwarmEvidence, findings: Findings): void;
}

export const EYES: readonly Eye[] = Object.freeze([
	{
		name: "times",
		judge: ({ world, diary, rows }, findings) => {
			judgeTimes(
				{
					diary,
					rows,
					originUtcSeconds: world.startUtcSeconds,
					isExcused: (truth) =>
						isLedAstray(world, diary, truth.bootWake) || isUnseen(world, diary, truth),
				},
				findings,
			);
		},
	},
	{
		name: "derived",
		judge: ({ world, diary, river, rows }, findings) => {
			judgeDerived(
				{
					diary,
					rows,
					river,
					originUtcSeconds: world.startUtcSeconds,
					isWell: (from, to) => !world.illnesses.meets(from, to),
				},
				findings,
			);
		},
	},
	{
		name: "cadence",
		judge: ({ world, diary, crashesUtcSeconds, keysLostUtcSeconds }, findings) => {
			const configured = diary.entries.flatMap(({ entry, atMicroseconds: fromMicroseconds }) =>
				entry.kind === "configuration"
					? [{ fromMicroseconds, intervalSeconds: entry.intervalSeconds }]
					: [],
			);
			// As provisioned, which a ring that takes nothing more does not tell.
			const reset = keysLostUtcSeconds.map((at) => ({
				fromMicroseconds: (at - world.startUtcSeconds) * 1_000_000,
				intervalSeconds: world.intervalSeconds,
			}));
			const paces = [...configured, ...reset].sort(
				(a, b) => a.fromMicroseconds - b.fromMicroseconds,
			);
			judgeCadence(
				{
					diary,
					paces: [{ fromMicroseconds: 0, intervalSeconds: world.intervalSeconds }, ...paces],
					isDisturbed: (from, to) =>
						isUnrecorded(world, diary, from, to) ||
						isEvent(diary, from, to) ||
						world.disturbances.meets(utcOf(world, from), utcOf(world, to)) ||
						// Each boot measures at once, and crashes in a row are boots with pauses of seconds between.
						crashesUtcSeconds.some(
							(at) => at >= utcOf(world, from) - CRASH_ROW_SECONDS && at <= utcOf(world, to),
						) ||
						// What is due next was decided one reading before.
						isClockSet(world, from - 1_050_000 * longestOf(paces, world.intervalSeconds), to),
				},
				findings,
			);
		},
	},
	{
		name: "sleeps",
		judge: ({ diary }, findings) => judgeSleeps(diary, findings),
	},
	{
		name: "events",
		judge: (evidence, findings) => {
			const { world, diary, visits, crashesUtcSeconds, settledUtcSeconds } = evidence;
			const epochs = new Set(diary.entries.map(({ entry }) => entry.epoch));
			for (const epoch of epochs) {
				const seen = diary.entries
					.filter(({ entry }) => entry.epoch === epoch)
					.map(({ entry, atMicroseconds }) => ({
						entry,
						worldUtcSeconds: utcOf(world, atMicroseconds),
					}));
				const outages = diary.wakes
					.filter(({ reason }) => reason === "power-on" || reason === "brown-out")
					.map(({ fromMicroseconds }) => ({
						fromUtcSeconds: utcOf(world, fromMicroseconds) - DAY,
						toUtcSeconds: utcOf(world, fromMicroseconds),
					}));
				for (const { fromUtcSeconds } of world.unrecorded.joined()) {
					outages.push({ fromUtcSeconds, toUtcSeconds: Number.POSITIVE_INFINITY });
				}
				// A record that takes nothing more says nothing more, and a later epoch nothing of the one before.
				const firstUtcSeconds = seen[0]?.worldUtcSeconds ?? 0;
				const lastUtcSeconds = seen[seen.length - 1]?.worldUtcSeconds ?? 0;
				const lines = judgeEvents(seen, {
					visits: joined(visits).filter(({ fromUtcSeconds: at }) => at >= firstUtcSeconds),
					crashesUtcSeconds: crashesUtcSeconds.filter((at) => at >= firstUtcSeconds),
					outages,
					endUtcSeconds: Math.min(settledUtcSeconds, lastUtcSeconds),
					settingsRefused: world.settingsFaults.meets(0, Number.POSITIVE_INFINITY),
				});
				for (const each of lines) findings.add("event", each);
			}
			judgeClockEvents(evidence, findings);
			judgeVerdicts(evidence, findings);
		},
	},
	{
		name: "claims",
		judge: (evidence, findings) => {
			for (const entries of claimedByEpoch(evidence)) {
				const held = new Set(evidence.rows.map(positionText));
				judgeClaims({ entries, isLost: lossesOf(evidence, entries, held) }, findings);
			}
		},
	},
	{
		name: "uplink",
		judge: (evidence, findings) => judgeSilence(evidence, findings),
	},
	{
		name: "energy",
		judge: ({ world, diary }, findings) => judgeAwake(world, diary, findings),
	},
] satisfies Eye[]);

/** Each epoch's entries, ascending: rows of the collectors, and appends that returned. */
function claimedByEpoch({ diary, rows }: SwarmEvidence): Entry[][] {
	const epochs = new Map<number, Map<number, Entry>>();
	const all = [...rows.map(decodeEntry), ...diary.entries.map(({ entry }) => entry)];
	for (const entry of all) {
		const entries = epochs.get(entry.epoch) ?? new Map<number, Entry>();
		epochs.set(entry.epoch, entries.set(entry.sequence, entry));
	}
	return [...epochs.values()].map((entries) =>
		[...entries.values()].sort((a, b) => a.sequence - b.sequence),
	);
}

/** What is in no collector's record was lost on flash, and what the ring has written over no boot can read. */
function lossesOf(
	{ boots }: SwarmEvidence,
	entries: readonly Entry[],
	held: ReadonlySet<string>,
): (sequence: number, bySequence: number) => boolean {
	const epoch = entries[0]?.epoch;
	const known = boots.filter((boot) => boot.epoch === epoch);
	return (sequence, bySequence) =>
		!held.has(`${epoch}/${sequence}`) ||
		known.some((boot) => boot.sequence <= bySequence && sequence < boot.heldFrom);
}

function positionText(canonicalBytes: Uint8Array): string {
	const { epoch, sequence } = decodeEntry(canonicalBytes);
	return `${epoch}/${sequence}`;
}

const DAY = 86_400;
/** Pauses after crashes in a row: 10, 20, 40 ... 300 s. */
const CRASH_ROW_SECONDS = 600;
const HOUR = 3600;

/** What is unplugged and plugged in again within a second is one visit to the station. */
function joined(visits: readonly Visit[]): Visit[] {
	const all: Visit[] = [];
	for (const visit of visits) {
		// Plugged in and out again before the station could look.
		if (visit.toUtcSeconds === visit.fromUtcSeconds) continue;
		const last = all[all.length - 1];
		if (last === undefined || visit.fromUtcSeconds - last.toUtcSeconds >= 1) all.push(visit);
		else {
			const hasSpoken = last.hasSpoken || visit.hasSpoken;
			all[all.length - 1] = { ...last, toUtcSeconds: visit.toUtcSeconds, hasSpoken };
		}
	}
	return all;
}

function utcOf(world: SwarmWorld, microseconds: number): number {
	return world.startUtcSeconds + microseconds / 1_000_000;
}

function longestOf(paces: readonly { intervalSeconds: number }[], first: number): number {
	return paces.reduce((longest, { intervalSeconds }) => Math.max(longest, intervalSeconds), first);
}

/** A station that noticed something measures each minute, from the burst before it says so to an interval after. */
const EVENT_LEAD_MICROSECONDS = 120_000_000;
const EVENT_END = 3;

/** Claims of several codes overlap: each has an end of its own. */
function isEvent(diary: StationDiary, from: number, to: number): boolean {
	const since = new Map<number, number>();
	for (const { entry, atMicroseconds } of diary.entries) {
		if (entry.kind !== "alarm") continue;
		const began = since.get(entry.code) ?? cutBeginningOf(diary, entry);
		if (entry.phase !== EVENT_END && began === undefined) {
			since.set(entry.code, atMicroseconds - EVENT_LEAD_MICROSECONDS);
		}
		if (entry.phase !== EVENT_END || began === undefined) continue;
		if (to >= began && from <= atMicroseconds + EVENT_LEAD_MICROSECONDS) return true;
		since.delete(entry.code);
	}
	return [...since.values()].some((began) => to >= began);
}

/** Power was cut while the claim of a beginning was written, which flash has and the diary does not: it came after the entry before it. */
function cutBeginningOf(diary: StationDiary, end: Entry & AlarmBody): number | undefined {
	if (end.phase !== EVENT_END) return undefined;
	let before: number | undefined;
	for (const { entry, atMicroseconds } of diary.entries) {
		if (entry.epoch !== end.epoch || entry.sequence > end.beginSequence) continue;
		if (entry.sequence === end.beginSequence) return undefined;
		before = atMicroseconds;
	}
	return before;
}

/** Since flash takes no word of it a session may have set the clock or brought another interval. */
function isUnrecorded(world: SwarmWorld, diary: StationDiary, from: number, to: number): boolean {
	return world.unrecorded.joined().some((span) => {
		const begun = (span.fromUtcSeconds - world.startUtcSeconds) * 1_000_000;
		return (
			begun <= to &&
			utcOf(world, from) <= span.toUtcSeconds &&
			diary.sessions.some((each) => each.fromMicroseconds <= to && each.toMicroseconds >= begun)
		);
	});
}

/** Whatever set the RTC, the next boundary is another one. */
function isClockSet(world: SwarmWorld, from: number, to: number): boolean {
	return world.clockSets.meets(utcOf(world, from), utcOf(world, to) + 60);
}

/**
 * The RTC was wrong by more than drift, and a collector lied before it was right again: where there is no
 * time at all, one source said twice is believed (docs/WIRE.md, 7), and no station can know better.
 */
function isLedAstray(world: SwarmWorld, diary: StationDiary, bootWake: number): boolean {
	const first = diary.wakes[bootWake];
	const next = diary.wakes.findIndex(
		({ reason }, index) => index > bootWake && reason !== "deep-sleep",
	);
	const from = utcOf(world, first?.fromMicroseconds ?? 0);
	const to =
		next < 0 ? world.endUtcSeconds : utcOf(world, diary.wakes[next]?.fromMicroseconds ?? 0);
	return world.astray().some((span) => span.fromUtcSeconds <= to && span.toUtcSeconds >= from);
}

/**
 * Somebody moved the RTC in the field, and nobody who knows the time came before the boot ended: the record
 * shows an RTC that goes as it did before.
 */
function isUnseen(world: SwarmWorld, diary: StationDiary, truth: DiaryEntry): boolean {
	const at = utcOf(world, truth.atMicroseconds);
	const moved = world.clockFaults
		.joined()
		.filter(({ fromUtcSeconds }) => fromUtcSeconds <= at)
		.at(-1);
	const next = diary.entries.find(
		({ entry, atMicroseconds }) =>
			entry.kind === "time" && entry.source !== RTC_SOURCE && atMicroseconds > truth.atMicroseconds,
	);
	// It will be moved before it is put right: the step then seems to have been there all the while.
	const ends = next === undefined ? Number.POSITIVE_INFINITY : utcOf(world, next.atMicroseconds);
	// A reading's clock was read when it began.
	const read = utcOf(world, truth.measuredMicroseconds ?? truth.atMicroseconds);
	if (world.clockFaults.meets(read, ends)) return true;
	if (moved === undefined) return false;
	const corrected = diary.entries.find(
		({ entry, atMicroseconds }) =>
			entry.kind === "time" &&
			entry.source !== RTC_SOURCE &&
			utcOf(world, atMicroseconds) > moved.fromUtcSeconds,
	);
	if (corrected === undefined) return true;
	// Corrected before, and in this boot: the record knows.
	if (corrected.atMicroseconds <= truth.atMicroseconds) return false;
	return corrected.bootWake !== truth.bootWake;
}

const RTC_SOURCE = TIME_SOURCES.indexOf("rtc");

/** A time entry that leaves more open comes of a slow answer: three seconds of doubt (time-keeper.ts), and one of uptime. */
const PROMPT_MILLISECONDS_MAX = 4000;
/** The next answer's own doubt, and whole seconds on both sides. */
const OFFERED_MILLISECONDS = 4000;

/** What the record says of an RTC that nobody touched, or of a collector that never lied. */
function judgeClockEvents({ world, diary }: SwarmEvidence, findings: Findings): void {
	if (world.clockFaults.joined().length > 0 || world.haveClocksLied()) return;
	/** What a slow answer, the last to set the clock, left open, and so a later source may put right. */
	let openMilliseconds = 0;
	for (const { entry } of diary.entries) {
		if (entry.kind === "time" && entry.source !== RTC_SOURCE) {
			const { uncertaintyMilliseconds = 0 } = entry;
			const isSlow = uncertaintyMilliseconds > PROMPT_MILLISECONDS_MAX;
			openMilliseconds = isSlow ? uncertaintyMilliseconds + OFFERED_MILLISECONDS : 0;
		}
		if (entry.kind !== "event") continue;
		const name = eventNameOf(entry.code);
		if (name !== "rtc-failed" && name !== "rtc-stopped" && name !== "time-refused") continue;
		// A slow answer had set the clock, and said how well: the next may differ by that much, and differs.
		const step = Math.abs(entry.detail) * 1000;
		if (name === "time-refused" && step > 0 && step <= openMilliseconds) continue;
		findings.add(
			"event without a cause",
			`${name} ${entry.detail} ${entry.text} (${entry.sequence})`,
		);
	}
}

/** An acknowledgement under a configuration on trial confirms it, and nothing takes it back. */
function judgeVerdicts(
	{ world, diary, acknowledgements, configurations, settledUtcSeconds }: SwarmEvidence,
	findings: Findings,
): void {
	const { entries } = diary;
	entries.forEach(({ entry, atMicroseconds }, index) => {
		if (entry.kind !== "event") return;
		if (eventNameOf(entry.code) !== "configuration-reverted") return;
		const id = entry.detail;
		const takenUp = entries.findIndex(
			({ entry: each }) =>
				each.kind === "configuration" && each.definedId === id && each.epoch === entry.epoch,
		);
		const taken = entries[takenUp];
		if (taken === undefined || takenUp > index) return;
		const from = utcOf(world, taken.atMicroseconds);
		const to = utcOf(world, atMicroseconds);
		const acknowledged = acknowledgements.find(
			({ utcSeconds, cursor }) =>
				utcSeconds > from && utcSeconds < to && cursor >= taken.entry.sequence,
		);
		// Given up by now: the last good one is in force from its configuration entry on.
		const givenUp = entries
			.slice(takenUp + 1, index)
			.find(({ entry: each }) => each.kind === "configuration" && each.definedId !== id);
		const until = givenUp === undefined ? to : utcOf(world, givenUp.atMicroseconds);
		if (acknowledged !== undefined && acknowledged.utcSeconds < until) {
			findings.add(
				"verdict",
				`configuration ${id} was acknowledged at ${Math.round(acknowledged.utcSeconds)} and reverted at ${Math.round(to)}`,
			);
			return;
		}
		if (configurations.get(id)?.isGood !== true || world.settingsFaults.meets(from, to)) return;
		const calm = world.faults
			.between(from, until)
			.map(({ fromUtcSeconds, toUtcSeconds }) => toUtcSeconds - fromUtcSeconds)
			.reduce((a, b) => Math.max(a, b), 0);
		// Five hourly attempts at least fall into a trial: two of them into three calm hours.
		if (calm < 3 * HOUR || to > settledUtcSeconds) return;
		findings.add(
			"verdict",
			`good configuration ${id} was reverted at ${Math.round(to)}, the network was well for ${Math.round(calm)} s`,
		);
	});
}

/** Whatever the network did before: where it is well, a regular slot comes and is tried. */
function judgeSilence(
	{ world, diary, acknowledgements, configurations }: SwarmEvidence,
	findings: Findings,
): void {
	const changes = diary.entries.flatMap(({ entry, atMicroseconds }) =>
		entry.kind === "configuration"
			? [
					{
						utcSeconds: utcOf(world, atMicroseconds),
						id: entry.definedId,
						every: entry.intervalSeconds,
					},
				]
			: [],
	);
	const boots = diary.wakes
		.filter(({ reason }) => reason !== "deep-sleep")
		.map(({ fromMicroseconds }) => utcOf(world, fromMicroseconds));
	const quiet = new Spans();
	for (const span of world.faults.joined()) quiet.add(span.fromUtcSeconds, span.toUtcSeconds);
	diary.wakes.forEach(({ ending, toMicroseconds }, index) => {
		const next = diary.wakes[index + 1];
		if (ending !== "power-loss" || next === undefined) return;
		quiet.add(utcOf(world, toMicroseconds), utcOf(world, next.fromMicroseconds));
	});
	for (const { fromUtcSeconds, toUtcSeconds } of quiet.between(
		world.startUtcSeconds,
		world.endUtcSeconds,
	)) {
		let from = fromUtcSeconds;
		const marks = [
			...acknowledgements.map(({ utcSeconds }) => utcSeconds),
			...boots,
			...changes.map(({ utcSeconds }) => utcSeconds),
		]
			.filter((each) => each > fromUtcSeconds && each < toUtcSeconds)
			.sort((a, b) => a - b);
		for (const mark of [...marks, toUtcSeconds]) {
			const inForce = changes.filter(({ utcSeconds }) => utcSeconds <= from).at(-1);
			const configuration = configurations.get(inForce?.id ?? 0);
			const interval = Math.max(
				configuration?.uploadIntervalSeconds ?? world.uploadIntervalSeconds,
				inForce?.every ?? world.intervalSeconds,
			);
			// Half an interval may be left out for a session in between; a pause that was asked for continues.
			const most = 1.05 * (1.5 * interval) + (inForce?.every ?? world.intervalSeconds) + 1200;
			const isMissed = mark - from > most && configuration?.isGood !== false;
			if (isMissed && !isSlowLinkTried(world, diary, { from, to: mark, most })) {
				findings.add(
					"silent uplink",
					`no acknowledgement from ${Math.round(from)} to ${Math.round(mark)}, of ${interval} s, in a network that is well`,
				);
			}
			from = mark;
		}
	}
}

/**
 * A link that takes now less, now more than a short attempt bears may be missed a few times in a row, three
 * days at most (docs/WIRE.md, 5): then each slot was tried.
 */
function isSlowLinkTried(
	world: SwarmWorld,
	diary: StationDiary,
	{ from, to, most }: { readonly from: number; readonly to: number; readonly most: number },
): boolean {
	if (world.station.network.times.link[1] < SLOW_LINK_MILLISECONDS || to - from > 3 * DAY) {
		return false;
	}
	let last = from;
	for (const { fromMicroseconds } of diary.sessions) {
		const at = utcOf(world, fromMicroseconds);
		if (at < from || at > to) continue;
		if (at - last > most) return false;
		last = at;
	}
	return to - last <= most;
}

/** Slower than any that the station meets within a short attempt at each try. */
const SLOW_LINK_MILLISECONDS = 5000;

/** Awake for measurements, sessions and little else. */
const MEASUREMENT_SECONDS = 16;
const WAKE_SECONDS = 1.5;
/** Boots, retries of probes, looks at the battery. */
const SPARE_SECONDS = 240;

function judgeAwake(world: SwarmWorld, diary: StationDiary, findings: Findings): void {
	for (let day = world.startUtcSeconds; day + DAY <= world.endUtcSeconds; day += DAY) {
		if (world.disturbances.meets(day, day + DAY) || world.illnesses.meets(day, day + DAY)) continue;
		const from = (day - world.startUtcSeconds) * 1_000_000;
		const to = from + DAY * 1_000_000;
		const within = (a: number, b: number): number =>
			Math.max(Math.min(b, to) - Math.max(a, from), 0) / 1_000_000;
		let awake = 0;
		let boots = 0;
		let wakes = 0;
		for (const wake of diary.wakes) {
			const seconds = within(wake.fromMicroseconds, wake.toMicroseconds);
			awake += seconds;
			if (seconds > 0) wakes++;
			if (seconds > 0 && wake.reason !== "deep-sleep") boots++;
		}
		const radio = diary.sessions.reduce(
			(sum, { fromMicroseconds, toMicroseconds }) => sum + within(fromMicroseconds, toMicroseconds),
			0,
		);
		const measurements = diary.measurements.filter((at) => at >= from && at < to).length;
		const most =
			measurements * MEASUREMENT_SECONDS +
			1.5 * radio +
			wakes * WAKE_SECONDS +
			boots * 30 +
			SPARE_SECONDS;
		if (awake <= most) continue;
		findings.add(
			"energy",
			`awake for ${Math.round(awake)} s of day ${Math.round((day - world.startUtcSeconds) / DAY)}: ${measurements} measurements, ${wakes} wakes, ${Math.round(radio)} s of radio`,
		);
	}
}
