/**
 * One row for each field of a configuration: type, defaults, validation, canonical form and parser follow from
 * it, and so do the example and the table in docs/COLLECTOR.md, whose last column is the comment above the row.
 */
import { bytesOfHex } from "../../core/bytes.js";
import { StationError } from "../../core/errors.js";
import { isDigit, isLetter, isTextOf } from "../../core/text.js";
import { CONDUCTIVITY_LAWS, TURBIDITY_UNITS } from "../../protocol/record/derive.js";
import { stationIdBytes } from "../../protocol/record/entry.js";
import { partsOf, REFERENCE_PROBES } from "../../protocol/record/probe-kinds.js";
import { BATTERY_CHEMISTRIES } from "./power-policy.js";

export interface FieldRow {
	/**
	 * `number`: a whole one; `numbers`: any count of them, commas between; `bytes`: hexadecimal; `text`: printable
	 * ASCII, in which `%` and two digits stand for another byte; else the choices.
	 */
	readonly kind: "number" | "numbers" | "host" | "station" | "bytes" | "text" | readonly string[];
	/** Least and most: of a number, of the characters of a host, of the count of bytes. */
	readonly range?: readonly [low: number, high: number];
	/** Absent: each station must be given its own. */
	readonly start?: unknown;
	/**
	 * Form of the configuration that had it first, absent: the first one. A later field may be left out; then its
	 * `start` holds, whatever the firmware.
	 */
	readonly since?: number;
	/** Not written out where it is left at its `start`, so that other stations keep the bytes of their record. */
	readonly isUnwritten?: true;
}

export type FieldTable = Readonly<Record<string, FieldRow>>;

/**
 * A 150 ohm shunt makes 3.3 V of 22 mA, inside the ADC's 4.096 V with the fault levels of NAMUR NE 43; the loop
 * begins at -50 FNU so that the small negatives of a clean river around an honest zero survive.
 */
export const CONFIGURATION_FIELDS = Object.freeze({
	/** The station's name, 1 to 8 of `a-z`, `0-9` and `-`. */
	station: { kind: "station" },
	/** Names this configuration in readings; other contents need another id. */
	id: { kind: "number", range: [1, 0xffff], start: 1 },
	/** Seconds between readings, aligned to UTC. */
	intervalSeconds: { kind: "number", range: [10, 86_400], start: 300 },
	/** Seconds between uploads when all is well. */
	uploadIntervalSeconds: { kind: "number", range: [10, 604_800], start: 3600 },
	/** Battery stations sleep between wakes, mains stations idle. */
	supply: { kind: ["battery", "mains"], start: "battery" },
	/** Below this the battery is low and uploads become rarer, millivolts. */
	batteryLowMillivolts: { kind: "number", range: [0, 60_000], start: 11_800 },
	/** The battery: six lead cells, one Li-ion cell or four LiFePO4 cells; unstated: no charge, no forecast. */
	batteryChemistry: {
		kind: BATTERY_CHEMISTRIES,
		start: "unstated",
		since: 3,
		isUnwritten: true,
	},
	/** What it holds, for the forecast and for counted coulombs; 0: not known. */
	batteryMilliampereHours: {
		kind: "number",
		range: [0, 500_000],
		start: 0,
		since: 3,
		isUnwritten: true,
	},
	/** Where batches go. */
	collectorHost: { kind: "host", range: [1, 253] },
	/** Port there, HTTPS. */
	collectorPort: { kind: "number", range: [1, 65_535] },
	/** Key of the collector's answers, SEC 1 compressed P-256 point: the collector prints it when it listens. */
	collectorPublicKey: { kind: "bytes", range: [33, 33] },
	/** Network time server, asked about a clock in doubt; empty: none is. */
	timeHost: { kind: "host", range: [0, 63], start: "pool.ntp.org", since: 2 },
	/** How conductivity is referred to 25 degC. */
	conductivityLaw: { kind: CONDUCTIVITY_LAWS, start: "iso-7888" },
	/** For the linear law, millionths per degC. */
	alphaPerMillionPerDegree: { kind: "number", range: [0, 0xffff], start: 19_100 },
	/** Unit of the turbidity. */
	turbidityUnit: { kind: TURBIDITY_UNITS, start: "FNU" },
	/** Shunt of the 4-20 mA loop, milliohms. */
	loopShuntMilliohms: { kind: "number", range: [1000, 1_000_000], start: 150_000 },
	/** Turbidity at 4 mA, thousandths of the unit. */
	turbidityAt4MilliampereMilli: { kind: "number", range: [-1e9, 1e9], start: -50_000 },
	/** Turbidity at 20 mA, thousandths of the unit; above that at 4 mA. */
	turbidityAt20MilliampereMilli: { kind: "number", range: [-1e9, 1e9], start: 1_550_000 },
	/** Which turbidity probe measures (BOARD.md). */
	turbidityProbe: { kind: partsOf("turbidityProbe"), start: REFERENCE_PROBES.turbidityProbe },
	/** Curve of that probe over volts, c0 c1 c2 of each range, millionths of the unit; empty: the kind's own. */
	turbidityCoefficientsMicro: { kind: "numbers", range: [-1e13, 1e13], start: Object.freeze([]) },
	/** Id of the first range's curve, the next range has the next; another curve needs another. */
	turbidityCalibrationId: { kind: "number", range: [1, 254], start: 1 },
	/** Turbidity with one regular reading of so many, for the energy; during an event with each. */
	turbidityEvery: { kind: "number", range: [1, 48], start: 1, since: 3, isUnwritten: true },
	/** Which thermometer measures (BOARD.md). */
	thermometer: { kind: partsOf("thermometer"), start: REFERENCE_PROBES.thermometer },
	/** What measures the battery (BOARD.md). */
	batteryGauge: { kind: partsOf("batteryGauge"), start: REFERENCE_PROBES.batteryGauge },
	/** What measures dissolved oxygen, if anything does (BOARD.md). */
	oxygenProbe: { kind: partsOf("oxygenProbe"), start: "none", since: 3, isUnwritten: true },
	/** Usual pressure of the air at the station, not reduced to the sea, hectopascals: for dissolved oxygen. */
	airPressureHectopascals: {
		kind: "number",
		range: [500, 1100],
		start: 1013,
		since: 3,
		isUnwritten: true,
	},
	/** Seconds between readings while an event continues (EVENTS.md); 0: the station looks for none. */
	eventIntervalSeconds: {
		kind: "number",
		range: [0, 3600],
		start: 60,
		since: 3,
		isUnwritten: true,
	},
	/** Rise of conductivity that opens a watch where pH falls with it, thousandths. */
	eventWatchPerMille: { kind: "number", range: [20, 2000], start: 80, since: 3, isUnwritten: true },
	/** Rise of conductivity that is an alarm by itself, thousandths. */
	eventStrongPerMille: {
		kind: "number",
		range: [20, 10_000],
		start: 350,
		since: 3,
		isUnwritten: true,
	},
	/** Fall of pH below its own course that makes a watch an alarm, 0.001. */
	eventAcidMilliPH: { kind: "number", range: [20, 5000], start: 40, since: 3, isUnwritten: true },
} as const satisfies FieldTable);

