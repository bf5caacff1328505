/**
 * What of a boot goes into the record, and when: the boot itself before every other entry, the crash that was
 * before it, the safe mode that crashes bring, and a clock that fails.
 */

import type { CalibrationBody } from "../../protocol/record/entry-layouts.js";
import type { StationConfiguration } from "../config/configuration.js";
import type { Board, ResetReason } from "../ports.js";
import { recordBoot } from "./boot.js";
import type { StationRooms } from "./calibration-opening.js";
import { type CrashRecord, safeModeEndOf, storeCrashRecord } from "./crash-record.js";
import type { DeferredBootRecord } from "./deferred-boot-record.js";
import type { Stamp } from "./entry-recorder.js";

/** What one wake leaves to the next. */
export interface BootLogState {
	/** Why the boot was that the record does not know of yet, or undefined. */
	readonly unrecordedReset: ResetReason | undefined;
	/** It was put off for want of a battery. */
	readonly isBootWaiting: boolean;
	/** The record says already that the clock fails. */
	readonly isClockFaulty: boolean;
}

export interface BootLogOptions {
	readonly board: Board;
	readonly rooms: Pick<StationRooms, "journal" | "recorder" | "time">;
	readonly firmwareVersion: number;
	/** In force. */
	readonly configuration: () => StationConfiguration;
	/** Curves in force that are not the configuration's. */
	readonly standing: () => readonly CalibrationBody[];
	/** When this boot is written down. */
	readonly deferredBoot: DeferredBootRecord;
	/** What crashes of earlier wakes have left. */
	readonly crash: CrashRecord | undefined;
	/** Of the last wake. */
	readonly isClockFaulty: boolean;
}

export class BootLog {
	/** After crashes in a row the network is left alone until then, on the board's clock. */
	readonly safeUntilMilliseconds: number;
	readonly #options: BootLogOptions;
	/** When this wake began. */
	readonly #began: Stamp;
	#crash: CrashRecord | undefined;
	#isClockFaulty: boolean;

	constructor(options: BootLogOptions) {
		this.#options = options;
		this.#crash = options.crash;
		this.#isClockFaulty = options.isClockFaulty;
		this.safeUntilMilliseconds = safeModeEndOf(options.crash) ?? 0;
		this.#began = options.rooms.recorder.stamp();
		options.rooms.journal.isLastFirm = this.isWritten;
	}

	/** The record knows of this boot. */
	get isWritten(): boolean {
		return this.#options.deferredBoot.unrecordedReset === undefined;
	}

	/** The journal rejected it, or not all of it. */
	get isRefused(): boolean {
		return this.#options.deferredBoot.isRefused;
	}

	get isSafe(): boolean {
		return this.#options.board.clock.milliseconds < this.safeUntilMilliseconds;
	}

	/** When the end of safe mode is to be recorded, on the board's clock; undefined: not at all. */
	get safeModeEndMilliseconds(): number | undefined {
		const isEndDue = this.isWritten && this.#crash?.isSafeModeOpen === true;
		return isEndDue ? this.safeUntilMilliseconds : undefined;
	}

	/** At the begin of a wake: at once what may find no later moment. */
	begin(): void {
		const { board, rooms, deferredBoot } = this.#options;
		// An attached technician may export at once, so the boot is recorded now; the battery is taken to bear it.
		if (deferredBoot.isUrgent || board.console.isAttached)
			rooms.recorder.attempt("boot", () => this.write());
		if (!this.isWritten) return;
		this.noteClock();
		this.reportCrash();
	}

	/** Before every other entry. Throws StationError when the journal does not take it. */
	write(): void {
		if (this.isWritten) return;
		const { rooms, deferredBoot } = this.#options;
		rooms.journal.isLastFirm = true;
		try {
			deferredBoot.write((reason) => this.#record(reason));
		} finally {
			rooms.journal.isLastFirm = this.isWritten;
		}
	}

	/** This boot must wait for a battery. */
	get mustAskBattery(): boolean {
		const { deferredBoot, rooms, board } = this.#options;
		return deferredBoot.mustAsk(rooms.journal, board.clock.milliseconds);
	}

	/** It waits, asleep. */
	defer(): void {
		this.#options.deferredBoot.defer();
	}

	/** The record says when the RTC began to fail. That it is well again a time entry says. */
	noteClock(): void {
		// A boot that is not written down yet will note it.
		if (!this.isWritten) return;
		const { rooms } = this.#options;
		const { fault } = rooms.time;
		const wasFaulty = this.#isClockFaulty;
		this.#isClockFaulty = fault !== undefined;
		if (fault === undefined || wasFaulty) return;
		rooms.recorder.event(fault === "rtc-stopped" ? "rtc-stopped" : "rtc-failed", 0, fault);
	}

	/** A crash becomes an event entry once, safe mode one at its beginning and one at its end. */
	reportCrash(): void {
		const { board, rooms } = this.#options;
		const crash = this.#crash;
		if (crash === undefined || !this.isWritten) return;
		const { isSafe } = this;
		if (crash.isReported && crash.isSafeModeOpen === isSafe) return;
		if (!crash.isReported) rooms.recorder.event("crash", crash.code, crash.text);
		if (crash.isSafeModeOpen !== isSafe) rooms.recorder.event("safe-mode", isSafe ? 1 : 0, "");
		this.#crash = { ...crash, isReported: true, isSafeModeOpen: isSafe };
		storeCrashRecord(board.crash, this.#crash);
	}

	/** For retained memory. */
	save(): BootLogState {
		const { unrecordedReset, hasWaited: isBootWaiting } = this.#options.deferredBoot;
		return { unrecordedReset, isBootWaiting, isClockFaulty: this.#isClockFaulty };
	}

	#record(resetReason: ResetReason): void {
		const { board, rooms, deferredBoot, configuration, standing, firmwareVersion } = this.#options;
		const crash = this.#crash;
		recordBoot({
			board,
			configuration: configuration(),
			standing: standing(),
			journal: rooms.journal,
			recorder: rooms.recorder,
			firmwareVersion,
			resetReason,
			stamp: this.#began,
			isRetried: deferredBoot.isRefused,
			crashCode: crash === undefined || crash.isReported ? 0 : crash.code,
		});
		if (deferredBoot.hasWaited) {
			rooms.recorder.event(
				"battery-waited",
				Math.floor(board.clock.milliseconds / 1000),
				resetReason,
			);
		}
		this.noteClock();
		this.reportCrash();
	}
}
