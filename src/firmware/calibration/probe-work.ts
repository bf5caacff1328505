/** What calibrating does with probes and circuits, and what it says when a step is out of order. */
import { assert, StationError } from "../../core/errors.js";
import type { Task } from "../../core/task.js";
import { unsignedDecimalOf } from "../../core/text.js";
import { textPiecesOf } from "../../protocol/calibration/parts.js";
import { CHANNELS } from "../../protocol/record/channels.js";
import { acquire, type RecoverySteps } from "../measure/acquire.js";
import { type MeasuringBoard, ProbeSession } from "../measure/probe-session.js";
import type { WaterProbes } from "../measure/probes.js";
import type { Sensor, SpokenCircuit } from "../measure/sensor.js";
import { ask } from "./circuit-exchange.js";
import { PROCEDURES, type Procedure } from "./procedures.js";

/** Words and numbers of a command of the line, and of its answer. */
export type Words = Readonly<Record<string, string | number | undefined>>;
export type Fields = Readonly<Record<string, string | number>>;
export type EmitFields = (fields: Fields) => Task<void>;

/** Type and contents of a part. */
export type Part = readonly [type: number, contents: Uint8Array];

/** Where the probes hang. */
export interface ProbeAccess {
	readonly board: MeasuringBoard;
	readonly openProbes: () => WaterProbes;
}

export const NO_CIRCUIT = "this probe has no circuit that is calibrated";

/** An error of a probe is reported to the technician: it ends the command. */
const NO_RECOVERY_STEPS: RecoverySteps = Object.freeze({
	succeeded: () => {},
	// biome-ignore lint/correctness/useYield: a task that need not wait
	*next(error: StationError): Task<boolean> {
		throw error;
	},
});

/** The probes with power, warm, and the neighbour that drives a current asleep. */
export function* withProbes<Result>(
	{ board, openProbes }: ProbeAccess,
	procedure: Procedure,
	work: (probes: WaterProbes, circuit: SpokenCircuit | undefined) => Task<Result>,
): Task<Result> {
	const session = new ProbeSession(board, openProbes, 0);
	try {
		yield* session.open(procedure.rail === "loop");
		const sensor = procedure.sensor(session.probes);
		yield* session.warm(procedure.rail, sensor.warmUpMilliseconds);
		const { pH, conductivity } = session.probes;
		(procedure === PROCEDURES.pH ? conductivity : pH).sleep();
		return yield* work(session.probes, sensor.circuit);
	} finally {
		session.close();
	}
}

export function order(text: string): StationError {
	return new StationError("calibration-order", text);
}

export function doubtful(text: string): StationError {
	return new StationError("calibration-doubtful", text);
}

export function channelIn(given: Words): number {
	const channel = CHANNELS.findIndex(({ name }) => name === given["channel"]);
	if (channel >= 0) return channel;
	throw order(`channel is ${Object.keys(PROCEDURES).join(", ")}`);
}

export function procedureOf(channel: number): Procedure {
	const name = CHANNELS[channel]?.name;
	const procedure = name === undefined ? undefined : PROCEDURES[name];
	if (procedure !== undefined) return procedure;
	throw order(`channel is ${Object.keys(PROCEDURES).join(", ")}`);
}

/** A sample, or the probe's own error. */
export function* sampleOf<Sample>(
	sensor: Sensor<Sample>,
	watchdog: MeasuringBoard["watchdog"],
): Task<Sample> {
	const sample = yield* acquire(() => sensor, watchdog, NO_RECOVERY_STEPS);
	assert(sample !== undefined, "a remedy that neither throws nor helps");
	return sample;
}

/** Of the water or the bottle; undefined where no thermometer answers. */
export function* celsiusOf(
	probes: WaterProbes,
	watchdog: MeasuringBoard["watchdog"],
): Task<number | undefined> {
	try {
		const sample = yield* acquire(() => probes.temperature, watchdog, NO_RECOVERY_STEPS);
		return sample?.thermometer.temperature;
	} catch (error) {
		if (!(error instanceof StationError)) throw error;
		return undefined;
	}
}

/** What a circuit says it holds: answers by their first word, and as they came. */
export function* factsOf(
	procedure: Procedure,
	circuit: SpokenCircuit | undefined,
	watchdog: MeasuringBoard["watchdog"],
): Task<{ readonly facts: Map<string, string>; readonly texts: string[] }> {
	const facts = new Map<string, string>();
	const texts: string[] = [];
	for (const query of circuit === undefined ? [] : procedure.facts) {
		const answer = yield* ask(circuit as SpokenCircuit, watchdog, query);
		const text = answer.slice(answer.charAt(1) === "," ? 2 : 1);
		const comma = text.indexOf(",");
		facts.set(text.slice(0, comma).toUpperCase(), text.slice(comma + 1));
		texts.push(text);
	}
	return { facts, texts };
}

/** Facts as fields of an answer. */
export function factFields(facts: ReadonlyMap<string, string>): Fields {
	const fields: Record<string, string> = {};
	for (const [name, text] of facts) fields[name.toLowerCase()] = text;
	return fields;
}

/** A text in pieces that parts hold. */
export function textParts(type: number, text: string): Part[] {
	return textPiecesOf(text).map((piece) => [type, piece] as const);
}

/** The person who does it; that nobody was named is recorded, too, or it would be the person named before. */
export function personOf(given: Words): string {
	return String(given["by"] ?? "unknown");
}

export function decimalOf(word: string | number | undefined): number | undefined {
	return word === undefined ? undefined : unsignedDecimalOf(String(word), 6, 3);
}

export function shown(value: number | undefined): string {
	return value === undefined ? "none" : value.toFixed(3);
}
