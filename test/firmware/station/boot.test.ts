import { strict as assert } from "node:assert";
import { StationError } from "../../../src/core/errors.js";
import { lastRunOf } from "../../../src/firmware/station/boot.js";
import type { StationJournal } from "../../../src/firmware/station/journal-port.js";
import { CHANNEL_SET_1 } from "../../../src/protocol/record/channel-set.js";
import { encodeEntry } from "../../../src/protocol/record/entry.js";
import type { Entry } from "../../../src/protocol/record/entry-layouts.js";
import { CHANNEL_FLAGS } from "../../../src/protocol/record/reading.js";
import { fieldsOfNamed, namedOf } from "../../support/data/named-reading.js";

const UTC = 1_790_000_000;
const YEARS = 94_608_000;
const [OF_RTC, DISCIPLINED, HOLDOVER] = [1, 2, 3];

function event(uptimeSeconds: number, utcSeconds: number, timeQuality: number): Partial<Entry> {
	return {
		kind: "event",
		code: 1,
		detail: 0,
		text: "",
		uptimeSeconds,
		utcSeconds,
		timeQuality,
	} as Partial<Entry>;
}

function collectorSet(atUptimeSeconds: number, atUtcSeconds: number): Partial<Entry> {
	return {
		kind: "time",
		uptimeSeconds: atUptimeSeconds,
		utcSeconds: atUtcSeconds,
		timeQuality: DISCIPLINED,
		atBoot: 4,
		atUptimeSeconds,
		atUtcSeconds,
		uncertaintyMilliseconds: 2300,
		stepSeconds: -YEARS,
		driftPartsPerBillion: undefined,
		source: 1,
	} as Partial<Entry>;
}

function turbid(turbidityFlags: number): Partial<Entry> {
	const nothing = namedOf(CHANNEL_SET_1.fields.map(() => 0));
	const fields = fieldsOfNamed({ ...nothing, turbidityFlags });
	return {
		...event(10, UTC, DISCIPLINED),
		kind: "reading",
		channelSet: 1,
		fields,
	} as Partial<Entry>;
}

function lastRunAfter(...parts: readonly Partial<Entry>[]) {
	return lastRunOf(journalOf(parts), {
		fill: () => assert.fail("no boot number is to be drawn"),
	});
}

function journalOf(parts: readonly Partial<Entry>[]): StationJournal {
	const entries = parts.map((part, index) =>
		encodeEntry({
			channelSet: 0,
			epoch: 1,
			sequence: index + 1,
			boot: 4,
			configurationId: 1,
			stationFlags: 0,
			...part,
		} as Entry),
	);
	return {
		firstSequenceHeld: 1,
		nextSequence: entries.length + 1,
		read: (first: number, _count: number, visit: (sequence: number, bytes: Uint8Array) => void) => {
			for (let at = first; at <= entries.length; at++) visit(at, entries[at - 1] ?? assert.fail());
		},
	} as unknown as StationJournal;
}

describe("what the record says of the last run", () => {
	it("forgets a time years ahead as soon as the clock was put right", () => {
		const wrong = event(100, UTC + YEARS, OF_RTC);
		// A reading that began before is written after.
		const late = { ...event(190, UTC + YEARS + 90, OF_RTC) };
		const run = lastRunAfter(wrong, collectorSet(200, UTC), event(200, UTC, DISCIPLINED), late);
		assert.equal(run.newestUtcSeconds, UTC);
		assert.equal(run.isVouched, true);
		assert.equal(lastRunAfter(wrong).newestUtcSeconds, UTC + YEARS);
	});

	it("knows a clock as vouched for however many boots ago that was", () => {
		assert.equal(lastRunAfter(event(10, UTC, HOLDOVER)).isVouched, true);
		assert.equal(lastRunAfter(event(10, UTC, OF_RTC)).isVouched, false);
	});

	it("still fears rolled-over optics when power failed in a flood", () => {
		const { saturated, suspect, fault } = CHANNEL_FLAGS;
		assert.equal(lastRunAfter(turbid(saturated)).mayRollOver, true);
		assert.equal(lastRunAfter(turbid(saturated), turbid(suspect)).mayRollOver, true);
		assert.equal(lastRunAfter(turbid(saturated), turbid(fault)).mayRollOver, true);
		assert.equal(lastRunAfter(turbid(saturated), turbid(0)).mayRollOver, false);
		assert.equal(lastRunAfter(turbid(0)).mayRollOver, false);
	});

	it("stays at the last boot number that there is, and never begins again", () => {
		const bootAfter = (boot: number): number =>
			lastRunAfter({ ...event(10, UTC, DISCIPLINED), boot }).boot;
		assert.deepEqual(
			[4_294_967_293, 4_294_967_294, 4_294_967_295].map(bootAfter),
			[4_294_967_294, 4_294_967_295, 4_294_967_295],
		);
	});

	it("is nothing where no entry can be read: the boot number is drawn, with room for 2^30 boots after it", () => {
		const unreadable = {
			...journalOf([event(10, UTC, DISCIPLINED)]),
			firstSequenceHeld: 1,
			nextSequence: 2,
			read: () => {
				throw new StationError("flash-failed", "no answer");
			},
		} as unknown as StationJournal;
		const drawnFrom = (byte: number): number =>
			lastRunOf(unreadable, { fill: (bytes) => bytes.fill(byte) }).boot;
		assert.deepEqual(
			[0x00, 0x01, 0xff].map(drawnFrom),
			[2_147_483_648, 2_164_326_657, 3_221_225_471],
		);
		// The largest that chance can give counts on for 2^30 boots, and does not begin again.
		assert.equal(
			lastRunAfter({ ...event(10, UTC, DISCIPLINED), boot: 3_221_225_471 }).boot,
			3_221_225_472,
		);
	});
});
