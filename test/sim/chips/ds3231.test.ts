import { strict as assert } from "node:assert";
import { VirtualClock } from "../../../sim/board/clock.js";
import { Ds3231, type Ds3231Options } from "../../../sim/chips/ds3231.js";
import { dateOfDay, dayOfDate } from "../../../sim/chips/ds3231-calendar.js";
import { ChipBench, hex } from "../../support/bench/chip-bench.js";

const NOON = Date.UTC(2026, 10, 23, 12, 0, 0) / 1000;
const DAY_MILLISECONDS = 86_400_000;

function plug(options: Partial<Ds3231Options> = {}) {
	const bench = new ChipBench();
	const chip = new Ds3231({ clock: bench.clock, ...options });
	const peer = bench.plug(chip);
	return {
		bench,
		chip,
		peer,
		get: (register: number, count: number) => hex(peer.writeRead(Uint8Array.of(register), count)),
		set: (register: number, ...bytes: number[]) => peer.write(Uint8Array.of(register, ...bytes)),
		/** Powers up with the time set. */
		setUtc(utcSeconds: number): void {
			chip.setUtc(utcSeconds);
		},
	};
}

describe("the DS3231's calendar", () => {
	it("agrees with the engine's over two centuries, but for 2100", () => {
		for (let day = 0; day < 36_525; day += 7) {
			const real = new Date(Date.UTC(2000, 0, 1 + day));
			const expected = {
				century: 0,
				year: real.getUTCFullYear() - 2000,
				month: real.getUTCMonth() + 1,
				date: real.getUTCDate(),
			};
			assert.deepEqual(dateOfDay(day), expected);
			assert.equal(dayOfDate(expected), day);
			assert.deepEqual(dateOfDay(day + 36_525), { ...expected, century: 1 });
		}
		assert.deepEqual(dateOfDay(36_525 + 59), { century: 1, year: 0, month: 2, date: 29 });
	});
});

