/**
 * The station's side of delivering: opens the uplink for the configuration in force, starts its
 * sessions one at a time, names losses before they are due, and puts what the collector did into the
 * record.
 */
import { uint32At } from "../../core/bytes.js";
import { StationError, type StationErrorCode } from "../../core/errors.js";
import { SeededRandom } from "../../core/random.js";
import { call, type Task } from "../../core/task.js";
import type { CalibrationBody } from "../../protocol/record/entry-layouts.js";
import type { StationConfiguration } from "../config/configuration.js";
import { OVERFLOW_REASON } from "../journal/gap-tracker.js";
import type { Board } from "../ports.js";
import { Uplink } from "../uplink/uplink.js";
import type { AnswerTimes, SessionOutcome } from "../uplink/uplink-options.js";
import { recordInForce } from "./boot.js";
import type { EntryRecorder } from "./entry-recorder.js";
import type { Heartbeat } from "./heartbeat.js";
import type { StationJournal } from "./journal-port.js";
import { uploadIntervalSecondsOf } from "./upload-interval.js";

export interface UploadControllerOptions {
	readonly board: Board;
	readonly journal: StationJournal;
	readonly recorder: EntryRecorder;
	readonly configuration: StationConfiguration;
	/** Uploads are so many times rarer than configured. */
	readonly batteryFactor: number;
	/** Last sequence covered by a gap entry that was recorded already, 0 for none. */
	readonly recordedGapTo: number;
	/** From `save` of the last wake. */
	readonly state: Uint8Array | undefined;
	readonly start: (task: Task<void>, onEnd: (error: unknown, failed: boolean) => void) => void;
	readonly log: (text: string) => void;
	/** The collector's clock, from a verified answer. */
	readonly onTime: (utcSeconds: number, times: AnswerTimes) => void;
	/** Once a session, while the link is still up. */
	readonly beforeClose: (endMilliseconds: number) => Task<void>;
	/** A configuration in its canonical form, from a verified acknowledgement. */
	readonly onConfiguration: (canonicalBytes: Uint8Array) => void;
	/** A configuration is on trial. */
	readonly isOnTrial: () => boolean;
	readonly onEnded: (outcome: SessionOutcome, error: UploadError | undefined) => void;
	readonly onCrash: (error: unknown) => void;
	readonly heartbeat: Heartbeat;
	/** Of the station's own calibrations, those in force. */
	readonly standing: () => readonly CalibrationBody[];
}

export interface UploadError {
	readonly code: string;
	readonly text: string;
}

export class UploadController {
	readonly #options: UploadControllerOptions;
	#configuration: StationConfiguration;
	#batteryFactor: number;
	#recordedGapTo: number;
	#uplink: Uplink;
	#isUploading = false;
	/** Share of the ring that waits, when it was looked at last. */
	#waitingShare = 0;
	/** What the uplink said last in the session that runs or ended last. */
	#error: UploadError | undefined;
	/** Signal strength in this wake's last session, dBm. */
	rssiDecibelMilliwatts: number | undefined;

	constructor(options: UploadControllerOptions) {
		this.#options = options;
		this.#configuration = options.configuration;
		this.#batteryFactor = options.batteryFactor;
		this.#recordedGapTo = options.recordedGapTo;
		this.#refreshRingUsage();
		this.#uplink = this.#open(options.state);
	}

	get isUploading(): boolean {
		return this.#isUploading;
	}

	/** On the board's clock. */
	get nextAttemptMilliseconds(): number {
		return this.#uplink.nextAttemptMilliseconds;
	}

	get recordedGapTo(): number {
		return this.#recordedGapTo;
	}

	get waitingShare(): number {
		return this.#waitingShare;
	}

	/** Attempts in a row without an acknowledgement. */
	get failures(): number {
		return this.#uplink.failures;
	}

	/** The collector refused the last batch. */
	get isRefused(): boolean {
		return this.#uplink.isRefused;
	}

	/** Failing has used up its radio time. */
	get isBudgetSpent(): boolean {
		return this.#uplink.isBudgetSpent;
	}

	get error(): UploadError | undefined {
		return this.#error;
	}

	/** The next session is now: a technician waits, an alarm, or a configuration on trial. */
	requestSoon(): void {
		this.#uplink.requestSoon();
	}

	/** Continues under another configuration. Not while uploading. */
	reconfigure(configuration: StationConfiguration): void {
		const state = this.#uplink.save();
		this.#configuration = configuration;
		this.#uplink = this.#open(state);
		this.#uplink.startOver();
	}

