/**
 * How the simulated water conducts away from 25 degC. Natural water follows the printed table of
 * ISO 7888 (f25 by whole degrees), interpolated, never the firmware's formula: a mistake there must
 * show as a deviation. Mine water follows a straight line.
 */

/** f25 for 0, 1 ... 35 degC: EC25 = EC(T) * f25(T). ISO 7888:1985, table of temperature factors. */
const FACTOR_TO_25: readonly number[] = Object.freeze([
	1.918, 1.857, 1.8, 1.745, 1.693, 1.643, 1.596, 1.551, 1.508, 1.467, 1.428, 1.39, 1.354, 1.32,
	1.287, 1.256, 1.225, 1.196, 1.168, 1.141, 1.116, 1.091, 1.067, 1.044, 1.021, 1, 0.979, 0.959,
	0.94, 0.921, 0.903, 0.886, 0.869, 0.853, 0.837, 0.822,
]);
const CELSIUS_MAX = FACTOR_TO_25.length - 1;

export type ConductionLaw =
	| { readonly kind: "natural" }
	/** Fraction per degree Celsius relative to 25 degC. */
	| { readonly kind: "linear"; readonly alphaPerDegree: number };

/** Conductivity at `celsius` of water whose specific conductance at 25 degC is given; same unit. */
export function conductivityAt(
	law: ConductionLaw,
	conductivityAt25: number,
	celsius: number,
): number {
	switch (law.kind) {
		case "linear":
			return conductivityAt25 * (1 + law.alphaPerDegree * (celsius - 25));
		case "natural": {
			const bounded = Math.min(Math.max(celsius, 0), CELSIUS_MAX);
			const low = Math.min(Math.floor(bounded), CELSIUS_MAX - 1);
			const below = FACTOR_TO_25[low] ?? 1;
			const above = FACTOR_TO_25[low + 1] ?? 1;
			return conductivityAt25 / (below + (above - below) * (bounded - low));
		}
	}
}
