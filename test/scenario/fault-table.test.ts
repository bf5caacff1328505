/**
 * Every fault of a probe or its bus that the models can have, what the reading says and what would
 * be published: the table docs/FAULTS.md is what these measurements gave, and no wrong number
 * stands in it unflagged.
 */

import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EZO_FIRMWARE } from "../../sim/chips/ezo-firmware.js";
import {
	DEFAULT_CONFIGURATION,
	type StationConfiguration,
} from "../../src/firmware/config/configuration.js";
import { turbidityCalibrationsOf } from "../../src/firmware/config/turbidity-curves.js";
import type { WaterMeasurement } from "../../src/firmware/measure/water.js";
import { byChannel } from "../../src/protocol/record/channels.js";
import {
	type DerivedValue,
	deriveReading,
	TURBIDITY_UNITS,
} from "../../src/protocol/record/derive.js";
import type {
	CalibrationBody,
	ConfigurationBody,
} from "../../src/protocol/record/entry-layouts.js";
import type { ProbeKinds } from "../../src/protocol/record/probe-kinds.js";
import { CHANNEL_FLAGS } from "../../src/protocol/record/reading.js";
import { ProbeBench, type ProbeBenchOptions, type Water } from "../support/bench/probe-bench.js";
import { BENCH_CONFIGURATION_BODY } from "../support/data/configuration-body.js";
import { PROJECT } from "../support/sources.js";

const PATH = join(PROJECT, "docs/FAULTS.md");
const ALWAYS = Number.POSITIVE_INFINITY;
const ADDRESSES = { pH: 0x63, conductivity: 0x64, temperature: 0x66, converter: 0x48 };
/** Byte 2 of a reading's frame is its second character. */
const SECOND_CHARACTER = 2;

/** The bench's loop: 0 FNU at 4 mA, 1000 at 20 mA, over 150 ohms; natural water. */
const CONFIGURATION = BENCH_CONFIGURATION_BODY;

/** Other parts than the reference board's, with what their records say. */
interface Parts {
	readonly kinds: Partial<ProbeKinds>;
	readonly configuration: ConfigurationBody;
	readonly calibrations: readonly CalibrationBody[];
}

function partsOf(fields: Partial<StationConfiguration>): Parts {
	const { turbidityProbe, thermometer, batteryGauge, ...defaults } = DEFAULT_CONFIGURATION;
	const kinds = { turbidityProbe, thermometer, batteryGauge };
	const configuration: StationConfiguration = {
		...{ ...defaults, ...kinds, ...fields },
		...{ station: "bench", collectorHost: "none", collectorPort: 443 },
		collectorPublicKey: new Uint8Array(33),
	};
	const calibrations = turbidityCalibrationsOf(configuration);
	const turbidityCurve = calibrations.length === 0 ? 0 : 1;
	const turbidityUnit = TURBIDITY_UNITS.indexOf(configuration.turbidityUnit);
	return {
		kinds: { ...kinds, ...fields },
		configuration: { ...CONFIGURATION, turbidityCurve, turbidityUnit },
		calibrations,
	};
}

/** The certificate of sim/probes/obs-3.ts. */
const OBS_3 = partsOf({
	turbidityProbe: "obs-3",
	turbidityUnit: "NTU",
	turbidityCoefficientsMicro: [-160_000, 191_247_000, 8_071_460, -640_000, 764_988_000, 32_285_840],
});
const SEN0189 = partsOf({ turbidityProbe: "sen0189", turbidityUnit: "relative" });
const DS18B20 = partsOf({ thermometer: "ds18b20" });
const INA226 = partsOf({ batteryGauge: "ina226" });

interface Row {
	readonly fault: string;
	readonly parts?: Parts;
	readonly options?: ProbeBenchOptions;
	/** Lays the fault over a healthy bench. */
	readonly inject: (bench: ProbeBench) => void;
	/** Where the water itself is another than the table's. */
	readonly truth?: { readonly turbidity: number };
	/**
	 * Why one measurement cannot see it, where that is so: such a row may be wrong without a flag.
	 */
	readonly blind?: string;
}

