/**
 * What one wake leaves to the next in retained memory: a magic, a version, a length and a CRC
 * around the station's own fields and the opaque states of journal and uplink. Anything that does
 * not check is "no state", and the wake starts clean.
 */
import { crc32 } from "../../core/crc32.js";
import { assert } from "../../core/errors.js";
import { RESET_REASONS } from "../../protocol/record/entry.js";
import { type IdentityMarks, NO_IDENTITIES } from "../measure/identity.js";
import type { ResetReason, RetainedMemory } from "../ports.js";
import type { Delivered } from "./tolerant-journal.js";

/** "BSTR" little-endian. */
const MAGIC = 0x52545342;
const VERSION = 7;
const FIXED_BYTES = 128;
/** Five marks of 16 bits. */
const IDENTITIES_AT = 96;
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
/** Journal's state, at most; see its docstring. */
export const JOURNAL_STATE_BYTES_MAX = 128;
/** Uplink's state, at most. */
export const UPLINK_STATE_BYTES_MAX = 128;
/** 128 + 128 + 128 + CRC 4 = 388 bytes, of 2 KB that the board keeps. */
export const RETAINED_BYTES = FIXED_BYTES + JOURNAL_STATE_BYTES_MAX + UPLINK_STATE_BYTES_MAX + 4;

/** Milliseconds are of the board's clock, which goes on through deep sleep. */
export interface RetainedState {
	/** Boot number that entries carry. */
	boot: number;
	/** The board's clock when that boot began. */
	bootMilliseconds: number;
	wakeCount: number;
	/** Index into the codes of probes that failed last time, one bit per channel. */
	failedProbes: number;
	/** Index into BATTERY_FACTORS: how much more rarely the station uploads to spare its battery. */
	batteryStep: number;
	/** Of the configuration keeper. */
	trialEndsMilliseconds: number | undefined;
	refusedOffer: number;
	settledId: number;
	/** When the clock was last disciplined, or undefined when it never was in this boot. */
	disciplinedMilliseconds: number | undefined;
	/** A large step that one source asked for and no second has confirmed yet. */
	stepOffer:
		| { readonly atMilliseconds: number; readonly utcSeconds: number; readonly source: number }
		| undefined;
	/** When the next reading is due, by what was known when this was stored. */
	nextReadingMilliseconds: number;
	/** Unix seconds of the last reading, 0 where there is none of this boot or it had no time. */
	lastReadingUtcSeconds: number;
	isBatteryLow: boolean;
	/** The last time that was believed, Unix seconds, 0 none; the RTC cannot lie before it. */
	newestUtcSeconds: number;
	/** When that was, or undefined when it was not in this boot. */
	newestMilliseconds: number | undefined;
	reference: { readonly atMilliseconds: number; readonly behindSeconds: number } | undefined;
	isVouched: boolean;
	hasJumped: boolean;
	hasUnrecordedStep: boolean;
	/** What the source left open when the clock was last disciplined, 0..255. */
	doubtSeconds: number;
	/** The record says already that the clock fails. */
	isClockFaulty: boolean;
	/** Last sequence covered by a gap entry that was recorded already, 0 for none. */
	recordedGapTo: number;
	/** No network time is asked for before, whole seconds. */
	networkTimeNotBeforeSeconds: number;
	/** Why the boot was that the record does not know of yet, or undefined. */
	unrecordedReset: ResetReason | undefined;
	/** A device hung at the technician's line when the station fell asleep: no news when it wakes. */
	wasAttached: boolean;
	/** It was put off for want of a battery. */
	isBootWaiting: boolean;
	/** Acknowledged, whether or not the journal could note it. */
	delivered: Delivered;
	/** Which probes there were. */
	identities: IdentityMarks;
	journal: Uint8Array;
	uplink: Uint8Array;
}

/** Reads the retained state, or undefined when there is none that checks. */
export function loadRetainedState(memory: RetainedMemory): RetainedState | undefined {
	if (memory.byteLength < RETAINED_BYTES) return undefined;
	const bytes = new Uint8Array(RETAINED_BYTES);
	memory.read(bytes);
	const view = new DataView(bytes.buffer);
	if (view.getUint32(0, true) !== MAGIC || view.getUint8(4) !== VERSION) return undefined;
	if (view.getUint32(RETAINED_BYTES - 4, true) !== crc32(bytes, 0, RETAINED_BYTES - 4)) {
		return undefined;
	}
	const flags = view.getUint8(5);
	const journalBytes = view.getUint8(6);
	const uplinkBytes = view.getUint8(7);
	const uplinkAt = FIXED_BYTES + JOURNAL_STATE_BYTES_MAX;
	return {
		boot: view.getUint32(8, true),
		wakeCount: view.getUint32(12, true),
		bootMilliseconds: view.getFloat64(16, true),
		nextReadingMilliseconds: view.getFloat64(24, true),
		disciplinedMilliseconds: flags & 1 ? view.getFloat64(32, true) : undefined,
		stepOffer:
			flags & 2
				? {
						atMilliseconds: view.getFloat64(40, true),
						utcSeconds: view.getUint32(48, true),
						source: view.getUint8(53),
					}
				: undefined,
		isBatteryLow: (flags & 4) !== 0,
		batteryStep: view.getUint8(52),
		trialEndsMilliseconds: flags & 8 ? view.getFloat64(64, true) : undefined,
		refusedOffer: view.getUint32(72, true),
		settledId: view.getInt32(SETTLED_AT, true),
		failedProbes: view.getUint8(54),
		newestUtcSeconds: view.getUint32(56, true),
		newestMilliseconds: flags & 16 ? view.getFloat64(80, true) : undefined,
		reference:
			flags & 128
				? { atMilliseconds: view.getFloat64(88, true), behindSeconds: view.getInt8(55) }
				: undefined,
		hasJumped: (view.getUint8(76) & HAS_JUMPED) !== 0,
		hasUnrecordedStep: (view.getUint8(76) & HAS_UNRECORDED_STEP) !== 0,
		doubtSeconds: view.getUint8(DOUBT_AT),
		isVouched: (flags & 32) !== 0,
		isClockFaulty: (flags & 64) !== 0,
		recordedGapTo: view.getUint32(60, true),
		networkTimeNotBeforeSeconds: view.getUint32(NETWORK_TIME_AT, true),
		lastReadingUtcSeconds: view.getUint32(LAST_READING_AT, true),
		unrecordedReset: RESET_REASONS[(view.getUint8(77) & ~BOOT_WAITS) - 1],
		wasAttached: view.getUint8(78) === 1,
		isBootWaiting: (view.getUint8(77) & BOOT_WAITS) !== 0,
		delivered: {
			epoch: view.getUint32(DELIVERED_AT, true),
			to: view.getUint32(DELIVERED_AT + 4, true),
		},
		identities: NO_IDENTITIES.map((_, index) => view.getUint16(IDENTITIES_AT + 2 * index, true)),
		journal: bytes.subarray(FIXED_BYTES, FIXED_BYTES + journalBytes),
		uplink: bytes.subarray(uplinkAt, uplinkAt + uplinkBytes),
	};
}

