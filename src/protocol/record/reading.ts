/**
 * A reading by channel: what measuring produces and what derivation and display take. Stored is what
 * was measured: raw, at the water's temperature, with flags and calibration ids.
 */
import type { ChannelSet, FieldSpec } from "./channel-set.js";
import { byChannel, type ChannelName, type FieldRole } from "./channels.js";

/** Quality flags of one channel; several may be set. A flag never alters the value beside it. */
export const CHANNEL_FLAGS = Object.freeze({
	/** No value: the field holds the absent mark. */
	absent: 0x01,
	/** The probe or its bus reported a fault, or did not answer. */
	fault: 0x02,
	/** Outside what the probe can measure, or at the end of its scale. */
	outOfRange: 0x04,
	/**
	 * Repeated readings did not agree; the value is the last one. Of a burst: the median lies above its
	 * darkest signals, and most may be of bubbles.
	 */
	unstable: 0x08,
	/** Temperature compensation was impossible or used a stand-in (25 degC). */
	uncompensated: 0x10,
	/** Plausible by itself and suspicious in context: stuck at 7, out of water, flat line. */
	suspect: 0x20,
	/** The signal is saturated or clipped: the true value may be larger. */
	saturated: 0x40,
	/** The circuit says that it holds no calibration. */
	uncalibrated: 0x80,
});

/** Calibration 0: as the maker delivered it, no calibration entry exists. */
export const FACTORY_CALIBRATION = 0;

/** What a reading holds of one channel, in the steps of its set (channel-set.ts). */
export interface ChannelReading {
	/** Undefined is "absent" and goes with the flag that says so. */
	readonly value: number | undefined;
	/** CHANNEL_FLAGS. */
	readonly flags: number;
	/** Id of the calibration in force. */
	readonly calibration: number;
	/** Median absolute deviation of a burst. */
	readonly spread: number | undefined;
	/** Index of the probe's range that was in use, 0 where there is one. */
	readonly range: number;
}

export type Reading = Readonly<Record<ChannelName, ChannelReading>>;

/** Of a channel that was not looked at. */
export const NOT_MEASURED: ChannelReading = Object.freeze(notMeasured()) as ChannelReading;

/** The fields of a set in the order of its rows, absent marks filled in. */
export function fieldsOfReading({ fields }: ChannelSet, reading: Reading): number[] {
	return fields.map(({ channel, role, absent }) => reading[channel][role] ?? absent);
}

/** The reverse of `fieldsOfReading`; what the set does not have was not measured. */
export function readingOf({ fields }: ChannelSet, values: readonly number[]): Reading {
	const reading = byChannel(notMeasured);
	let index = 0;
	for (const field of fields) {
		const value = values[index++] ?? field.absent;
		reading[field.channel][field.role] =
			value === field.absent && canBeAbsent(field) ? undefined : value;
	}
	return reading as Reading;
}

function notMeasured(): Record<FieldRole, number | undefined> {
	return {
		value: undefined,
		flags: CHANNEL_FLAGS.absent,
		calibration: FACTORY_CALIBRATION,
		spread: undefined,
		range: 0,
	};
}

/** Only quantities can be absent; a flag byte of 0xFF is eight flags. */
export function canBeAbsent(field: FieldSpec): boolean {
	return field.role === "value" || field.role === "spread";
}
