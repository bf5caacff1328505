/**
 * What a station does from its wake until it may sleep: measures on time whatever happens elsewhere, starts
 * what is due beside that, and takes up configurations between two measurements and two sessions.
 */
import { call, Signal, type Task } from "../../core/task.js";
import type { StationConfiguration } from "../config/configuration.js";
import type { ConfigurationEvent, ConfigurationManager } from "../config/configuration-manager.js";
import type { Console } from "../console/console.js";
import { measureBattery } from "../measure/battery.js";
import type { WaterProbes } from "../measure/probes.js";
import type { Board } from "../ports.js";
import { recordInForce } from "./boot.js";
import type { BootLog } from "./boot-log.js";
import type { Calibrations } from "./calibration-opening.js";
import { BATTERY_LOOK_SECONDS, RADIO_SPARED_SECONDS } from "./deferred-boot-record.js";
import type { EntryRecorder } from "./entry-recorder.js";
import type { ImageTrial } from "./image-trial.js";
import {
	BATTERY_HYSTERESIS_MILLIVOLTS,
	type MeasurementController,
} from "./measurement-controller.js";
import type { Pace } from "./pace.js";
import type { MeasurementRequest, ServiceRequests } from "./service-requests.js";
import type { TimeKeeper } from "./time-keeper.js";
import type { TolerantJournal } from "./tolerant-journal.js";
import type { UploadController } from "./upload-controller.js";

/** A reading this much after its time says so. */
const LATE_MILLISECONDS = 30_000;
/** Not worth falling asleep for: boot and shut-down cost more than this pause awake. */
const SLEEP_MILLISECONDS_MIN = 500;
/** A look of the technician takes about 18 s; if less time is left, the scheduled reading answers the request. */
const LOOK_MILLISECONDS = 25_000;
/** A command gives the probes back in time for a last sample and a rail that goes off. */
const LEASE_END_MILLISECONDS = 3000;
/** A program hears its answer, and a person reads it. */
const RESTART_MILLISECONDS = 1000;

/** The parts of a station that its cycle moves. */
export interface CycleParts {
	readonly board: Board;
	readonly bootMilliseconds: number;
	readonly openProbes: (board: Board, configuration: StationConfiguration) => WaterProbes;
	readonly journal: TolerantJournal;
	readonly time: TimeKeeper;
	readonly recorder: EntryRecorder;
	readonly bootLog: BootLog;
	readonly manager: ConfigurationManager;
	readonly uploads: UploadController;
	readonly readings: MeasurementController;
	readonly pace: Pace;
	readonly requests: ServiceRequests;
	readonly console: Console;
	readonly trial: ImageTrial;
	readonly calibrations: Calibrations;
	readonly log: (text: string) => void;
}

export class Cycle {
	readonly #parts: CycleParts;
	/** Set when an uplink session ends or a technician comes; the cycle then looks around. */
	#wakeSignal = new Signal<true>();
	#wasInService = false;
	#isRestarting = false;
	/** In this wake, when it was looked at last. */
	#correctedBits = 0;
	/** A technician asked for it, and has the answer by then. */
	#restartMilliseconds = Number.POSITIVE_INFINITY;

	constructor(parts: CycleParts) {
		this.#parts = parts;
	}

	/** The board restarts instead of sleeping. */
	get isRestarting(): boolean {
		return this.#isRestarting;
	}

	/** Restarts the board when the line has had its answer. */
	restartSoon(): void {
		this.#restartMilliseconds = this.#parts.board.clock.milliseconds + RESTART_MILLISECONDS;
		this.wake();
	}

	/** Something has changed: look around. */
	wake(): void {
		this.#wakeSignal.set(true);
	}