/** Writes the state; the memory must hold RETAINED_BYTES. */
export function storeRetainedState(memory: RetainedMemory, state: RetainedState): void {
	assert(state.journal.length <= JOURNAL_STATE_BYTES_MAX, "the journal's state is too long");
	assert(state.uplink.length <= UPLINK_STATE_BYTES_MAX, "the uplink's state is too long");
	const bytes = new Uint8Array(RETAINED_BYTES);
	const view = new DataView(bytes.buffer);
	view.setUint32(0, MAGIC, true);
	view.setUint8(4, VERSION);
	view.setUint8(
		5,
		(state.disciplinedMilliseconds === undefined ? 0 : 1) |
			(state.stepOffer === undefined ? 0 : 2) |
			(state.isBatteryLow ? 4 : 0) |
			(state.trialEndsMilliseconds === undefined ? 0 : 8) |
			(state.newestMilliseconds === undefined ? 0 : 16) |
			(state.isVouched ? 32 : 0) |
			(state.isClockFaulty ? 64 : 0) |
			(state.reference === undefined ? 0 : 128),
	);
	view.setUint8(6, state.journal.length);
	view.setUint8(7, state.uplink.length);
	view.setUint32(8, state.boot, true);
	view.setUint32(12, state.wakeCount, true);
	view.setFloat64(16, state.bootMilliseconds, true);
	view.setFloat64(24, state.nextReadingMilliseconds, true);
	view.setFloat64(32, state.disciplinedMilliseconds ?? 0, true);
	view.setFloat64(40, state.stepOffer?.atMilliseconds ?? 0, true);
	view.setUint32(48, state.stepOffer?.utcSeconds ?? 0, true);
	view.setUint8(52, state.batteryStep);
	view.setUint8(53, state.stepOffer?.source ?? 0);
	view.setUint8(54, state.failedProbes);
	view.setUint32(56, state.newestUtcSeconds, true);
	view.setUint32(60, state.recordedGapTo, true);
	view.setUint32(NETWORK_TIME_AT, state.networkTimeNotBeforeSeconds, true);
	view.setUint32(LAST_READING_AT, state.lastReadingUtcSeconds, true);
	view.setFloat64(64, state.trialEndsMilliseconds ?? 0, true);
	view.setUint32(72, state.refusedOffer, true);
	view.setInt32(SETTLED_AT, state.settledId, true);
	view.setFloat64(80, state.newestMilliseconds ?? 0, true);
	view.setUint8(
		76,
		(state.hasJumped ? HAS_JUMPED : 0) | (state.hasUnrecordedStep ? HAS_UNRECORDED_STEP : 0),
	);
	view.setUint8(DOUBT_AT, state.doubtSeconds);
	view.setInt8(55, state.reference?.behindSeconds ?? 0);
	view.setFloat64(88, state.reference?.atMilliseconds ?? 0, true);
	view.setUint8(
		77,
		(state.unrecordedReset === undefined ? 0 : RESET_REASONS.indexOf(state.unrecordedReset) + 1) |
			(state.isBootWaiting ? BOOT_WAITS : 0),
	);
	view.setUint8(78, state.wasAttached ? 1 : 0);
	view.setUint32(DELIVERED_AT, state.delivered.epoch, true);
	view.setUint32(DELIVERED_AT + 4, state.delivered.to, true);
	state.identities.forEach((mark, index) => {
		view.setUint16(IDENTITIES_AT + 2 * index, mark, true);
	});
	bytes.set(state.journal, FIXED_BYTES);
	bytes.set(state.uplink, FIXED_BYTES + JOURNAL_STATE_BYTES_MAX);
	view.setUint32(RETAINED_BYTES - 4, crc32(bytes, 0, RETAINED_BYTES - 4), true);
	memory.write(bytes);
}

/** Makes the retained state fail its check, so that a wake that dies leaves nothing stale behind. */
export function invalidateRetainedState(memory: RetainedMemory): void {
	memory.write(new Uint8Array(4));
}
