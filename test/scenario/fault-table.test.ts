/**
 * Every fault of a probe or its bus that the models can have, what the reading says and what would
 * be published: the table docs/FAULTS.md is what these measurements gave, and no wrong number
 * stands in it unflagged.
 */
import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EZO_FIRMWARE } from "../../sim/chips/ezo-firmware.js";
import type { WaterMeasurement } from "../../src/firmware/measure/water.js";
import { type DerivedValue, deriveWaterReading } from "../../src/protocol/derive.js";
import type { ConfigurationBody } from "../../src/protocol/entry.js";
import { CHANNEL_FLAGS } from "../../src/protocol/reading.js";
import { ProbeBench, type ProbeBenchOptions, type Water } from "../support/probe-bench.js";
import { PROJECT } from "../support/sources.js";

const PATH = join(PROJECT, "docs/FAULTS.md");
const ALWAYS = Number.POSITIVE_INFINITY;
const ADDRESSES = { pH: 0x63, conductivity: 0x64, temperature: 0x66, converter: 0x48 };
/** Byte 2 of a reading's frame is its second character. */
const SECOND_CHARACTER = 2;

/** The bench's loop: 0 FNU at 4 mA, 1000 at 20 mA, over 150 ohms; natural water. */
const CONFIGURATION: ConfigurationBody = {
	kind: "configuration",
	definedId: 1,
	conductivityLaw: 1,
	alphaPerMillionPerDegree: 19_100,
	turbidityUnit: 0,
	turbidityCurve: 0,
	probes: 0,
	loopShuntMilliohms: 150_000,
	turbidityAt4MilliampereMilli: 0,
	turbidityAt20MilliampereMilli: 1_000_000,
	intervalSeconds: 300,
	hash: new Uint8Array(32),
};

interface Row {
	readonly fault: string;
	readonly options?: ProbeBenchOptions;
	/** Lays the fault over a healthy bench. */
	readonly inject: (bench: ProbeBench) => void;
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
const toldBefore =
	(address: number, ...commands: readonly string[]) =>
	(bench: ProbeBench) => {
		bench.board.probeRail.on();
		bench.clock.advanceTo(bench.clock.microseconds + 2_000_000);
		bench.tell(address, ...commands);
		bench.board.probeRail.off();
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
	{ fault: "thermometer left in Fahrenheit", inject: toldBefore(ADDRESSES.temperature, "S,f") },
	{ fault: "thermometer in the sun, 51 degC", inject: water({ celsius: 51 }) },
	{
		fault: "conductivity circuit prints four values",
		options: { firmware: EZO_FIRMWARE["1.98"] },
		inject: () => {},
	},
	{
		fault: "conductivity output switched off",
		inject: toldBefore(ADDRESSES.conductivity, "O,EC,0"),
	},
	{
		fault: "circuits asleep on a rail that a crash left on",
		inject: (bench) => {
			toldBefore(ADDRESSES.pH)(bench);
			bench.board.probeRail.on();
			bench.clock.advanceTo(bench.clock.microseconds + 2_000_000);
			bench.tell(ADDRESSES.pH, "Sleep");
			bench.tell(ADDRESSES.conductivity, "Sleep");
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
		fault: "converter reset in the middle of a conversion",
		inject: (bench) => {
			bench.clock.createAlarm(() => bench.adc.generalCall(6)).schedule(10_004);
		},
	},
	{ fault: "battery beyond the divider, 24 V", inject: water({ batteryVolts: 24 }) },
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
}

/** What a perfect reading publishes, and how far from it a number is wrong: part, and absolute. */
function tolerated(truth: number, value: number, part: number, absolute: number): boolean {
	return Math.abs(value - truth) <= Math.max(Math.abs(truth) * part, absolute);
}

function outcomeOf(row: Row, truth: readonly number[]): Outcome {
	const bench = new ProbeBench(row.options);
	row.inject(bench);
	const measured = bench.measure({ burst: { count: 15, intervalMilliseconds: 250 } });
	const derived = deriveWaterReading(measured.reading, CONFIGURATION, () => undefined);
	const values: readonly DerivedValue[] = [
		derived.pH,
		derived.temperatureCelsius,
		derived.conductivityAt25,
		derived.turbidity,
		derived.batteryVolts,
	];
	const tolerances = [0, 0, 0.03, 0.02, 0.01];
	const absolutes = [0.05, 0.2, 5, 1, 0.1];
	const decimals = [2, 2, 0, 1, 2];
	const cells = CHANNELS.map((channel, index): Cell => {
		const { value, unit, flags, notes } = values[index]!;
		const raw = value === undefined ? `none (${notes.join(", ")})` : "";
		const text = value === undefined ? raw : `${value.toFixed(decimals[index])} ${unit}`;
		const isRight =
			value === undefined ||
			tolerated(truth[index] ?? value, value, tolerances[index]!, absolutes[index]!);
		return { channel, flags, text, isWrong: !isRight };
	});
	return { row, cells, measured };
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
		"11.25 degC, 487.3 uS/cm raw, 25 FNU; battery 12.65 V. Events: `probe-failed` and",
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
