import { strict as assert } from "node:assert";
import { StationError } from "../../../src/core/errors.js";
import { offeredByCollector } from "../../../src/firmware/station/offered-time.js";
import { TimeKeeper } from "../../../src/firmware/station/time-keeper.js";
import { TIME_QUALITIES, TIME_SOURCES } from "../../../src/protocol/record/entry-layouts.js";

const FLOOR = 1_700_000_000;
const HOUR = 3_600_000;

const COLLECTOR = TIME_SOURCES.indexOf("collector");
const NETWORK_TIME = TIME_SOURCES.indexOf("network-time");
const TECHNICIAN = TIME_SOURCES.indexOf("technician");
const WEEK = 7 * 24 * HOUR;

function build(
	options: { rtcUtcSeconds?: number; disciplinedMilliseconds?: number; isVouched?: boolean } = {},
) {
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
			if (rtc.isBroken) throw new StationError("bus-failed", "the RTC does not answer");
			offset = utcSeconds * 1000 - clock.milliseconds;
		},
	};
	const keeper = new TimeKeeper({
		rtc,
		clock,
		floorUtcSeconds: FLOOR,
		state: {
			newestUtcSeconds: 0,
			newestMilliseconds: undefined,
			isVouched: options.isVouched ?? false,
			disciplinedMilliseconds: options.disciplinedMilliseconds,
			stepOffer: undefined,
			reference: undefined,
			hasJumped: false,
			hasUnrecordedStep: false,
			doubtSeconds: 0,
		},
	});
	keeper.refresh();
	return { clock, rtc, keeper };
}

