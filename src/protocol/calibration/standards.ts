/**
 * What standard solutions are worth at a temperature. pH buffers by their makers' tables, conductivity standards by
 * the ratios of NIST to 25 degC, oxygen of moist air by Benson and Krause 1984 at 1013.25 hPa; between the table's
 * temperatures a straight line. Never f25: a solution of KCl is no river (3.9 % off at 5 degC).
 */

import type { ChannelName } from "../record/channels.js";

export interface Standard {
	/** That it is a standard of. */
	readonly channel: ChannelName;
	/** Decimals that the table has. */
	readonly decimals: number;
	/** Ascending: degC, and pH, uS/cm, FNU or mg/L. */
	readonly table: readonly (readonly [celsius: number, worth: number])[];
}

/** Channel, decimals, then degC:worth; as text, which a chip holds for a byte a letter. */
const TEXTS = Object.freeze({
	"american-4.00": "pH 2 0:4 5:4 10:4 15:4 20:4 25:4 30:4.01 35:4.02 40:4.03",
	"american-7.00": "pH 2 0:7.12 5:7.09 10:7.06 15:7.04 20:7.02 25:7 30:6.99 35:6.99 40:6.98",
	"american-10.01":
		"pH 2 0:10.32 5:10.25 10:10.18 15:10.12 20:10.06 25:10.01 30:9.97 35:9.93 40:9.89",
	"din-4.01": "pH 2 0:4.01 5:4 10:4 15:4 20:4 25:4.01 30:4.02 35:4.03 40:4.04",
	"din-6.86": "pH 2 0:6.98 5:6.95 10:6.92 15:6.9 20:6.88 25:6.86 30:6.85 35:6.84 40:6.84",
	"din-9.18": "pH 2 0:9.46 5:9.39 10:9.33 15:9.27 20:9.22 25:9.18 30:9.14 35:9.11 40:9.07",
	/** 0.01 mol/L; the molal product, 1408.8 at 25 degC, is another bottle. */
	"kcl-1413":
		"conductivity 1 0:775.5 5:894 10:1017.4 15:1145.3 18:1224.1 20:1277.3 25:1413 30:1551.9 35:1693.5 40:1837.5",
	"kcl-12880": "conductivity 0 0:7150 5:8220 10:9330 15:10480 20:11670 25:12880 30:14120",
	/** Above the water in its bottle; a twentieth of the pressure less is a twentieth less. */
	"moist-air":
		"dissolvedOxygen 2 0:14.62 5:12.77 10:11.29 15:10.08 20:9.09 25:8.26 30:7.56 35:6.95 40:6.41",
	/** Water with sulphite, which binds it. */
	"zero-oxygen": "dissolvedOxygen 2 0:0 40:0",
	/** Through 0.1 um. */
	"filtered-water": "turbidity 1 0:0 40:0",
	"formazin-20": "turbidity 1 0:20 40:20",
	"formazin-100": "turbidity 1 0:100 40:100",
	"formazin-800": "turbidity 1 0:800 40:800",
});

export type StandardName = keyof typeof TEXTS;

export const STANDARD_NAMES: readonly StandardName[] = Object.freeze(
	Object.keys(TEXTS) as StandardName[],
);

/** Standards without a table: the dry conductivity cell, and another instrument's value. */
export const AIR = "air";
export const REFERENCE = "reference";
/** Its table is for 1013.25 hPa: it is worth more or less as the pressure is. */
export const MOIST_AIR: StandardName = "moist-air";

/** What nobody sells in bottles has no lot. */
export function hasLot(name: StandardName): boolean {
	return name !== MOIST_AIR && name !== "filtered-water";
}

/** A bottle of pH buffer tells a thermometer nothing. Air is the dry point of conductivity; a reference is anything's. */
export function isStandardFor(channel: ChannelName | undefined, name: string): boolean {
	if (isStandard(name)) return standardOf(name).channel === channel;
	return name === REFERENCE || (name === AIR && channel === "conductivity");
}

export function isStandard(name: string): name is StandardName {
	return Object.hasOwn(TEXTS, name);
}

/** Of a name: its channel, decimals and table. */
export function standardOf(name: StandardName): Standard {
	const [channel, decimals, ...points] = TEXTS[name].split(" ");
	const table = points.map((point) => {
		const colon = point.indexOf(":");
		return [Number(point.slice(0, colon)), Number(point.slice(colon + 1))] as const;
	});
	return { channel: channel as Standard["channel"], decimals: Number(decimals), table };
}

/** Worth of a solution at its temperature; undefined beyond its table. */
export function standardAt(name: StandardName, celsius: number): number | undefined {
	let before: Standard["table"][number] | undefined;
	for (const point of standardOf(name).table) {
		const [at, worth] = point;
		if (at === celsius) return worth;
		if (at > celsius) {
			if (before === undefined) return undefined;
			return before[1] + (worth - before[1]) * ((celsius - before[0]) / (at - before[0]));
		}
		before = point;
	}
	return undefined;
}