	/** Ends when the station may sleep. */
	*run(): Task<void> {
		const { board, trial, bootLog, pace, requests, uploads, manager, console, journal } =
			this.#parts;
		if (yield* this.#mustWaitForBattery()) return;
		for (;;) {
			board.watchdog.feed();
			if (trial.isOpen && this.#judgeImage()) return;
			if (board.clock.milliseconds >= this.#restartMilliseconds && !uploads.isUploading) {
				this.#isRestarting = true;
				return;
			}
			this.noteService();
			bootLog.reportCrash();
			// Between two measurements and two sessions: neither is begun under one and ended under another.
			// What it does goes into the record, so a boot that is put off is opened by its reading first.
			this.#keepConfiguration();
			if (board.clock.milliseconds >= pace.times.nextMilliseconds) yield* this.#takeReading();
			else if (pace.times.leftMilliseconds >= LOOK_MILLISECONDS) yield* this.#useProbes();
			// A session may have ended meanwhile, and what it brought does not outlive the sleep.
			this.#keepConfiguration();
			const isIdle = !uploads.isUploading;
			if (isIdle && board.clock.milliseconds >= this.nextUploadMilliseconds) {
				requests.uploading();
				uploads.start();
			}
			const idleMilliseconds = this.dueMilliseconds - board.clock.milliseconds;
			const maySleep =
				manager.configuration.supply === "battery" &&
				!trial.isOpen &&
				!uploads.isUploading &&
				!console.isInService;
			if (maySleep && idleMilliseconds >= SLEEP_MILLISECONDS_MIN) return;
			if (!this.#parts.pace.power.isSilent) journal.idle();
			const slice = Math.min(Math.max(idleMilliseconds, 0), board.watchdog.timeoutMilliseconds / 2);
			this.#wakeSignal = new Signal<true>();
			yield* this.#wakeSignal.wait(slice);
		}
	}

	/** What there is to do with the probes between two readings: one thing at a time. */
	*#useProbes(): Task<void> {
		const { board, requests, console, bootLog, pace } = this.#parts;
		const { controller: calibrations, lending } = this.#parts.calibrations;
		// The technician who had begun a calibration is gone: it is taken back at once.
		if (calibrations.isOpen && !console.isInService) {
			calibrations.abandon();
			yield* call(calibrations.inForce.recover());
			if (bootLog.isWritten) calibrations.inForce.recordOutcome("left");
		} else if (requests.request !== undefined) yield* this.#serve(requests.request);
		else if (lending.isWanted) {
			yield* call(
				lending.lend(pace.times.nextMilliseconds - LEASE_END_MILLISECONDS, board.watchdog),
			);
		} else if (!console.isInService) yield* this.#checkCircuits();
	}

	/** The record says when a technician was at the station, though they came and went in one measurement. */
	noteService(): void {
		const { console, recorder } = this.#parts;
		const isInService = console.isInService;
		const wasCalled = console.wasCalled || isInService;
		console.wasCalled = false;
		if (wasCalled && !this.#wasInService) recorder.event("service", 1, "");
		if (!isInService && (wasCalled || this.#wasInService)) {
			recorder.event("service", 0, "");
			// The technician may have been at the circuits with other tools.
			this.#parts.calibrations.controller.inForce.requestCheck();
		}
		this.#wasInService = isInService;
	}

	/** When something is to be done next, on the board's clock. */
	get dueMilliseconds(): number {
		const { pace, uploads, bootLog, manager, trial } = this.#parts;
		const reading = Math.min(pace.times.nextMilliseconds, this.#restartMilliseconds);
		if (uploads.isUploading) return reading;
		// Of a configuration.
		const trialEnd = (bootLog.isWritten ? manager.trialEndsMilliseconds : undefined) ?? reading;
		const safeEnd = bootLog.safeModeEndMilliseconds ?? reading;
		const imageEnd = trial.isOpen ? trial.endMilliseconds : reading;
		return Math.min(reading, trialEnd, safeEnd, imageEnd, this.nextUploadMilliseconds);
	}

	/** When the next session is due, on the board's clock. */
	get nextUploadMilliseconds(): number {
		const { bootMilliseconds, readings, uploads, bootLog, pace } = this.#parts;
		if (pace.power.isSilent && !this.#isAsked) return Number.POSITIVE_INFINITY;
		const isSpared = readings.state.isBatteryLow && !this.#isAsked;
		// A reading opens the boot after a loss of power; where the journal refuses that, what it holds is
		// delivered all the same, but for the last entry.
		return Math.max(
			uploads.nextAttemptMilliseconds,
			bootLog.safeUntilMilliseconds,
			isSpared ? bootMilliseconds + RADIO_SPARED_SECONDS * 1000 : 0,
			bootLog.isWritten || bootLog.isRefused ? 0 : pace.times.nextMilliseconds + 1,
		);
	}

	/** Somebody is at the station or has woken it, and knows what that asks of its battery. */
	get #isAsked(): boolean {
		const { console, board } = this.#parts;
		return console.isInService || board.processor.wakeCause === "pin";
	}

	/** A new image proves itself or gives way to the one before it: true when the board is restarting. */
	#judgeImage(): boolean {
		const { board, trial, log } = this.#parts;
		const verdict = trial.judge(board.clock.milliseconds);
		if (verdict === "confirmed") log("image confirmed");
		if (verdict !== "failed") return false;
		log("image did not prove itself: back to the one before");
		this.#isRestarting = true;
		return true;
	}

	/** After breakdowns in a row on a low battery: nothing is written and nothing loads it; look later. */
	*#mustWaitForBattery(): Task<boolean> {
		const { board, openProbes, manager, bootLog, pace } = this.#parts;
		const { configuration } = manager;
		const maySleep = configuration.supply === "battery" && !this.#isAsked;
		if (!maySleep || !bootLog.mustAskBattery) return false;
		const millivolts = yield* measureBattery(board, () => openProbes(board, configuration));
		const enough = configuration.batteryLowMillivolts + BATTERY_HYSTERESIS_MILLIVOLTS;
		if (millivolts === undefined || millivolts >= enough || this.#isAsked) return false;
		bootLog.defer();
		pace.times.defer(board.clock.milliseconds + BATTERY_LOOK_SECONDS * 1000);
		return true;
	}

	/** Takes up, confirms or gives up a configuration, and puts it into the record, when that may be. */
	#keepConfiguration(): void {
		const { manager, bootLog, uploads, log } = this.#parts;
		if (!bootLog.isWritten || uploads.isUploading) return;
		for (let event = manager.next(); event !== undefined; event = manager.next()) {
			log(`configuration ${event.kind} ${"id" in event ? event.id : event.bank}`);
			this.#record(event);
		}
	}

	#record(event: ConfigurationEvent): void {
		const { manager, recorder, uploads } = this.#parts;
		switch (event.kind) {
			case "taken-up":
				this.#reconfigure();
				// The sooner it proves itself the better.
				uploads.requestSoon();
				break;
			case "confirmed":
				if (recorder.event("configuration-confirmed", event.id, "")) manager.markReported(event.id);
				break;
			case "reverted":
				if (recorder.event("configuration-reverted", event.id, event.text))
					manager.markReported(event.id);
				this.#reconfigure();
				break;
			case "refused":
				recorder.event("configuration-refused", event.id, event.text);
				break;
			case "damaged":
				recorder.event("settings-damaged", event.bank, "");
				break;
		}
	}

	/** The record names what is in force from here on, before anything is done under it. */
	#reconfigure(): void {
		const { manager, board, recorder, uploads, pace } = this.#parts;
		const { configuration } = manager;
		// Of the same curves a calibration at the station holds on.
		const standing = this.#parts.calibrations.controller.inForce.standing();
		recordInForce(recorder, configuration, standing, board.sha256);
		uploads.reconfigure(configuration);
		pace.events.reconfigured();
		pace.times.reconfigured();
	}

	*#takeReading(): Task<void> {
		const { board, journal, time, bootLog, requests, readings, trial, recorder, uploads, pace } =
			this.#parts;
		const { controller: calibrations } = this.#parts.calibrations;
		const dueMilliseconds = pace.times.nextMilliseconds;
		const lateMilliseconds = board.clock.milliseconds - dueMilliseconds;
		journal.reopen();
		time.refresh();
		bootLog.noteClock();
		const stamp = recorder.stamp();
		const beganMilliseconds = board.clock.milliseconds;
		const context = {
			request: requests.request,
			isRecorded: true,
			isLate: lateMilliseconds > LATE_MILLISECONDS,
		};
		if (calibrations.isInterrupted) yield* call(calibrations.inForce.recover());
		// Called as a session is: to record a reading goes deep into the journal.
		yield* call(readings.measure(stamp, context));
		if (bootLog.isWritten && recorder.fault === undefined) {
			if (calibrations.isInterrupted) yield* call(calibrations.inForce.recover());
			calibrations.inForce.recordOutcome("interrupted");
		}
		yield* call(pace.events.settle());
		if (trial.isOpen && recorder.fault === undefined) {
			trial.stored();
			uploads.requestSoon();
		}
		uploads.adjust(readings.batteryFactor);
		const due = pace.times.taken(dueMilliseconds, beganMilliseconds, stamp.utcSeconds);
		this.#countReading(due, stamp.utcSeconds);
		// Now, for a wake that only measures is over after it.
		if (pace.times.leftMilliseconds >= LOOK_MILLISECONDS) yield* this.#checkCircuits();
	}

