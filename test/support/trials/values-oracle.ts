/**
 * The published table a second time, written from docs/VALUES.md alone: whole arrays in place of streams,
 * decimal text by exact integers in place of doubles. Of the programs it uses only what other judges hold:
 * entries as decoded, their resolved times, and derived values.
 */

import { createHash } from "node:crypto";
import type { DerivedValue } from "../../../src/protocol/record/derive.js";
import {
	type CalibrationBody,
	type ConfigurationBody,
	type Entry,
	STATION_FLAGS,
	TIME_QUALITIES,
} from "../../../src/protocol/record/entry-layouts.js";
import { CHANNEL_FLAGS } from "../../../src/protocol/record/reading.js";
import { TimeResolver } from "../../../src/protocol/record/time-resolver.js";
import { deriveNamed, namedOf } from "../data/named-reading.js";

// biome-ignore lint/suspicious/noExplicitAny: documents as JSON gives them; the parser is what is judged.
type Document = any;

export interface OracleDocuments {
	/** Texts of the files, policies in any order. */
	readonly policies: readonly string[];
	readonly corrections?: string | undefined;
	readonly approvals?: string | undefined;
}

interface Channel {
	readonly name: "ph" | "temperature" | "ec25" | "turbidity";
	readonly decimals: number;
	readonly grades: (cell: number) => readonly number[];
}

const CHANNELS: readonly Channel[] = [
	{ name: "ph", decimals: 3, grades: () => [0.2, 0.5, 0.8, 2] },
	{ name: "temperature", decimals: 3, grades: () => [0.2, 0.5, 0.8, 2] },
	{ name: "ec25", decimals: 2, grades: () => [3, 10, 15, 30] },
	{
		name: "turbidity",
		decimals: 3,
		grades: (cell) => (cell <= 10 ? [0.5, 1, 1.5, 3] : [5, 10, 15, 30]),
	},
];
const GRADES = ["excellent", "good", "fair", "poor", "consider-deletion"];

/** CSV of all readings. `entries` ascend by epoch and sequence. */
export function oracleTable(
	station: string,
	entries: readonly Entry[],
	documents: OracleDocuments,
): string {
	const policies = documents.policies
		.map((text) => ({ ...(JSON.parse(text) as Document), digits: digitsOf(text) }))
		.sort((a, b) => a.version - b.version);
	const corrections = documentOf(documents.corrections);
	const approvals = documentOf(documents.approvals);
	const rows = readingsOf(entries);
	let inForce: Document;
	for (const row of rows) {
		if (row.seconds !== undefined) {
			inForce = policies.filter((policy) => unixOf(policy.validFrom) <= row.seconds!).at(-1);
		}
		row.policy = inForce;
		row.derived = row.derive(inForce?.conductivity);
	}
	const columns = new Map<string, string[]>();
	const wentBack = rows.map(() => false);
	const restsOn = { corrections: rows.map(() => false), approvals: rows.map(() => false) };
	for (const channel of CHANNELS) {
		judgeChannel(channel, rows, { corrections, approvals, columns, wentBack, restsOn });
	}
	const lines = rows.map((row, index) => {
		const cells = cellsOf(station, row, (name) => columns.get(name)?.[index] ?? "");
		const notes = Object.values(row.derived as object).flatMap((each) => [
			...(each as DerivedValue).notes,
		]);
		if (wentBack[index]) notes.push("time-went-back" as never);
		cells.push(["notes", [...new Set(notes)].join(" ")]);
		const named = (document: Document, isNamed: boolean | undefined): string =>
			isNamed ? `${document.version}:${document.digits}` : "";
		cells.push(["corrections", named(corrections, restsOn.corrections[index])]);
		cells.push(["approvals", named(approvals, restsOn.approvals[index])]);
		return cells;
	});
	const header = HEADER.join(",");
	for (const cells of lines) {
		const names = cells.map(([name]) => name).join(",");
		if (names !== header) throw new Error(`the oracle's own columns: ${names}`);
	}
	return [header, ...lines.map((cells) => cells.map(([, text]) => text).join(","))]
		.map((line) => `${line}\r\n`)
		.join("");
}

