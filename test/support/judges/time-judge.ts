/**
 * The judge of times: what a station's record says of when things happened, against the world's clock.
 * A claim is an interval; it is wrong when the whole of it lies beside the second that it speaks of. It
 * knows when entries were appended and what the board's clock showed then, and asks the resolver that every
 * program uses for the rest. An entry without a claim (a time that nobody vouched for) is not judged, but counted.
 */
import type { SimulatedStation, StationProgram } from "../../../sim/station/station.js";
import { decodeEntry } from "../../../src/protocol/record/entry.js";
import {
	type Entry,
	TIME_QUALITIES,
	TIME_SOURCES,
} from "../../../src/protocol/record/entry-layouts.js";
import { TimeResolver } from "../../../src/protocol/record/time-resolver.js";

/** An entry of one epoch, and what the world knew when its append returned. */
export interface TimedEntry {
	readonly entry: Entry;
	/** Unix seconds of the world's clock, with fraction. */
	readonly utcSeconds: number;
	/** Seconds since the entry's boot on the board's clock, with fraction. The board's clock runs true while awake. */
	readonly uptimeSeconds: number;
	/** How much more that may have been: nobody sees a boot begin to the millisecond. */
	readonly slackSeconds?: number;
	/** What the collector's clock was off by then, seconds; absent: 0. */
	readonly lieSeconds?: number;
}

export type TimeViolationKind =
	/** A time entry's pair lies further from the world's than its own uncertainty. */
	| "time-entry"
	/** A resolved time lies further from the world's than its own uncertainty. */
	| "resolved"
	/** A time entry repeats what a collector lied. */
	| "lie";

export interface TimeViolation {
	readonly kind: TimeViolationKind;
	readonly sequence: number;
	/** One line. */
	readonly text: string;
}

export interface TimeJudgement {
	readonly violations: readonly TimeViolation[];
	/** Readings whose time is claimed within an uncertainty. */
	readonly claimed: number;
	/** Readings that have a time which nobody vouched for. */
	readonly unvouched: number;
	/** Readings that have no time at all. */
	readonly timeless: number;
	/** Largest claim of a reading, seconds. */
	readonly uncertaintySecondsMax: number;
}

/** The world's clock has fractions, and a millisecond is lost to the board's. */
const SLACK_SECONDS = 0.002;
/** A collector that is off by less is a clock, not a liar. */
const LIE_SECONDS_MIN = 5;

/** Judges the entries of one epoch in the order in which they were appended. */
export function judgeTimes(entries: readonly TimedEntry[]): TimeJudgement {
	const violations: TimeViolation[] = [];
	const resolver = new TimeResolver();
	for (const { entry } of entries) resolver.observe(entry);
	const counts = { claimed: 0, unvouched: 0, timeless: 0, uncertaintySecondsMax: 0 };
	for (const timed of entries) {
		const { entry } = timed;
		const { sequence } = entry;
		if (entry.kind === "time") {
			const text = wrongTimeEntry(entry, timed);
			if (text !== undefined) violations.push({ kind: "time-entry", sequence, text });
			if (isLie(entry, timed)) {
				violations.push({ kind: "lie", sequence, text: `${timed.lieSeconds} s of a lie` });
			}
		}
		const resolved = resolver.resolve(entry);
		const uncertainty = resolved?.uncertaintyMilliseconds;
		if (entry.kind === "reading") {
			if (resolved === undefined) counts.timeless++;
			else if (uncertainty === undefined) counts.unvouched++;
			else {
				counts.claimed++;
				counts.uncertaintySecondsMax = Math.max(counts.uncertaintySecondsMax, uncertainty / 1000);
			}
		}
		if (resolved === undefined || uncertainty === undefined) continue;
		const off = offSeconds(resolved.utcSeconds, uncertainty / 1000, entry.uptimeSeconds, timed);
		if (off === undefined) continue;
		const claim = `${entry.kind} of boot ${entry.boot} at ${entry.uptimeSeconds} s (${resolved.source})`;
		const text = `${claim}: off by ${off.toFixed(1)} s, claims ${uncertainty / 1000} s`;
		violations.push({ kind: "resolved", sequence, text });
	}
	return { violations, ...counts };
}

type TimeEntry = Entry & { readonly kind: "time" };

function wrongTimeEntry(entry: TimeEntry, timed: TimedEntry): string | undefined {
	const { uncertaintyMilliseconds, atUtcSeconds, atUptimeSeconds, atBoot, boot } = entry;
	if (uncertaintyMilliseconds === undefined || atBoot !== boot) return undefined;
	// Unsigned, and marked as such by its quality: it claims nothing that could be held against the station.
	const source = TIME_SOURCES[entry.source] ?? "?";
	if (source === "network-time" && entry.timeQuality !== TIME_QUALITIES.disciplined)
		return undefined;
	const off = offSeconds(atUtcSeconds, uncertaintyMilliseconds / 1000, atUptimeSeconds, timed);
	if (off === undefined) return undefined;
	const claims = `claims ${uncertaintyMilliseconds / 1000} s`;
	return `boot ${atBoot} at ${atUptimeSeconds} s by ${source}: off by ${off.toFixed(1)} s, ${claims}`;
}

