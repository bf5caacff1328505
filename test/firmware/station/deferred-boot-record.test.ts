import { strict as assert } from "node:assert";
import { openDirectProbes } from "../../../sim/probes/direct-probes.js";
import { quietBor } from "../../../sim/river/quiet-bor.js";
import type { ResetReason } from "../../../src/firmware/ports.js";
import { DeferredBootRecord } from "../../../src/firmware/station/deferred-boot-record.js";
import type { StationJournal } from "../../../src/firmware/station/journal-port.js";
import { readingIntervalSecondsOf } from "../../../src/firmware/station/schedule.js";
import { decodeEntry } from "../../../src/protocol/record/entry.js";
import { EVENT_CODES } from "../../../src/protocol/record/events.js";
import { whole } from "../../support/depth.js";
import { bareStation, runUntil, START_UTC_SECONDS } from "../../support/engines/bare-station.js";

const HOUR = 3600;

const journalOf = (cursor: number, firstSequenceHeld: number): StationJournal =>
	({ cursor, firstSequenceHeld }) as StationJournal;
/** Wrapped, and nobody has acknowledged the oldest. */
const FULL = journalOf(0, 500);

function booted(resetReason: ResetReason, wasCutShort: boolean): DeferredBootRecord {
	const lastRun = {
		boot: 2,
		newestUtcSeconds: 0,
		wasCutShort,
		isVouched: false,
		mayRollOver: false,
	};
	return new DeferredBootRecord({
		resetReason,
		isWake: false,
		unrecordedReset: undefined,
		hasWaited: false,
		lastRun,
	});
}

describe("the record of a boot, deferred", () => {
	it("is written before the first entry, once, and again when that failed", () => {
		const deferred = booted("power-on", false);
		assert.equal(deferred.isUrgent, false);
		const written: ResetReason[] = [];
		assert.throws(() =>
			deferred.write(() => {
				throw new Error("write failed");
			}),
		);
		deferred.write((reason) => written.push(reason));
		deferred.write((reason) => written.push(reason));
		assert.deepEqual(written, ["power-on"]);
		assert.equal(deferred.unrecordedReset, undefined);
	});

	it("does not wait for a measurement after a crash or a watchdog's reset", () => {
		const reasons = ["power-on", "brown-out", "software", "watchdog", "panic", "external"] as const;
		assert.deepEqual(
			reasons.map((reason) => booted(reason, false).isUrgent),
			[false, false, true, true, true, true],
		);
	});

	it("asks for the battery only after a run that was cut short, in a ring where a sector costs readings", () => {
		const asks = (wasCutShort: boolean, journal: StationJournal, milliseconds = 1000): boolean =>
			booted("brown-out", wasCutShort).mustAsk(journal, milliseconds);
		assert.equal(asks(true, FULL), true);
		assert.equal(asks(false, FULL), false);
		// Never wrapped: a sector is free. Acknowledged: it holds nothing that is not delivered.
		assert.equal(asks(true, journalOf(0, 1)), false);
		assert.equal(asks(true, journalOf(751, 500)), false);
		assert.equal(asks(true, journalOf(750, 500)), true);
		// A gauge that lies must not silence the station.
		assert.equal(asks(true, FULL, 6 * HOUR * 1000), false);
		assert.equal(booted("watchdog", true).mustAsk(FULL, 1000), false);
	});

	it("is carried on from wake to wake while it waits, with the reason of the reset", () => {
		const waiting = new DeferredBootRecord({
			...{ resetReason: "deep-sleep", isWake: true, unrecordedReset: "brown-out" },
			hasWaited: true,
			lastRun: undefined,
		});
		assert.equal(waiting.unrecordedReset, "brown-out");
		assert.equal(waiting.hasWaited, true);
		assert.equal(waiting.mustAsk(FULL, 1000), true);
		const usual = new DeferredBootRecord({
			...{ resetReason: "deep-sleep", isWake: true, unrecordedReset: undefined },
			hasWaited: false,
			lastRun: undefined,
		});
		assert.equal(usual.unrecordedReset, undefined);
		const refused = new DeferredBootRecord({
			...{ resetReason: "deep-sleep", isWake: true, unrecordedReset: "brown-out" },
			hasWaited: false,
			lastRun: undefined,
		});
		assert.equal(refused.isRefused, true);
		assert.equal(refused.hasWaited, false);
		assert.equal(usual.mustAsk(FULL, 1000), false);
	});
});

