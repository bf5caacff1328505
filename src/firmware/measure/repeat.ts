/**
 * A channel measured until two samples in a row agree: nothing on the wires has a checksum, and a corrupt digit
 * is a plausible number.
 */
import { StationError } from "../../core/errors.js";
import type { Task } from "../../core/task.js";
import type { ChannelName } from "../../protocol/record/channels.js";
import { CHANNEL_FLAGS } from "../../protocol/record/reading.js";
import type { Watchdog } from "../ports.js";
import { acquire } from "./acquire.js";
import type { ProbeSession } from "./probe-session.js";
import type { Sensor, SleepingSensor } from "./sensor.js";

/**
 * Readings for two in a row that agree: one corrupt byte costs two more; five allow two of them.
 */
const READINGS_MAX = 5;

export const FAILED = CHANNEL_FLAGS.absent | CHANNEL_FLAGS.fault;

/** What measuring one channel came to. */
export interface Measured {
	readonly value: number | undefined;
	/** CHANNEL_FLAGS. */
	flags: number;
	readonly spread?: number | undefined;
	readonly range?: number;
}

/** The last of the readings, the one before it, and whether the two agreed. */
export interface Repeated<Sample> {
	readonly sample: Sample;
	readonly previous: Sample;
	readonly isStable: boolean;
}

/** `sensor` is asked before each sample, and makes the probe ready for it; undefined when the probe has failed. */
export function* repeat<Sample>(
	session: ProbeSession,
	watchdog: Watchdog,
	channel: ChannelName,
	sensor: () => Sensor<Sample>,
	agrees: (a: Sample, b: Sample) => boolean,
): Task<Repeated<Sample> | undefined> {
	const recovery = session.recoveryFor(channel);
	let previous: Sample | undefined;
	for (let count = 1; ; count++) {
		const sample = yield* acquire(sensor, watchdog, recovery);
		if (sample === undefined) return undefined;
		const isStable = previous !== undefined && agrees(previous, sample);
		if (previous !== undefined && (isStable || count === READINGS_MAX)) {
			session.noteMeasured(channel);
			return { sample, previous, isStable };
		}
		previous = sample;
	}
}

export function unstable(repeated: { readonly isStable: boolean }): number {
	return repeated.isStable ? 0 : CHANNEL_FLAGS.unstable;
}

export function isWithin(a: number, b: number, tolerance: number): boolean {
	// A millionth of the tolerance for decimal fractions that binary cannot hold.
	return Math.abs(a - b) <= tolerance * 1.000001;
}

/** False when the command failed; the circuit's own measurement will report what is wrong with it. */
export function tryToSleep(circuit: Partial<SleepingSensor>): boolean {
	try {
		circuit.sleep?.();
		return true;
	} catch (error) {
		if (!(error instanceof StationError)) throw error;
		return false;
	}
}
