/** What the processor switches: the rails of the probes and the loop, itself and its radio. */
import { SimulatedI2CBus } from "../bus/i2c-bus.js";
import type { RadioState } from "../network/wire.js";
import type { StationObserver, SuppliedPart } from "../station/observer.js";
import type { ChosenProbes } from "./chosen-probes.js";
import type { VirtualClock } from "./clock.js";
import type { Supply } from "./supply.js";

export interface SwitchesOptions {
	readonly clock: VirtualClock;
	readonly supply: Supply;
	readonly chosen: ChosenProbes;
	/** Called before every operation on the probes' bus. */
	readonly beforeOperation: () => void;
}

export class Switches {
	/** Told of what gets power. */
	observer: StationObserver | undefined;
	/** Clamped while its rail is off. */
	readonly probeBus: SimulatedI2CBus;
	readonly #options: SwitchesOptions;
	/** The idle processor may sleep lightly. */
	mayLightSleep = false;
	#isProbeRailOn = false;
	#isLoopRailOn = false;
	#radio: RadioState = "off";

	constructor(options: SwitchesOptions) {
		const { clock, beforeOperation } = options;
		this.#options = options;
		const isClamped = (): boolean => !this.#isProbeRailOn;
		this.probeBus = new SimulatedI2CBus({ clock, beforeOperation, isClamped });
	}

	get isProbeRailOn(): boolean {
		return this.#isProbeRailOn;
	}

	get isLoopRailOn(): boolean {
		return this.#isLoopRailOn;
	}

	get isRadioOn(): boolean {
		return this.#radio !== "off";
	}

	/** What has power. */
	get supplied(): SuppliedPart[] {
		const parts: SuppliedPart[] = [];
		if (this.isProbeRailOn) parts.push("probes");
		if (this.isLoopRailOn) parts.push("loop");
		if (this.isRadioOn) parts.push("radio");
		return parts;
	}

	switchProbes(isOn: boolean): void {
		if (isOn === this.#isProbeRailOn) return;
		this.#isProbeRailOn = isOn;
		this.probeBus.setPower(isOn);
		this.#options.chosen.switchProbes(isOn);
		this.observer?.switched("probes", isOn);
	}

	switchLoop(isOn: boolean): void {
		if (isOn !== this.#isLoopRailOn) this.observer?.switched("loop", isOn);
		this.#isLoopRailOn = isOn;
		this.#options.chosen.switchTurbidity(isOn);
		this.#options.supply.drawLoop(isOn);
	}

	/** The processor has nothing to do for so long. */
	wait(microseconds: number): void {
		if (this.mayLightSleep && !this.isRadioOn) this.#options.supply.lightSleep(microseconds);
	}

	setProcessor(isRunning: boolean): void {
		this.mayLightSleep = false;
		this.#options.supply.drawProcessor(isRunning);
	}

	setRadio(state: RadioState): void {
		const isOn = state !== "off";
		if (isOn !== this.isRadioOn) this.observer?.switched("radio", isOn);
		this.#radio = state;
		this.#options.supply.drawRadio(state);
	}
}
