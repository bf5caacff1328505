/**
 * Channel sets: what a reading's body holds, as table rows. A new probe is a new row with a new id,
 * never a new format. Codecs, exporters and the collector walk these rows; only measuring and the
 * derivation know the channels by name.
 */

export type FieldType = "u8" | "i16" | "u16" | "i32" | "u32";

/** What a field says: a measured quantity, or something about the channel it belongs to. */
export type FieldRole = "value" | "spread" | "range" | "flags" | "calibration";

export type ChannelName = "pH" | "temperature" | "conductivity" | "turbidity" | "battery";

export interface FieldSpec {
	readonly channel: ChannelName;
	readonly role: FieldRole;
	readonly type: FieldType;
	/** Where the field begins in the reading's body. */
	readonly offsetBytes: number;
	/** Physical unit of one step; `scale` steps make one unit. Empty for flags and ids. */
	readonly unit: string;
	/** Steps per unit: value = field / scale. */
	readonly scale: number;
}

export interface ChannelSet {
	readonly id: number;
	readonly bodyBytes: number;
	readonly fields: readonly FieldSpec[];
}

/** Absent: the type's minimum where it is signed, its maximum where it is not. */
export const ABSENT: Readonly<Record<FieldType, number>> = Object.freeze({
	u8: 0xff,
	i16: -0x8000,
	u16: 0xffff,
	i32: -0x80000000,
	u32: 0xffffffff,
});

export const FIELD_BYTES: Readonly<Record<FieldType, number>> = Object.freeze({
	u8: 1,
	i16: 2,
	u16: 2,
	i32: 4,
	u32: 4,
});

/**
 * Set 1, 28 bytes: pH in thousandths; temperature in millidegrees Celsius; raw conductivity (at the
 * water's temperature) in hundredths of a microsiemens per centimetre; turbidity as the median
 * signal at the probe in microvolts with the spread of its burst (median absolute deviation) in steps of
 * 125 microvolts, one code of the ADS1115 at +-4.096 V (TI SBAS444, table 7-1); battery in millivolts.
 */
export const CHANNEL_SET_1: ChannelSet = freezeSet(1, [
	["pH", "value", "i16", "pH", 1000],
	["pH", "flags", "u8", "", 1],
	["pH", "calibration", "u8", "", 1],
	["temperature", "value", "i32", "degC", 1000],
	["temperature", "flags", "u8", "", 1],
	["temperature", "calibration", "u8", "", 1],
	["conductivity", "value", "u32", "uS/cm", 100],
	["conductivity", "flags", "u8", "", 1],
	["conductivity", "calibration", "u8", "", 1],
	["turbidity", "value", "i32", "V", 1_000_000],
	["turbidity", "spread", "u16", "V", 8000],
	["turbidity", "range", "u8", "", 1],
	["turbidity", "flags", "u8", "", 1],
	["turbidity", "calibration", "u8", "", 1],
	["battery", "value", "u16", "V", 1000],
	["battery", "flags", "u8", "", 1],
]);

/** Every set this version knows, by id. */
export const CHANNEL_SETS: ReadonlyMap<number, ChannelSet> = new Map([
	[CHANNEL_SET_1.id, CHANNEL_SET_1],
]);

type Row = readonly [ChannelName, FieldRole, FieldType, string, number];

function freezeSet(id: number, rows: readonly Row[]): ChannelSet {
	let offsetBytes = 0;
	const fields = rows.map(([channel, role, type, unit, scale]) => {
		const field: FieldSpec = Object.freeze({ channel, role, type, offsetBytes, unit, scale });
		offsetBytes += FIELD_BYTES[type];
		return field;
	});
	return Object.freeze({ id, bodyBytes: offsetBytes, fields: Object.freeze(fields) });
}

/** Reads one field of a body that begins at `bodyOffsetBytes` of `view`. */
export function readField(view: DataView, bodyOffsetBytes: number, field: FieldSpec): number {
	const at = bodyOffsetBytes + field.offsetBytes;
	switch (field.type) {
		case "u8":
			return view.getUint8(at);
		case "i16":
			return view.getInt16(at, true);
		case "u16":
			return view.getUint16(at, true);
		case "i32":
			return view.getInt32(at, true);
		case "u32":
			return view.getUint32(at, true);
	}
}

/** The same of an entry without a view: to make one costs more than to read a field of it. */
export function fieldOf(bytes: Uint8Array, bodyOffsetBytes: number, field: FieldSpec): number {
	const at = bodyOffsetBytes + field.offsetBytes;
	const byteLength = FIELD_BYTES[field.type];
	let word = bytes[at] ?? 0;
	if (byteLength > 1) word |= (bytes[at + 1] ?? 0) << 8;
	if (byteLength > 2) word |= ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
	switch (field.type) {
		case "i16":
			return (word << 16) >> 16;
		case "u32":
			return word >>> 0;
		case "u8":
		case "u16":
		case "i32":
			return word;
	}
}

/** The reverse of `fieldOf`. */
export function putField(
	bytes: Uint8Array,
	bodyOffsetBytes: number,
	field: FieldSpec,
	value: number,
): void {
	const at = bodyOffsetBytes + field.offsetBytes;
	const byteLength = FIELD_BYTES[field.type];
	bytes[at] = value;
	if (byteLength > 1) bytes[at + 1] = value >>> 8;
	if (byteLength > 2) {
		bytes[at + 2] = value >>> 16;
		bytes[at + 3] = value >>> 24;
	}
}

/** Writes one field; the value must fit its type. */
export function writeField(
	view: DataView,
	bodyOffsetBytes: number,
	field: FieldSpec,
	value: number,
): void {
	const at = bodyOffsetBytes + field.offsetBytes;
	switch (field.type) {
		case "u8":
			view.setUint8(at, value);
			return;
		case "i16":
			view.setInt16(at, value, true);
			return;
		case "u16":
			view.setUint16(at, value, true);
			return;
		case "i32":
			view.setInt32(at, value, true);
			return;
		case "u32":
			view.setUint32(at, value, true);
			return;
	}
}
