/** What readers are shown of each channel of the published table: a row for each. */
import type { QualityChannel } from "../../protocol/quality/correction.js";
import type { CacheIndex } from "./day-cache.js";

export interface ShownChannel {
	/** In paths and JSON. */
	readonly name: QualityChannel | "do" | "battery";
	/** Columns of the published table. */
	readonly value: string;
	readonly raw: string | undefined;
	readonly corrected: string | undefined;
	readonly flags: string;
	readonly judged: string | undefined;
	readonly grade: string | undefined;
	readonly status: string | undefined;
	readonly decimals: number;
	readonly rawDecimals: number;
	/** For people; of turbidity the table says it in each row. */
	readonly unit: string;
	readonly rawUnit: string;
	/** Unified Code for Units of Measure. */
	readonly ucum: string;
	/** SenML (RFC 8428) and the factor to its unit; undefined where the registry has none. */
	readonly senml: { readonly unit: string; readonly factor: number } | undefined;
	/** Column that is empty where a reading's station has no such probe; undefined: every station has one. */
	readonly presence: string | undefined;
	/** In the SensorThings interface, for ever: its ids are made of it. */
	readonly number: number;
}

const OF_CHANNEL: Readonly<
	Record<
		QualityChannel,
		Pick<
			ShownChannel,
			| "value"
			| "raw"
			| "decimals"
			| "rawDecimals"
			| "unit"
			| "rawUnit"
			| "ucum"
			| "senml"
			| "number"
		>
	>
> = Object.freeze({
	ph: {
		value: "ph",
		raw: "ph_raw",
		decimals: 3,
		rawDecimals: 3,
		unit: "pH",
		rawUnit: "pH",
		ucum: "[pH]",
		senml: { unit: "pH", factor: 1 },
		number: 0,
	},
	temperature: {
		value: "temperature_c",
		raw: "temperature_raw_c",
		decimals: 3,
		rawDecimals: 3,
		unit: "°C",
		rawUnit: "°C",
		ucum: "Cel",
		senml: { unit: "Cel", factor: 1 },
		number: 1,
	},
	ec25: {
		value: "ec25_us_cm",
		raw: "ec_raw_us_cm",
		decimals: 2,
		rawDecimals: 2,
		unit: "µS/cm",
		rawUnit: "µS/cm",
		ucum: "uS/cm",
		senml: { unit: "S/m", factor: 1e-4 },
		number: 2,
	},
	turbidity: {
		value: "turbidity",
		raw: "turbidity_raw_v",
		decimals: 3,
		rawDecimals: 6,
		unit: "FNU",
		rawUnit: "V",
		ucum: "[FNU]",
		senml: undefined,
		number: 3,
	},
});

/** In the order in which they are shown. */
export const SHOWN_CHANNELS: readonly ShownChannel[] = Object.freeze([
	...(Object.keys(OF_CHANNEL) as QualityChannel[]).map((name) => ({
		name,
		...OF_CHANNEL[name],
		corrected: `${name}_corrected`,
		flags: `${name}_flags`,
		judged: `${name}_qc_agg`,
		grade: `${name}_grade`,
		status: `${name}_status`,
		presence: undefined,
	})),
	{
		name: "do" as const,
		value: "do_mg_l",
		raw: "do_raw_mg_l",
		corrected: undefined,
		flags: "do_flags",
		judged: undefined,
		grade: undefined,
		status: undefined,
		decimals: 2,
		rawDecimals: 2,
		unit: "mg/L",
		rawUnit: "mg/L",
		ucum: "mg/L",
		senml: { unit: "kg/m3", factor: 1e-3 },
		presence: "do_method",
		number: 5,
	},
	{
		name: "battery" as const,
		value: "battery_v",
		raw: undefined,
		corrected: undefined,
		flags: "battery_flags",
		judged: undefined,
		grade: undefined,
		status: undefined,
		decimals: 3,
		rawDecimals: 3,
		unit: "V",
		rawUnit: "V",
		ucum: "V",
		senml: { unit: "V", factor: 1 },
		presence: undefined,
		number: 4,
	},
]);

/** Those that a station's readings have, by its days. */
export function channelsOf({ days }: Pick<CacheIndex, "days">): readonly ShownChannel[] {
	const all = Object.values(days);
	return SHOWN_CHANNELS.filter(
		({ name, presence }) =>
			presence === undefined || all.some(({ more }) => Object.hasOwn(more, name)),
	);
}
