/**
 * The station's side of events: shows the detector every reading that entered the record, and puts what it claims
 * there. The record is what it rests on: a claim that a power cut kept out of it is made again from the readings when
 * power returns, and one that is there is not made twice (docs/EVENTS.md).
 */
import { StationError } from "../../core/errors.js";
import type { Task } from "../../core/task.js";
import { CHANNEL_SETS } from "../../protocol/record/channel-set.js";
import { DerivationContext, type DerivedValue } from "../../protocol/record/derive.js";
import { decodeEntry } from "../../protocol/record/entry.js";
import {
	type AlarmBody,
	type CalibrationBody,
	type Entry,
	STATION_FLAGS,
} from "../../protocol/record/entry-layouts.js";
import { ALARM_CODES, ALARM_PHASES } from "../../protocol/record/events.js";
import { CHANNEL_FLAGS, type ChannelReading, readingOf } from "../../protocol/record/reading.js";
import {
	derivationEntriesOf,
	eventThresholdsOf,
	type StationConfiguration,
} from "../config/configuration.js";
import { EventDetector } from "../events/event-detector.js";
import { EVENT_STATE_BYTES, EVENT_WORK_BYTES, type EventReading } from "../events/event-state.js";
import type { Board } from "../ports.js";
import type { EntryRecorder } from "./entry-recorder.js";
import type { TolerantJournal } from "./tolerant-journal.js";

/** A week of five-minute readings, and what else a week has. */
const RECALLED_ENTRIES = 2400;
/** Where readings come faster: a day of an alarm, so that its begin is among them, and what else a day has. */
const RECALLED_SECONDS = 100_000;
/** Between two feedings of the watchdog: 96 entries take less than a second. */
const RECALLED_AT_ONCE = 96;
/** Of a conductivity that may mislead: its own flags and those that it inherits. */
const SPOILT =
	CHANNEL_FLAGS.absent |
	CHANNEL_FLAGS.fault |
	CHANNEL_FLAGS.outOfRange |
	CHANNEL_FLAGS.unstable |
	CHANNEL_FLAGS.suspect;
/** To 25 degC from 10, where no reading has had a temperature yet; thousandths. */
const FACTOR_START = 1400;
/**
 * Sessions that an alarm may ask for out of turn: so many saved up, and one more in so many seconds. An event asks for
 * one at its watch and one at its alarm, and again while they are not acknowledged: eight attempts of a whole
 * link of 30 s at 0.43 W are 28 mWh, saved up and a day at worst, and as a rule 4 s each. Failing beyond it pays from the budget.
 */
const RESERVE = 8;
const RESERVE_SECONDS = 10_800;
/**
 * From an ask to the next, by what is left of the reserve: 50, 100, 200, 400, 800, 1200 and 1200 s, each up to the reading
 * that follows. So a network that is gone for an hour has not used up the reserve when it returns.
 */
const ASK_SECONDS = 50;
const ASK_SECONDS_MAX = 1200;
/** u32 boot, uptime, UTC of the last reading; u16 factor of its temperature; u8 reserve; zero; u32 since when; u32 urgent up to; u32 no ask before; the detector. */
const DETECTOR_AT = 28;
export const EVENT_CONTROLLER_BYTES = DETECTOR_AT + EVENT_STATE_BYTES;

const NOTHING = Object.freeze({
	conductivity: undefined,
	pH: undefined,
	celsius: undefined,
	turbidity: undefined,
});
const NO_STATE = new Uint8Array(0);
export interface EventControllerOptions {
	readonly journal: TolerantJournal;
	readonly recorder: EntryRecorder;
	readonly manager: { readonly configuration: StationConfiguration };
	/** Curves of turbidity in force that are not the configuration's. */
	readonly standing: () => readonly CalibrationBody[];
	/** From `save` of the last wake, aligned to 4 and changed in place; without it the record is asked. */
	readonly state: Uint8Array | undefined;
	readonly board: Pick<Board, "clock" | "watchdog">;
	/** A watch or an alarm is in the record, and the collector is to hear of it at once. */
	readonly onUrgent: () => void;
}