	/** After each reading: the interval follows battery and ring. */
	adjust(batteryFactor: number): void {
		this.#batteryFactor = batteryFactor;
		this.#refreshRingUsage();
		this.#uplink.uploadIntervalSeconds = this.#intervalSeconds();
	}

	/** Starts a session. One at a time. */
	start(): void {
		this.#recordGaps();
		this.#isUploading = true;
		this.#error = undefined;
		this.#options.start(this.#session(), (error, failed) => {
			if (failed) this.#options.onCrash(error);
		});
	}

	*#session(): Task<void> {
		try {
			// Called, not `yield*`: the deepest calls of the station begin in a session, and its stack is small.
			const outcome = yield* call(this.#uplink.session());
			this.#isUploading = false;
			// The session read what waits: corruption that it met is forgotten with the next sleep.
			this.#recordGaps();
			this.#options.heartbeat.uploaded(outcome, this.rssiDecibelMilliwatts);
			this.#options.onEnded(outcome, this.#error);
		} finally {
			this.#isUploading = false;
		}
	}

	/** For retained memory. */
	save(into?: Uint8Array): Uint8Array {
		return this.#uplink.save(into);
	}

	#open(state: Uint8Array | undefined): Uplink {
		const { board, journal, onTime, beforeClose, onConfiguration, isOnTrial } = this.#options;
		const configuration = this.#configuration;
		const seed = new Uint8Array(4);
		board.entropy.fill(seed);
		return new Uplink({
			source: journal,
			formers: () => journal.formers,
			network: board.network,
			signer: board.signer,
			verifier: board.verifier,
			sha256: board.sha256,
			clock: board.clock,
			random: new SeededRandom(uint32At(seed, 0)),
			station: configuration.station,
			host: configuration.collectorHost,
			port: configuration.collectorPort,
			collectorPublicKey: configuration.collectorPublicKey,
			uploadIntervalSeconds: this.#intervalSeconds(),
			isOnTrial,
			state,
			onTime,
			beforeClose,
			onConfiguration,
			onReport: (code, detail, text) => this.#report(code, detail, text),
			feed: () => board.watchdog.feed(),
			onConnected: (link, connect) => this.#options.heartbeat.connected(link, connect),
		});
	}

	/** A flash that cannot be read leaves the interval as it is; the reading says what is wrong. */
	#refreshRingUsage(): void {
		try {
			this.#waitingShare = this.#options.journal.waitingShare;
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			this.#options.log(`the ring cannot be measured: ${error.code}`);
		}
	}

	#intervalSeconds(): number {
		return uploadIntervalSecondsOf({
			configuredSeconds: this.#configuration.uploadIntervalSeconds,
			batteryFactor: this.#batteryFactor,
			waitingShare: this.#waitingShare,
		});
	}

	/**
	 * A gap becomes an entry when it is about to be delivered; again only after it has grown. Corruption is
	 * met in no order, as the newest is read first: a gap below one that was named is named when the
	 * cursor has come up to it and can get no further without.
	 */
	#recordGaps(): void {
		const { board, journal, recorder, standing } = this.#options;
		for (const gap of journal.gaps) {
			// Numbers of a former epoch say nothing of this one; the journal itself names them once.
			if (gap.lostEpoch !== 0) {
				recorder.record({ kind: "gap", ...gap });
				continue;
			}
			const isInTheWay = gap.from === journal.cursor + 1;
			if (gap.to <= this.#recordedGapTo && !isInTheWay) continue;
			if (recorder.record({ kind: "gap", ...gap }) === undefined) continue;
			this.#recordedGapTo = Math.max(this.#recordedGapTo, gap.to);
			if (gap.reason !== OVERFLOW_REASON) continue;
			// What derives the readings that the ring still holds may be among what it overwrote.
			recordInForce(recorder, this.#configuration, standing(), board.sha256);
		}
	}

	#report(code: StationErrorCode | "acknowledged" | "refused", detail: number, text: string): void {
		const { board, recorder, log } = this.#options;
		this.rssiDecibelMilliwatts = board.network.link.rssiDecibelMilliwatts;
		log(`uplink ${code} ${detail} ${text}`);
		this.#error = code === "acknowledged" ? undefined : { code, text };
		if (code === "refused") recorder.event("collector-refused", detail, text);
		else if (code.startsWith("acknowledgement-")) {
			recorder.event("acknowledgement-rejected", detail, code);
		}
	}
}
