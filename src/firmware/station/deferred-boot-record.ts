/**
 * When a boot is written down. Every boot that is not a wake from deep sleep costs the journal a sector
 * (docs/FORMAT.md, 2.4), and in a full ring that sector is the oldest readings. So after a loss of power
 * nothing is written before the battery has borne a whole measurement, and a station that breaks down
 * again and again on a low battery waits for the battery, asleep, while a sector would cost readings.
 */
import type { ResetReason } from "../ports.js";
import type { LastRun } from "./boot.js";
import type { StationJournal } from "./journal-port.js";

/** Between two looks at a battery that is waited for: one look is half a second awake. */
export const BATTERY_LOOK_SECONDS = 900;
/**
 * Waited at most, counted from the loss of power: a gauge that lies or a threshold that is wrong must not
 * silence the station.
 */
export const BATTERY_WAIT_SECONDS_MAX = 6 * 3600;
/**
 * After a boot on a low battery the radio, the largest load, is left alone so long: what breaks the supply
 * down does so once an hour, and there are readings in between.
 */
export const RADIO_SPARED_SECONDS = 3600;
/** Slots of a sector less one: no sector holds more entries. */
const ENTRIES_PER_SECTOR_MAX = 251;

export interface DeferredBootRecordOptions {
	/** Why the processor runs. */
	readonly resetReason: ResetReason;
	/** Whether this wake has the state of the last one. */
	readonly isWake: boolean;
	/** What that state says of a boot that nobody has written down yet. */
	readonly unrecordedReset: ResetReason | undefined;
	/** And that it was put off for want of a battery, not refused by the journal. */
	readonly hasWaited: boolean;
	/** Undefined when `isWake`. */
	readonly lastRun: LastRun | undefined;
}

export class DeferredBootRecord {
	#unrecordedReset: ResetReason | undefined;
	readonly #isRepeated: boolean;
	#isWaiting: boolean;
	#isRefused: boolean;

	constructor(options: DeferredBootRecordOptions) {
		const { isWake, resetReason, unrecordedReset, hasWaited, lastRun } = options;
		this.#unrecordedReset = isWake ? unrecordedReset : resetReason;
		const isCarriedOn = isWake && unrecordedReset !== undefined;
		this.#isWaiting = isCarriedOn && hasWaited;
		this.#isRefused = isCarriedOn && !hasWaited;
		// Only a repeated one waits.
		this.#isRepeated = this.#isWaiting || lastRun?.wasCutShort === true;
	}

	/** Why this boot was, while the record does not know of it. */
	get unrecordedReset(): ResetReason | undefined {
		return this.#unrecordedReset;
	}

	/** It was put off in earlier wakes, for want of a battery. */
	get hasWaited(): boolean {
		return this.#isWaiting;
	}

	/** The journal rejected it, or not all of it; it may the next time. */
	get isRefused(): boolean {
		return this.#isRefused;
	}

	/** Crashes are recorded at once: there may be no later measurement to wait for. */
	get isUrgent(): boolean {
		const reason = this.#unrecordedReset;
		return reason !== undefined && reason !== "power-on" && reason !== "brown-out";
	}

	/** Writes the boot down, if that is still to be done; before every other entry. */
	write(record: (reason: ResetReason) => void): void {
		const reason = this.#unrecordedReset;
		if (reason === undefined) return;
		this.#unrecordedReset = undefined;
		try {
			record(reason);
			this.#isRefused = false;
		} catch (error) {
			this.#unrecordedReset = reason;
			this.#isRefused = true;
			throw error;
		}
	}

	/** Whether this boot must wait for a battery that `isBearing` would call good enough. */
	mustAsk(journal: StationJournal, sincePowerMilliseconds: number): boolean {
		return (
			this.#unrecordedReset !== undefined &&
			!this.isUrgent &&
			this.#isRepeated &&
			sincePowerMilliseconds < BATTERY_WAIT_SECONDS_MAX * 1000 &&
			costsReadings(journal)
		);
	}

	/** It waits, asleep. */
	defer(): void {
		this.#isWaiting = true;
	}
}

/** Whether the next sector is taken from readings that nobody has acknowledged: the ring has wrapped. */
function costsReadings(journal: Pick<StationJournal, "cursor" | "firstSequenceHeld">): boolean {
	const { cursor, firstSequenceHeld } = journal;
	return firstSequenceHeld > 1 && cursor < firstSequenceHeld + ENTRIES_PER_SECTOR_MAX;
}
