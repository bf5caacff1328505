/** Once a day an entry of how the station fares (docs/FORMAT.md, kind 11); collected where the facts are, kept through sleep. */
import type { HeartbeatBody } from "../../protocol/record/entry-layouts.js";
import type { SessionOutcome } from "../uplink/uplink-options.js";

/** Sessions whose signal and times are kept for the medians: the last of a day. */
const SESSIONS = 24;
// Places of the counters: 32 bits each.
const DAY = 0;
const WAKES = 1;
const AWAKE = 2;
const MEASURING = 3;
const RADIO = 4;
const DUE = 5;
const MADE = 6;
const PROBE_RETRIES = 7;
const CHIP_RETRIES = 8;
const TRIED = 9;
const ACKNOWLEDGED = 10;
const RESETS = 11;
const LOWEST = 12;
const HIGHEST = 13;
const HEAP = 14;
const BITS = 15;
const COUNTED = 16;
const SEEN = 17;
const VALUE_COUNT = 18;
const SECONDS_A_DAY = 86_400;
/** 4 x 18 + (2 + 2 + 1) x 24 = 192 bytes. */
export const HEARTBEAT_BYTES = 4 * VALUE_COUNT + 5 * SESSIONS;

export interface MeasurementFacts {
	readonly milliseconds: number;
	readonly millivolts: number | undefined;
	/** Of the probes, and of the converter. */
	readonly retries: readonly [probes: number, chips: number];
}

/** What is known elsewhere when the entry is made. */
export interface HeartbeatFacts {
	readonly ringShare: number;
	readonly sectorsRefused: number;
	readonly charge: number | undefined;
	/** Coulombs that are left, mC, where they are counted. */
	readonly countedMillicoulombs: number | undefined;
	readonly forecastDays: number | undefined;
}

export class Heartbeat {
	readonly #clock: { readonly milliseconds: number };
	readonly #values: Int32Array;
	readonly #links: Uint16Array;
	readonly #connects: Uint16Array;
	readonly #signals: Int8Array;
	readonly #bytes: Uint8Array;
	#awakeMilliseconds: number;

	/**
	 * `state`: from `save` of the last wake, aligned to 4 and changed in place; of another length power was lost, or
	 * the processor reset.
	 */
	constructor(clock: { readonly milliseconds: number }, state: Uint8Array | undefined) {
		const isKnown = state?.length === HEARTBEAT_BYTES;
		this.#bytes = isKnown ? state : new Uint8Array(HEARTBEAT_BYTES);
		const { buffer, byteOffset } = this.#bytes;
		this.#clock = clock;
		this.#values = new Int32Array(buffer, byteOffset, VALUE_COUNT);
		const at = byteOffset + 4 * VALUE_COUNT;
		this.#links = new Uint16Array(buffer, at, SESSIONS);
		this.#connects = new Uint16Array(buffer, at + 2 * SESSIONS, SESSIONS);
		this.#signals = new Int8Array(buffer, at + 4 * SESSIONS, SESSIONS);
		this.#awakeMilliseconds = clock.milliseconds;
		if (!isKnown) this.#values[RESETS] = 1;
		this.#add(WAKES, 1);
	}

	/** After each reading that was due; `due`: boundaries of the interval that came since the last one. */
	measured(
		{ milliseconds, millivolts, retries }: MeasurementFacts,
		due: number,
		isRecorded: boolean,
	): void {
		this.#add(MEASURING, milliseconds);
		this.#add(DUE, due);
		this.#add(MADE, isRecorded ? 1 : 0);
		this.#add(PROBE_RETRIES, retries[0]);
		this.#add(CHIP_RETRIES, retries[1]);
		if (millivolts === undefined) return;
		this.#least(LOWEST, millivolts);
		this.#values[HIGHEST] = Math.max(this.#at(HIGHEST), millivolts);
	}

	/** After each session of the radio. */
	uploaded({ batches, radioMilliseconds, end }: SessionOutcome, signal: number | undefined): void {
		if (end === "idle") return;
		this.#add(RADIO, radioMilliseconds);
		this.#add(TRIED, 1);
		if (batches > 0) this.#add(ACKNOWLEDGED, 1);
		const at = this.#at(SEEN) % SESSIONS;
		this.#signals[at] = signal ?? 0;
		this.#add(SEEN, 1);
	}

