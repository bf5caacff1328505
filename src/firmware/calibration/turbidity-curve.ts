/**
 * Turbidity has no circuit that holds a calibration: the station keeps what zero and a standard make of the configuration's
 * curves. One shift and one gain for all ranges, for they are of one pair of eyes. docs/FORMAT.md, section 1.
 */
import { asciiBytes } from "../../core/bytes.js";
import type { CalibrationPoint } from "../../protocol/calibration/parts.js";
import type { CalibrationBody } from "../../protocol/record/entry-layouts.js";

type Coefficients = CalibrationBody["coefficients"];

/** The configuration's curves have ids up to 255, those that the station made the ones above. */
export const CURVE_ID_FIRST = 256;

/** Turbidity by a curve of a signal in volts. */
export function onCurve([c0, c1, c2]: Coefficients, volts: number): number {
	return c0 + (c1 + c2 * volts) * volts;
}

/** The shift and gain that lead from the first of the curves to these coefficients, for all of them; ids from `id` on. */
export function curvesLike(
	curves: readonly CalibrationBody[],
	wanted: Coefficients,
	id: number,
): CalibrationBody[] {
	const [b0, b1, b2] = curves[0]?.coefficients ?? [0, 1, 0];
	// By the larger one: a curve of some probes is all but a straight line.
	const gain = Math.abs(b1) > Math.abs(b2) ? wanted[1] / b1 : wanted[2] / b2;
	const shift = wanted[0] - gain * b0;
	return curves.map((curve) => {
		const [c0, c1, c2] = curve.coefficients;
		return {
			...curve,
			calibrationId: id + curve.range,
			coefficients: [shift + gain * c0, gain * c1, gain * c2],
		};
	});
}

/** What zero, or zero and a standard, make of the readings: shift and gain. */
export function gaugeOf(points: readonly CalibrationPoint[]): [shift: number, gain: number] {
	const [zero, standard] = points;
	if (zero === undefined) return [0, 1];
	const gain =
		standard === undefined
			? 1
			: standard.nominalAtTemperature / (standard.reading - zero.reading || 1);
	return [-gain * zero.reading, gain];
}

/** A closing entry for each range: the first one's, which makes them so, comes last. */
export function closingsOf(
	curves: readonly CalibrationBody[],
	closing: CalibrationBody,
): CalibrationBody[] {
	return curvesLike(curves, closing.coefficients, closing.calibrationId)
		.map(({ calibrationId, range, curve, coefficients }) => ({
			...closing,
			calibrationId,
			range,
			curve,
			coefficients,
		}))
		.reverse();
}

/** What a calibration rests on: in the place of a circuit's export. */
export function bytesOfCurves(curves: readonly CalibrationBody[]): Uint8Array {
	return asciiBytes(
		curves
			.map(({ calibrationId, curve, coefficients }) => [calibrationId, curve, coefficients])
			.join(";"),
	);
}
