/**
 * The station: one wake from retained state to deep sleep (or, on mains, for ever). Here its rooms are put
 * together, each with the section of retained memory that it left; cycle.ts says what they do.
 */

import { Scheduler } from "../../core/task.js";
import { timeHostOf } from "../config/configuration.js";
import { ConfigurationManager } from "../config/configuration-manager.js";
import { named, Provisioning } from "../config/provisioning.js";
import { Console } from "../console/console.js";
import type { AnswerFields } from "../console/service.js";
import { MAY_ROLL_OVER } from "../measure/water.js";
import { type LastRun, lastRunOf } from "./boot.js";
import { BootLog } from "./boot-log.js";
import { type Calibrations, openCalibrations } from "./calibration-opening.js";
import { crash, loadCrashRecord, textOf } from "./crash-record.js";
import { Cycle } from "./cycle.js";
import { DeferredBootRecord } from "./deferred-boot-record.js";
import { EntryRecorder } from "./entry-recorder.js";
import { ImageTrial } from "./image-trial.js";
import { MeasurementController } from "./measurement-controller.js";
import { NetworkTimePolicy } from "./network-time-policy.js";
import { type OfferedTime, offeredByCollector, takeOfferedTime } from "./offered-time.js";
import { openPace, type Pace } from "./pace.js";
import { ProvisioningDrafts } from "./provisioning-drafts.js";
import { RetainedSections, type RetainedState } from "./retained-state.js";
import { sleepMillisecondsOf } from "./schedule.js";
import { ServiceRequests } from "./service-requests.js";
import { stationFlagsOf } from "./station-flags.js";
import type { StationOptions } from "./station-options.js";
import { statusOf, waitingIn } from "./status.js";
import { TimeKeeper } from "./time-keeper.js";
import { type TimeVerdict, timeStateAfter } from "./time-state.js";
import { TolerantJournal } from "./tolerant-journal.js";
import { UploadController } from "./upload-controller.js";

/** Starts the station on a board. Throws `configuration-invalid`, and no other StationError. */
export function startStation(options: StationOptions): Station {
	return new Station(options);
}

export class Station {
	readonly #options: StationOptions;
	/** Of the last wake, when that ended in deep sleep. */
	readonly #retained: RetainedState | undefined;
	readonly #sections: RetainedSections;
	/** What the record says of the run before, when it did not. */
	readonly #lastRun: LastRun | undefined;
	readonly #scheduler: Scheduler;
	readonly #provisioning: Provisioning;
	readonly #manager: ConfigurationManager;
	readonly #journal: TolerantJournal;
	readonly #trial: ImageTrial;
	readonly #boot: number;
	/** On the board's clock. */
	readonly #bootMilliseconds: number;
	readonly #time: TimeKeeper;
	readonly #recorder: EntryRecorder;
	readonly #bootLog: BootLog;
	readonly #requests: ServiceRequests;
	readonly #calibrations: Calibrations;
	readonly #readings: MeasurementController;
	readonly #pace: Pace;
	readonly #console: Console;
	readonly #networkTime: NetworkTimePolicy;
	readonly #uploads: UploadController;
	readonly #cycle: Cycle;

