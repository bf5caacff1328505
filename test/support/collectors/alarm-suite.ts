/** What alarms promise, whatever their store; the test of each store runs this suite. */
import { strict as assert } from "node:assert";
import type { HookOutcome } from "../../../src/collector/alarms/alarm-post.js";
import { Ledger } from "../../../src/collector/ledger/ledger.js";
import type { SqlStore } from "../../../src/collector/store/store.js";
import { encodeEntry } from "../../../src/protocol/record/entry.js";
import {
	type AlarmBody,
	CALIBRATION_ACTS,
	type HeartbeatBody,
	NO_CALIBRATION_ACT,
} from "../../../src/protocol/record/entry-layouts.js";
import { ACID_ALARM } from "../data/alarm-body.js";
import { whole } from "../depth.js";
import { type AlarmBench, openAlarmBench, START_SECONDS } from "./alarm-bench.js";
import { COLLECTOR_KEY, recordOf } from "./ledger-suite.js";

const NOBODY = { by: "Amina N.", why: "a test" };
const HOUR = 3600;
const DAY = 86_400;

const HEADER = Object.freeze({
	channelSet: 0,
	timeQuality: 2,
	epoch: 7,
	sequence: 9,
	boot: 1,
	uptimeSeconds: 100,
	utcSeconds: START_SECONDS,
	configurationId: 1,
	stationFlags: 0,
});

/** Of conductivity, in force from now on. */
const CALIBRATION = Object.freeze({
	channelSet: 0,
	timeQuality: 2,
	boot: 1,
	uptimeSeconds: 100,
	configurationId: 1,
	stationFlags: 0,
	kind: "calibration",
	...NO_CALIBRATION_ACT,
	act: CALIBRATION_ACTS.indexOf("calibration"),
	calibrationId: 1,
	channel: 0,
	range: 0,
	curve: 0,
	coefficients: [1, 0, 0],
	utcSeconds: START_SECONDS,
} as const);

const HEARTBEAT: HeartbeatBody = Object.freeze({
	kind: "heartbeat",
	version: 1,
	ringShare: 0,
	wakes: 288,
	awakeSeconds: 5000,
	measuringSeconds: 4000,
	radioSeconds: 90,
	readingsDue: 288,
	readingsMade: 288,
	probeRetries: 0,
	chipRetries: 0,
	uploadsTried: 24,
	uploadsAcknowledged: 24,
	signalLowest: -70,
	signalMedian: -60,
	linkUpCentiseconds: 200,
	tlsUpCentiseconds: 100,
	resets: 0,
	sectorsRefused: 0,
	batteryLowestMillivolts: 12_100,
	batteryHighestMillivolts: 12_900,
	chargeMillicoulombs: undefined,
	heapLowestBytes: 30_000,
	bitsCorrected: 0,
	temperatureLowestCenti: undefined,
	temperatureHighestCenti: undefined,
	chargePerMille: 500,
	forecastDays: undefined,
});

function alarm(sequence: number, more: Partial<AlarmBody> = {}): Uint8Array {
	return encodeEntry({ ...HEADER, sequence, ...ACID_ALARM, ...more });
}

const stored = (bench: AlarmBench, ...entries: Uint8Array[]): Promise<void> =>
	bench.watch.stored({ station: "bor-1", entries, isNew: true });

const idsOf = ({ sent }: AlarmBench): unknown[] => sent.map(({ line }) => line["id"]);
const failing = (): HookOutcome => ({ isTaken: false, why: "500" });

