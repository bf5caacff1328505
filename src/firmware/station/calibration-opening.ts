/** The calibrations of a station, with what they need of its other rooms. */
import { CalibrationDesk } from "../calibration/calibration-desk.js";
import type { ConfigurationKeeper } from "../config/configuration-keeper.js";
import type { LogBook } from "./log-book.js";
import { ProbeLending } from "./probe-lending.js";
import type { StationOptions } from "./station-options.js";
import type { TimeKeeper } from "./time-keeper.js";
import type { TolerantJournal } from "./tolerant-journal.js";

export interface CalibrationRooms {
	readonly keeper: ConfigurationKeeper;
	readonly journal: TolerantJournal;
	readonly book: LogBook;
	readonly time: TimeKeeper;
	/** The cycle shall look around. */
	readonly stir: () => void;
}

export interface Calibrations {
	readonly desk: CalibrationDesk;
	readonly lending: ProbeLending;
}

/** `isWake`: of a deep sleep; every other boot looks at the circuits. */
export function openCalibrations(
	{ board, openProbes }: StationOptions,
	{ keeper, journal, book, time, stir }: CalibrationRooms,
	isWake: boolean,
): Calibrations {
	const lending = new ProbeLending(stir);
	const desk = new CalibrationDesk({
		board,
		openProbes: () => openProbes(board, keeper.configuration),
		lend: (milliseconds) => lending.borrow(milliseconds),
		journal,
		record: (body) => book.record(body),
		restored: (channel, why) => book.event("calibration-restored", channel, why),
		utcSeconds: () => time.utcSeconds ?? 0,
		say: (text) => board.log.line(text),
		isCheckDue: !isWake,
	});
	return { desk, lending };
}
