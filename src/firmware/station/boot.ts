/** What a boot that is not a deep-sleep wake must find out and record before anything else. */

import { uint32At } from "../../core/bytes.js";
import { StationError } from "../../core/errors.js";
import { CHANNEL_SETS } from "../../protocol/record/channel-set.js";
import { decodeEntry } from "../../protocol/record/entry.js";
import {
	type CalibrationBody,
	type Entry,
	type EntryBody,
	NO_CALIBRATION_ACT,
	RESET_REASONS,
	TIME_QUALITIES,
	TIME_SOURCES,
	WAKE_CAUSES,
} from "../../protocol/record/entry-layouts.js";
import type { ReadableEntries } from "../../protocol/record/entry-source.js";
import { EVENT_CODES } from "../../protocol/record/events.js";
import { readingOf } from "../../protocol/record/reading.js";
import { configurationEntriesOf, type StationConfiguration } from "../config/configuration.js";
import { mayRollOverAfter } from "../measure/water.js";
import type { Board, Entropy, ResetReason, Sha256 } from "../ports.js";
import type { EntryRecorder, Stamp } from "./entry-recorder.js";
import type { StationJournal } from "./journal-port.js";

/**
 * Entries looked at from the end for the last boot number; one unreadable frame must not reset it. A boot
 * with its first reading and its events is ten of them.
 */
const ENTRIES_SCANNED = 16;
/** A run that left fewer readings was cut short. */
const READINGS_OF_A_RUN = 3;
const BOOT_MAX = 0xffffffff;
const DRAWN_BOOT_MASK = 0x3fffffff;
/** Set in a boot number that had to be drawn because no entry could be read. */
const DRAWN_BOOT_BIT = 0x80000000;

export interface LastRun {
	/** Boot number for this boot, above every one the journal shows. */
	readonly boot: number;
	/** Unix seconds of the newest entry with a time, 0 for none. */
	readonly newestUtcSeconds: number;
	/** The last run ended after a reading or two. */
	readonly wasCutShort: boolean;
	/** The newest entry's clock had been disciplined, and the RTC has gone on since. */
	readonly isVouched: boolean;
	/** The last reading was of water so dirty that the optics may have rolled over. */
	readonly mayRollOver: boolean;
}

/** Reads the newest entries of the journal. */
export function lastRunOf(journal: StationJournal, entropy: Entropy): LastRun {
	let newest: Entry | undefined;
	let setBy: TimeEntry | undefined;
	let newestUtcSeconds = 0;
	let isVouched = false;
	let mayRollOver = false;
	let hasBoot = false;
	let readings = 0;
	// A key that is lost makes no good clock one that anybody may move.
	const source = journal.predecessor ?? journal;
	const first = Math.max(source.firstSequenceHeld, source.nextSequence - ENTRIES_SCANNED);
	const count = source.nextSequence - first;
	if (count > 0) {
		readIfReadable(source, first, count, (canonicalBytes) => {
			const entry = decodeEntry(canonicalBytes);
			newest = entry;
			if (entry.kind === "boot") {
				hasBoot = true;
				readings = 0;
			}
			if (entry.kind === "reading") {
				readings++;
				const set = CHANNEL_SETS.get(entry.channelSet);
				if (set !== undefined) {
					const { turbidity } = readingOf(set, entry.fields);
					mayRollOver = mayRollOverAfter(turbidity.flags, mayRollOver);
				}
			}
			// A reading that began before the clock was set is written after that, and says what the clock said.
			if (setBy !== undefined && isBefore(entry, setBy)) return;
			if (entry.kind === "time" && TIME_SOURCES[entry.source] !== "rtc") {
				// What the clock said before counts no more: it may have been years ahead.
				setBy = entry;
				newestUtcSeconds = entry.atUtcSeconds;
			}
			newestUtcSeconds = Math.max(newestUtcSeconds, entry.utcSeconds);
			const { disciplined, holdover } = TIME_QUALITIES;
			isVouched = entry.timeQuality === disciplined || entry.timeQuality === holdover;
		});
	}
	const wasCutShort = hasBoot && readings < READINGS_OF_A_RUN;
	const isFresh = journal.epoch !== 0 && journal.nextSequence === 1;
	// Boots are counted in their epoch.
	const boot = isFresh ? 1 : newest !== undefined ? nextBoot(newest) : drawnBoot(entropy);
	return { boot, newestUtcSeconds, wasCutShort, isVouched, mayRollOver };
}

/** At its end the number stays, as in every entry: what is retained from wake to wake would begin again. */
function nextBoot({ boot }: Entry): number {
	return Math.min(boot + 1, BOOT_MAX);
}

