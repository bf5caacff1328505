/**
 * The station: one wake from retained state to deep sleep (or, on mains, for ever). Two tasks:
 * the cycle measures on time whatever happens elsewhere, the uplink delivers beside it.
 */
import { apart, Scheduler, Signal, type Task } from "../../core/task.js";
import { STATION_FLAGS } from "../../protocol/record/entry.js";
import {
	configurationEntriesOf,
	type StationConfiguration,
	timeHostOf,
} from "../config/configuration.js";
import { ConfigurationKeeper } from "../config/configuration-keeper.js";
import { Console } from "../console/console.js";
import type { AnswerFields } from "../console/service.js";
import { measureBattery } from "../measure/battery.js";
import type { WaterProbes } from "../measure/probes.js";
import { MAY_ROLL_OVER } from "../measure/water.js";
import type { Board, ResetReason } from "../ports.js";
import { lastRunOf, recordBoot } from "./boot.js";
import { BATTERY_LOOK_SECONDS, BootOpening, RADIO_SPARED_SECONDS } from "./boot-opening.js";
import {
	type CrashRecord,
	crash,
	loadCrashRecord,
	safeModeEndOf,
	storeCrashRecord,
	textOf,
} from "./crash-record.js";
import { ImageTrial } from "./image-trial.js";
import type { StationJournal } from "./journal-port.js";
import { LogBook } from "./log-book.js";
import { NetworkTimeDesk } from "./network-time-desk.js";
import { type OfferedTime, offeredByCollector, takeOfferedTime } from "./offered-time.js";
import { BATTERY_HYSTERESIS_MILLIVOLTS, ReadingDesk } from "./reading-desk.js";
import { Recorder, type Stamp } from "./recorder.js";
import {
	invalidateRetainedState,
	loadRetainedState,
	type RetainedState,
	storeRetainedState,
} from "./retained-state.js";
import {
	nextDueMilliseconds,
	readingDueMilliseconds,
	readingIntervalSecondsOf,
	sleepMillisecondsOf,
} from "./schedule.js";
import { type Look, ServiceDesk } from "./service-desk.js";
import { statusOf, waitingIn } from "./status.js";
import { type RealTimeClock, TimeKeeper, type TimeVerdict } from "./time-keeper.js";
import { TolerantJournal } from "./tolerant-journal.js";
import { UploadDesk } from "./upload-desk.js";

/** What a composition root adds to the board: the rooms and parts that this station is built of. */
export interface StationOptions {
	readonly board: Board;
	/** What the board was provisioned with; one that came over the air since is in its settings. */
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

/** A reading this much behind its time says so. */
const LATE_MILLISECONDS = 30_000;
/** From here on readings say that the ring is about to overwrite what was not acknowledged. */
const NEARLY_FULL_SHARE = 0.75;
/** Not worth falling asleep for: boot and shut-down cost more than this pause awake. */
const SLEEP_MILLISECONDS_MIN = 500;
/** A look of the technician takes about 18 s; with less left the reading that is due serves him. */
const LOOK_MILLISECONDS = 25_000;

/** Starts the station on a board. Throws `configuration-invalid`, and no other StationError. */
export function startStation(options: StationOptions): Station {
	return new Station(options);
}

export class Station {
	readonly #options: StationOptions;
	readonly #scheduler: Scheduler;
	readonly #journal: TolerantJournal;
	readonly #time: TimeKeeper;
	readonly #recorder: Recorder;
	readonly #keeper: ConfigurationKeeper;
	readonly #book: LogBook;
	readonly #networkTime: NetworkTimeDesk;
	readonly #uploads: UploadDesk;
	readonly #readings: ReadingDesk;
	/** What lives through deep sleep and is nobody else's. */
	readonly #state: Pick<
		RetainedState,
		| "boot"
		| "bootMilliseconds"
		| "wakeCount"
		| "nextReadingMilliseconds"
		| "lastReadingUtcSeconds"
		| "isClockFaulty"
	>;
	/** When this boot is written down. */
	readonly #opening: BootOpening;
	/** When this wake began. */
	readonly #beganStamp: Stamp;
	/** Set when an uplink session ends or a technician comes; the cycle then looks around. */
	#stirred = new Signal<true>();
	/** What crashes of earlier wakes have left. */
	#crashRecord: CrashRecord | undefined;
	/** After crashes in a row the network is left alone until then, on the board's clock. */
	readonly #safeUntilMilliseconds: number;
	readonly #desk: ServiceDesk;
	readonly #console: Console;
	#wasInService = false;
	readonly #trial: ImageTrial;
	#isRestarting = false;