const absent = (address: number) => (bench: ProbeBench) => {
	for (const bus of [bench.probeBus, bench.systemBus]) {
		bus.addFault({ kind: "nack", address, times: ALWAYS });
	}
};
const corrupt = (address: number, skip: number) => (bench: ProbeBench) => {
	const byteIndex = address === ADDRESSES.converter ? 0 : SECOND_CHARACTER;
	for (const bus of [bench.probeBus, bench.systemBus]) {
		bus.addFault({ kind: "corrupt-read", address, skip, byteIndex, xor: 0x04 });
	}
};
const water = (changes: Partial<Water>) => (bench: ProbeBench) => {
	Object.assign(bench.water, changes);
};
const loopVolts = (milliamperes: number) => (bench: ProbeBench) => {
	bench.loop.volts = () => milliamperes * 0.15;
};
/** Something that strikes 1.2 s into the measurement, when the first circuit owes an answer. */
const soon = (strike: (bench: ProbeBench) => void) => (bench: ProbeBench) => {
	bench.clock.createAlarm(() => strike(bench)).schedule(1200);
};
const commandedBefore =
	(address: number, ...commands: readonly string[]) =>
	(bench: ProbeBench) => {
		bench.board.probeRail.on();
		bench.clock.advanceTo(bench.clock.microseconds + 2_000_000);
		bench.command(address, ...commands);
		bench.board.probeRail.off();
	};
const wired =
	(wiring: "open" | "short") =>
	({ chosen }: ProbeBench) => {
		if (chosen.oneWire !== undefined) chosen.oneWire.wiring = wiring;
	};
const live = (bench: ProbeBench, name: "pH" | "turbidity", read: () => number): void => {
	Object.defineProperty(bench.water, name, { get: read });
};

