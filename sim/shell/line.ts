/**
 * Plugging into a simulated station's serial port from outside its world: at the instant to which
 * the world has come, which the station's own clock may not have reached while it slept.
 */
import type { SimulatedStation } from "../station.js";

/** Lets the station's clock catch up with `utcSeconds`, as far as nothing is due before. */
export function catchUp(station: SimulatedStation, utcSeconds: number): void {
	const { clock } = station;
	const now = clock.microseconds + Math.max(utcSeconds - station.utcSeconds, 0) * 1_000_000;
	const next = clock.nextMicroseconds;
	// Just before what is due: advancing must run nothing.
	const last = next === undefined ? now : Math.min(now, next - 1);
	if (last > clock.microseconds) clock.advanceTo(Math.floor(last));
}
