/**
 * What one wake leaves to the next in retained memory: a magic, a version, a length and a CRC
 * around the station's own fields and the opaque states of journal and uplink. Anything that does
 * not check is "no state", and the wake starts clean.
 */
import { crc32 } from "../../core/crc32.js";
import { assert } from "../../core/errors.js";
import { RESET_REASONS } from "../../protocol/record/entry-layouts.js";
import type { ManagerState } from "../config/configuration-manager.js";
import { NO_IDENTITIES } from "../measure/identity.js";
import type { RetainedMemory } from "../ports.js";
import type { BootLogState } from "./boot-log.js";
import { EVENT_CONTROLLER_BYTES } from "./event-controller.js";
import { HEARTBEAT_BYTES } from "./heartbeat.js";
import type { MeasurementControllerState } from "./measurement-controller.js";
import type { PaceState } from "./pace.js";
import { POWER_CONTROLLER_BYTES } from "./power-controller.js";
import type { TimeState } from "./time-state.js";
import type { Delivered } from "./tolerant-journal.js";

/** "BSTR" little-endian. */
const MAGIC = 0x52545342;
const VERSION = 13;
const FIXED_BYTES = 144;
/** A mark of 16 bits for each of eight channels, one more than `failedProbes` has bits for. */
const IDENTITIES_AT = 128;
const NETWORK_TIME_AT = 106;
const LAST_READING_AT = 110;
const DELIVERED_AT = 114;
const DOUBT_AT = 122;
const SETTLED_AT = 124;
/** With the reason of a boot that the record does not know of. */
const BOOT_WAITS = 0x80;
/** Bits of byte 76. */
const HAS_JUMPED = 1;
const HAS_UNRECORDED_STEP = 2;
const HAS_EVENTS = 4;
/** Journal's state, at most; see its docstring. */
export const JOURNAL_STATE_BYTES_MAX = 128;
/** Uplink's state, at most. */
export const UPLINK_STATE_BYTES_MAX = 128;
const UPLINK_AT = FIXED_BYTES + JOURNAL_STATE_BYTES_MAX;
const EVENTS_AT = UPLINK_AT + UPLINK_STATE_BYTES_MAX;
const POWER_AT = EVENTS_AT + EVENT_CONTROLLER_BYTES;
const HEARTBEAT_AT = POWER_AT + POWER_CONTROLLER_BYTES;
/** 144 + 128 + 128 + events 408 + power 36 + heartbeat 192 + CRC 4 = 1 040 bytes, of 2 KB that the board keeps. */
export const RETAINED_BYTES = HEARTBEAT_AT + HEARTBEAT_BYTES + 4;

/** Milliseconds are of the board's clock, which continues through deep sleep. */
export interface RetainedState {
	/** Boot number that entries carry. */
	readonly boot: number;
	/** The board's clock when that boot began. */
	readonly bootMilliseconds: number;
	readonly wakeCount: number;
	/** A device hung at the technician's line when the station fell asleep: no news when it wakes. */
	readonly wasAttached: boolean;
	/** Last sequence covered by a gap entry that was recorded already, 0 for none. */
	readonly recordedGapTo: number;
	/** No network time is asked for before, whole seconds. */
	readonly networkTimeNotBeforeSeconds: number;
	/** Acknowledged, whether or not the journal could note it. */
	readonly delivered: Delivered;
	/** Of the settings, where the calibrations were written last; 0 none. */
	readonly calibrationBank: number;
	/** Of each room that has a section of its own. */
	readonly bootLog: BootLogState;
	readonly pace: PaceState;
	readonly readings: MeasurementControllerState;
	readonly manager: ManagerState;
	readonly time: TimeState;
	readonly journal: Uint8Array;
	readonly uplink: Uint8Array;
}

/**
 * The retained state in `bytes`; undefined when there is none that checks, and they are zeros then. The sections of the
 * rooms are sections of `bytes`, in which these may work: a wake makes one buffer for all of them.
 */
