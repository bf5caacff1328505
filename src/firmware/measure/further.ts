/**
 * Channels that need no dance of their own: measured after conductivity while its circuit sleeps, and told what
 * that and the thermometer said of the water.
 */
import type { Task } from "../../core/task.js";
import type { ChannelName } from "../../protocol/record/channels.js";
import { CHANNEL_FLAGS } from "../../protocol/record/reading.js";
import type { Watchdog } from "../ports.js";
import type { ProbeSession } from "./probe-session.js";
import { FAILED, isWithin, type Measured, repeat, tryToSleep, unstable } from "./repeat.js";
import type { FurtherSample, FurtherSensor, Surroundings } from "./sensor.js";

/** `scale` steps of the record are one unit of the channel. */
export function* measureFurther(
	session: ProbeSession,
	watchdog: Watchdog,
	name: ChannelName,
	scale: number,
	surroundings: Surroundings,
): Task<Measured> {
	const sensor = () => session.probes[name] as FurtherSensor;
	const { warmUpMilliseconds, agreement } = sensor();
	yield* session.warm("probe", warmUpMilliseconds);
	const repeated = yield* repeat<FurtherSample>(
		session,
		watchdog,
		name,
		() => {
			// Its current would reach other cells through the water, as it does the electrode of pH.
			tryToSleep(session.probes.conductivity);
			const probe = sensor();
			probe.configure(surroundings);
			return probe;
		},
		(a, b) => isWithin(a.value, b.value, agreement),
	);
	if (repeated === undefined) return { value: undefined, flags: FAILED };
	const { value, isOutOfRange, isUncompensated, calibrationPoints } = repeated.sample;
	let flags = unstable(repeated);
	if (isOutOfRange) flags |= CHANNEL_FLAGS.outOfRange;
	if (isUncompensated) flags |= CHANNEL_FLAGS.uncompensated;
	if (calibrationPoints === 0) flags |= CHANNEL_FLAGS.uncalibrated;
	return { value: Math.round(value * scale), flags };
}
