/**
 * Calibrations at the technician's line: begun, settled, pointed, committed or gone. Before a circuit is changed its export is
 * kept; what is in force, and what an interrupted one comes to, is in calibrations-in-force.ts.
 */
import { hexOf } from "../../core/bytes.js";
import { isoTextOf } from "../../core/calendar.js";
import { StationError } from "../../core/errors.js";
import type { Task } from "../../core/task.js";
import { POINT_FLAGS } from "../../protocol/calibration/parts.js";
import { hasLot, isStandard, REFERENCE } from "../../protocol/calibration/standards.js";
import { type Doubt, LIMITS, VERDICTS, verdictOf } from "../../protocol/calibration/verdict.js";
import { CHANNELS } from "../../protocol/record/channels.js";
import { CALIBRATION_ACTS } from "../../protocol/record/entry-layouts.js";
import type { MeasuringBoard } from "../measure/probe-session.js";
import type { WaterProbes } from "../measure/probes.js";
import type { SpokenCircuit } from "../measure/sensor.js";
import { type Candidate, candidateOf, labelOf, sendPoint, watch } from "./bottle.js";
import { CalibrationsInForce, type InForceOptions, NO_DIGEST } from "./calibrations-in-force.js";
import { type ElectrodeHealth, electrodeHealth } from "./electrode-health.js";
import { CALIBRATION, judge, LAST_CHECK, type Open, writeCalibration } from "./open-calibration.js";
import { coupling, logAct, undo } from "./other-acts.js";
import {
	celsiusOf,
	channelIn,
	doubtful,
	type EmitFields,
	type Fields,
	factFields,
	factsOf,
	order,
	personOf,
	procedureOf,
	shown,
	type Words,
	withProbes,
} from "./probe-work.js";
import { PROCEDURES, type Procedure, type Situation } from "./procedures.js";

/** The probes, until then on the board's clock. */
export interface Lease {
	readonly endMilliseconds: number;
	release(): void;
}

export interface CalibrationControllerOptions extends InForceOptions {
	/** Of the air, by the configuration. */
	readonly hectopascals: () => number;
	/** Whether the configuration has a probe of dissolved oxygen. */
	readonly hasOxygen: () => boolean;
	/** Waits for the probes, so many milliseconds at most. */
	readonly lend: (milliseconds: number) => Task<Lease | undefined>;
}

const NOTHING = new Uint8Array(0);
const ATMOSPHERE_HECTOPASCALS = 1013.25;

export class CalibrationController {
	readonly #options: CalibrationControllerOptions;
	readonly inForce: CalibrationsInForce;
	#open: Open | undefined;

	constructor(options: CalibrationControllerOptions) {
		this.#options = options;
		this.inForce = new CalibrationsInForce(options);
	}

	get isOpen(): boolean {
		return this.#open !== undefined;
	}

	/** A change was begun and nobody continues with it. */
	get isInterrupted(): boolean {
		return !this.isOpen && this.inForce.isInterrupted;
	}

	/** Nobody is there any more to continue it. */
	abandon(): void {
		this.#open = undefined;
	}

	electrode = (): ElectrodeHealth =>
		electrodeHealth(this.inForce.stored.findings, this.#options.utcSeconds());

	/** Runs a command; its answer's fields. Throws StationError. */
	*run(command: string, given: Words, emit: EmitFields, milliseconds: number): Task<Fields> {
		if (command === "calibrations") return yield* this.#list(emit);
		if (command === "log") {
			// Its id would be above that of the one that is open.
			if (channelIn(given) === this.#open?.channel) throw order("its calibration is open");
			return logAct(this.inForce, given);
		}
		const lease = yield* this.#options.lend(milliseconds);
		if (lease === undefined) {
			throw new StationError(
				"request-timeout",
				"the probes were not to be had between two readings",
			);
		}
		try {
			switch (command) {
				case "calibrate":
					return yield* this.#begin(given);
				case "settle":
					return yield* this.#settle(given, emit, lease);
				case "point":
					return yield* this.#point(given);
				case "commit":
					return yield* this.#commit(given);
				case "coupling":
					return yield* coupling(this.#options);
				case "undo":
					return yield* this.#undo(given);
				default:
					return yield* this.#cancel();
			}
		} finally {
			lease.release();
		}
	}

	*#begin(given: Words): Task<Fields> {
		if (this.isOpen) throw order("another calibration is open: commit or cancel it");
		if (this.inForce.pending !== undefined) {
			throw order("an interrupted calibration is taken back first, at the next reading");
		}
		const channel = channelIn(given);
		const procedure = procedureOf(channel);
		const act = CALIBRATION_ACTS.indexOf((given["act"] ?? "calibration") as "calibration");
		if (act < CALIBRATION || act > LAST_CHECK)
			throw order("act is calibration, as-found or as-left");
		const isChange = act === CALIBRATION;
		const { watchdog } = this.#options.board;
		const found = yield* withProbes(this.#options, procedure, (probes, circuit) =>
			this.#examine(procedure, probes, circuit, isChange, watchdog),
		);
		if (found.exported !== undefined) this.inForce.compare(channel, found.exported);
		const state = this.inForce.stored.channel(channel);
		const id = this.inForce.begin(channel, found.exported);
		this.#open = {
			channel,
			procedure,
			id,
			act,
			solutions: given["solutions"] === 2 ? 2 : 1,
			riverCelsius: found.celsius,
			exportBefore: found.exported ?? NOTHING,
			person: personOf(given),
			circuit: `${found.identity}|${[...found.facts.values()].join(" ")}`,
			facts: found.facts,
			points: [],
			labels: [],
			doubts: [],
			reasons: [],
			candidate: undefined,
		};
		return {
			id,
			previous: state.id,
			digest: hexOf(state.digest),
			circuit: found.identity === "" ? "none" : found.identity,
			facts: found.texts.join("_") || "none",
			celsius: shown(found.celsius),
		};
	}

	/** What a circuit is and holds, before anything is done. */
	*#examine(
		procedure: Procedure,
		probes: WaterProbes,
		circuit: SpokenCircuit | undefined,
		isExported: boolean,
		watchdog: MeasuringBoard["watchdog"],
	) {
		const celsius = yield* celsiusOf(probes, watchdog);
		let exported: Uint8Array | undefined;
		const { facts, texts } = yield* factsOf(procedure, circuit, watchdog);
		if (isExported) exported = yield* this.inForce.exported(procedure, circuit);
		const identity = procedure.sensor(probes).identity ?? "";
		return { celsius, facts, texts, exported, identity };
	}