export function retainedStateIn(bytes: Uint8Array): RetainedState | undefined {
	const view = viewOf(bytes);
	const isWhole =
		view.getUint32(0, true) === MAGIC &&
		view.getUint8(4) === VERSION &&
		view.getUint32(RETAINED_BYTES - 4, true) === crc32(bytes, 0, RETAINED_BYTES - 4);
	if (!isWhole) {
		bytes.fill(0);
		return undefined;
	}
	const flags = view.getUint8(5);
	const journalBytes = view.getUint8(6);
	const uplinkBytes = view.getUint8(7);
	const identities: number[] = [];
	for (let index = 0; index < NO_IDENTITIES.length; index++) {
		identities.push(view.getUint16(IDENTITIES_AT + 2 * index, true));
	}
	const hasEvents = (view.getUint8(76) & HAS_EVENTS) !== 0;
	return {
		boot: view.getUint32(8, true),
		wakeCount: view.getUint32(12, true),
		bootMilliseconds: view.getFloat64(16, true),
		wasAttached: view.getUint8(78) === 1,
		recordedGapTo: view.getUint32(60, true),
		calibrationBank: view.getUint8(79),
		networkTimeNotBeforeSeconds: view.getUint32(NETWORK_TIME_AT, true),
		delivered: {
			epoch: view.getUint32(DELIVERED_AT, true),
			to: view.getUint32(DELIVERED_AT + 4, true),
		},
		bootLog: {
			unrecordedReset: RESET_REASONS[(view.getUint8(77) & ~BOOT_WAITS) - 1],
			isBootWaiting: (view.getUint8(77) & BOOT_WAITS) !== 0,
			isClockFaulty: (flags & 64) !== 0,
		},
		readings: {
			failedProbes: view.getUint8(54),
			isBatteryLow: (flags & 4) !== 0,
			batteryStep: view.getUint8(52),
			identities,
		},
		manager: {
			trialEndsMilliseconds: flags & 8 ? view.getFloat64(64, true) : undefined,
			refusedOffer: view.getUint32(72, true),
			settledId: view.getInt32(SETTLED_AT, true),
		},
		time: timeIn(view, flags),
		journal: bytes.subarray(FIXED_BYTES, FIXED_BYTES + journalBytes),
		uplink: bytes.subarray(UPLINK_AT, UPLINK_AT + uplinkBytes),
		pace: {
			times: {
				nextReadingMilliseconds: view.getFloat64(24, true),
				lastReadingUtcSeconds: view.getUint32(LAST_READING_AT, true),
			},
			events: bytes.subarray(EVENTS_AT, EVENTS_AT + (hasEvents ? EVENT_CONTROLLER_BYTES : 0)),
			power: bytes.subarray(POWER_AT, POWER_AT + POWER_CONTROLLER_BYTES),
			heartbeat: bytes.subarray(HEARTBEAT_AT, HEARTBEAT_AT + HEARTBEAT_BYTES),
		},
	};
}

function viewOf(bytes: Uint8Array): DataView {
	assert(bytes.length === RETAINED_BYTES, "a retained state of another length");
	return new DataView(bytes.buffer, bytes.byteOffset, RETAINED_BYTES);
}

/** Puts the state into `bytes`, where its sections may be already. */
export function putRetainedState(bytes: Uint8Array, state: RetainedState): void {
	const { bootLog, readings, manager, time, delivered, journal, uplink } = state;
	const { times, events, power, heartbeat } = state.pace;
	assert(journal.length <= JOURNAL_STATE_BYTES_MAX, "the journal's state is too long");
	assert(uplink.length <= UPLINK_STATE_BYTES_MAX, "the uplink's state is too long");
	const view = viewOf(bytes);
	view.setUint32(0, MAGIC, true);
	view.setUint8(4, VERSION);
	view.setUint8(
		5,
		(readings.isBatteryLow ? 4 : 0) |
			(manager.trialEndsMilliseconds === undefined ? 0 : 8) |
			(bootLog.isClockFaulty ? 64 : 0) |
			timeFlags(time),
	);
	view.setUint8(6, journal.length);
	view.setUint8(7, uplink.length);
	view.setUint32(8, state.boot, true);
	view.setUint32(12, state.wakeCount, true);
	view.setFloat64(16, state.bootMilliseconds, true);
	view.setUint8(78, state.wasAttached ? 1 : 0);
	view.setUint32(60, state.recordedGapTo, true);
	view.setUint8(79, state.calibrationBank);
	view.setUint32(NETWORK_TIME_AT, state.networkTimeNotBeforeSeconds, true);
	view.setUint32(DELIVERED_AT, delivered.epoch, true);
	view.setUint32(DELIVERED_AT + 4, delivered.to, true);
	view.setUint8(
		77,
		(bootLog.unrecordedReset === undefined
			? 0
			: RESET_REASONS.indexOf(bootLog.unrecordedReset) + 1) |
			(bootLog.isBootWaiting ? BOOT_WAITS : 0),
	);
	view.setFloat64(24, times.nextReadingMilliseconds, true);
	view.setUint32(LAST_READING_AT, times.lastReadingUtcSeconds, true);
	view.setUint8(54, readings.failedProbes);
	view.setUint8(52, readings.batteryStep);
	for (let index = 0; index < NO_IDENTITIES.length; index++) {
		view.setUint16(IDENTITIES_AT + 2 * index, readings.identities[index] ?? 0, true);
	}
	view.setFloat64(64, manager.trialEndsMilliseconds ?? 0, true);
	view.setUint32(72, manager.refusedOffer, true);
	view.setInt32(SETTLED_AT, manager.settledId, true);
	putTime(view, time);
	if (events.length > 0) view.setUint8(76, view.getUint8(76) | HAS_EVENTS);
	bytes.set(events, EVENTS_AT);
	bytes.set(power, POWER_AT);
	bytes.set(heartbeat, HEARTBEAT_AT);
	bytes.set(journal, FIXED_BYTES);
	bytes.set(uplink, UPLINK_AT);
	view.setUint32(RETAINED_BYTES - 4, crc32(bytes, 0, RETAINED_BYTES - 4), true);
}

