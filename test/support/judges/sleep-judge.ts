/** Judges how the firmware leaves the board: nothing that only a measurement or a session needs is on. */
import type { Sleep } from "../../../sim/station/station-state.js";

/** What is wrong, a sentence each; none may be. */
export function judgeSleeps(sleeps: readonly Sleep[]): readonly string[] {
	const violations: string[] = [];
	for (const sleep of sleeps) {
		const on = [
			sleep.isProbeRailOn ? "the probes' rail" : "",
			sleep.isLoopRailOn ? "the loop's rail" : "",
			sleep.isRadioOn ? "the radio" : "",
		].filter((name) => name !== "");
		if (on.length === 0) continue;
		const seconds = Math.round(sleep.milliseconds / 1000);
		violations.push(
			`asleep for ${seconds} s at ${Math.round(sleep.utcSeconds)} with ${on.join(", ")} on`,
		);
	}
	return violations;
}
