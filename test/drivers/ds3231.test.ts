import { strict as assert } from "node:assert";
import DS3231 from "../../drivers/ds3231.js";
import type { I2CConnection } from "../../src/firmware/ports.js";
import { scriptedI2C, type Transaction } from "../support/bench/scripted-i2c.js";

interface Registers {
	readonly time?: readonly number[];
	readonly alarm1?: readonly number[];
	readonly control?: number;
	readonly status?: number;
}

/** 2024-02-29 23:59:58, a Thursday: 1709251198. */
const LEAP_DAY = [0x58, 0x59, 0x23, 0x04, 0x29, 0x02, 0x24];

function block(registers: Registers = {}): Transaction {
	const { time = LEAP_DAY, alarm1 = [0, 0, 0, 0], control = 0x1c, status = 0 } = registers;
	return { write: [0], read: 16, gives: [...time, ...alarm1, 0, 0, 0, control, status] };
}

function build(...transactions: readonly Transaction[]) {
	const bus = scriptedI2C();
	bus.expect(...transactions);
	return { bus, clock: new DS3231({ sensor: bus.connection }) };
}

function code(expected: string) {
	return (error: unknown) => (error as { code?: string }).code === expected;
}

describe("the DS3231 driver", () => {
	it("reads the time when two readings agree", () => {
		const { bus, clock } = build(block(), block());
		assert.equal(clock.read(), Date.UTC(2024, 1, 29, 23, 59, 58) / 1000);
		bus.assertConsumed();
	});

	it("lets the second change between two readings", () => {
		const later = [0x59, ...LEAP_DAY.slice(1)];
		const { clock } = build(block(), block({ time: later }));
		assert.equal(clock.read(), Date.UTC(2024, 1, 29, 23, 59, 59) / 1000);
	});

	it("does not believe a corrupt byte that makes another valid date", () => {
		const corrupt = [...LEAP_DAY.slice(0, 4), 0x09, 0x02, 0x24];
		const { bus, clock } = build(block({ time: corrupt }), block(), block());
		assert.equal(clock.read(), 1_709_251_198);
		bus.assertConsumed();
	});

	it("has no time when the oscillator had stopped (OSF), seen twice", () => {
		const stopped = block({ status: 0x88 });
		const { bus, clock } = build(stopped, stopped);
		assert.equal(clock.read(), undefined);
		bus.assertConsumed();
		assert.equal(build(stopped, block(), block()).clock.read(), 1_709_251_198);
	});

	it("reads the hour in 12-hour mode: 12 is midnight, PM adds twelve", () => {
		const hourOf = (register: number): number => {
			const time = [0, 0, register, 1, 1, 1, 0x24];
			const seconds = build(block({ time }), block({ time })).clock.read() ?? 0;
			return new Date(seconds * 1000).getUTCHours();
		};
		// 12 AM, 1 AM, 11 AM, 12 PM, 1 PM, 11 PM
		assert.deepEqual([0x52, 0x41, 0x51, 0x72, 0x61, 0x71].map(hourOf), [0, 1, 11, 12, 13, 23]);
	});

	it("keeps a good date whose century bit alone is set", () => {
		const time = LEAP_DAY.map((good, index) => (index === 5 ? good | 0x80 : good));
		const good = build(block({ time: LEAP_DAY }), block({ time: LEAP_DAY })).clock.read();
		assert.equal(build(block({ time }), block({ time })).clock.read(), good);
	});

	it("refuses bad BCD and dates that do not exist, with the century bit, too", () => {
		const bad: readonly (readonly [number, number])[] = [
			[0, 0x7a],
			[0, 0x60],
			[1, 0xa0],
			[2, 0x24],
			[2, 0x40],
			[2, 0x53],
			[4, 0x00],
			[4, 0x30],
			[4, 0x3a],
			[5, 0x00],
			[5, 0x13],
			[5, 0x93],
			[6, 0x2a],
			[6, 0x23],
		];
		for (const [register, byte] of bad) {
			const time = LEAP_DAY.map((good, index) => (index === register ? byte : good));
			const { clock } = build(...Array.from({ length: 4 }, () => block({ time })));
			assert.throws(() => clock.read(), code("rtc-malformed"), `register ${register}`);
		}
	});

	it("writes all time registers in one transaction, then clears OSF, then reads back", () => {
		const { bus, clock } = build(
			{ write: [0x00, ...LEAP_DAY] },
			block({ status: 0x8a }),
			// OSF cleared; EN32kHz kept; alarm flags written as 1 stay as they are.
			{ write: [0x0f, 0x0b] },
			block({ status: 0x0a }),
			block({ status: 0x0a }),
		);
		clock.set(1_709_251_198);
		bus.assertConsumed();
	});

	it("starts an oscillator that was switched off on battery", () => {
		const { bus, clock } = build(
			{ write: [0x00, ...LEAP_DAY] },
			block({ control: 0x9c, status: 0x88 }),
			{ write: [0x0e, 0x1c] },
			{ write: [0x0f, 0x0b] },
			block(),
			block(),
		);
		clock.set(1_709_251_198);
		bus.assertConsumed();
	});

	it("says when the clock did not take the time", () => {
		const old = block({ time: [0, 0, 0, 1, 1, 1, 0x24] });
		const { clock } = build({ write: [0x00, ...LEAP_DAY] }, old, { write: [0x0f, 0x03] }, old, old);
		assert.throws(() => clock.set(1_709_251_198), code("rtc-malformed"));
	});

	it("knows every day of its century, leap days and weekdays included", () => {
		const registers = new Uint8Array(16);
		class Memory {
			write(bytes: Uint8Array): void {
				registers.set(bytes.subarray(1), bytes[0]);
			}
			writeRead(_address: Uint8Array, into: Uint8Array): number {
				into.set(registers.subarray(0, into.length));
				return into.length;
			}
		}
		const io = Memory as unknown as I2CConnection["io"];
		const clock = new DS3231({ sensor: { io, data: 21, clock: 22 } });
		for (let day = 0; day < 36_525; day++) {
			const utcSeconds = Date.UTC(2000, 0, 1 + day) / 1000 + 45_296;
			clock.set(utcSeconds);
			const at = new Date(utcSeconds * 1000);
			const digits = [...registers.subarray(3, 7)].map((bcd) => bcd.toString(16)).join(" ");
			const expected = [
				((at.getUTCDay() + 6) % 7) + 1,
				at.getUTCDate(),
				at.getUTCMonth() + 1,
				at.getUTCFullYear() - 2000,
			].join(" ");
			if (digits !== expected) assert.equal(digits, expected);
		}
	});

	it("arms alarm 1 for one date and time, and finds it again", () => {
		const armed = block({ alarm1: [0x00, 0x05, 0x00, 0x01], control: 0x1d });
		const { bus, clock } = build(
			block({ status: 0x01 }),
			{ write: [0x0e, 0x1c] },
			{ write: [0x0f, 0x02] },
			{ write: [0x07, 0x00, 0x05, 0x00, 0x01] },
			block(),
			{ write: [0x0e, 0x1d] },
			armed,
		);
		const due = Date.UTC(2024, 2, 1, 0, 5, 0) / 1000;
		clock.setAlarm(due);
		assert.equal(clock.alarm(1_709_251_198), due);
		bus.assertConsumed();
	});
});