function timeIn(view: DataView, flags: number): TimeState {
	const more = view.getUint8(76);
	return {
		newestUtcSeconds: view.getUint32(56, true),
		newestMilliseconds: flags & 16 ? view.getFloat64(80, true) : undefined,
		disciplinedMilliseconds: flags & 1 ? view.getFloat64(32, true) : undefined,
		doubtSeconds: view.getUint8(DOUBT_AT),
		isVouched: (flags & 32) !== 0,
		stepOffer:
			flags & 2
				? {
						atMilliseconds: view.getFloat64(40, true),
						utcSeconds: view.getUint32(48, true),
						source: view.getUint8(53),
					}
				: undefined,
		reference:
			flags & 128
				? { atMilliseconds: view.getFloat64(88, true), behindSeconds: view.getInt8(55) }
				: undefined,
		hasJumped: (more & HAS_JUMPED) !== 0,
		hasUnrecordedStep: (more & HAS_UNRECORDED_STEP) !== 0,
	};
}

/** Bits of byte 5. */
function timeFlags(time: TimeState): number {
	return (
		(time.disciplinedMilliseconds === undefined ? 0 : 1) |
		(time.stepOffer === undefined ? 0 : 2) |
		(time.newestMilliseconds === undefined ? 0 : 16) |
		(time.isVouched ? 32 : 0) |
		(time.reference === undefined ? 0 : 128)
	);
}

function putTime(view: DataView, time: TimeState): void {
	const { stepOffer, reference } = time;
	view.setUint32(56, time.newestUtcSeconds, true);
	view.setFloat64(80, time.newestMilliseconds ?? 0, true);
	view.setFloat64(32, time.disciplinedMilliseconds ?? 0, true);
	view.setUint8(DOUBT_AT, time.doubtSeconds);
	view.setFloat64(40, stepOffer?.atMilliseconds ?? 0, true);
	view.setUint32(48, stepOffer?.utcSeconds ?? 0, true);
	view.setUint8(53, stepOffer?.source ?? 0);
	view.setInt8(55, reference?.behindSeconds ?? 0);
	view.setFloat64(88, reference?.atMilliseconds ?? 0, true);
	view.setUint8(
		76,
		(time.hasJumped ? HAS_JUMPED : 0) | (time.hasUnrecordedStep ? HAS_UNRECORDED_STEP : 0),
	);
}

/** The retained memory of one wake: one buffer, read when it begins and written when the station falls asleep. */
export class RetainedSections {
	/** Of the last wake, when that ended in deep sleep. */
	readonly state: RetainedState | undefined;
	readonly #memory: RetainedMemory;
	readonly #bytes: Uint8Array;

	/** `isWake`: of a deep sleep; any other boot begins with nothing. */
	constructor(memory: RetainedMemory, isWake: boolean) {
		this.#memory = memory;
		this.#bytes = memory.read(RETAINED_BYTES);
		if (!isWake) this.#bytes.fill(0);
		this.state = retainedStateIn(this.#bytes);
		// A wake that dies must not leave the state of the wake before it for the next: it fails its check.
		memory.write(new Uint8Array(4));
	}

	get journalBytes(): Uint8Array {
		return this.#bytes.subarray(FIXED_BYTES, UPLINK_AT);
	}

	get uplinkBytes(): Uint8Array {
		return this.#bytes.subarray(UPLINK_AT, EVENTS_AT);
	}

	store(state: RetainedState): void {
		putRetainedState(this.#bytes, state);
		this.#memory.write(this.#bytes);
	}
}