describe("time keeping", () => {
	it("takes the RTC as the clock and continues with the monotonic one in between", () => {
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
		assert.deepEqual(keeper.offer(FLOOR + 101, COLLECTOR), {
			kind: "kept",
			stepSeconds: 1,
			isNews: true,
		});
		assert.equal(keeper.timeQuality, TIME_QUALITIES.disciplined);
		clock.milliseconds += 25 * HOUR;
		keeper.refresh();
		assert.equal(keeper.timeQuality, TIME_QUALITIES.holdover);
	});

	it("steps by what drift explains, and measures the drift since it was put right before", () => {
		const { clock, keeper } = build({ rtcUtcSeconds: FLOOR });
		assert.equal(keeper.offer(FLOOR + 1, COLLECTOR).kind, "kept");
		// Asked every hour, and within a second all the time: that is no new beginning.
		const began = clock.milliseconds;
		while (clock.milliseconds - began < 1_000_000_000 - HOUR) {
			clock.milliseconds += HOUR;
			keeper.refresh();
			assert.equal(keeper.offer((keeper.utcSeconds ?? 0) + 1, COLLECTOR).kind, "kept");
		}
		clock.milliseconds = began + 1_000_000_000;
		keeper.refresh();
		const own = keeper.utcSeconds ?? 0;
		assert.deepEqual(keeper.offer(own + 2, COLLECTOR), {
			kind: "stepped",
			stepSeconds: 2,
			driftPartsPerBillion: -1000,
		});
		assert.equal(keeper.utcSeconds, own + 2);
		clock.milliseconds += HOUR;
		keeper.refresh();
		const soon = keeper.offer((keeper.utcSeconds ?? 0) - 2, COLLECTOR);
		assert.equal(soon.kind === "stepped" && soon.driftPartsPerBillion, undefined);
	});

	it("lets a slow answer be off by all that it leaves open, and the own clock by its reading beside that", () => {
		const { keeper } = build({ rtcUtcSeconds: FLOOR + 100, disciplinedMilliseconds: 0 });
		const own = keeper.utcSeconds ?? 0;
		// 11.6 s between question and answer, and the collector read its clock at the very beginning.
		// And a clock of which more is known is not moved by it.
		assert.equal(keeper.offer(own - 7, COLLECTOR, 6.804).kind, "kept");
		assert.equal(keeper.utcSeconds, own);
		assert.equal(keeper.offer(own + 20, COLLECTOR, 6.804).kind, "waiting-for-second-source");
	});

	it("moves a clock of which less is known by a slow answer all the same", () => {
		const { keeper } = build({ rtcUtcSeconds: FLOOR + 100 });
		const own = keeper.utcSeconds ?? 0;
		assert.equal(keeper.offer(own - 20, COLLECTOR, 6.804).kind, "stepped");
		assert.equal(keeper.utcSeconds, own - 20);
	});

	it("refuses a time below the floor or beyond the calendar, whatever its source", () => {
		const { keeper } = build({ rtcUtcSeconds: FLOOR + 100 });
		assert.equal(keeper.offer(FLOOR - 1, COLLECTOR).kind, "refused");
		assert.equal(keeper.offer(5_000_000_000, COLLECTOR).kind, "refused");
		assert.equal(keeper.utcSeconds, FLOOR + 100);
	});

	it("believes the last second of its clock's calendar, of the clock and of a source, and none after it", () => {
		const last = 4_102_444_799;
		const { keeper } = build({ rtcUtcSeconds: last });
		assert.equal(keeper.fault, undefined);
		assert.equal(keeper.utcSeconds, last);
		assert.equal(build({ rtcUtcSeconds: last + 1 }).keeper.fault, "rtc-malformed");
		const near = build({ rtcUtcSeconds: last - 1, disciplinedMilliseconds: 0 }).keeper;
		assert.equal(near.offer(last, COLLECTOR).kind, "kept");
		assert.equal(near.offer(last + 1, COLLECTOR).kind, "refused");
	});

	it("does not follow one source over years, however often it says so, short of a week", () => {
		for (const good of [{ disciplinedMilliseconds: 0 }, { isVouched: true }]) {
			const { clock, keeper } = build({ rtcUtcSeconds: FLOOR + 100, ...good });
			const began = clock.milliseconds;
			const lie = FLOOR + 94_608_000;
			const verdicts: string[] = [];
			while (clock.milliseconds - began < WEEK) {
				keeper.refresh();
				const passed = (clock.milliseconds - began) / 1000;
				const verdict = keeper.offer(lie + passed, COLLECTOR);
				verdicts.push(verdict.kind);
				if (verdict.kind === "waiting-for-second-source") {
					assert.equal(verdict.isFirst, verdicts.length === 1);
				}
				assert.equal(keeper.utcSeconds, FLOOR + 100 + passed);
				clock.milliseconds += HOUR;
			}
			assert.deepEqual([...new Set(verdicts)], ["waiting-for-second-source"]);
			assert.equal(keeper.offer(lie + WEEK / 1000, COLLECTOR).kind, "stepped");
		}
	});

	it("forgets a lie as soon as the truth is told again", () => {
		const { clock, keeper } = build({ rtcUtcSeconds: FLOOR + 100, disciplinedMilliseconds: 0 });
		for (let day = 0; day < 30; day++) {
			keeper.refresh();
			const own = keeper.utcSeconds ?? 0;
			assert.equal(keeper.offer(own + 94_608_000, COLLECTOR).kind, "waiting-for-second-source");
			assert.equal(keeper.offer(own, COLLECTOR).kind, "kept");
			clock.milliseconds += 24 * HOUR;
		}
		assert.equal(keeper.utcSeconds, FLOOR + 100 + 29 * 86_400 + 86_400);
	});

	it("takes a large step of a good clock when another source says the same ten minutes later", () => {
		const { clock, keeper } = build({ rtcUtcSeconds: FLOOR + 100, disciplinedMilliseconds: 0 });
		const then = FLOOR + 94_608_000;
		keeper.offer(then, COLLECTOR);
		clock.milliseconds += 599_000;
		assert.equal(keeper.offer(then + 599, TECHNICIAN).kind, "waiting-for-second-source");
		clock.milliseconds += 1000;
		assert.equal(keeper.offer(then + 600, TECHNICIAN).kind, "stepped");
		assert.equal(keeper.utcSeconds, then + 600);
	});

	it("is moved by network time that says what the collector said ten minutes ago", () => {
		for (const good of [{ disciplinedMilliseconds: 0 }, { isVouched: true }]) {
			const { clock, keeper } = build({ rtcUtcSeconds: FLOOR + 100, ...good });
			const then = FLOOR + 7300;
			keeper.offer(then, COLLECTOR);
			clock.milliseconds += 599_000;
			assert.equal(keeper.needsWitness, false);
			assert.equal(keeper.offer(then + 599, NETWORK_TIME).kind, "waiting-for-second-source");
			clock.milliseconds += 1000;
			assert.equal(keeper.needsWitness, true);
			assert.equal(keeper.offer(then + 600, NETWORK_TIME).kind, "stepped");
			assert.equal(keeper.utcSeconds, then + 600);
			assert.equal(keeper.timeQuality, TIME_QUALITIES.disciplined);
			assert.equal(keeper.needsWitness, false);
		}
	});

	it("is moved by network time alone neither by seconds nor by years, however long it insists", () => {
		for (const good of [{ disciplinedMilliseconds: 0 }, { isVouched: true }]) {
			for (const lie of [1, 2, 200, 94_608_000]) {
				const { clock, keeper } = build({ rtcUtcSeconds: FLOOR + 100, ...good });
				const began = clock.milliseconds;
				while (clock.milliseconds - began < 3 * WEEK) {
					keeper.refresh();
					const { disciplinedMilliseconds } = keeper.save();
					const own = FLOOR + 100 + (clock.milliseconds - began) / 1000;
					const { kind } = keeper.offer(own + lie, NETWORK_TIME);
					assert.ok(kind === "witnessed" || kind === "waiting-for-second-source", kind);
					assert.equal(keeper.utcSeconds, own);
					assert.equal(keeper.save().disciplinedMilliseconds, disciplinedMilliseconds);
					clock.milliseconds += HOUR;
				}
			}
		}
	});

	it("drops a step that a collector asks for when network time says what the clock says", () => {
		const { clock, keeper } = build({ rtcUtcSeconds: FLOOR + 100, isVouched: true });
		const began = clock.milliseconds;
		while (clock.milliseconds - began < 3 * WEEK) {
			keeper.refresh();
			const own = FLOOR + 100 + (clock.milliseconds - began) / 1000;
			assert.equal(keeper.offer(own + 94_608_000, COLLECTOR).kind, "waiting-for-second-source");
			if (keeper.needsWitness) {
				assert.equal(keeper.offer(own, NETWORK_TIME).kind, "witnessed");
				assert.equal(keeper.save().stepOffer, undefined);
			}
			assert.equal(keeper.utcSeconds, own);
			clock.milliseconds += HOUR;
		}
	});

	it("lets a collector insist for its week although network time lies in every other way meanwhile", () => {
		const { clock, keeper } = build({ rtcUtcSeconds: FLOOR + 100_000, isVouched: true });
		const began = clock.milliseconds;
		while (clock.milliseconds - began < WEEK) {
			keeper.refresh();
			const passed = (clock.milliseconds - began) / 1000;
			const { kind } = keeper.offer(FLOOR + 100 + passed, COLLECTOR);
			assert.equal(kind, "waiting-for-second-source");
			assert.equal(keeper.offer(FLOOR + 94_608_000 + 7 * passed, NETWORK_TIME).kind, "refused");
			clock.milliseconds += HOUR;
		}
		assert.equal(keeper.offer(FLOOR + 100 + WEEK / 1000, COLLECTOR).kind, "stepped");
	});

	it("is set by network time twice where there is no time, and calls that no discipline", () => {
		const { clock, keeper } = build({ isVouched: true });
		assert.equal(keeper.needsWitness, true);
		const lie = FLOOR + 94_608_000;
		assert.equal(keeper.offer(lie, NETWORK_TIME).kind, "waiting-for-second-source");
		assert.equal(keeper.needsWitness, false);
		clock.milliseconds += HOUR;
		assert.equal(keeper.offer(lie + 3600, NETWORK_TIME).kind, "stepped");
		assert.equal(keeper.utcSeconds, lie + 3600);
		assert.equal(keeper.timeQuality, TIME_QUALITIES.rtc);
		assert.equal(keeper.save().isVouched, false);
		// The collector, when it is there again, need not insist for a week, and is not shouted down.
		keeper.offer(FLOOR + 5000, COLLECTOR);
		clock.milliseconds += HOUR / 2;
		keeper.refresh();
		assert.equal(keeper.offer(lie + 5400, NETWORK_TIME).kind, "witnessed");
		assert.notEqual(keeper.save().stepOffer, undefined);
		clock.milliseconds += HOUR / 2;
		keeper.refresh();
		assert.equal(keeper.offer(FLOOR + 8600, COLLECTOR).kind, "stepped");
		assert.equal(keeper.timeQuality, TIME_QUALITIES.disciplined);
	});

	it("does not believe an RTC that jumps back, or ahead of the board's clock", () => {
		for (const jumpSeconds of [-1, -86_400, 700, 94_608_000]) {
			const { clock, rtc, keeper } = build({ rtcUtcSeconds: FLOOR + 1_000_000 });
			clock.milliseconds += HOUR;
			keeper.refresh();
			assert.equal(keeper.fault, undefined);
			const before = keeper.utcSeconds ?? 0;
			rtc.set(before + jumpSeconds);
			keeper.refresh();
			assert.equal(keeper.fault, "rtc-malformed", `${jumpSeconds}`);
			assert.equal(keeper.utcSeconds, undefined);
			// The collector says what the board's clock makes of the time before the jump: two sources.
			clock.milliseconds += HOUR;
			keeper.refresh();
			assert.deepEqual(keeper.offer(before + 3600, COLLECTOR), {
				kind: "stepped",
				stepSeconds: undefined,
				driftPartsPerBillion: undefined,
			});
			keeper.refresh();
			assert.equal(keeper.utcSeconds, before + 3600);
		}
	});

	it("can be put back from a future that it had believed", () => {
		const { clock, keeper } = build({ rtcUtcSeconds: FLOOR + 94_608_000 });
		keeper.offer(FLOOR + 1000, COLLECTOR);
		clock.milliseconds += HOUR;
		keeper.refresh();
		assert.equal(keeper.offer(FLOOR + 4600, COLLECTOR).kind, "stepped");
		clock.milliseconds += HOUR;
		keeper.refresh();
		assert.equal(keeper.utcSeconds, FLOOR + 8200);
		assert.equal(keeper.fault, undefined);
	});

	it("lets two sources agree although the board's clock between them is 5 % off", () => {
		const { clock, keeper } = build();
		keeper.offer(FLOOR + 1000, COLLECTOR);
		clock.milliseconds += HOUR;
		assert.equal(keeper.offer(FLOOR + 1000 + 3600 + 180, COLLECTOR).kind, "stepped");
	});

	it("takes a large step when two sources agree ten minutes apart", () => {
		const { clock, keeper } = build();
		assert.equal(keeper.offer(FLOOR + 1000, COLLECTOR).kind, "waiting-for-second-source");
		clock.milliseconds += 600_000;
		assert.equal(keeper.offer(FLOOR + 1601, COLLECTOR).kind, "stepped");
		assert.equal(keeper.utcSeconds, FLOOR + 1601);
	});

	it("starts over when the second source disagrees with the first", () => {
		const { clock, keeper } = build();
		keeper.offer(FLOOR + 1000, COLLECTOR);
		clock.milliseconds += 600_000;
		assert.equal(keeper.offer(FLOOR + 9000, COLLECTOR).kind, "waiting-for-second-source");
		clock.milliseconds += 600_000;
		assert.equal(keeper.offer(FLOOR + 9600, COLLECTOR).kind, "stepped");
	});

	it("is not set by an answer that leaves more open than it differs by", () => {
		const { clock, keeper } = build({ rtcUtcSeconds: FLOOR + 100, disciplinedMilliseconds: 0 });
		const slow = keeper.offer(FLOOR + 100 - 13, COLLECTOR, 14);
		assert.deepEqual(slow, { kind: "kept", stepSeconds: -13, isNews: false });
		assert.equal(keeper.utcSeconds, FLOOR + 100);
		assert.equal(keeper.save().disciplinedMilliseconds, 0);
		clock.milliseconds += 25 * HOUR;
		keeper.refresh();
		keeper.offer((keeper.utcSeconds ?? 0) + 5, COLLECTOR, 14);
		assert.equal(keeper.timeQuality, TIME_QUALITIES.holdover);
	});

	it("takes a slow answer for want of a better one, and is news again when a prompt one comes", () => {
		const { clock, keeper } = build({ rtcUtcSeconds: FLOOR + 100 });
		const first = keeper.offer(FLOOR + 90, COLLECTOR, 14);
		assert.deepEqual(first, { kind: "kept", stepSeconds: -10, isNews: true });
		assert.equal(keeper.save().doubtSeconds, 22);
		clock.milliseconds += HOUR;
		keeper.refresh();
		// What the slow one left open the prompt one may still correct alone.
		assert.equal(keeper.offer(FLOOR + 100 + 3600 + 20, COLLECTOR, 1.3).kind, "stepped");
		assert.equal(keeper.save().doubtSeconds, 0);
		assert.deepEqual(keeper.offer(FLOOR + 100 + 3600 + 20, COLLECTOR, 1.3), {
			kind: "kept",
			stepSeconds: 0,
			isNews: false,
		});
	});

	it("calls no step a drift that drift does not explain, however large it is", () => {
		const { clock, keeper } = build({ rtcUtcSeconds: FLOOR + 94_608_000 });
		keeper.offer(FLOOR + 94_608_000, COLLECTOR);
		clock.milliseconds += 30 * 24 * HOUR;
		keeper.refresh();
		keeper.offer(FLOOR + 100, COLLECTOR);
		clock.milliseconds += HOUR / 6;
		keeper.refresh();
		const verdict = keeper.offer(FLOOR + 700, NETWORK_TIME);
		assert.equal(verdict.kind, "stepped");
		assert.equal(verdict.kind === "stepped" && verdict.driftPartsPerBillion, undefined);
	});

	it("calls an RTC that was vouched for before the boot held over, so that the next boot knows of it", () => {
		const { keeper } = build({ rtcUtcSeconds: FLOOR + 100, isVouched: true });
		assert.equal(keeper.timeQuality, TIME_QUALITIES.holdover);
	});

	it("continues with the board's clock when the RTC takes no time, and says so every half hour", () => {
		const { clock, rtc, keeper } = build();
		rtc.isBroken = true;
		keeper.refresh();
		keeper.offer(FLOOR + 1000, COLLECTOR);
		clock.milliseconds += 600_000;
		assert.deepEqual(keeper.offer(FLOOR + 1600, COLLECTOR), { kind: "reckoned" });
		assert.equal(keeper.fault, "bus-failed");
		assert.equal(keeper.utcSeconds, undefined);
		assert.equal(keeper.needsWitness, false);
		clock.milliseconds += 1_200_000;
		assert.equal(keeper.offer(FLOOR + 2830, COLLECTOR).kind, "witnessed");
		clock.milliseconds += 600_000;
		assert.equal(keeper.offer(FLOOR + 3400, COLLECTOR).kind, "reckoned");
		// A liar now argues with the board's clock, for a week.
		clock.milliseconds += HOUR;
		assert.equal(keeper.offer(FLOOR + 94_608_000, COLLECTOR).kind, "waiting-for-second-source");
		clock.milliseconds += HOUR;
		const lie = keeper.offer(FLOOR + 94_611_600, COLLECTOR);
		assert.deepEqual(lie.kind, "waiting-for-second-source");
		// An RTC that answers again shows what nobody has set.
		rtc.isBroken = false;
		keeper.refresh();
		assert.equal(keeper.utcSeconds, undefined);
		assert.equal(keeper.offer(FLOOR + 10_600, COLLECTOR).kind, "stepped");
		assert.equal(keeper.utcSeconds, FLOOR + 10_600);
	});

	it("says of a step that the journal did not take that it is unknown, at the next time entry", () => {
		const { keeper } = build({ rtcUtcSeconds: FLOOR + 100 });
		assert.equal(keeper.offer(FLOOR + 150, COLLECTOR).kind, "stepped");
		keeper.recorded(false);
		assert.equal(keeper.save().hasUnrecordedStep, true);
		const next = keeper.offer(FLOOR + 150, COLLECTOR);
		assert.deepEqual(next, { kind: "kept", stepSeconds: 0, isNews: true });
		keeper.recorded(true);
		assert.equal(keeper.save().hasUnrecordedStep, false);
	});
});

describe("a collector's word for the time", () => {
	it("is bound by question and answer, and what the answer waited for since", () => {
		const times = { askedMilliseconds: 1000, answeredMilliseconds: 1300 };
		assert.deepEqual(offeredByCollector(FLOOR, times, 1300), {
			utcSeconds: FLOOR,
			source: "collector",
			uncertaintyMilliseconds: 1300,
		});
		// 27 s on the way, and 2 s until its signature was checked.
		const slow = { askedMilliseconds: 1000, answeredMilliseconds: 28_000 };
		assert.deepEqual(offeredByCollector(FLOOR, slow, 30_000), {
			utcSeconds: FLOOR + 16,
			source: "collector",
			uncertaintyMilliseconds: 14_000,
		});
	});
});