function isLie(entry: TimeEntry, { lieSeconds = 0 }: TimedEntry): boolean {
	return TIME_SOURCES[entry.source] === "collector" && Math.abs(lieSeconds) >= LIE_SECONDS_MIN;
}

/**
 * By how much a time is off, seconds, or undefined while it is not wrong: uptimes are whole seconds that
 * have begun, so the truth is a second long.
 */
function offSeconds(
	utcSeconds: number,
	uncertaintySeconds: number,
	uptimeSeconds: number,
	timed: TimedEntry,
): number | undefined {
	const second = timed.utcSeconds - (timed.uptimeSeconds - uptimeSeconds);
	const from = second - (timed.slackSeconds ?? 0) - SLACK_SECONDS;
	const to = second + 1 + SLACK_SECONDS;
	if (utcSeconds + uncertaintySeconds < from) return utcSeconds - from;
	if (utcSeconds - uncertaintySeconds > to) return utcSeconds - to;
	return undefined;
}

/** An entry as the board saw it: which boot began when on its clock is found out when all are there. */
interface Appended {
	readonly entry: Entry;
	readonly utcSeconds: number;
	readonly boardSeconds: number;
	readonly wakeSeconds: number;
	readonly lieSeconds: number;
}

/**
 * When a boot began on the board's clock: no later than any of its entries says, and no earlier than the wake
 * in which it wrote its first, but for a boot that was put off for its battery.
 */
class BootBegin {
	latestSeconds: number;
	readonly #earliestSeconds: number;
	readonly #firstUptimeSeconds: number;
	#hasFresh = false;

	constructor({ entry, boardSeconds, wakeSeconds }: Appended) {
		this.latestSeconds = boardSeconds - entry.uptimeSeconds;
		this.#earliestSeconds = wakeSeconds;
		this.#firstUptimeSeconds = entry.uptimeSeconds;
	}

	narrow({ entry, boardSeconds }: Appended): void {
		this.latestSeconds = Math.min(this.latestSeconds, boardSeconds - entry.uptimeSeconds);
		// Readings and what opens a boot are stamped long before they are written; these are not.
		const isFresh = entry.kind === "event" || entry.kind === "time";
		if (isFresh && entry.uptimeSeconds > this.#firstUptimeSeconds) this.#hasFresh = true;
	}

	/** How much earlier it may have been. */
	get slackSeconds(): number {
		const apart = this.latestSeconds - this.#earliestSeconds;
		const most = this.#hasFresh ? 1 : FIRST_WAKE_SECONDS_MAX;
		return apart < 0 ? most : Math.min(apart, most);
	}
}

/** Formatting and a measurement take less. */
const FIRST_WAKE_SECONDS_MAX = 60;

/** Watches a simulated station: `wrap` its program, and tell it of every append. */
export class TimeWitness {
	/** What the collector's clock is off by now, seconds. */
	lieSeconds = 0;
	readonly #station: () => SimulatedStation;
	readonly #appended: Appended[] = [];
	#boardSeconds: () => number = () => 0;
	#wakeSeconds = 0;

	constructor(station: () => SimulatedStation) {
		this.#station = station;
	}

	/** For `bareStation`. */
	wrap = (program: StationProgram): StationProgram => {
		return (board) => {
			this.#boardSeconds = () => board.clock.milliseconds / 1000;
			this.#wakeSeconds = this.#boardSeconds();
			return program(board);
		};
	};

	/** For the witness at the append port. */
	appended = (canonicalBytes: Uint8Array): void => {
		this.#appended.push({
			entry: decodeEntry(canonicalBytes),
			utcSeconds: this.#station().utcSeconds,
			boardSeconds: this.#boardSeconds(),
			wakeSeconds: this.#wakeSeconds,
			lieSeconds: this.lieSeconds,
		});
	};

	/** What was appended in one epoch (default: the last one), for `judgeTimes`. */
	entries(epoch = this.#appended.at(-1)?.entry.epoch): TimedEntry[] {
		const appended = this.#appended.filter(({ entry }) => entry.epoch === epoch);
		const begins = new Map<number, BootBegin>();
		for (const each of appended) {
			const { boot } = each.entry;
			const begin = begins.get(boot) ?? new BootBegin(each);
			begins.set(boot, begin);
			begin.narrow(each);
		}
		return appended.map(({ entry, utcSeconds, boardSeconds, lieSeconds }) => {
			const begin = begins.get(entry.boot);
			return {
				entry,
				utcSeconds,
				uptimeSeconds: boardSeconds - (begin?.latestSeconds ?? 0),
				slackSeconds: begin?.slackSeconds ?? 0,
				lieSeconds,
			};
		});
	}

	judge(): TimeJudgement {
		return judgeTimes(this.entries());
	}
}
