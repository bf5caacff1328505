/**
 * What the world saw of one station: when it woke and slept, when its probes had power and its radio,
 * what it appended and when. Checkers take the truth about times from here, and nothing from the station.
 */
import type { ResetReason, WakeCause } from "../../src/firmware/ports.js";
import { decodeEntry } from "../../src/protocol/record/entry.js";
import type { Entry } from "../../src/protocol/record/entry-layouts.js";
import type { VirtualClock } from "../board/clock.js";
import type { StationObserver, SuppliedPart } from "./observer.js";

/** One stretch of the processor's life. Microseconds are the world's, `board` ones the board's own. */
export interface DiaryWake {
	readonly reason: ResetReason;
	readonly cause: WakeCause;
	readonly fromMicroseconds: number;
	readonly fromBoardMicroseconds: number;
	toMicroseconds: number;
	ending: "running" | "sleep" | "reset" | "power-loss";
	/** Left with power by a sleep. */
	supplied: readonly SuppliedPart[];
}

/** An append that returned. */
export interface DiaryEntry {
	readonly canonicalBytes: Uint8Array;
	readonly entry: Entry;
	readonly atMicroseconds: number;
	/** Index of the wake that it was appended in. */
	readonly wake: number;
	/** Index of the wake in which its boot began. */
	readonly bootWake: number;
	/** When the last measurement before it began, if in the same wake. */
	readonly measuredMicroseconds: number | undefined;
}

export interface DiarySession {
	readonly fromMicroseconds: number;
	toMicroseconds: number;
	/** An acknowledgement took hold while the radio was on. */
	isAcknowledged: boolean;
}

/** The bootloader and the engine, before the station's first line. */
export const BOOT_MICROSECONDS = 250_000;

export class StationDiary implements StationObserver {
	readonly wakes: DiaryWake[] = [];
	readonly entries: DiaryEntry[] = [];
	/** When the first of the probes got power, of every measurement. */
	readonly measurements: number[] = [];
	/** While the radio had power. */
	readonly sessions: DiarySession[] = [];
	readonly #clock: () => VirtualClock;
	readonly #boots = new Map<string, number>();
	#session: DiarySession | undefined;
	#measuredWake = -1;

	/** `clock`: the station's; asked for late, because the diary is there before the station. */
	constructor(clock: () => VirtualClock) {
		this.#clock = clock;
	}

	woke(reason: ResetReason, cause: WakeCause, boardMicroseconds: number): void {
		const now = this.#clock().microseconds;
		this.wakes.push({
			reason,
			cause,
			fromMicroseconds: now,
			fromBoardMicroseconds: boardMicroseconds,
			toMicroseconds: now,
			ending: "running",
			supplied: NOTHING,
		});
	}

	slept(supplied: readonly SuppliedPart[]): void {
		this.#end("sleep", supplied.length === 0 ? NOTHING : supplied);
	}

	wasReset(): void {
		this.#end("reset", NOTHING);
	}

	lostPower(): void {
		this.#end("power-loss", NOTHING);
	}

	switched(part: SuppliedPart, isOn: boolean): void {
		const now = this.#clock().microseconds;
		// The loop is switched once in a measurement; the probes' rail is cycled to free a stuck bus.
		if (part === "loop" && isOn) {
			this.measurements.push(now);
			this.#measuredWake = this.wakes.length - 1;
		}
		if (part !== "radio") return;
		if (this.#session !== undefined) this.#session.toMicroseconds = now;
		this.#session = isOn
			? { fromMicroseconds: now, toMicroseconds: now, isAcknowledged: false }
			: undefined;
		if (this.#session !== undefined) this.sessions.push(this.#session);
	}

	/** An append returned. */
	appended(canonicalBytes: Uint8Array): void {
		const entry = decodeEntry(canonicalBytes);
		const wake = this.wakes.length - 1;
		this.entries.push({
			canonicalBytes,
			entry,
			atMicroseconds: this.#clock().microseconds,
			wake,
			bootWake: this.#bootWakeOf(entry, wake),
			measuredMicroseconds:
				this.#measuredWake === wake ? this.measurements[this.measurements.length - 1] : undefined,
		});
	}

	/** An acknowledgement took hold. */
	acknowledged(): void {
		if (this.#session !== undefined) this.#session.isAcknowledged = true;
	}

	/**
	 * World's microseconds at which the board's clock said so, in the stretch of power that `wake` lies in.
	 * Undefined when power was gone before.
	 */
	worldOf(wake: number, boardMicroseconds: number): number | undefined {
		let index = wake;
		let low = wake;
		let high = this.#lastWakeOfPower(wake);
		while (low <= high) {
			index = (low + high) >> 1;
			if ((this.wakes[index]?.fromBoardMicroseconds ?? 0) <= boardMicroseconds) low = index + 1;
			else high = index - 1;
		}
		const found = this.wakes[Math.max(high, wake)];
		if (found === undefined) return undefined;
		const since = boardMicroseconds - found.fromBoardMicroseconds;
		const awake = found.toMicroseconds - found.fromMicroseconds;
		if (found.ending === "running" || since <= awake) return found.fromMicroseconds + since;
		const next = this.wakes[high + 1];
		if (next === undefined || found.ending === "power-loss") return undefined;
		const asleep = next.fromMicroseconds - found.toMicroseconds;
		const asleepBoard = next.fromBoardMicroseconds - found.fromBoardMicroseconds - awake;
		if (asleepBoard <= 0) return undefined;
		return found.toMicroseconds + ((since - awake) * asleep) / asleepBoard;
	}

	/** Of the boot of an entry that was appended; undefined for another. */
	bootWake(epoch: number, boot: number): number | undefined {
		return this.#boots.get(`${epoch}/${boot}`);
	}

	/** Power holds through sleeps and resets. */
	#lastWakeOfPower(wake: number): number {
		let last = wake;
		for (;;) {
			const next = this.wakes[last + 1];
			if (next === undefined || this.wakes[last]?.ending === "power-loss") return last;
			if (isPowered(next.reason)) return last;
			last++;
		}
	}

	/** A boot begins with the last reset, or, when an entry of another boot came since, with this wake. */
	#bootWakeOf(entry: Entry, wake: number): number {
		const name = `${entry.epoch}/${entry.boot}`;
		const known = this.#boots.get(name);
		if (known !== undefined) return known;
		let began = wake;
		while (began > 0 && this.wakes[began]?.reason === "deep-sleep") began--;
		for (const other of this.#boots.values()) if (other >= began) began = wake;
		this.#boots.set(name, began);
		return began;
	}

	#end(ending: DiaryWake["ending"], supplied: readonly SuppliedPart[]): void {
		const wake = this.wakes[this.wakes.length - 1];
		if (wake === undefined) return;
		if (wake.ending === "running") {
			wake.ending = ending;
			wake.toMicroseconds = this.#clock().microseconds;
			wake.supplied = supplied;
		} else if (ending === "power-loss") {
			// It slept: what it slept until comes no more.
			wake.ending = ending;
		}
	}
}

const NOTHING: readonly SuppliedPart[] = Object.freeze([]);

function isPowered(reason: ResetReason): boolean {
	return reason === "power-on" || reason === "brown-out";
}
