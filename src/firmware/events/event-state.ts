/** What the detector of events knows from reading to reading, as bytes for retained memory; and the middles of its rings. */

import { assert } from "../../core/errors.js";

/** Readings in the ring of conductivity; the newest of them are left out of the baseline. */
export const RING = 39;
export const NEWEST = 3;
export const HOUR_OF_RING = 12;
/** pH: an hour, in two halves, and the newest. */
export const PH_RING = 12 + NEWEST;
export const PH_HALF = 6;
/** Turbidity: one reading of three, six hours of them. */
export const TURBIDITY_RING = 24;
/** Medians of three hours: a week. */
export const LONG_RING = 56;

/** Readings before anything is judged: an hour of them, and the newest. */
export const RING_MIN = HOUR_OF_RING + NEWEST;
const TURBIDITY_EVERY = 3;
const LONG_SECONDS = 10_800;
/** What hours a bubble may sit on the cell: five of them, 15 h, of which the highest is the water's. */
const BEFORE = 5;
/** A day of them before they count. */
const LONG_MIN = 8;
/** The least that the baseline may be taken to spread: steps of 0.0002. */
const SPREAD_MIN = 50;
/** A median absolute deviation is 0.6745 standard deviations. */
const SPREAD_PER_DEVIATION = 1.4826;
/** From one reading to the next: 0.015. */
const CLIMB = 75;
/** The slope of pH is believed for so long. */
const SLOPE_SECONDS_MAX = 3600;
/** Turbidity in the ring: tenths above -100. */
const TURBIDITY_SHIFT = 1000;

/** One reading as the rule sees it; what service, a dry or faulty probe or a flag forbids is undefined. */
export interface EventReading {
	readonly sequence: number;
	/** Since the reading before, seconds. */
	readonly elapsedSeconds: number;
	/** At 25 degC, uS/cm. */
	readonly conductivity: number | undefined;
	readonly pH: number | undefined;
	readonly celsius: number | undefined;
	/** In the station's unit. */
	readonly turbidity: number | undefined;
}

// Places of the state: 32 bits each.
export const CODE = 0;
export const BEGIN = 1;
export const SINCE = 2;
export const QUIET = 3;
export const ACIDS = 4;
export const STRONGS = 5;
export const CALMS = 6;
export const BURSTS = 7;
export const AGREED = 8;
export const BASELINE = 9;
export const SPREAD = 10;
export const PH_LEVEL = 11;
/** 0.001 an hour. */
export const PH_SLOPE = 12;
/** Since the last value that entered the rings. */
export const PH_AGE = 13;
export const SPACING = 14;
export const EC_COUNT = 15;
export const PH_COUNT = 16;
export const TURBIDITY_COUNT = 17;
export const LONG_COUNT = 18;
export const LONG_AGE = 19;
export const TURBIDITY_SKIP = 20;
export const STORM_BEGIN = 21;
export const STORM_SINCE = 22;
export const STORM_IS = 23;
export const STORM_ROW = 24;
/** Medians of their rings, made when these change. */
export const LONG_MEDIAN = 25;
export const TURBIDITY_MEDIAN = 26;
/** Rise when the watch began. */
export const FIRST_RISE = 27;
export const VALUE_COUNT = 28;

/** 4 x 28 + 2 x (39 + 15 + 24 + 56) = 380 bytes. */
export const EVENT_STATE_BYTES =
	4 * VALUE_COUNT + 2 * (RING + PH_RING + TURBIDITY_RING + LONG_RING);
/** The longest ring, sorted. */
export const EVENT_WORK_BYTES = 2 * LONG_RING;

export class EventMemory {
	/** By the indexes above. */
	readonly values: Int32Array;
	readonly ec: Uint16Array;
	readonly pH: Uint16Array;
	readonly #turbidity: Uint16Array;
	readonly #long: Uint16Array;
	readonly #bytes: Uint8Array;
	/** Where a ring is sorted: each reading does it. */
	readonly #work: Uint16Array;

	/**
	 * `state`: from `save`; of another length it is none, and what is in `storage` continues: EVENT_STATE_BYTES, aligned to 4.
	 * `work`: EVENT_WORK_BYTES at the beginning of their buffer, of which nothing is kept.
	 */
	constructor(
		state: Uint8Array | undefined,
		storage: Uint8Array = new Uint8Array(EVENT_STATE_BYTES),
		work: Uint8Array = new Uint8Array(EVENT_WORK_BYTES),
	) {
		const { buffer, byteOffset } = storage;
		// XS sorts from the beginning of the buffer, wherever the array's own is.
		assert(work.byteOffset === 0, "memory to sort in that XS would not sort in");
		this.#work = new Uint16Array(work.buffer, 0, LONG_RING);
		this.#bytes = storage;
		this.values = new Int32Array(buffer, byteOffset, VALUE_COUNT);
		let at = byteOffset + 4 * VALUE_COUNT;
		this.ec = new Uint16Array(buffer, at, RING);
		at += 2 * RING;
		this.pH = new Uint16Array(buffer, at, PH_RING);
		at += 2 * PH_RING;
		this.#turbidity = new Uint16Array(buffer, at, TURBIDITY_RING);
		at += 2 * TURBIDITY_RING;
		this.#long = new Uint16Array(buffer, at, LONG_RING);
		if (state?.length === EVENT_STATE_BYTES) storage.set(state);
	}

	/** A copy of the state. */
	save(): Uint8Array {
		return this.#bytes.slice();
	}

	at(index: number): number {
		return this.values[index] ?? 0;
	}