const ROWS: readonly Row[] = [
	{ fault: "none", inject: () => {} },
	{ fault: "pH circuit does not answer", inject: absent(ADDRESSES.pH) },
	{ fault: "conductivity circuit does not answer", inject: absent(ADDRESSES.conductivity) },
	{ fault: "temperature circuit does not answer", inject: absent(ADDRESSES.temperature) },
	{ fault: "converter does not answer", inject: absent(ADDRESSES.converter) },
	{
		fault: "every second transaction of the probe bus is not acknowledged",
		inject: (bench) => {
			for (let skip = 0; skip < 40; skip += 2) bench.probeBus.addFault({ kind: "nack", skip });
		},
	},
	{
		fault: "data line held low for five clocks",
		inject: soon(({ probeBus }) => probeBus.stickData(5)),
	},
	{
		fault: "data line held low until power goes",
		inject: soon(({ probeBus }) => probeBus.stickData("power")),
	},
	{
		fault: "clock line held low until power goes",
		inject: soon(({ probeBus }) => probeBus.stickClock()),
	},
	{
		fault: "data line of the system bus held low for ever",
		inject: ({ systemBus }) => systemBus.stickData("power"),
	},
	{
		fault: "clock stretched 20 ms, longer than the master waits, three times",
		inject: ({ probeBus }) =>
			probeBus.addFault({ kind: "stretch", milliseconds: 20, skip: 3, times: 3 }),
	},
	{ fault: "corrupt byte in a temperature", inject: corrupt(ADDRESSES.temperature, 2) },
	{ fault: "corrupt byte in a pH", inject: corrupt(ADDRESSES.pH, 3) },
	{ fault: "corrupt byte in a conductivity", inject: corrupt(ADDRESSES.conductivity, 4) },
	{ fault: "corrupt byte in a conversion", inject: corrupt(ADDRESSES.converter, 1) },
	{
		fault: "bit 7 set in every byte from the pH circuit",
		inject: ({ probeBus }) => {
			for (let byteIndex = 1; byteIndex < 6; byteIndex++) {
				probeBus.addFault({
					kind: "corrupt-read",
					address: ADDRESSES.pH,
					byteIndex,
					xor: 0x80,
					times: ALWAYS,
				});
			}
		},
	},
	{
		fault: "pH circuit never ready",
		inject: soon(({ pH }) => {
			pH.lateMilliseconds = 1e9;
		}),
	},
	{ fault: "RTD not connected", inject: water({ isRtdOpen: true }) },
	{
		fault: "thermometer left in Fahrenheit",
		inject: commandedBefore(ADDRESSES.temperature, "S,f"),
	},
	{ fault: "thermometer in the sun, 51 degC", inject: water({ celsius: 51 }) },
	{
		fault: "conductivity circuit prints four values",
		options: { firmware: EZO_FIRMWARE["1.98"] },
		inject: () => {},
	},
	{
		fault: "conductivity output switched off",
		inject: commandedBefore(ADDRESSES.conductivity, "O,EC,0"),
	},
	{
		fault: "circuits asleep on a rail that a crash left on",
		inject: (bench) => {
			commandedBefore(ADDRESSES.pH)(bench);
			bench.board.probeRail.on();
			bench.clock.advanceTo(bench.clock.microseconds + 2_000_000);
			bench.command(ADDRESSES.pH, "Sleep");
			bench.command(ADDRESSES.conductivity, "Sleep");
		},
	},
	{ fault: "circuits never calibrated", options: { isCalibrated: false }, inject: () => {} },
	{ fault: "electrode shorted: pH 7 without noise", inject: water({ pH: 7 }) },
	{ fault: "electrode beyond the scale", inject: water({ pH: -0.5 }) },
	{
		fault: "conductivity circuit shifts pH by 0.3 while it is awake",
		inject: (bench) => {
			const truth = bench.water.pH;
			live(bench, "pH", () => (bench.ec.isAsleep || !bench.ec.isPowered ? truth : truth + 0.3));
		},
	},
	{
		fault: "electrode wanders by 0.4",
		inject: (bench) => {
			let count = 0;
			live(bench, "pH", () => 7.812 + (count++ % 2) * 0.4);
		},
	},
	{ fault: "probes out of the water", inject: water({ microsiemens: 0 }) },
	{ fault: "loop broken, 0 mA", inject: loopVolts(0) },
	{ fault: "transmitter reports a fault, 3.5 mA", inject: loopVolts(3.5) },
	{ fault: "transmitter reports a fault, 22 mA", inject: loopVolts(22) },
	{ fault: "turbidity beyond the probe's scale", inject: water({ turbidity: 5000 }) },
	{ fault: "loop not yet started", options: { loopWarmUpMilliseconds: 60_000 }, inject: () => {} },
	{
		fault: "optics roll over in the next measurement after saturation: shown as 300 FNU",
		inject: (bench) => {
			bench.water.turbidity = 5000;
			bench.measure();
			bench.water.turbidity = 300;
		},
	},
	{
		fault: "a bubble in every fourth signal of the burst",
		inject: (bench) => {
			let count = 0;
			live(bench, "turbidity", () => (count++ % 4 === 3 ? 700 : 25));
		},
	},
	{
		fault: "a bubble in two of three signals of the burst, all of one size",
		inject: (bench) => {
			let count = 0;
			live(bench, "turbidity", () => (count++ % 3 === 0 ? 25 : 100));
		},
	},
	{
		fault: "bubbles of any size in most signals",
		inject: (bench) => {
			let count = 0;
			live(bench, "turbidity", () => (count++ % 3 === 0 ? 25 : 75 + ((count * 97) % 800)));
		},
	},
	{
		fault: "converter reset in the middle of a conversion",
		inject: (bench) => {
			bench.clock.createAlarm(() => bench.adc.generalCall(6)).schedule(10_004);
		},
	},
	{ fault: "battery beyond the divider, 24 V", inject: water({ batteryVolts: 24 }) },
	{ fault: "wire from the battery to the divider off", inject: water({ batteryVolts: 0 }) },
	{ fault: "cell in the air, under a wet film", inject: water({ microsiemens: 6 }) },
	{
		fault: "RTD not connected, and its circuit left in Kelvin",
		inject: (bench) => {
			commandedBefore(ADDRESSES.temperature, "S,k")(bench);
			bench.water.isRtdOpen = true;
		},
	},
	{ fault: "none, with an OBS-3+", parts: OBS_3, inject: () => {} },
	{
		fault: "OBS-3+ in its high range, 900 NTU",
		parts: OBS_3,
		inject: water({ turbidity: 900 }),
		truth: { turbidity: 900 },
	},
	{ fault: "OBS-3+ beyond its scale", parts: OBS_3, inject: water({ turbidity: 5000 }) },
	{
		fault: "OBS-3+ without its supply, or its cable cut",
		parts: OBS_3,
		inject: ({ chosen }) => {
			Object.defineProperty(chosen.obs3, "volts", { value: () => 0.000_125 });
		},
	},
	{
		fault: "optics of an OBS-3+ roll over in the next measurement after saturation: shown as 300",
		parts: OBS_3,
		inject: (bench) => {
			bench.water.turbidity = 5000;
			bench.measure();
			bench.water.turbidity = 300;
		},
	},
	{ fault: "none, with a SEN0189", parts: SEN0189, inject: () => {} },
	{
		fault: "SEN0189 beyond the vertex of its parabola: 4000",
		parts: SEN0189,
		inject: water({ turbidity: 4000 }),
	},
	{
		fault: "SEN0189 without its supply",
		parts: SEN0189,
		inject: ({ chosen }) => {
			chosen.switchTurbidity = () => {};
		},
	},
	{ fault: "none, with a DS18B20", parts: DS18B20, inject: () => {} },
	{ fault: "DS18B20's wire cut", parts: DS18B20, inject: wired("open") },
	{ fault: "DS18B20's wire shorted to ground: all zero", parts: DS18B20, inject: wired("short") },
	{
		fault: "DS18B20 on two wires: every conversion leaves 85 degC",
		parts: DS18B20,
		options: { thermometer: { isStarved: true } },
		inject: () => {},
	},
	{
		fault: "DS18B20's clone on two wires that keeps 25 degC and all that is written",
		parts: DS18B20,
		options: { thermometer: { isStarved: true, keepsScratchpad: true, powerOnCelsius: 25 } },
		inject: () => {},
	},
	{
		fault: "a bit of the DS18B20's scratchpad turned over",
		parts: DS18B20,
		inject: ({ chosen }) => chosen.oneWire?.addFault({ bitIndex: 6, skip: 4 }),
	},
	{ fault: "none, with an INA226", parts: INA226, inject: () => {} },
	{
		fault: "INA226 does not answer",
		parts: INA226,
		inject: ({ systemBus }) => systemBus.addFault({ kind: "nack", address: 0x40, times: ALWAYS }),
	},
	{
		fault: "corrupt byte in a voltage of the INA226",
		parts: INA226,
		inject: ({ systemBus }) =>
			systemBus.addFault({
				...{ kind: "corrupt-read", address: 0x40, skip: 5, byteIndex: 0, xor: 0x04 },
			}),
	},
	{
		fault: "fouled window: 15 FNU too much",
		inject: water({ turbidity: 40 }),
		blind: "grows over weeks; a cleaning shows it",
	},
	{
		fault: "optics roll over at once: 20 000 FNU shown as 300",
		inject: water({ turbidity: 300 }),
		blind: "the signal is that of 300 FNU, and no reading before it was saturated",
	},
	{
		fault: "a bubble in the conductivity cell takes a third",
		inject: water({ microsiemens: 325 }),
		blind: "stays for minutes; the readings before and after show it",
	},
	{
		fault: "the same bit turned over in both answers of the pH circuit",
		inject: ({ probeBus }) =>
			probeBus.addFault({
				...{ kind: "corrupt-read", address: ADDRESSES.pH, skip: 3, times: 3, byteIndex: 3 },
				xor: 0x08,
			}),
		blind: "two readings agree; were it to last, the circuit's name would be garbled, too",
	},
	{
		fault: "electrode offset of 0.2",
		inject: water({ pH: 8.012 }),
		blind: "only a buffer shows it",
	},
];

