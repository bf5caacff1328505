import { strict as assert } from "node:assert";
import {
	CRASH_RECORD_BYTES,
	CRASH_ROW_MILLISECONDS,
	type CrashCause,
	crash,
	loadCrashRecord,
	safeModeEndOf,
	storeCrashRecord,
	textOf,
} from "../../../src/firmware/station/crash-record.js";

function bench() {
	const bytes = new Uint8Array(CRASH_RECORD_BYTES).fill(0xa5);
	const clock = { milliseconds: 1_000_000 };
	const ends: string[] = [];
	const memory = {
		bytes,
		byteLength: bytes.length,
		read: (byteLength: number): Uint8Array => bytes.slice(0, byteLength),
		write: (from: Uint8Array): void => bytes.set(from),
	};
	const processor = {
		restart: (): number => ends.push("restart"),
		deepSleep: (milliseconds: number): number => ends.push(`sleep ${milliseconds}`),
	};
	return {
		memory,
		clock,
		ends,
		die: (error: unknown, cause: CrashCause = "task"): void =>
			crash({ memory, clock, processor, switchOff: () => ends.push("off"), cause, error }),
	};
}

describe("a crash record", () => {
	it("keeps cause, count, time and what was thrown", () => {
		const { clock, memory, die } = bench();
		assert.equal(loadCrashRecord(memory, clock.milliseconds), undefined);
		die(new TypeError("čvor is no object"), "callback");
		assert.deepEqual(loadCrashRecord(memory, clock.milliseconds), {
			code: 2,
			count: 1,
			atMilliseconds: 1_000_000,
			text: "TypeError: ?vor is no object",
			isReported: false,
			isSafeModeOpen: false,
		});
	});

	it("holds safe mode for an hour, not for days, when its clock has begun anew", () => {
		const { memory, clock, die } = bench();
		clock.milliseconds = 10 * 86_400_000;
		for (let times = 0; times < 3; times++) die("oops");
		clock.milliseconds = 250;
		assert.equal(safeModeEndOf(loadCrashRecord(memory, clock.milliseconds)), 250 + 3_600_000);
		// The next wake does not begin the hour again.
		clock.milliseconds = 300_000;
		assert.equal(safeModeEndOf(loadCrashRecord(memory, clock.milliseconds)), 250 + 3_600_000);
	});

	it("is none when any bit of it flipped", () => {
		const { clock, memory, die } = bench();
		die("oops");
		for (let bit = 0; bit < CRASH_RECORD_BYTES * 8; bit++) {
			// Bytes 10 and 11 are spare, and covered like the rest.
			const at = bit >> 3;
			memory.bytes[at] = (memory.bytes[at] ?? 0) ^ (1 << (bit & 7));
			assert.equal(loadCrashRecord(memory, clock.milliseconds), undefined, `bit ${bit}`);
			memory.bytes[at] = (memory.bytes[at] ?? 0) ^ (1 << (bit & 7));
		}
	});

	it("switches off what draws current before it restarts and before it pauses", () => {
		const { ends, die } = bench();
		for (let count = 0; count < 3; count++) die("oops");
		assert.deepEqual(ends, ["off", "restart", "off", "restart", "off", "sleep 10000"]);
	});

	it("restarts twice at once, then pauses longer each time, at most five minutes", () => {
		const { ends, die, clock } = bench();
		for (let count = 0; count < 10; count++) {
			die("oops");
			clock.milliseconds += 60_000;
		}
		const pauses = ends.filter((end) => end !== "off");
		assert.deepEqual(pauses, [
			"restart",
			"restart",
			"sleep 10000",
			"sleep 20000",
			"sleep 40000",
			"sleep 80000",
			"sleep 160000",
			"sleep 300000",
			"sleep 300000",
			"sleep 300000",
		]);
	});

	it("asks for safe mode after three in a row, for an hour, and not for crashes hours apart", () => {
		const { memory, die, clock } = bench();
		for (let count = 0; count < 5; count++) {
			die("rare");
			clock.milliseconds += CRASH_ROW_MILLISECONDS;
		}
		assert.equal(safeModeEndOf(loadCrashRecord(memory, clock.milliseconds)), undefined);
		for (let count = 0; count < 3; count++) die("often");
		assert.equal(
			safeModeEndOf(loadCrashRecord(memory, clock.milliseconds)),
			clock.milliseconds + 3_600_000,
		);
	});

	it("holds printable ASCII of anything that can be thrown", () => {
		const { clock, memory } = bench();
		assert.equal(textOf(undefined), "undefined");
		assert.equal(textOf(new Error("a\nb\u0000")), "Error: a?b?");
		storeCrashRecord(memory, {
			code: 1,
			count: 1,
			atMilliseconds: 0,
			text: "x".repeat(99),
			isReported: true,
			isSafeModeOpen: true,
		});
		assert.equal(loadCrashRecord(memory, clock.milliseconds)?.text.length, 40);
	});
});