export class EventController {
	readonly #options: EventControllerOptions;
	/** What `save` gives; the detector works in it. */
	readonly #bytes: Uint8Array;
	#detector: EventDetector;
	#context: DerivationContext | undefined;
	/** Of the last reading. */
	#boot = 0;
	#uptimeSeconds = 0;
	#utcSeconds = 0;
	#factor = FACTOR_START;
	/** The last reading, and what the detector was before it. */
	#last: EventReading | undefined;
	readonly #before: Uint8Array;
	readonly #work: Uint8Array;
	/** Claims of it that the record does not have, and those that it has. */
	#claims: AlarmBody[] = [];
	#recorded: (Entry & AlarmBody)[] = [];
	/** The reading of a boot, until the record is known: it comes after all that stands there. */
	#pending: Entry | undefined;
	/** It knows what the record knows. */
	#isRecalled: boolean;
	#reserve = RESERVE;
	/** On the board's clock, seconds: when the reserve was counted up last. */
	#reserveAt = 0;
	/** Sequence of the newest claim that is to be acknowledged soon, 0 none. */
	#urgentTo = 0;
	/** On the board's clock, seconds: the next session is asked for no sooner. */
	#askAt = 0;

	constructor(options: EventControllerOptions) {
		const { state } = options;
		this.#options = options;
		options.journal.onAppended = (entry) => {
			if (this.#isRecalled) this.#take(entry);
			else if (entry.kind === "reading") this.#pending = entry;
		};
		this.#isRecalled = state?.length === EVENT_CONTROLLER_BYTES;
		this.#bytes =
			state !== undefined && this.#isRecalled ? state : new Uint8Array(EVENT_CONTROLLER_BYTES);
		const more = new Uint8Array(EVENT_WORK_BYTES + EVENT_STATE_BYTES);
		this.#work = more.subarray(0, EVENT_WORK_BYTES);
		this.#before = more.subarray(EVENT_WORK_BYTES);
		this.#detector = this.#opened();
		if (!this.#isRecalled) return;
		const view = this.#view;
		this.#boot = view.getUint32(0, true);
		this.#uptimeSeconds = view.getUint32(4, true);
		this.#utcSeconds = view.getUint32(8, true);
		this.#factor = view.getUint16(12, true);
		this.#reserve = view.getUint8(14);
		this.#reserveAt = view.getUint32(16, true);
		this.#urgentTo = view.getUint32(20, true);
		this.#askAt = view.getUint32(24, true);
	}

	/** Seconds to the next reading that an event asks for, 0: as usual. */
	get intervalSeconds(): number {
		return this.#detector.intervalSeconds;
	}

	/** ALARM_CODES of the event under way, 0 none. */
	get code(): number {
		return this.#detector.code;
	}

	/** Another configuration is in force. */
	reconfigured(): void {
		this.#detector = this.#opened();
	}

	/** After a reading: what it makes the detector claim goes into the record. */
	*settle(): Task<void> {
		if (!this.#isRecalled) yield* this.#recall();
		this.#record();
		this.#urge();
	}

	#record(): void {
		for (const claim of this.#claims) {
			const { code, phase } = claim;
			const isBegin = phase === ALARM_PHASES.begin;
			// The detector has forgotten the begin of what has ended; a claim made before its begin had a number has none.
			const beginSequence = isBegin ? 0 : claim.beginSequence || this.#detector.beginOf(code);
			// It hears of what is appended, and strikes it off.
			const sequence = this.#options.recorder.record({ ...claim, beginSequence });
			if (sequence === undefined) return;
			const isUrgent = code !== ALARM_CODES.storm && phase !== ALARM_PHASES.end;
			if (!isUrgent) continue;
			this.#urgentTo = sequence;
			this.#askAt = 0;
		}
	}

	/** Asks for a session while the collector has not heard of what is urgent and the reserve lasts. */
	#urge(): void {
		const { journal, board, onUrgent } = this.#options;
		const now = Math.floor(board.clock.milliseconds / 1000);
		const more = Math.floor(Math.max(now - this.#reserveAt, 0) / RESERVE_SECONDS);
		if (this.#reserve + more >= RESERVE || now < this.#reserveAt) this.#reserveAt = now;
		else this.#reserveAt += more * RESERVE_SECONDS;
		this.#reserve = Math.min(this.#reserve + more, RESERVE);
		if (this.#urgentTo <= journal.cursor || this.#reserve === 0) return;
		const wait = this.#askAt - now;
		// A clock that began again leaves an instant that means nothing.
		if (wait > 0 && wait <= ASK_SECONDS_MAX) return;
		this.#reserve--;
		const pause = ASK_SECONDS * 2 ** (RESERVE - 1 - this.#reserve);
		this.#askAt = now + Math.min(pause, ASK_SECONDS_MAX);
		onUrgent();
	}

	/** For retained memory; of no more than the record has. Not a copy. */
	save(): Uint8Array {
		if (!this.#isRecalled) return NO_STATE;
		const view = this.#view;
		view.setUint32(0, this.#boot, true);
		view.setUint32(4, this.#uptimeSeconds, true);
		view.setUint32(8, this.#utcSeconds, true);
		view.setUint16(12, this.#factor, true);
		view.setUint8(14, this.#reserve);
		view.setUint32(16, this.#reserveAt, true);
		view.setUint32(20, this.#urgentTo, true);
		view.setUint32(24, this.#askAt, true);
		this.#forget();
		return this.#bytes;
	}

	get #view(): DataView {
		return new DataView(this.#bytes.buffer, this.#bytes.byteOffset, DETECTOR_AT);
	}

	get #detectorBytes(): Uint8Array {
		return this.#bytes.subarray(DETECTOR_AT);
	}

	/** Under the configuration in force, with what is in its place. */
	#opened(): EventDetector {
		const thresholds = eventThresholdsOf(this.#options.manager.configuration);
		return new EventDetector(thresholds, undefined, this.#detectorBytes, this.#work);
	}

	/**
	 * After a loss of power: what was claimed is in the record, and nowhere else. Its readings warm the detector;
	 * what it makes of one counts only where the record says so, or, of the last one, where power may have cut that off.
	 */
	*#recall(): Task<void> {
		const pending = this.#pending;
		if (pending === undefined) return;
		this.#pending = undefined;
		const { journal, board } = this.#options;
		const { intervalSeconds, eventIntervalSeconds = 0 } = this.#options.manager.configuration;
		const fastest = Math.min(intervalSeconds, eventIntervalSeconds || intervalSeconds);
		const count = Math.max(RECALLED_ENTRIES, Math.ceil(RECALLED_SECONDS / fastest));
		const end = journal.nextSequence;
		let first = Math.max(journal.firstSequenceHeld, end - count);
		this.#detectorBytes.fill(0);
		try {
			for (; first < end; first += RECALLED_AT_ONCE) {
				board.watchdog.feed();
				journal.read(first, Math.min(RECALLED_AT_ONCE, end - first), (sequence, canonicalBytes) => {
					if (sequence !== pending.sequence) this.#take(decodeEntry(canonicalBytes));
				});
				yield { milliseconds: 1 };
			}
		} catch (error) {
			// What cannot be read is not known; the station looks for events with the rest.
			if (!(error instanceof StationError)) throw error;
		}
		this.#isRecalled = true;
		// Before the reading of this boot is judged: it comes after them.
		this.#record();
		this.#take(pending);
	}

	#take(entry: Entry): void {
		switch (entry.kind) {
			case "reading":
				this.#forget();
				this.#recorded = [];
				this.#before.set(this.#detectorBytes);
				this.#last = this.#readingOf(entry);
				this.#claims = [...this.#detector.take(this.#last)];
				return;
			case "alarm":
				this.#takeClaim(entry);
				return;
			default:
				this.#derivation.observe(entry);
		}
	}

	/** The record has a claim. */
	#takeClaim(entry: Entry & AlarmBody): void {
		const { code, phase, readingSequence } = entry;
		const claims = this.#claims.filter(
			(claim) =>
				claim.code !== code || claim.phase !== phase || claim.readingSequence !== readingSequence,
		);
		const isKnown = claims.length < this.#claims.length;
		this.#claims = claims;
		if (isKnown) this.#detector.recorded(entry, entry.sequence);
		else {
			this.#forget();
			this.#detector.adopt(entry, entry.sequence);
		}
		this.#recorded.push(entry);
	}

	/** Claims that the record does not have were never made: its reading is one that had nothing but what the record says. */
	#forget(): void {
		if (this.#claims.length === 0 || this.#last === undefined) return;
		this.#claims = [];
		this.#detectorBytes.set(this.#before);
		this.#detector.warm(this.#last);
		for (const claim of this.#recorded) this.#detector.adopt(claim, claim.sequence);
	}

	get #derivation(): DerivationContext {
		if (this.#context !== undefined) return this.#context;
		const context = new DerivationContext();
		this.#context = context;
		const configuration = this.#options.manager.configuration;
		for (const body of derivationEntriesOf(configuration)) context.adopt(body);
		for (const body of this.#options.standing()) context.adopt(body);
		return context;
	}

	#readingOf(entry: Entry): EventReading {
		const { boot, uptimeSeconds, utcSeconds, sequence, stationFlags } = entry;
		const isSameBoot = boot === this.#boot;
		const isDated = utcSeconds > 0 && this.#utcSeconds > 0;
		const elapsedSeconds = isSameBoot
			? uptimeSeconds - this.#uptimeSeconds
			: isDated
				? Math.max(utcSeconds - this.#utcSeconds, 0)
				: this.#options.manager.configuration.intervalSeconds;
		this.#boot = boot;
		this.#uptimeSeconds = uptimeSeconds;
		this.#utcSeconds = utcSeconds;
		const set = entry.kind === "reading" ? CHANNEL_SETS.get(entry.channelSet) : undefined;
		const reading =
			entry.kind !== "reading" || set === undefined ? undefined : readingOf(set, entry.fields);
		const derived = reading && this.#derivation.derive(entry, reading);
		const isServed = (stationFlags & STATION_FLAGS.serviceMode) !== 0;
		if (reading === undefined || derived === undefined || isServed) {
			return { ...NOTHING, sequence, elapsedSeconds };
		}
		const { pH, temperature, turbidity } = derived;
		const goodOf = ({ value, flags }: { value: number | undefined; flags: number }) =>
			(flags & SPOILT) === 0 ? value : undefined;
		return {
			sequence,
			elapsedSeconds,
			conductivity: this.#conductivityOf(reading.conductivity, derived.conductivity),
			pH: (pH.flags & CHANNEL_FLAGS.uncompensated) === 0 ? goodOf(pH) : undefined,
			celsius: goodOf(temperature),
			turbidity: goodOf(turbidity),
		};
	}

	/** At 25 degC; of a reading without a temperature that can be used, by the factor of the last that had one. */
	#conductivityOf(raw: ChannelReading, { value, flags }: DerivedValue): number | undefined {
		if (raw.value === undefined || raw.value === 0 || (raw.flags & SPOILT) !== 0) return undefined;
		const measured = raw.value / 100;
		if (value === undefined || (flags & SPOILT) !== 0) return (measured * this.#factor) / 1000;
		this.#factor = Math.min(Math.round((value / measured) * 1000), 0xffff);
		return value;
	}
}
