/** The judge of events is shown records that are wrong: each channel that a reading may have is looked at. */
import { strict as assert } from "node:assert";
import { CHANNEL_SETS } from "../../src/protocol/record/channel-set.js";
import type { Entry, EntryBody } from "../../src/protocol/record/entry-layouts.js";
import { EVENT_CODES } from "../../src/protocol/record/events.js";
import {
	CHANNEL_FLAGS,
	type ChannelReading,
	fieldsOfReading,
	NOT_MEASURED,
	type Reading,
} from "../../src/protocol/record/reading.js";
import { judgeEvents } from "../support/judges/event-judge.js";

const QUIET = Object.freeze({
	visits: [],
	crashesUtcSeconds: [],
	outages: [],
	endUtcSeconds: 1_800_000_000,
});
/** Number of the channel dissolvedOxygen, which only set 2 has. */
const OXYGEN = 5;

function readingWith(oxygenFlags: number): EntryBody {
	const set = CHANNEL_SETS.get(2);
	assert.ok(set);
	const well: ChannelReading = { ...NOT_MEASURED, value: 700, flags: 0 };
	const reading: Reading = {
		pH: well,
		temperature: well,
		conductivity: well,
		turbidity: well,
		battery: well,
		dissolvedOxygen: { ...well, flags: oxygenFlags },
	};
	return { kind: "reading", fields: fieldsOfReading(set, reading) };
}

function verdictOf(...bodies: EntryBody[]): readonly string[] {
	const entries = bodies.map((body, index) => ({
		worldUtcSeconds: 1_700_000_000 + 300 * index,
		entry: {
			...body,
			channelSet: body.kind === "reading" ? 2 : 0,
			timeQuality: 2,
			epoch: 1,
			sequence: index + 1,
			boot: 1,
			uptimeSeconds: 300 * index,
			utcSeconds: 1_700_000_000 + 300 * index,
			configurationId: 1,
			stationFlags: 0,
		} as Entry,
	}));
	return judgeEvents(entries, QUIET);
}

const event = (code: keyof typeof EVENT_CODES): EntryBody => ({
	kind: "event",
	code: EVENT_CODES[code],
	detail: OXYGEN,
	text: "",
});

describe("the judge of events", () => {
	const well = readingWith(0);
	const broken = readingWith(CHANNEL_FLAGS.fault);

	it("takes a probe of oxygen that fails and recovers, and says so", () => {
		assert.deepEqual(
			verdictOf(well, broken, event("probe-failed"), broken, well, event("probe-recovered"), well),
			[],
		);
	});

	it("finds a probe of oxygen that fails and says nothing", () => {
		assert.deepEqual(verdictOf(well, broken, broken), [
			"entry 2 (boot 1): channel 5 is failed, and no event says so",
		]);
	});
});
