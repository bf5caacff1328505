/** A bottle that the probes are in: what it should be, what they read, and whether they have come to rest. */
import { dayNumberOfDate, isoTextOf } from "../../core/calendar.js";
import type { Task } from "../../core/task.js";
import {
	SettleWindow,
	type Settling,
	WINDOW_SECONDS,
} from "../../protocol/calibration/settling.js";
import {
	AIR,
	isStandard,
	isStandardFor,
	MOIST_AIR,
	standardAt,
} from "../../protocol/calibration/standards.js";
import type { Doubt } from "../../protocol/calibration/verdict.js";
import type { ChannelName } from "../../protocol/record/channels.js";
import type { CalibrationBody } from "../../protocol/record/entry-layouts.js";
import type { MeasuringBoard } from "../measure/probe-session.js";
import type { WaterProbes } from "../measure/probes.js";
import type { SpokenCircuit } from "../measure/sensor.js";
import { ask } from "./circuit-exchange.js";
import {
	celsiusOf,
	decimalOf,
	type EmitFields,
	factsOf,
	NO_CIRCUIT,
	order,
	sampleOf,
	shown,
	type Words,
} from "./probe-work.js";
import { PROCEDURES, type Procedure, type Settled } from "./procedures.js";

/** Readings of a temperature among those of its neighbour: one in five. */
const CELSIUS_EVERY = 5;
const SAMPLE_MILLISECONDS = 1000;
/** A bottle's temperature that changes faster, degC a minute, is not the probe's yet. */
const CELSIUS_DRIFT = 0.2;
const CELSIUS_SECONDS_MIN = 30;
const DAY_SECONDS = 86_400;
/** Between what has settled and what is read when its point is taken. */
const SPREADS_MAX = 5;

export interface Candidate {
	readonly standard: string;
	readonly window: SettleWindow;
	readonly beganMilliseconds: number;
	/** From when on its time counts: anew each time that it was over. */
	fromMilliseconds: number;
	/** Temperatures of the last minute: seconds, degC. */
	readonly celsius: (readonly [number, number])[];
	label: string;
	point: Settled & { readonly nominalAt25: number };
	settling: Settling | undefined;
	isSettled: boolean;
	doubts: Doubt[];
}

export interface WatchOptions {
	readonly board: Pick<MeasuringBoard, "clock" | "watchdog">;
	readonly procedure: Procedure;
	readonly curves: readonly CalibrationBody[];
	/** Pressure of the air, as part of 1013.25 hPa. */
	readonly airPart: number;
	readonly given: Words;
	readonly seconds: number;
	readonly emit: EmitFields;
	/** When the probes must be given back, on the board's clock. */
	readonly endMilliseconds: number;
}

/** A probe whose circuit is spoken to. */
export interface Spoken {
	readonly procedure: Procedure;
	readonly probes: WaterProbes;
	readonly circuit: SpokenCircuit | undefined;
	readonly watchdog: MeasuringBoard["watchdog"];
}

/** A window that has read nothing yet. */
export function candidateOf(
	standard: string,
	procedure: Procedure,
	beganMilliseconds: number,
): Candidate {
	return {
		standard,
		window: new SettleWindow(procedure.rule),
		beganMilliseconds,
		fromMilliseconds: beganMilliseconds,
		celsius: [],
		label: "",
		point: { nominal: 0, nominalAt25: 0, reading: 0, celsius: 25 },
		settling: undefined,
		isSettled: false,
		doubts: [],
	};
}

/** Reads once a second until it has settled; what ended it. */
export function* watch(
	candidate: Candidate,
	probes: WaterProbes,
	{ board, procedure, curves, airPart, given, seconds, emit, endMilliseconds }: WatchOptions,
): Task<"settled" | "reading-due" | "time"> {
	const { clock, watchdog } = board;
	const sensor = procedure.sensor(probes);
	const isThermometer = procedure === PROCEDURES.temperature;
	const typedCelsius = decimalOf(given["celsius"]);
	let celsius = typedCelsius ?? candidate.celsius.at(-1)?.[1];
	for (let count = 0; ; count++) {
		const began = clock.milliseconds;
		if (!isThermometer && typedCelsius === undefined && count % CELSIUS_EVERY === 0) {
			const now = yield* celsiusOf(probes, watchdog);
			if (now !== undefined) candidate.celsius.push([clock.milliseconds / 1000, now]);
			celsius = now ?? celsius;
		}
		procedure.prepare?.(probes, celsius ?? 25);
		const reading = procedure.valueOf((yield* sampleOf(sensor, watchdog)) as never, curves);
		const now = clock.milliseconds / 1000;
		const settling = candidate.window.push(now, reading);
		const at = isThermometer ? reading : (celsius ?? 25);
		candidate.settling = settling;
		candidate.point = {
			...nominalOf(candidate.standard, given, at, airPart),
			reading: settling.mean,
			celsius: at,
		};
		const left = Math.max(Math.ceil(WINDOW_SECONDS - settling.seconds), 0);
		const isCalm =
			isThermometer || typedCelsius !== undefined || hasTemperatureSettled(candidate, now);
		candidate.isSettled = settling.isSettled && isCalm;
		yield* emit({
			second: Math.round(now - candidate.beganMilliseconds / 1000),
			value: shown(reading),
			celsius: shown(at),
			drift: settling.slopePerMinute.toFixed(4),
			spread: settling.spread.toFixed(4),
			count: settling.count,
			left,
			settled: candidate.isSettled ? "yes" : "no",
		});
		if (candidate.isSettled) return "settled";
		if (clock.milliseconds >= endMilliseconds) return "reading-due";
		if (now - candidate.fromMilliseconds / 1000 >= seconds) return "time";
		const spent = clock.milliseconds - began;
		if (spent < SAMPLE_MILLISECONDS) yield { milliseconds: SAMPLE_MILLISECONDS - spent };
	}
}

