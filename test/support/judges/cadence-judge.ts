/**
 * Judges when a station measured, from docs/FORMAT.md (8, readings) and the entries alone:
 * each boundary of the interval in UTC is met once, none is left out, and what came late says so.
 */
import { type Entry, STATION_FLAGS } from "../../../src/protocol/record/entry-layouts.js";
import { EVENT_CODES } from "../../../src/protocol/record/events.js";
import type { SeenEntry } from "./seen-entry.js";

export interface CadenceOptions {
	readonly supply: "battery" | "mains";
	/** When the world stopped looking, and whether the station had power then. */
	readonly endUtcSeconds: number;
	readonly isPoweredAtEnd: boolean;
}

/** A reading this much before a boundary serves it: part of the interval. */
const EARLY_PART = 1 / 10;
/** 30 s, and a second of each clock. */
const LATE_SECONDS = 32;
/** From the beginning of a measurement to its append: remedies and warm-ups, at worst. */
const MEASURING_SECONDS_MAX = 75;
/** A session may be under way when a configuration comes, and a measurement when it is asked for. */
const TAKE_UP_SECONDS_MAX = 240;
/** Of the board's clock in deep sleep. */
const BOARD_CLOCK_ERROR = 0.05;

interface Last {
	readonly seen: SeenEntry;
	readonly intervalSeconds: number;
}

/** What is wrong, a sentence each; none may be. */
export function judgeCadence(
	entries: readonly SeenEntry[],
	options: CadenceOptions,
): readonly string[] {
	const violations: string[] = [];
	const asked = askedOf(entries);
	let boot: number | undefined;
	let configuredSeconds: number | undefined;
	let last: Last | undefined;
	/** Since the last reading the clock was set, or the interval changed. */
	let isClockSet = false;
	let changedUtcSeconds: number | undefined;
	for (const seen of entries) {
		const { entry } = seen;
		if (entry.boot !== boot) {
			boot = entry.boot;
			last = undefined;
			changedUtcSeconds = undefined;
		}
		if (entry.kind === "time") isClockSet = entry.stepSeconds !== 0 || isClockSet;
		if (entry.kind === "configuration") {
			const isOther = configuredSeconds !== entry.intervalSeconds;
			if (isOther) changedUtcSeconds = seen.worldUtcSeconds;
			configuredSeconds = entry.intervalSeconds;
		}
		if (entry.kind !== "reading" || configuredSeconds === undefined) continue;
		const intervalSeconds = effectiveSeconds(configuredSeconds, entry, options.supply);
		const complain = (what: string): void => {
			const { sequence, utcSeconds } = entry;
			violations.push(`reading ${sequence} (boot ${entry.boot}, stamp ${utcSeconds}) ${what}`);
		};
		if (last !== undefined && changedUtcSeconds !== undefined) {
			const waited = seen.worldUtcSeconds - changedUtcSeconds;
			const most = (1 + BOARD_CLOCK_ERROR) * intervalSeconds + TAKE_UP_SECONDS_MAX;
			if (waited > most) complain(`came ${Math.round(waited)} s after the interval changed`);
		} else if (last !== undefined && !asked.has(last.seen.entry) && !asked.has(entry)) {
			judgePair(last, seen, isClockSet, complain);
		}
		last = { seen, intervalSeconds };
		isClockSet = false;
		changedUtcSeconds = undefined;
	}
	if (last !== undefined && configuredSeconds !== undefined && options.isPoweredAtEnd) {
		const since = changedUtcSeconds ?? last.seen.worldUtcSeconds;
		const silent = options.endUtcSeconds - since;
		const interval = effectiveSeconds(configuredSeconds, last.seen.entry, options.supply);
		const most = (1 + 2 * BOARD_CLOCK_ERROR) * interval + TAKE_UP_SECONDS_MAX;
		if (silent > most) violations.push(`no reading in the last ${Math.round(silent)} s`);
	}
	return violations;
}

function judgePair(
	{ seen: before, intervalSeconds }: Last,
	after: SeenEntry,
	isClockSet: boolean,
	complain: (what: string) => void,
): void {
	const [a, b] = [before.entry.utcSeconds, after.entry.utcSeconds];
	const apart = after.worldUtcSeconds - before.worldUtcSeconds;
	if (a === 0 || b === 0) {
		const least = (1 - BOARD_CLOCK_ERROR) * intervalSeconds * (1 - EARLY_PART);
		if (apart < least - MEASURING_SECONDS_MAX)
			complain(`came ${Math.round(apart)} s after the last`);
		const most = 2 * intervalSeconds * (1 + BOARD_CLOCK_ERROR) + MEASURING_SECONDS_MAX;
		if (apart > most) complain(`came ${Math.round(apart)} s after the last`);
		return;
	}
	if (isClockSet) {
		const most = 2 * intervalSeconds + MEASURING_SECONDS_MAX;
		if (apart > most)
			complain(`came ${Math.round(apart)} s after the last, which the clock's step left`);
		return;
	}
	const slotOf = (utcSeconds: number): number =>
		Math.floor((utcSeconds + EARLY_PART * intervalSeconds) / intervalSeconds);
	const steps = slotOf(b) - slotOf(a);
	if (steps < 1) complain("meets a boundary that was met");
	if (steps > 1) complain(`comes after ${steps - 1} boundaries that none met`);
	const lateSeconds = b - slotOf(b) * intervalSeconds;
	const isMarked = (after.entry.stationFlags & STATION_FLAGS.wakeLate) !== 0;
	if (lateSeconds > LATE_SECONDS && !isMarked)
		complain(`is ${lateSeconds} s late and says nothing`);
	if (Math.abs(apart - (b - a)) > MEASURING_SECONDS_MAX) {
		complain(`came ${Math.round(apart)} s after the last, by its stamp ${b - a} s`);
	}
}

/** As configured; on a low battery three times more rarely, up to an hour. */
function effectiveSeconds(configured: number, entry: Entry, supply: "battery" | "mains"): number {
	const isLow = (entry.stationFlags & STATION_FLAGS.batteryLow) !== 0;
	if (!isLow || supply === "mains") return configured;
	return Math.max(configured, Math.min(3 * configured, 3600));
}

/** Readings that a technician may have asked for: those during the visit, and one that it ended during. */
function askedOf(entries: readonly SeenEntry[]): ReadonlySet<Entry> {
	const asked = new Set<Entry>();
	let last: Entry | undefined;
	for (const { entry } of entries) {
		if (entry.kind === "reading") last = entry;
		const isService = entry.kind === "event" && entry.code === EVENT_CODES.service;
		const isThere = (entry.stationFlags & STATION_FLAGS.serviceMode) !== 0;
		if (last !== undefined && (isService || (isThere && entry === last))) asked.add(last);
	}
	return asked;
}
