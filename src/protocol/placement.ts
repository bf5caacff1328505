/**
 * When entries happened. An entry whose clock knew the time says it itself; one from before is placed
 * by the time entry nearest to it in the same boot, which maps uptime to UTC with an uncertainty. A
 * reading is never changed for it: placing is what whoever reads the record does.
 */
import { type Entry, TIME_QUALITIES } from "./entry.js";

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
}

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
		});
		this.#anchors.set(entry.atBoot, anchors);
	}

	/** Where an entry lies in time, or undefined when nothing in its boot says so. */
	place(entry: Entry): Placement | undefined {
		const anchor = this.#nearest(entry);
		if (entry.timeQuality !== TIME_QUALITIES.unset && entry.utcSeconds !== 0) {
			return {
				utcSeconds: entry.utcSeconds,
				uncertaintyMilliseconds: anchor?.uncertaintyMilliseconds,
				source: "own",
			};
		}
		if (anchor === undefined) return undefined;
		const apartSeconds = entry.uptimeSeconds - anchor.uptimeSeconds;
		return {
			utcSeconds: anchor.utcSeconds + apartSeconds,
			uncertaintyMilliseconds:
				anchor.uncertaintyMilliseconds + Math.abs(apartSeconds) * OWN_CLOCK_MILLISECONDS_PER_SECOND,
			source: "placed",
		};
	}

	#nearest(entry: Entry): Anchor | undefined {
		let nearest: Anchor | undefined;
		for (const anchor of this.#anchors.get(entry.boot) ?? []) {
			if (
				nearest === undefined ||
				Math.abs(anchor.uptimeSeconds - entry.uptimeSeconds) <
					Math.abs(nearest.uptimeSeconds - entry.uptimeSeconds)
			) {
				nearest = anchor;
			}
		}
		return nearest;
	}
}
