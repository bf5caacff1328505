/** The ends of what a station's clock and a record's 32 bits of seconds can say. */
import { strict as assert } from "node:assert";
import type { SimulatedStation } from "../../sim/station/station.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import { type Entry, TIME_QUALITIES } from "../../src/protocol/record/entry-layouts.js";
import {
	keyedHashKeyOf,
	openBareCollector,
	stepStation,
} from "../support/engines/bare-collector.js";
import { bareStation } from "../support/engines/bare-station.js";

const HOUR = 3600;
/** 2099-12-31T23:59:59Z: the last second that a station believes. */
const CALENDAR_END = 4_102_444_799;
/** 2106-02-07T06:28:15Z */
const UINT32_END = 4_294_967_295;

describe("a station at the end of time", () => {
	for (const [name, end] of [
		["of its calendar, at the end of 2099", CALENDAR_END],
		["of 32 bits, in February 2106", UINT32_END],
	] as const) {
		it(`measures and delivers on past that ${name}, and claims no time that is none`, async () => {
			const entries: Entry[] = [];
			const times: number[] = [];
			const { endpoint } = await openBareCollector(
				{
					get utcSeconds() {
						return station.utcSeconds;
					},
				},
				"bor-1",
			);
			let cursor = 0;
			const station: SimulatedStation = bareStation({
				originUtcSeconds: end - 4 * HOUR,
				collectorPublicKey: keyedHashKeyOf("collector").publicKey,
				endpoint,
				witness: {
					appended: (canonicalBytes) => {
						entries.push(decodeEntry(canonicalBytes));
						times.push(station.utcSeconds);
					},
					acknowledged: (to) => {
						cursor = to;
					},
				},
			});
			while (station.utcSeconds < end + 4 * HOUR) await stepStation(station);
			const readings = entries.filter(({ kind }) => kind === "reading");
			assert.ok(readings.length >= 94, `${readings.length} readings in eight hours`);
			assert.equal(station.counters.crashes, 0);
			assert.ok(cursor >= entries.length - 15, `${cursor} of ${entries.length} acknowledged`);
			entries.forEach((entry, index) => {
				const at = times[index] ?? 0;
				assert.ok(entry.utcSeconds <= CALENDAR_END, `${entry.utcSeconds} at ${at}`);
				if (at > CALENDAR_END + 60 && entry.timeQuality !== TIME_QUALITIES.unset) {
					assert.fail(`${entry.kind} ${entry.sequence} of quality ${entry.timeQuality} at ${at}`);
				}
			});
		});
	}
});
