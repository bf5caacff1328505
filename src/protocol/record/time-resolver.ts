/**
 * When entries happened, by the rules of WIRE.md, section 7: the one resolver that every program uses. An
 * entry's own clock may have been wrong, and a time entry after it says by how much; one without a clock is
 * dated by its uptime. A reading is never changed for it: placing is what whoever reads the record does.
 */
import { assert } from "../../core/errors.js";
import { type Entry, TIME_QUALITIES, TIME_SOURCES } from "./entry-layouts.js";
import { EVENT_CODES } from "./events.js";

const RTC_SOURCE = TIME_SOURCES.indexOf("rtc");
const NETWORK_TIME_SOURCE = TIME_SOURCES.indexOf("network-time");

export interface ResolvedTime {
	/** Unix seconds. */
	readonly utcSeconds: number;
	/** Half width of what is believed, milliseconds; undefined where nobody vouched for it. */
	readonly uncertaintyMilliseconds: number | undefined;
	/** `own`: the entry's clock; `corrected`: less what it was wrong by; `placed`: by its uptime. */
	readonly source: "own" | "corrected" | "placed";
}

/** A time entry: this uptime of its boot was this UTC. */
interface Anchor {
	readonly boot: Boot;
	readonly uptimeSeconds: number;
	readonly utcSeconds: number;
	readonly uncertaintyMilliseconds: number;
}

/** A stretch in which the RTC ran by itself, from a time entry or a break in what is known of it. */
interface Run {
	/** It was set or confirmed here. */
	readonly from: Anchor | undefined;
	/** Here it was found slow by so much. */
	to: (Anchor & { readonly stepSeconds: number }) | undefined;
	/** The record itself doubts it by so much: a source that was not believed said so. */
	deniedSeconds: number;
}

interface Boot {
	/** Vouched for, by rising uptime. */
	readonly anchors: Anchor[];
	/** What else says a time of this boot. */
	unvouched: Pick<Anchor, "uptimeSeconds" | "utcSeconds"> | undefined;
	/** Runs of the RTC by the uptime from which on each holds. */
	readonly runs: { readonly uptimeSeconds: number; readonly run: Run | undefined }[];
}

/** The DS3231 between two time entries, millionths: 3.5 (data sheet), twice that. */
const RTC_PARTS_PER_MILLION = 7;
/**
 * The ESP32's own clock over deep sleep, milliseconds per second that it shows: 150 kHz RC, calibrated, 5 % of
 * the world's second, and a slow one shows 0.95 s of it: 1 / 0.95 - 1.
 */
const OWN_CLOCK_MILLISECONDS_PER_SECOND = 53;
/**
 * A step that a source offered and that was refused denies the RTC up to here: further off no RTC of a running
 * boot is (the station does not believe it then), and an entry that says more says nothing of it.
 */
const DENIED_SECONDS_MAX = 221;
/** What is refused is more than the source leaves open: it may be off the truth by as much again. */
const DENIED_FACTOR = 2;
/** The RTC and the uptime that continues from it are read in whole seconds. */
const READING_MILLISECONDS = 1000;
const READING_SECONDS = 2;

/**
 * Places the entries of a record. `observe` all of it first, epoch by epoch in ascending sequence: out of order
 * is a caller's bug and throws, for runs of the RTC would be ascribed to stretches that they did not cover.
 */
export class TimeResolver {
	readonly #boots = new Map<string, Boot>();
	#boot: Boot | undefined;
	#last: Entry | undefined;
	/** The last with a time of its own in the run that continues. */
	#lastTimed: Entry | undefined;
	#run: Run | undefined;

	/** Learns from an entry what it says of its own time and of others'. */
	observe(entry: Entry): void {
		const last = this.#last;
		assert(
			last === undefined || last.epoch !== entry.epoch || last.sequence < entry.sequence,
			"entries of an epoch out of sequence: what was learned of the RTC would be of another time",
		);
		const isContinued = last?.epoch === entry.epoch && last.sequence + 1 === entry.sequence;
		this.#last = entry;
		if (!isContinued) this.#run = undefined;
		if (this.#boot === undefined || last?.epoch !== entry.epoch || last.boot !== entry.boot) {
			this.#boot = this.#bootOf(entry.epoch, entry.boot);
			this.#enter(this.#boot, 0);
		}
		const boot = this.#boot;
		if (!isContinued) this.#enter(boot, entry.uptimeSeconds);
		const anchor = boot.anchors[boot.anchors.length - 1];
		// Measured before the time entry and written after it: its clock is not the one that was set.
		const isTime = entry.kind === "time" && entry.source !== RTC_SOURCE;
		if (!isTime && anchor !== undefined && entry.uptimeSeconds <= anchor.uptimeSeconds) return;
		if (!isTime) this.#follow(entry, boot);
		if (entry.kind === "time") this.#observeTime(entry);
		if (entry.kind === "event" && entry.code === EVENT_CODES["time-refused"]) {
			this.#observeRefusal(Math.abs(entry.detail));
		}
	}