const CHANNELS = ["pH", "temperature", "conductivity", "turbidity", "battery"] as const;
type Channel = (typeof CHANNELS)[number];

interface Cell {
	readonly channel: Channel;
	readonly flags: number;
	readonly text: string;
	readonly isWrong: boolean;
}

interface Outcome {
	readonly row: Row;
	readonly cells: readonly Cell[];
	readonly measured: WaterMeasurement;
	/** What was laid over the buses has struck. */
	readonly isStruck: boolean;
}

/** What a perfect reading publishes, and how far from it a number is wrong: part, and absolute. */
function tolerated(truth: number, value: number, part: number, absolute: number): boolean {
	return Math.abs(value - truth) <= Math.max(Math.abs(truth) * part, absolute);
}

function outcomeOf(row: Row, truth: readonly number[]): Outcome {
	const { kinds, configuration, calibrations } = row.parts ?? partsOf({});
	const bench = new ProbeBench({ ...row.options, probes: kinds });
	const laid = countFaults(bench);
	row.inject(bench);
	const measured = bench.measure({
		burst: { count: 15, intervalMilliseconds: 250 },
		calibrationIds: {
			...byChannel(() => []),
			turbidity: calibrations.map(({ calibrationId }) => calibrationId),
		},
	});
	const derived = deriveReading(measured.set, measured.reading, configuration, (channel, id) =>
		calibrations.find((each) => each.channel === channel && each.calibrationId === id),
	);
	const values: readonly DerivedValue[] = CHANNELS.map((name) => derived[name]);
	const tolerances = [0, 0, 0.03, 0.02, 0.01];
	const absolutes = [0.05, 0.2, 5, 1, 0.1];
	const decimals = [2, 2, 0, 1, 2];
	const cells = CHANNELS.map((channel, index): Cell => {
		const { value, unit, flags, notes } = values[index]!;
		const raw = value === undefined ? `none (${notes.join(", ")})` : "";
		const text = value === undefined ? raw : `${value.toFixed(decimals[index])} ${unit}`;
		const isRight =
			value === undefined ||
			tolerated(
				(channel === "turbidity" ? row.truth?.turbidity : undefined) ?? truth[index] ?? value,
				value,
				tolerances[index]!,
				absolutes[index]!,
			);
		return { channel, flags, text, isWrong: !isRight };
	});
	return { row, cells, measured, isStruck: laid() };
}

