/** What a boot that is not a deep-sleep wake must find out and record before anything else. */
import {
	decodeEntry,
	type Entry,
	type EntryBody,
	RESET_REASONS,
	TIME_QUALITIES,
	TIME_SOURCES,
	WAKE_CAUSES,
} from "../../protocol/entry.js";
import { EVENT_CODES } from "../../protocol/events.js";
import { configurationEntriesOf, type StationConfiguration } from "../config/configuration.js";
import type { Board, Entropy, ResetReason } from "../ports.js";
import type { StationJournal } from "./journal-port.js";
import type { Recorder, Stamp } from "./recorder.js";

/**
 * Entries looked at from the end for the last boot number; one unreadable frame must not reset it. A boot
 * with its first reading and its events is ten of them.
 */
const ENTRIES_SCANNED = 16;
/** A run that left fewer readings was cut short. */
const READINGS_OF_A_RUN = 3;
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
}

/** Reads the newest entries of the journal. */
export function lastRunOf(journal: StationJournal, entropy: Entropy): LastRun {
	let newest: Entry | undefined;
	let newestUtcSeconds = 0;
	let hasBoot = false;
	let readings = 0;
	const first = Math.max(journal.firstSequenceHeld, journal.nextSequence - ENTRIES_SCANNED);
	const count = journal.nextSequence - first;
	if (count > 0) {
		journal.read(first, count, (_sequence, canonical) => {
			newest = decodeEntry(canonical);
			if (newest.kind === "boot") {
				hasBoot = true;
				readings = 0;
			}
			if (newest.kind === "reading") readings++;
			newestUtcSeconds = Math.max(newestUtcSeconds, newest.utcSeconds);
		});
	}
	const wasCutShort = hasBoot && readings < READINGS_OF_A_RUN;
	if (newest !== undefined) {
		const { disciplined, holdover } = TIME_QUALITIES;
		const isVouched = newest.timeQuality === disciplined || newest.timeQuality === holdover;
		return { boot: newest.boot + 1, newestUtcSeconds, wasCutShort, isVouched };
	}
	const isVouched = false;
	if (journal.nextSequence === 1) return { boot: 1, newestUtcSeconds, wasCutShort, isVouched };
	const drawn = new Uint8Array(4);
	entropy.fill(drawn);
	const word = new DataView(drawn.buffer).getUint32(0, true);
	return { boot: (word | DRAWN_BOOT_BIT) >>> 0, newestUtcSeconds, wasCutShort, isVouched };
}

export interface BootRecordOptions {
	readonly board: Board;
	readonly configuration: StationConfiguration;
	readonly journal: StationJournal;
	readonly recorder: Recorder;
	readonly firmwareVersion: number;
	readonly resetReason: ResetReason;
	/** When the boot was, or the wake that could afford to record it. */
	readonly stamp: Stamp;
	readonly utcSeconds: number | undefined;
	/** Index into CRASH_CAUSES when the last run crashed, 0 otherwise. */
	readonly crashCode: number;
}

/** Appends what opens a boot: epoch (of a fresh journal), boot, configuration, time, recovery. */
export function recordBoot(options: BootRecordOptions): void {
	const { board, configuration, journal, stamp } = options;
	const recorder = {
		boot: options.recorder.boot,
		record: (body: EntryBody) => options.recorder.record(body, 0, stamp),
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
	for (const body of configurationEntriesOf(configuration, board.sha256)) recorder.record(body);
	if (options.utcSeconds !== undefined) {
		recorder.record({
			kind: "time",
			atUptimeSeconds: stamp.uptimeSeconds,
			atUtcSeconds: options.utcSeconds,
			// Whole seconds of an RTC nobody has vouched for in this boot.
			uncertaintyMilliseconds: 1000,
			stepMilliseconds: 0,
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
