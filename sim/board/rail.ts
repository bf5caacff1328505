/** A switched supply of the simulated board. */
import type { PowerRail } from "../../src/firmware/ports.js";

/** Calls `onSwitched` on every real change; what hangs on the rail is its business. */
export class SimulatedRail implements PowerRail {
	readonly #onSwitched: (isOn: boolean) => void;
	#isOn = false;

	constructor(onSwitched: (isOn: boolean) => void) {
		this.#onSwitched = onSwitched;
	}

	get isOn(): boolean {
		return this.#isOn;
	}

	on(): void {
		this.#switch(true);
	}

	off(): void {
		this.#switch(false);
	}

	#switch(isOn: boolean): void {
		if (isOn === this.#isOn) return;
		this.#isOn = isOn;
		this.#onSwitched(isOn);
	}
}
