import { strict as assert } from "node:assert";
import type { Entry } from "../../src/protocol/entry.js";
import { Placer } from "../../src/protocol/placement.js";

const HEADER = {
	channelSet: 0,
	timeQuality: 0,
	epoch: 1,
	sequence: 1,
	boot: 4,
	uptimeSeconds: 0,
	utcSeconds: 0,
	configurationId: 1,
	stationFlags: 0,
} as const;

function event(fields: Partial<Entry>): Entry {
	return { ...HEADER, kind: "event", code: 1, detail: 0, text: "", ...fields } as Entry;
}

const [RTC, COLLECTOR, NETWORK_TIME] = [0, 1, 2];

function time(
	atUptimeSeconds: number,
	atUtcSeconds: number,
	atBoot = 4,
	source = COLLECTOR,
): Entry {
	return {
		...HEADER,
		kind: "time",
		atBoot,
		atUptimeSeconds,
		atUtcSeconds,
		uncertaintyMilliseconds: 2000,
		stepSeconds: 0,
		driftPartsPerBillion: undefined,
		source,
	};
}

describe("the placing of entries in time", () => {
	it("believes an entry whose clock knew the time", () => {
		const placement = new Placer().place(event({ timeQuality: 2, utcSeconds: 1_790_000_000 }));
		assert.deepEqual(placement, {
			utcSeconds: 1_790_000_000,
			uncertaintyMilliseconds: undefined,
			source: "own",
		});
	});

	it("places what came before the time was known by the nearest time entry of its boot", () => {
		const placer = new Placer();
		placer.observe(time(1000, 1_790_001_000));
		placer.observe(time(9000, 1_790_009_003));
		assert.deepEqual(placer.place(event({ uptimeSeconds: 900 })), {
			utcSeconds: 1_790_000_900,
			uncertaintyMilliseconds: 2000 + 100 * 50,
			source: "placed",
		});
		assert.equal(placer.place(event({ uptimeSeconds: 8999 }))?.utcSeconds, 1_790_009_002);
	});

	it("gives an entry's own time the doubt of the RTC's drift since the nearest time entry", () => {
		const placer = new Placer();
		placer.observe(time(0, 1_790_000_000));
		const own = { timeQuality: 2, uptimeSeconds: 1_000_000, utcSeconds: 1_791_000_003 };
		assert.deepEqual(placer.place(event(own)), {
			utcSeconds: 1_791_000_003,
			uncertaintyMilliseconds: 2000 + 7000,
			source: "own",
		});
	});

	it("places what a wrong clock had dated, by who put it right and not by that clock", () => {
		const placer = new Placer();
		placer.observe(time(10, 1_890_000_010, 4, RTC));
		placer.observe(time(5000, 1_790_005_000));
		const dated = { timeQuality: 1, uptimeSeconds: 1000, utcSeconds: 1_890_001_000 };
		assert.deepEqual(placer.place(event(dated)), {
			utcSeconds: 1_790_001_000,
			uncertaintyMilliseconds: 2000 + 4000 * 50,
			source: "placed",
		});
	});

	it("places by network time where nobody else said so, and by the collector where both did", () => {
		const placer = new Placer();
		const alone = { ...time(100, 1_800_007_000, 4, NETWORK_TIME), timeQuality: 1 };
		placer.observe(alone);
		const early = event({ uptimeSeconds: 90 });
		assert.equal(placer.place(early)?.utcSeconds, 1_800_006_990);
		placer.observe(time(7000, 1_800_006_900));
		assert.equal(placer.place(early)?.utcSeconds, 1_799_999_990);
		// Confirmed by the collector it is as good as the collector, and nearer.
		placer.observe({ ...time(200, 1_800_000_105, 4, NETWORK_TIME), timeQuality: 2 });
		assert.equal(placer.place(early)?.utcSeconds, 1_799_999_995);
	});

	it("says nothing about another boot", () => {
		const placer = new Placer();
		placer.observe(time(1000, 1_790_001_000, 3));
		assert.equal(placer.place(event({ uptimeSeconds: 900 })), undefined);
	});
});