	/** The link came up after so long, and TCP and TLS took so long. */
	connected(linkMilliseconds: number, connectMilliseconds: number): void {
		const at = this.#at(SEEN) % SESSIONS;
		this.#links[at] = Math.min(Math.round(linkMilliseconds / 10), 0xffff);
		this.#connects[at] = Math.min(Math.round(connectMilliseconds / 10), 0xffff);
	}

	/** Free heap, and bits that were corrected since the last look. */
	looked(freeHeapBytes: number | undefined, bitsCorrected: number): void {
		if (freeHeapBytes !== undefined) this.#least(HEAP, freeHeapBytes);
		this.#add(BITS, bitsCorrected);
	}

	/** The entry of a day that is over, and the next one begins; undefined while it continues. */
	due(utcSeconds: number, factsNow: () => HeartbeatFacts): HeartbeatBody | undefined {
		const day = Math.floor(utcSeconds / SECONDS_A_DAY);
		const was = this.#at(DAY);
		if (day === was || day === 0) return undefined;
		if (was === 0) {
			this.#values[DAY] = day;
			return undefined;
		}
		this.#settle();
		const facts = factsNow();
		const counted = facts.countedMillicoulombs;
		const before = this.#at(COUNTED);
		const body: HeartbeatBody = {
			kind: "heartbeat",
			version: 1,
			ringShare: Math.round(facts.ringShare * 255),
			wakes: this.#at(WAKES),
			awakeSeconds: Math.round(this.#at(AWAKE) / 1000),
			measuringSeconds: Math.round(this.#at(MEASURING) / 1000),
			radioSeconds: Math.round(this.#at(RADIO) / 1000),
			readingsDue: this.#at(DUE),
			readingsMade: this.#at(MADE),
			probeRetries: this.#at(PROBE_RETRIES),
			chipRetries: this.#at(CHIP_RETRIES),
			uploadsTried: this.#at(TRIED),
			uploadsAcknowledged: this.#at(ACKNOWLEDGED),
			signalLowest: this.#signals.reduce((least, each) => Math.min(least, each), 0),
			signalMedian: medianOf(this.#signals),
			linkUpCentiseconds: medianOf(this.#links),
			tlsUpCentiseconds: medianOf(this.#connects),
			resets: this.#at(RESETS),
			sectorsRefused: facts.sectorsRefused,
			batteryLowestMillivolts: this.#at(LOWEST),
			batteryHighestMillivolts: this.#at(HIGHEST),
			chargeMillicoulombs: counted === undefined || before === 0 ? undefined : before - counted,
			heapLowestBytes: this.#at(HEAP),
			bitsCorrected: this.#at(BITS),
			temperatureLowestCenti: undefined,
			temperatureHighestCenti: undefined,
			chargePerMille: facts.charge,
			forecastDays: facts.forecastDays,
		};
		this.#bytes.fill(0);
		this.#values[DAY] = day;
		this.#values[COUNTED] = counted ?? 0;
		return body;
	}

	/** For retained memory; not a copy. */
	save(): Uint8Array {
		this.#settle();
		return this.#bytes;
	}

	#settle(): void {
		const now = this.#clock.milliseconds;
		this.#add(AWAKE, now - this.#awakeMilliseconds);
		this.#awakeMilliseconds = now;
	}

	#at(index: number): number {
		return this.#values[index] ?? 0;
	}

	#add(index: number, much: number): void {
		this.#values[index] = Math.min(this.#at(index) + Math.round(much), 0x7fffffff);
	}

	#least(index: number, value: number): void {
		const was = this.#at(index);
		this.#values[index] = was === 0 ? value : Math.min(was, value);
	}
}

/** Of those that are not 0; 0 where there is none. */
function medianOf(values: Int8Array | Uint16Array): number {
	const sorted = [...values].filter((each) => each !== 0).sort((a, b) => a - b);
	return sorted[sorted.length >> 1] ?? 0;
}
