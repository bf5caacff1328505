/** How health's arithmetic is told to a Serbian reader: each sentence that the functions make, and a decimal comma. */
import { strict as assert } from "node:assert";
import { messagesIn } from "../../src/host/messages/messages.js";
import { Speaker } from "../../src/host/messages/visit-texts.js";
import { ProbeHealth } from "../../src/protocol/audit/probe-health.js";
import {
	dielRange,
	filmGrowth,
	forecast,
	HEALTH_LIMITS,
	settlingTrend,
} from "../../src/protocol/calibration/health.js";

const DAY_SECONDS = 86_400;
const BEGAN = 1_780_000_000;

function monthly(values: readonly number[]): { utcSeconds: number; value: number }[] {
	return values.map((value, index) => ({ utcSeconds: BEGAN + 30 * index * DAY_SECONDS, value }));
}

describe("health's arithmetic in Serbian", () => {
	const speaker = new Speaker(messagesIn("sr-Latn"));
	const now = BEGAN + 105 * DAY_SECONDS;

	it("says when a slope meets its limit, or that it does not", () => {
		const falling = forecast(monthly([98, 96, 94, 92]), HEALTH_LIMITS.slopePercent, now);
		assert.equal(
			speaker.arithmetic(falling?.arithmetic ?? ""),
			"kalibracija 4: -0,467 nedeljno (greška 0,000); 91,00 - 0,066667 d + 0,000000 d^2 stiže do 90 za dana: 15",
		);
		const steady = forecast(monthly([98, 98, 98, 98]), HEALTH_LIMITS.slopePercent, now);
		assert.match(
			speaker.arithmetic(steady?.arithmetic ?? ""),
			/^kalibracija 4: 0,000 nedeljno \(greška 0,000\); 98,00 .*; do 90 se ne stiže$/,
		);
	});

	it("leaves no English word in any other of its sentences, in either script", () => {
		const cyrillic = new Speaker(messagesIn("sr-Cyrl"));
		const texts = [
			settlingTrend([60, 62, 61, 140, 150, 145])?.arithmetic,
			dielRange([0.3, 0.31, 0.3, 0.29, 0.3, 0.3, 0.3, 0.05, 0.06, 0.05])?.arithmetic,
			filmGrowth(monthly([1, 2, 3, 4, 5, 6, 7]))?.arithmetic,
			...new ProbeHealth().lines().map(({ arithmetic }) => arithmetic),
			"0.0020 pH over 60 readings",
		];
		for (const text of texts) {
			assert.ok(text !== undefined);
			const english = /\b(settles|first|times|days|usual|week|pairs|last|readings|few|yet|over)\b/;
			assert.doesNotMatch(speaker.arithmetic(text), english);
			assert.doesNotMatch(speaker.arithmetic(text), /\d\.\d/);
			assert.doesNotMatch(cyrillic.arithmetic(text), /[a-z]{4}/);
		}
		assert.equal(cyrillic.arithmetic("too few of them yet"), "још их је премало");
	});
});
