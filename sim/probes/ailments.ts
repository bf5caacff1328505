/** What ails probes beside their lag and noise: electrodes age, cells foul and catch bubbles, glass breaks. */

/** Nernst slope per kelvin, mV per pH. */
const MILLIVOLTS_PER_PH_KELVIN = 0.198416;
const KELVIN_AT_ZERO_CELSIUS = 273.15;

export interface Electrode {
	/** Part of Nernst's slope: 1 of a new electrode. */
	readonly slopePart: number;
	/** At pH 7. */
	readonly offsetMillivolts: number;
}

/** Changed by tests and by hands; a new set of probes has none of it. */
export interface Ailments {
	electrode: Electrode | undefined;
	/** The electrode shows this in every bottle. */
	stuckPH: number | undefined;
	/** What the cell makes of a conductivity: its constant is another than its label says, or a bubble sits in it. */
	cellPart: number;
	/** What the optics make of a turbidity: a film adds to it, a scratched window takes a part. */
	film: number;
	opticsPart: number;
	/** What the oxygen cell gives of what it gave when its membrane was new. */
	oxygenPart: number;
	/** Added by the thermometer. */
	celsiusOff: number;
	/** So many times slower: slime, age, cold. */
	slowness: number;
}

export function noAilments(): Ailments {
	return {
		electrode: undefined,
		stuckPH: undefined,
		cellPart: 1,
		film: 0,
		opticsPart: 1,
		oxygenPart: 1,
		celsiusOff: 0,
		slowness: 1,
	};
}

/** pH that a circuit of ideal calibration shows with such an electrode. */
export function shownPH(pH: number, celsius: number, electrode: Electrode | undefined): number {
	if (electrode === undefined) return pH;
	const nernst = MILLIVOLTS_PER_PH_KELVIN * (celsius + KELVIN_AT_ZERO_CELSIUS);
	return 7 - electrode.slopePart * (7 - pH) - electrode.offsetMillivolts / nernst;
}
