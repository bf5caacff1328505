/**
 * The station: one wake from retained state to deep sleep (or, on mains, for ever). Two tasks:
 * the cycle measures on time whatever happens elsewhere, the uplink delivers beside it.
 */
import { SeededChance } from "../../core/chance.js";
import { StationError, type StationErrorCode } from "../../core/errors.js";
import { Scheduler, Signal, type Task } from "../../core/task.js";
import { STATION_FLAGS, TIME_SOURCES } from "../../protocol/entry.js";
import { EVENT_CODES } from "../../protocol/events.js";
import { CHANNEL_FLAGS, fieldsOfWaterReading } from "../../protocol/reading.js";
import {
	configurationEntriesOf,
	type StationConfiguration,
	validateConfiguration,
} from "../config/configuration.js";
import { calibrationIdsOf } from "../config/turbidity-curves.js";
import { Console } from "../console/console.js";
import type { AnswerFields } from "../console/service.js";
import { measureBattery } from "../measure/battery.js";
import { NO_IDENTITIES } from "../measure/identity.js";
import type { WaterProbes } from "../measure/probes.js";
import { measureWater, type WaterMeasurement } from "../measure/water.js";
import type { Board, ResetReason } from "../ports.js";
import { Uplink } from "../uplink/uplink.js";
import { lastRunOf, recordBoot } from "./boot.js";
import { BATTERY_LOOK_SECONDS, BootOpening, RADIO_SPARED_SECONDS } from "./boot-opening.js";
import { crash, loadCrashRecord, safeModeEndOf, storeCrashRecord, textOf } from "./crash-record.js";
import type { StationJournal } from "./journal-port.js";
import { Recorder, type Stamp } from "./recorder.js";
import {
	invalidateRetainedState,
	loadRetainedState,
	type RetainedState,
	storeRetainedState,
} from "./retained-state.js";
import { nextReadingMilliseconds, readingIntervalSecondsOf } from "./schedule.js";
import { type Look, reportOf, ServiceDesk } from "./service-desk.js";
import { statusOf, waitingIn } from "./status.js";
import { type RealTimeClock, TimeKeeper } from "./time-keeper.js";

/** What a composition root adds to the board: the rooms and parts that this station is built of. */
export interface StationOptions {
	readonly board: Board;
	readonly configuration: StationConfiguration;
	/** major * 1 000 000 + minor * 1 000 + patch. */
	readonly firmwareVersion: number;
	readonly openProbes: (board: Board, configuration: StationConfiguration) => WaterProbes;
	readonly openRealTimeClock: (board: Board) => RealTimeClock;
	/** `retained` is what `save` of the last wake gave, when that wake ended in deep sleep. */
	readonly openJournal: (
		board: Board,
		configuration: StationConfiguration,
		retained: Uint8Array | undefined,
	) => StationJournal;
}

/** Rising above the threshold by this much ends "battery low"; a load step is below it. */
const BATTERY_HYSTERESIS_MILLIVOLTS = 200;
/** On a low battery uploads come this many times more rarely. */
const LOW_BATTERY_UPLOAD_FACTOR = 4;
/** A reading this much behind its time says so. */
const LATE_MILLISECONDS = 30_000;
/** Not worth falling asleep for: boot and shut-down cost more than this pause awake. */
const SLEEP_MILLISECONDS_MIN = 500;
/** A look of the technician takes about 18 s; with less left the reading that is due serves him. */
const LOOK_MILLISECONDS = 25_000;

/** Starts the station on a board. Throws `configuration-invalid`, and what opening the journal throws. */
export function startStation(options: StationOptions): Station {
	return new Station(options);
}

export class Station {
	readonly #options: StationOptions;
	readonly #scheduler: Scheduler;
	readonly #journal: StationJournal;
	readonly #time: TimeKeeper;
	readonly #recorder: Recorder;
	readonly #uplink: Uplink;
	readonly #state: Omit<RetainedState, "journal" | "uplink" | "unrecordedReset">;
	/** When this boot is written down. */
	readonly #opening: BootOpening;
	/** When this wake began. */
	readonly #beganStamp: Stamp;
	/** Set when an uplink session ends or a technician comes; the cycle then looks around. */
	#stirred = new Signal<true>();
	#isUploading = false;
	/** After crashes in a row the network is left alone until then, on the board's clock. */
	readonly #safeUntilMilliseconds: number;
	readonly #desk: ServiceDesk;
	readonly #console: Console;
	#wasInService = false;
	/** What the uplink said last in the session that runs or ended last. */
	#uploadTrouble: { readonly code: string; readonly text: string } | undefined;
	/** Why the journal did not take the last entry. */
	#journalFault: StationErrorCode | undefined;

