/** The water around a station, and the probes in it, which follow it with a lag. */
import type { SeededRandom } from "../../src/core/random.js";
import { type Ailments, noAilments, shownPH } from "../probes/ailments.js";
import type { ProbeMedium } from "../probes/bottles.js";
import { LaggingProbe } from "../probes/lagging-probe.js";
import { type ConductionLaw, conductivityAt } from "../river/conduction.js";
import type { River } from "../river/river.js";
import type { WaterChannel, WaterState } from "../river/water.js";
import type { VirtualClock } from "./clock.js";

export interface WaterProbesOptions {
	readonly clock: VirtualClock;
	readonly utcSeconds: () => number;
	readonly river: River;
	readonly conduction: ConductionLaw;
	/** A stream of its own for each name. */
	readonly randomFor: (name: string) => SeededRandom;
}

/** Where hands have put the probes, and what ails them. */
export interface Hands {
	/** Undefined: in the river. */
	medium: ProbeMedium | undefined;
	readonly ailments: Ailments;
}

export interface WaterSurroundings {
	/** At this instant. */
	water(): WaterState;
	/** False where a recorded river says nothing of a channel: its probe is as if unplugged. */
	isKnown(channel: WaterChannel): boolean;
}

/** The river as the station's disturbances let it be. Several probes ask for the water of one instant. */
function surroundingsOf(
	{ clock, utcSeconds, river }: WaterProbesOptions,
	hands: Hands,
): WaterSurroundings {
	const surroundings = river.disturbances?.surroundings ?? ((state: WaterState) => state);
	const waterNow = (): WaterState => surroundings(river.at(utcSeconds()), utcSeconds());
	let askedMicroseconds = clock.microseconds;
	let asked = waterNow();
	let soughtMicroseconds = Number.NaN;
	let unknown: readonly WaterChannel[] = [];
	return {
		water: () => {
			const { medium } = hands;
			if (medium !== undefined) {
				return {
					pH: medium.pH,
					temperatureCelsius: medium.celsius,
					turbidityFormazinUnits: medium.turbidityFormazinUnits,
					// Nobody asks: the conductivity of a bottle is stated at its own temperature.
					conductivityAt25MicrosiemensPerCm: medium.microsiemens,
				};
			}
			if (clock.microseconds !== askedMicroseconds) {
				askedMicroseconds = clock.microseconds;
				asked = waterNow();
			}
			return asked;
		},
		isKnown: (channel) => {
			if (river.unknownAt === undefined) return true;
			if (clock.microseconds !== soughtMicroseconds) {
				soughtMicroseconds = clock.microseconds;
				unknown = river.unknownAt(utcSeconds());
			}
			return !unknown.includes(channel);
		},
	};
}

export type SimulatedProbes = ReturnType<typeof createWaterProbes>;

export function createWaterProbes(options: WaterProbesOptions) {
	const { clock, utcSeconds, river, conduction, randomFor } = options;
	const { disturbances } = river;
	const hands: Hands = { medium: undefined, ailments: noAilments() };
	const { ailments } = hands;
	const surroundings = surroundingsOf(options, hands);
	const { water } = surroundings;
	const seconds = (): number => clock.microseconds / 1_000_000;
	/** A probe that follows its quantity with a time constant; noise is one standard deviation. */
	const probe = (
		name: string,
		truth: () => number,
		responseSeconds: number,
		noise: (reading: number) => number,
		slowness = (): number => 1,
	): LaggingProbe =>
		new LaggingProbe({ seconds, truth, responseSeconds, noise, slowness, random: randomFor(name) });
	const pHProbe = probe(
		"pH",
		() => water().pH,
		8,
		() => 0.002,
		() => (disturbances?.electrodeSlowness?.(utcSeconds()) ?? 1) * ailments.slowness,
	);
	const temperatureProbe = probe(
		"temperature",
		() => water().temperatureCelsius,
		6,
		() => 0.004,
	);
	const conductivityProbe = probe(
		"conductivity",
		() => {
			if (hands.medium !== undefined) return hands.medium.microsiemens;
			const { conductivityAt25MicrosiemensPerCm, temperatureCelsius } = water();
			return conductivityAt(conduction, conductivityAt25MicrosiemensPerCm, temperatureCelsius);
		},
		1,
		(reading) => reading * 0.0005,
	);
	const turbidityProbe = probe(
		"turbidity",
		() => water().turbidityFormazinUnits,
		2,
		(reading) => 0.15 + 0.01 * Math.abs(reading),
	);

	const bubbles = randomFor("bubbles");
	const optics = (): number => {
		const turbidity = turbidityProbe.read() * ailments.opticsPart + ailments.film;
		return disturbances?.optics?.(turbidity, utcSeconds(), bubbles) ?? turbidity;
	};
	/** What the circuits are given: probes as they are, with what ails them. */
	const electrodePH = (): number => {
		const electrode = ailments.electrode ?? disturbances?.electrode?.(utcSeconds());
		return ailments.stuckPH ?? shownPH(pHProbe.read(), water().temperatureCelsius, electrode);
	};
	const cellMicrosiemens = (): number =>
		conductivityProbe.read() * ailments.cellPart * (disturbances?.cellPart?.(utcSeconds()) ?? 1);
	const resistorCelsius = (): number => temperatureProbe.read() + ailments.celsiusOff;
	const given = { optics, electrodePH, cellMicrosiemens, resistorCelsius };
	return { ...surroundings, hands, probe, temperatureProbe, ...given };
}
