/** What all optical turbidity probes do in extreme water. */
import { exp } from "../../src/core/elementary.js";

/**
 * Signal of a probe, as turbidity, in water of so much turbidity: beyond its scale the light is
 * swallowed on its way and the reading falls back into the valid range. `rollOver` is the turbidity
 * at which it is highest, three to four times the full scale (USGS, and HESS 22-1767-2018).
 */
export function rolledOver(turbidity: number, rollOver: number): number {
	return turbidity * exp(-turbidity / rollOver);
}