const OXYGEN = "do_raw_mg_l do_mg_l do_method do_flags do_calibration".split(" ");

const HEADER: readonly string[] = [
	..."station epoch sequence time time_uncertainty_s time_source clock boot uptime_s configuration".split(
		" ",
	),
	..."station_flags derivation policy".split(" "),
	..."ph_raw ph ph_method ph_flags ph_calibration".split(" "),
	...tailOf("ph"),
	..."temperature_raw_c temperature_c temperature_method temperature_flags".split(" "),
	"temperature_calibration",
	...tailOf("temperature"),
	..."ec_raw_us_cm ec25_us_cm ec25_method ec25_flags ec25_calibration".split(" "),
	...tailOf("ec25"),
	..."turbidity_raw_v turbidity_spread_v turbidity_range turbidity turbidity_unit".split(" "),
	..."turbidity_method turbidity_flags turbidity_calibration".split(" "),
	...tailOf("turbidity"),
	...OXYGEN,
	..."battery_v battery_flags notes corrections approvals".split(" "),
];

function tailOf(name: string): string[] {
	return ["qc_agg", "qc_tests", "correction", "corrected", "correction_sum", "grade", "status"].map(
		(each) => `${name}_${each}`,
	);
}

// biome-ignore lint/suspicious/noExplicitAny: a row grows column by column.
type Row = any;

function readingsOf(entries: readonly Entry[]): Row[] {
	const resolver = new TimeResolver();
	const configurations = new Map<string, ConfigurationBody>();
	const calibrations = new Map<string, CalibrationBody>();
	for (const entry of entries) {
		resolver.observe(entry);
		if (entry.kind === "configuration")
			configurations.set(`${entry.epoch} ${entry.definedId}`, entry);
		if (entry.kind === "calibration") {
			calibrations.set(`${entry.epoch} ${entry.channel} ${entry.calibrationId}`, entry);
		}
	}
	return entries.flatMap((entry) => {
		if (entry.kind !== "reading" || entry.channelSet !== 1) return [];
		const raw = namedOf(entry.fields);
		const resolved = resolver.resolve(entry);
		const configuration = configurations.get(`${entry.epoch} ${entry.configurationId}`);
		const derive = (law: Document) => {
			const given =
				configuration === undefined || law === undefined || law.law === "as-configured"
					? configuration
					: law.law === "iso-7888"
						? { ...configuration, conductivityLaw: 1 }
						: {
								...configuration,
								conductivityLaw: 0,
								alphaPerMillionPerDegree: law.alphaPerMillionPerDegree,
							};
			return deriveNamed(raw, given, (channel, id) =>
				calibrations.get(`${entry.epoch} ${channel} ${id}`),
			);
		};
		return [{ entry, raw, resolved, seconds: resolved?.utcSeconds, derive }];
	});
}

interface Outcome {
	readonly corrections: Document;
	readonly approvals: Document;
	readonly columns: Map<string, string[]>;
	readonly wentBack: boolean[];
	readonly restsOn: { readonly corrections: boolean[]; readonly approvals: boolean[] };
}

