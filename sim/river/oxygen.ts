/** Oxygen in the water of a river that nobody has described further. */
import { exp, pow } from "../../src/core/elementary.js";
import { wave } from "./noise.js";

/**
 * Oxygen of water in equilibrium with moist air, mg/L: Benson and Krause 1984 (Limnology and Oceanography 29:620-632),
 * equations 24 and 32 and table 2, with the vapour pressure of Green and Carritt 1967, as the tables of the US
 * Geological Survey have it (Office of Water Quality Technical Memorandum 2011.03, DOTABLES). 0 to 40 degC, practical
 * salinity 0 to 40, pressure of the air at the water in hectopascals.
 */
export function oxygenSaturation(celsius: number, salinity: number, hectopascals: number): number {
	const kelvin = celsius + 273.15;
	const inverse = 1 / kelvin;
	const atOneAtmosphere = exp(
		-139.34411 +
			(1.575701e5 + (-6.642308e7 + (1.2438e10 - 8.621949e11 * inverse) * inverse) * inverse) *
				inverse -
			salinity * (0.017674 + (-10.754 + 2140.7 * inverse) * inverse),
	);
	const atmospheres = hectopascals / 1013.25;
	const boiling = 373.16 / kelvin;
	const vapour =
		(1 - 0.000537 * salinity) *
		pow(boiling, 5.02802) *
		exp(
			18.1973 * (1 - boiling) +
				3.1813e-7 * (1 - exp(26.1205 * (1 - 1 / boiling))) -
				0.018726 * (1 - exp(8.03945 * (1 - boiling))),
		);
	const theta = 0.000975 + (-1.426e-5 + 6.436e-8 * celsius) * celsius;
	return (
		(atOneAtmosphere * (atmospheres - vapour) * (1 - theta * atmospheres)) /
		((1 - vapour) * (1 - theta))
	);
}

const DAY_SECONDS = 86_400;

/**
 * Oxygen of a river that nobody has described, as part of its saturation: a weir stirs it, algae add by day what they
 * take by night. 0.9 to 1.06, most in the afternoon.
 */
export function oxygenPart(utcSeconds: number): number {
	return 0.98 + 0.08 * wave(utcSeconds / DAY_SECONDS - 0.35);
}
