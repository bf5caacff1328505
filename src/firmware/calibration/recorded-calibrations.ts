/** What the record itself says of calibrations, when the store does not or may not be believed. */
import { CHANNEL_SETS } from "../../protocol/record/channel-set.js";
import { CHANNELS } from "../../protocol/record/channels.js";
import { decodeEntry } from "../../protocol/record/entry.js";
import type { CalibrationBody } from "../../protocol/record/entry-layouts.js";
import type { ReadableEntries } from "../../protocol/record/entry-source.js";
import { readingOf } from "../../protocol/record/reading.js";
import type { PendingCalibration } from "./calibration-store.js";

export interface WatchedJournal extends ReadableEntries {
	readonly epoch: number;
	/** False until this boot is in the record; then the last entry is not given away. */
	isLastFirm: boolean;
}

/** Entries looked at from the end where the store is lost: the last reading names what was in force. */
const ENTRIES_SCANNED = 16;

/**
 * The entry that made a change so, if the record has it. The last one before a boot is firm only when the boot is
 * written after it: until then nobody can say which calibration is in force.
 */
export function closingOf(
	journal: WatchedJournal,
	{ channel, id, epoch, from }: PendingCalibration,
): CalibrationBody | "not-firm" | undefined {
	const { isLastFirm, nextSequence } = journal;
	let closing: CalibrationBody | "not-firm" | undefined;
	const first = Math.max(from, journal.firstSequenceHeld);
	if (journal.epoch !== epoch || first >= nextSequence) return undefined;
	journal.isLastFirm = true;
	try {
		journal.read(first, nextSequence - first, (sequence, canonicalBytes) => {
			const entry = decodeEntry(canonicalBytes);
			if (entry.kind !== "calibration" || entry.channel !== channel) return;
			if (entry.calibrationId !== id) return;
			closing = isLastFirm || sequence < nextSequence - 1 ? entry : "not-firm";
		});
	} finally {
		journal.isLastFirm = isLastFirm;
	}
	return closing;
}

/** Highest id of a channel that the newest entries name: where the store is lost they are all that is known. */
export function lastIdInRecord(journal: ReadableEntries, channel: number): number {
	const name = CHANNELS[channel]?.name;
	const first = Math.max(journal.firstSequenceHeld, journal.nextSequence - ENTRIES_SCANNED);
	let last = 0;
	if (first >= journal.nextSequence || name === undefined) return last;
	journal.read(first, journal.nextSequence - first, (_sequence, canonicalBytes) => {
		const entry = decodeEntry(canonicalBytes);
		if (entry.kind === "calibration" && entry.channel === channel) {
			last = Math.max(last, entry.calibrationId);
		}
		const set = CHANNEL_SETS.get(entry.channelSet);
		if (entry.kind !== "reading" || set === undefined) return;
		last = Math.max(last, readingOf(set, entry.fields)[name].calibration);
	});
	return last;
}
