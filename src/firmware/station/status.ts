/** What the technician's `status` shows, line by line; names are stable (docs/CONSOLE.md). */
import type { StationErrorCode } from "../../core/errors.js";
import { CHANNELS } from "../../protocol/record/channels.js";
import { TIME_QUALITIES } from "../../protocol/record/entry-layouts.js";
import type { StationConfiguration } from "../config/configuration.js";
import type { AnswerFields } from "../console/service.js";
import type { Board } from "../ports.js";
import type { Stamp } from "./entry-recorder.js";
import type { StationJournal } from "./journal-port.js";

export interface StatusView {
	readonly board: Pick<Board, "clock" | "processor">;
	readonly configuration: StationConfiguration;
	/** On the board's clock, while the configuration is on trial. */
	readonly trialEndsMilliseconds: number | undefined;
	readonly journal: StationJournal;
	readonly journalFault: StationErrorCode | undefined;
	readonly stamp: Stamp;
	readonly clockFault: StationErrorCode | undefined;
	readonly boot: number;
	readonly nextReadingMilliseconds: number;
	readonly nextUploadMilliseconds: number;
	readonly isUploading: boolean;
	readonly uploadFailures: number;
	readonly uploadError: string | undefined;
	/** Of the last session of this wake. */
	readonly rssiDecibelMilliwatts: number | undefined;
	/** Bit i: the channel of index i has failed. */
	readonly failedProbes: number;
	readonly isBatteryLow: boolean;
	readonly power: AnswerFields;
	/** Names of required fields that the board lacks. */
	readonly missing: readonly string[];
}

/** Entries that no acknowledgement has released and that are still held. */
export function waitingIn(
	journal: Pick<StationJournal, "cursor" | "firstSequenceHeld" | "nextSequence">,
): number {
	return journal.nextSequence - Math.max(journal.cursor + 1, journal.firstSequenceHeld);
}

export function statusOf(view: StatusView): AnswerFields[] {
	const { board, configuration, journal, stamp } = view;
	const flash = journal.health();
	const now = board.clock.milliseconds;
	const qualities = Object.entries(TIME_QUALITIES);
	const quality = qualities.find(([, value]) => value === stamp.timeQuality)?.[0];
	const failed = CHANNELS.filter((_, index) => ((view.failedProbes >> index) & 1) === 1).map(
		({ name }) => name,
	);
	const seconds = (dueMilliseconds: number): number =>
		Math.max(Math.ceil((dueMilliseconds - now) / 1000), 0);
	return [
		{
			station: configuration.station,
			supply: configuration.supply,
			intervalSeconds: configuration.intervalSeconds,
			configuration: configuration.id,
			trialSeconds:
				view.trialEndsMilliseconds === undefined ? 0 : seconds(view.trialEndsMilliseconds),
			resetReason: board.processor.resetReason,
			freeHeapBytes: board.processor.freeHeapBytes ?? "unknown",
		},
		{
			utc: stamp.utcSeconds,
			timeQuality: quality ?? "unknown",
			clock: view.clockFault ?? "good",
			boot: view.boot,
			uptimeSeconds: stamp.uptimeSeconds,
		},
		{
			epoch: journal.epoch,
			held: journal.firstSequenceHeld,
			next: journal.nextSequence,
			cursor: journal.cursor,
			waiting: waitingIn(journal),
			gaps: journal.gaps.length,
			journal: view.journalFault ?? "good",
		},
		{
			flashSectors: flash.sectors,
			flashRetired: flash.retiredSectors,
			flashRefusals: flash.failedPrograms,
			flashBitsCorrected: flash.correctedBits,
			flashSlotsSkipped: flash.skippedFrames,
		},
		{
			nextReadingSeconds: seconds(view.nextReadingMilliseconds),
			nextUploadSeconds: view.isUploading ? 0 : finite(seconds(view.nextUploadMilliseconds)),
			uploading: view.isUploading ? "yes" : "no",
			uploadFailures: view.uploadFailures,
			rssiDecibelMilliwatts: view.rssiDecibelMilliwatts ?? "none",
			lastUpload: view.uploadError ?? lastUploadOf(view.uploadFailures, journal.cursor),
		},
		{
			failedProbes: failed.length === 0 ? "none" : failed.join(","),
			battery: view.isBatteryLow ? "low" : "good",
		},
		view.power,
		{ untold: view.missing.length === 0 ? "none" : view.missing.join(",") },
	];
}

/** None where the battery lets none be. */
function finite(seconds: number): number | string {
	return seconds === Number.POSITIVE_INFINITY ? "none" : seconds;
}

/** What is known of the last upload when it was not in this wake: its error is not kept over sleep. */
function lastUploadOf(failures: number, cursor: number): string {
	if (failures > 0) return "failed";
	return cursor === 0 ? "none" : "good";
}
