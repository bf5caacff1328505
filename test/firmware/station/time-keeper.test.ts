import { strict as assert } from "node:assert";
import { StationError } from "../../../src/core/errors.js";
import { TimeKeeper } from "../../../src/firmware/station/time-keeper.js";
import { TIME_QUALITIES } from "../../../src/protocol/entry.js";

const FLOOR = 1_700_000_000;
const HOUR = 3_600_000;

function build(options: { rtcUtcSeconds?: number; disciplinedMilliseconds?: number } = {}) {
	const clock = { milliseconds: 10 * HOUR };
	let offset: number | undefined =
		options.rtcUtcSeconds === undefined
			? undefined
			: options.rtcUtcSeconds * 1000 - clock.milliseconds;
	const rtc = {
		isBroken: false,
		read: (): number | undefined => {
			if (rtc.isBroken) throw new StationError("bus-failed", "the RTC does not answer");
			return offset === undefined ? undefined : Math.floor((clock.milliseconds + offset) / 1000);
		},
		set: (utcSeconds: number): void => {
			offset = utcSeconds * 1000 - clock.milliseconds;
		},
	};
	const keeper = new TimeKeeper({
		rtc,
		clock,
		floorUtcSeconds: FLOOR,
		disciplinedMilliseconds: options.disciplinedMilliseconds,
		stepOffer: undefined,
	});
	keeper.refresh();
	return { clock, rtc, keeper };
}

describe("time keeping", () => {
	it("takes the RTC as the clock and goes on with the monotonic one in between", () => {
		const { clock, keeper } = build({ rtcUtcSeconds: FLOOR + 100 });
		clock.milliseconds += 2500;
		assert.equal(keeper.utcSeconds, FLOOR + 102);
		assert.equal(keeper.timeQuality, TIME_QUALITIES.rtc);
	});

	it("has no time when the RTC had stopped, lies below the floor, or does not answer", () => {
		assert.equal(build().keeper.fault, "rtc-stopped");
		assert.equal(build({ rtcUtcSeconds: FLOOR - 1 }).keeper.fault, "rtc-malformed");
		const { rtc, keeper } = build({ rtcUtcSeconds: FLOOR + 5 });
		rtc.isBroken = true;
		keeper.refresh();
		assert.equal(keeper.fault, "bus-failed");
		assert.equal(keeper.utcSeconds, undefined);
		assert.equal(keeper.timeQuality, TIME_QUALITIES.unset);
	});

	it("is disciplined by a source within a second, and holds over after a day", () => {
		const { clock, keeper } = build({ rtcUtcSeconds: FLOOR + 100 });
		assert.deepEqual(keeper.offer(FLOOR + 101), { kind: "kept", stepMilliseconds: 1000 });
		assert.equal(keeper.timeQuality, TIME_QUALITIES.disciplined);
		clock.milliseconds += 25 * HOUR;
		keeper.refresh();
		assert.equal(keeper.timeQuality, TIME_QUALITIES.holdover);
	});

	it("steps by what drift explains and measures the drift", () => {
		const { clock, keeper } = build({ rtcUtcSeconds: FLOOR, disciplinedMilliseconds: 0 });
		clock.milliseconds += 1_000_000_000 - clock.milliseconds;
		keeper.refresh();
		const own = keeper.utcSeconds ?? 0;
		assert.deepEqual(keeper.offer(own + 4), {
			kind: "stepped",
			stepMilliseconds: 4000,
			driftPartsPerBillion: -4000,
		});
		assert.equal(keeper.utcSeconds, own + 4);
	});

	it("refuses a time below the floor or beyond the calendar, whoever says it", () => {
		const { keeper } = build({ rtcUtcSeconds: FLOOR + 100 });
		assert.equal(keeper.offer(FLOOR - 1).kind, "refused");
		assert.equal(keeper.offer(5_000_000_000).kind, "refused");
		assert.equal(keeper.utcSeconds, FLOOR + 100);
	});

	it("does not follow one source over years, nor the same lie within ten minutes", () => {
		const { clock, keeper } = build({ rtcUtcSeconds: FLOOR + 100, disciplinedMilliseconds: 0 });
		const lie = FLOOR + 94_608_000;
		assert.equal(keeper.offer(lie).kind, "waiting-for-second-source");
		clock.milliseconds += 60_000;
		assert.equal(keeper.offer(lie + 60).kind, "waiting-for-second-source");
		assert.equal(keeper.utcSeconds, FLOOR + 160);
	});

	it("takes a large step when two sources agree ten minutes apart", () => {
		const { clock, keeper } = build();
		assert.equal(keeper.offer(FLOOR + 1000).kind, "waiting-for-second-source");
		clock.milliseconds += 600_000;
		assert.equal(keeper.offer(FLOOR + 1601).kind, "stepped");
		assert.equal(keeper.utcSeconds, FLOOR + 1601);
	});

	it("starts over when the second source disagrees with the first", () => {
		const { clock, keeper } = build();
		keeper.offer(FLOOR + 1000);
		clock.milliseconds += 600_000;
		assert.equal(keeper.offer(FLOOR + 9000).kind, "waiting-for-second-source");
		clock.milliseconds += 600_000;
		assert.equal(keeper.offer(FLOOR + 9600).kind, "stepped");
	});
});
