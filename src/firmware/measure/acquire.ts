/** One sample from a probe, with the waiting that drivers do not do. */
import { StationError } from "../../core/errors.js";
import type { Task } from "../../core/task.js";
import type { Watchdog } from "../ports.js";
import type { Sensor } from "./sensor.js";

/**
 * Longest from `begin` to a sample, milliseconds: a circuit that must be woken and set up has five
 * commands (i, O, Cal, T, R), and one that is ill but alive was given 3 s for each.
 */
export const SAMPLE_DEADLINE_MILLISECONDS = 15_000;

/** Pauses in slices no longer than half the watchdog's time-out, feeding it before each. */
export function* pauseFed(milliseconds: number, watchdog: Watchdog): Task<void> {
	const slice = Math.max(Math.floor(watchdog.timeoutMilliseconds / 2), 1);
	let left = milliseconds;
	do {
		watchdog.feed();
		const now = Math.min(left, slice);
		yield { milliseconds: now };
		left -= now;
	} while (left > 0);
	watchdog.feed();
}

/** What is done about a probe that gives no sample. */
export interface RecoverySteps {
	/** It gave one. */
	succeeded(): void;
	/** Does the next thing that may help; false when there is none left. */
	next(error: StationError): Task<boolean>;
}

/** A sample or nothing, and no second try. */
export const NO_RECOVERY_STEPS: RecoverySteps = Object.freeze({
	succeeded: () => {},
	// biome-ignore lint/correctness/useYield: a task that need not wait
	*next() {
		return false;
	},
});

/**
 * Begins and polls until there is a sample, with what `remedies` have to try in between; undefined when
 * they are used up. `sensor` is asked for the probe before each try: a remedy may have opened it anew.
 * What is no StationError is no error of a probe and passes through.
 */
export function* acquire<Sample>(
	sensor: () => Sensor<Sample>,
	watchdog: Watchdog,
	recovery: RecoverySteps,
): Task<Sample | undefined> {
	for (;;) {
		try {
			const probe = sensor();
			let wait = probe.begin();
			for (let waited = 0; waited <= SAMPLE_DEADLINE_MILLISECONDS; ) {
				if (wait > watchdog.timeoutMilliseconds / 2) {
					yield* pauseFed(wait, watchdog);
				} else {
					// The usual case, a few dozen times in each reading: no generator only to wait.
					watchdog.feed();
					yield { milliseconds: wait };
					watchdog.feed();
				}
				waited += Math.max(wait, 1);
				const sample = probe.sample();
				if (sample !== undefined) {
					recovery.succeeded();
					return sample;
				}
				wait = probe.pollMilliseconds;
			}
			throw new StationError(
				"probe-timeout",
				`no answer within ${SAMPLE_DEADLINE_MILLISECONDS / 1000} s of the command`,
			);
		} catch (error) {
			if (!(error instanceof StationError)) throw error;
			if (!(yield* recovery.next(error))) return undefined;
		}
	}
}
