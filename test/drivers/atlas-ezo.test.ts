import { strict as assert } from "node:assert";
import Conductivity from "../../drivers/atlas-ezo/ec.js";
import PH from "../../drivers/atlas-ezo/ph.js";
import RTD from "../../drivers/atlas-ezo/rtd.js";
import { type ScriptedI2C, scriptedI2C, type Transaction } from "../support/bench/scripted-i2c.js";

const BUSY: Transaction = { read: 40, gives: "\xfe" };
const NO_DATA: Transaction = { read: 40, gives: "\xff" };
const ok = (text: string): Transaction => ({ read: 40, gives: `\x01${text}\0` });
const asked = (command: string, text: string): Transaction[] => [{ write: command }, ok(text)];

interface Pollable<Sample> {
	begin(): number;
	sample(): Sample | undefined;
}

/** Begins and polls until a sample comes; fails after 40 polls. */
function read<Sample>(probe: Pollable<Sample>): Sample {
	probe.begin();
	for (let poll = 0; poll < 40; poll++) {
		const sample = probe.sample();
		if (sample !== undefined) return sample;
	}
	throw new Error("no sample");
}

function code(expected: string) {
	return (error: unknown) => (error as { code?: string }).code === expected;
}

function withBus<Probe>(
	Driver: new (options: { sensor: ScriptedI2C["connection"] }) => Probe,
	...transactions: readonly Transaction[]
): { bus: ScriptedI2C; probe: Probe } {
	const bus = scriptedI2C();
	bus.expect(...transactions);
	return { bus, probe: new Driver({ sensor: bus.connection }) };
}

const PH_SET_UP = [...asked("i", "?I,pH,2.16"), ...asked("Cal,?", "?Cal,3")];
const EC_SET_UP = [
	...asked("i", "?I,EC,2.16"),
	...asked("O,?", "?O,EC"),
	...asked("Cal,?", "?Cal,2"),
];