/** Watches the buses of a bench; whether what was laid over them has struck, or nothing was. */
function countFaults({ probeBus, systemBus, chosen }: ProbeBench): () => boolean {
	let laid = 0;
	const { oneWire } = chosen;
	for (const bus of [probeBus, systemBus, oneWire]) {
		if (bus === undefined) continue;
		const addFault = bus.addFault.bind(bus) as (fault: unknown) => void;
		bus.addFault = (fault: unknown) => {
			laid++;
			addFault(fault);
		};
	}
	return () =>
		laid === 0 ||
		probeBus.counters.faults + systemBus.counters.faults + (oneWire?.strikes ?? 0) > 0;
}

function flagNames(flags: number): string {
	const names = Object.entries(CHANNEL_FLAGS).filter(([, bit]) => (flags & bit) !== 0);
	return names.map(([name]) => name).join(", ");
}

/** Rows of one fault: every channel that is flagged, missing or wrong, else one that says well. */
function rowsOf({ row, cells, measured }: Outcome): string[][] {
	const events = measured.events.map(({ code, detail, text }) =>
		`${code} ${detail} ${text}`.trim(),
	);
	const last = row.blind ?? events.join("; ");
	const odd = cells.filter(({ flags, text, isWrong }) => {
		return flags !== 0 || isWrong || text.startsWith("none");
	});
	if (odd.length === 0) return [[row.fault, "all", "none", "right", last]];
	return odd.map((cell, index) => {
		const flags = cell.flags === 0 ? "none" : flagNames(cell.flags);
		const judged = cell.isWrong ? `${cell.text}, wrong` : cell.text;
		const [fault = "", end = ""] = index === 0 ? [row.fault, last] : [];
		return [fault, cell.channel, flags, judged, end];
	});
}

