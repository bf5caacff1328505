/** What the technician's line asks of the station: types only, so that the room knows no other. */
import type { StationErrorCode } from "../../core/errors.js";
import type { Signal, Task } from "../../core/task.js";
import type { FieldValue } from "../../protocol/line/console.js";
import type { ChannelName } from "../../protocol/record/channels.js";
import type { DerivedValue } from "../../protocol/record/derive.js";

/** One line of an answer. */
export type AnswerFields = Readonly<Record<string, FieldValue>>;

export interface ChannelReport {
	readonly channel: ChannelName;
	/** As anyone would derive it from the record. */
	readonly derived: DerivedValue;
	/** What was measured, in `rawUnit`, where that is something else; undefined without. */
	readonly raw: number | undefined;
	readonly rawUnit: string;
	/** CHANNEL_FLAGS. */
	readonly flags: number;
	readonly bus: "probe-bus" | "system-bus";
	/** Why the probe failed, if it did. */
	readonly failure: StationErrorCode | undefined;
}

export interface ReadingReport {
	readonly utcSeconds: number;
	/** Sequence in the journal; undefined when it was only looked at, or the journal rejected it. */
	readonly sequence: number | undefined;
	readonly channels: readonly ChannelReport[];
	readonly durationMilliseconds: number;
	/** Error of the real-time clock. */
	readonly clockFault: StationErrorCode | undefined;
	/** Why the journal did not take the last entry, if it did not. */
	readonly journalFault: StationErrorCode | undefined;
}

export interface UploadReport {
	/** Highest acknowledged sequence after the session. */
	readonly cursor: number;
	/** Entries that are still to be delivered. */
	readonly waiting: number;
	/** The last error of the session; undefined when there was none. */
	readonly error: { readonly code: string; readonly text: string } | undefined;
}

/** The part of the journal that is exported. */
export interface ExportableJournal {
	readonly epoch: number;
	readonly firstSequenceHeld: number;
	readonly nextSequence: number;
	read(
		first: number,
		count: number,
		visit: (sequence: number, canonicalBytes: Uint8Array) => void,
	): void;
}

/** Calibrations as the line asks for them, by the command's name: what comes back is the answer's fields. */
export interface CalibrationLine {
	/** How the pH electrode is by its last calibrations: verdict, days until service, which of slopes and offset, and why. */
	electrode(): {
		readonly electrode: string;
		readonly electrodeDays: number | "none";
		readonly electrodeBy: string;
	};
	/** Throws StationError. */
	run(
		command: string,
		given: Readonly<Record<string, string | number | undefined>>,
		emit: (fields: AnswerFields) => Task<void>,
		milliseconds: number,
	): Task<AnswerFields>;
}

/** A field of a draft, or what is wrong with one. */
export interface ProvisioningLine {
	readonly field: string;
	readonly state: "set" | "new" | "wrong" | "missing";
	readonly text: string;
}

/** Provisioning of the board: begun, shown, committed or gone. */
export interface ProvisioningService {
	/** Names of required fields that are missing. */
	readonly missing: readonly string[];
	/** Id of the configuration in force. */
	readonly configurationId: number;
	begin(): void;
	/** Characters that the field has now. Throws StationError `configuration-invalid`. */
	set(field: string, at: number, text: string): number;
	show(): { readonly lines: readonly ProvisioningLine[]; readonly check: string };
	/** Keeps the draft and restarts the board a second later; the new configuration's id. Throws StationError. */
	commit(check: string): number;
	drop(): void;
	/** Set when the key has signed; `nonce` has 16 bytes. */
	identify(nonce: Uint8Array): Signal<Identity>;
}

/** The signer, and what is signed. */
export interface Identity {
	readonly epoch: number;
	readonly publicKey: Uint8Array;
	/** A signed possession of docs/WIRE.md; undefined when the key does not sign. */
	readonly signed: Uint8Array | undefined;
}

/** The station as its technician's line sees it. Nothing of it waits. */
export interface StationService {
	readonly station: string;
	/** major * 1 000 000 + minor * 1 000 + patch. */
	readonly firmwareVersion: number;
	readonly journal: ExportableJournal;
	readonly calibrations: CalibrationLine;
	/** What `status` shows, line by line. */
	status(): readonly AnswerFields[];
	/**
	 * Asks for a measurement as soon as none that is due would suffer. A later call replaces one that
	 * is not answered yet.
	 */
	read(isRecorded: boolean): Signal<ReadingReport>;
	readonly provisioning: ProvisioningService;
	/** Asks for an upload; set when its session has ended. A later call replaces this one. */
	upload(): Signal<UploadReport>;
}
