/** What an event is: the thresholds that a configuration sets, and the fixed numbers of the rule (docs/EVENTS.md). */
import { log } from "../../core/elementary.js";

/** Changes with anything in this room that changes a claim. */
export const EVENT_RULE_VERSION = 1;

/** The rows of a configuration that concern events. */
export interface EventThresholds {
	/** Seconds between readings during an event; 0: the station looks for none. */
	readonly eventIntervalSeconds: number;
	/** Rise of conductivity that opens a watch where pH falls with it, thousandths. */
	readonly eventWatchPerMille: number;
	/** Rise that is an alarm by itself, thousandths. */
	readonly eventStrongPerMille: number;
	/** Fall of pH below its own course that makes a watch an alarm, 0.001. */
	readonly eventAcidMilliPH: number;
}

/** Steps of the logarithm of conductivity: 0.0002, so that 16 bits reach 490 000 uS/cm. */
export const STEPS_PER_E = 5000;

/** Of a conductivity above zero, uS/cm; steps of its logarithm. */
export function stepsOf(microsiemens: number): number {
	return Math.min(Math.max(Math.round(STEPS_PER_E * log(microsiemens)), 0), 0xffff);
}

/** Steps that a rise of so many thousandths is. */
export function riseOf(perMille: number): number {
	return Math.round(STEPS_PER_E * log(1 + perMille / 1000));
}
