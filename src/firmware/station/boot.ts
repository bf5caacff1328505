/** What a boot that is not a deep-sleep wake must find out and record before anything else. */
import {
	decodeEntry,
	type Entry,
	RESET_REASONS,
	TIME_QUALITIES,
	TIME_SOURCES,
	WAKE_CAUSES,
} from "../../protocol/entry.js";
import { EVENT_CODES } from "../../protocol/events.js";
import { configurationBodyOf, type StationConfiguration } from "../config/configuration.js";
import type { Board, Entropy } from "../ports.js";
import type { StationJournal } from "./journal-port.js";
import type { Recorder } from "./recorder.js";

/** Entries looked at from the end for the last boot number; one unreadable frame must not reset it. */
const ENTRIES_SCANNED = 8;
/** Set in a boot number that had to be drawn because no entry could be read. */
const DRAWN_BOOT_BIT = 0x80000000;

export interface LastRun {
	/** Boot number for this boot, above every one the journal shows. */
	readonly boot: number;
	/** Unix seconds of the newest entry with a time, 0 for none. */
	readonly newestUtcSeconds: number;
	/** The newest entry's clock had been disciplined, and the RTC has gone on since. */
	readonly isVouched: boolean;
}

/** Reads the newest entries of the journal. */
export function lastRunOf(journal: StationJournal, entropy: Entropy): LastRun {
	let newest: Entry | undefined;
	let newestUtcSeconds = 0;
	const first = Math.max(journal.firstSequenceHeld, journal.nextSequence - ENTRIES_SCANNED);
	const count = journal.nextSequence - first;
	if (count > 0) {
		journal.read(first, count, (_sequence, canonical) => {
			newest = decodeEntry(canonical);
			newestUtcSeconds = Math.max(newestUtcSeconds, newest.utcSeconds);
		});
	}
	if (newest !== undefined) {
		const { disciplined, holdover } = TIME_QUALITIES;
		const isVouched = newest.timeQuality === disciplined || newest.timeQuality === holdover;
		return { boot: newest.boot + 1, newestUtcSeconds, isVouched };
	}
	if (journal.nextSequence === 1) return { boot: 1, newestUtcSeconds, isVouched: false };
	const drawn = new Uint8Array(4);
	entropy.fill(drawn);
	const word = new DataView(drawn.buffer).getUint32(0, true);
	return { boot: (word | DRAWN_BOOT_BIT) >>> 0, newestUtcSeconds, isVouched: false };
}

export interface BootRecordOptions {
	readonly board: Board;
	readonly configuration: StationConfiguration;
	readonly journal: StationJournal;
	readonly recorder: Recorder;
	readonly firmwareVersion: number;
	readonly utcSeconds: number | undefined;
	/** Index into CRASH_CAUSES when the last run crashed, 0 otherwise. */
	readonly crashCode: number;
}

/** Appends what opens a boot: epoch (of a fresh journal), boot, configuration, time, recovery. */
export function recordBoot(options: BootRecordOptions): void {
	const { board, configuration, journal, recorder } = options;
	if (journal.nextSequence === 1) {
		recorder.record({
			kind: "epoch",
			station: configuration.station,
			publicKey: board.signer.publicKey,
			previousEpoch: 0,
			previousSequence: 0,
			previousHead: new Uint8Array(32),
		});
	}
	recorder.record({
		kind: "boot",
		resetReason: RESET_REASONS.indexOf(board.processor.resetReason),
		wakeCause: WAKE_CAUSES.indexOf(board.processor.wakeCause),
		crashCode: options.crashCode,
		firmwareVersion: options.firmwareVersion,
		wakeCount: 0,
	});
	recorder.record(configurationBodyOf(configuration, board.sha256));
	if (options.utcSeconds !== undefined) {
		const stamp = recorder.stamp();
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
