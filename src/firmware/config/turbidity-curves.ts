/**
 * What a configuration has to say about the curve of its turbidity probe, by kind, and the
 * calibration entries that carry the curve in the record, so that anyone can derive the values.
 */
import { channelIndexOf } from "../../protocol/record/channels.js";
import { CALIBRATION_CURVES, TURBIDITY_UNITS } from "../../protocol/record/derive.js";
import { type CalibrationBody, NO_CALIBRATION_ACT } from "../../protocol/record/entry-layouts.js";
import type { ProbeKinds } from "../../protocol/record/probe-kinds.js";

type TurbidityUnit = (typeof TURBIDITY_UNITS)[number];

interface CurveRow {
	/** Measuring ranges, each with a curve of its own. */
	readonly ranges: number;
	/** Code of CALIBRATION_CURVES. */
	readonly curve: number;
	readonly units: readonly TurbidityUnit[];
	/** Volts at which a curve must still go the signal's way, and whether that is up with turbidity. */
	readonly slope: { readonly volts: number; readonly isRising: boolean } | undefined;
	/**
	 * Millionths, c0 c1 c2 of each range, that hold when the configuration gives none: undefined where
	 * the probe has a certificate of its own, empty where the configuration's loop law stands instead.
	 */
	readonly defaultMicro: readonly number[] | undefined;
}

/** One row for each kind of turbidity probe. */
export const TURBIDITY_CURVES: Readonly<Record<ProbeKinds["turbidityProbe"], CurveRow>> =
	Object.freeze({
		"loop-4-20": {
			ranges: 1,
			curve: CALIBRATION_CURVES.quadratic,
			units: TURBIDITY_UNITS,
			// 20 mA, whatever the shunt makes of it.
			slope: undefined,
			defaultMicro: [],
		},
		"obs-3": {
			ranges: 2,
			curve: CALIBRATION_CURVES.quadratic,
			units: ["NTU", "FNU"],
			slope: { volts: 2.5, isRising: true },
			defaultMicro: undefined,
		},
		// The maker's parabola of an average module at 5 V; no instrument that measures in NTU.
		sen0189: {
			ranges: 1,
			curve: CALIBRATION_CURVES.quadraticToVertex,
			units: ["relative"],
			// Clear water.
			slope: { volts: 4.2, isRising: false },
			defaultMicro: [-4_352_900_000, 5_742_300_000, -1_120_400_000],
		},
	});

/** Of a configuration. */
export interface TurbidityCurveChoice {
	readonly turbidityProbe: ProbeKinds["turbidityProbe"];
	readonly turbidityCoefficientsMicro: readonly number[];
	readonly turbidityCalibrationId: number;
}

/** Empty where the loop's law stands. */
function microOf({
	turbidityProbe,
	turbidityCoefficientsMicro,
}: TurbidityCurveChoice): readonly number[] {
	return turbidityCoefficientsMicro.length > 0
		? turbidityCoefficientsMicro
		: (TURBIDITY_CURVES[turbidityProbe].defaultMicro ?? []);
}

/** Of the curve of each range; 0 is the loop's law. A wake asks for these, and for the curves only a boot. */
export function turbidityIdsOf(choice: TurbidityCurveChoice): number[] {
	if (microOf(choice).length === 0) return [0];
	const ids: number[] = [];
	for (let range = 0; range < TURBIDITY_CURVES[choice.turbidityProbe].ranges; range++) {
		ids.push(choice.turbidityCalibrationId + range);
	}
	return ids;
}

/** The calibration entries that the record needs under this configuration, one for each range. */
export function turbidityCalibrationsOf(choice: TurbidityCurveChoice): CalibrationBody[] {
	const { curve } = TURBIDITY_CURVES[choice.turbidityProbe];
	const micro = microOf(choice);
	if (micro.length === 0) return [];
	return turbidityIdsOf(choice).map((calibrationId, range): CalibrationBody => {
		const unit = (index: number): number => (micro[3 * range + index] ?? 0) / 1_000_000;
		return {
			kind: "calibration",
			calibrationId,
			channel: channelIndexOf("turbidity"),
			range,
			curve,
			coefficients: [unit(0), unit(1), unit(2)],
			...NO_CALIBRATION_ACT,
		};
	});
}

/** The same, also where the loop's law stands instead of an entry: what a calibration at the station begins with. */
export function turbidityBasesOf(
	choice: TurbidityCurveChoice & LoopLaw,
): readonly CalibrationBody[] {
	const chosen = turbidityCalibrationsOf(choice);
	if (chosen.length > 0) return chosen;
	const { turbidityAt4MilliampereMilli: low, turbidityAt20MilliampereMilli: high } = choice;
	// Volts over milliohms are kiloamperes.
	const perVolt = (1_000_000 / choice.loopShuntMilliohms / 16) * ((high - low) / 1000);
	return [
		{
			kind: "calibration",
			calibrationId: 0,
			channel: channelIndexOf("turbidity"),
			range: 0,
			curve: CALIBRATION_CURVES.quadratic,
			coefficients: [low / 1000 - (high - low) / 4000, perVolt, 0],
			...NO_CALIBRATION_ACT,
		},
	];
}

interface LoopLaw {
	readonly loopShuntMilliohms: number;
	readonly turbidityAt4MilliampereMilli: number;
	readonly turbidityAt20MilliampereMilli: number;
}
