/** The EZO-DO driver against a script of its bus, and against the simulated circuit. */
import { strict as assert } from "node:assert";
import DissolvedOxygen from "../../drivers/atlas-ezo/do.js";
import { EZO_FIRMWARE } from "../../sim/chips/ezo-firmware.js";
import { oxygenSaturation } from "../../sim/river/oxygen.js";
import { CHANNEL_FLAGS } from "../../src/protocol/record/reading.js";
import { ProbeBench } from "../support/bench/probe-bench.js";
import { scriptedI2C, type Transaction } from "../support/bench/scripted-i2c.js";

const asked = (command: string, text: string): Transaction[] => [
	{ write: command },
	{ read: 40, gives: `\x01${text}\0` },
];
const refused = (command: string): Transaction[] => [
	{ write: command },
	{ read: 40, gives: "\x02\0" },
];

function opened(...transactions: readonly Transaction[]) {
	const bus = scriptedI2C();
	bus.expect(...transactions);
	const probe = new DissolvedOxygen({ sensor: bus.connection, hectopascals: 953 });
	probe.configure({ celsius: 19.46, microsiemensAt25: 860.4 });
	return { bus, probe };
}

function read(probe: DissolvedOxygen) {
	probe.begin();
	for (let poll = 0; poll < 40; poll++) {
		const sample = probe.sample();
		if (sample !== undefined) return sample;
	}
	throw new Error("no sample");
}

const IDENTITY = asked("i", "?I,D.O.,2.16");
const SET_UP = [
	...IDENTITY,
	...asked("O,?", "?,O,mg"),
	...asked("Cal,?", "?Cal,1"),
	...asked("S,?", "?S,700,uS"),
	...asked("P,?", "?,P,95.3"),
];

function code(expected: string) {
	return (error: unknown) => (error as { code?: string }).code === expected;
}

describe("the EZO-DO driver", () => {
	it("opens 0x61 at 100 kHz and says nothing before begin", () => {
		const { bus } = opened();
		assert.equal(bus.opened[0]?.address, 0x61);
		assert.equal(bus.opened[0]?.hz, 100_000);
		bus.assertConsumed();
	});

	it("reads with the temperature, and writes into the EEPROM nothing that is near enough there", () => {
		const { bus, probe } = opened(...SET_UP, ...asked("RT,19.5", "8.69"));
		assert.deepEqual(read(probe), {
			value: 8.69,
			isOutOfRange: false,
			isUncompensated: false,
			calibrationPoints: 1,
		});
		assert.equal(probe.identity, "EZO-DO 2.16 cal 1");
		bus.assertConsumed();
	});

	it("switches percent off, and sets salinity in uS/cm and pressure where they are others", () => {
		const { bus, probe } = opened(
			...asked("i", "?I,DO,1.98"),
			...asked("O,?", "?O,%"),
			...asked("O,mg,1", ""),
			...asked("O,%,0", ""),
			...asked("O,?", "?O,mg"),
			...asked("Cal,?", "?CAL,0"),
			...asked("S,?", "?S,37.5,ppt"),
			...asked("S,860", ""),
			...asked("P,?", "?,P,101.3"),
			...asked("P,95.3", ""),
			...asked("T,19.5", ""),
			...asked("R", "8.70"),
		);
		assert.deepEqual(read(probe), {
			value: 8.7,
			isOutOfRange: false,
			isUncompensated: false,
			calibrationPoints: 0,
		});
		bus.assertConsumed();
	});

	it("refuses answers that are no measurement", () => {
		for (const text of ["8.69,98.1", "no output", "-1.00", "", "8.6x"]) {
			const { probe } = opened(...SET_UP, ...asked("RT,19.5", text));
			assert.throws(() => read(probe), code("probe-malformed"), text);
		}
		const { probe } = opened(...SET_UP, ...asked("RT,19.5", "601"));
		assert.throws(() => read(probe), code("probe-out-of-range"));
	});

	it("refuses another circuit, a list of outputs that stays wrong, and a refusal", () => {
		const malformed = [
			asked("i", "?I,EC,2.16"),
			[
				...IDENTITY,
				...asked("O,?", "?,O,%,mg"),
				...asked("O,%,0", ""),
				...asked("O,?", "?,O,%,mg"),
			],
			[...IDENTITY, ...asked("O,?", "9.07")],
		];
		for (const script of malformed) {
			assert.throws(() => read(opened(...script).probe), code("probe-malformed"));
		}
		assert.throws(() => read(opened(...IDENTITY, ...refused("O,?")).probe), code("probe-syntax"));
	});
});

describe("dissolved oxygen through the simulated circuit", () => {
	for (const firmware of Object.values(EZO_FIRMWARE)) {
		it(`is that of the water within 0.03 mg/L with firmware ${firmware.version}`, () => {
			const bench = new ProbeBench({ firmware, probes: { oxygenProbe: "ezo-do" } });
			bench.oxygen.load({
				...bench.oxygen.save(),
				own: { ...bench.oxygen.save().own, points: 1, outputs: 3, salinity: 37.5, isPpt: 1 },
			});
			const { reading, failures } = bench.measure();
			assert.deepEqual(failures, []);
			assert.equal(reading.dissolvedOxygen.flags, 0);
			// 487.3 uS/cm at 11.25 degC are 0.33 g of salt in a litre.
			const truth = 0.9 * oxygenSaturation(11.25, 0.33, 1013);
			const value = (reading.dissolvedOxygen.value ?? 0) / 100;
			assert.ok(Math.abs(value - truth) <= 0.03, `${value} for ${truth} mg/L`);
			assert.equal(bench.oxygen.save().own["outputs"], 1);
		});
	}

	it("is uncalibrated as the circuit leaves the factory, and suspect in the air", () => {
		const bench = new ProbeBench({ probes: { oxygenProbe: "ezo-do" } });
		assert.equal(bench.measure().reading.dissolvedOxygen.flags, CHANNEL_FLAGS.uncalibrated);
		bench.water.microsiemens = 0;
		bench.water.oxygenPart = 1;
		assert.equal(
			bench.measure().reading.dissolvedOxygen.flags,
			CHANNEL_FLAGS.uncalibrated | CHANNEL_FLAGS.uncompensated | CHANNEL_FLAGS.suspect,
		);
	});
});

describe("saturation with oxygen", () => {
	it("is that of the tables of the US Geological Survey", () => {
		// DOTABLES: 760 mmHg, fresh water; 0, 10, 20, 30 degC.
		const saturations = [0, 10, 20, 30].map((celsius) =>
			Number(oxygenSaturation(celsius, 0, 1013.25).toFixed(2)),
		);
		assert.deepEqual(saturations, [14.62, 11.29, 9.09, 7.56]);
	});
});