type Value<Kind> = Kind extends readonly (infer Choice)[]
	? Choice
	: Kind extends "number"
		? number
		: Kind extends "numbers"
			? readonly number[]
			: Kind extends "bytes"
				? Uint8Array
				: string;

/** What a station of these fields is told; a field that came later may be absent. */
export type ConfigurationOf<Table extends FieldTable> = {
	readonly [Name in keyof Table as Table[Name] extends { since: number } ? never : Name]: Value<
		Table[Name]["kind"]
	>;
} & {
	readonly [Name in keyof Table as Table[Name] extends { since: number } ? Name : never]?: Value<
		Table[Name]["kind"]
	>;
};

/** The fields that have a default and are written out. */
export type DefaultsOf<Table extends FieldTable> = {
	readonly [Name in keyof Table as "start" extends keyof Table[Name]
		? "isUnwritten" extends keyof Table[Name]
			? never
			: Name
		: never]: Value<Table[Name]["kind"]>;
};

export function defaultsOf<Table extends FieldTable>(table: Table): DefaultsOf<Table> {
	const defaults: Record<string, unknown> = {};
	for (const [name, { start, isUnwritten }] of Object.entries<FieldRow>(table)) {
		if (start !== undefined && isUnwritten === undefined) defaults[name] = start;
	}
	return Object.freeze(defaults) as DefaultsOf<Table>;
}

/** Throws StationError `configuration-invalid` that names the field, its value and its range. */
export function requireFields(values: Readonly<Record<string, unknown>>, table: FieldTable): void {
	// At each wake: no list of the table's pairs is made for it.
	for (const name in table) {
		const row = table[name];
		if (row !== undefined) requireField(name, row, values[name] ?? row.start);
	}
}

/** Throws as `requireFields`. */
export function requireField(name: string, { kind, range }: FieldRow, value: unknown): void {
	const low = range?.[0] ?? 0;
	const high = range?.[1] ?? 0;
	switch (kind) {
		case "station":
			stationIdBytes(value as string);
			return;
		case "number":
			requireWithin(name, value as number, low, high);
			return;
		case "numbers":
			for (const each of value as readonly number[]) requireWithin(name, each, low, high);
			return;
		case "host":
			if (isTextOf(value as string, low, high, isOfHost)) return;
			throw invalid(`${name} "${value}" is not a host name of ${high} characters at most`);
		case "bytes":
			requireWithin(`${name} (bytes)`, (value as Uint8Array).length, low, high);
			return;
		case "text":
			requireWithin(`${name} (bytes)`, encodedBytes(value as string), low, high);
			return;
		default:
			if (kind.includes(value as string)) return;
			throw invalid(`${name} is "${value}"; use ${kind.join(" or ")}`);
	}
}

/** Throws as `requireFields`. */
export function requireWithin(name: string, value: number, low: number, high: number): void {
	if (Number.isInteger(value) && value >= low && value <= high) return;
	throw invalid(`${name} is ${value}; use a whole number from ${low} to ${high}`);
}

/** How many bytes a percent-encoded text stands for; NaN where it is none. */
function encodedBytes(text: string): number {
	let count = 0;
	for (let at = 0; at < text.length; at++, count++) {
		if (text.charAt(at) !== "%") continue;
		if (bytesOfHex(text.slice(at + 1, at + 3))?.length !== 1) return Number.NaN;
		at += 2;
	}
	return count;
}

function isOfHost(code: number): boolean {
	return isLetter(code) || isDigit(code) || code === 0x2e || code === 0x2d;
}

export function invalid(what: string): StationError {
	return new StationError("configuration-invalid", what);
}
