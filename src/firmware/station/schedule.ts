/** When readings are due: aligned to UTC where it is known, else one interval after the last. */

export interface ReadingScheduleOptions {
	/** The board's clock now. */
	readonly nowMilliseconds: number;
	/** When the last reading was due or made, on the same clock. */
	readonly lastMilliseconds: number;
	readonly intervalSeconds: number;
	/** Unix seconds now, or undefined. */
	readonly utcSeconds: number | undefined;
}

/** On a low battery there is a reading where there were three: most of the energy goes into those. */
const LOW_BATTERY_FACTOR = 3;
/** An hour between readings is the most that sparing makes of a shorter interval. */
const SPARING_SECONDS_MAX = 3600;

/** Seconds between readings, as configured or, on a low battery, more rarely. */
export function readingIntervalSecondsOf(configuredSeconds: number, isBatteryLow: boolean): number {
	if (!isBatteryLow) return configuredSeconds;
	const spared = Math.min(configuredSeconds * LOW_BATTERY_FACTOR, SPARING_SECONDS_MAX);
	return Math.max(configuredSeconds, spared);
}

/**
 * Next due time on the board's clock, always in the future. UTC counts whole seconds, so the second
 * has begun already when it is read and the wake comes at or up to a second after the boundary,
 * never before it: no boundary is met twice.
 */
export function nextReadingMilliseconds(options: ReadingScheduleOptions): number {
	const { nowMilliseconds, lastMilliseconds, intervalSeconds, utcSeconds } = options;
	if (utcSeconds !== undefined) {
		const untilSeconds = intervalSeconds - (utcSeconds % intervalSeconds);
		return nowMilliseconds + untilSeconds * 1000;
	}
	const interval = intervalSeconds * 1000;
	const missed = Math.floor((nowMilliseconds - lastMilliseconds) / interval);
	return lastMilliseconds + (Math.max(missed, 0) + 1) * interval;
}
