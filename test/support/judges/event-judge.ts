/**
 * Judges the events of a record, from docs/FORMAT.md (8, events) and what the world did:
 * what begins ends when its reason has gone, each event has a cause, and each cause its event. A boot
 * ends what its predecessor left open, but for safe mode, which lives through resets.
 */

import { TRIAL_BANK } from "../../../src/firmware/config/configuration-store.js";
import { CHANNEL_SETS } from "../../../src/protocol/record/channel-set.js";
import { CHANNELS } from "../../../src/protocol/record/channels.js";
import {
	type Entry,
	RESET_REASONS,
	STATION_FLAGS,
} from "../../../src/protocol/record/entry-layouts.js";
import { type EventCode, eventNameOf } from "../../../src/protocol/record/events.js";
import { CHANNEL_FLAGS, readingOf } from "../../../src/protocol/record/reading.js";
import type { SeenEntry } from "./seen-entry.js";

export interface Span {
	readonly fromUtcSeconds: number;
	readonly toUtcSeconds: number;
}

/** A device was at the technician's line. One that is silent is noticed only when it wakes the station. */
export interface Visit extends Span {
	/** It spoke as soon as it was plugged in. */
	readonly hasSpoken: boolean;
}

/** What the world did to the station, on its own clock. */
export interface WorldFacts {
	readonly visits: readonly Visit[];
	/** When the firmware crashed. */
	readonly crashesUtcSeconds: readonly number[];
	/** No power; a cut without a pause is a span of no length. */
	readonly outages: readonly Span[];
	readonly endUtcSeconds: number;
	/** At some time the settings took no write. */
	readonly settingsRefused?: boolean;
}

/** A measurement that is under way is ended first, and so may be a session. */
const NOTICE_SECONDS_MAX = 240;
/** A restart takes seconds, the longest pause before one five minutes. */
const CRASH_RECORDED_SECONDS_MAX = 400;
/** Six hours of trial, on a board's clock that is 5 % off, and a wake to notice its end. */
const TRIAL_SECONDS_MAX = 6 * 3600 * 1.06 + 600;
/** Events with a beginning (detail 1) and an end (detail 0), and the flag of all entries in between. */
const SPANNED: readonly (readonly [EventCode, number])[] = [
	["service", STATION_FLAGS.serviceMode],
	["battery-low", STATION_FLAGS.batteryLow],
	["safe-mode", STATION_FLAGS.safeMode],
];

/** What is wrong, a sentence each; none may be. */
export function judgeEvents(entries: readonly SeenEntry[], facts: WorldFacts): readonly string[] {
	return [
		...SPANNED.flatMap(([name, flag]) => judgeSpans(entries, name, flag, facts)),
		...judgeProbes(entries),
		...judgeVerdicts(entries, facts),
		...judgeVisits(entries, facts),
		...judgeCrashes(entries, facts),
	];
}

/** Begin and end take turns, and the flag of the entries between them agrees. */
function judgeSpans(
	entries: readonly SeenEntry[],
	name: EventCode,
	flag: number,
	{ outages }: WorldFacts,
): string[] {
	const violations: string[] = [];
	let isOpen = false;
	let boot: number | undefined;
	let deniedUtcSeconds: number | undefined;
	let lastUtcSeconds = 0;
	for (const { entry, worldUtcSeconds } of entries) {
		if (entry.boot !== boot) {
			boot = entry.boot;
			deniedUtcSeconds = undefined;
			// A boot after a loss of power may have crashed before it was in the record.
			const [from, to] = [lastUtcSeconds, worldUtcSeconds];
			const lostPower = outages.some(({ toUtcSeconds: at }) => at > from && at <= to);
			if (name !== "safe-mode" || !isReset(entry) || lostPower) isOpen = false;
		}
		lastUtcSeconds = worldUtcSeconds;
		if (isEvent(entry, name)) {
			if ((entry.detail === 1) === isOpen) {
				violations.push(`${positionText(entry)}: ${name} ${isOpen ? "begins" : "ends"} twice`);
			}
			isOpen = entry.detail === 1;
		}
		if (((entry.stationFlags & flag) !== 0) === isOpen) {
			deniedUtcSeconds = undefined;
			continue;
		}
		deniedUtcSeconds ??= worldUtcSeconds;
		if (worldUtcSeconds - deniedUtcSeconds <= NOTICE_SECONDS_MAX) continue;
		const what = isOpen ? "began, is over, and no event ended it" : "is, and no event began it";
		violations.push(`${positionText(entry)}: ${name} ${what}`);
		isOpen = !isOpen;
		deniedUtcSeconds = undefined;
	}
	return violations;
}

