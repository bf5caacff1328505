/** What can be seen of a station at its ports, from outside: when it runs, and what has power. */
import type { ResetReason, WakeCause } from "../../src/firmware/ports.js";

export type SuppliedPart = "probes" | "loop" | "radio";

/** Told of everything in the order in which it happens; the world's clock says when. */
export interface StationObserver {
	/** The processor starts; `boardMicroseconds` is what the board's own clock says then. */
	woke(reason: ResetReason, cause: WakeCause, boardMicroseconds: number): void;
	/** The firmware asks for deep sleep and leaves these parts with power. */
	slept(supplied: readonly SuppliedPart[]): void;
	/** The firmware or its watchdog resets the processor. */
	wasReset(): void;
	/** Power is gone. */
	lostPower(): void;
	/** A part gets power, or loses it. */
	switched(part: SuppliedPart, isOn: boolean): void;
}
