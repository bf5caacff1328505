/** How a station and its probes are, as far as its record says: its newest daily report, and what calibrations and readings show. */
import { arithmeticIn } from "../../host/messages/visit-texts.js";
import { CalibrationLog } from "../../protocol/audit/calibration-log.js";
import { type HealthLine, ProbeHealth } from "../../protocol/audit/probe-health.js";
import type { DerivedReading } from "../../protocol/record/derive.js";
import { decodeEntry } from "../../protocol/record/entry.js";
import type { Entry, HeartbeatBody } from "../../protocol/record/entry-layouts.js";
import { numbersOf } from "./column-bytes.js";
import { type CacheIndex, type DayCache, UNDATED } from "./day-cache.js";
import type { PublishedStation } from "./library.js";
import { escapeMarkup } from "./markup.js";
import { timeHtml } from "./page-shell.js";
import { filledIn, type Language, textOf } from "./texts.js";

/** Slopes are followed over a year; ranges and films over 45 days. */
const DAYS_OF_CALIBRATIONS = 366;
const DAYS_OF_READINGS = 45;

export interface StationHealth {
	/** Of the newest daily report, ISO; null where nothing dates it, or there is none. */
	readonly reportTime: string | null;
	readonly report: HeartbeatBody | undefined;
	/** What is known of the probes. */
	readonly probes: readonly HealthLine[];
}

/** Days are opened once for each state of a station's record. */
const HELD = new WeakMap<CacheIndex, StationHealth>();

export function healthOf(cache: DayCache, { station, index }: PublishedStation): StationHealth {
	const held = HELD.get(index);
	if (held !== undefined) return held;
	const days = Object.keys(index.days).filter((day) => day !== UNDATED);
	const health = new ProbeHealth();
	const log = new CalibrationLog();
	let report: HeartbeatBody | undefined;
	let reportTime: string | null = null;
	for (const [at, name] of days.slice(-DAYS_OF_CALIBRATIONS).entries()) {
		const day = cache.day(station, index, name);
		if (day === undefined) continue;
		const marks = day.marks.map(({ canonicalBytes, seconds }) => ({
			seconds: seconds ?? 0,
			entry: decodeEntry(canonicalBytes),
		}));
		const isRead = at >= Math.min(days.length, DAYS_OF_CALIBRATIONS) - DAYS_OF_READINGS;
		const readings = isRead ? readingsOf(day) : [];
		let next = 0;
		const readUpTo = (seconds: number): void => {
			for (; next < readings.length; next++) {
				const reading = readings[next];
				if (reading === undefined || reading.seconds > seconds) return;
				health.read(reading.entry, reading.derived, reading.raw);
			}
		};
		for (const { seconds, entry } of marks.sort((a, b) => a.seconds - b.seconds)) {
			readUpTo(seconds);
			const logged = log.observe(entry);
			if (logged !== undefined) health.observe(logged);
			if (entry.kind !== "heartbeat") continue;
			report = entry;
			reportTime = new Date(seconds * 1000).toISOString().replace(".000", "");
		}
		readUpTo(Number.POSITIVE_INFINITY);
	}
	const probes = health.lines().filter(({ verdict }) => verdict !== "unknown");
	const made = { report, reportTime, probes };
	HELD.set(index, made);
	return made;
}

function readingsOf(day: NonNullable<ReturnType<DayCache["day"]>>) {
	const [seconds, pH, turbidity, raw] = ["time", "ph", "turbidity", "ec_raw_us_cm"].map((name) =>
		numbersOf(day.column(name), day.count),
	);
	const value = (column: Float64Array | undefined, row: number) => {
		const found = column?.[row] ?? Number.NaN;
		return Number.isNaN(found) ? undefined : found;
	};
	return Array.from({ length: day.count }, (_, row) => ({
		seconds: seconds?.[row] ?? 0,
		// What health.ts looks at, and no more.
		entry: { utcSeconds: seconds?.[row] ?? 0 } as Entry,
		derived: {
			pH: { value: value(pH, row) },
			turbidity: { value: value(turbidity, row) },
		} as DerivedReading,
		raw: value(raw, row),
	})).sort((a, b) => a.seconds - b.seconds);
}

/** Nothing where the record says nothing. */
export function healthHtml(language: Language, { report, reportTime, probes }: StationHealth) {
	if (report === undefined && probes.length === 0) return "";
	const translate = (key: string): string => escapeMarkup(textOf(language, key));
	const spoken = language === "sr" ? "sr-Latn" : language;
	const lines = probes.map(({ name, verdict, daysLeft, arithmetic }) => {
		const service =
			daysLeft === null ? "" : ` ${filledIn(language, "service-within", { days: daysLeft })}`;
		const sign = verdict === "good" ? "✓" : "!";
		return `<li><span class="health ${verdict}">${sign} ${translate(`health-${name}`)}: ${translate(`health-${verdict}`)}.</span>${escapeMarkup(service)} <span class="note">${escapeMarkup(arithmeticIn(spoken, arithmetic, "."))}</span></li>`;
	});
	return [
		`<section class="health" aria-labelledby="health"><h2 id="health">${translate("health-title")}</h2>`,
		report === undefined ? "" : reportHtml(language, report, reportTime),
		lines.length === 0 ? "" : `<ul class="plain">${lines.join("")}</ul>`,
		"</section>",
	].join("");
}

function reportHtml(language: Language, report: HeartbeatBody, time: string | null): string {
	const { readingsMade, readingsDue, batteryLowestMillivolts, batteryHighestMillivolts } = report;
	const values = {
		made: readingsMade,
		due: readingsDue,
		low: (batteryLowestMillivolts / 1000).toFixed(2),
		high: (batteryHighestMillivolts / 1000).toFixed(2),
		signal: report.signalMedian,
		days: report.forecastDays ?? 0,
	};
	const keys = [
		"report-readings",
		"report-battery",
		...(report.forecastDays === undefined ? [] : ["report-forecast"]),
		...(report.signalMedian === 0 ? [] : ["report-signal"]),
	];
	const sentences = keys.map((key) => escapeMarkup(filledIn(language, key, values)));
	return `<p>${timeHtml(language, time)}: ${sentences.join(" ")}</p>`;
}
