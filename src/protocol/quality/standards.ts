/**
 * What standard solutions are worth at a temperature. pH buffers by their makers' tables, conductivity standards by
 * the ratios of NIST to 25 degC; between the table's temperatures a straight line. Never f25: a solution of KCl is
 * no river (3.9 % off at 5 degC).
 */
import type { QualityChannel } from "./correction.js";

interface Standard {
	readonly channel: QualityChannel;
	/** Decimals that the table has. */
	readonly decimals: number;
	/** Ascending: degC, and pH or uS/cm. */
	readonly table: readonly (readonly [celsius: number, worth: number])[];
}

const BUFFER_CELSIUS: readonly number[] = Object.freeze([0, 5, 10, 15, 20, 25, 30, 35, 40]);

function buffer(...worths: readonly number[]): Standard {
	const table = worths.map((worth, at) => [BUFFER_CELSIUS[at] ?? 0, worth] as const);
	return { channel: "ph", decimals: 2, table };
}

const TABLES = {
	"american-4.00": buffer(4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.01, 4.02, 4.03),
	"american-7.00": buffer(7.12, 7.09, 7.06, 7.04, 7.02, 7.0, 6.99, 6.99, 6.98),
	"american-10.01": buffer(10.32, 10.25, 10.18, 10.12, 10.06, 10.01, 9.97, 9.93, 9.89),
	"din-4.01": buffer(4.01, 4.0, 4.0, 4.0, 4.0, 4.01, 4.02, 4.03, 4.04),
	"din-6.86": buffer(6.98, 6.95, 6.92, 6.9, 6.88, 6.86, 6.85, 6.84, 6.84),
	"din-9.18": buffer(9.46, 9.39, 9.33, 9.27, 9.22, 9.18, 9.14, 9.11, 9.07),
	/** 0.01 mol/L; the molal product, 1408.8 at 25 degC, is another bottle. */
	"kcl-1413": {
		channel: "ec25",
		decimals: 1,
		table: [
			[0, 775.5],
			[5, 894.0],
			[10, 1017.4],
			[15, 1145.3],
			[18, 1224.1],
			[20, 1277.3],
			[25, 1413.0],
			[30, 1551.9],
			[35, 1693.5],
			[40, 1837.5],
		],
	},
	"kcl-12880": {
		channel: "ec25",
		decimals: 0,
		table: [
			[0, 7150],
			[5, 8220],
			[10, 9330],
			[15, 10_480],
			[20, 11_670],
			[25, 12_880],
			[30, 14_120],
		],
	},
} as const satisfies Record<string, Standard>;

export type StandardName = keyof typeof TABLES;

export const STANDARDS: Readonly<Record<StandardName, Standard>> = Object.freeze(TABLES);

export const STANDARD_NAMES: readonly StandardName[] = Object.freeze(
	Object.keys(TABLES) as StandardName[],
);

/** Worth of a solution at its temperature; undefined beyond its table. */
export function standardAt(name: StandardName, celsius: number): number | undefined {
	const { table } = STANDARDS[name];
	let before: (typeof table)[number] | undefined;
	for (const point of table) {
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
