/** Lets a scenario's disturbances happen to a station: breakdowns of its supply, visits of technicians. */
import { fraction, integerBelow, type RandomSource } from "../../src/core/random.js";
import type { Disturbances, LineVisit } from "./disturbances.js";

/** Half of the wakes that only measure have 98 operations or fewer; one with an upload has a thousand. */
const OPERATIONS_MAX = 110;
const OUTAGE_SECONDS_MIN = 20;
const OUTAGE_SECONDS_MAX = 600;

/** What disturbances can do to a station. */
export interface DisturbanceTarget {
	readonly clock: { createAlarm(callback: () => void): { schedule(milliseconds: number): void } };
	readonly console: { attach(onBytes: (bytes: Uint8Array) => void): void; detach(): void };
	readonly hardware: { calibratePH(points: number): void };
	/** World's time, Unix seconds. */
	readonly utcSeconds: number;
	cutPowerAfter(operations: number, outageSeconds: number, reason: "brown-out"): void;
}

export class DisturbancePlayer {
	readonly #station: DisturbanceTarget;
	readonly #disturbances: Disturbances | undefined;
	readonly #random: RandomSource;

	/** Visits before the station's present are over; what was changed then is changed. */
	constructor(
		station: DisturbanceTarget,
		disturbances: Disturbances | undefined,
		random: RandomSource,
	) {
		this.#station = station;
		this.#disturbances = disturbances;
		this.#random = random;
		for (const visit of disturbances?.visits ?? []) this.#schedule(visit);
	}

	/** A wake begins. */
	atWake(): void {
		const likelihood = this.#disturbances?.brownOut?.(this.#station.utcSeconds) ?? 0;
		if (likelihood === 0 || fraction(this.#random) >= likelihood) return;
		const outageSeconds =
			OUTAGE_SECONDS_MIN + integerBelow(this.#random, OUTAGE_SECONDS_MAX - OUTAGE_SECONDS_MIN);
		const operations = 1 + integerBelow(this.#random, OPERATIONS_MAX);
		this.#station.cutPowerAfter(operations, outageSeconds, "brown-out");
	}

	#schedule(visit: LineVisit): void {
		const { clock, console, hardware, utcSeconds } = this.#station;
		const inSeconds = visit.utcSeconds - utcSeconds;
		const calibrate = (): void => {
			if (visit.pHPoints !== undefined) hardware.calibratePH(visit.pHPoints);
		};
		if (inSeconds < 0) {
			calibrate();
			return;
		}
		const leaving = clock.createAlarm(() => console.detach());
		const coming = clock.createAlarm(() => {
			calibrate();
			console.attach(() => {});
			leaving.schedule(visit.seconds * 1000);
		});
		coming.schedule(inSeconds * 1000);
	}
}
