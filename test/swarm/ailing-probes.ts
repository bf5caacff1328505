/** Probes without buses that fall ill: each ailment is one that a station can notice. */

import { openDirectProbes } from "../../sim/probes/direct-probes.js";
import { loopOf } from "../../sim/probes/turbidity-loop.js";
import type { WaterState } from "../../sim/river/water.js";
import { StationError } from "../../src/core/errors.js";
import { fraction, type RandomSource } from "../../src/core/random.js";
import type { StationConfiguration } from "../../src/firmware/config/configuration.js";
import type { WaterProbes } from "../../src/firmware/measure/probes.js";

/** What ails the probes now. */
export interface Ailments {
	/** The thermometer hangs in the sun. */
	celsius: number | undefined;
	/** Two values in a row never agree. */
	wandering: "temperature" | "pH" | "conductivity" | undefined;
	/** The part does not answer. */
	dead: "temperature" | "pH" | "conductivity" | "turbidity" | undefined;
	/** The level has fallen below the probes. */
	isDry: boolean;
	/** Share of the turbidity converter's transactions that nobody acknowledges, never two in a row. */
	nackShare: number;
	/** What the battery's gauge shows. */
	batteryVolts: number | undefined;
	/** So many measurements end in a bug of the firmware. */
	bugs: number;
	/** How often one did. */
	bugsMet: number;
}

export function noAilments(): Ailments {
	return {
		celsius: undefined,
		wandering: undefined,
		dead: undefined,
		isDry: false,
		nackShare: 0,
		batteryVolts: undefined,
		bugs: 0,
		bugsMet: 0,
	};
}

export interface AilingProbesOptions {
	readonly configuration: StationConfiguration;
	readonly ailments: Ailments;
	readonly random: RandomSource;
	readonly water: () => WaterState;
	readonly batteryVolts: () => number;
}

const DRY_MICROSIEMENS = 4;
const WANDERING = Object.freeze({ temperature: 0.7, pH: 0.3, conductivity: 0.2 });

export function openAilingProbes(options: AilingProbesOptions): WaterProbes {
	const { ailments, random, configuration, water } = options;
	/** By turns up and down, so that no two in a row agree by chance. */
	const turn = { sign: 1, wasNack: false };
	const wandered = (name: keyof typeof WANDERING): number => {
		if (ailments.wandering !== name) return 0;
		turn.sign = -turn.sign;
		return turn.sign * WANDERING[name] * (0.5 + 0.5 * fraction(random));
	};
	const probes = openDirectProbes({
		water,
		batteryVolts: () => ailments.batteryVolts ?? options.batteryVolts(),
		...loopOf(configuration),
	});
	const answering = (name: Ailments["dead"]): void => {
		if (ailments.dead === name) throw new StationError("bus-failed", `${name} does not answer`);
	};
	const { pH, temperature, conductivity, turbidity } = probes;
	/** At the water's temperature, by the law that the record will be read with. */
	const raw = (): number => {
		const { conductivityAt25MicrosiemensPerCm, temperatureCelsius } = water();
		if (ailments.isDry) return DRY_MICROSIEMENS;
		const part = 1 + wandered("conductivity");
		if (configuration.conductivityLaw === "linear") {
			const alpha = configuration.alphaPerMillionPerDegree / 1_000_000;
			return part * conductivityAt25MicrosiemensPerCm * (1 + alpha * (temperatureCelsius - 25));
		}
		return part * (conductivity.sample()?.conductivityMeter.conductivity ?? 0);
	};
	return {
		...probes,
		pH: {
			...pH,
			sample: () => {
				answering("pH");
				const sample = pH.sample();
				if (sample === undefined) return undefined;
				const { pHMeter } = sample;
				return { pHMeter: { ...pHMeter, pH: rounded(pHMeter.pH + wandered("pH")) } };
			},
		},
		temperature: {
			...temperature,
			begin: () => {
				if (ailments.bugs > 0) {
					ailments.bugs--;
					ailments.bugsMet++;
					throw new TypeError("a planted bug");
				}
				return temperature.begin();
			},
			sample: () => {
				answering("temperature");
				const sample = temperature.sample();
				if (sample === undefined) return undefined;
				const celsius = ailments.celsius ?? sample.thermometer.temperature;
				return { thermometer: { temperature: rounded(celsius + wandered("temperature")) } };
			},
		},
		conductivity: {
			...conductivity,
			sample: () => {
				answering("conductivity");
				const value = Math.round(raw() * 10) / 10;
				return { conductivityMeter: { conductivity: value, calibrationPoints: 2 } };
			},
		},
		turbidity: {
			...turbidity,
			sample: () => {
				answering("turbidity");
				const isNack =
					ailments.nackShare > 0 && !turn.wasNack && fraction(random) < ailments.nackShare;
				turn.wasNack = isNack;
				if (isNack) {
					throw new StationError("bus-failed", "one transaction was not acknowledged");
				}
				return turbidity.sample();
			},
		},
	};
}

/** As the circuits print. */
function rounded(value: number): number {
	return Math.round(value * 1000) / 1000;
}