	constructor(options: StationOptions) {
		this.#options = options;
		const { board, configuration } = options;
		validateConfiguration(configuration);
		this.#scheduler = new Scheduler(board.clock, (error) => this.#crash(error));
		const crashRecord = loadCrashRecord(board.crash);
		this.#safeUntilMilliseconds = safeModeEndOf(crashRecord) ?? 0;
		const retained =
			board.processor.resetReason === "deep-sleep" ? loadRetainedState(board.retained) : undefined;
		// A wake that dies must not leave the state of the wake before it for the next.
		invalidateRetainedState(board.retained);
		this.#journal = options.openJournal(board, configuration, retained?.journal);
		const lastRun = retained === undefined ? lastRunOf(this.#journal, board.entropy) : undefined;
		const now = board.clock.milliseconds;
		this.#state = {
			boot: retained?.boot ?? lastRun?.boot ?? 1,
			bootMilliseconds: retained?.bootMilliseconds ?? now,
			wakeCount: (retained?.wakeCount ?? 0) + 1,
			failedProbes: retained?.failedProbes ?? 0,
			configurationId: configuration.id,
			disciplinedMilliseconds: retained?.disciplinedMilliseconds,
			stepOffer: retained?.stepOffer,
			nextReadingMilliseconds: retained?.nextReadingMilliseconds ?? now,
			isBatteryLow: retained?.isBatteryLow ?? false,
			newestUtcSeconds: retained?.newestUtcSeconds ?? lastRun?.newestUtcSeconds ?? 0,
			recordedGapTo: retained?.recordedGapTo ?? 0,
			identities: retained?.identities ?? NO_IDENTITIES,
		};
		this.#opening = new BootOpening({
			resetReason: board.processor.resetReason,
			isWake: retained !== undefined,
			unrecordedReset: retained?.unrecordedReset,
			lastRun,
		});
		this.#time = new TimeKeeper({
			rtc: options.openRealTimeClock(board),
			clock: board.clock,
			floorUtcSeconds: Math.max(board.trustFloorUtcSeconds, this.#state.newestUtcSeconds),
			disciplinedMilliseconds: this.#state.disciplinedMilliseconds,
			stepOffer: this.#state.stepOffer,
		});
		this.#time.refresh();
		this.#recorder = new Recorder(
			{
				clock: board.clock,
				time: this.#time,
				boot: this.#state.boot,
				bootMilliseconds: this.#state.bootMilliseconds,
				configurationId: configuration.id,
				stationFlags: () => this.#stationFlags(),
				append: (draft) => {
					this.#opening.open((reason) => this.#recordBoot(reason));
					return this.#journal.append(draft);
				},
			},
			this.#state.newestUtcSeconds,
		);
		this.#beganStamp = this.#recorder.stamp();
		this.#desk = new ServiceDesk({
			station: configuration.station,
			firmwareVersion: options.firmwareVersion,
			journal: this.#journal,
			status: () => this.#status(),
			stir: () => this.#stir(),
			requestUpload: () => this.requestUpload(),
		});
		this.#console = new Console({
			stream: board.console,
			clock: board.clock,
			service: this.#desk,
			start: (task, onEnd) => this.#scheduler.start(task, onEnd),
			onCrash: (error) => this.#crash(error),
			isCalled: board.processor.wakeCause !== "timer",
		});
		// Who is at the line may fetch the journal at once, and came with a battery that bears it.
		if (this.#opening.isUrgent || board.console.isAttached)
			this.#opening.open((reason) => this.#recordBoot(reason));
		else if (this.#opening.unrecordedReset === undefined) this.#reportCrash();
		this.#uplink = this.#openUplink(retained?.uplink);
		if (board.processor.wakeCause === "pin") this.#uplink.requestSoon();
		board.console.onActivity = () => {
			this.#console.activity();
			this.#stir();
		};
		this.#scheduler.start(this.#console.run());
		this.#scheduler.start(this.#cycle(), (error, failed) => {
			if (failed) this.#crash(error);
			else this.#sleep();
		});
	}

	/** Uploads as soon as possible: a technician or an alarm asked. */
	requestUpload(): void {
		this.#uplink.requestSoon();
		this.#stir();
	}

	#recordBoot(resetReason: ResetReason): void {
		const { board, configuration, firmwareVersion } = this.#options;
		const crashRecord = loadCrashRecord(board.crash);
		recordBoot({
			board,
			configuration,
			journal: this.#journal,
			recorder: this.#recorder,
			firmwareVersion,
			resetReason,
			stamp: this.#beganStamp,
			utcSeconds: this.#time.utcSeconds,
			clockFault: this.#time.fault,
			crashCode: crashRecord === undefined || crashRecord.isReported ? 0 : crashRecord.code,
		});
		if (this.#opening.hasWaited) {
			this.#recordEvent("battery-waited", Math.floor(board.clock.milliseconds / 1000), resetReason);
		}
		this.#reportCrash();
	}

	#openUplink(state: Uint8Array | undefined): Uplink {
		const { board, configuration } = this.#options;
		const seed = new Uint8Array(4);
		board.entropy.fill(seed);
		const factor = this.#state.isBatteryLow ? LOW_BATTERY_UPLOAD_FACTOR : 1;
		return new Uplink({
			source: this.#journal,
			network: board.network,
			signer: board.signer,
			verifier: board.verifier,
			sha256: board.sha256,
			clock: board.clock,
			chance: new SeededChance(new DataView(seed.buffer).getUint32(0, true)),
			station: configuration.station,
			host: configuration.collectorHost,
			port: configuration.collectorPort,
			collectorPublicKey: configuration.collectorPublicKey,
			uploadIntervalSeconds: configuration.uploadIntervalSeconds * factor,
			...(state === undefined ? {} : { state }),
			onTime: (utcSeconds) => this.#offerTime(utcSeconds),
			onReport: (code, detail, text) => this.#report(code, detail, text),
			feed: () => board.watchdog.feed(),
		});
	}

	*#cycle(): Task<void> {
		const { board, configuration } = this.#options;
		if (yield* this.#mustWaitForBattery()) return;
		for (;;) {
			board.watchdog.feed();
			this.#noteService();
			if (board.clock.milliseconds >= this.#state.nextReadingMilliseconds)
				yield* this.#takeReading();
			else if (this.#desk.look !== undefined && this.#leftMilliseconds() >= LOOK_MILLISECONDS)
				yield* this.#lookAt(this.#desk.look);
			if (!this.#isUploading && board.clock.milliseconds >= this.#nextUploadMilliseconds()) {
				this.#startUpload();
			}
			const idleMilliseconds = this.#dueMilliseconds() - board.clock.milliseconds;
			const maySleep =
				configuration.supply === "battery" && !this.#isUploading && !this.#console.isInService;
			if (maySleep && idleMilliseconds >= SLEEP_MILLISECONDS_MIN) return;
			this.#journal.idle();
			const slice = Math.min(Math.max(idleMilliseconds, 0), board.watchdog.timeoutMilliseconds / 2);
			this.#stirred = new Signal<true>();
			yield* this.#stirred.wait(slice);
		}
	}

	/** After breakdowns in a row on a low battery: nothing is written and nothing loads it; look later. */
	*#mustWaitForBattery(): Task<boolean> {
		const { board, configuration, openProbes } = this.#options;
		const maySleep = configuration.supply === "battery" && !this.#isAsked;
		if (!maySleep || !this.#opening.mustAsk(this.#journal, board.clock.milliseconds)) return false;
		const millivolts = yield* measureBattery(board, () => openProbes(board, configuration));
		const enough = configuration.batteryLowMillivolts + BATTERY_HYSTERESIS_MILLIVOLTS;
		if (millivolts === undefined || millivolts >= enough) return false;
		this.#opening.putOff();
		this.#state.nextReadingMilliseconds = board.clock.milliseconds + BATTERY_LOOK_SECONDS * 1000;
		return true;
	}

	/** The record says when a technician was at the station. */
	#noteService(): void {
		const isInService = this.#console.isInService;
		if (isInService === this.#wasInService) return;
		this.#wasInService = isInService;
		this.#recordEvent("service", isInService ? 1 : 0, "");
	}

	/** Until the next reading is due. */
	#leftMilliseconds(): number {
		return this.#state.nextReadingMilliseconds - this.#options.board.clock.milliseconds;
	}

	/** When something is to be done next, on the board's clock. */
	#dueMilliseconds(): number {
		const reading = this.#state.nextReadingMilliseconds;
		if (this.#isUploading) return reading;
		return Math.min(reading, this.#nextUploadMilliseconds());
	}

	/** Somebody is at the station or has woken it, and knows what he asks of its battery. */
	get #isAsked(): boolean {
		return this.#console.isInService || this.#options.board.processor.wakeCause === "pin";
	}

	#nextUploadMilliseconds(): number {
		const { isBatteryLow, bootMilliseconds, nextReadingMilliseconds } = this.#state;
		const isSpared = isBatteryLow && !this.#isAsked;
		// Before the first append after a loss of power the last entry may be one that the next boot does
		// not see (FORMAT.md, 3), and what was delivered must stay; a reading opens the boot.
		const isOpen = this.#opening.unrecordedReset === undefined;
		return Math.max(
			this.#uplink.nextAttemptMilliseconds,
			this.#safeUntilMilliseconds,
			isSpared ? bootMilliseconds + RADIO_SPARED_SECONDS * 1000 : 0,
			isOpen ? 0 : nextReadingMilliseconds + 1,
		);
	}

	/** A crash becomes an event entry once, safe mode one at its beginning and one at its end. */
	#reportCrash(): void {
		const { board } = this.#options;
		const record = loadCrashRecord(board.crash);
		if (record === undefined) return;
		const isSafe = board.clock.milliseconds < this.#safeUntilMilliseconds;
		if (record.isReported && record.isSafeModeOpen === isSafe) return;
		if (!record.isReported) this.#recordEvent("crash", record.code, record.text);
		if (record.isSafeModeOpen !== isSafe) this.#recordEvent("safe-mode", isSafe ? 1 : 0, "");
		storeCrashRecord(board.crash, { ...record, isReported: true, isSafeModeOpen: isSafe });
	}

	*#takeReading(): Task<void> {
		const { board, configuration } = this.#options;
		const dueMilliseconds = this.#state.nextReadingMilliseconds;
		const lateMilliseconds = board.clock.milliseconds - dueMilliseconds;
		this.#time.refresh();
		const stamp = this.#recorder.stamp();
		const beganMilliseconds = board.clock.milliseconds;
		const look = this.#desk.look;
		const measurement = yield* this.#measure();
		const isLate = lateMilliseconds > LATE_MILLISECONDS;
		const sequence = this.#record(measurement, stamp, isLate);
		this.#answer(look, measurement, stamp, beganMilliseconds, sequence);
		this.#state.nextReadingMilliseconds = nextReadingMilliseconds({
			nowMilliseconds: beganMilliseconds,
			lastMilliseconds: dueMilliseconds,
			intervalSeconds: readingIntervalSecondsOf(
				configuration.intervalSeconds,
				this.#state.isBatteryLow && configuration.supply === "battery",
			),
			utcSeconds: stamp.utcSeconds === 0 ? undefined : stamp.utcSeconds,
		});
	}

	/** Measures between two readings because a technician asked; recorded only if he asked for that. */
	*#lookAt(look: Look): Task<void> {
		this.#time.refresh();
		const stamp = this.#recorder.stamp();
		const beganMilliseconds = this.#options.board.clock.milliseconds;
		const measurement = yield* this.#measure();
		const sequence = look.isRecorded ? this.#record(measurement, stamp, false) : undefined;
		if (!look.isRecorded) this.#recordProbeEvents(measurement);
		this.#answer(look, measurement, stamp, beganMilliseconds, sequence);
	}

	/** One measurement of everything; its events are not recorded yet. */
	*#measure(): Task<WaterMeasurement> {
		const { board, configuration } = this.#options;
		const measurement = yield* measureWater({
			board,
			openProbes: () => this.#options.openProbes(board, configuration),
			failedProbes: this.#state.failedProbes,
			calibrationIds: calibrationIdsOf(configuration),
			identities: this.#state.identities,
		});
		this.#judgeBattery(measurement);
		return measurement;
	}

	/** The reading, then its events; the reading's sequence, or undefined when it was not taken. */
	#record(measurement: WaterMeasurement, stamp: Stamp, isLate: boolean): number | undefined {
		const sequence = this.#attempt("reading", () =>
			this.#recorder.record(
				{ kind: "reading", fields: fieldsOfWaterReading(measurement.reading) },
				1,
				stamp,
				isLate ? STATION_FLAGS.wakeLate : 0,
			),
		);
		this.#recordProbeEvents(measurement);
		return sequence;
	}

	/** What happened to the probes on the way. */
	#recordProbeEvents(measurement: WaterMeasurement): void {
		for (const event of [...measurement.events, ...measurement.identified]) {
			this.#recordEvent(event.code, event.detail, event.text);
		}
		this.#state.identities = measurement.identities;
		this.#state.failedProbes = measurement.failedProbes;
	}

	/** Hands a measurement to the technician who waits for one. */
	#answer(
		look: Look | undefined,
		measurement: WaterMeasurement,
		stamp: Stamp,
		beganMilliseconds: number,
		sequence: number | undefined,
	): void {
		const { board, configuration } = this.#options;
		if (look === undefined) return;
		const report = reportOf(measurement, configurationEntriesOf(configuration, board.sha256), {
			utcSeconds: stamp.utcSeconds,
			sequence,
			durationMilliseconds: board.clock.milliseconds - beganMilliseconds,
			clockFault: this.#time.fault,
			journalFault: this.#journalFault,
		});
		this.#desk.measured(look, report);
	}

	#status(): readonly AnswerFields[] {
		const { board, configuration } = this.#options;
		return statusOf({
			board,
			configuration,
			journal: this.#journal,
			journalFault: this.#journalFault,
			stamp: this.#recorder.stamp(),
			clockFault: this.#time.fault,
			boot: this.#state.boot,
			nextReadingMilliseconds: this.#state.nextReadingMilliseconds,
			nextUploadMilliseconds: this.#nextUploadMilliseconds(),
			isUploading: this.#isUploading,
			uploadFailures: this.#uplink.failures,
			uploadTrouble: this.#uploadTrouble?.code,
			failedProbes: this.#state.failedProbes,
			isBatteryLow: this.#state.isBatteryLow,
		});
	}

	#judgeBattery(measurement: WaterMeasurement): void {
		const { batteryMillivolts, batteryFlags } = measurement.reading;
		// A gauge that is off says nothing about the battery, and must not slow the station down.
		const isOff = (batteryFlags & (CHANNEL_FLAGS.fault | CHANNEL_FLAGS.suspect)) !== 0;
		if (batteryMillivolts === undefined || isOff) return;
		const threshold = this.#options.configuration.batteryLowMillivolts;
		const isLow = this.#state.isBatteryLow
			? batteryMillivolts < threshold + BATTERY_HYSTERESIS_MILLIVOLTS
			: batteryMillivolts < threshold;
		if (isLow === this.#state.isBatteryLow) return;
		this.#state.isBatteryLow = isLow;
		this.#recordEvent("battery-low", isLow ? 1 : 0, "");
	}

	#startUpload(): void {
		this.#recordGaps();
		this.#isUploading = true;
		this.#uploadTrouble = undefined;
		this.#desk.uploading();
		this.#scheduler.start(this.#uplink.session(), (error, failed) => {
			this.#isUploading = false;
			if (failed) {
				this.#crash(error);
				return;
			}
			// The session read what waits: rot that it met is forgotten with the next sleep.
			this.#recordGaps();
			this.#desk.uploaded({
				cursor: this.#journal.cursor,
				waiting: waitingIn(this.#journal),
				trouble: this.#uploadTrouble,
			});
			this.#stir();
		});
	}

	/**
	 * A gap becomes an entry when it is about to be delivered; again only after it has grown. Rot is
	 * met in no order, as the newest is read first: a gap below one that was named is named when the
	 * cursor has come up to it and can get no further without.
	 */
	#recordGaps(): void {
		for (const gap of this.#journal.gaps) {
			const isInTheWay = gap.from === this.#journal.cursor + 1;
			if (gap.to <= this.#state.recordedGapTo && !isInTheWay) continue;
			this.#attempt("gap", () => {
				this.#recorder.record({ kind: "gap", ...gap });
				this.#state.recordedGapTo = Math.max(this.#state.recordedGapTo, gap.to);
			});
		}
	}

	#offerTime(utcSeconds: number): void {
		const first = this.#time.disciplinedMilliseconds === undefined;
		const before = this.#time.utcSeconds;
		try {
			const verdict = this.#time.offer(utcSeconds);
			if (verdict.kind === "refused") {
				const seconds = Math.max(Math.min(verdict.stepSeconds, 0x7fffffff), -0x7fffffff);
				this.#recordEvent("time-refused", Math.round(seconds), "collector");
			}
			if (verdict.kind === "stepped" || (verdict.kind === "kept" && first)) {
				const stamp = this.#recorder.stamp();
				this.#attempt("time", () => {
					this.#recorder.record({
						kind: "time",
						atBoot: this.#state.boot,
						atUptimeSeconds: stamp.uptimeSeconds,
						atUtcSeconds: utcSeconds,
						// A second of rounding at each end, and the way of the answer.
						uncertaintyMilliseconds: 2000,
						stepMilliseconds: before === undefined ? 0 : clampToInt32(verdict.stepMilliseconds),
						driftPartsPerBillion:
							verdict.kind === "stepped" ? verdict.driftPartsPerBillion : undefined,
						source: TIME_SOURCES.indexOf("collector"),
					});
				});
			}
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			this.#recordEvent("rtc-failed", 0, error.code);
		}
	}

	#report(code: StationErrorCode | "acknowledged" | "refused", detail: number, text: string): void {
		this.#log(`uplink ${code} ${detail} ${text}`);
		this.#uploadTrouble = code === "acknowledged" ? undefined : { code, text };
		if (code === "refused") this.#recordEvent("collector-refused", detail, text);
		else if (code.startsWith("acknowledgement-")) {
			this.#recordEvent("acknowledgement-rejected", detail, code);
		}
	}

	#recordEvent(code: keyof typeof EVENT_CODES, detail: number, text: string): void {
		this.#attempt(code, () => {
			this.#recorder.record({
				kind: "event",
				code: EVENT_CODES[code],
				detail,
				text: text.slice(0, 40),
			});
		});
	}

	/** A journal that cannot take an entry is reported and never stops the station. */
	#attempt<Result>(what: string, append: () => Result): Result | undefined {
		try {
			const result = append();
			this.#journalFault = undefined;
			return result;
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			this.#journalFault = error.code;
			this.#log(`journal did not take ${what}: ${error.code} ${error.message}`);
			return undefined;
		}
	}

	#log(text: string): void {
		this.#options.board.log.line(text);
		this.#console.say(text);
	}

	#stationFlags(): number {
		let flags = 0;
		if (this.#state.isBatteryLow) flags |= STATION_FLAGS.batteryLow;
		if (this.#time.utcSeconds === undefined) flags |= STATION_FLAGS.clockUntrusted;
		if (this.#console.isInService) flags |= STATION_FLAGS.serviceMode;
		return flags;
	}

	#stir(): void {
		this.#stirred.set(true);
	}

	/** The end of a wake: everything that must live on goes into retained memory, then sleep. */
	#sleep(): void {
		const { board } = this.#options;
		this.#journal.idle();
		this.#scheduler.stop();
		board.console.onActivity = undefined;
		const state: RetainedState = Object.assign({}, this.#state, {
			unrecordedReset: this.#opening.unrecordedReset,
			disciplinedMilliseconds: this.#time.disciplinedMilliseconds,
			stepOffer: this.#time.stepOffer,
			newestUtcSeconds: this.#recorder.newestUtcSeconds,
			journal: this.#journal.save(),
			uplink: this.#uplink.save(),
		});
		storeRetainedState(board.retained, state);
		const idleMilliseconds = this.#dueMilliseconds() - board.clock.milliseconds;
		board.processor.deepSleep(Math.max(idleMilliseconds, 1));
	}

	#crash(error: unknown): void {
		const { board } = this.#options;
		board.log.line(`crash: ${textOf(error)}`);
		crash({
			memory: board.crash,
			clock: board.clock,
			processor: board.processor,
			cause: "task",
			error,
		});
	}
}

function clampToInt32(value: number): number {
	return Math.max(Math.min(Math.round(value), 0x7fffffff), -0x7fffffff);
}
