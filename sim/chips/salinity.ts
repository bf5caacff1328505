/** Practical salinity of 1978 (UNESCO Technical Papers in Marine Science 44, 1983), at 25 degC. */

/** Conductivity of standard sea water (S = 35) at 25 degC, uS/cm: 42914 at 15 degC x 1.2365. */
const STANDARD_SEA_WATER = 53_065;
const SERIES = [0.008, -0.1692, 25.3851, 14.0941, -7.0261, 2.7081];
const TEMPERATURE_SERIES = [0.0005, -0.0056, -0.0066, -0.0375, 0.0636, -0.0144];
/** (t - 15) / (1 + 0.0162 (t - 15)) at t = 25. */
const TEMPERATURE_FACTOR = 10 / 1.162;
const SALINITY_MAX = 42;

/** Salinity (0..42, PSU) of water of so many uS/cm at 25 degC; the scale is meant for 2..42. */
export function practicalSalinity(microsiemens: number): number {
	if (microsiemens <= 0) return 0;
	const root = Math.sqrt(microsiemens / STANDARD_SEA_WATER);
	let salinity = 0;
	let power = 1;
	for (let index = 0; index < SERIES.length; index++) {
		const correction = TEMPERATURE_FACTOR * (TEMPERATURE_SERIES[index] ?? 0);
		salinity += power * ((SERIES[index] ?? 0) + correction);
		power *= root;
	}
	return Math.min(SALINITY_MAX, Math.max(0, salinity));
}