	constructor(options: StationOptions) {
		this.#options = options;
		const { board } = options;
		this.#scheduler = new Scheduler(board.clock, (error) => this.#crash(error));
		this.#crashRecord = loadCrashRecord(board.crash, board.clock.milliseconds);
		this.#safeUntilMilliseconds = safeModeEndOf(this.#crashRecord) ?? 0;
		const retained =
			board.processor.resetReason === "deep-sleep" ? loadRetainedState(board.retained) : undefined;
		// A wake that dies must not leave the state of the wake before it for the next.
		invalidateRetainedState(board.retained);
		this.#keeper = new ConfigurationKeeper({
			provisioned: options.configuration,
			memory: board.settings,
			clock: board.clock,
			state: retained,
		});
		const { configuration } = this.#keeper;
		this.#journal = new TolerantJournal({
			open: (note) => options.openJournal(board, configuration, note),
			retained: retained?.journal,
			delivered: retained?.delivered,
			say: (text) => board.log.line(text),
		});
		const lastRun = retained === undefined ? lastRunOf(this.#journal, board.entropy) : undefined;
		const now = board.clock.milliseconds;
		this.#trial = new ImageTrial(board.image, now);
		this.#state = {
			boot: retained?.boot ?? lastRun?.boot ?? 1,
			bootMilliseconds: retained?.bootMilliseconds ?? now,
			wakeCount: (retained?.wakeCount ?? 0) + 1,
			nextReadingMilliseconds: retained?.nextReadingMilliseconds ?? now,
			lastReadingUtcSeconds: retained?.lastReadingUtcSeconds ?? 0,
			isClockFaulty: retained?.isClockFaulty ?? false,
		};
		this.#opening = new BootOpening({
			resetReason: board.processor.resetReason,
			isWake: retained !== undefined,
			unrecordedReset: retained?.unrecordedReset,
			hasWaited: retained?.isBootWaiting ?? false,
			lastRun,
		});
		this.#journal.isLastFirm = this.#isOpen;
		this.#time = new TimeKeeper({
			rtc: options.openRealTimeClock(board),
			clock: board.clock,
			floorUtcSeconds: board.trustFloorUtcSeconds,
			newestUtcSeconds: retained?.newestUtcSeconds ?? lastRun?.newestUtcSeconds ?? 0,
			newestMilliseconds: retained?.newestMilliseconds,
			isVouched: retained?.isVouched ?? lastRun?.isVouched ?? false,
			disciplinedMilliseconds: retained?.disciplinedMilliseconds,
			stepOffer: retained?.stepOffer,
			reference: retained?.reference,
			hasJumped: retained?.hasJumped ?? false,
			hasUnrecordedStep: retained?.hasUnrecordedStep ?? false,
			doubtSeconds: retained?.doubtSeconds ?? 0,
		});
		this.#time.refresh();
		this.#recorder = new Recorder({
			clock: board.clock,
			time: this.#time,
			boot: this.#state.boot,
			bootMilliseconds: this.#state.bootMilliseconds,
			configurationId: () => this.#keeper.configuration.id,
			stationFlags: () => this.#stationFlags(),
			append: (draft) => {
				this.#openBoot();
				return this.#journal.append(draft);
			},
		});
		this.#book = new LogBook(this.#recorder, (text) => this.#log(text));
		this.#beganStamp = this.#recorder.stamp();
		this.#desk = new ServiceDesk({
			station: configuration.station,
			firmwareVersion: options.firmwareVersion,
			journal: this.#journal,
			status: () => this.#status(),
			stir: () => this.#stir(),
			requestUpload: () => this.requestUpload(),
		});
		this.#readings = new ReadingDesk({
			board,
			book: this.#book,
			time: this.#time,
			service: this.#desk,
			configuration: () => this.#keeper.configuration,
			openProbes: options.openProbes,
			state: retained,
			failedProbes: lastRun?.mayRollOver === true ? MAY_ROLL_OVER : 0,
			isLoaded: () => this.#uploads.isUploading,
		});
		this.#console = new Console({
			stream: board.console,
			clock: board.clock,
			service: this.#desk,
			start: (task, onEnd) => this.#scheduler.start(task, onEnd),
			onCrash: (error) => this.#crash(error),
			isCalled: board.processor.wakeCause !== "timer" || retained?.wasAttached === false,
		});
		this.#networkTime = new NetworkTimeDesk({
			board,
			time: this.#time,
			host: () => timeHostOf(this.#keeper.configuration),
			take: (offered) => this.#takeTime(offered),
			say: (text) => this.#log(text),
			notBeforeSeconds: retained?.networkTimeNotBeforeSeconds ?? 0,
		});
		this.#uploads = this.#openUploads(retained);
		// Who is at the line may fetch the journal at once, and came with a battery that bears it.
		if (this.#opening.isUrgent || board.console.isAttached) {
			this.#book.attempt("boot", () => this.#openBoot());
		}
		if (this.#isOpen) {
			this.#noteClock();
			this.#reportCrash();
		}
		if (board.processor.wakeCause === "pin") this.#uploads.requestSoon();
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
		this.#uploads.requestSoon();
		this.#stir();
	}

	/** Throws StationError when the journal does not take it. */
	#openBoot(): void {
		if (this.#isOpen) return;
		this.#journal.isLastFirm = true;
		try {
			this.#opening.open((reason) => this.#recordBoot(reason));
		} finally {
			this.#journal.isLastFirm = this.#isOpen;
		}
	}

	#recordBoot(resetReason: ResetReason): void {
		const { board, firmwareVersion } = this.#options;
		const crashRecord = this.#crashRecord;
		recordBoot({
			board,
			configuration: this.#keeper.configuration,
			journal: this.#journal,
			recorder: this.#recorder,
			firmwareVersion,
			resetReason,
			stamp: this.#beganStamp,
			isRetried: this.#opening.isRefused,
			crashCode: crashRecord === undefined || crashRecord.isReported ? 0 : crashRecord.code,
		});
		if (this.#opening.hasWaited) {
			this.#book.event("battery-waited", Math.floor(board.clock.milliseconds / 1000), resetReason);
		}
		this.#noteClock();
		this.#reportCrash();
	}

	#openUploads(retained: RetainedState | undefined): UploadDesk {
		return new UploadDesk({
			board: this.#options.board,
			journal: this.#journal,
			book: this.#book,
			configuration: this.#keeper.configuration,
			batteryStep: this.#readings.state.batteryStep,
			recordedGapTo: retained?.recordedGapTo ?? 0,
			state: retained?.uplink,
			start: (task, onEnd) => this.#scheduler.start(task, onEnd),
			say: (text) => this.#log(text),
			onTime: (utcSeconds, times) => {
				const now = this.#options.board.clock.milliseconds;
				this.#takeTime(offeredByCollector(utcSeconds, times, now));
			},
			beforeClose: (endMilliseconds) => this.#networkTime.ask(endMilliseconds),
			onConfiguration: (canonical) => this.#keeper.offer(canonical),
			isOnTrial: () => this.#keeper.trialEndsMilliseconds !== undefined,
			onEnded: (outcome, trouble) => {
				if (outcome.batches > 0) this.#keeper.acknowledged();
				this.#trial.uploaded(outcome.batches, trouble?.code);
				const waiting = waitingIn(this.#journal);
				this.#desk.uploaded({ cursor: this.#journal.cursor, waiting, trouble });
				this.#stir();
			},
			onCrash: (error) => this.#crash(error),
		});
	}

	#takeTime(offered: OfferedTime): TimeVerdict["kind"] {
		const before = this.#time.utcSeconds;
		const verdict = takeOfferedTime(offered, {
			time: this.#time,
			book: this.#book,
			boot: this.#state.boot,
		});
		// The last reading was when it was, whatever its stamp calls that now.
		if (before !== undefined && this.#state.lastReadingUtcSeconds > 0) {
			this.#state.lastReadingUtcSeconds += (this.#time.utcSeconds ?? before) - before;
		}
		this.#noteClock();
		return verdict;
	}

	*#cycle(): Task<void> {
		const { board } = this.#options;
		if (yield* this.#mustWaitForBattery()) return;
		for (;;) {
			board.watchdog.feed();
			if (this.#trial.isOpen && this.#judgeImage()) return;
			this.#noteService();
			if (this.#isOpen) this.#reportCrash();
			// Between two measurements and two sessions: neither is begun under one and ended under another.
			// What it does goes into the record, so a boot that is put off is opened by its reading first.
			this.#keepConfiguration();
			if (board.clock.milliseconds >= this.#nextReadingMilliseconds) yield* this.#takeReading();
			else if (this.#desk.look !== undefined && this.#leftMilliseconds() >= LOOK_MILLISECONDS)
				yield* this.#lookAt(this.#desk.look);
			// A session may have ended meanwhile, and what it brought does not outlive the sleep.
			this.#keepConfiguration();
			const isIdle = !this.#uploads.isUploading;
			if (isIdle && board.clock.milliseconds >= this.#nextUploadMilliseconds()) {
				this.#desk.uploading();
				this.#uploads.start();
			}
			const idleMilliseconds = this.#dueMilliseconds() - board.clock.milliseconds;
			const maySleep =
				this.#keeper.configuration.supply === "battery" &&
				!this.#trial.isOpen &&
				!this.#uploads.isUploading &&
				!this.#console.isInService;
			if (maySleep && idleMilliseconds >= SLEEP_MILLISECONDS_MIN) return;
			this.#journal.idle();
			const slice = Math.min(Math.max(idleMilliseconds, 0), board.watchdog.timeoutMilliseconds / 2);
			this.#stirred = new Signal<true>();
			yield* this.#stirred.wait(slice);
		}
	}

	/** A new image proves itself or gives way to the one before it: true when the board is restarting. */
	#judgeImage(): boolean {
		const { board } = this.#options;
		const verdict = this.#trial.look(board.clock.milliseconds);
		if (verdict === "confirmed") this.#log("image confirmed");
		if (verdict !== "failed") return false;
		this.#log("image did not prove itself: back to the one before");
		this.#isRestarting = true;
		return true;
	}

	/** After breakdowns in a row on a low battery: nothing is written and nothing loads it; look later. */
	*#mustWaitForBattery(): Task<boolean> {
		const { board, openProbes } = this.#options;
		const { configuration } = this.#keeper;
		const maySleep = configuration.supply === "battery" && !this.#isAsked;
		if (!maySleep || !this.#opening.mustAsk(this.#journal, board.clock.milliseconds)) return false;
		const millivolts = yield* measureBattery(board, () => openProbes(board, configuration));
		const enough = configuration.batteryLowMillivolts + BATTERY_HYSTERESIS_MILLIVOLTS;
		if (millivolts === undefined || millivolts >= enough || this.#isAsked) return false;
		this.#opening.putOff();
		this.#state.nextReadingMilliseconds = board.clock.milliseconds + BATTERY_LOOK_SECONDS * 1000;
		return true;
	}

	/** The record says when a technician was at the station, though he came and went in one measurement. */
	#noteService(): void {
		const isInService = this.#console.isInService;
		const wasCalled = this.#console.wasCalled || isInService;
		this.#console.wasCalled = false;
		if (wasCalled && !this.#wasInService) this.#book.event("service", 1, "");
		if (!isInService && (wasCalled || this.#wasInService)) this.#book.event("service", 0, "");
		this.#wasInService = isInService;
	}

	/** The record says when the RTC began to fail. That it is well again a time entry says. */
	#noteClock(): void {
		// A boot that is not written down yet will note it.
		if (!this.#isOpen) return;
		const { fault } = this.#time;
		const wasFaulty = this.#state.isClockFaulty;
		this.#state.isClockFaulty = fault !== undefined;
		if (fault === undefined || wasFaulty) return;
		this.#book.event(fault === "rtc-stopped" ? "rtc-stopped" : "rtc-failed", 0, fault);
	}

	/** Takes up, confirms or gives up a configuration, and puts it into the record, when that may be. */
	#keepConfiguration(): void {
		if (!this.#isOpen || this.#uploads.isUploading) return;
		for (let news = this.#keeper.next(); news !== undefined; news = this.#keeper.next()) {
			this.#log(`configuration ${news.kind} ${"id" in news ? news.id : news.place}`);
			switch (news.kind) {
				case "taken-up":
					this.#reconfigure();
					// The sooner it proves itself the better.
					this.#uploads.requestSoon();
					break;
				case "confirmed":
					if (this.#book.event("configuration-confirmed", news.id, "")) this.#keeper.told(news.id);
					break;
				case "reverted":
					if (this.#book.event("configuration-reverted", news.id, news.text)) {
						this.#keeper.told(news.id);
					}
					this.#reconfigure();
					break;
				case "refused":
					this.#book.event("configuration-refused", news.id, news.text);
					break;
				case "damaged":
					this.#book.event("settings-damaged", news.place, "");
					break;
			}
		}
	}

	/** The record names what is in force from here on, before anything is done under it. */
	#reconfigure(): void {
		const { configuration } = this.#keeper;
		for (const body of configurationEntriesOf(configuration, this.#options.board.sha256)) {
			this.#book.record(body);
		}
		this.#uploads.reconfigure(configuration);
		const now = this.#options.board.clock.milliseconds;
		const longest = now + this.#intervalSeconds * 1000;
		const { nextReadingMilliseconds } = this.#state;
		this.#state.nextReadingMilliseconds = Math.min(nextReadingMilliseconds, longest);
	}

	/** Until the next reading is due. */
	#leftMilliseconds(): number {
		return this.#nextReadingMilliseconds - this.#options.board.clock.milliseconds;
	}

	/** When the next reading is due, on the board's clock. */
	get #nextReadingMilliseconds(): number {
		return readingDueMilliseconds({
			nowMilliseconds: this.#options.board.clock.milliseconds,
			utcSeconds: this.#time.utcSeconds,
			lastUtcSeconds: this.#state.lastReadingUtcSeconds,
			dueMilliseconds: this.#state.nextReadingMilliseconds,
			intervalSeconds: this.#intervalSeconds,
		});
	}

	/** Between readings, as things are. */
	get #intervalSeconds(): number {
		const { intervalSeconds, supply } = this.#keeper.configuration;
		const isSparing = this.#readings.state.isBatteryLow && supply === "battery";
		return readingIntervalSecondsOf(intervalSeconds, isSparing);
	}

	/** When something is to be done next, on the board's clock. */
	#dueMilliseconds(): number {
		const reading = this.#nextReadingMilliseconds;
		if (this.#uploads.isUploading) return reading;
		// Of a configuration.
		const trialEnd = (this.#isOpen ? this.#keeper.trialEndsMilliseconds : undefined) ?? reading;
		const isSafe = this.#isOpen && this.#crashRecord?.isSafeModeOpen === true;
		const safeEnd = isSafe ? this.#safeUntilMilliseconds : reading;
		const imageEnd = this.#trial.isOpen ? this.#trial.endMilliseconds : reading;
		return Math.min(reading, trialEnd, safeEnd, imageEnd, this.#nextUploadMilliseconds());
	}

	/** The record knows of this boot. */
	get #isOpen(): boolean {
		return this.#opening.unrecordedReset === undefined;
	}

	/** Somebody is at the station or has woken it, and knows what he asks of its battery. */
	get #isAsked(): boolean {
		return this.#console.isInService || this.#options.board.processor.wakeCause === "pin";
	}

	#nextUploadMilliseconds(): number {
		const { bootMilliseconds } = this.#state;
		const { isBatteryLow } = this.#readings.state;
		const isSpared = isBatteryLow && !this.#isAsked;
		// A reading opens the boot after a loss of power; where the journal refuses that, what it holds is
		// delivered all the same, but for the last entry.
		return Math.max(
			this.#uploads.nextAttemptMilliseconds,
			this.#safeUntilMilliseconds,
			isSpared ? bootMilliseconds + RADIO_SPARED_SECONDS * 1000 : 0,
			this.#isOpen || this.#opening.isRefused ? 0 : this.#nextReadingMilliseconds + 1,
		);
	}

	/** A crash becomes an event entry once, safe mode one at its beginning and one at its end. */
	#reportCrash(): void {
		const { board } = this.#options;
		const record = this.#crashRecord;
		if (record === undefined) return;
		const isSafe = board.clock.milliseconds < this.#safeUntilMilliseconds;
		if (record.isReported && record.isSafeModeOpen === isSafe) return;
		if (!record.isReported) this.#book.event("crash", record.code, record.text);
		if (record.isSafeModeOpen !== isSafe) this.#book.event("safe-mode", isSafe ? 1 : 0, "");
		this.#crashRecord = { ...record, isReported: true, isSafeModeOpen: isSafe };
		storeCrashRecord(board.crash, this.#crashRecord);
	}

	*#takeReading(): Task<void> {
		const { board } = this.#options;
		const dueMilliseconds = this.#nextReadingMilliseconds;
		const lateMilliseconds = board.clock.milliseconds - dueMilliseconds;
		this.#journal.reopen();
		this.#time.refresh();
		this.#noteClock();
		const stamp = this.#recorder.stamp();
		const beganMilliseconds = board.clock.milliseconds;
		const occasion = {
			look: this.#desk.look,
			isRecorded: true,
			isLate: lateMilliseconds > LATE_MILLISECONDS,
		};
		// Apart, as a session is: to record a reading goes deep into the journal.
		yield* apart(this.#readings.measure(stamp, occasion));
		if (this.#trial.isOpen && this.#book.fault === undefined) {
			this.#trial.stored();
			this.#uploads.requestSoon();
		}
		this.#uploads.adjust(this.#readings.state.batteryStep);
		this.#state.lastReadingUtcSeconds = stamp.utcSeconds;
		this.#state.nextReadingMilliseconds = nextDueMilliseconds(
			beganMilliseconds,
			dueMilliseconds,
			this.#intervalSeconds,
		);
	}

	/** Measures between two readings because a technician asked; recorded only if he asked for that. */
	*#lookAt(look: Look): Task<void> {
		this.#time.refresh();
		const { isRecorded } = look;
		const occasion = { look, isRecorded, isLate: false };
		yield* apart(this.#readings.measure(this.#recorder.stamp(), occasion));
	}

	#status(): readonly AnswerFields[] {
		return statusOf({
			board: this.#options.board,
			configuration: this.#keeper.configuration,
			trialEndsMilliseconds: this.#keeper.trialEndsMilliseconds,
			journal: this.#journal,
			journalFault: this.#book.fault,
			stamp: this.#recorder.stamp(),
			clockFault: this.#time.fault,
			boot: this.#state.boot,
			nextReadingMilliseconds: this.#nextReadingMilliseconds,
			nextUploadMilliseconds: this.#nextUploadMilliseconds(),
			isUploading: this.#uploads.isUploading,
			uploadFailures: this.#uploads.failures,
			uploadTrouble: this.#uploads.trouble?.code,
			rssiDecibelMilliwatts: this.#uploads.rssiDecibelMilliwatts,
			failedProbes: this.#readings.state.failedProbes,
			isBatteryLow: this.#readings.state.isBatteryLow,
		});
	}

	#log(text: string): void {
		this.#options.board.log.line(text);
		this.#console.say(text);
	}

	#stationFlags(): number {
		let flags = 0;
		if (this.#readings.state.isBatteryLow) flags |= STATION_FLAGS.batteryLow;
		if (this.#time.utcSeconds === undefined) flags |= STATION_FLAGS.clockUntrusted;
		if (this.#console.isInService) flags |= STATION_FLAGS.serviceMode;
		if (this.#options.board.clock.milliseconds < this.#safeUntilMilliseconds)
			flags |= STATION_FLAGS.safeMode;
		if (this.#book.fault !== undefined) flags |= STATION_FLAGS.journalDegraded;
		if (this.#uploads.isRefused) flags |= STATION_FLAGS.collectorRefused;
		if (this.#uploads.isBudgetSpent) flags |= STATION_FLAGS.radioBudgetSpent;
		if (this.#uploads.waitingShare >= NEARLY_FULL_SHARE) flags |= STATION_FLAGS.journalNearlyFull;
		return flags;
	}

	#stir(): void {
		this.#stirred.set(true);
	}

	/** The end of a wake: everything that must live on goes into retained memory, then sleep. */
	#sleep(): void {
		const { board } = this.#options;
		this.#noteService();
		this.#journal.idle();
		this.#scheduler.stop();
		this.#switchOff();
		board.console.onActivity = undefined;
		const own = this.#state;
		const readings = this.#readings.state;
		const kept = this.#keeper.save();
		// Field by field: to gather objects into one costs more than all that is in them.
		storeRetainedState(board.retained, {
			boot: own.boot,
			bootMilliseconds: own.bootMilliseconds,
			wakeCount: own.wakeCount,
			nextReadingMilliseconds: this.#nextReadingMilliseconds,
			lastReadingUtcSeconds: own.lastReadingUtcSeconds,
			isClockFaulty: own.isClockFaulty,
			failedProbes: readings.failedProbes,
			isBatteryLow: readings.isBatteryLow,
			batteryStep: readings.batteryStep,
			identities: readings.identities,
			trialEndsMilliseconds: kept.trialEndsMilliseconds,
			refusedOffer: kept.refusedOffer,
			settledId: kept.settledId,
			unrecordedReset: this.#opening.unrecordedReset,
			wasAttached: board.console.isAttached,
			isBootWaiting: this.#opening.hasWaited,
			delivered: this.#journal.delivered,
			disciplinedMilliseconds: this.#time.disciplinedMilliseconds,
			stepOffer: this.#time.stepOffer,
			isVouched: this.#time.isVouched,
			networkTimeNotBeforeSeconds: this.#networkTime.notBeforeSeconds,
			reference: this.#time.reference,
			hasJumped: this.#time.hasJumped,
			hasUnrecordedStep: this.#time.hasUnrecordedStep,
			doubtSeconds: this.#time.doubtSeconds,
			newestUtcSeconds: this.#time.newestUtcSeconds,
			newestMilliseconds: this.#time.newestMilliseconds,
			recordedGapTo: this.#uploads.recordedGapTo,
			journal: this.#journal.save(),
			uplink: this.#uploads.save(),
		});
		if (this.#isRestarting) {
			board.processor.restart();
			return;
		}
		const idleMilliseconds = this.#dueMilliseconds() - board.clock.milliseconds;
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
		const { board } = this.#options;
		board.log.line(`crash: ${textOf(error)}`);
		crash({
			memory: board.crash,
			clock: board.clock,
			processor: board.processor,
			switchOff: () => this.#switchOff(),
			cause: "task",
			error,
		});
	}
}
