/** How tables for people and programs print each channel: by its row, and what of it is special. */
import type { QualityChannel } from "../quality/correction.js";
import type { ChannelSet } from "../record/channel-set.js";
import {
	byChannel,
	CHANNELS,
	type ChannelName,
	type ChannelRow,
	type FieldRole,
} from "../record/channels.js";
import type { DerivedReading } from "../record/derive.js";
import type { Reading } from "../record/reading.js";

/** The channel of the record that each judged channel is of. */
export const RECORDED_AS = Object.freeze({
	ph: "pH",
	temperature: "temperature",
	ec25: "conductivity",
	turbidity: "turbidity",
} as const satisfies Readonly<Record<QualityChannel, ChannelName>>);

export interface ChannelColumns {
	/** Before "_flags" and the like. */
	readonly stem: string;
	/** Of the derived value. */
	readonly value: string;
	/** Of the derived value, as it is published. */
	readonly decimals: number;
	/** Of what was measured, where that is something else. */
	readonly raw?: { readonly name: string; readonly decimals: number };
	/** Of a burst's spread, in the unit of what was measured. */
	readonly spread?: { readonly name: string; readonly decimals: number };
	/** The unit is the configuration's. */
	readonly hasUnit?: boolean;
	/** Of the law or curve, where there are several ways to the value. */
	readonly method?: string;
	readonly hasRange?: boolean;
	/** A reading names its calibration. */
	readonly isCalibrated: boolean;
	/** As `bistrina journal` calls them; `stepsPerRaw` steps of the set are one of `raw`; one without it. */
	readonly journal: {
		readonly stem: string;
		readonly value: string;
		readonly raw?: string;
		readonly stepsPerRaw?: number;
	};
	/** Short, for a view: above a column, and in a line, where # is the value. */
	readonly view: { readonly head: string; readonly line: string; readonly decimals: number };
	/** For sentences, in English and in Serbian. */
	readonly words: readonly [english: string, serbian: string];
}

/** Where a channel is printed otherwise than its row says by itself (`columnsOf`). */
const SPECIAL: Readonly<Partial<Record<ChannelName, Partial<ChannelColumns>>>> = Object.freeze({
	pH: {
		stem: "ph",
		value: "ph",
		journal: { stem: "ph", value: "ph" },
		view: { head: "pH", line: "pH #", decimals: 2 },
	},
	temperature: {
		words: ["temperature", "temperatura"],
		value: "temperature_c",
		journal: { stem: "temperature", value: "temperatureCelsius" },
	},
	conductivity: {
		words: ["conductivity", "provodljivost"],
		stem: "ec",
		value: "ec25_us_cm",
		raw: { name: "ec_raw_us_cm", decimals: 2 },
		method: "ec25_method",
		journal: {
			stem: "conductivity",
			value: "conductivityAt25",
			raw: "conductivityRaw",
			stepsPerRaw: 100,
		},
		view: { head: "uS/cm", line: "# uS/cm at 25 degC", decimals: 0 },
	},
	turbidity: {
		words: ["turbidity", "mutnoća"],
		decimals: 3,
		raw: { name: "turbidity_raw_v", decimals: 6 },
		spread: { name: "turbidity_spread_v", decimals: 6 },
		hasUnit: true,
		method: "turbidity_method",
		hasRange: true,
		journal: { stem: "turbidity", value: "turbidity", raw: "turbidityMicrovolts" },
		view: { head: "turbidity", line: "#", decimals: 1 },
	},
	battery: {
		words: ["battery", "baterija"],
		value: "battery_v",
		journal: { stem: "battery", value: "batteryVolts" },
	},
	dissolvedOxygen: {
		stem: "do",
		value: "do_mg_l",
		view: { head: "mg/L O2", line: "# mg/L O2", decimals: 2 },
		words: ["dissolved oxygen", "rastvoreni kiseonik"],
	},
});

/** As the channel's own row has it: its name, its unit, the decimals of its scale. */
function columnsOf({ name, fields }: ChannelRow): ChannelColumns {
	const [, , unit = "", scale = 1] = fields.find(([role]) => role === "value") ?? [];
	const decimals = String(scale).length - 1;
	return {
		stem: name,
		value: name,
		decimals,
		isCalibrated: fields.some(([role]) => role === "calibration"),
		journal: { stem: name, value: name },
		view: { head: unit, line: `# ${unit}`, decimals: Math.min(decimals, 2) },
		words: [name, name],
		...SPECIAL[name],
	};
}

/** A channel's rows side by side, in the order of the table. */
export const CHANNEL_TABLE: readonly (ChannelColumns & { readonly name: ChannelName })[] =
	Object.freeze(CHANNELS.map((row) => ({ name: row.name, ...columnsOf(row) })));

/** The same by name. */
export const CHANNEL_COLUMNS: Readonly<Record<ChannelName, ChannelColumns>> = Object.freeze(
	byChannel(columnsOf),
);

/** Steps of a quantity of `role` that make one unit. */
export function scaleOf({ fields }: ChannelSet, name: ChannelName, role: FieldRole): number {
	for (const field of fields) if (field.role === role && field.channel === name) return field.scale;
	return 1;
}

/** What was measured, in its unit; undefined where it is absent. */
export function rawOf(set: ChannelSet, name: ChannelName, reading: Reading): number | undefined {
	const { value } = reading[name];
	return value === undefined ? undefined : value / scaleOf(set, name, "value");
}

/** Each note of a reading once, in the order of the channels. */
export function notesOf(derived: DerivedReading): string[] {
	const notes = CHANNELS.flatMap(({ name }) => derived[name].notes);
	return [...new Set(notes)];
}