function judgeChannel(channel: Channel, rows: readonly Row[], outcome: Outcome): void {
	const { name, decimals } = channel;
	const texts = rows.map((row) => decimalText(derivedOf(row, name).value, decimals));
	const cells = texts.map((text) => (text === "" ? undefined : Number(text)));
	const isUnitOther = rows.map(
		(row, index) =>
			name === "turbidity" &&
			row.policy !== undefined &&
			cells[index] !== undefined &&
			row.derived.turbidity.unit !== row.policy.channels.turbidity?.unit,
	);
	// Section 4, "Series".
	const seriesOf: (number | undefined)[] = [];
	let number = 0;
	rows.forEach((row, index) => {
		const isNone = row.policy === undefined || row.seconds === undefined || isUnitOther[index];
		if (isNone) {
			seriesOf.push(undefined);
			return;
		}
		const before = rows[index - 1];
		const isBack = before?.seconds !== undefined && row.seconds < before.seconds;
		const isOfBefore =
			index > 0 &&
			seriesOf[index - 1] !== undefined &&
			before.entry.epoch === row.entry.epoch &&
			before.policy === row.policy;
		if (isOfBefore && isBack) outcome.wentBack[index] = true;
		const gap = row.policy.gapSeconds;
		const isApart = isOfBefore && gap !== undefined && row.seconds - before.seconds > gap;
		if (!isOfBefore || isBack || isApart) number++;
		seriesOf.push(number);
	});
	const neighbours = new Map<number, Record<string, number[]>>();
	const members = new Map<number, number[]>();
	seriesOf.forEach((series, index) => {
		if (series === undefined) return;
		const those = members.get(series) ?? [];
		those.push(index);
		members.set(series, those);
	});
	for (const those of members.values()) {
		const policy = rows[those[0]!].policy;
		const tests = policy.channels[name] ?? {};
		const v = those.map((index) => cells[index]);
		const t = those.map((index) => rows[index].seconds as number);
		const flags: Record<string, number[]> = {
			spike: spikeOf(v, tests.spike),
			rateOfChange: rateOf(v, t, tests.rateOfChange),
			flatLine: flatOf(v, tests.flatLine, policy.intervalSeconds),
			attenuatedSignal: attenuatedOf(v, t, tests.attenuatedSignal),
		};
		those.forEach((index, at) => {
			neighbours.set(
				index,
				Object.fromEntries(Object.entries(flags).map(([test, list]) => [test, [list[at] ?? 2]])),
			);
		});
	}
	const put = (column: string, index: number, text: string): void => {
		const list = outcome.columns.get(column) ?? [];
		list[index] = text;
		outcome.columns.set(column, list);
	};
	const list = ((outcome.corrections?.corrections ?? []) as Document[])
		.filter((each) => each.channel === name)
		.sort((a, b) => unixOf(a.from) - unixOf(b.from));
	rows.forEach((row, index) => {
		put(`${name}_value`, index, texts[index] ?? "");
		const cell = cells[index];
		if (row.policy !== undefined) {
			const tests = row.policy.channels[name] ?? {};
			const digits = [
				instrumentOf(row, name, tests.instrument),
				judgedOf(tests.grossRange, () =>
					isUnitOther[index] ? 2 : grossOf(cell!, tests.grossRange),
				),
				judgedOf(tests.climatology, () =>
					seriesOf[index] === undefined
						? 2
						: climateOf(cell!, row.seconds, tests.climatology.members),
				),
				...["spike", "rateOfChange", "flatLine", "attenuatedSignal"].map((test) =>
					judgedOf(tests[test], () => neighbours.get(index)?.[test]?.[0] ?? 2),
				),
			].map((digit) => (digit !== 0 && cell === undefined ? 9 : digit));
			put(`${name}_qc_tests`, index, digits.join(""));
			const highest = [4, 3, 1, 2, 9].find((flag) => digits.includes(flag));
			put(`${name}_qc_agg`, index, String(highest));
		}
		if (cell === undefined) return;
		const isApproved = ((outcome.approvals?.approvals ?? []) as Document[]).some(
			({ channel: of, from, to }) =>
				of === name && row.seconds >= unixOf(from) && row.seconds < unixOf(to),
		);
		if (isApproved) outcome.restsOn.approvals[index] = true;
		put(`${name}_status`, index, isApproved ? "approved" : "provisional");
		if (row.policy?.channels[name]?.isCorrected !== true || isUnitOther[index]) return;
		const found = list.find(
			({ from, to }) => row.seconds >= unixOf(from) && row.seconds <= unixOf(to),
		);
		if (found === undefined) return;
		outcome.restsOn.corrections[index] = true;
		const { final, sum } = corrected(name, cell, row.seconds, found);
		put(`${name}_correction`, index, found.id);
		if (found.decision === "apply") put(`${name}_corrected`, index, decimalText(final, decimals));
		const sumText = decimalText(sum, 6);
		put(`${name}_correction_sum`, index, sumText);
		if (sumText === "") return;
		const at = channel.grades(cell).findIndex((limit) => Number(sumText) <= limit);
		put(`${name}_grade`, index, GRADES[at < 0 ? 4 : at] ?? "");
	});
}