	*#settle(given: Words, emit: EmitFields, lease: Lease): Task<Fields> {
		const open = this.#require();
		const standard = String(given["standard"] ?? "");
		const seconds = Number(given["seconds"] ?? 0);
		const { clock } = this.#options.board;
		const label = labelOf(CHANNELS[open.channel]?.name, standard, given);
		const other = open.labels.find((each) => each.split("|")[0] === standard);
		if (other !== undefined && other !== label && standard !== REFERENCE) {
			throw order(`that bottle was ${other}`);
		}
		if (open.candidate?.standard !== standard || open.candidate.isSettled) {
			open.candidate = candidateOf(standard, open.procedure, clock.milliseconds);
		}
		const candidate = open.candidate;
		const { endMilliseconds } = lease;
		const { board } = this.#options;
		const { procedure } = open;
		const { curves } = this.inForce;
		const airPart = this.#options.hectopascals() / ATMOSPHERE_HECTOPASCALS;
		const options = { board, procedure, curves, airPart, given, seconds, emit, endMilliseconds };
		const why = yield* withProbes(this.#options, procedure, (probes) =>
			watch(candidate, probes, options),
		);
		const { settling, point } = candidate;
		if (settling === undefined) throw order("no time before the next reading: settle again");
		candidate.label = label;
		if (why === "time") candidate.fromMilliseconds = clock.milliseconds;
		candidate.doubts = this.#doubtsOf(open, candidate, given);
		return {
			settled: candidate.isSettled ? "yes" : "no",
			why,
			nominal: shown(point.nominal),
			reading: shown(point.reading),
			celsius: shown(point.celsius),
			drift: settling.slopePerMinute.toFixed(4),
			spread: settling.spread.toFixed(4),
			deviation: settling.deviation.toFixed(4),
			count: settling.count,
			seconds: Math.round((clock.milliseconds - candidate.beganMilliseconds) / 1000),
			doubts: candidate.doubts.join(",") || "none",
		};
	}

	*#point(given: Words): Task<Fields> {
		const open = this.#require();
		const { candidate, procedure } = open;
		if (candidate?.settling === undefined) throw order("nothing has settled: settle first");
		const reason = String(given["text"] ?? "");
		const worst = verdictOf(candidate.doubts);
		if (VERDICTS[worst] === "rejected" && reason === "") {
			throw doubtful(`${candidate.doubts.join(", ")}: another bottle, more time, or text=REASON`);
		}
		const { point, settling } = candidate;
		const { watchdog } = this.#options.board;
		if (open.act === CALIBRATION) {
			const command = procedure.command(this.#situation(open), point);
			if (procedure.milliseconds > 0)
				open.facts = yield* withProbes(this.#options, procedure, (probes, circuit) =>
					sendPoint(candidate, command, { procedure, probes, circuit, watchdog }, () => {
						this.inForce.isAgreed = false;
					}),
				);
		}
		open.points.push({
			nominal: point.nominalAt25,
			nominalAtTemperature: point.nominal,
			reading: point.reading,
			celsius: point.celsius,
			slopePerMinute: settling.slopePerMinute,
			deviation: settling.deviation,
			count: settling.count,
			secondsToSettle:
				(this.#options.board.clock.milliseconds - candidate.beganMilliseconds) / 1000,
			electrodeMillivolts: undefined,
			flags:
				(reason === "" ? 0 : POINT_FLAGS.forced) |
				(candidate.isSettled ? 0 : POINT_FLAGS.notSettled),
		});
		if (reason !== "") open.reasons.push(reason);
		open.labels.push(candidate.label);
		open.doubts.push(...candidate.doubts);
		open.candidate = undefined;
		return {
			points: open.points.length,
			...factFields(open.facts),
			doubts: open.doubts.join(",") || "none",
		};
	}

	*#commit(given: Words): Task<Fields> {
		const open = this.#require();
		const { channel, id, exportBefore } = open;
		if (open.points.length === 0) throw order("no point was taken: settle, then point");
		const digest = open.act === CALIBRATION ? yield* this.#digestNow(open) : undefined;
		const { coefficients, doubts } = judge(open, this.#situation(open));
		const all = [...new Set([...open.doubts, ...doubts])];
		const verdict = verdictOf(all);
		const reason = String(given["text"] ?? "");
		if (VERDICTS[verdict] === "rejected" && reason === "" && open.reasons.length === 0) {
			throw doubtful(`${all.join(", ")}: cancel, or text=REASON`);
		}
		if (reason !== "") open.reasons.push(reason);
		writeCalibration(this.inForce, open, this.#options.utcSeconds(), {
			coefficients,
			verdict,
			digest,
			doubts: all,
			days: Number(given["due"] ?? 0),
		});
		if (digest !== undefined) {
			this.inForce.commit(channel, id, digest, coefficients, exportBefore);
		}
		this.#open = undefined;
		return {
			id,
			verdict: VERDICTS[verdict] ?? "none",
			doubts: all.join(",") || "none",
			a: coefficients[0].toFixed(3),
			b: coefficients[1].toFixed(3),
			c: coefficients[2].toFixed(3),
			digest: hexOf(digest ?? NO_DIGEST),
		};
	}

	/** Of the export of the circuit as it is calibrated now; its facts besides. */
	*#digestNow(open: Open): Task<Uint8Array> {
		const { procedure } = open;
		const { watchdog } = this.#options.board;
		const { inForce } = this;
		const found = yield* withProbes(this.#options, procedure, function* (_probes, circuit) {
			const { facts } = yield* factsOf(procedure, circuit, watchdog);
			return { facts, exported: yield* inForce.exported(procedure, circuit) };
		});
		open.facts = found.facts;
		return this.inForce.digestOf(found.exported);
	}

	*#cancel(): Task<Fields> {
		const { channel } = this.#require();
		yield* this.inForce.cancel();
		this.#open = undefined;
		this.inForce.recordOutcome("cancelled");
		return { digest: hexOf(this.inForce.stored.channel(channel).digest) };
	}

	*#undo(given: Words): Task<Fields> {
		if (this.isOpen || this.inForce.pending !== undefined)
			throw order("another calibration is open");
		return yield* undo(this.inForce, this.#options, given);
	}

	*#list(emit: EmitFields): Task<Fields> {
		for (const [index, { name }] of CHANNELS.entries()) {
			if (PROCEDURES[name] === undefined) continue;
			if (name === "dissolvedOxygen" && !this.#options.hasOxygen()) continue;
			const state = this.inForce.stored.channel(index);
			const isOpen = this.#open?.channel === index;
			yield* emit({
				channel: name,
				id: state.id,
				previous: state.beforeId,
				digest: hexOf(state.digest),
				undo: state.beforeExport.length > 0 ? "yes" : "no",
				a: state.coefficients[0].toFixed(3),
				b: state.coefficients[1].toFixed(3),
				c: state.coefficients[2].toFixed(3),
				state: isOpen ? "open" : this.inForce.withheld === name ? "interrupted" : "agreed",
				points: isOpen ? (this.#open?.points.length ?? 0) : 0,
			});
		}
		return { checked: this.inForce.checkedUtcSeconds };
	}

	#require(): Open {
		if (this.#open !== undefined) return this.#open;
		throw order("no calibration is open: calibrate channel=NAME begins one");
	}

	#situation(open: Open): Situation {
		const { points, facts, solutions } = open;
		const { curves } = this.inForce;
		return {
			points,
			facts,
			solutions,
			before: this.inForce.stored.channel(open.channel).coefficients,
			curves,
		};
	}

	#doubtsOf(open: Open, candidate: Candidate, given: Words): Doubt[] {
		const { standard, point, isSettled } = candidate;
		const doubts: Doubt[] = isSettled ? [] : ["not-settled"];
		if (isStandard(standard)) {
			const { lot, expiry } = given;
			const utc = this.#options.utcSeconds();
			if (!hasLot(standard)) {
				// Made on the spot.
			} else if (lot === undefined || expiry === undefined) doubts.push("lot-unknown");
			else if (utc === 0) doubts.push("clock-unknown");
			else if (String(expiry) < isoTextOf(utc).slice(0, 10)) doubts.push("expired");
			const river = open.riverCelsius;
			if (river !== undefined && Math.abs(point.celsius - river) > LIMITS.riverCelsius) {
				doubts.push("bottle-unlike-river");
			}
		}
		if (open.act === CALIBRATION)
			doubts.push(...open.procedure.doubts(this.#situation(open), point));
		return doubts;
	}
}
