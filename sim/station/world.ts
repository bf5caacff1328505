/**
 * Several stations, each on its own clock, advanced together: always the one whose next event comes
 * first, in station order where two come at once. While a request is out to a real server nothing
 * moves, so a run stays a function of its seed.
 */
import type { SimulatedStation } from "./station.js";

export class World {
	readonly stations: readonly SimulatedStation[];
	#acting: SimulatedStation | undefined;

	constructor(stations: readonly SimulatedStation[]) {
		this.stations = stations;
	}

	/** Unix seconds of the station that acts now; the collector's clock in a simulation. */
	get utcSeconds(): number {
		return this.#acting?.utcSeconds ?? this.stations[0]?.utcSeconds ?? 0;
	}

	/** The station that waits for an answer from outside, if one does. */
	get waiting(): SimulatedStation | undefined {
		return this.stations.find((station) => station.network.outstanding > 0);
	}

	/** When the next thing happens, Unix seconds, or undefined when nothing ever will. */
	get nextUtcSeconds(): number | undefined {
		const next = this.#next();
		return next === undefined ? undefined : nextUtcSecondsOf(next);
	}

	/** Lets the next thing happen; false when nothing is left. Not while `waiting`. */
	step(): boolean {
		const station = this.#next();
		if (station === undefined) return false;
		this.#acting = station;
		return station.step();
	}

	#next(): SimulatedStation | undefined {
		let next: SimulatedStation | undefined;
		let nextUtcSeconds = Number.POSITIVE_INFINITY;
		for (const station of this.stations) {
			const utcSeconds = nextUtcSecondsOf(station);
			if (utcSeconds !== undefined && utcSeconds < nextUtcSeconds) {
				next = station;
				nextUtcSeconds = utcSeconds;
			}
		}
		return next;
	}
}

function nextUtcSecondsOf(station: SimulatedStation): number | undefined {
	const due = station.clock.nextMicroseconds;
	if (due === undefined) return undefined;
	const inSeconds = Math.max(due - station.clock.microseconds, 0) / 1_000_000;
	return station.utcSeconds + inSeconds;
}
