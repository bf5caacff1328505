import { strict as assert } from "node:assert";
import INA226 from "../../drivers/ina226.js";
import { scriptedI2C, type Transaction } from "../support/bench/scripted-i2c.js";

const register = (address: number, word: number): Transaction => ({
	write: [address],
	read: 2,
	gives: [word >> 8, word & 0xff],
});
const IDENTITY = [register(0xfe, 0x5449), register(0xff, 0x2260)];
const START: Transaction[] = [register(0x06, 0x0008), { write: [0x00, 0x45, 0x23] }];
const CONFIG = register(0x00, 0x4523);

function build(...transactions: readonly Transaction[]) {
	const bus = scriptedI2C();
	bus.expect(...transactions);
	return { bus, monitor: new INA226({ sensor: bus.connection, shuntOhms: 0.1 }) };
}

function code(expected: string) {
	return (error: unknown) => (error as { code?: string }).code === expected;
}

describe("the INA226 driver", () => {
	it("waits for its own conversion and gives volts and amperes, negative when charging", () => {
		const { bus, monitor } = build(
			...IDENTITY,
			...START,
			CONFIG,
			register(0x06, 0),
			CONFIG,
			register(0x06, 0x0008),
			register(0x02, 10_120),
			register(0x01, 0xffff - 4000 + 1),
		);
		assert.equal(monitor.begin(), 39);
		assert.equal(monitor.sample(), undefined);
		const sample = monitor.sample();
		assert.equal(sample?.battery.voltage.toFixed(6), "12.650000");
		assert.equal(sample?.battery.current?.toFixed(6), "-0.100000");
		bus.assertConsumed();
	});

	it("needs no calibration register, which a brown-out would clear to a current of zero", () => {
		const { bus, monitor } = build(...IDENTITY, ...START, ...START);
		monitor.begin();
		monitor.begin();
		bus.assertConsumed();
	});

	it("notices a part that was reset while it converted", () => {
		const { monitor } = build(...IDENTITY, ...START, register(0x00, 0x4127));
		monitor.begin();
		assert.throws(() => monitor.sample(), code("probe-malformed"));
	});

	it("takes a later revision of the die, which stands in its lowest four bits", () => {
		const { bus, monitor } = build(register(0xfe, 0x5449), register(0xff, 0x2263), ...START);
		assert.equal(monitor.begin(), 39);
		bus.assertConsumed();
	});

	it("takes Silergy's replacement, which has other identities and the same registers", () => {
		const { bus, monitor } = build(register(0xfe, 0x190f), register(0xff, 0x0000), ...START);
		assert.equal(monitor.begin(), 39);
		bus.assertConsumed();
		const { monitor: other } = build(register(0xfe, 0x190f), register(0xff, 0x2260));
		assert.throws(() => other.begin(), code("probe-malformed"));
	});

	it("refuses another part in the crowded addresses around 0x40", () => {
		const { monitor } = build(register(0xfe, 0x5449), register(0xff, 0x2270));
		assert.throws(() => monitor.begin(), code("probe-malformed"));
	});

	it("has no number beyond 36 V, where the part ends and its register continues", () => {
		const volts = (word: number) => {
			const { monitor } = build(
				...IDENTITY,
				...START,
				CONFIG,
				register(0x06, 0x0008),
				register(0x02, word),
				register(0x01, 0),
			);
			monitor.begin();
			return monitor.sample()?.battery.voltage;
		};
		assert.equal(volts(28_800), 36);
		assert.throws(() => volts(28_801), code("probe-out-of-range"));
	});

	it("gives up on a conversion that never ends", () => {
		const polls = Array.from({ length: 51 }, () => [CONFIG, register(0x06, 0)]).flat();
		const { monitor } = build(...IDENTITY, ...START, ...polls);
		monitor.begin();
		for (let poll = 0; poll < 50; poll++) assert.equal(monitor.sample(), undefined);
		assert.throws(() => monitor.sample(), code("adc-timeout"));
	});
});
