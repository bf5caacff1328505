/**
 * The river as truth: what a perfect instrument would read at an instant. Scenarios are formulas of
 * time and a seed, without state, so that any instant can be asked for in any order.
 */

import type { Disturbances } from "../station/disturbances.js";
import type { WaterChannel, WaterState } from "./water.js";

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
	readonly disturbances?: Disturbances;
}