describe("the EZO-pH driver", () => {
	it("says nothing on the bus before begin, and opens 0x63 at 100 kHz", () => {
		const { bus } = withBus(PH);
		assert.equal(bus.opened[0]?.address, 0x63);
		assert.equal(bus.opened[0]?.hz, 100_000);
		bus.assertConsumed();
	});

	it("sets the water's temperature and reads in one command where the firmware can", () => {
		const { bus, probe } = withBus(PH, ...PH_SET_UP, ...asked("RT,19.5", "9.560"));
		probe.configure({ temperature: 19.46 });
		assert.deepEqual(read(probe), { pHMeter: { pH: 9.56, calibrationPoints: 3 } });
		bus.assertConsumed();
	});

	it("sets the temperature by T on firmware before 2.12", () => {
		const { bus, probe } = withBus(
			PH,
			...asked("i", "?I,pH,1.98"),
			...asked("Cal,?", "?CAL,1"),
			...asked("T,4.0", ""),
			...asked("R", "8.103"),
		);
		probe.configure({ temperature: 4 });
		assert.equal(read(probe).pHMeter.pH, 8.103);
		bus.assertConsumed();
	});

	it("falls back to T and R when RT is refused", () => {
		const { bus, probe } = withBus(
			PH,
			...PH_SET_UP,
			{ write: "RT,25.0" },
			{ read: 40, gives: "\x02" },
			...asked("T,25.0", ""),
			...asked("R", "7.512"),
		);
		assert.equal(read(probe).pHMeter.pH, 7.512);
		bus.assertConsumed();
	});

	it("sends the temperature again with every reading, and the set-up only once", () => {
		const { bus, probe } = withBus(
			PH,
			...PH_SET_UP,
			...asked("RT,25.0", "7.512"),
			...asked("RT,12.0", "7.530"),
		);
		read(probe);
		probe.configure({ temperature: 12 });
		assert.equal(read(probe).pHMeter.pH, 7.53);
		bus.assertConsumed();
	});

	it("polls a busy circuit (254) without sending anything new", () => {
		const { bus, probe } = withBus(
			PH,
			...PH_SET_UP,
			{ write: "RT,25.0" },
			...Array.from({ length: 9 }, () => BUSY),
			ok("7.001"),
		);
		assert.equal(read(probe).pHMeter.pH, 7.001);
		bus.assertConsumed();
	});

	it("reads status and text in one transaction, because the first read consumes the answer", () => {
		const { bus, probe } = withBus(PH, ...PH_SET_UP, ...asked("RT,25.0", "6.536"));
		read(probe);
		// Every scripted read was of 40 bytes: a read of one byte would not have matched.
		bus.assertConsumed();
	});

	it("sends a command again whose answer is gone (255), and gives up after five times", () => {
		const { bus, probe } = withBus(
			PH,
			...PH_SET_UP,
			{ write: "RT,25.0" },
			NO_DATA,
			...asked("RT,25.0", "7.1"),
		);
		assert.equal(read(probe).pHMeter.pH, 7.1);
		bus.assertConsumed();
		const lost: Transaction[] = [];
		for (let send = 0; send < 5; send++) lost.push({ write: "i" }, NO_DATA);
		const silent = withBus(PH, ...lost);
		assert.throws(() => read(silent.probe), code("probe-no-data"));
		silent.bus.assertConsumed();
	});

	it("reports a refusal (2) of what it cannot do without", () => {
		const { probe } = withBus(PH, { write: "i" }, { read: 40, gives: "\x02" });
		assert.throws(() => read(probe), code("probe-syntax"));
	});

	it("takes any other status for a fault of the bus", () => {
		const { probe } = withBus(PH, { write: "i" }, { read: 40, gives: "\0" });
		assert.throws(() => read(probe), code("bus-failed"));
	});

	it("understands the upper-case prefixes of old firmware and a comma after the question mark", () => {
		const { probe } = withBus(
			PH,
			...asked("i", "?i,PH,2.10"),
			...asked("Cal,?", "?,CAL,2"),
			...asked("T,25.0", ""),
			...asked("R", "7.2"),
		);
		assert.deepEqual(read(probe), { pHMeter: { pH: 7.2, calibrationPoints: 2 } });
	});

	it("refuses a circuit of another kind at its address", () => {
		const { probe } = withBus(PH, ...asked("i", "?I,DO,2.10"));
		assert.throws(() => read(probe), code("probe-malformed"));
	});

	it("takes a byte with bit 7 set, the mark of a stretched clock, for no number", () => {
		const { probe } = withBus(PH, ...PH_SET_UP, ...asked("RT,25.0", "7\xae12"));
		assert.throws(() => read(probe), code("probe-malformed"));
	});

	it("takes letters, too many decimals and an empty text for no number", () => {
		for (const text of ["", "7.12e1", "*ER", "7.1234", "7,12"]) {
			const { probe } = withBus(PH, ...PH_SET_UP, ...asked("RT,25.0", text));
			assert.throws(() => read(probe), code("probe-malformed"), text);
		}
	});

	it("takes an answer without an end, longer than a frame, for no number", () => {
		const endless: Transaction = { read: 40, gives: `\x01${"7".repeat(39)}` };
		const { probe } = withBus(PH, ...PH_SET_UP, { write: "RT,25.0" }, endless);
		assert.throws(() => read(probe), code("probe-malformed"));
	});

	it("takes a number off every scale for out of range", () => {
		const { probe } = withBus(PH, ...PH_SET_UP, ...asked("RT,25.0", "71.234"));
		assert.throws(() => read(probe), code("probe-out-of-range"));
	});

	it("sleeps without reading an answer, once, and wakes by a command that may be lost", () => {
		const { bus, probe } = withBus(
			PH,
			...PH_SET_UP,
			...asked("RT,25.0", "7.100"),
			{ write: "Sleep" },
			{ write: "i" },
			NO_DATA,
			...PH_SET_UP,
			...asked("RT,25.0", "7.101"),
		);
		read(probe);
		probe.sleep();
		// A second Sleep would wake it.
		probe.sleep();
		assert.equal(read(probe).pHMeter.pH, 7.101);
		bus.assertConsumed();
	});

	it("waits for the answer of an abandoned command before it sends a new one", () => {
		const { bus, probe } = withBus(
			PH,
			{ write: "i" },
			BUSY,
			BUSY,
			ok("?I,pH,2.16"),
			...PH_SET_UP,
			...asked("RT,25.0", "7.100"),
		);
		probe.begin();
		assert.equal(probe.sample(), undefined);
		assert.throws(() => probe.sleep(), code("probe-timeout"));
		assert.equal(read(probe).pHMeter.pH, 7.1);
		bus.assertConsumed();
	});

	it("sets the circuit up anew after a failed transaction, because it may have lost power", () => {
		const { bus, probe } = withBus(
			PH,
			...PH_SET_UP,
			{ write: "RT,25.0" },
			{ fails: "read" },
			NO_DATA,
			...PH_SET_UP,
			...asked("RT,25.0", "7.100"),
		);
		assert.throws(() => read(probe), code("bus-failed"));
		assert.equal(read(probe).pHMeter.pH, 7.1);
		bus.assertConsumed();
	});
});