export function describeAlarms(name: string, openEmpty: () => Promise<SqlStore>): void {
	describe(`alarms with ${name}`, function () {
		this.timeout(60_000);
		let store: SqlStore;
		const benches: AlarmBench[] = [];
		const open = async (
			options: Omit<Parameters<typeof openAlarmBench>[0], "store"> = {},
		): Promise<AlarmBench> => {
			const bench = await openAlarmBench({ store, ...options });
			benches.push(bench);
			return bench;
		};

		beforeEach(async () => {
			store = await openEmpty();
		});
		afterEach(async () => {
			for (const bench of benches.splice(0)) bench.kill();
			await store.close();
		});

		it("hand over what was claimed, with what the claim rests on and a sentence", async () => {
			const bench = await open();
			await stored(bench, alarm(45));
			await bench.play();
			assert.deepEqual(
				bench.sent.map(({ line }) => line),
				[
					{
						id: "bor-1/7/45",
						station: "bor-1",
						cause: "event",
						phase: "change",
						isTest: false,
						raisedUtcSeconds: 1_796_000_000,
						event: "acid",
						utcSeconds: 1_796_000_000,
						rule: 1,
						beginSequence: 40,
						readingSequence: 44,
						conductivity: 612,
						baseline: 500,
						pH: 7.42,
						pHBefore: 7.8,
						turbidity: null,
						secondsSinceBegin: 240,
						text:
							"bor-1: acid water changes, station's time 2026-11-30T00:53:20Z: conductivity 612 uS/cm at " +
							"25 degC, 500 before; pH 7.42, 7.8 before",
					},
				],
			);
		});

		it("are tried again with longer pauses until they are taken, in order, and then never again", async () => {
			let isUp = false;
			const bench = await open({ take: () => (isUp ? { isTaken: true } : failing()) });
			await stored(bench, alarm(45), alarm(46, { phase: 3 }));
			await bench.watch.turn();
			const waits: number[] = [];
			for (let turn = 0; turn < 3; turn++) {
				await bench.settled();
				const [pause] = bench.pauses;
				waits.push(pause?.seconds ?? 0);
				bench.clock.utcSeconds += pause?.seconds ?? 0;
				await bench.play();
			}
			assert.deepEqual(waits, [5, 10, 20]);
			assert.deepEqual(idsOf(bench), Array(4).fill("bor-1/7/45"));
			isUp = true;
			bench.clock.utcSeconds += 40;
			await bench.play();
			await stored(bench, alarm(45), alarm(46, { phase: 3 }));
			await bench.play();
			assert.deepEqual(idsOf(bench).slice(4), ["bor-1/7/45", "bor-1/7/46"]);
			assert.equal(await bench.queue.waitingCount("webhook"), 0);
		});

		it("continue after a death with what was not taken, and send what was taken no second time", async () => {
			const first = await open({
				take: (_hook, line) => (line["id"] === "bor-1/7/45" ? { isTaken: true } : failing()),
			});
			await stored(first, alarm(45), alarm(50, { beginSequence: 47 }));
			await first.play();
			first.kill();
			const second = await open({ clock: { utcSeconds: START_SECONDS + 600 } });
			await stored(second, alarm(45), alarm(50, { beginSequence: 47 }));
			await second.play();
			assert.deepEqual(idsOf(second), ["bor-1/7/50"]);
		});

		it("send once more what was taken while the collector died before its note, with the same id", async () => {
			const first = await open({ take: () => new Promise(() => {}) });
			await stored(first, alarm(45));
			while (first.sent.length === 0) await new Promise((resolve) => setImmediate(resolve));
			first.kill();
			const second = await open({ clock: { utcSeconds: START_SECONDS + 46 } });
			await second.play();
			assert.deepEqual(idsOf(second), ["bor-1/7/45"]);
		});

		it("are one where a station claims the same of one event twice", async () => {
			const bench = await open();
			await stored(bench, alarm(45), alarm(48), alarm(50, { phase: 3 }), alarm(52, { phase: 3 }));
			await bench.play();
			assert.deepEqual(idsOf(bench), ["bor-1/7/45", "bor-1/7/50"]);
		});

		it("go to each hook by itself: one that fails holds back no other", async () => {
			const bench = await open({
				hooks: ["command", "webhook"],
				take: (hook) => (hook === "command" ? failing() : { isTaken: true }),
			});
			await stored(bench, alarm(45), alarm(46, { phase: 3 }));
			await bench.play();
			assert.deepEqual(bench.sent.map(({ hook, line }) => `${hook} ${line["id"]}`).sort(), [
				"command bor-1/7/45",
				"webhook bor-1/7/45",
				"webhook bor-1/7/46",
			]);
		});

		it("wait for as long as the receiver asks", async () => {
			const bench = await open({
				take: () => ({ isTaken: false, why: "429", retryAfterSeconds: 600 }),
			});
			await stored(bench, alarm(45));
			await bench.play();
			for (let minute = 1; minute < 10; minute++) {
				bench.clock.utcSeconds += 60;
				await bench.play();
			}
			assert.equal(bench.sent.length, 1);
			bench.clock.utcSeconds += 60;
			await bench.play();
			assert.equal(bench.sent.length, 2);
		});

		it("let another station pass one that a receiver never takes", async () => {
			const bench = await open({
				take: (_hook, { station }) => (station === "bor-1" ? failing() : { isTaken: true }),
			});
			await stored(bench, alarm(45));
			await bench.watch.stored({ station: "pek-1", entries: [alarm(9)], isNew: true });
			await bench.play();
			bench.clock.utcSeconds += 5;
			await bench.play();
			assert.ok(idsOf(bench).includes("pek-1/7/9"));
		});

		it("are capped for a station that raises hundreds, and that is said once; others are told", async () => {
			const bench = await open();
			const storm = Array.from({ length: 288 }, (_, index) =>
				alarm(100 + index, { phase: 1, beginSequence: 0 }),
			);
			await stored(bench, ...storm);
			await stored(bench, ...storm);
			await bench.watch.stored({ station: "pek-1", entries: [alarm(9)], isNew: true });
			for (let turn = 0; turn < 3; turn++) await bench.play();
			const own = bench.sent.filter(({ line }) => line["station"] === "bor-1");
			assert.equal(own.length, 101);
			const capped = own.filter(({ line }) => line["cause"] === "capped");
			assert.deepEqual(
				capped.map(({ line }) => line["text"]),
				[
					"bor-1: more than 100 alarms within a day; further ones are not told, they are in the record",
				],
			);
			assert.ok(idsOf(bench).includes("pek-1/7/9"));
			const { untold } = await bench.decisions.list(false);
			assert.deepEqual(untold, { "bor-1": 376 });
			bench.clock.utcSeconds += DAY + 1;
			await stored(bench, alarm(600));
			await bench.play();
			assert.equal(idsOf(bench).at(-1), "bor-1/7/600");
		});

		whole(
			"of a station that was capped while the collector's clock was ahead are told once it is right",
			async () => {
				const clock = { utcSeconds: START_SECONDS + 400 * DAY };
				const bench = await open({ clock });
				const storm = Array.from({ length: 120 }, (_, index) =>
					alarm(100 + index, { phase: 1, beginSequence: 0 }),
				);
				await stored(bench, ...storm);
				await bench.play();
				assert.equal(bench.sent.length, 101);
				clock.utcSeconds = START_SECONDS;
				await stored(bench, alarm(600));
				await bench.play();
				assert.equal(idsOf(bench).at(-1), "bor-1/7/600");
			},
		);

		it("of a station that raises hundreds hold back no other's", async () => {
			const bench = await open({ take: failing });
			const storm = Array.from({ length: 90 }, (_, index) =>
				alarm(100 + index, { phase: 1, beginSequence: 0 }),
			);
			await stored(bench, ...storm);
			await bench.play();
			await bench.watch.stored({ station: "pek-1", entries: [alarm(9)], isNew: true });
			bench.clock.utcSeconds += 5;
			await bench.play();
			assert.equal(idsOf(bench).at(-1), "pek-1/7/9");
		});

		it("are bounded while nobody takes them", async () => {
			const bench = await open({ take: failing });
			for (let day = 0; day < 6; day++) {
				const storm = Array.from({ length: 90 }, (_, index) =>
					alarm(1000 * day + index + 1, { phase: 1, beginSequence: 0 }),
				);
				await stored(bench, ...storm);
				bench.clock.utcSeconds += DAY + 1;
			}
			assert.ok((await bench.queue.waitingCount("webhook")) <= 306);
		});

		it("are not told once somebody has seen them, and what comes later of the event is", async () => {
			const bench = await open({ take: failing });
			await stored(bench, alarm(40, { phase: 1, beginSequence: 0 }), alarm(45));
			await bench.play();
			assert.equal(await bench.decisions.acknowledge("bor-1/7/45", NOBODY), 2);
			bench.clock.utcSeconds += HOUR;
			await stored(bench, alarm(60, { phase: 3 }));
			await bench.play();
			assert.deepEqual(idsOf(bench), ["bor-1/7/40", "bor-1/7/60"]);
			const { alarms } = await bench.decisions.list(true);
			assert.deepEqual(
				alarms.map(({ body, acknowledged, hooks }) => [
					body.id,
					acknowledged?.by,
					acknowledged?.why,
					hooks["webhook"],
				]),
				[
					["bor-1/7/40", "Amina N.", "a test", "acknowledged"],
					["bor-1/7/45", "Amina N.", "a test", "acknowledged"],
					["bor-1/7/60", undefined, undefined, "waiting"],
				],
			);
			assert.equal((await bench.decisions.list(false)).alarms.length, 1);
			assert.equal(await bench.decisions.acknowledge("bor-1", NOBODY), 1);
			await assert.rejects(bench.decisions.acknowledge("pek-9", NOBODY), /no alarm and no station/);
			await assert.rejects(
				bench.decisions.acknowledge("bor-1", { by: "", why: "x" }),
				/say by whom and why/,
			);
		});

		it("wait while their station is muted; what is over by then is told to nobody, the rest is", async () => {
			const bench = await open();
			await stored(bench, alarm(30, { phase: 1, beginSequence: 0 }));
			await bench.play();
			await bench.decisions.mute("bor-1", "*", START_SECONDS + HOUR, NOBODY);
			// Begun and over while muted; begun before and over; begun only; another station.
			await stored(bench, alarm(40, { phase: 1, beginSequence: 0 }), alarm(45, { phase: 3 }));
			await stored(bench, alarm(46, { phase: 3, beginSequence: 30 }));
			await stored(bench, alarm(50, { phase: 1, beginSequence: 0 }));
			await bench.watch.stored({ station: "pek-1", entries: [alarm(9)], isNew: true });
			await bench.play();
			assert.deepEqual(idsOf(bench), ["bor-1/7/30", "pek-1/7/9"]);
			bench.clock.utcSeconds += HOUR;
			await bench.play();
			assert.deepEqual(idsOf(bench).slice(2), ["bor-1/7/46", "bor-1/7/50"]);
		});

		it("are told again at once where a mute of one cause is ended", async () => {
			const bench = await open();
			await bench.decisions.mute("*", "event", START_SECONDS + DAY, NOBODY);
			await stored(bench, alarm(45));
			await bench.watch.refused("bor-1", "malformed", "cut off");
			await bench.play();
			assert.deepEqual(idsOf(bench), ["bor-1/refused/malformed/20787"]);
			const { mutes } = await bench.decisions.list(false);
			assert.deepEqual(mutes, [
				{ station: "*", cause: "event", untilUtcSeconds: START_SECONDS + DAY },
			]);
			await bench.decisions.mute("*", "event", 0, NOBODY);
			await bench.play();
			assert.deepEqual(idsOf(bench).at(-1), "bor-1/7/45");
			assert.deepEqual((await bench.decisions.list(false)).mutes, []);
			const decided = await store.query(
				"select what, decided_by, why from alarm_decisions order by number",
			);
			assert.deepEqual(decided, [
				{
					what: `mute * event until ${START_SECONDS + DAY}`,
					decided_by: "Amina N.",
					why: "a test",
				},
				{ what: "unmute * event", decided_by: "Amina N.", why: "a test" },
			]);
		});

		it("say of a test that it is one, muted or not", async () => {
			const bench = await open({ hooks: ["command", "webhook"] });
			await bench.decisions.mute("*", "*", START_SECONDS + DAY, NOBODY);
			const id = await bench.decisions.test(NOBODY);
			await bench.play();
			assert.deepEqual(
				bench.sent.map(({ line }) => [line["id"], line["isTest"], line["station"], line["text"]]),
				Array(2).fill([
					id,
					true,
					null,
					"TEST, nothing has happened: asked for by Amina N., a test",
				]),
			);
			assert.deepEqual(await bench.decisions.hooksOf(id), { command: "told", webhook: "told" });
		});

		it("tell of a station that was not heard for three of its uploads, once, and when it is heard again", async () => {
			const bench = await open();
			const turn = async (seconds: number): Promise<void> => {
				bench.clock.utcSeconds = START_SECONDS + seconds;
				await bench.watch.turn();
				await bench.play();
			};
			await bench.watch.stored({ station: "bor-1", entries: [], isNew: true });
			await turn(60);
			// By its power level it uploads every six hours.
			const level = encodeEntry({ ...HEADER, kind: "event", code: 52, detail: 2, text: "" });
			await bench.watch.stored({ station: "pek-1", entries: [level], isNew: true });
			await turn(3 * HOUR);
			assert.equal(bench.sent.length, 0);
			// A sender that repeats what is public is not heard.
			await bench.watch.stored({ station: "bor-1", entries: [], isNew: false });
			await turn(3 * HOUR + 60);
			await turn(4 * HOUR);
			assert.deepEqual(
				bench.sent.map(({ line }) => line["text"]),
				[
					"bor-1 has not been heard since 2026-11-30T00:53:20Z: 3 uploads are due, one every 60 min",
				],
			);
			bench.clock.utcSeconds = START_SECONDS + 5 * HOUR;
			await bench.watch.stored({ station: "bor-1", entries: [], isNew: true });
			await turn(5 * HOUR);
			assert.equal(bench.sent[1]?.line["text"], "bor-1 is heard again, after 5 h");
			await turn(8 * HOUR + 1);
			assert.equal(bench.sent[2]?.line["id"], `bor-1/silence/${START_SECONDS + 5 * HOUR}`);
			await turn(18 * HOUR + 61);
			assert.equal(bench.sent[3]?.line["station"], "pek-1");
		});

		it("tell of a station that falls silent after the collector's clock was ahead and was put right", async () => {
			const clock = { utcSeconds: START_SECONDS + 400 * DAY };
			const bench = await open({ clock });
			await bench.watch.stored({ station: "bor-1", entries: [], isNew: true });
			await bench.watch.turn();
			clock.utcSeconds = START_SECONDS;
			await bench.watch.stored({ station: "bor-1", entries: [], isNew: true });
			await bench.watch.turn();
			clock.utcSeconds = START_SECONDS + 3 * HOUR;
			await bench.watch.turn();
			await bench.play();
			assert.equal(bench.sent.length, 0);
			clock.utcSeconds = START_SECONDS + 3 * HOUR + 1;
			await bench.watch.turn();
			await bench.play();
			assert.deepEqual(idsOf(bench), [`bor-1/silence/${START_SECONDS}`]);
		});

		it("blame no station for the time in which the collector did not listen", async () => {
			const first = await open();
			await first.watch.stored({ station: "bor-1", entries: [], isNew: true });
			await first.watch.turn();
			first.kill();
			const second = await open({ clock: { utcSeconds: START_SECONDS + 7 * DAY } });
			await second.watch.turn();
			second.clock.utcSeconds += 2 * HOUR;
			await second.watch.turn();
			await second.play();
			assert.equal(second.sent.length, 0);
			second.clock.utcSeconds += HOUR + 1;
			await second.watch.turn();
			await second.play();
			assert.deepEqual(idsOf(second), [`bor-1/silence/${START_SECONDS}`]);
		});

		it("tell of a battery whose forecast falls below the limit, and when it is well again", async () => {
			const bench = await open({ policy: { "battery-days": 10 } });
			for (const [day, forecastDays] of [30, 11, 9, 8, 11, 12, 13, 40].entries()) {
				const utcSeconds = START_SECONDS + day * DAY;
				bench.clock.utcSeconds = utcSeconds;
				const entry = encodeEntry({ ...HEADER, ...HEARTBEAT, utcSeconds, forecastDays });
				await bench.watch.stored({ station: "bor-1", entries: [entry], isNew: true });
				await bench.play();
			}
			// An old one that comes late says nothing of today.
			const late = encodeEntry({ ...HEADER, ...HEARTBEAT, forecastDays: 1 });
			await bench.watch.stored({ station: "bor-1", entries: [late], isNew: true });
			await bench.play();
			assert.deepEqual(
				bench.sent.map(({ line }) => line["text"]),
				[
					"bor-1: its battery lasts 9 days more by its forecast; less than 10",
					"bor-1: its battery lasts 13 days again by its forecast",
				],
			);
		});

		it("tell of a battery though what the station said before bears a time to come", async () => {
			const bench = await open({ policy: { "battery-days": 10 } });
			const report = async (days: number, forecastDays: number, detail: number): Promise<void> => {
				const utcSeconds = START_SECONDS + days * DAY;
				const level = { ...HEADER, kind: "event", code: 52, text: "", utcSeconds, detail } as const;
				const heartbeat = { ...HEADER, ...HEARTBEAT, utcSeconds, forecastDays };
				const entries = [encodeEntry(heartbeat), encodeEntry(level)];
				await bench.watch.stored({ station: "bor-1", entries, isNew: true });
				await bench.play();
			};
			// Its clock was a year ahead.
			await report(400, 30, 0);
			await report(0, 5, 4);
			assert.deepEqual(idsOf(bench).sort(), [
				`bor-1/battery/${START_SECONDS}`,
				`bor-1/battery/level/${START_SECONDS}`,
			]);
		});

		it("tell of a station that falls silent for its battery's sake, before it does", async () => {
			const bench = await open();
			for (const [detail, at] of [
				[3, 0],
				[4, 60],
				[4, 120],
				[3, 180],
			] as const) {
				const utcSeconds = START_SECONDS + at;
				const event = { kind: "event", code: 52, detail, text: "" } as const;
				const entries = [encodeEntry({ ...HEADER, ...event, utcSeconds })];
				await bench.watch.stored({ station: "bor-1", entries, isNew: true });
				await bench.play();
			}
			assert.deepEqual(
				bench.sent.map(({ line }) => line["text"]),
				[
					"bor-1: its battery is nearly empty; it measures four times a day and sends nothing until it is charged",
					"bor-1: its battery is charged enough to send again",
				],
			);
		});

		it("give a station whose uploads become rarer its time, and no longer after a single outage", async () => {
			const bench = await open();
			const heardAt = async (hours: number): Promise<void> => {
				bench.clock.utcSeconds = START_SECONDS + hours * HOUR;
				await bench.watch.stored({ station: "bor-1", entries: [], isNew: true });
				await bench.watch.turn();
				await bench.play();
			};
			// Every hour, two, four and eight hours.
			for (const hours of [1, 2, 3, 5, 7, 11, 15, 23, 31]) await heardAt(hours);
			assert.deepEqual(idsOf(bench), []);
			// Hourly again, with an outage of 20 hours.
			for (const hours of [32, 33, 34, 54, 55]) await heardAt(hours);
			assert.deepEqual(idsOf(bench).length, 0);
			bench.clock.utcSeconds = START_SECONDS + 58 * HOUR + 1;
			await bench.watch.turn();
			await bench.play();
			assert.deepEqual(idsOf(bench), [`bor-1/silence/${START_SECONDS + 55 * HOUR}`]);
		});

		it("tell of refused batches and forks that the station signed, once a day and reason", async () => {
			const bench = await open();
			const station = recordOf(24);
			const clock = bench.clock;
			const ledger = new Ledger({
				store,
				key: COLLECTOR_KEY,
				clock,
				onStored: (each) => bench.watch.stored(each),
				onRefused: ({ station: who, reason, detail }) => bench.watch.refused(who, reason, detail),
			});
			await ledger.enrol(station.station, station.publicKey);
			await ledger.receive(station.envelope(1, 12));
			const fork = station.envelope(13, 24, { previous: new Uint8Array(32).fill(9) });
			await ledger.receive(fork);
			await ledger.receive(fork);
			const forged = recordOf(24, { seed: 9 });
			await ledger.receive(forged.envelope(1, 12));
			await bench.play();
			assert.deepEqual(
				bench.sent.map(({ line }) => [line["cause"], line["reason"], line["text"]]),
				[
					[
						"fork",
						"fork",
						"bor-1: its record contradicts what it delivered before: fork (entries 13 to 24 continue another chain than what is stored)",
					],
				],
			);
			bench.clock.utcSeconds += DAY;
			await ledger.receive(fork);
			await bench.play();
			assert.equal(bench.sent.length, 2);
		});

		it("tell of a calibration beyond its date or its age, and no more once another one came", async () => {
			const bench = await open({ policy: { "calibration-days": 90, "silence-uploads": 0 } });
			const { clock } = bench;
			const station = recordOf(4);
			const calibration = (
				calibrationId: number,
				channel: number,
				utcSeconds: number,
				dueUtcSeconds: number,
			) => station.append({ ...CALIBRATION, calibrationId, channel, utcSeconds, dueUtcSeconds });
			calibration(1, 0, START_SECONDS - 30 * DAY, START_SECONDS + 2 * DAY);
			calibration(1, 2, START_SECONDS - 89 * DAY, 0);
			const ledger = new Ledger({
				store,
				key: COLLECTOR_KEY,
				clock,
				onStored: (each) => bench.watch.stored(each),
			});
			await ledger.enrol(station.station, station.publicKey);
			await ledger.receive(station.envelope(1, 6));
			const turn = async (): Promise<void> => {
				await bench.watch.turn();
				await bench.play();
			};
			await turn();
			assert.equal(bench.sent.length, 0);
			clock.utcSeconds += DAY + HOUR;
			await ledger.receive(station.envelope(1, 6));
			await turn();
			assert.deepEqual(
				bench.sent.map(({ line }) => line["text"]),
				[
					"bor-1: the calibration of conductivity of 2026-09-02T00:53:20Z is overdue since 2026-12-01T00:53:20Z",
				],
			);
			calibration(2, 0, clock.utcSeconds, clock.utcSeconds + 30 * DAY);
			await ledger.receive(station.envelope(7, 7));
			clock.utcSeconds += 2 * DAY;
			await ledger.receive(station.envelope(7, 7));
			await turn();
			assert.equal(bench.sent.length, 1);
		});

		it("tell of the calibration that an undo brought back, and of the undone one after a second undo", async () => {
			const bench = await open({ policy: { "silence-uploads": 0 } });
			const { clock } = bench;
			const station = recordOf(4);
			const ledger = new Ledger({
				store,
				key: COLLECTOR_KEY,
				clock,
				onStored: (each) => bench.watch.stored(each),
			});
			await ledger.enrol(station.station, station.publicKey);
			const raisedBy = async (days: number, ...entries: object[]): Promise<unknown[]> => {
				const first = station.entries.length + 1;
				for (const [index, entry] of entries.entries()) {
					const utcSeconds = clock.utcSeconds + index;
					station.append({ ...CALIBRATION, ...entry, utcSeconds });
				}
				await ledger.receive(station.envelope(first, station.entries.length));
				clock.utcSeconds += days * DAY;
				await bench.watch.turn();
				await bench.play();
				return idsOf(bench);
			};
			const due = (days: number) => ({ dueUtcSeconds: START_SECONDS + days * DAY });
			const undo = { act: CALIBRATION_ACTS.indexOf("undo") };
			assert.deepEqual(
				await raisedBy(3, { calibrationId: 1, ...due(2) }, { calibrationId: 2, ...due(30) }),
				[],
			);
			assert.deepEqual(await raisedBy(1, { calibrationId: 3, ...undo }), ["bor-1/calibration/0/1"]);
			assert.deepEqual(await raisedBy(27, { calibrationId: 4, ...undo }), [
				"bor-1/calibration/0/1",
				"bor-1/calibration/0/2",
			]);
		});

		it("are found in the record where the collector died between storing and noticing", async () => {
			const station = recordOf(4);
			station.append({ ...ACID_ALARM });
			const bench = await open();
			const ledger = new Ledger({ store, key: COLLECTOR_KEY, clock: bench.clock });
			await ledger.enrol(station.station, station.publicKey);
			await ledger.receive(station.envelope(1, 5));
			await bench.watch.checkNewest();
			await bench.watch.checkNewest();
			await bench.play();
			assert.deepEqual(idsOf(bench), ["bor-1/77/5"]);
		});

		it("of a hook that is gone are dropped, and are not told when it comes back", async () => {
			const first = await open({ take: failing });
			await stored(first, alarm(45));
			await first.play();
			first.kill();
			const second = await open({ hooks: [], clock: { utcSeconds: START_SECONDS + 8 * DAY } });
			await stored(second, alarm(46, { phase: 3 }));
			const third = await open({ clock: { utcSeconds: START_SECONDS + 8 * DAY } });
			await third.play();
			assert.equal(third.sent.length, 0);
		});
	});
}