function nominalOf(
	standard: string,
	given: Words,
	celsius: number,
	airPart: number,
): { readonly nominal: number; readonly nominalAt25: number } {
	if (!isStandard(standard)) {
		const value = standard === AIR ? 0 : decimalOf(given["value"]);
		if (value === undefined) throw order("reference needs value=, in the channel's unit");
		return { nominal: value, nominalAt25: value };
	}
	const nominal = standardAt(standard, celsius);
	const nominalAt25 = standardAt(standard, 25);
	if (nominal !== undefined && nominalAt25 !== undefined) {
		const part = standard === MOIST_AIR ? airPart : 1;
		return { nominal: nominal * part, nominalAt25: nominalAt25 * part };
	}
	throw order(`nobody tells what ${standard} is worth at ${celsius.toFixed(1)} degC`);
}

function hasTemperatureSettled({ celsius }: Candidate, now: number): boolean {
	while (celsius.length > 2 && now - (celsius[0]?.[0] ?? now) > WINDOW_SECONDS) celsius.shift();
	const [first, last] = [celsius[0], celsius.at(-1)];
	if (first === undefined || last === undefined) return true;
	const minutes = (last[0] - first[0]) / 60;
	return (
		minutes * 60 >= CELSIUS_SECONDS_MIN && Math.abs(last[1] - first[1]) <= CELSIUS_DRIFT * minutes
	);
}

/**
 * Sends a circuit the point that has settled; `onChange` is called before the first command after which it holds neither the
 * old calibration nor the new. What it holds then. Throws `calibration-order` where the probe reads something else by now.
 */
export function* sendPoint(
	{ point: { celsius, reading }, isSettled }: Candidate,
	command: string,
	{ procedure, probes, circuit, watchdog }: Spoken,
	onChange: () => void,
): Task<ReadonlyMap<string, string>> {
	if (circuit === undefined) throw order(NO_CIRCUIT);
	const { spread, isRelative, quiet = 0 } = procedure.rule;
	procedure.prepare?.(probes, celsius);
	const sample = yield* sampleOf(procedure.sensor(probes), watchdog);
	const moved = Math.abs(procedure.valueOf(sample as never, []) - reading);
	const widest = Math.max(isRelative ? (spread * Math.abs(reading)) / 100 : spread, quiet);
	if (isSettled && moved > SPREADS_MAX * widest) throw order("it has moved since: settle again");
	// Compensation is forgotten with the power; of conductivity the circuit must make nothing.
	if (procedure !== PROCEDURES.temperature) {
		const compensated = procedure === PROCEDURES.pH ? celsius : 25;
		yield* ask(circuit, watchdog, `T,${compensated.toFixed(1)}`);
	}
	onChange();
	yield* ask(circuit, watchdog, command, procedure.milliseconds);
	return (yield* factsOf(procedure, circuit, watchdog)).facts;
}

/**
 * Name, lot and expiry, as the record has them, where `|` and `;` stand between; "" of air. Throws `calibration-order`,
 * for what is no standard of the channel, too.
 */
export function labelOf(channel: ChannelName | undefined, standard: string, given: Words): string {
	if (!isStandardFor(channel, standard)) {
		throw order(`${standard} is no bottle for this channel, nor air, nor reference with value=`);
	}
	if (standard === AIR) return "";
	const expiry = String(given["expiry"] ?? "");
	const [year = 0, month = 0, day = 0] = expiry.split("-").map(Number);
	const utcSeconds = dayNumberOfDate({ year, month, day }) * DAY_SECONDS;
	if (expiry !== "" && isoTextOf(utcSeconds).slice(0, 10) !== expiry) {
		throw order("expiry is a date: 2027-05-31");
	}
	const lot = String(given["lot"] ?? "");
	return `${standard}|${lot.split(";").join("/").split("|").join("/")}|${expiry}`;
}
