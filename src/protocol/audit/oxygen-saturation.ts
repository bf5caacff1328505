/**
 * Dissolved oxygen as a part of what the water would hold in equilibrium with moist air: by the equations that the US
 * Geological Survey's tables are made with (Office of Water Quality Technical Memorandum 2011.03, DOTABLES), which are
 * Benson and Krause's (1980 and 1984), with the salinity of 1978 out of the conductivity (UNESCO Technical Papers in
 * Marine Science 44, 1983). The simulator's river and circuits have their own, as rivers and circuits do: a test holds
 * the two against each other.
 */
import { exp } from "../../core/elementary.js";
import type { DerivedReading } from "../record/derive.js";
import { CHANNEL_FLAGS } from "../record/reading.js";

/** The equations are for these. */
const CELSIUS_RANGE = Object.freeze([0, 40] as const);
const SALINITY_MAX = 40;
/** Half an atmosphere to 1.1 of it; the air at the water, not reduced to the sea. */
const HECTOPASCALS_RANGE = Object.freeze([507, 1114] as const);
const ATMOSPHERE_HECTOPASCALS = 1013.25;
/** Standard sea water at 25 degC, uS/cm: 42 914 at 15 degC x 1.2365. */
const SEA_WATER_MICROSIEMENS = 53_065;
/** Sums of the two series of the scale at 25 degC, whose second counts 10 / 1.162 times. */
const SALINITY_SERIES = Object.freeze(
	(
		[
			[0.008, 0.0005],
			[-0.1692, -0.0056],
			[25.3851, -0.0066],
			[14.0941, -0.0375],
			[-7.0261, 0.0636],
			[2.7081, -0.0144],
		] as const
	).map(([first, second]) => first + (second * 10) / 1.162),
);
/** What makes a value no quantity to reckon with: of the water, and of the oxygen. */
const UNUSABLE = CHANNEL_FLAGS.absent | CHANNEL_FLAGS.fault | CHANNEL_FLAGS.outOfRange;

/** mg/L at saturation; undefined outside the range of the equations. Conductivity at 25 degC, uS/cm. */
export function saturationMilligramsPerLitre(
	celsius: number,
	conductivityMicrosiemensPerCm: number,
	hectopascals: number,
): number | undefined {
	const [coldest, warmest] = CELSIUS_RANGE;
	const [lowest, highest] = HECTOPASCALS_RANGE;
	const salinity = salinityOf(conductivityMicrosiemensPerCm);
	if (!(celsius >= coldest && celsius <= warmest) || salinity > SALINITY_MAX) return undefined;
	if (!(hectopascals >= lowest && hectopascals <= highest)) return undefined;
	const inverse = 1 / (celsius + 273.15);
	const fresh = exp(
		-139.34411 +
			(1.575701e5 + (-6.642308e7 + (1.2438e10 - 8.621949e11 * inverse) * inverse) * inverse) *
				inverse,
	);
	const ofSalt = exp(-salinity * (0.017674 + (-10.754 + 2140.7 * inverse) * inverse));
	const atmospheres = hectopascals / ATMOSPHERE_HECTOPASCALS;
	const vapour = exp(11.8571 - (3840.7 + 216_961 * inverse) * inverse);
	const theta = 0.000975 + (-1.426e-5 + 6.436e-8 * celsius) * celsius;
	const ofPressure =
		((atmospheres - vapour) * (1 - theta * atmospheres)) / ((1 - vapour) * (1 - theta));
	return fresh * ofSalt * ofPressure;
}

/**
 * Per cent of saturation; undefined where oxygen, temperature or conductivity at 25 degC is missing or is flagged as
 * what nothing follows from, and outside the range of the equations.
 */
export function saturationPercent(
	{ dissolvedOxygen, temperature, conductivity }: DerivedReading,
	hectopascals: number,
): number | undefined {
	const used = [dissolvedOxygen, temperature, conductivity];
	if (used.some(({ flags }) => (flags & UNUSABLE) !== 0)) return undefined;
	if (dissolvedOxygen.value === undefined || temperature.value === undefined) return undefined;
	if (conductivity.value === undefined) return undefined;
	const whole = saturationMilligramsPerLitre(temperature.value, conductivity.value, hectopascals);
	return whole === undefined ? undefined : (100 * dissolvedOxygen.value) / whole;
}

/** Practical salinity of water of so many uS/cm at 25 degC. */
function salinityOf(microsiemens: number): number {
	const root = Math.sqrt(Math.max(microsiemens, 0) / SEA_WATER_MICROSIEMENS);
	let salinity = 0;
	let power = 1;
	for (const factor of SALINITY_SERIES) {
		salinity += factor * power;
		power *= root;
	}
	return microsiemens > 0 ? Math.max(salinity, 0) : 0;
}
