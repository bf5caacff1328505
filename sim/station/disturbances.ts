/**
 * What befalls a station and its probes beside the river: slime, bubbles, air, a technician, a winter. A
 * scenario is a river with some of these; all are functions of time (and of random numbers that the seed
 * decides), without state.
 */

import type { RandomSource } from "../../src/core/random.js";
import type { BatteryChemistry } from "../board/battery-cells.js";
import type { Electrode } from "../probes/ailments.js";
import type { WaterState } from "../river/water.js";

export interface Disturbances {
	/** What the probes are in, in place of the river: a film over the optics, the air. */
	readonly surroundings?: (water: WaterState, utcSeconds: number) => WaterState;
	/** What the optics make of a turbidity in one signal of a burst: bubbles, daylight. */
	readonly optics?: (turbidity: number, utcSeconds: number, random: RandomSource) => number;
	/** The pH electrode answers so many times more slowly than a clean one. */
	readonly electrodeSlowness?: (utcSeconds: number) => number;
	/** Slope and offset of the electrode as it ages; an ideal one without it. */
	readonly electrode?: (utcSeconds: number) => Electrode;
	/** What the cell makes of a conductivity: 0.97 of one that has fouled by 3 %. */
	readonly cellPart?: (utcSeconds: number) => number;
	/** pH that the conductivity circuit's current adds while that circuit is awake: no isolation. */
	readonly couplingPH?: number;
	/** Part of the usual sunshine, 0..1. */
	readonly sun?: (utcSeconds: number) => number;
	/** In place of a new battery that is full. */
	readonly battery?: {
		readonly capacityMilliwattHours: number;
		readonly chargeMilliwattHours: number;
		/** A lead battery with a straight line of voltage without it. */
		readonly chemistry?: BatteryChemistry;
		/** Of what it holds, what the cold leaves, 0..1. */
		readonly coldPart?: (utcSeconds: number) => number;
	};
	/** What the panel gives, in place of the usual one's, milliwatts. */
	readonly solarMilliwatts?: (utcSeconds: number) => number;
	/** How likely the supply breaks down somewhere in a wake that begins now, 0..1. */
	readonly brownOut?: (utcSeconds: number) => number;
	/** Technicians at the station, in the order of their coming; they do not overlap. */
	readonly visits?: readonly LineVisit[];
}

export interface LineVisit {
	/** When the line is plugged in, Unix seconds, and for how long, seconds. */
	readonly utcSeconds: number;
	readonly seconds: number;
	/** Points of calibration that the pH circuit holds from then on: 0, 1 (mid) or 3. */
	readonly pHPoints?: number;
}