	/**
	 * Where an entry lies in time, or undefined when nothing in its boot says so. It takes what it was told so
	 * far: a later time entry may narrow it.
	 */
	resolve(entry: Entry): ResolvedTime | undefined {
		const boot = this.#boots.get(keyOf(entry.epoch, entry.boot));
		const hasOwn = isTimed(entry);
		let best: ResolvedTime | undefined;
		const take = (candidate: ResolvedTime | undefined): void => {
			const uncertainty = candidate?.uncertaintyMilliseconds ?? Number.POSITIVE_INFINITY;
			if (uncertainty < (best?.uncertaintyMilliseconds ?? Number.POSITIVE_INFINITY))
				best = candidate;
		};
		if (boot !== undefined) {
			const after = indexAfter(boot.anchors, entry.uptimeSeconds);
			if (hasOwn) resolveByRtc(entry, boot, take);
			take(resolveByUptime(entry, boot.anchors[after - 1]));
			take(resolveByUptime(entry, boot.anchors[after]));
		}
		if (best !== undefined) return best;
		if (hasOwn) {
			return { utcSeconds: entry.utcSeconds, uncertaintyMilliseconds: undefined, source: "own" };
		}
		const other = boot?.unvouched;
		if (other === undefined) return undefined;
		const utcSeconds = other.utcSeconds + entry.uptimeSeconds - other.uptimeSeconds;
		return { utcSeconds, uncertaintyMilliseconds: undefined, source: "placed" };
	}

	#bootOf(epoch: number, boot: number): Boot {
		const key = keyOf(epoch, boot);
		const known = this.#boots.get(key);
		if (known !== undefined) return known;
		const made: Boot = { anchors: [], unvouched: undefined, runs: [] };
		this.#boots.set(key, made);
		return made;
	}

	/** From this uptime on it is the present run that counts. */
	#enter(boot: Boot, uptimeSeconds: number): void {
		const least = boot.runs[boot.runs.length - 1]?.uptimeSeconds ?? 0;
		boot.runs.push({ uptimeSeconds: Math.max(uptimeSeconds, least), run: this.#run });
	}

	/** The run continues with this entry, or ends with it, or one begins. */
	#follow(entry: Entry, boot: Boot): void {
		const last = this.#lastTimed;
		const isTimedNow = isTimed(entry);
		const goesOn =
			this.#run !== undefined && isTimedNow && last !== undefined && isContinuous(last, entry);
		if (isTimedNow) this.#lastTimed = entry;
		if (goesOn || (this.#run === undefined && !isTimedNow)) return;
		this.#run = isTimedNow ? { from: undefined, to: undefined, deniedSeconds: 0 } : undefined;
		// It broke at some moment since the last: a reading that began in between may be written after this.
		const isSameBoot = last?.epoch === entry.epoch && last.boot === entry.boot;
		this.#enter(boot, isSameBoot ? Math.min(last.uptimeSeconds + 1, entry.uptimeSeconds) : 0);
	}

	/** The run that continues may have been off by that much from its beginning to its end. */
	#observeRefusal(stepSeconds: number): void {
		if (this.#run === undefined || stepSeconds > DENIED_SECONDS_MAX) return;
		this.#run.deniedSeconds = Math.max(this.#run.deniedSeconds, DENIED_FACTOR * stepSeconds);
	}

	#observeTime(entry: Entry & { readonly kind: "time" }): void {
		const { atUptimeSeconds, atUtcSeconds, uncertaintyMilliseconds, stepSeconds } = entry;
		const boot = this.#bootOf(entry.epoch, entry.atBoot);
		const pair = { boot, uptimeSeconds: atUptimeSeconds, utcSeconds: atUtcSeconds };
		if (entry.source === RTC_SOURCE) {
			boot.unvouched ??= pair;
			return;
		}
		// Network time that nobody else confirmed is no discipline: its entry has the RTC's quality.
		const isVouched =
			uncertaintyMilliseconds !== undefined &&
			(entry.source !== NETWORK_TIME_SOURCE || entry.timeQuality === TIME_QUALITIES.disciplined);
		const anchor = isVouched ? { ...pair, uncertaintyMilliseconds } : undefined;
		if (anchor === undefined) boot.unvouched = pair;
		else boot.anchors.push(anchor);
		if (anchor !== undefined && stepSeconds !== undefined && this.#run !== undefined) {
			// What the RTC showed just before. Where it jumped since the last entry, the step is not of all the run.
			const shown = {
				boot: entry.atBoot,
				uptimeSeconds: atUptimeSeconds,
				utcSeconds: atUtcSeconds - stepSeconds,
			};
			const last = this.#lastTimed;
			if (last === undefined || isContinuous(last, shown)) {
				this.#run.to = { ...anchor, stepSeconds };
			}
		}
		this.#run = { from: anchor, to: undefined, deniedSeconds: 0 };
		this.#lastTimed = isTimed(entry) ? entry : undefined;
		this.#enter(boot, atUptimeSeconds);
	}
}

function keyOf(epoch: number, boot: number): string {
	return `${epoch} ${boot}`;
}

