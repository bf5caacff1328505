/** What is recorded of a channel without a bottle: a calibration that is undone, cleanings, swaps, notes. */

import { hexOf } from "../../core/bytes.js";
import type { Task } from "../../core/task.js";
import { PARTS, piecesOf } from "../../protocol/calibration/parts.js";
import { LIMITS } from "../../protocol/calibration/verdict.js";
import { CHANNELS } from "../../protocol/record/channels.js";
import type { CalibrationsInForce } from "./calibrations-in-force.js";
import { noteElectrode } from "./electrode-health.js";
import {
	channelIn,
	type Fields,
	order,
	type ProbeAccess,
	personOf,
	procedureOf,
	sampleOf,
	shown,
	textParts,
	type Words,
	withProbes,
} from "./probe-work.js";

/** The mean of eight has a third of the noise of one. */
const COUPLING_READINGS = 8;

/** Imports the calibration before the one in force, and records that. Throws StationError. */
export function* undo(
	inForce: CalibrationsInForce,
	access: ProbeAccess,
	given: Words,
): Task<Fields> {
	const channel = channelIn(given);
	const procedure = procedureOf(channel);
	const state = inForce.stored.channel(channel);
	if (state.beforeExport.length === 0) throw order("no calibration before it is kept");
	const now = yield* withProbes(access, procedure, (_probes, circuit) =>
		inForce.exported(procedure, circuit),
	);
	if (!inForce.isInForce(channel, now)) {
		inForce.compare(channel, now);
		inForce.save();
		throw order("the circuit was changed by others since: its change is recorded, look first");
	}
	const { beforeExport, beforeDigest, beforeCoefficients } = state;
	const id = inForce.begin(channel, now);
	inForce.isAgreed = false;
	yield* inForce.takeBack(channel, beforeExport);
	const closing = {
		...inForce.closing(channel, id, "undo", beforeCoefficients),
		exportAfter: beforeDigest,
	};
	const hasCircuit = procedure.milliseconds > 0;
	inForce.write(closing, [
		...inForce.named.parts(PARTS.person, [personOf(given)]),
		...(hasCircuit ? piecesOf(now) : []).map((piece) => [PARTS.exportBefore, piece] as const),
		...textParts(PARTS.note, String(given["text"] ?? "")),
	]);
	inForce.commit(channel, id, beforeDigest, beforeCoefficients, now);
	return { id, digest: hexOf(beforeDigest) };
}

/** Whether the conductivity circuit's current reaches the electrode: pH while that sleeps, and while it measures. */
export function* coupling(access: ProbeAccess): Task<Fields> {
	const { watchdog } = access.board;
	const procedure = procedureOf(channelIn({ channel: "pH" }));
	return yield* withProbes(access, procedure, function* ({ pH, conductivity, temperature }) {
		const { thermometer } = yield* sampleOf(temperature, watchdog);
		pH.configure({ temperature: thermometer.temperature });
		const sums: [number, number] = [0, 0];
		for (let count = 0; count < 2 * COUPLING_READINGS; count++) {
			const isAwake = count >= COUPLING_READINGS;
			if (isAwake) yield* sampleOf(conductivity, watchdog);
			const { pHMeter } = yield* sampleOf(pH, watchdog);
			sums[isAwake ? 1 : 0] += pHMeter.pH;
		}
		const [asleep, awake] = [sums[0] / COUPLING_READINGS, sums[1] / COUPLING_READINGS];
		const isCoupled = Math.abs(awake - asleep) > LIMITS.couplingPH;
		return {
			asleep: shown(asleep),
			awake: shown(awake),
			difference: shown(awake - asleep),
			verdict: isCoupled ? "coupled" : "good",
		};
	});
}

/** Cleanings, swaps and notes. Throws StationError. */
export function logAct(inForce: CalibrationsInForce, given: Words): Fields {
	const channel = channelIn(given);
	const act = given["act"];
	if (act !== "cleaning" && act !== "swap" && act !== "note") {
		throw order("act is cleaning, swap or note");
	}
	const { coefficients, digest } = inForce.stored.channel(channel);
	const id = inForce.begin(channel, undefined);
	inForce.write({ ...inForce.closing(channel, id, act, coefficients), exportAfter: digest }, [
		...inForce.named.parts(PARTS.person, [personOf(given)]),
		...textParts(PARTS.note, String(given["text"] ?? "")),
	]);
	if (act === "swap") {
		if (CHANNELS[channel]?.name === "pH") {
			noteElectrode(inForce.stored);
			inForce.save();
		}
		inForce.requestCheck();
	}
	return { id };
}
