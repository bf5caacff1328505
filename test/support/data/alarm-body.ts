/** An alarm entry's body, for tests that say only what matters to them. */
import type { AlarmBody } from "../../../src/protocol/record/entry-layouts.js";

export const ACID_ALARM: AlarmBody = Object.freeze({
	kind: "alarm",
	code: 2,
	phase: 2,
	rule: 1,
	beginSequence: 40,
	readingSequence: 44,
	conductivityHundredths: 61_200,
	baselineHundredths: 50_000,
	baselineSpread: 100,
	pHMilli: 7420,
	pHBeforeMilli: 7800,
	burstAgreed: 2,
	burstReadings: 2,
	turbidityMilli: -0x80000000,
	turbidityMedianMilli: -0x80000000,
	secondsSinceBegin: 240,
});
