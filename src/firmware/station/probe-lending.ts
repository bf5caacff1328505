/**
 * The probes are the cycle's; between two readings it lends them to a technician's command, which gives them back before
 * the next one is due.
 */
import { Signal, type Task } from "../../core/task.js";
import type { Lease } from "../calibration/calibration-controller.js";
import type { Watchdog } from "../ports.js";

export class ProbeLending {
	readonly #wake: () => void;
	#wanted: Signal<number> | undefined;
	#returned: Signal<true> | undefined;

	/** `wake`: the cycle shall look around. */
	constructor(wake: () => void) {
		this.#wake = wake;
	}

	get isWanted(): boolean {
		return this.#wanted !== undefined;
	}

	/** Waits for them, so many milliseconds at most. A task that is cancelled meanwhile has nothing. */
	*borrow(milliseconds: number): Task<Lease | undefined> {
		const wanted = new Signal<number>();
		this.#wanted = wanted;
		this.#wake();
		let isTaken = false;
		try {
			const endMilliseconds = yield* wanted.wait(milliseconds);
			isTaken = endMilliseconds !== undefined;
			return endMilliseconds === undefined
				? undefined
				: { endMilliseconds, release: () => this.#returned?.set(true) };
		} finally {
			if (this.#wanted === wanted) this.#wanted = undefined;
			if (!isTaken && wanted.isSet) this.#returned?.set(true);
		}
	}

	/** Lends them until then on the board's clock, and waits until they are back. */
	*lend(endMilliseconds: number, watchdog: Watchdog): Task<void> {
		const wanted = this.#wanted;
		if (wanted === undefined) return;
		const returned = new Signal<true>();
		this.#returned = returned;
		this.#wanted = undefined;
		wanted.set(endMilliseconds);
		while (!returned.isSet) {
			watchdog.feed();
			yield* returned.wait(watchdog.timeoutMilliseconds / 2);
		}
		this.#returned = undefined;
	}
}
