import { strict as assert } from "node:assert";
import type { Entry } from "../../../src/protocol/record/entry-layouts.js";
import { type ResolvedTime, TimeResolver } from "../../../src/protocol/record/time-resolver.js";

const UTC = 1_790_000_000;
const [RTC, COLLECTOR, NETWORK_TIME] = [0, 1, 2];
const [UNSET, OF_RTC, DISCIPLINED, HOLDOVER] = [0, 1, 2, 3];
const DAY = 86_400;

type Part = Partial<Entry> & { readonly uptimeSeconds: number };

/** An entry whose clock says `utcSeconds`; 0: it knows no time. */
function event(uptimeSeconds: number, utcSeconds: number, fields: Partial<Entry> = {}): Part {
	const timeQuality = utcSeconds === 0 ? UNSET : OF_RTC;
	return {
		kind: "event",
		code: 1,
		detail: 0,
		text: "",
		uptimeSeconds,
		utcSeconds,
		timeQuality,
		...fields,
	} as Part;
}

/** A time entry, 2 s uncertain, after which the station's clock says what it says. */
function time(uptimeSeconds: number, utcSeconds: number, fields: object = {}): Part {
	return {
		kind: "time",
		uptimeSeconds,
		utcSeconds,
		timeQuality: DISCIPLINED,
		atUptimeSeconds: uptimeSeconds,
		atUtcSeconds: utcSeconds,
		uncertaintyMilliseconds: 2000,
		stepSeconds: 0,
		driftPartsPerBillion: undefined,
		source: COLLECTOR,
		...fields,
	} as Part;
}

/** What a boot's first time entry says: what the RTC showed. */
function shown(uptimeSeconds: number, utcSeconds: number, fields: object = {}): Part {
	const unvouched = { timeQuality: OF_RTC, source: RTC, uncertaintyMilliseconds: undefined };
	return time(uptimeSeconds, utcSeconds, { ...unvouched, ...fields });
}

/** Numbers entries from 1 on, in boot 4 where nothing else is said, and places them all. */
function resolved(...parts: readonly Part[]): (ResolvedTime | undefined)[] {
	const entries = parts.map((part, index) => {
		const header = {
			channelSet: 0,
			epoch: 1,
			sequence: index + 1,
			configurationId: 1,
			stationFlags: 0,
		};
		const boot = "atBoot" in part ? part.atBoot : (part.boot ?? 4);
		return { ...header, boot, atBoot: boot, ...part } as Entry;
	});
	const resolver = new TimeResolver();
	for (const entry of entries) resolver.observe(entry);
	return entries.map((entry) => resolver.resolve(entry));
}

function at(utcSeconds: number, uncertaintyMilliseconds: number | undefined, source: string) {
	return { utcSeconds, uncertaintyMilliseconds, source };
}

