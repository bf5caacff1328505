import { strict as assert } from "node:assert";
import ADS1115, { type AnalogChannel } from "../../drivers/ads1115.js";
import BatteryDivider from "../../drivers/battery-divider.js";
import Loop420 from "../../drivers/turbidity/loop-4-20ma.js";
import { scriptedI2C, type Transaction } from "../support/bench/scripted-i2c.js";

/** AIN0 against ground, +-4.096 V, single shot, 128 per second, comparator off. */
const START: Transaction = { write: [0x01, 0xc3, 0x83] };
const DONE: Transaction = { write: [0x01], read: 2, gives: [0xc3, 0x83] };
const RUNNING: Transaction = { write: [0x01], read: 2, gives: [0x43, 0x83] };
const conversion = (code: number): Transaction => ({
	write: [0x00],
	read: 2,
	gives: [(code >> 8) & 0xff, code & 0xff],
});

function build(...transactions: readonly Transaction[]) {
	const bus = scriptedI2C();
	bus.expect(...transactions);
	const converter = new ADS1115({ sensor: bus.connection });
	return { bus, converter, channel: converter.channel(0, 4096) };
}

function code(expected: string) {
	return (error: unknown) => (error as { code?: string }).code === expected;
}

function fixed(microvolts: number, isClipped = false): AnalogChannel {
	return { pollMilliseconds: 2, begin: () => 9, sample: () => ({ microvolts, isClipped }) };
}

describe("the ADS1115 driver", () => {
	it("converts 1 V at +-4.096 V to code 8000 and back to a million microvolts", () => {
		const { bus, channel } = build(START, DONE, conversion(8000));
		assert.equal(channel.begin(), 9);
		assert.deepEqual(channel.sample(), { microvolts: 1_000_000, isClipped: false });
		bus.assertConsumed();
	});

	it("never takes a conversion register that may be stale: OS must say that ours is done", () => {
		const { bus, channel } = build(START, RUNNING, RUNNING, DONE, conversion(1));
		channel.begin();
		assert.equal(channel.sample(), undefined);
		assert.equal(channel.sample(), undefined);
		assert.equal(channel.sample()?.microvolts, 125);
		bus.assertConsumed();
	});

	it("reads small negative codes of a grounded input as such, not as 4 V", () => {
		const { channel } = build(START, DONE, conversion(0xffff));
		channel.begin();
		assert.deepEqual(channel.sample(), { microvolts: -125, isClipped: false });
	});

	it("calls both ends of the scale clipped, and whatever reaches the supply", () => {
		for (const [value, isClipped] of [
			[0x7fff, true],
			[0x8000, true],
			[26_400, true],
			[26_399, false],
		] as const) {
			const { channel } = build(START, DONE, conversion(value));
			channel.begin();
			assert.equal(channel.sample()?.isClipped, isClipped, String(value));
		}
	});

	it("notices a chip that was reset or reads all ones or zeros", () => {
		for (const gives of [
			[0x85, 0x83],
			[0xff, 0xff],
			[0x00, 0x00],
		]) {
			const { channel } = build(START, { write: [0x01], read: 2, gives });
			channel.begin();
			assert.throws(() => channel.sample(), code("probe-malformed"));
		}
	});

	it("gives up on a conversion that never ends", () => {
		const { bus, channel } = build(START, ...Array.from({ length: 51 }, () => RUNNING));
		channel.begin();
		for (let poll = 0; poll < 50; poll++) assert.equal(channel.sample(), undefined);
		assert.throws(() => channel.sample(), code("adc-timeout"));
		bus.assertConsumed();
	});

	it("does not hand one channel's conversion to another", () => {
		const { converter, channel } = build(START);
		channel.begin();
		assert.throws(() => converter.channel(1, 4096).sample(), code("adc-timeout"));
	});

	it("has the datasheet's bits for other inputs and gains", () => {
		const { bus, converter } = build({ write: [0x01, 0xd3, 0x83] }, { write: [0x01, 0xf5, 0x83] });
		converter.channel(1, 4096).begin();
		converter.channel(3, 2048).begin();
		bus.assertConsumed();
	});
});

describe("the 4-20 mA loop", () => {
	const stateAt = (milliamperes: number, isClipped = false): string | undefined =>
		new Loop420({
			sensor: fixed(milliamperes * 150_000, isClipped),
			shuntMilliohms: 150_000,
		}).sample()?.turbidimeter.state;

	it("has the states of NAMUR NE 43", () => {
		assert.deepEqual(
			[0, 3.5, 3.59, 3.6, 3.8, 3.82, 4, 12, 20, 20.48, 20.5, 21, 21.01, 22].map((milliamperes) =>
				stateAt(milliamperes),
			),
			[
				...["fault", "fault", "fault", "saturated", "saturated", "good", "good", "good", "good"],
				...["good", "saturated", "saturated", "fault", "fault"],
			],
		);
	});

	it("says clipped where the converter ends before the fault level", () => {
		assert.equal(stateAt(20.48, true), "clipped");
		assert.equal(stateAt(22, true), "fault");
	});

	it("keeps the signal itself, whatever the state", () => {
		const loop = new Loop420({ sensor: fixed(-250), shuntMilliohms: 150_000 });
		assert.equal(loop.sample()?.turbidimeter.signalMicrovolts, -250);
	});
});

describe("the battery's divider", () => {
	it("gives the volts at the terminals", () => {
		const options = { upperOhms: 100_000, lowerOhms: 20_000 };
		const battery = new BatteryDivider({ sensor: fixed(2_108_000), ...options });
		assert.equal(battery.sample()?.battery.voltage.toFixed(6), "12.648000");
	});

	it("has no number for a converter at its limit", () => {
		const options = { upperOhms: 100_000, lowerOhms: 20_000 };
		const battery = new BatteryDivider({ sensor: fixed(4_095_875, true), ...options });
		assert.throws(() => battery.sample(), code("probe-out-of-range"));
	});
});