describe("the EZO-EC driver", () => {
	it("gives raw conductivity: compensation is held at 25 degrees, K is never written", () => {
		const { bus, probe } = withBus(Conductivity, ...EC_SET_UP, ...asked("RT,25.0", "1413"));
		assert.deepEqual(read(probe), {
			conductivityMeter: { conductivity: 1413, calibrationPoints: 2 },
		});
		assert.equal(bus.opened[0]?.address, 0x64);
		bus.assertConsumed();
	});

	it("silences the other three quantities of a four-value board, and asks whether it took", () => {
		const { bus, probe } = withBus(
			Conductivity,
			...asked("i", "?I,EC,1.80"),
			...asked("O,?", "?O,EC,TDS,S,SG"),
			...asked("O,TDS,0", ""),
			...asked("O,S,0", ""),
			...asked("O,SG,0", ""),
			...asked("O,?", "?,O,EC"),
			...asked("Cal,?", "?CAL,0"),
			...asked("T,25.0", ""),
			...asked("R", "763.2"),
		);
		assert.deepEqual(read(probe), {
			conductivityMeter: { conductivity: 763.2, calibrationPoints: 0 },
		});
		bus.assertConsumed();
	});

	it("switches conductivity on where all outputs are off", () => {
		const { bus, probe } = withBus(
			Conductivity,
			...asked("i", "?I,EC,2.16"),
			...asked("O,?", "?O,No output"),
			...asked("O,EC,1", ""),
			...asked("O,?", "?O,EC"),
			...asked("Cal,?", "?Cal,2"),
			...asked("RT,25.0", "0.00"),
		);
		assert.equal(read(probe).conductivityMeter.conductivity, 0);
		bus.assertConsumed();
	});

	it("takes the first of four values from a board that knows no outputs", () => {
		const { probe } = withBus(
			Conductivity,
			...asked("i", "?I,EC,1.5"),
			{ write: "O,?" },
			{ read: 40, gives: "\x02" },
			...asked("Cal,?", "?CAL,1"),
			...asked("T,25.0", ""),
			...asked("R", "1413,763,0.70,1.000"),
		);
		assert.equal(read(probe).conductivityMeter.conductivity, 1413);
	});

	it("takes a count of values that does not fit the outputs for malformed", () => {
		const { probe } = withBus(Conductivity, ...EC_SET_UP, ...asked("RT,25.0", "1413,763"));
		assert.throws(() => read(probe), code("probe-malformed"));
	});
});

describe("the EZO-RTD driver", () => {
	const SET_UP = [...asked("i", "?I,RTD,2.10"), ...asked("S,?", "?S,c")];

	it("reads degrees Celsius below zero too", () => {
		const { bus, probe } = withBus(RTD, ...SET_UP, ...asked("R", "-0.312"));
		assert.deepEqual(read(probe), { thermometer: { temperature: -0.312 } });
		assert.equal(bus.opened[0]?.address, 0x66);
		bus.assertConsumed();
	});

	it("puts a circuit that was left in Fahrenheit or Kelvin back to Celsius", () => {
		const { bus, probe } = withBus(
			RTD,
			...asked("i", "?I,RTD,2.01"),
			...asked("S,?", "?S,f"),
			...asked("S,c", ""),
			...asked("S,?", "?S,C"),
			...asked("R", "22.362"),
		);
		assert.equal(read(probe).thermometer.temperature, 22.362);
		bus.assertConsumed();
	});

	it("knows -1023 with status 1 for an open RTD, not for cold water", () => {
		const { probe } = withBus(RTD, ...SET_UP, ...asked("R", "-1023.000"));
		assert.throws(() => read(probe), code("probe-absent"));
	});
});
