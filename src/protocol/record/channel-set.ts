/**
 * Channel sets: what a reading's body holds, as table rows. A new probe is a new row with a new id,
 * never a new format. Codecs, exporters and the collector walk these rows; only measuring and the
 * derivation know the channels by name.
 */

import type { ChannelName } from "./channels.js";

export type FieldType = "u8" | "i16" | "u16" | "i32" | "u32";

/** What a field says: a measured quantity, or something about the channel it belongs to. */
export type FieldRole = "value" | "spread" | "range" | "flags" | "calibration";

export interface FieldSpec {
	readonly channel: ChannelName;
	readonly role: FieldRole;
	readonly type: FieldType;
	readonly byteLength: 1 | 2 | 4;
	readonly isSigned: boolean;
	/** What it holds when there is no value: the type's minimum if it is signed, else its maximum. */
	readonly absent: number;
	/** Where the field begins in the reading's body. */
	readonly offsetBytes: number;
	/** Physical unit of one step; `scale` steps make one unit. Empty for flags and ids. */
	readonly unit: string;
	/** Steps per unit: value = field / scale. */
	readonly scale: number;
	/** Steps in which the instrument moves its values: what a batch expects of the column. */
	readonly quantum: number;
}

export interface ChannelSet {
	readonly id: number;
	readonly bodyBytes: number;
	readonly fields: readonly FieldSpec[];
}

const TYPES: Readonly<Record<FieldType, Pick<FieldSpec, "byteLength" | "isSigned" | "absent">>> =
	Object.freeze({
		u8: { byteLength: 1, isSigned: false, absent: 0xff },
		i16: { byteLength: 2, isSigned: true, absent: -0x8000 },
		u16: { byteLength: 2, isSigned: false, absent: 0xffff },
		i32: { byteLength: 4, isSigned: true, absent: -0x80000000 },
		u32: { byteLength: 4, isSigned: false, absent: 0xffffffff },
	});

/**
 * Set 1, 32 bytes: pH in thousandths; temperature in millidegrees Celsius; raw conductivity (at the
 * water's temperature) in hundredths of a microsiemens per centimetre; turbidity as the median
 * signal at the probe in microvolts with the spread of its burst (median absolute deviation) in steps of
 * 125 microvolts, one code of the ADS1115 at +-4.096 V (TI SBAS444, table 7-1); battery in millivolts.
 */
export const CHANNEL_SET_1: ChannelSet = freezeSet(1, [
	["pH", "value", "i16", "pH", 1000],
	["pH", "flags", "u8", "", 1],
	["pH", "calibration", "u16", "", 1],
	["temperature", "value", "i32", "degC", 1000],
	["temperature", "flags", "u8", "", 1],
	["temperature", "calibration", "u16", "", 1],
	// EZO EC prints tenths from 100 to 999.9 uS/cm.
	["conductivity", "value", "u32", "uS/cm", 100, 10],
	["conductivity", "flags", "u8", "", 1],
	["conductivity", "calibration", "u16", "", 1],
	["turbidity", "value", "i32", "V", 1_000_000, 125],
	["turbidity", "spread", "u16", "V", 8000],
	["turbidity", "range", "u8", "", 1],
	["turbidity", "flags", "u8", "", 1],
	["turbidity", "calibration", "u16", "", 1],
	["battery", "value", "u16", "V", 1000],
	["battery", "flags", "u8", "", 1],
]);

/** The field with a channel's quantity; undefined where the set does not have the channel. */
export function valueFieldOf({ fields }: ChannelSet, name: ChannelName): FieldSpec | undefined {
	return fields.find(({ channel, role }) => channel === name && role === "value");
}

/** Every set this version knows, by id. */
export const CHANNEL_SETS: ReadonlyMap<number, ChannelSet> = new Map([
	[CHANNEL_SET_1.id, CHANNEL_SET_1],
]);

/** Channel, role, type, unit, scale, and the quantum where it is not 1. */
type Row = readonly [ChannelName, FieldRole, FieldType, string, number, number?];

function freezeSet(id: number, rows: readonly Row[]): ChannelSet {
	let offsetBytes = 0;
	const fields = rows.map(([channel, role, type, unit, scale, quantum = 1]) => {
		const { byteLength, isSigned, absent } = TYPES[type];
		const field: FieldSpec = Object.freeze({
			channel,
			role,
			type,
			byteLength,
			isSigned,
			absent,
			offsetBytes,
			unit,
			scale,
			quantum,
		});
		offsetBytes += byteLength;
		return field;
	});
	return Object.freeze({ id, bodyBytes: offsetBytes, fields: Object.freeze(fields) });
}

/** Reads one field of a body that begins at `bodyOffsetBytes`. No view: to make one costs more. */
export function fieldOf(bytes: Uint8Array, bodyOffsetBytes: number, field: FieldSpec): number {
	const at = bodyOffsetBytes + field.offsetBytes;
	const { byteLength } = field;
	if (byteLength === 1) return bytes[at] ?? 0;
	const half = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
	if (byteLength === 2) return field.isSigned ? (half << 16) >> 16 : half;
	const word = half | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
	return field.isSigned ? word : word >>> 0;
}

/** The reverse of `fieldOf`; the value must fit the type. */
export function putField(
	bytes: Uint8Array,
	bodyOffsetBytes: number,
	field: FieldSpec,
	value: number,
): void {
	const at = bodyOffsetBytes + field.offsetBytes;
	const { byteLength } = field;
	bytes[at] = value;
	if (byteLength > 1) bytes[at + 1] = value >>> 8;
	if (byteLength > 2) {
		bytes[at + 2] = value >>> 16;
		bytes[at + 3] = value >>> 24;
	}
}