	constructor(options: StationOptions) {
		this.#options = options;
		const { board } = options;
		this.#scheduler = new Scheduler(board.clock, (error) => this.#crash(error));
		const crashRecord = loadCrashRecord(board.crash, board.clock.milliseconds);
		const isWake = board.processor.resetReason === "deep-sleep";
		this.#sections = new RetainedSections(board.retained, isWake);
		const retained = this.#sections.state;
		this.#retained = retained;
		this.#provisioning = new Provisioning(board.settings, options.configuration);
		const { settings: memory, clock } = board;
		const { configuration: provisioned } = this.#provisioning;
		const state = retained?.manager;
		const manager = new ConfigurationManager({ provisioned, memory, clock, state });
		this.#manager = manager;
		const { configuration } = manager;
		this.#journal = new TolerantJournal({
			open: options.openJournal,
			board,
			station: () => named(configuration).station,
			retained: retained?.journal,
			delivered: retained?.delivered,
			log: (text) => board.log.line(text),
		});
		this.#lastRun = retained === undefined ? lastRunOf(this.#journal, board.entropy) : undefined;
		this.#trial = new ImageTrial(board.image, board.clock.milliseconds);
		this.#boot = retained?.boot ?? this.#lastRun?.boot ?? 1;
		this.#bootMilliseconds = retained?.bootMilliseconds ?? board.clock.milliseconds;
		this.#time = this.#openTime();
		this.#time.refresh();
		this.#recorder = this.#openRecorder();
		const rooms = {
			manager,
			journal: this.#journal,
			recorder: this.#recorder,
			time: this.#time,
			wake: () => this.#cycle.wake(),
		};
		const standing = () => this.#calibrations.controller.inForce.standing();
		this.#bootLog = new BootLog({
			board,
			rooms,
			firmwareVersion: options.firmwareVersion,
			configuration: () => manager.configuration,
			standing,
			deferredBoot: this.#deferredBoot(),
			crash: crashRecord,
			isClockFaulty: retained?.bootLog.isClockFaulty ?? false,
		});
		this.#calibrations = openCalibrations(options, rooms, retained?.calibrationBank);
		this.#requests = this.#openRequests();
		this.#pace = openPace({
			board,
			rooms,
			standing,
			isBatteryLow: () => this.#readings.state.isBatteryLow,
			retained: retained?.pace,
			onUrgent: () => this.requestUpload(),
		});
		this.#readings = this.#openReadings();
		this.#console = this.#openConsole();
		this.#networkTime = this.#openNetworkTime();
		this.#uploads = this.#openUploads();
		this.#cycle = this.#openCycle();
		this.#begin();
	}

	/** Uploads as soon as possible: a technician or an alarm asked. */
	requestUpload(): void {
		this.#uploads.requestSoon();
		this.#cycle.wake();
	}

	#openTime(): TimeKeeper {
		const { board, openRealTimeClock } = this.#options;
		const { newestUtcSeconds = 0, isVouched = false } = this.#lastRun ?? {};
		return new TimeKeeper({
			rtc: openRealTimeClock(board),
			clock: board.clock,
			floorUtcSeconds: board.trustFloorUtcSeconds,
			state: this.#retained?.time ?? timeStateAfter(newestUtcSeconds, isVouched),
		});
	}

	#openRecorder(): EntryRecorder {
		return new EntryRecorder({
			clock: this.#options.board.clock,
			time: this.#time,
			boot: this.#boot,
			bootMilliseconds: this.#bootMilliseconds,
			configurationId: () => this.#manager.configuration.id,
			stationFlags: () =>
				stationFlagsOf({
					time: this.#time,
					console: this.#console,
					bootLog: this.#bootLog,
					recorder: this.#recorder,
					readings: this.#readings,
					uploads: this.#uploads,
				}),
			log: (text) => this.#log(text),
			append: (draft) => {
				this.#bootLog.write();
				return this.#journal.append(draft);
			},
		});
	}

	#deferredBoot(): DeferredBootRecord {
		const retained = this.#retained;
		return new DeferredBootRecord({
			resetReason: this.#options.board.processor.resetReason,
			isWake: retained !== undefined,
			unrecordedReset: retained?.bootLog.unrecordedReset,
			hasWaited: retained?.bootLog.isBootWaiting ?? false,
			lastRun: this.#lastRun,
		});
	}

	#openRequests(): ServiceRequests {
		return new ServiceRequests({
			station: this.#manager.configuration.station,
			firmwareVersion: this.#options.firmwareVersion,
			journal: this.#journal,
			status: () => this.#status(),
			wake: () => this.#cycle.wake(),
			requestUpload: () => this.requestUpload(),
			calibrations: this.#calibrations.controller,
			provisioning: new ProvisioningDrafts({
				board: this.#options.board,
				provisioning: this.#provisioning,
				manager: this.#manager,
				journal: this.#journal,
				restart: () => this.#cycle.restartSoon(),
			}),
		});
	}

	#openReadings(): MeasurementController {
		const { board, openProbes } = this.#options;
		return new MeasurementController({
			board,
			recorder: this.#recorder,
			time: this.#time,
			service: this.#requests,
			power: this.#pace.power,
			events: this.#pace.events,
			configuration: () => this.#manager.configuration,
			openProbes,
			state: this.#retained?.readings,
			failedProbes: this.#lastRun?.mayRollOver === true ? MAY_ROLL_OVER : 0,
			isLoaded: () => this.#uploads.isUploading,
			maySleepLightly: () => !this.#uploads.isUploading && !this.#console.isInService,
			calibrations: this.#calibrations.controller.inForce,
		});
	}

	#openConsole(): Console {
		const { board } = this.#options;
		return new Console({
			stream: board.console,
			clock: board.clock,
			service: this.#requests,
			start: (task, onEnd) => this.#scheduler.start(task, onEnd),
			onCrash: (error) => this.#crash(error),
			isCalled: board.processor.wakeCause !== "timer" || this.#retained?.wasAttached === false,
		});
	}

	#openNetworkTime(): NetworkTimePolicy {
		return new NetworkTimePolicy({
			board: this.#options.board,
			time: this.#time,
			host: () => timeHostOf(this.#manager.configuration),
			take: (offered) => this.#takeTime(offered),
			log: (text) => this.#log(text),
			notBeforeSeconds: this.#retained?.networkTimeNotBeforeSeconds ?? 0,
		});
	}

	#openUploads(): UploadController {
		const { board } = this.#options;
		return new UploadController({
			board,
			journal: this.#journal,
			recorder: this.#recorder,
			configuration: this.#manager.configuration,
			batteryFactor: this.#readings.batteryFactor,
			recordedGapTo: this.#retained?.recordedGapTo ?? 0,
			state: this.#retained?.uplink,
			start: (task, onEnd) => this.#scheduler.start(task, onEnd),
			log: (text) => this.#log(text),
			heartbeat: this.#pace.heartbeat,
			onTime: (utcSeconds, times) =>
				this.#takeTime(offeredByCollector(utcSeconds, times, board.clock.milliseconds)),
			beforeClose: (endMilliseconds) => this.#networkTime.ask(endMilliseconds),
			onConfiguration: (canonicalBytes) => this.#manager.offer(canonicalBytes),
			isOnTrial: () => this.#manager.trialEndsMilliseconds !== undefined,
			onEnded: (outcome, error) => {
				if (outcome.batches > 0) this.#manager.acknowledged();
				this.#trial.uploaded(outcome.batches, error?.code);
				const waiting = waitingIn(this.#journal);
				this.#requests.uploaded({ cursor: this.#journal.cursor, waiting, error });
				this.#cycle.wake();
			},
			onCrash: (error) => this.#crash(error),
			standing: () => this.#calibrations.controller.inForce.standing(),
		});
	}

	#openCycle(): Cycle {
		const { board, openProbes } = this.#options;
		return new Cycle({
			board,
			bootMilliseconds: this.#bootMilliseconds,
			openProbes,
			journal: this.#journal,
			time: this.#time,
			recorder: this.#recorder,
			bootLog: this.#bootLog,
			manager: this.#manager,
			uploads: this.#uploads,
			readings: this.#readings,
			pace: this.#pace,
			requests: this.#requests,
			console: this.#console,
			trial: this.#trial,
			calibrations: this.#calibrations,
			log: (text) => this.#log(text),
		});
	}

	#begin(): void {
		const { board } = this.#options;
		this.#bootLog.begin();
		if (board.processor.wakeCause === "pin") this.#uploads.requestSoon();
		board.console.onActivity = () => {
			this.#console.activity();
			this.#cycle.wake();
		};
		this.#scheduler.start(this.#console.run());
		this.#scheduler.start(this.#cycle.run(), (error, failed) => {
			if (failed) this.#crash(error);
			else this.#sleep();
		});
	}

	#takeTime(offered: OfferedTime): TimeVerdict["kind"] {
		const before = this.#time.utcSeconds;
		const verdict = takeOfferedTime(offered, { time: this.#time, recorder: this.#recorder });
		if (before !== undefined) this.#pace.times.stepped((this.#time.utcSeconds ?? before) - before);
		this.#bootLog.noteClock();
		return verdict;
	}

	#status(): readonly AnswerFields[] {
		const { state } = this.#readings;
		return statusOf({
			board: this.#options.board,
			configuration: this.#manager.configuration,
			trialEndsMilliseconds: this.#manager.trialEndsMilliseconds,
			journal: this.#journal,
			journalFault: this.#recorder.fault,
			stamp: this.#recorder.stamp(),
			clockFault: this.#time.fault,
			boot: this.#boot,
			nextReadingMilliseconds: this.#pace.times.nextMilliseconds,
			nextUploadMilliseconds: this.#cycle.nextUploadMilliseconds,
			isUploading: this.#uploads.isUploading,
			uploadFailures: this.#uploads.failures,
			uploadError: this.#uploads.error?.code,
			rssiDecibelMilliwatts: this.#uploads.rssiDecibelMilliwatts,
			failedProbes: state.failedProbes,
			isBatteryLow: state.isBatteryLow,
			power: this.#pace.power.answer,
			missing: this.#provisioning.missing,
		});
	}

	#log(text: string): void {
		this.#options.board.log.line(text);
		this.#console.line(text);
	}

	/** Everything that must live on goes into retained memory, then sleep. */
	#sleep(): void {
		const { board } = this.#options;
		this.#cycle.noteService();
		if (!this.#pace.power.isSilent) this.#journal.idle();
		this.#scheduler.stop();
		this.#switchOff();
		board.console.onActivity = undefined;
		this.#sections.store({
			boot: this.#boot,
			bootMilliseconds: this.#bootMilliseconds,
			wakeCount: (this.#retained?.wakeCount ?? 0) + 1,
			wasAttached: board.console.isAttached,
			recordedGapTo: this.#uploads.recordedGapTo,
			networkTimeNotBeforeSeconds: this.#networkTime.notBeforeSeconds,
			delivered: this.#journal.delivered,
			calibrationBank: this.#calibrations.controller.inForce.bank,
			bootLog: this.#bootLog.save(),
			readings: this.#readings.state,
			manager: this.#manager.save(),
			time: this.#time.save(),
			journal: this.#journal.save(this.#sections.journalBytes),
			uplink: this.#uploads.save(this.#sections.uplinkBytes),
			pace: this.#pace.save(),
		});
		if (this.#cycle.isRestarting) {
			board.processor.restart();
			return;
		}
		const idleMilliseconds = this.#cycle.dueMilliseconds - board.clock.milliseconds;
		board.processor.deepSleep(sleepMillisecondsOf(idleMilliseconds));
	}

	/** Nothing draws what sleep does not need; the rails' pins hold. */
	#switchOff(): void {
		const { probeRail, loopRail, network } = this.#options.board;
		probeRail.off();
		loopRail.off();
		network.link.disconnect();
	}

	#crash(error: unknown): void {
		const { crash: memory, clock, processor, log } = this.#options.board;
		log.line(`crash: ${textOf(error)}`);
		const switchOff = (): void => this.#switchOff();
		crash({ memory, clock, processor, switchOff, cause: "task", error });
	}
}