	/** What the day's heartbeat is to know of a reading, and the heartbeat itself. */
	#countReading(due: number, utcSeconds: number): void {
		const { board, journal, recorder, bootLog, readings, pace, uploads } = this.#parts;
		const isRecorded = recorder.fault === undefined;
		pace.heartbeat.measured(readings.last, due, isRecorded);
		const { correctedBits } = journal;
		pace.heartbeat.looked(board.processor.freeHeapBytes, correctedBits - this.#correctedBits);
		this.#correctedBits = correctedBits;
		if (!bootLog.isWritten) return;
		const body = pace.heartbeat.due(utcSeconds, () => ({
			ringShare: uploads.waitingShare,
			// Reads every header of the ring: not for each reading.
			sectorsRefused: journal.health().retiredSectors,
			charge: pace.power.charge,
			countedMillicoulombs: pace.power.countedMillicoulombs,
			forecastDays: pace.power.forecast?.days,
		}));
		if (body !== undefined) recorder.record(body);
	}

	/** Once a day, and whenever somebody may have calibrated a circuit with other tools. */
	*#checkCircuits(): Task<void> {
		const { inForce } = this.#parts.calibrations.controller;
		if (this.#parts.bootLog.isWritten && inForce.isCheckDue) {
			yield* call(this.#parts.calibrations.check());
		}
	}

	/** Measures between two readings because a technician asked; recorded only if that was asked for. */
	*#serve(request: MeasurementRequest): Task<void> {
		const { time, readings, recorder, pace } = this.#parts;
		time.refresh();
		const { isRecorded } = request;
		const context = { request, isRecorded, isLate: false };
		yield* call(readings.measure(recorder.stamp(), context));
		if (isRecorded) yield* call(pace.events.settle());
	}
}
