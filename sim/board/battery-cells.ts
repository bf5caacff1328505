/**
 * Terminal voltage of a rested battery by its charge, of packs of three chemistries: measured cells (Chen 2020 for Li-ion,
 * Prada 2013 for LiFePO4, times four), text-book values for six cells of lead; and what a current adds to it.
 */

export type BatteryChemistry = "lead-acid" | "li-ion" | "lifepo4";

interface Pack {
	/** Charge 0..1 and volts, ascending. */
	readonly rest: readonly (readonly [part: number, volts: number])[];
	/** Volts for each ampere into or out of it, with the lag of its plates. */
	readonly ohms: number;
	/** A charger goes no higher. */
	readonly voltsMax: number;
	readonly nominalVolts: number;
}

export const PACKS: Readonly<Record<BatteryChemistry, Pack>> = Object.freeze({
	"lead-acid": {
		rest: [
			[0, 10.5],
			[0.1, 11.51],
			[0.2, 11.66],
			[0.4, 11.96],
			[0.5, 12.1],
			[0.6, 12.24],
			[0.8, 12.5],
			[0.9, 12.62],
			[1, 12.73],
		],
		ohms: 0.5,
		voltsMax: 14.4,
		nominalVolts: 12,
	},
	"li-ion": {
		rest: [
			[0, 3],
			[0.05, 3.23],
			[0.1, 3.39],
			[0.15, 3.47],
			[0.2, 3.51],
			[0.3, 3.6],
			[0.4, 3.68],
			[0.5, 3.76],
			[0.6, 3.85],
			[0.7, 3.95],
			[0.8, 4.04],
			[0.9, 4.1],
			[1, 4.18],
		],
		ohms: 0.08,
		voltsMax: 4.2,
		nominalVolts: 3.6,
	},
	lifepo4: {
		rest: [
			[0, 10],
			[0.05, 11.57],
			[0.1, 12.12],
			[0.15, 12.57],
			[0.2, 12.7],
			[0.3, 12.86],
			[0.4, 13.02],
			[0.5, 13.07],
			[0.7, 13.1],
			[0.8, 13.24],
			[0.95, 13.27],
			[1, 13.5],
		],
		ohms: 0.15,
		voltsMax: 14.4,
		nominalVolts: 12.8,
	},
});

/** Volts of a pack of this charge, 0..1, while so many watts flow into it (negative: out of it). */
export function packVolts(chemistry: BatteryChemistry, part: number, watts: number): number {
	const { rest, ohms, voltsMax, nominalVolts } = PACKS[chemistry];
	const above = rest.findIndex(([each]) => each > part);
	const [from, low] = rest[above < 0 ? rest.length - 1 : Math.max(above - 1, 0)] ?? [0, 0];
	const [to, high] = rest[above < 0 ? rest.length - 1 : above] ?? [1, 0];
	const volts = to > from ? low + ((high - low) * (part - from)) / (to - from) : high;
	return Math.min(volts + (watts / nominalVolts) * ohms, voltsMax);
}
