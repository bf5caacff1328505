/**
 * pH of a carbonate water from its alkalinity: what acid does to a limestone river. Acid that flows in
 * eats alkalinity one for one and turns bicarbonate into carbonic acid; while some is left the pH moves
 * little, and then it falls by units. Both alkalinity and inorganic carbon mix like salt does, so the
 * pH of a mixture follows from its parts. Stumm and Morgan, Aquatic Chemistry, chapter 4.
 */
import { log } from "../../src/core/elementary.js";

/** At 10 degC; pK1 6.464 and pK2 10.490 of Plummer and Busenberg 1982, pKw 14.535. */
const K1 = 3.436e-7;
const K2 = 3.236e-11;
const KW = 2.917e-15;

/** [H+] between these, mol/L. */
const HYDROGEN_MIN = 1e-14;
const HYDROGEN_MAX = 1;
/** Each halves the interval of 14 decades: 14 / 2^40 is 1e-11 of pH. */
const BISECTIONS = 40;
const LN_10 = log(10);

export interface CarbonateWater {
	/** Acid neutralising capacity, mol/L; negative in mine water. */
	readonly alkalinityMolesPerLitre: number;
	/** All inorganic carbon, mol/L. */
	readonly carbonMolesPerLitre: number;
}

/** A water of that pH with that much inorganic carbon and nothing else that buffers. */
export function carbonateWaterOf(
	hydrogenMolesPerLitre: number,
	alkalinityMolesPerLitre: number,
): CarbonateWater {
	const rest = alkalinityMolesPerLitre - strongPart(hydrogenMolesPerLitre);
	return {
		alkalinityMolesPerLitre,
		carbonMolesPerLitre: rest / charges(hydrogenMolesPerLitre),
	};
}

/** The river with `part` (0..1) of its flow being the other water. No gas leaves on the way. */
export function mixture(
	river: CarbonateWater,
	inflow: CarbonateWater,
	part: number,
): CarbonateWater {
	const mixed = (a: number, b: number): number => a + (b - a) * part;
	return {
		alkalinityMolesPerLitre: mixed(river.alkalinityMolesPerLitre, inflow.alkalinityMolesPerLitre),
		carbonMolesPerLitre: mixed(river.carbonMolesPerLitre, inflow.carbonMolesPerLitre),
	};
}

/**
 * [H+], mol/L, at which the charges of that water balance. Alkalinity falls strictly with [H+], so a
 * bisection finds it; between decades by the square root, which is exact on every engine.
 */
export function hydrogenOf(water: CarbonateWater): number {
	let low = HYDROGEN_MIN;
	let high = HYDROGEN_MAX;
	for (let count = 0; count < BISECTIONS; count++) {
		const middle = Math.sqrt(low * high);
		const alkalinity = water.carbonMolesPerLitre * charges(middle) + strongPart(middle);
		if (alkalinity > water.alkalinityMolesPerLitre) low = middle;
		else high = middle;
	}
	return Math.sqrt(low * high);
}

/** pH of [H+] in mol/L. */
export function pHOf(hydrogenMolesPerLitre: number): number {
	return -log(hydrogenMolesPerLitre) / LN_10;
}

/** Negative charges that a mole of inorganic carbon bears: [HCO3-] + 2 [CO3--] over their sum. */
function charges(hydrogen: number): number {
	const bicarbonate = K1 * hydrogen;
	const carbonate = K1 * K2;
	return (bicarbonate + 2 * carbonate) / (hydrogen * hydrogen + bicarbonate + carbonate);
}

/** What water itself adds: [OH-] - [H+]. */
function strongPart(hydrogen: number): number {
	return KW / hydrogen - hydrogen;
}
