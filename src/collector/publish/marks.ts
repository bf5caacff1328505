/** Entries that are no readings, as readers see them: events, alarms, calibrations, gaps, heartbeats, boots. */

import { hexOf } from "../../core/bytes.js";
import { isoTextOf } from "../../core/calendar.js";
import { CHANNELS } from "../../protocol/record/channels.js";
import { decodeEntry } from "../../protocol/record/entry.js";
import {
	CALIBRATION_ACTS,
	type Entry,
	GAP_REASONS,
	RESET_REASONS,
	TIME_SOURCES,
} from "../../protocol/record/entry-layouts.js";
import {
	ALARM_CODES,
	ALARM_PHASES,
	eventNameOf,
	nameOfCode,
} from "../../protocol/record/events.js";
import { type CacheIndex, type DayCache, UNDATED } from "./day-cache.js";
import { daysIn, type Period } from "./ordered-rows.js";
import { inOrder, type Mark } from "./station-day.js";
import { type Language, textOf } from "./texts.js";

/** What a mark is shown as; `name` is a word of the vocabulary. */
export interface ShownMark {
	readonly epoch: number;
	readonly sequence: number;
	/** ISO, UTC; null where nothing dates it. */
	readonly time: string | null;
	readonly uncertaintySeconds: number | null;
	readonly kind: string;
	readonly name: string;
	/** The station's own words, ASCII. */
	readonly text: string;
	readonly channel: string | null;
	readonly details: Readonly<Record<string, number | string>>;
}

export function shownMark({ canonicalBytes, seconds, uncertaintyMilliseconds }: Mark): ShownMark {
	const entry = decodeEntry(canonicalBytes);
	return {
		epoch: entry.epoch,
		sequence: entry.sequence,
		time: seconds === undefined ? null : isoTextOf(seconds),
		uncertaintySeconds:
			uncertaintyMilliseconds === undefined ? null : uncertaintyMilliseconds / 1000,
		kind: entry.kind,
		...descriptionOf(entry),
	};
}

function descriptionOf(entry: Entry): Pick<ShownMark, "name" | "text" | "channel" | "details"> {
	const nothing = { text: "", channel: null, details: {} };
	switch (entry.kind) {
		case "event": {
			const { code, detail, text } = entry;
			const name = eventNameOf(code) ?? `event-${code}`;
			const isOfChannel = name.startsWith("probe-");
			const channel = isOfChannel ? (CHANNELS[detail]?.name ?? null) : null;
			return { name, text, channel, details: { detail } };
		}
		case "alarm":
			return {
				...nothing,
				name: `alarm-${nameOfCode(ALARM_CODES, entry.code) ?? entry.code}`,
				details: {
					phase: nameOfCode(ALARM_PHASES, entry.phase) ?? entry.phase,
					begin: entry.beginSequence,
				},
			};
		case "calibration":
			return {
				...nothing,
				name: CALIBRATION_ACTS[entry.act] ?? `act-${entry.act}`,
				channel: CHANNELS[entry.channel]?.name ?? null,
				details: { calibration: entry.calibrationId, verdict: entry.verdict },
			};
		case "gap":
			return {
				...nothing,
				name: GAP_REASONS[entry.reason] ?? `reason-${entry.reason}`,
				details: { from: entry.from, to: entry.to },
			};
		case "boot":
			return {
				...nothing,
				name: RESET_REASONS[entry.resetReason] ?? `reset-${entry.resetReason}`,
				details: { firmware: entry.firmwareVersion },
			};
		case "time":
			return {
				...nothing,
				name: TIME_SOURCES[entry.source] ?? `source-${entry.source}`,
				details: entry.stepSeconds === undefined ? {} : { step: entry.stepSeconds },
			};
		case "configuration":
			return {
				...nothing,
				name: "configuration",
				details: { id: entry.definedId, interval: entry.intervalSeconds, hash: hexOf(entry.hash) },
			};
		case "heartbeat":
			return { ...nothing, name: "heartbeat", details: { ringShare: entry.ringShare } };
		default:
			return { ...nothing, name: entry.kind };
	}
}

/** By rising (epoch, sequence). */
export function marksIn(
	cache: DayCache,
	station: string,
	index: CacheIndex,
	period: Period,
): ShownMark[] {
	const { from, to } = period;
	const isPart = from !== undefined || to !== undefined;
	const found = daysIn(index, period).flatMap(
		(name) => cache.day(station, index, name)?.marks ?? [],
	);
	const within = found.filter(
		({ seconds }) =>
			!isPart ||
			(seconds !== undefined && seconds >= (from ?? seconds) && seconds < (to ?? Infinity)),
	);
	return inOrder([...within]).map(shownMark);
}

/** Kinds that are listed for people; the others are in the tables. */
export const LISTED_KINDS: readonly string[] = Object.freeze([
	"alarm",
	"event",
	"gap",
	"calibration",
]);
/** Searched back so many days; a station without any for a quarter has none to list. */
const DAYS_LISTED_MAX = 92;

/** What is listed for people, the newest first; only dated ones. */
export function newestMarks(
	cache: DayCache,
	station: string,
	index: CacheIndex,
	most: number,
): ShownMark[] {
	const days = Object.keys(index.days).filter((day) => day !== UNDATED);
	const marks: ShownMark[] = [];
	for (const day of days.slice(-DAYS_LISTED_MAX).reverse()) {
		const ofDay = (cache.day(station, index, day)?.marks ?? []).map(shownMark);
		marks.push(...ofDay.filter(({ kind, time }) => LISTED_KINDS.includes(kind) && time !== null));
		if (marks.length >= most) break;
	}
	return marks
		.sort((a, b) => {
			const [of, other] = [a.time ?? "", b.time ?? ""];
			if (of !== other) return of < other ? 1 : -1;
			return b.sequence - a.sequence;
		})
		.slice(0, most);
}

/** `Alarm: acid water, begins` and the like. */
export function wordsOfMark(language: Language, { kind, name, details }: ShownMark): string {
	const { phase } = details;
	const begun = typeof phase === "string" ? `, ${textOf(language, `phase-${phase}`)}` : "";
	return `${textOf(language, `kind-${kind}`)}: ${textOf(language, `name-${name}`)}${begun}`;
}
