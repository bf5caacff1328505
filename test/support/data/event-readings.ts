/** Readings of a quiet river, and what is put into it, for tests of the detector of events. */
import { EventDetector } from "../../../src/firmware/events/event-detector.js";
import type { EventThresholds } from "../../../src/firmware/events/event-rule.js";
import type { EventReading } from "../../../src/firmware/events/event-state.js";
import type { AlarmBody } from "../../../src/protocol/record/entry-layouts.js";

export const EVENT_THRESHOLDS = Object.freeze({
	eventIntervalSeconds: 60,
	eventWatchPerMille: 80,
	eventStrongPerMille: 350,
	eventAcidMilliPH: 40,
});

export type Water = Omit<EventReading, "sequence" | "elapsedSeconds">;

export const QUIET_WATER: Water = Object.freeze({
	conductivity: 500,
	pH: 7.8,
	celsius: 12,
	turbidity: 5,
});

/** A station's pace: a reading every five minutes, or as the detector asks. */
export class WatchedWater {
	detector: EventDetector;
	readonly claims: (AlarmBody & { readonly at: number })[] = [];
	/** Seconds. */
	now = 0;
	#sequence = 0;

	constructor(thresholds: EventThresholds = EVENT_THRESHOLDS) {
		this.detector = new EventDetector(thresholds);
	}

	/** Readings of `waterAt`, a function of seconds since this call, for so long. */
	run(seconds: number, waterAt: (seconds: number) => Water): this {
		const begin = this.now;
		for (const end = begin + seconds; this.now < end; ) {
			const pace = this.detector.intervalSeconds;
			const elapsedSeconds = pace === 0 ? 300 : pace;
			this.now += elapsedSeconds;
			const water = waterAt(this.now - begin);
			for (const claim of this.detector.take({
				...water,
				sequence: ++this.#sequence,
				elapsedSeconds,
			})) {
				this.detector.recorded(claim, ++this.#sequence);
				this.claims.push({ ...claim, at: this.now - begin });
			}
		}
		return this;
	}

	/** Codes and phases, in order: "1/1 2/2 2/3". */
	get output(): string {
		return this.claims.map(({ code, phase }) => `${code}/${phase}`).join(" ");
	}
}

/** Rises in half an hour to 1.5 times the conductivity while pH falls by 0.4, stays an hour, and is over. */
export function acidAt(seconds: number): Water {
	const part = Math.min(seconds / 1800, 1) * (seconds < 5400 ? 1 : 0);
	return { ...QUIET_WATER, conductivity: 500 * (1 + 0.5 * part), pH: 7.8 - 0.4 * part };
}
