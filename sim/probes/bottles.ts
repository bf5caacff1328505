/**
 * Where a technician's hands put the probes: bottles of buffer and of KCl, the air, the river again. A bottle may be
 * another than its label says, old, or of another temperature than the river.
 */
import { isStandard, standardAt, standardOf } from "../../src/protocol/calibration/standards.js";

/** What the probes are in, in place of the river. */
export interface ProbeMedium {
	readonly pH: number;
	readonly celsius: number;
	/** At its own temperature, uS/cm. */
	readonly microsiemens: number;
	readonly turbidityFormazinUnits: number;
	/** Oxygen, as part of saturation. */
	readonly oxygenPart: number;
}

export interface BottleOptions {
	/** Default 20. */
	readonly celsius?: number;
	/** pH that an old buffer has moved by, or part by which an evaporated standard conducts more. Default 0. */
	readonly aged?: number;
}

/** Buffers conduct some mS/cm, and KCl is neutral water with air in it. */
const BUFFER_MICROSIEMENS = 5000;
const NEUTRAL_PH = 5.8;
const AIR_CELSIUS = 20;

/** A probe out of the water: the glass keeps a wet film, the cell conducts nothing. */
export const AIR_MEDIUM: ProbeMedium = Object.freeze({
	pH: 7.4,
	celsius: AIR_CELSIUS,
	microsiemens: 0,
	turbidityFormazinUnits: 0,
	oxygenPart: 1,
});

/** A bottle by the name of its standard; throws TypeError for a name that no maker has, or a temperature beyond its table. */
export function bottleOf(
	standard: string,
	{ celsius = 20, aged = 0 }: BottleOptions = {},
): ProbeMedium {
	const worth = isStandard(standard) ? standardAt(standard, celsius) : undefined;
	if (!isStandard(standard) || worth === undefined) throw new TypeError(`no bottle ${standard}`);
	const { channel } = standardOf(standard);
	if (standard === "moist-air") return { ...AIR_MEDIUM, celsius };
	return {
		pH: channel === "pH" ? worth + aged : NEUTRAL_PH,
		celsius,
		microsiemens: channel === "conductivity" ? worth * (1 + aged) : BUFFER_MICROSIEMENS,
		turbidityFormazinUnits: channel === "turbidity" ? worth * (1 + aged) : 0,
		// Sulphite that has stood open has taken up oxygen.
		oxygenPart: standard === "zero-oxygen" ? aged : 1,
	};
}