/** A table of Markdown with its columns aligned, as the formatter wants it. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
	const widths = heads.map((head, index) =>
		Math.max(head.length, ...rows.map((row) => (row[index] ?? "").length)),
	);
	const line = (cells: readonly string[], filler: string): string =>
		`| ${widths.map((width, index) => (cells[index] ?? "").padEnd(width, filler)).join(" | ")} |`;
	return [line(heads, " "), line([], "-"), ...rows.map((row) => line(row, " "))];
}

function document(outcomes: readonly Outcome[]): string {
	const seen = outcomes.filter(({ row }) => row.blind === undefined);
	const blind = outcomes.filter(({ row }) => row.blind !== undefined);
	const columns = ["Fault", "Channel", "Flags", "Value published", "Events in the record"];
	return [
		"# Faults of probes and buses",
		"",
		"Written by the tests from measurements through the models of the chips: a fault is",
		"injected, the firmware's own drivers measure, the reading is derived as the collector",
		"derives it. Channels that are right and without a flag are left out. The water: pH 7.81,",
		"11.25 degC, 487.3 uS/cm raw, 25 FNU; battery 12.65 V; parts are the reference board's",
		"where nothing else is said. Events: `probe-failed` and",
		"`probe-recovered` carry the channel's index (pH 0, temperature 1, conductivity 2,",
		"turbidity 3, battery 4), `bus-cleared` 1 for clock pulses, 2 for the rail.",
		"",
		"No number in this table is wrong without a flag on it.",
		"",
		...table(columns, seen.flatMap(rowsOf)),
		"",
		"## What one measurement cannot see",
		"",
		"These numbers are wrong and carry no flag. They need history, a cleaning or a standard.",
		"",
		...table([...columns.slice(0, 4), "Why"], blind.flatMap(rowsOf)),
		"",
	].join("\n");
}

describe("faults of probes and buses", () => {
	const healthy = outcomeOf({ fault: "none", inject: () => {} }, []);
	const truth = healthy.cells.map(({ text }) => Number.parseFloat(text));
	const outcomes = ROWS.map((row) => outcomeOf(row, truth));

	it("publish no wrong number without a flag, but for those that one measurement cannot see", () => {
		const silent = outcomes
			.filter(({ row }) => row.blind === undefined)
			.flatMap(({ row, cells }) =>
				cells
					.filter(({ isWrong, flags }) => isWrong && flags === 0)
					.map(({ channel, text }) => `${row.fault}: ${channel} ${text}`),
			);
		assert.deepEqual(silent, []);
	});

	it("have all struck", () => {
		const missed = outcomes.filter(({ isStruck }) => !isStruck).map(({ row }) => row.fault);
		assert.deepEqual(missed, []);
	});

	it("are blind where the table says so, and nowhere is that said without need", () => {
		for (const { row, cells } of outcomes) {
			if (row.blind === undefined) continue;
			assert.ok(
				cells.some(({ isWrong, flags }) => isWrong && flags === 0),
				row.fault,
			);
		}
	});

	it("stand in docs/FAULTS.md as they were measured", () => {
		const text = document(outcomes);
		if (process.env["BISTRINA_WRITE_DOCS"] === "1") writeFileSync(PATH, text);
		assert.equal(readFileSync(PATH, "utf8"), text, "BISTRINA_WRITE_DOCS=1 npm test writes it anew");
	});
});
