/** Lets the clocks of sleeping stations pass the time in which nothing happens. */
import type { SimulatedStation } from "../station/station.js";

/** A sleeping station's clock stands where it fell asleep: lets it catch up, as far as nothing is due. */
export function catchUp(station: SimulatedStation, utcSeconds: number): void {
	const { clock } = station;
	const now = clock.microseconds + Math.max(utcSeconds - station.utcSeconds, 0) * 1_000_000;
	const next = clock.nextMicroseconds;
	// Just before what is due: advancing must run nothing. A double holds the seconds of today to a
	// quarter of a microsecond: without rounding a full hour would end a microsecond early.
	const last = Math.round(next === undefined ? now : Math.min(now, next - 1));
	if (last > clock.microseconds) clock.advanceTo(last);
}
