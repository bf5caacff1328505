/** How a station fares, out of its newest days and what its record says of itself: the overview's row. */
import { isoTextOf } from "../../core/calendar.js";
import { decodeEntry } from "../../protocol/record/entry.js";
import { channelsOf } from "./channels.js";
import { cellOf } from "./column-bytes.js";
import { type CacheIndex, type DayCache, UNDATED } from "./day-cache.js";
import { type ShownMark, shownMark } from "./marks.js";
import type { Site } from "./publication.js";
import type { RecordFacts } from "./record-reader.js";

export interface NewestValue {
	/** As the published table has it; empty where there is none. */
	readonly value: string;
	readonly unit: string;
	readonly flags: string;
	/** QARTOD; empty: nobody judged it. */
	readonly judged: string;
	readonly status: string;
}

export interface Verification {
	/** All entries from the first to this one are held, or named as lost by the station. */
	readonly completeTo: number;
	readonly newest: number;
	readonly epoch: number;
	readonly epochs: number;
	/** Entries that neither came nor were named. */
	readonly missing: number;
	/** Entries that the station named as lost. */
	readonly lost: number;
	/** The last head that a signature vouches for, hexadecimal. */
	readonly head: string;
	readonly headSequence: number;
	/** What was not believed, by reason. */
	readonly evidence: RecordFacts["evidence"];
	readonly batches: number;
}

export interface StationSummary {
	readonly station: string;
	readonly site: Site;
	/** Of the newest entry that came, ISO; null where nothing dates it. */
	readonly lastHeard: string | null;
	readonly lastReading: string | null;
	readonly values: Readonly<Record<string, NewestValue>>;
	readonly stationFlags: string;
	/** Share of its ring that waits to be delivered, per cent; null: it has not said. */
	readonly bufferPercent: number | null;
	/** Alarms that have begun and not ended. */
	readonly alarms: readonly ShownMark[];
	readonly readings: number;
	readonly undated: number;
	readonly firstDay: string | null;
	readonly lastDay: string | null;
	readonly verification: Verification;
}

const SECONDS_PER_DAY = 86_400;
/** An alarm ends after a day at the latest; a heartbeat comes each day. */
const DAYS_LOOKED = 3;

export function summaryOf(
	cache: DayCache,
	station: string,
	index: CacheIndex,
	site: Site,
): StationSummary {
	const dated = Object.keys(index.days).filter((day) => day !== UNDATED);
	const newest = dated.slice(-DAYS_LOOKED);
	const marks = newest.flatMap((day) => cache.day(station, index, day)?.marks ?? []);
	const heartbeat = marks
		.map(({ canonicalBytes }) => decodeEntry(canonicalBytes))
		.filter(({ kind }) => kind === "heartbeat")
		.at(-1);
	const bufferPercent =
		heartbeat?.kind === "heartbeat" ? Math.round((heartbeat.ringShare / 255) * 100) : null;
	const reading = newestReading(cache, station, index, newest);
	const markSeconds = marks.map(({ seconds }) => seconds ?? 0);
	const heard = Math.max(reading?.seconds ?? 0, ...markSeconds);
	const dayText = (day: string | undefined): string | null =>
		day === undefined ? null : isoTextOf(Number(day) * SECONDS_PER_DAY).slice(0, 10);
	return {
		station,
		site,
		lastHeard: heard > 0 ? isoTextOf(heard) : null,
		lastReading: reading === undefined ? null : isoTextOf(reading.seconds),
		values: reading?.values ?? {},
		stationFlags: reading?.stationFlags ?? "",
		bufferPercent,
		alarms: openAlarms(marks.map(shownMark)),
		readings: Object.values(index.days).reduce((sum, { rows }) => sum + rows, 0),
		undated: index.days[UNDATED]?.rows ?? 0,
		firstDay: dayText(dated[0]),
		lastDay: dayText(dated.at(-1)),
		verification: verificationOf(index.facts),
	};
}

export function verificationOf(facts: RecordFacts): Verification {
	const epoch = facts.floors.at(-1)?.epoch ?? 0;
	const ranges = facts.coverage.filter((range) => range.epoch === epoch);
	let completeTo = 0;
	for (const { first, last } of ranges) if (first <= completeTo + 1) completeTo = last;
	const newest = ranges.at(-1)?.last ?? 0;
	let missing = 0;
	for (const { epoch: each } of facts.floors) {
		let end = 0;
		for (const range of facts.coverage.filter((one) => one.epoch === each)) {
			missing += range.first - end - 1;
			end = range.last;
		}
	}
	const head = facts.heads.find((each) => each.epoch === epoch);
	return {
		completeTo,
		newest,
		epoch,
		epochs: facts.floors.length,
		missing,
		lost: facts.gaps.reduce((sum, { first, last }) => sum + last - first + 1, 0),
		head: head?.head ?? "",
		headSequence: head?.sequence ?? 0,
		evidence: facts.evidence,
		batches: facts.batchCount,
	};
}

function newestReading(
	cache: DayCache,
	station: string,
	index: CacheIndex,
	days: readonly string[],
) {
	const channels = channelsOf(index);
	for (const name of [...days].reverse()) {
		const day = cache.day(station, index, name);
		if (day === undefined || day.count === 0) continue;
		// By time, since the last of the record may be of another moment where a clock was put back.
		let row = 0;
		let time = "";
		const times = day.column("time");
		for (let index = 0; index < day.count; index++) {
			const text = cellOf(times, index);
			if (text >= time) [row, time] = [index, text];
		}
		const cell = (column: string | undefined): string =>
			column === undefined ? "" : cellOf(day.column(column), row);
		const values: Record<string, NewestValue> = {};
		for (const channel of channels) {
			const unit = channel.name === "turbidity" ? cell("turbidity_unit") : channel.unit;
			values[channel.name] = {
				value: cell(channel.value),
				unit: unit || channel.unit,
				flags: cell(channel.flags),
				judged: cell(channel.judged),
				status: cell(channel.status),
			};
		}
		return { seconds: Date.parse(time) / 1000, values, stationFlags: cell("station_flags") };
	}
	return undefined;
}

function openAlarms(marks: readonly ShownMark[]): ShownMark[] {
	const open = new Map<string, ShownMark>();
	for (const mark of marks) {
		if (mark.kind !== "alarm") continue;
		const { phase, begin } = mark.details;
		const key = `${mark.epoch} ${phase === "begin" ? mark.sequence : begin}`;
		if (phase === "end") open.delete(key);
		else open.set(key, mark);
	}
	return [...open.values()];
}
