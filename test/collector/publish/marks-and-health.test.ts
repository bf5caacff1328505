/** What a station tells beside its readings: events, alarms, calibrations, visits, its health; on page, list and feed. */
import { strict as assert } from "node:assert";
import { CalibrationLog } from "../../../src/protocol/audit/calibration-log.js";
import { ProbeHealth } from "../../../src/protocol/audit/probe-health.js";
import { CHANNEL_SET_1 } from "../../../src/protocol/record/channel-set.js";
import { DerivationContext } from "../../../src/protocol/record/derive.js";
import { decodeEntry } from "../../../src/protocol/record/entry.js";
import { readingOf } from "../../../src/protocol/record/reading.js";
import {
	openPublishedRecord,
	type PublishedRecord,
} from "../../support/collectors/published-record.js";
import { SignedStation } from "../../support/collectors/signed-station.js";
import { ACID_ALARM } from "../../support/data/alarm-body.js";
import { CONFIGURATION_BODY } from "../../support/data/configuration-body.js";
import { dayOfReadings } from "../../support/data/day.js";
import { HEARTBEAT_BODY } from "../../support/data/heartbeat-body.js";

const START = 1_773_964_800;
const DAY = 86_400;

function stationOf(): SignedStation {
	const station = new SignedStation({ station: "bor-1" });
	const at = (utcSeconds: number, body: object) =>
		station.append({ ...body, utcSeconds, uptimeSeconds: utcSeconds - START } as never);
	at(START, { ...CONFIGURATION_BODY, intervalSeconds: 300 });
	for (const [day, drafts] of Array.from({ length: 9 }, (_, day) =>
		dayOfReadings(3, day),
	).entries()) {
		for (const draft of drafts) {
			if (draft.kind !== "reading") continue;
			const fields = [...draft.fields];
			for (const index of [2, 5, 8, 13]) fields[index] = 0;
			station.append({ ...draft, fields });
		}
		at(START + (day + 1) * DAY - 10, HEARTBEAT_BODY);
	}
	const end = START + 9 * DAY;
	at(end + 10, { kind: "event", code: 60, detail: 1, text: "Amina" });
	at(end + 20, {
		kind: "calibration",
		calibrationId: 5,
		previousId: 0,
		channel: 0,
		range: 0,
		curve: 0,
		act: 1,
		verdict: 1,
		rule: 1,
		parts: 0,
		points: 0,
		coefficients: [98, 99, 3],
		dueUtcSeconds: 0,
		firstPart: 0,
		exportBefore: new Uint8Array(8),
		exportAfter: new Uint8Array(8),
	});
	const begin = at(end + 30, { ...ACID_ALARM, phase: 1, beginSequence: 0 });
	at(end + 40, { ...ACID_ALARM, phase: 3, beginSequence: begin });
	at(end + 50, { ...ACID_ALARM, code: 4, phase: 1, beginSequence: 0 });
	return station;
}

describe("what a station tells", () => {
	let record: PublishedRecord;
	const station = stationOf();

	before(async () => {
		record = await openPublishedRecord();
		await record.publish(station);
	});

	after(() => record.close());

	it("is an open alarm on the overview, on the river and on its page, until it ends", async () => {
		const { alarms } = JSON.parse((await record.get("/v1/stations/bor-1")).text);
		assert.deepEqual(
			alarms.map(({ name, time }: Record<string, string>) => [name, time]),
			[["alarm-storm", "2026-03-29T00:00:50Z"]],
		);
		for (const path of ["/?lang=en", "/station/bor-1?lang=en", "/status/bor-1?lang=en"])
			assert.match((await record.get(path)).text, /▲ storm water<\/strong>/, path);
	});

	it("is a list with begins and ends, calibrations and visits, on the page without script and in the feed", async () => {
		const words = {
			en: [
				"Alarm: acid water, begins",
				"Alarm: acid water, ends",
				"Calibration: calibrated",
				"Event: a technician came or left",
				"Amina",
				"<td>pH</td>",
			],
			sr: [
				"Alarm: kisela voda, počinje",
				"Alarm: kisela voda, prestaje",
				"Kalibracija: kalibrisano",
			],
			"sr-Cyrl": [
				"Аларм: кисела вода, почиње",
				"Аларм: кисела вода, престаје",
				"Калибрација: калибрисано",
			],
		};
		for (const [language, all] of Object.entries(words)) {
			const [page, feed] = await Promise.all([
				record.get(`/status/bor-1?lang=${language}`),
				record.get(`/v1/stations/bor-1/feed.atom?lang=${language}`),
			]);
			for (const each of all) {
				assert.ok(page.text.includes(each), each);
				if (!each.startsWith("<")) assert.ok(feed.text.includes(each), each);
			}
		}
		const { text } = await record.get("/v1/stations/bor-1/feed.atom");
		assert.ok(text.indexOf("storm water") < text.indexOf("acid water, ends"));
	});

	it("is its health, as `bistrina history` has it, and its newest daily report", async () => {
		const health = new ProbeHealth();
		const log = new CalibrationLog();
		const context = new DerivationContext();
		const entries = station.entries.map((canonicalBytes) => decodeEntry(canonicalBytes));
		for (const entry of entries) context.observe(entry);
		for (const entry of entries) {
			const derived = context.derive(entry);
			if (entry.kind === "reading" && derived !== undefined)
				health.read(
					entry,
					derived,
					(readingOf(CHANNEL_SET_1, entry.fields).conductivity.value ?? 0) / 100,
				);
			const logged = log.observe(entry);
			if (logged !== undefined) health.observe(logged);
		}
		const known = health.lines().filter(({ verdict }) => verdict !== "unknown");
		assert.ok(known.length >= 2, JSON.stringify(health.lines()));
		const { text } = await record.get("/station/bor-1?lang=en");
		for (const { arithmetic } of known)
			assert.ok(
				text.includes(arithmetic.replaceAll(">", "&gt;").replaceAll("<", "&lt;")),
				arithmetic,
			);
		assert.equal(text.match(/<span class="health /g)?.length, known.length);
		// Nothing of it stays English on a Serbian page.
		const serbian = (await record.get("/station/bor-1?lang=sr")).text;
		assert.doesNotMatch(serbian, / (over|usual|a week|rise|last) /);
		assert.match(serbian, /[\d.]+ pH iz očitavanja: \d+/);
		assert.ok(
			text.includes(
				"287 of 288 readings of the day were made. Battery from 3.86 to 3.99 V. It would last 23 days without sun. Radio signal -71 dBm.",
			),
		);
	});
});
