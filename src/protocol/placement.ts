/**
 * When entries happened. An entry whose clock knew the time says it itself; one from before is placed
 * by the time entry nearest to it in the same boot, which maps uptime to UTC with an uncertainty. A
 * reading is never changed for it: placing is what whoever reads the record does.
 */
import { type Entry, TIME_QUALITIES, TIME_SOURCES } from "./entry.js";

const RTC_SOURCE = TIME_SOURCES.indexOf("rtc");
const NETWORK_TIME_SOURCE = TIME_SOURCES.indexOf("network-time");

export interface Placement {
	/** Unix seconds. */
	readonly utcSeconds: number;
	/** Half width of what is believed, milliseconds; undefined where nobody vouched for it. */
	readonly uncertaintyMilliseconds: number | undefined;
	/** `own`: the entry's clock; `placed`: by a time entry of its boot. */
	readonly source: "own" | "placed";
}

interface Anchor {
	readonly uptimeSeconds: number;
	readonly utcSeconds: number;
	readonly uncertaintyMilliseconds: number;
	/** Somebody who can be held to it said so: not the RTC that may be wrong, nor network time alone. */
	readonly isVouched: boolean;
}

/** The DS3231 between two time entries, milliseconds per 1000 s: 3.5 ppm (data sheet), twice that. */
const RTC_MILLISECONDS_PER_1000_SECONDS = 7;
/** The ESP32's own clock over deep sleep, milliseconds per second: 150 kHz RC, calibrated, 5 %. */
const OWN_CLOCK_MILLISECONDS_PER_SECOND = 50;

/** Places the entries of one epoch; feed it all time entries first, in any order. */
export class Placer {
	readonly #anchors = new Map<number, Anchor[]>();

	/** Remembers time entries; other kinds change nothing. */
	observe(entry: Entry): void {
		if (entry.kind !== "time") return;
		const anchors = this.#anchors.get(entry.atBoot) ?? [];
		anchors.push({
			uptimeSeconds: entry.atUptimeSeconds,
			utcSeconds: entry.atUtcSeconds,
			uncertaintyMilliseconds: entry.uncertaintyMilliseconds,
			// Network time that nobody else confirmed is no discipline: its entry has the RTC's quality.
			isVouched:
				entry.source !== RTC_SOURCE &&
				(entry.source !== NETWORK_TIME_SOURCE || entry.timeQuality === TIME_QUALITIES.disciplined),
		});
		this.#anchors.set(entry.atBoot, anchors);
	}

	/**
	 * Where an entry lies in time, or undefined when nothing in its boot says so. An entry's own time that
	 * is further from what its boot's time entries say than the board's clock explains was a wrong
	 * clock's: it is placed by them, too.
	 */
	place(entry: Entry): Placement | undefined {
		const anchor = this.#nearest(entry);
		const hasOwn = entry.timeQuality !== TIME_QUALITIES.unset && entry.utcSeconds !== 0;
		if (anchor === undefined) {
			if (!hasOwn) return undefined;
			return {
				utcSeconds: entry.utcSeconds,
				uncertaintyMilliseconds: undefined,
				source: "own",
			};
		}
		const apartSeconds = entry.uptimeSeconds - anchor.uptimeSeconds;
		const utcSeconds = anchor.utcSeconds + apartSeconds;
		const uncertaintyMilliseconds =
			anchor.uncertaintyMilliseconds + Math.abs(apartSeconds) * OWN_CLOCK_MILLISECONDS_PER_SECOND;
		const offMilliseconds = Math.abs(entry.utcSeconds - utcSeconds) * 1000;
		if (hasOwn && offMilliseconds <= uncertaintyMilliseconds) {
			const drift = (Math.abs(apartSeconds) * RTC_MILLISECONDS_PER_1000_SECONDS) / 1000;
			return {
				utcSeconds: entry.utcSeconds,
				uncertaintyMilliseconds: anchor.uncertaintyMilliseconds + Math.round(drift),
				source: "own",
			};
		}
		return { utcSeconds, uncertaintyMilliseconds, source: "placed" };
	}

	/** The nearest that somebody vouched for, else the nearest. */
	#nearest(entry: Entry): Anchor | undefined {
		let nearest: Anchor | undefined;
		for (const anchor of this.#anchors.get(entry.boot) ?? []) {
			const isBetter =
				nearest === undefined ||
				(anchor.isVouched === nearest.isVouched
					? distance(anchor, entry) < distance(nearest, entry)
					: anchor.isVouched);
			if (isBetter) nearest = anchor;
		}
		return nearest;
	}
}

function distance(anchor: Anchor, entry: Entry): number {
	return Math.abs(anchor.uptimeSeconds - entry.uptimeSeconds);
}