function judgedOf(test: unknown, judge: () => number): number {
	return test === undefined ? 0 : judge();
}

function instrumentOf(row: Row, name: Channel["name"], given: Document): number {
	const { flags } = derivedOf(row, name);
	const has = (names: readonly string[] | undefined, table: Record<string, number>, bits: number) =>
		(names ?? []).some((each) => (bits & table[each]!) !== 0);
	if (has(given?.fail, CHANNEL_FLAGS, flags)) return 4;
	if (has(given?.suspect, CHANNEL_FLAGS, flags)) return 3;
	return has(row.policy.stationSuspect, STATION_FLAGS, row.entry.stationFlags) ? 3 : 1;
}

function isOut(v: number, span: readonly [number, number] | undefined): boolean {
	return span !== undefined && !(v >= span[0] && v <= span[1]);
}

function grossOf(v: number, { fail, suspect }: Document): number {
	return v === undefined ? 9 : isOut(v, fail) ? 4 : isOut(v, suspect) ? 3 : 1;
}

function climateOf(v: number, seconds: number, members: readonly Document[]): number {
	const month = new Date(seconds * 1000).getUTCMonth() + 1;
	return members
		.filter(({ months: [first, last] }) => first <= month && month <= last)
		.reduce((_flag, { suspect, fail }) => (isOut(v, fail) ? 4 : isOut(v, suspect) ? 3 : 1), 2);
}

type Values = readonly (number | undefined)[];

function spikeOf(v: Values, test: Document): number[] {
	return v.map((value, i) => {
		const [a, b] = [v[i - 1], v[i + 1]];
		if (value === undefined || a === undefined || b === undefined || test === undefined) return 2;
		const scale = test.isRelative === true ? Math.abs((a + b) / 2) : 1;
		let d: number;
		if (test.method === "average") d = Math.abs(value - (a + b) / 2);
		else if ((value - a) * (b - value) >= 0) d = 0;
		else d = Math.min(Math.abs(value - a), Math.abs(b - value));
		if (test.fail && d > test.fail * scale) return 4;
		return test.suspect && d > test.suspect * scale ? 3 : 1;
	});
}

function rateOf(v: Values, t: readonly number[], test: Document): number[] {
	return v.map((value, i) => {
		const a = v[i - 1];
		if (value === undefined || a === undefined || test === undefined) return 1;
		const apart = t[i]! - t[i - 1]!;
		if (apart === 0 && test.isEqualTimeUnjudged === true) return 2;
		const r = Math.abs(value - a) / (apart === 0 ? 1 : apart);
		if (test.failPerSecond !== undefined && r > test.failPerSecond) return 4;
		return r > test.suspectPerSecond ? 3 : 1;
	});
}

function flatOf(v: Values, test: Document, interval: number): number[] {
	if (test === undefined) return [];
	const least = test.validValuesMin ?? 1;
	const state = (i: number, seconds: number): "flat" | "unknown" | "moves" => {
		const k = Math.floor(seconds / interval);
		if (i < k) return "moves";
		const valid = v.slice(i - k, i + 1).filter((value) => value !== undefined);
		if (valid.length < least) return "unknown";
		return Math.max(...valid) - Math.min(...valid) < test.tolerance ? "flat" : "moves";
	};
	return v.map((value, i) => {
		const cold = value !== undefined && test.valueMin !== undefined && value < test.valueMin;
		if (cold) return 2;
		if (v.length < 3) return 1;
		const [suspect, fail] = [state(i, test.suspectSeconds), state(i, test.failSeconds)];
		if (fail === "flat") return 4;
		if (suspect === "flat") return 3;
		return suspect === "unknown" || fail === "unknown" ? 2 : 1;
	});
}