/** A channel fails and recovers by turns, in the reading and in the events that follow it. */
function judgeProbes(entries: readonly SeenEntry[]): string[] {
	const violations: string[] = [];
	let failed = new Set<number>();
	let boot: number | undefined;
	let reading: Entry | undefined;
	const failedIn = (entry: Entry | undefined, channel: number): boolean => {
		const name = CHANNELS[channel]?.name;
		if (entry?.kind !== "reading" || name === undefined) return false;
		const set = CHANNEL_SETS.get(entry.channelSet);
		if (set === undefined) return false;
		return (readingOf(set, entry.fields)[name].flags & CHANNEL_FLAGS.fault) !== 0;
	};
	for (const { entry } of entries) {
		if (entry.boot !== boot || entry.kind === "reading") {
			// All that followed the reading before is here, unless power cut it off.
			for (let channel = 0; channel < CHANNELS.length && entry.boot === boot; channel++) {
				if (reading === undefined || failedIn(reading, channel) === failed.has(channel)) continue;
				const is = failed.has(channel) ? "well" : "failed";
				violations.push(
					`${positionText(reading)}: channel ${channel} is ${is}, and no event says so`,
				);
				if (is === "well") failed.delete(channel);
				else failed.add(channel);
			}
			if (entry.boot !== boot) failed = new Set();
			boot = entry.boot;
			reading = entry.kind === "reading" ? entry : undefined;
		}
		const isFailure = isEvent(entry, "probe-failed");
		if (!isFailure && !isEvent(entry, "probe-recovered")) continue;
		const channel = entry.kind === "event" ? entry.detail : -1;
		if (isFailure === failed.has(channel)) {
			violations.push(
				`${positionText(entry)}: channel ${channel} ${isFailure ? "failed" : "recovered"} twice`,
			);
		}
		if (isFailure) failed.add(channel);
		else failed.delete(channel);
		// A technician's look is measured and not recorded, and its events are.
		const isRequested = (entry.stationFlags & STATION_FLAGS.serviceMode) !== 0;
		if (!isRequested && failedIn(reading, channel) !== isFailure) {
			violations.push(
				`${positionText(entry)}: the reading shows no such thing of channel ${channel}`,
			);
		}
		if (isRequested) reading = undefined;
	}
	return violations;
}

/** What was taken up is confirmed or given up, once; nothing else is. */
function judgeVerdicts(
	entries: readonly SeenEntry[],
	{ settingsRefused }: Pick<WorldFacts, "settingsRefused">,
): string[] {
	const violations: string[] = [];
	/** Events with a verdict, by the id of the configuration. */
	const verdicts = new Map<number, string>();
	let inForce: number | undefined;
	let boot: number | undefined;
	let trial: { readonly id: number; sinceUptimeSeconds: number } | undefined;
	/** Given up by the configuration in force; the event may come with the boot's first reading. */
	let lapsed: { readonly id: number; readings: number } | undefined;
	for (const { entry } of entries) {
		if (entry.boot !== boot && trial !== undefined) trial.sinceUptimeSeconds = 0;
		boot = entry.boot;
		if (entry.kind === "configuration" && entry.definedId !== inForce) {
			const id = entry.definedId;
			if (inForce !== undefined && id > inForce) {
				if (trial !== undefined)
					violations.push(`${positionText(entry)}: configuration ${trial.id} got no verdict`);
				trial = { id, sinceUptimeSeconds: entry.uptimeSeconds };
			} else if (trial !== undefined && trial.id === inForce) {
				lapsed = { id: inForce, readings: 0 };
			} else if (
				lapsed === undefined &&
				inForce !== undefined &&
				!wasReverted(entries, entry, inForce)
			) {
				violations.push(
					`${positionText(entry)}: configuration ${inForce} is gone without a verdict`,
				);
			}
			inForce = id;
		}
		if (isEvent(entry, "configuration-confirmed") || isEvent(entry, "configuration-reverted")) {
			const id = entry.kind === "event" ? entry.detail : 0;
			const verdict = isEvent(entry, "configuration-confirmed") ? "confirmed" : "reverted";
			// Settings that do not note that it was told let each boot tell it again (docs/FORMAT.md, 8).
			const isAgain = settingsRefused === true && verdicts.get(id) === verdict;
			verdicts.set(id, verdict);
			if (trial?.id !== id && !isAgain)
				violations.push(`${positionText(entry)}: a verdict on ${id}, which is not on trial`);
			if (trial?.id === id) trial = undefined;
			if (lapsed?.id === id) lapsed = undefined;
		}
		// Power failed in the midst of writing it down: that it can be read no more is the verdict.
		if (
			lapsed !== undefined &&
			isEvent(entry, "settings-damaged") &&
			entry.kind === "event" &&
			entry.detail === TRIAL_BANK
		) {
			if (trial?.id === lapsed.id) trial = undefined;
			lapsed = undefined;
		}
		if (lapsed !== undefined && entry.kind === "reading" && lapsed.readings++ > 1) {
			violations.push(
				`${positionText(entry)}: configuration ${lapsed.id} is gone without a verdict`,
			);
			if (trial?.id === lapsed.id) trial = undefined;
			lapsed = undefined;
		}
		if (trial !== undefined && entry.uptimeSeconds - trial.sinceUptimeSeconds > TRIAL_SECONDS_MAX) {
			violations.push(`${positionText(entry)}: configuration ${trial.id} is on trial for ever`);
			trial = undefined;
		}
	}
	return violations;
}