function drawnBoot(entropy: Entropy): number {
	const drawn = new Uint8Array(4);
	entropy.fill(drawn);
	// Room for 2^30 boots after it: the number must not come to its end by chance.
	return ((uint32At(drawn, 0) & DRAWN_BOOT_MASK) | DRAWN_BOOT_BIT) >>> 0;
}

type TimeEntry = Entry & { readonly kind: "time" };

function isBefore(entry: Entry, { atBoot, atUptimeSeconds }: TimeEntry): boolean {
	return entry.boot === atBoot && entry.uptimeSeconds < atUptimeSeconds;
}

/** A flash that does not answer leaves out what it has; the station lives on. */
function readIfReadable(
	source: ReadableEntries,
	first: number,
	count: number,
	visit: (canonicalBytes: Uint8Array) => void,
): void {
	try {
		source.read(first, count, (_sequence, canonicalBytes) => visit(canonicalBytes));
	} catch (error) {
		if (!(error instanceof StationError)) throw error;
	}
}

/** What of a boot's opening is in the journal already: an earlier attempt got so far. */
function openedAlready(journal: StationJournal, boot: number): Set<string> {
	const found = new Set<string>();
	const first = Math.max(journal.firstSequenceHeld, journal.nextSequence - ENTRIES_SCANNED);
	const count = journal.nextSequence - first;
	if (count > 0) {
		// Here a flash that cannot be read is a reason to try again later.
		journal.read(first, count, (_sequence, canonicalBytes) => {
			const entry = decodeEntry(canonicalBytes);
			if (entry.boot === boot) found.add(partOf(entry));
		});
	}
	return found;
}

/** A boot's opening has each part once, and a calibration for each range. */
function partOf(body: EntryBody): string {
	return body.kind === "calibration" ? `calibration ${body.calibrationId}` : body.kind;
}

export interface BootRecordOptions {
	readonly board: Board;
	readonly configuration: StationConfiguration;
	/** Curves in force that are not the configuration's. */
	readonly standing: readonly CalibrationBody[];
	readonly journal: StationJournal;
	readonly recorder: EntryRecorder;
	readonly firmwareVersion: number;
	readonly resetReason: ResetReason;
	/** When the boot was, or the wake that could afford to record it. */
	readonly stamp: Stamp;
	/** The journal refused this boot before, and may have taken part of it. */
	readonly isRetried: boolean;
	/** Index into CRASH_CAUSES when the last run crashed, 0 otherwise. */
	readonly crashCode: number;
}

/** Appends what opens a boot: epoch (of a fresh journal), boot, configuration, time, recovery. */
export function recordBoot(options: BootRecordOptions): void {
	const { board, configuration, journal, stamp } = options;
	const { boot } = options.recorder;
	const opened = options.isRetried ? openedAlready(journal, boot) : new Set<string>();
	const recorder = {
		boot,
		record: (body: EntryBody): void => {
			if (!opened.has(partOf(body))) options.recorder.append(body, { stamp });
		},
	};
	if (journal.nextSequence === 1) {
		recorder.record({
			kind: "epoch",
			station: configuration.station,
			publicKey: board.signer.publicKey,
			...journal.origin,
		});
	}
	recorder.record({
		kind: "boot",
		resetReason: RESET_REASONS.indexOf(options.resetReason),
		wakeCause: WAKE_CAUSES.indexOf(board.processor.wakeCause),
		crashCode: options.crashCode,
		firmwareVersion: options.firmwareVersion,
		wakeCount: 0,
	});
	recordInForce(recorder, configuration, options.standing, board.sha256);
	// Both read now: measuring may lie between the boot and its record.
	const now = options.recorder.stamp();
	if (now.utcSeconds !== 0) {
		recorder.record({
			kind: "time",
			atUptimeSeconds: now.uptimeSeconds,
			atUtcSeconds: now.utcSeconds,
			// What the RTC shows, which nobody has vouched for in this boot.
			uncertaintyMilliseconds: undefined,
			stepSeconds: 0,
			driftPartsPerBillion: undefined,
			source: TIME_SOURCES.indexOf("rtc"),
			atBoot: recorder.boot,
		});
	}
	if (journal.recoveryNote !== undefined) {
		recorder.record({
			kind: "event",
			code: EVENT_CODES["journal-recovered"],
			detail: 0,
			text: journal.recoveryNote.slice(0, 40),
		});
	}
}

/** What derives the readings that follow: the configuration, its curves, and those of the station's calibrations. */
export function recordInForce(
	recorder: { record(body: EntryBody): unknown },
	configuration: StationConfiguration,
	standing: readonly CalibrationBody[],
	sha256: Sha256,
): void {
	for (const body of configurationEntriesOf(configuration, sha256)) recorder.record(body);
	for (const body of standing) recorder.record({ ...body, ...NO_CALIBRATION_ACT });
}
