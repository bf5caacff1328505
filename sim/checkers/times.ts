/**
 * Judges what a record says of time against the world's clock: every time entry's pair of uptime and UTC,
 * and the resolved time of every entry, within the uncertainty that the record itself states.
 */

import { decodeEntry } from "../../src/protocol/record/entry.js";
import type { Entry } from "../../src/protocol/record/entry-layouts.js";
import { TimeResolver } from "../../src/protocol/record/time-resolver.js";
import { BOOT_MICROSECONDS, type DiaryEntry, type StationDiary } from "../station/diary.js";
import type { Findings } from "./findings.js";

export interface TimesOptions {
	readonly diary: StationDiary;
	/** Canonical bytes that collectors hold, in any order. */
	readonly rows: readonly Uint8Array[];
	/** UTC of the world's microsecond 0, Unix seconds. */
	readonly originUtcSeconds: number;
	/** The clock was led astray in a way that no station can see: the entry's time is not judged. */
	readonly isExcused?: (entry: DiaryEntry) => boolean;
}

/**
 * From the program's first line to where it notes the boot's beginning: the journal has been opened by then.
 * Recovery reads 5 KiB; a journal that is made new erases and programs all sectors, 12 s for 256.
 */
const BOOT_NOTED_MICROSECONDS = 500_000;
const FORMATTING_MICROSECONDS = 13_000_000;

export function judgeTimes(options: TimesOptions, findings: Findings): void {
	const { diary, rows, originUtcSeconds } = options;
	const seen = new Map<string, DiaryEntry>();
	for (const each of diary.entries) seen.set(positionText(each.entry), each);
	const resolvers = new Map<number, TimeResolver>();
	const entries: Entry[] = [];
	for (const row of rows) entries.push(decodeEntry(row));
	// A collector that is new to a long record is given the newest first: it is read in sequence all the same.
	entries.sort((a, b) => a.epoch - b.epoch || a.sequence - b.sequence);
	for (const entry of entries) {
		let resolver = resolvers.get(entry.epoch);
		if (resolver === undefined) {
			resolver = new TimeResolver();
			resolvers.set(entry.epoch, resolver);
		}
		resolver.observe(entry);
	}
	const utcOf = (microseconds: number): number => originUtcSeconds + microseconds / 1_000_000;
	for (const entry of entries) {
		const truth = seen.get(positionText(entry));
		if (truth === undefined) continue;
		if (options.isExcused?.(truth) === true) continue;
		if (entry.kind === "time") judgePair(entry, truth, diary, utcOf, findings);
		const resolved = resolvers.get(entry.epoch)?.resolve(entry);
		if (resolved?.uncertaintyMilliseconds === undefined) continue;
		// A reading is of the moment in which its measurement began; others lie between wake and append.
		const from = truth.measuredMicroseconds ?? diary.wakes[truth.wake]?.fromMicroseconds ?? 0;
		const to = entry.kind === "reading" ? from : truth.atMicroseconds;
		const offSeconds = distance(resolved.utcSeconds, utcOf(from), utcOf(to));
		if (Math.abs(offSeconds) * 1000 <= resolved.uncertaintyMilliseconds) continue;
		findings.add(
			"resolved time",
			`${entry.kind} ${entry.sequence} of boot ${entry.boot} at ${utcOf(to).toFixed(1)} is placed at ${resolved.utcSeconds} (${resolved.source}), ${offSeconds.toFixed(1)} s off, claimed +-${resolved.uncertaintyMilliseconds} ms`,
		);
	}
}

function judgePair(
	entry: Entry & { readonly kind: "time" },
	truth: DiaryEntry,
	diary: StationDiary,
	utcOf: (microseconds: number) => number,
	findings: Findings,
): void {
	const bootWake = diary.bootWake(entry.epoch, entry.atBoot);
	const wake = bootWake === undefined ? undefined : diary.wakes[bootWake];
	if (bootWake === undefined || wake === undefined) {
		findings.add("time entry", `${entry.sequence} names boot ${entry.atBoot}, which never was`);
		return;
	}
	const noted = bootWake === 0 ? FORMATTING_MICROSECONDS : BOOT_NOTED_MICROSECONDS;
	const began = wake.fromBoardMicroseconds + BOOT_MICROSECONDS;
	const uptime = entry.atUptimeSeconds * 1_000_000;
	const from = diary.worldOf(bootWake, began + uptime);
	// Where the diary ends before, it was appended at the latest when it was.
	const to = diary.worldOf(bootWake, began + noted + uptime + 1_000_000) ?? truth.atMicroseconds;
	if (from === undefined) {
		findings.add(
			"time entry",
			`${entry.sequence} names uptime ${entry.atUptimeSeconds} s, which never was`,
		);
		return;
	}
	const offSeconds = distance(entry.atUtcSeconds, utcOf(from), utcOf(to));
	// Undefined: the clock says so and nobody vouches for it.
	const uncertainty = entry.uncertaintyMilliseconds ?? Number.POSITIVE_INFINITY;
	if (Math.abs(offSeconds) * 1000 <= uncertainty) return;
	findings.add(
		"time entry",
		`${entry.sequence} says boot ${entry.atBoot} at ${entry.atUptimeSeconds} s was ${entry.atUtcSeconds} (source ${entry.source}), ${offSeconds.toFixed(1)} s off, claimed +-${entry.uncertaintyMilliseconds} ms`,
	);
}

/** Positive: after the stretch. */
function distance(value: number, from: number, to: number): number {
	if (value < from) return value - from;
	return value > to ? value - to : 0;
}

function positionText(entry: Entry): string {
	return `${entry.epoch}/${entry.sequence}`;
}