describe("the DS3231", () => {
	it("begins at 00-01-01, day 1, stopped flag set, with the control of the datasheet", () => {
		const { get } = plug();
		// Two seconds on the bench.
		assert.equal(get(0, 7), "02000001010100");
		assert.equal(get(0x0e, 3), "1c8800");
	});

	it("shows UTC in binary-coded decimal and counts on", () => {
		const { bench, chip, get, set } = plug();
		chip.setUtc(NOON);
		// Monday 23 November 2026.
		assert.equal(get(0, 7), "00001201231126");
		bench.wait(DAY_MILLISECONDS - 1000);
		assert.equal(get(0, 7), "59591102241126");
		set(0x0f, 0x00);
		assert.equal(get(0x0f, 1), "00");
	});

	it("is set by bytes, seconds restarting its second", () => {
		const { bench, get, set } = plug();
		bench.wait(700);
		set(0, 0x56, 0x59, 0x23, 0x04, 0x31, 0x12, 0x99);
		bench.wait(900);
		assert.equal(get(0, 7), "56592304311299");
		bench.wait(3200);
		// The century bit toggles with the year.
		assert.equal(get(0, 7), "00000005018100");
	});

	it("takes the date in any order of its registers, one by one", () => {
		const { get, set } = plug();
		set(0, 0, 0, 0, 1, 0x10, 0x02, 0x23);
		set(4, 0x31);
		assert.equal(get(4, 3), "310223");
		set(5, 0x03);
		assert.equal(get(4, 3), "310323");
	});

	it("keeps twelve hours when it is told to", () => {
		const { bench, get, set } = plug();
		set(0, 0x59, 0x59, 0x40 | 0x11);
		bench.wait(1100);
		assert.equal(get(2, 1), "72");
		bench.wait(3_600_000);
		assert.equal(get(2, 1), "61");
		set(2, 0x40 | 0x12);
		bench.wait(3_600_000);
		assert.equal(get(2, 1), "41");
	});

	it("has a flag for a stopped oscillator that can be cleared and not be set", () => {
		const { get, set } = plug();
		set(0x0f, 0x08);
		assert.equal(get(0x0f, 1), "08");
		set(0x0f, 0x88);
		assert.equal(get(0x0f, 1), "08");
	});

	it("continues from its battery, and is set back without one", () => {
		const kept = plug();
		kept.chip.setUtc(NOON);
		kept.chip.setPower(false);
		assert.throws(() => kept.peer.read(1));
		kept.bench.wait(DAY_MILLISECONDS);
		kept.chip.setPower(true);
		assert.equal(kept.get(0, 7), "00001202241126");
		assert.equal(kept.get(0x0f, 1), "08");

		const lost = plug({ hasBattery: false });
		lost.chip.setUtc(NOON);
		lost.chip.setPower(false);
		lost.bench.wait(DAY_MILLISECONDS);
		lost.chip.setPower(true);
		assert.equal(lost.get(0, 7), "00000001010100");
		assert.equal(lost.get(0x0f, 1), "88");
	});

	it("keeps no time at all without power and battery, whatever it was set to", () => {
		const clock = new VirtualClock();
		const chip = new Ds3231({ clock, hasBattery: false });
		chip.setUtc(NOON);
		clock.consume(60e6);
		assert.equal(chip.aheadSeconds(NOON), 0);
	});

	it("stops on battery when EOSC says so, and owns up to it", () => {
		const { bench, chip, get, set } = plug();
		chip.setUtc(NOON);
		set(0x0e, 0x9c);
		chip.setPower(false);
		bench.wait(DAY_MILLISECONDS);
		chip.setPower(true);
		assert.equal(get(0, 7), "00001201231126");
		assert.equal(get(0x0f, 1), "88");
	});

	it("drifts as its crystal does, less what the aging register takes away", () => {
		const { bench, chip, set } = plug({ driftPartsPerMillion: 20 });
		chip.setUtc(NOON);
		bench.wait(DAY_MILLISECONDS);
		const ahead = chip.aheadSeconds(NOON + 86_400);
		assert.ok(Math.abs(ahead - 1.728) < 1e-6, `${ahead}`);
		set(0x10, 100);
		bench.wait(DAY_MILLISECONDS);
		const later = chip.aheadSeconds(NOON + 2 * 86_400);
		assert.ok(Math.abs(later - ahead - 0.864) < 1e-3, `${later}`);
	});

	it("tells its temperature in quarters of a degree, below zero too", () => {
		const world = { celsius: 25.3 };
		const { bench, get, set } = plug({ temperatureCelsius: () => world.celsius });
		assert.equal(get(0x11, 2), "1940");
		world.celsius = -3.5;
		assert.equal(get(0x11, 2), "1940");
		set(0x0e, 0x3c);
		assert.equal(get(0x0e, 2), "3c8c");
		bench.wait(200);
		assert.equal(get(0x0e, 2), "1c88");
		assert.equal(get(0x11, 2), "fc80");
		world.celsius = 10;
		bench.wait(64_000);
		assert.equal(get(0x11, 2), "0a00");
	});

	it("goes round its registers from 0x12 to 0x00", () => {
		const { chip, get } = plug();
		chip.setUtc(NOON);
		assert.equal(get(0x12, 3), "000000");
		assert.equal(get(0x13, 1), get(0, 1));
	});

	it("raises alarm 1 when hours, minutes and seconds match, and INT with it", () => {
		const { bench, chip, get, set } = plug();
		chip.setUtc(NOON);
		set(0x07, 0x30, 0x15, 0x12, 0x80);
		set(0x0e, 0x05);
		const now = bench.clock.microseconds;
		const due = chip.nextInterruptMicroseconds;
		assert.ok(due !== undefined && Math.abs(due - now - 930e6) < 1e4, `${due}`);
		bench.wait(929_000);
		assert.equal(chip.isInterrupting, false);
		assert.equal(get(0x0f, 1), "08");
		bench.wait(1000);
		assert.equal(chip.isInterrupting, true);
		assert.equal(get(0x0f, 1), "09");
		set(0x0f, 0x08);
		assert.equal(chip.isInterrupting, false);
		bench.wait(DAY_MILLISECONDS);
		assert.equal(get(0x0f, 1), "09");
	});

	it("raises alarms every second, minute, hour, on a date and on a weekday", () => {
		const due = (first: number, ...bytes: number[]): number | undefined => {
			const { bench, chip, set } = plug();
			chip.setUtc(NOON);
			set(first, ...bytes);
			set(0x0e, first === 0x07 ? 0x05 : 0x06);
			const now = bench.clock.microseconds;
			const next = chip.nextInterruptMicroseconds;
			return next === undefined ? undefined : Math.round((next - now) / 1e6);
		};
		assert.equal(due(0x07, 0x80, 0x80, 0x80, 0x80), 1);
		assert.equal(due(0x07, 0x30, 0x80, 0x80, 0x80), 30);
		assert.equal(due(0x07, 0x00, 0x30, 0x80, 0x80), 1800);
		// The 25th at 12:00:00, and Thursday (day 4) at 12:00:00.
		assert.equal(due(0x07, 0x00, 0x00, 0x12, 0x25), 2 * 86_400);
		assert.equal(due(0x07, 0x00, 0x00, 0x12, 0x44), 3 * 86_400);
		assert.equal(due(0x07, 0x00, 0x00, 0x12, 0x32), undefined);
		assert.equal(due(0x0b, 0x80, 0x80, 0x80), 60);
		assert.equal(due(0x0b, 0x05, 0x80, 0x80), 300);
	});

	it("compares its own weekday, whatever day the date is", () => {
		const { bench, chip, set } = plug();
		chip.setUtc(NOON);
		// A Monday that its owner calls day 5: tomorrow is day 6.
		set(0x03, 0x05);
		set(0x07, 0x00, 0x00, 0x12, 0x46);
		set(0x0e, 0x05);
		const due = (chip.nextInterruptMicroseconds ?? 0) - bench.clock.microseconds;
		assert.equal(Math.round(due / 1e6), 86_400);
	});

	it("continues from plain data as if it had never stopped", () => {
		const first = plug({ driftPartsPerMillion: -5 });
		first.chip.setUtc(NOON);
		first.set(0x07, 0x30, 0x15, 0x12, 0x80);
		const saved = JSON.parse(JSON.stringify(first.chip.save()));
		const clock = new VirtualClock(first.bench.clock.microseconds + 3_600_000_000);
		const second = new Ds3231({ clock });
		second.load(saved);
		first.bench.wait(3_600_000);
		assert.equal(second.aheadSeconds(NOON), first.chip.aheadSeconds(NOON));
		second.write(Uint8Array.of(0x0f));
		assert.equal(hex(second.read(1)), "09");
	});

	it("has no bits where its registers are empty", () => {
		const { get, set, setUtc } = plug();
		setUtc(NOON);
		set(3, 0xff);
		assert.equal(get(3, 1), "07");
	});
});