function attenuatedOf(v: Values, t: readonly number[], test: Document): number[] {
	if (test === undefined) return [];
	return v.map((_value, i) => {
		const those = v.filter((_each, j) => j <= i && t[j]! > t[i]! - test.periodSeconds);
		const valid = those.filter((each) => each !== undefined);
		if (valid.length < (test.validValuesMin ?? 1)) return 2;
		if (test.check === "range" && valid.length < those.length) return 2;
		let c = Math.max(...valid) - Math.min(...valid);
		if (test.check === "std") {
			const m = valid.reduce((sum, each) => sum + each, 0) / valid.length;
			c = Math.sqrt(valid.reduce((sum, each) => sum + (each - m) * (each - m), 0) / valid.length);
		}
		return c < test.fail ? 4 : c >= test.suspect ? 1 : 3;
	});
}

/** Section 5. */
function corrected(name: string, raw: number, seconds: number, given: Document) {
	const [t0, t1] = [unixOf(given.from), unixOf(given.to)];
	const w = (seconds - t0) / (t1 - t0);
	const isFraction = name === "ec25" || (name === "turbidity" && raw > 10);
	const { fouling, drift = [] } = given;
	let e =
		fouling === undefined
			? 0
			: fouling.stationCleaned -
				fouling.stationFouled -
				(fouling.fieldCleaned - fouling.fieldFouled);
	if (fouling !== undefined && isFraction) e = e / fouling.stationFouled;
	const points = (drift as Document[])
		.filter(({ reading }) => name !== "turbidity" || !isFraction || reading > 10)
		.map(({ standard, reading }) => ({
			reading,
			error: isFraction ? (standard - reading) / reading : standard - reading,
		}))
		.sort((p, q) => p.reading - q.reading);
	const driftAt = (x: number): number => {
		if (points.length === 0) return 0;
		if (x < points[0]!.reading) return points[0]!.error;
		const i = points.filter(({ reading }) => reading <= x).length - 1;
		const [p, q] = [points[i]!, points[i + 1]];
		if (q === undefined) return p.error;
		return p.error + (q.error - p.error) * ((x - p.reading) / (q.reading - p.reading));
	};
	if (!isFraction) {
		const a = w * e;
		const c1 = raw + a;
		const b = w * driftAt(c1);
		return { final: c1 + b, sum: Math.abs(a) + Math.abs(b) };
	}
	const a = w * e * raw;
	const c1 = raw + a;
	const b = w * driftAt(c1) * c1;
	const over = (x: number, y: number): number => (y === 0 ? 0 : Math.abs(x) / Math.abs(y));
	return { final: c1 + b, sum: (over(a, raw) + over(b, c1)) * 100 };
}