function wasReverted(entries: readonly SeenEntry[], before: Entry, id: number): boolean {
	return entries.some(
		({ entry }) =>
			entry.sequence < before.sequence &&
			isEvent(entry, "configuration-reverted") &&
			entry.kind === "event" &&
			entry.detail === id,
	);
}

/** A visit long enough to be noticed has its begin and its end. */
function judgeVisits(entries: readonly SeenEntry[], facts: WorldFacts): string[] {
	const violations: string[] = [];
	for (const { fromUtcSeconds, toUtcSeconds, hasSpoken } of facts.visits) {
		const noticed = fromUtcSeconds + NOTICE_SECONDS_MAX;
		const endNoticed = toUtcSeconds + NOTICE_SECONDS_MAX;
		if (endNoticed > facts.endUtcSeconds || isDisturbed(facts, fromUtcSeconds, endNoticed))
			continue;
		const hasBegin = hasEvent(
			entries,
			"service",
			1,
			fromUtcSeconds - 1,
			Math.max(noticed, endNoticed),
		);
		if (hasSpoken && !hasBegin) {
			violations.push(`the visit at ${Math.round(fromUtcSeconds)} has no event`);
		}
		if (hasBegin && !hasEvent(entries, "service", 0, fromUtcSeconds, endNoticed)) {
			violations.push(`the visit that ended at ${Math.round(toUtcSeconds)} has no end`);
		}
	}
	return violations;
}

function judgeCrashes(entries: readonly SeenEntry[], facts: WorldFacts): string[] {
	const violations: string[] = [];
	facts.crashesUtcSeconds.forEach((at, index) => {
		const until = at + CRASH_RECORDED_SECONDS_MAX;
		// A crash before the next start has told of the one before leaves only itself to tell of.
		const next = facts.crashesUtcSeconds[index + 1] ?? Number.POSITIVE_INFINITY;
		if (until > Math.min(next, facts.endUtcSeconds)) return;
		if (facts.outages.some((each) => each.fromUtcSeconds <= until && each.toUtcSeconds >= at))
			return;
		if (hasEvent(entries, "crash", undefined, at, until)) return;
		violations.push(`the crash at ${Math.round(at)} has no event`);
	});
	return violations;
}

function hasEvent(
	entries: readonly SeenEntry[],
	name: EventCode,
	detail: number | undefined,
	fromUtcSeconds: number,
	toUtcSeconds: number,
): boolean {
	return entries.some(
		({ entry, worldUtcSeconds: at }) =>
			isEvent(entry, name) &&
			entry.kind === "event" &&
			(detail === undefined || entry.detail === detail) &&
			at >= fromUtcSeconds &&
			at <= toUtcSeconds,
	);
}

function isDisturbed(facts: WorldFacts, from: number, to: number): boolean {
	return (
		facts.outages.some((each) => each.fromUtcSeconds <= to && each.toUtcSeconds >= from) ||
		facts.crashesUtcSeconds.some((at) => at >= from && at <= to)
	);
}

function isEvent(entry: Entry, name: EventCode): entry is Entry & { kind: "event" } {
	return entry.kind === "event" && eventNameOf(entry.code) === name;
}

/** A reset that kept the retained memory. */
function isReset(entry: Entry): boolean {
	if (entry.kind !== "boot") return false;
	const reason = RESET_REASONS[entry.resetReason];
	return reason !== "power-on" && reason !== "brown-out";
}

function positionText({ sequence, boot }: Entry): string {
	return `entry ${sequence} (boot ${boot})`;
}
