/**
 * Judges when a station measured: once at each boundary of its interval, none twice, none left out; and
 * how it slept: with everything off.
 */
import type { StationDiary } from "../station/diary.js";
import type { Findings } from "./findings.js";

/** From an instant on, readings are due this often. */
export interface ReadingInterval {
	readonly fromMicroseconds: number;
	readonly intervalSeconds: number;
}

export interface CadenceOptions {
	readonly diary: StationDiary;
	/** Ascending; the first from the beginning. */
	readonly paces: readonly ReadingInterval[];
	/** In between the RTC was moved, a technician asked, or power was off: the next reading is anybody's guess. */
	readonly isDisturbed: (fromMicroseconds: number, toMicroseconds: number) => boolean;
}

/** A sleep on the board's own clock may be this much off (docs/WIRE.md, 7). */
const SLEEP_CLOCK_ERROR = 0.05;
/** Of its own seconds: a slow one calls 19 s what were 20. */
const SLOW_PART = 1 / (1 - SLEEP_CLOCK_ERROR) - 1;
/** Boot, whole seconds of the RTC, a measurement that is under way: nothing else may delay a reading. */
const LATE_SECONDS = 35;
const EARLY_SECONDS = 5;
/** A reading serves the boundary that is at most this part of the interval ahead (docs/FORMAT.md, 8). */
const SERVED_AHEAD = 0.1;

/** A reading that shows a rise is confirmed by two more at most, 24 s apart (docs/EVENTS.md). */
const BURST_SECONDS_MIN = 20;
const BURST_SECONDS_MAX = 45;
const BURST_MORE_MAX = 2;

/** Each burst as its first reading: the schedule continues from that one. */
function withoutBursts(measurements: readonly number[]): number[] {
	const kept: number[] = [];
	let more = 0;
	measurements.forEach((at, index) => {
		const gap = (at - (measurements[index - 1] ?? Number.NEGATIVE_INFINITY)) / 1_000_000;
		more = gap >= BURST_SECONDS_MIN && gap <= BURST_SECONDS_MAX ? more + 1 : 0;
		if (more === 0 || more > BURST_MORE_MAX) kept.push(at);
	});
	return kept;
}

export function judgeCadence(options: CadenceOptions, findings: Findings): void {
	const { diary, paces, isDisturbed } = options;
	const measurements = withoutBursts(diary.measurements);
	let pace = 0;
	/** The reading before came with a boot, or was still due by the interval before. */
	let wasChanged = false;
	for (let index = 1; index < measurements.length; index++) {
		const from = measurements[index - 1] ?? 0;
		const to = measurements[index] ?? 0;
		while ((paces[pace + 1]?.fromMicroseconds ?? Number.POSITIVE_INFINITY) <= from) pace++;
		const { intervalSeconds } = paces[pace] ?? { intervalSeconds: 0 };
		let changes = pace;
		while ((paces[changes + 1]?.fromMicroseconds ?? Number.POSITIVE_INFINITY) <= to) changes++;
		// Of several changes between two readings the last is in force.
		const next = changes === pace ? undefined : paces[changes];
		const isChanged = next !== undefined;
		const isFirst = wasChanged;
		const isBoot = bootBetween(diary, from, to);
		wasChanged = isChanged || isBoot;
		if (isBoot || isDisturbed(from, to)) continue;
		const gap = (to - from) / 1_000_000;
		const where = `at ${Math.round(to / 1_000_000)} s`;
		if (isChanged) {
			const waited = (to - next.fromMicroseconds) / 1_000_000;
			if (waited > next.intervalSeconds * (1 + SERVED_AHEAD) + LATE_SECONDS) {
				findings.add(
					"readings due",
					`${where}: ${Math.round(waited)} s after the interval became ${next.intervalSeconds} s`,
				);
			}
			continue;
		}
		if (!isFirst && gap < intervalSeconds * (1 - SLEEP_CLOCK_ERROR) - EARLY_SECONDS) {
			findings.add(
				"readings due",
				`${where}: ${gap.toFixed(1)} s after the last, of ${intervalSeconds} s`,
			);
		}
		// The reading before may have served the boundary ahead of it, if it came by another interval.
		const late = isFirst ? SERVED_AHEAD : SLOW_PART;
		if (gap > intervalSeconds * (1 + late) + LATE_SECONDS) {
			findings.add(
				"readings due",
				`${where}: none for ${gap.toFixed(1)} s, of ${intervalSeconds} s`,
			);
		}
	}
}

/** Rails and radio are off whenever the processor sleeps. */
export function judgeSleeps(diary: StationDiary, findings: Findings): void {
	for (const { supplied, ending, toMicroseconds } of diary.wakes) {
		if (supplied.length === 0) continue;
		findings.add(
			"asleep with power",
			`${supplied.join(" and ")} at ${Math.round(toMicroseconds / 1_000_000)} s (${ending})`,
		);
	}
}

function bootBetween(diary: StationDiary, from: number, to: number): boolean {
	const { wakes } = diary;
	let low = 0;
	let high = wakes.length - 1;
	while (low <= high) {
		const middle = (low + high) >> 1;
		if ((wakes[middle]?.fromMicroseconds ?? 0) <= from) low = middle + 1;
		else high = middle - 1;
	}
	for (let index = low; index < wakes.length; index++) {
		const wake = wakes[index];
		if (wake === undefined || wake.fromMicroseconds > to) return false;
		if (wake.reason !== "deep-sleep") return true;
	}
	return false;
}
