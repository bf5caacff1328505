/**
 * Probes without buses: what the firmware measures with when a run is about the journal and the
 * network, and years must pass in seconds. Same timing shape, values straight from the river.
 */

import type { WaterProbes } from "../../src/firmware/measure/probes.js";
import type { Sensor } from "../../src/firmware/measure/sensor.js";
import { conductivityAt } from "../river/conduction.js";
import type { WaterState } from "../river/water.js";
import type { LoopScale } from "./turbidity-loop.js";

export interface DirectProbesOptions extends LoopScale {
	readonly water: () => WaterState;
	readonly batteryVolts: () => number;
}

/** One code of the converter at +-4.096 V. */
const CODE_MICROVOLTS = 125;

export function openDirectProbes(options: DirectProbesOptions): WaterProbes {
	const { water, shuntOhms, turbidityAt4Milliampere, turbidityAt20Milliampere } = options;
	return {
		pH: {
			...sensor(900, () => ({ pHMeter: { pH: rounded(water().pH, 1000), calibrationPoints: 3 } })),
			configure: () => {},
			sleep: () => {},
		},
		conductivity: {
			...sensor(600, () => {
				const { conductivityAt25MicrosiemensPerCm, temperatureCelsius } = water();
				const conductivity = conductivityAt(
					{ kind: "natural" },
					conductivityAt25MicrosiemensPerCm,
					temperatureCelsius,
				);
				return {
					conductivityMeter: { conductivity: rounded(conductivity, 10), calibrationPoints: 2 },
				};
			}),
			sleep: () => {},
		},
		temperature: sensor(600, () => ({
			thermometer: { temperature: rounded(water().temperatureCelsius, 1000) },
		})),
		turbidity: sensor(10, () => {
			const span = turbidityAt20Milliampere - turbidityAt4Milliampere;
			const part = (water().turbidityFormazinUnits - turbidityAt4Milliampere) / span;
			const microvolts = (4 + 16 * part) * shuntOhms * 1000;
			return {
				turbidimeter: {
					signalMicrovolts: Math.round(microvolts / CODE_MICROVOLTS) * CODE_MICROVOLTS,
					range: 0,
					state: "good" as const,
				},
			};
		}),
		battery: sensor(10, () => ({ battery: { voltage: options.batteryVolts() } })),
		close: () => {},
	};
}

function sensor<Sample>(milliseconds: number, sample: () => Sample): Sensor<Sample> {
	return {
		warmUpMilliseconds: 500,
		pollMilliseconds: 100,
		begin: () => milliseconds,
		sample,
		close: () => {},
	};
}

function rounded(value: number, steps: number): number {
	return Math.round(value * steps) / steps;
}
