/** The calibrations of a station, with what they need of its other rooms. */
import type { Task } from "../../core/task.js";
import { isFitted } from "../../protocol/record/probe-kinds.js";
import { CalibrationController } from "../calibration/calibration-controller.js";
import { checkCircuits } from "../calibration/circuit-check.js";
import { CONFIGURATION_FIELDS } from "../config/configuration-fields.js";
import type { ConfigurationManager } from "../config/configuration-manager.js";
import { turbidityBasesOf, turbidityIdsOf } from "../config/turbidity-curves.js";
import type { EntryRecorder } from "./entry-recorder.js";
import { ProbeLending } from "./probe-lending.js";
import type { StationOptions } from "./station-options.js";
import type { TimeKeeper } from "./time-keeper.js";
import type { TolerantJournal } from "./tolerant-journal.js";

/** What the station's parts share of it; each takes those that it names. */
export interface StationRooms {
	readonly manager: ConfigurationManager;
	readonly journal: TolerantJournal;
	readonly recorder: EntryRecorder;
	readonly time: TimeKeeper;
	/** The cycle shall look around. */
	readonly wake: () => void;
}

export interface Calibrations {
	readonly controller: CalibrationController;
	readonly lending: ProbeLending;
	/** Of the circuits: whether somebody calibrated them with other tools. */
	readonly check: () => Task<void>;
}

/** `bank`: of the last wake's, for a wake of a deep sleep; every other boot checks the circuits. */
export function openCalibrations(
	{ board, openProbes }: StationOptions,
	{ manager, journal, recorder, time, wake }: StationRooms,
	bank: number | undefined,
): Calibrations {
	const lending = new ProbeLending(wake);
	const probes = { board, openProbes: () => openProbes(board, manager.configuration) };
	const controller = new CalibrationController({
		board,
		openProbes: probes.openProbes,
		lend: (milliseconds) => lending.borrow(milliseconds),
		journal,
		record: (body) => recorder.record(body),
		restored: (channel, why) => recorder.event("calibration-restored", channel, why),
		curves: () => turbidityBasesOf(manager.configuration),
		curveIds: () => turbidityIdsOf(manager.configuration),
		hectopascals: () =>
			manager.configuration.airPressureHectopascals ??
			CONFIGURATION_FIELDS.airPressureHectopascals.start,
		hasOxygen: () => isFitted(manager.configuration.oxygenProbe),
		utcSeconds: () => time.utcSeconds ?? 0,
		log: (text) => board.log.line(text),
		isCheckDue: bank === undefined,
		bank: bank ?? 0,
	});
	const check = (): Task<void> =>
		checkCircuits(controller.inForce, probes, (text) => board.log.line(text));
	return { controller, lending, check };
}