describe("a station whose supply broke down twice on a low battery, with a full ring", () => {
	/** The second breakdown comes in the third wake after the first. */
	function brokenDown(recoversAfterSeconds: number) {
		const world = { isLow: false, recoversAt: Number.POSITIVE_INFINITY };
		const appended: Uint8Array[] = [];
		const station = bareStation({
			sectors: 5,
			witness: {
				attempted: () => {},
				appended: (canonicalBytes) => appended.push(canonicalBytes),
				acknowledged: () => {},
			},
			openProbes: () =>
				openDirectProbes({
					water: () => quietBor(1)(station.utcSeconds),
					batteryVolts: () => (world.isLow && station.utcSeconds < world.recoversAt ? 11.7 : 12.5),
					shuntOhms: 150,
					turbidityAt4Milliampere: -50,
					turbidityAt20Milliampere: 1550,
				}),
		});
		runUntil(station, START_UTC_SECONDS + 5 * 24 * HOUR);
		world.isLow = true;
		for (let cut = 0; cut < 2; cut++) {
			station.cutPowerNow(10);
			runUntil(station, station.utcSeconds + 60);
		}
		station.cutPowerNow(10);
		const cutAt = station.utcSeconds;
		world.recoversAt = cutAt + recoversAfterSeconds;
		const before = appended.length;
		return { station, cutAt, since: () => appended.slice(before).map((each) => decodeEntry(each)) };
	}

	whole("writes nothing until the battery has recovered, and says then how long it waited", () => {
		const { station, cutAt, since } = brokenDown(2 * HOUR);
		runUntil(station, cutAt + 2 * HOUR - 60);
		assert.deepEqual(since(), []);
		runUntil(station, cutAt + 2 * HOUR + 1000);
		const kinds = since().map(({ kind }) => kind);
		assert.deepEqual(kinds.slice(0, 4), ["boot", "configuration", "time", "event"]);
		assert.ok(kinds.includes("reading"));
		const [boot, , , waited] = since();
		assert.ok(boot?.kind === "boot" && boot.resetReason === 0, "not the reason of the reset");
		assert.ok(waited?.kind === "event" && waited.code === EVENT_CODES["battery-waited"]);
		assert.ok(Math.abs(waited.detail - 2 * HOUR) < 1000, `${waited.detail} s`);
		assert.equal(waited.text, "power-on");
	});

	// In the short form the decision alone is asked, above.
	whole("measures again after six hours all the same, for its gauge may lie", () => {
		const { station, cutAt, since } = brokenDown(Number.POSITIVE_INFINITY);
		runUntil(station, cutAt + 6 * HOUR - 60);
		assert.deepEqual(since(), []);
		runUntil(station, cutAt + 7 * HOUR);
		const readings = since().filter(({ kind }) => kind === "reading");
		assert.ok(readings.length >= 2, `${readings.length} readings`);
	});
});

describe("a station after a loss of power", () => {
	/** Kinds of what was appended, and how many requests had been made by then. */
	function started(isAttached: boolean) {
		const appended: string[] = [];
		let requests = 0;
		const station = bareStation({
			configuration: { uploadIntervalSeconds: 10 },
			endpoint: (_request, onAnswer) => {
				requests++;
				onAnswer(new Error("nobody is listening"));
			},
			witness: {
				attempted: () => {},
				appended: (canonicalBytes) =>
					appended.push(`${decodeEntry(canonicalBytes).kind} ${requests}`),
				acknowledged: () => {},
			},
		});
		runUntil(station, START_UTC_SECONDS + HOUR);
		if (isAttached) station.console.attach(() => {});
		station.cutPowerNow(10);
		appended.length = 0;
		requests = 0;
		return { station, appended, requests: () => requests };
	}

	whole("writes nothing and uploads nothing before its first measurement is done", () => {
		const { station, appended, requests } = started(false);
		runUntil(station, station.utcSeconds + 20);
		assert.deepEqual([appended, requests()], [[], 0]);
		runUntil(station, station.utcSeconds + 60);
		assert.deepEqual(appended.slice(0, 3), ["boot 0", "configuration 0", "time 0"]);
		assert.ok(appended.includes("reading 0"));
		assert.ok(requests() > 0);
	});

	whole(
		"writes its boot down at once when a technician, who may fetch the journal, is at the line",
		() => {
			const { station, appended } = started(true);
			runUntil(station, station.utcSeconds + 12);
			assert.deepEqual(appended.slice(0, 2), ["boot 0", "configuration 0"]);
			assert.ok(!appended.includes("reading 0"));
		},
	);
});

describe("the interval between readings", () => {
	it("is three times as long on a low battery, an hour at most, and never shorter than configured", () => {
		const spared = [10, 300, 900, 1800, 3600, 86_400].map((seconds) =>
			readingIntervalSecondsOf(seconds, true),
		);
		assert.deepEqual(spared, [30, 900, 2700, 3600, 3600, 86_400]);
		assert.equal(readingIntervalSecondsOf(300, false), 300);
	});
});