describe("the placing of entries in time", () => {
	it("leaves an entry its own time, and claims nothing of it, where only the RTC spoke", () => {
		const [boot, reading] = resolved(shown(10, UTC), event(300, UTC + 290));
		assert.deepEqual(boot, at(UTC, undefined, "own"));
		assert.deepEqual(reading, at(UTC + 290, undefined, "own"));
	});

	it("refuses entries that are told out of sequence, by which a stretch would get another's doubt", () => {
		const later = {
			kind: "event",
			code: 1,
			detail: 0,
			text: "",
			channelSet: 0,
			epoch: 1,
			sequence: 2,
		};
		const header = { boot: 4, uptimeSeconds: 9, utcSeconds: UTC, timeQuality: UNSET };
		const second = { ...later, ...header, configurationId: 1, stationFlags: 0 } as Entry;
		const resolver = new TimeResolver();
		resolver.observe(second);
		assert.throws(() => resolver.observe({ ...second, sequence: 1 }), /out of sequence/);
		resolver.observe({ ...second, epoch: 2, sequence: 1 });
	});

	it("places what came before the time was known by the nearest time entry of its boot", () => {
		const [early, , between] = resolved(
			event(900, 0),
			time(1000, UTC + 1000, { stepSeconds: undefined, timeQuality: UNSET, utcSeconds: 0 }),
			event(8999, 0),
			time(9000, UTC + 9003, { stepSeconds: undefined, timeQuality: UNSET, utcSeconds: 0 }),
		);
		assert.deepEqual(early, at(UTC + 900, 2000 + 100 * 53, "placed"));
		assert.deepEqual(between, at(UTC + 9002, 2000 + 53, "placed"));
	});

	it("gives an entry's own time the doubt of the RTC's drift since the time entry before it", () => {
		const last = resolved(time(0, UTC), event(1_000_000, UTC + 1_000_003)).at(-1);
		assert.deepEqual(last, at(UTC + 1_000_003, 2000 + 1000 + 7001, "own"));
	});

	it("corrects what a wrong clock had dated by the step that put it right", () => {
		for (const wrongSeconds of [100, -5 * 3600, 94_608_000]) {
			const half = DAY / 2;
			const [, first, noon] = resolved(
				shown(10, UTC + 10 + wrongSeconds),
				event(300, UTC + 300 + wrongSeconds),
				event(half - 7200, UTC + half - 7200 + wrongSeconds),
				time(half, UTC + half, { stepSeconds: -wrongSeconds }),
			);
			assert.deepEqual(first, at(UTC + 300, 2000 + 1000 + 301, "corrected"), `${wrongSeconds} s`);
			assert.deepEqual(noon, at(UTC + half - 7200, 2000 + 1000 + 51, "corrected"));
		}
	});

	it("places by uptime alone between two time entries that the RTC's drift does not bring together", () => {
		const [, between] = resolved(
			time(0, UTC),
			event(10_000, UTC + 10_000),
			time(20_000, UTC + 20_100, { stepSeconds: 100 }),
		);
		assert.deepEqual(between, at(UTC + 10_000, 2000 + 10_000 * 53, "placed"));
	});

	it("does not correct across a stretch in which the RTC was not believed", () => {
		const [, before, , unset] = resolved(
			shown(10, UTC + 10),
			event(300, UTC + 300),
			event(600, 0),
			event(900, 0),
			time(1200, UTC + 1300, { stepSeconds: undefined }),
		);
		assert.deepEqual(before, at(UTC + 400, 2000 + 900 * 53, "placed"));
		assert.deepEqual(unset, at(UTC + 1000, 2000 + 300 * 53, "placed"));
	});

	it("takes no correction from a time entry that does not know what stepped before it", () => {
		const [, early] = resolved(
			shown(10, UTC + 3610),
			event(300, UTC + 3900),
			time(1300, UTC + 1300, { stepSeconds: undefined }),
		);
		assert.deepEqual(early, at(UTC + 300, 2000 + 1000 * 53, "placed"));
	});

	it("dates a boot without time entries of its own by the boots around it, where they agree", () => {
		const around = (stepSeconds: number) => [
			time(100, UTC, { boot: 3 }),
			shown(20, UTC + 4000, { boot: 4 }),
			event(1000, UTC + 4980, { boot: 4, timeQuality: HOLDOVER }),
			shown(20, UTC + 9000, { boot: 5 }),
			event(1020, UTC + 10_000, { boot: 5, timeQuality: HOLDOVER }),
			time(3020, UTC + 12_000 + stepSeconds, { boot: 5, stepSeconds }),
		];
		assert.deepEqual(resolved(...around(0))[2], at(UTC + 4980, 2000 + 1000 + 50, "own"));
		// Nobody knows when it went wrong; what its own boot says holds.
		const [, , unvouched, , after] = resolved(...around(-3600));
		assert.deepEqual(unvouched, at(UTC + 4980, undefined, "own"));
		assert.deepEqual(after, at(UTC + 10_000 - 3600, 2000 + 1000 + 14, "corrected"));
	});

	it("does not reach over entries that are missing, which may have been time entries", () => {
		const [, , beyond] = resolved(
			time(100, UTC, { boot: 3 }),
			shown(20, UTC + 4000, { boot: 4 }),
			event(1000, UTC + 4980, { boot: 4, sequence: 7 }),
			time(2000, UTC + 5980, { boot: 5, sequence: 8 }),
		);
		assert.deepEqual(beyond, at(UTC + 4980, undefined, "own"));
	});

	it("dates what was measured before the clock was set and written after that by the clock it had", () => {
		const late = resolved(
			shown(10, UTC + 3610),
			event(3590, UTC + 7190),
			time(3610, UTC + 3610, { stepSeconds: -3600 }),
			event(3600, UTC + 7200),
			event(3620, UTC + 3620),
		);
		assert.deepEqual(late[3], at(UTC + 3600, 2000 + 10 * 53, "placed"));
		assert.deepEqual(late[4], at(UTC + 3620, 2000 + 10 * 53, "placed"));
	});

	it("places by network time where nobody else said so, and by the collector where both did", () => {
		const alone = time(100, UTC + 9000, {
			source: NETWORK_TIME,
			timeQuality: OF_RTC,
			stepSeconds: undefined,
		});
		assert.deepEqual(resolved(event(90, 0), alone)[0], at(UTC + 8990, undefined, "placed"));
		const collector = time(7000, UTC + 8900, { stepSeconds: -7000 });
		const [early] = resolved(event(90, 0), alone, collector);
		assert.deepEqual(early, at(UTC + 1990, 2000 + 6910 * 53, "placed"));
		// Confirmed by the collector it is as good as the collector.
		const confirmed = time(7000, UTC + 8900, { source: NETWORK_TIME, stepSeconds: -7000 });
		assert.deepEqual(resolved(event(90, 0), alone, confirmed)[0], early);
	});

	it("doubts the RTC by twice what a source said that was not believed, and not by years", () => {
		const refused = (uptimeSeconds: number, detail: number): Part =>
			event(uptimeSeconds, UTC + uptimeSeconds, {
				code: 20,
				detail,
				text: "needs a second source",
			});
		const claims = (...steps: readonly number[]): (number | undefined)[] =>
			resolved(
				time(0, UTC),
				event(1000, UTC + 1000),
				...steps.map((step, index) => refused(2000 + index, step)),
				event(3000, UTC + 3000),
			).map((each) => each?.uncertaintyMilliseconds);
		assert.deepEqual(claims().slice(1), [3007, 3021]);
		// Somebody moved it by 8 s in between; by uptime alone it is 55 s.
		assert.deepEqual(claims(8), [2000, 3007 + 16_000, 3014 + 16_000, 3021 + 16_000]);
		assert.deepEqual(claims(94_608_000), [2000, 3007, 3014, 3021]);
		assert.deepEqual(claims(-5, 7), [2000, 17_007, 17_014, 17_015, 17_021]);
	});

	it("doubts the RTC by what of a slow answer's step drift does not explain", () => {
		const slow = { stepSeconds: 8, uncertaintyMilliseconds: 7000 };
		const claims = (fields: object): (number | undefined)[] =>
			resolved(time(0, UTC), event(4000, UTC + 4000), time(5000, UTC + 5000, fields)).map(
				(each) => each?.uncertaintyMilliseconds,
			);
		// A second of reading, 7 ms of drift after the first; of a step whole seconds explain one.
		assert.equal(claims({})[1], 3007);
		assert.equal(claims({ stepSeconds: 1 })[1], 3007);
		// Set back by two seconds in the middle, an RTC that was a second slow is off by three.
		assert.equal(claims({ stepSeconds: 2 })[1], 3007 + 965 + 2000);
		// 28 ms of drift; then 8 s less 35 ms and 1 s, and the 7 s that are open.
		assert.equal(claims(slow)[1], 3028 + 6965 + 7000);
	});

	it("takes a reading that began after the RTC jumped, and was written after an event, for one of after the jump", () => {
		const [, , , reading] = resolved(
			time(0, UTC),
			event(3600, UTC + 3600),
			// Put back by an hour in between.
			event(10_803, UTC + 7203),
			event(10_800, UTC + 7200),
		);
		assert.deepEqual(reading, {
			utcSeconds: UTC + 10_800,
			uncertaintyMilliseconds: 2000 + 572_400,
			source: "placed",
		});
	});

	it("corrects nothing by a step of an RTC that jumped just before", () => {
		// Somebody moved it back by 173 s between the last reading and the answer; the boot had no discipline yet.
		const [, reading] = resolved(
			shown(11, UTC + 11),
			event(2750, UTC + 2750),
			time(2929, UTC + 2929, { stepSeconds: 173 }),
		);
		// By the uptime to the time entry: 2 s, and 5.3 % of 179 s.
		assert.deepEqual(reading, {
			utcSeconds: UTC + 2750,
			uncertaintyMilliseconds: 2000 + 9487,
			source: "placed",
		});
	});

	it("says nothing about another boot", () => {
		const [early] = resolved(event(900, 0, { boot: 3 }), time(1000, UTC));
		assert.equal(early, undefined);
	});
});
