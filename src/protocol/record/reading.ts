/**
 * A reading of channel set 1 by name: what measuring produces and what derivation and display take.
 * Stored is what was measured: raw, at the water's temperature, with flags and calibration ids.
 */
import { CHANNEL_SET_1, type FieldSpec } from "./channel-set.js";

/** Quality flags of one channel; several may be set. A flag never alters the value beside it. */
export const CHANNEL_FLAGS = Object.freeze({
	/** No value: the field holds the absent mark. */
	absent: 0x01,
	/** The probe or its bus reported a fault, or did not answer. */
	fault: 0x02,
	/** Outside what the probe can measure, or at the end of its scale. */
	outOfRange: 0x04,
	/**
	 * Repeated readings did not agree; the value is the last one. Of a burst: the median lies above its
	 * darkest signals, and most may be of bubbles.
	 */
	unstable: 0x08,
	/** Temperature compensation was impossible or used a stand-in (25 degC). */
	uncompensated: 0x10,
	/** Plausible by itself and suspicious in context: stuck at 7, out of water, flat line. */
	suspect: 0x20,
	/** The signal is saturated or clipped: the true value may be larger. */
	saturated: 0x40,
	/** The circuit says that it holds no calibration. */
	uncalibrated: 0x80,
});

/** Calibration 0: as the maker delivered it, no calibration entry exists. */
export const FACTORY_CALIBRATION = 0;

/** Scaled integers; `undefined` is "absent" and goes with the flag that says so. */
export interface WaterReading {
	/** pH in thousandths, -32767..32767. */
	readonly pHMilli: number | undefined;
	readonly pHFlags: number;
	readonly pHCalibration: number;
	/** Millidegrees Celsius. */
	readonly temperatureMillidegrees: number | undefined;
	readonly temperatureFlags: number;
	readonly temperatureCalibration: number;
	/** Raw conductivity at the water's temperature, hundredths of uS/cm, 0..4294967294. */
	readonly conductivityHundredths: number | undefined;
	readonly conductivityFlags: number;
	readonly conductivityCalibration: number;
	/** Median signal of the burst at the probe's output, microvolts (signed). */
	readonly turbidityMicrovolts: number | undefined;
	/** Median absolute deviation of the burst, steps of 125 microvolts, 0..65534. */
	readonly turbiditySpreadSteps: number | undefined;
	/** Index of the probe's range that was in use, 0 where there is one. */
	readonly turbidityRange: number;
	readonly turbidityFlags: number;
	readonly turbidityCalibration: number;
	/** Millivolts at the battery's terminals; `suspect` when the radio was on, which loads it. */
	readonly batteryMillivolts: number | undefined;
	readonly batteryFlags: number;
}

const NAMES: readonly (keyof WaterReading)[] = Object.freeze([
	"pHMilli",
	"pHFlags",
	"pHCalibration",
	"temperatureMillidegrees",
	"temperatureFlags",
	"temperatureCalibration",
	"conductivityHundredths",
	"conductivityFlags",
	"conductivityCalibration",
	"turbidityMicrovolts",
	"turbiditySpreadSteps",
	"turbidityRange",
	"turbidityFlags",
	"turbidityCalibration",
	"batteryMillivolts",
	"batteryFlags",
]);

/** The fields of channel set 1 in the order of its row, absent marks filled in. */
export function fieldsOfWaterReading(reading: WaterReading): number[] {
	const fields: number[] = [];
	for (const field of CHANNEL_SET_1.fields) {
		const name = NAMES[fields.length];
		fields.push((name === undefined ? undefined : reading[name]) ?? field.absent);
	}
	return fields;
}

/** The reverse of `fieldsOfWaterReading`. */
export function waterReadingOf(fields: readonly number[]): WaterReading {
	const reading: Partial<Record<keyof WaterReading, number | undefined>> = {};
	CHANNEL_SET_1.fields.forEach((field, index) => {
		const name = NAMES[index];
		const value = fields[index];
		if (name === undefined) return;
		reading[name] = canBeAbsent(field) && value === field.absent ? undefined : value;
	});
	return reading as WaterReading;
}

/** Only quantities can be absent; a flag byte of 0xFF is eight flags. */
export function canBeAbsent(field: FieldSpec): boolean {
	return field.role === "value" || field.role === "spread";
}