function isTimed(entry: Entry): boolean {
	return entry.timeQuality !== TIME_QUALITIES.unset && entry.utcSeconds !== 0;
}

type ClockReading = Pick<Entry, "boot" | "uptimeSeconds" | "utcSeconds">;

/** Whether the RTC may have run on between the two: within a boot the uptime ran beside it. */
function isContinuous(last: ClockReading, entry: ClockReading): boolean {
	const passedSeconds = entry.utcSeconds - last.utcSeconds;
	// A reading is stamped when it begins, and others are written while it continues.
	if (last.boot !== entry.boot) return passedSeconds >= -READING_SECONDS;
	const uptimeSeconds = entry.uptimeSeconds - last.uptimeSeconds;
	const most = (Math.abs(uptimeSeconds) * OWN_CLOCK_MILLISECONDS_PER_SECOND) / 1000;
	return Math.abs(passedSeconds - uptimeSeconds) <= most + READING_SECONDS;
}

/** By what is known of the RTC before and after it in its run. */
function resolveByRtc(
	entry: Entry,
	boot: Boot,
	take: (candidate: ResolvedTime | undefined) => void,
): void {
	const run = boot.runs[indexAfter(boot.runs, entry.uptimeSeconds) - 1]?.run;
	if (run === undefined) return;
	const { from, to, deniedSeconds } = run;
	const doubt = deniedSeconds * 1000 + (from && to ? unexplainedMilliseconds(from, to) : 0);
	const before = from && byRtc(entry.utcSeconds, from, 0, doubt);
	const after = to && byRtc(entry.utcSeconds, to, to.stepSeconds, doubt);
	// In one boot the uptime has watched the RTC.
	const isOpposed = from !== undefined && from.boot === to?.boot && !agree(from, to);
	if (from?.boot === boot && !isOpposed) take(before);
	if (to?.boot === boot && !isOpposed) take(after);
	if (from === undefined || to === undefined || from.boot === to.boot || !agree(from, to)) return;
	// Over a loss of power it may have gone wrong at either end by what the two do not say in common.
	const uncertaintyMilliseconds = Math.max(
		before?.uncertaintyMilliseconds ?? 0,
		(after?.uncertaintyMilliseconds ?? 0) + Math.abs(to.stepSeconds) * 1000,
	);
	take({ utcSeconds: entry.utcSeconds, uncertaintyMilliseconds, source: "own" });
}

/** Whether drift explains that the RTC, right at one, was off by the other's step. */
function agree(from: Anchor, to: NonNullable<Run["to"]>): boolean {
	const doubt =
		from.uncertaintyMilliseconds + to.uncertaintyMilliseconds + 2 * READING_MILLISECONDS;
	const drift = driftMilliseconds(to.utcSeconds - from.utcSeconds);
	return Math.abs(to.stepSeconds) * 1000 <= doubt + drift;
}

/**
 * What of a step drift does not explain, and what its source leaves open: in one boot the RTC may have been
 * moved by that at any moment of the run.
 */
function unexplainedMilliseconds(from: Anchor, to: NonNullable<Run["to"]>): number {
	if (from.boot !== to.boot) return 0;
	// Whole seconds explain one. A second one may be a jump that nothing saw: it would be in no claim.
	const drift = driftMilliseconds(to.utcSeconds - from.utcSeconds) + READING_MILLISECONDS;
	const rest = Math.abs(to.stepSeconds) * 1000 - drift;
	return rest > 0 ? rest + to.uncertaintyMilliseconds : 0;
}

function byRtc(
	ownSeconds: number,
	anchor: Anchor,
	stepSeconds: number,
	doubtMilliseconds: number,
): ResolvedTime {
	const utcSeconds = ownSeconds + stepSeconds;
	const drift = driftMilliseconds(utcSeconds - anchor.utcSeconds);
	return {
		utcSeconds,
		uncertaintyMilliseconds:
			anchor.uncertaintyMilliseconds + READING_MILLISECONDS + drift + doubtMilliseconds,
		source: stepSeconds === 0 ? "own" : "corrected",
	};
}

function driftMilliseconds(seconds: number): number {
	return Math.ceil((Math.abs(seconds) * RTC_PARTS_PER_MILLION) / 1000);
}

function resolveByUptime(entry: Entry, anchor: Anchor | undefined): ResolvedTime | undefined {
	if (anchor === undefined) return undefined;
	const apartSeconds = entry.uptimeSeconds - anchor.uptimeSeconds;
	const doubt = Math.abs(apartSeconds) * OWN_CLOCK_MILLISECONDS_PER_SECOND;
	return {
		utcSeconds: anchor.utcSeconds + apartSeconds,
		uncertaintyMilliseconds: anchor.uncertaintyMilliseconds + doubt,
		source: "placed",
	};
}

/** Index of the first of a rising list that lies after an uptime. */
function indexAfter(
	list: readonly { readonly uptimeSeconds: number }[],
	uptimeSeconds: number,
): number {
	let low = 0;
	let high = list.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((list[middle]?.uptimeSeconds ?? 0) > uptimeSeconds) high = middle;
		else low = middle + 1;
	}
	return low;
}
