/**
 * The channels of a station: one row each, with what a reading holds of it. How its probe is opened is in
 * drivers/board-probes.ts, how tables print it in audit/channel-columns.ts; all of them are walked by these
 * rows, and the compiler asks for what is missing.
 */

export type ChannelFieldType = "u8" | "i16" | "u16" | "i32" | "u32";

/** What a field says: a measured quantity, or something about the channel it belongs to. */
export type FieldRole = "value" | "spread" | "range" | "flags" | "calibration";

/**
 * Role, type, unit ("" for flags and ids), steps that make one unit, and the steps in which the instrument
 * moves its values where they are not 1.
 */
export type ChannelFieldRow = readonly [
	FieldRole,
	ChannelFieldType,
	unit: string,
	scale: number,
	quantum?: number,
];

export interface ChannelRow<Name extends string = ChannelName> {
	readonly name: Name;
	/** The bus that its circuit hangs on. */
	readonly bus: "probe" | "system";
	/** How its value comes from what was measured: as it is, or by a law of derive.ts. */
	readonly derivation: "measured" | "conductivity" | "turbidity";
	/** In the order in which a reading holds them. */
	readonly fields: readonly ChannelFieldRow[];
}

const FLAGS: ChannelFieldRow = Object.freeze(["flags", "u8", "", 1]);
const CALIBRATION: ChannelFieldRow = Object.freeze(["calibration", "u16", "", 1]);

const ROWS = [
	{
		name: "pH",
		bus: "probe",
		derivation: "measured",
		fields: [["value", "i16", "pH", 1000], FLAGS, CALIBRATION],
	},
	{
		name: "temperature",
		bus: "probe",
		derivation: "measured",
		fields: [["value", "i32", "degC", 1000], FLAGS, CALIBRATION],
	},
	{
		name: "conductivity",
		bus: "probe",
		derivation: "conductivity",
		// At the water's temperature. EZO EC prints tenths from 100 to 999.9 uS/cm.
		fields: [["value", "u32", "uS/cm", 100, 10], FLAGS, CALIBRATION],
	},
	{
		name: "turbidity",
		bus: "system",
		derivation: "turbidity",
		// Median of a burst's signals at the probe, in codes of the ADS1115 at +-4.096 V (TI SBAS444, table 7-1),
		// and their median absolute deviation.
		fields: [
			["value", "i32", "V", 1_000_000, 125],
			["spread", "u16", "V", 8000],
			["range", "u8", "", 1],
			FLAGS,
			CALIBRATION,
		],
	},
	{
		name: "battery",
		bus: "system",
		derivation: "measured",
		fields: [["value", "u16", "V", 1000], FLAGS],
	},
	{
		name: "dissolvedOxygen",
		bus: "probe",
		derivation: "measured",
		fields: [["value", "u16", "mg/L", 100], FLAGS, CALIBRATION],
	},
] as const satisfies readonly ChannelRow<string>[];

export type ChannelName = (typeof ROWS)[number]["name"];

/**
 * The index of a row is the channel's number in events, calibrations and masks of failed probes; at most seven
 * (`failedProbes` of measure/water.ts).
 */
export const CHANNELS: readonly ChannelRow[] = Object.freeze(
	ROWS.map((row) => {
		Object.freeze(row.fields).forEach(Object.freeze);
		return Object.freeze(row);
	}),
);

/** Channel set n of the record holds the first `CHANNELS_OF_SET[n - 1]` channels; a set never changes. */
export const CHANNELS_OF_SET: readonly number[] = Object.freeze([5, 6]);

const INDEXES: Readonly<Record<string, number>> = Object.freeze(
	Object.fromEntries(ROWS.map(({ name }, index) => [name, index])),
);

/** Throws TypeError for a name that no row has. */
export function channelIndexOf(name: ChannelName): number {
	const index = INDEXES[name];
	if (typeof index !== "number") throw new TypeError(`no channel ${name}`);
	return index;
}

/** Not frozen: V8 copies a frozen object field by field. */
const NONE: Readonly<Partial<Record<ChannelName, undefined>>> = Object.fromEntries(
	ROWS.map(({ name }) => [name, undefined]),
);

/** One value for each channel, made in their order. */
export function byChannel<Value>(
	make: (row: ChannelRow, index: number) => Value,
): Record<ChannelName, Value> {
	// A copy of one shape and no object that grows: several are made of each reading.
	const all: Partial<Record<ChannelName, Value | undefined>> = { ...NONE };
	for (let index = 0; index < CHANNELS.length; index++) {
		const row = CHANNELS[index] as ChannelRow;
		all[row.name] = make(row, index);
	}
	return all as Record<ChannelName, Value>;
}
