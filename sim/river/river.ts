/**
 * The river as truth: what a perfect instrument would read at an instant. Scenarios are formulas of
 * time and a seed, without state, so that any instant can be asked for in any order.
 */

import type { Incidents } from "../station/incidents.js";

/** The water at one place and instant. */
export interface WaterState {
	/** pH units. */
	readonly pH: number;
	/** Specific conductance at 25 degC, microsiemens per centimetre. */
	readonly conductivityAt25MicrosiemensPerCm: number;
	/** Formazin units; an instrument around an honest zero also reads small negatives. */
	readonly turbidityFormazinUnits: number;
	/** Degrees Celsius. */
	readonly temperatureCelsius: number;
}

export type WaterChannel = keyof WaterState;

export interface River {
	/** Name for people, for example "quiet Bor". */
	readonly name: string;
	/** The water at `utcSeconds` (fractions allowed). Pure. */
	at(utcSeconds: number): WaterState;
	/** Of which channels nothing is known then: their probes do not answer. Absent: all are known. Pure. */
	unknownAt?(utcSeconds: number): readonly WaterChannel[];
	/** Last instant that the river knows, or undefined when it flows for ever. */
	readonly lastUtcSeconds: number | undefined;
	/** First instant that the river knows, or undefined. */
	readonly firstUtcSeconds: number | undefined;
	/** What befalls the station in it; absent: nothing. `at` is the water, whatever happens. */
	readonly incidents?: Incidents;
}
