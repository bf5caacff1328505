/** A calibration or a check that is open: what was taken so far, how it is judged, what of it goes into the record. */
import {
	type CalibrationPoint,
	encodePoint,
	PARTS,
	piecesOf,
} from "../../protocol/calibration/parts.js";
import {
	type Doubt,
	doubtsOfCorrection,
	RULE_VERSION,
} from "../../protocol/calibration/verdict.js";
import { CALIBRATION_ACTS } from "../../protocol/record/entry-layouts.js";
import type { Candidate } from "./bottle.js";
import type { CalibrationsInForce } from "./calibrations-in-force.js";
import { findingOf, noteElectrode } from "./electrode-health.js";
import { textParts } from "./probe-work.js";
import {
	type Coefficients,
	electrodeMillivolts,
	PROCEDURES,
	type Procedure,
	type Situation,
} from "./procedures.js";

const DAY_SECONDS = 86_400;
/** 5 % of it are the 0.5 FNU by which clear water may be off. */
const PART_OF_MIN = 10;
/** Acts that bottles are for: indexes into CALIBRATION_ACTS. */
export const CALIBRATION = 1;
export const LAST_CHECK = 3;

export interface Open {
	readonly channel: number;
	readonly procedure: Procedure;
	readonly id: number;
	/** Index into CALIBRATION_ACTS. */
	readonly act: number;
	readonly solutions: number;
	readonly riverCelsius: number | undefined;
	readonly exportBefore: Uint8Array;
	readonly person: string;
	readonly circuit: string;
	facts: ReadonlyMap<string, string>;
	readonly points: CalibrationPoint[];
	readonly labels: string[];
	readonly doubts: Doubt[];
	readonly reasons: string[];
	candidate: Candidate | undefined;
}

/** What a calibration came to; without a digest it is a check. */
export interface Judged {
	readonly coefficients: Coefficients;
	/** Index into VERDICTS. */
	readonly verdict: number;
	readonly digest: Uint8Array | undefined;
	readonly doubts: readonly Doubt[];
	readonly days: number;
}

/** Into the record: parts, then the closing entry. Throws `flash-failed`; then it stays open. */
export function writeCalibration(
	inForce: CalibrationsInForce,
	open: Open,
	utc: number,
	{ coefficients, verdict, digest, doubts, days }: Judged,
): void {
	const { channel, procedure, id, labels, person } = open;
	const hasCircuit = procedure.milliseconds > 0;
	const isChange = digest !== undefined;
	const millivolts = electrodeMillivolts(open.points, coefficients[2]);
	const points = open.points.map((each, index) =>
		procedure === PROCEDURES.pH && isChange
			? { ...each, electrodeMillivolts: millivolts[index] }
			: each,
	);
	const act = CALIBRATION_ACTS[open.act] ?? "calibration";
	const closing = {
		...inForce.closing(channel, id, act, coefficients),
		verdict,
		rule: RULE_VERSION,
		points: points.length,
		dueUtcSeconds: days > 0 && utc > 0 ? utc + days * DAY_SECONDS : 0,
		exportAfter: digest ?? inForce.stored.channel(channel).digest,
	};
	const notes = [doubts.join(","), ...open.reasons].filter((each) => each !== "");
	inForce.write(closing, [
		...points.map((each) => [PARTS.point, encodePoint(each)] as const),
		...inForce.named.parts(PARTS.standards, labels),
		...inForce.named.parts(PARTS.person, [person]),
		...(isChange ? textParts(PARTS.circuit, open.circuit) : []),
		...(isChange && hasCircuit ? piecesOf(open.exportBefore) : []).map(
			(piece) => [PARTS.exportBefore, piece] as const,
		),
		...textParts(PARTS.note, notes.join("; ")),
	]);
	// What nobody dates tells no trend.
	if (procedure === PROCEDURES.pH && isChange && utc > 0) {
		noteElectrode(inForce.stored, findingOf(utc, points, coefficients));
	}
}

/** Of a calibration by its procedure, of a check by how far it is off. */
export function judge(
	open: Open,
	situation: Situation,
): { readonly coefficients: Coefficients; readonly doubts: Doubt[] } {
	if (open.act === CALIBRATION) return open.procedure.judge(situation);
	const { good, fair, isPart } = open.procedure.criterion;
	const doubts: Doubt[] = [];
	let worst = 0;
	for (const { reading, nominalAtTemperature } of open.points) {
		const off =
			(reading - nominalAtTemperature) / (isPart ? Math.max(nominalAtTemperature, PART_OF_MIN) : 1);
		if (Math.abs(off) > Math.abs(worst)) worst = off;
	}
	doubts.push(...doubtsOfCorrection(worst, good, fair));
	return { coefficients: [worst, 0, 0], doubts };
}
