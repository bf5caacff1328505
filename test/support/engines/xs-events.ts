/** The detector of events by portable modules alone, for another engine: readings as JSON text in, claims out. */
import { asciiBytes, asciiText } from "../../../src/core/bytes.js";
import { EventDetector } from "../../../src/firmware/events/event-detector.js";
import type { EventReading } from "../../../src/firmware/events/event-state.js";

const THRESHOLDS = Object.freeze({
	eventIntervalSeconds: 60,
	eventWatchPerMille: 80,
	eventStrongPerMille: 350,
	eventAcidMilliPH: 40,
});

/** Claims of the readings as JSON; the state goes through `save` after each, as through deep sleep. */
export function eventClaims(readings: readonly EventReading[]): string {
	let state: Uint8Array | undefined;
	const claims = readings.flatMap((reading) => {
		const detector = new EventDetector(THRESHOLDS, state);
		const found = detector.take(reading);
		for (const claim of found) detector.recorded(claim, reading.sequence + 1);
		state = detector.save();
		return found;
	});
	return JSON.stringify(claims);
}

Object.defineProperty(globalThis, "handleCommand", {
	configurable: true,
	value: (message: ArrayBuffer): ArrayBuffer => {
		const readings = JSON.parse(asciiText(new Uint8Array(message))) as EventReading[];
		return asciiBytes(eventClaims(readings)).slice().buffer;
	},
});