function cellsOf(station: string, row: Row, of: (column: string) => string): [string, string][] {
	const { entry, raw, resolved, policy, derived } = row;
	const names = (table: Record<string, number>, bits: number): string =>
		Object.entries(table)
			.sort((a, b) => a[1] - b[1])
			.filter(([, bit]) => (bits & bit) !== 0)
			.map(([name]) => name)
			.join(" ");
	const over = (field: number | undefined, scale: number, decimals: number): string =>
		decimalText(field === undefined ? undefined : field / scale, decimals);
	const clock = Object.entries(TIME_QUALITIES).find(([, quality]) => quality === entry.timeQuality);
	const uncertainty = resolved?.uncertaintyMilliseconds;
	const cells: [string, string][] = [
		["station", station],
		["epoch", String(entry.epoch)],
		["sequence", String(entry.sequence)],
		["time", resolved === undefined ? "" : timeText(resolved.utcSeconds)],
		["time_uncertainty_s", over(uncertainty, 1000, 3)],
		["time_source", resolved?.source ?? "none"],
		["clock", clock?.[0] ?? ""],
		["boot", String(entry.boot)],
		["uptime_s", String(entry.uptimeSeconds)],
		["configuration", String(entry.configurationId)],
		["station_flags", names(STATION_FLAGS, entry.stationFlags)],
		["derivation", "2"],
		["policy", policy === undefined ? "" : `${policy.version}:${policy.digits}`],
	];
	const channel = (
		name: Channel["name"],
		before: [string, string][],
		value: string,
		unit: [string, string][],
		calibration: number,
	): void => {
		const { method, flags } = derivedOf(row, name);
		cells.push(...before, [value, of(`${name}_value`)], ...unit);
		cells.push([`${name}_method`, method], [`${name}_flags`, names(CHANNEL_FLAGS, flags)]);
		cells.push([`${name}_calibration`, String(calibration)]);
		for (const column of tailOf(name)) cells.push([column, of(column)]);
	};
	channel("ph", [["ph_raw", over(raw.pHMilli, 1000, 3)]], "ph", [], raw.pHCalibration);
	channel(
		"temperature",
		[["temperature_raw_c", over(raw.temperatureMillidegrees, 1000, 3)]],
		"temperature_c",
		[],
		raw.temperatureCalibration,
	);
	channel(
		"ec25",
		[["ec_raw_us_cm", over(raw.conductivityHundredths, 100, 2)]],
		"ec25_us_cm",
		[],
		raw.conductivityCalibration,
	);
	channel(
		"turbidity",
		[
			["turbidity_raw_v", over(raw.turbidityMicrovolts, 1_000_000, 6)],
			["turbidity_spread_v", over(raw.turbiditySpreadSteps, 8000, 6)],
			["turbidity_range", String(raw.turbidityRange)],
		],
		"turbidity",
		[["turbidity_unit", derived.turbidity.unit]],
		raw.turbidityCalibration,
	);
	// Channel set 1 has none.
	for (const column of OXYGEN) cells.push([column, ""]);
	cells.push(["battery_v", decimalText(derived.battery.value, 3)]);
	cells.push(["battery_flags", names(CHANNEL_FLAGS, derived.battery.flags)]);
	return cells;
}

function derivedOf({ derived }: Row, name: Channel["name"]): DerivedValue {
	switch (name) {
		case "ph":
			return derived.pH;
		case "temperature":
			return derived.temperature;
		case "ec25":
			return derived.conductivity;
		case "turbidity":
			return derived.turbidity;
	}
}

/** N(x, d) of section 1, the multiplication rounded to 53 bits by integers. */
export function decimalText(x: number | undefined, decimals: number): string {
	if (x === undefined || !Number.isFinite(x)) return "";
	const bits = new DataView(new ArrayBuffer(8));
	bits.setFloat64(0, x);
	const word = bits.getBigUint64(0);
	const stored = Number((word >> 52n) & 0x7ffn);
	let significand = (word & 0xfffffffffffffn) | (stored === 0 ? 0n : 1n << 52n);
	let exponent = (stored === 0 ? 1 : stored) - 1075;
	significand *= 10n ** BigInt(decimals);
	// To 53 bits, half to even.
	const excess = significand.toString(2).length - 53;
	if (excess > 0) {
		const part = significand & ((1n << BigInt(excess)) - 1n);
		const half = 1n << BigInt(excess - 1);
		significand >>= BigInt(excess);
		exponent += excess;
		if (part > half || (part === half && (significand & 1n) === 1n)) significand += 1n;
	}
	let n: bigint;
	if (exponent >= 0) {
		n = significand << BigInt(Math.min(exponent, 2000));
	} else {
		const shift = BigInt(Math.min(-exponent, 2000));
		n = significand >> shift;
		const rest = significand - (n << shift);
		if (2n * rest >= 1n << shift) n += 1n;
	}
	if (n >= 1n << 53n) return "";
	const digits = n.toString().padStart(decimals + 1, "0");
	const at = digits.length - decimals;
	const text = decimals === 0 ? digits : `${digits.slice(0, at)}.${digits.slice(at)}`;
	return x < 0 && n !== 0n ? `-${text}` : text;
}

function timeText(seconds: number): string {
	return `${new Date(seconds * 1000).toISOString().slice(0, -5)}Z`;
}

function unixOf(text: string): number {
	return Date.parse(text) / 1000;
}

function documentOf(text: string | undefined): Document {
	return text === undefined ? undefined : { ...JSON.parse(text), digits: digitsOf(text) };
}

function digitsOf(text: string): string {
	return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
