/** The simulated world of `npm start`: stations over files, advanced against a collector. */
import type { SavedStation } from "../station/station-state.js";
import { World } from "../station/world.js";
import { catchUp } from "./catch-up.js";
import { type PlayedStation, playStation, type SimulationOptions } from "./played-station.js";

export class Simulation {
	readonly world: World;
	readonly played: readonly PlayedStation[];
	readonly #startUtcSeconds: number;

	constructor(options: SimulationOptions) {
		this.#startUtcSeconds = options.startUtcSeconds;
		this.played = options.stations.map((described, index) =>
			playStation(options, described, options.saved?.[index] as SavedStation | undefined),
		);
		this.world = new World(this.played.map(({ station }) => station));
	}

	/** Simulated seconds since the very first start. */
	get simulatedSeconds(): number {
		return this.utcSeconds - this.#startUtcSeconds;
	}

	/** How far the world has come, Unix seconds: never back, whichever station acts. */
	get utcSeconds(): number {
		return Math.max(...this.played.map(({ station }) => station.utcSeconds));
	}

	/** True when each station's journal has been acknowledged to its last entry. */
	get isDelivered(): boolean {
		return this.played.every(
			({ newestSequence, witness }) => witness.acknowledgedCursor >= newestSequence,
		);
	}

	/** Steps once, or waits for the outside. False when nothing is left to happen. */
	async step(): Promise<boolean> {
		const waiting = this.world.waiting;
		if (waiting !== undefined) {
			await new Promise<void>((resolve) => {
				waiting.network.onSettled = resolve;
			});
			waiting.network.onSettled = undefined;
			return true;
		}
		const hasStepped = this.world.step();
		for (const each of this.played) each.requireWritten();
		return hasStepped;
	}

	/** Until the next event lies after `endUtcSeconds`. */
	async playUntil(endUtcSeconds: number): Promise<void> {
		while ((this.world.nextUtcSeconds ?? Number.POSITIVE_INFINITY) <= endUtcSeconds) {
			await this.step();
		}
	}

	/** Nothing is due before `utcSeconds`, and all sleep: that time passes too. */
	passUntil(utcSeconds: number): void {
		for (const { station } of this.played) if (station.isAsleep) catchUp(station, utcSeconds);
	}

	/** Until every station sleeps and nothing is under way outside. */
	async untilAllSleep(onStep?: () => void): Promise<void> {
		const { world } = this;
		while (world.waiting !== undefined || world.stations.some((station) => !station.isAsleep)) {
			await this.step();
			onStep?.();
		}
	}

	/**
	 * Presses the service button of every station that has something left, until everything is
	 * acknowledged; false when that took longer than `boundSeconds` of the world.
	 */
	async settle(boundSeconds: number, onStep?: () => void): Promise<boolean> {
		const boundUtcSeconds = this.world.utcSeconds + boundSeconds;
		await this.untilAllSleep(onStep);
		while (!this.isDelivered) {
			if (this.world.utcSeconds > boundUtcSeconds) return false;
			const pressed = this.played
				.filter(({ witness, newestSequence }) => witness.acknowledgedCursor < newestSequence)
				.map(({ station }) => station);
			// Pressed now, not at the moment at which its station fell asleep.
			this.passUntil(this.utcSeconds);
			for (const station of pressed) station.pressServiceButton();
			while (pressed.every((station) => station.isAsleep)) await this.step();
			await this.untilAllSleep(onStep);
		}
		return true;
	}

	/** States of all stations; each must be asleep. */
	save(): SavedStation[] {
		return this.played.map(({ station }) => station.save());
	}

	close(): void {
		for (const each of this.played) each.close();
	}
}