	/** The middle of ring[from..to), or of its distances from `center`; the lower one of two. */
	#medianOf(ring: Uint16Array, from: number, to: number, center = 0): number {
		const sorted = this.#work.subarray(0, to - from);
		sorted.set(ring.subarray(from, to));
		for (let index = 0; center !== 0 && index < sorted.length; index++) {
			sorted[index] = Math.abs((sorted[index] ?? 0) - center);
		}
		return sorted.sort()[(sorted.length - 1) >> 1] ?? 0;
	}

	settleBaseline(): void {
		const count = this.at(EC_COUNT);
		if (count < RING_MIN) return;
		const end = RING - NEWEST;
		// Where a storm thins the water the last hours' middle lies above what an inflow rises from.
		const hour = this.#medianOf(this.ec, end - HOUR_OF_RING, end);
		this.values[BASELINE] = Math.min(this.#medianOf(this.ec, RING - count, end), hour);
	}

	/** The baseline's spread and the course of pH, of what has been seen up to now: what an event is judged by. */
	settleCourse(): void {
		const state = this.values;
		const from = RING - this.at(EC_COUNT);
		const deviation = this.#medianOf(this.ec, from, RING - NEWEST, this.at(BASELINE));
		state[SPREAD] = Math.max(Math.round(SPREAD_PER_DEVIATION * deviation), SPREAD_MIN);
		if (this.at(PH_COUNT) < PH_RING) return;
		const older = this.#medianOf(this.pH, 0, PH_HALF);
		const newer = this.#medianOf(this.pH, PH_HALF, 2 * PH_HALF);
		state[PH_LEVEL] = newer;
		const hours = (PH_HALF * Math.max(this.at(SPACING), 1)) / 3600;
		state[PH_SLOPE] = Math.round((newer - older) / hours);
	}

	/** From reading to reading: water does, and a cell that came free is there at once. */
	isClimbing(x: number): boolean {
		const [before = 0, last = 0] = this.ec.subarray(RING - 2);
		return x - last > CLIMB && last - before > CLIMB;
	}

	/** How far pH lies below its own course, 0.001; undefined where either is not known. */
	dropOf(pH: number | undefined): number | undefined {
		if (pH === undefined || this.at(PH_COUNT) < PH_RING) return undefined;
		// The newer half's middle lies so far before the last that entered.
		const age = (PH_HALF / 2 + NEWEST) * this.at(SPACING) + this.at(PH_AGE);
		const hours = Math.min(age, SLOPE_SECONDS_MAX) / 3600;
		return Math.round(this.at(PH_LEVEL) + this.at(PH_SLOPE) * hours - pH * 1000);
	}

	/** A value that is no event's enters the rings. */
	enter({ pH, turbidity, elapsedSeconds }: EventReading, x: number, isBurst: boolean): void {
		const state = this.values;
		this.#push(this.ec, EC_COUNT, x);
		if (pH !== undefined && !isBurst) {
			// After a pause the old ones tell no course: it begins again from where it is.
			const isPause = this.at(PH_AGE) > 3 * this.at(SPACING);
			if (isPause) this.pH.fill(milliOf(pH));
			this.#push(this.pH, PH_COUNT, milliOf(pH));
			state[SPACING] = isPause ? elapsedSeconds : this.at(PH_AGE);
			state[PH_AGE] = 0;
		}
		state[TURBIDITY_SKIP] = this.at(TURBIDITY_SKIP) + 1;
		if (
			turbidity !== undefined &&
			this.at(TURBIDITY_SKIP) >= TURBIDITY_EVERY &&
			!this.at(STORM_IS)
		) {
			state[TURBIDITY_SKIP] = 0;
			const tenths = Math.round(turbidity * 10) + TURBIDITY_SHIFT;
			this.#push(this.#turbidity, TURBIDITY_COUNT, Math.min(Math.max(tenths, 0), 0xffff));
			const from = TURBIDITY_RING - this.at(TURBIDITY_COUNT);
			state[TURBIDITY_MEDIAN] = this.#medianOf(this.#turbidity, from, TURBIDITY_RING);
		}
		if (this.at(LONG_AGE) < LONG_SECONDS || this.at(EC_COUNT) < RING_MIN) return;
		state[LONG_AGE] = 0;
		const from = RING - this.at(EC_COUNT);
		this.#push(this.#long, LONG_COUNT, this.#medianOf(this.ec, from, RING - NEWEST));
		state[LONG_MEDIAN] = this.#medianOf(this.#long, LONG_RING - this.at(LONG_COUNT), LONG_RING);
	}

	#push(ring: Uint16Array, count: number, value: number): void {
		ring.copyWithin(0, 1);
		ring[ring.length - 1] = value;
		this.values[count] = Math.min(this.at(count) + 1, ring.length);
	}

	/** The highest of the last hours' level, those of the hours before, and the week's. */
	level(): number {
		let level = this.at(LONG_COUNT) < LONG_MIN ? 0 : this.at(LONG_MEDIAN);
		for (let index = LONG_RING - BEFORE; index < LONG_RING; index++) {
			level = Math.max(level, this.#long[index] ?? 0);
		}
		return Math.max(level, this.at(BASELINE));
	}

	isTurbid({ turbidity }: EventReading, times: number): boolean {
		const median = this.turbidityMedianTenths();
		if (turbidity === undefined || median === undefined) return false;
		// Clear water's median is next to nothing: of less than one unit a multiple says nothing.
		return turbidity * 10 > times * Math.max(median, 10);
	}

	turbidityMedianTenths(): number | undefined {
		if (this.at(TURBIDITY_COUNT) < TURBIDITY_RING / 2) return undefined;
		return this.at(TURBIDITY_MEDIAN) - TURBIDITY_SHIFT;
	}
}

export function milliOf(pH: number): number {
	return Math.min(Math.max(Math.round(pH * 1000), 0), 0xffff);
}
