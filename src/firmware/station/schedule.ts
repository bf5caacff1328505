/**
 * When readings are due: at the boundaries of the interval in UTC where that is known, else one interval
 * after the last. What is due follows from the last reading and is computed anew whenever it is asked
 * for: the board's clock is off in deep sleep, and the interval changes.
 */

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
 * A reading this part of the interval before a boundary serves it: one that was made without a clock, or
 * before the clock was set back. Twice what the board's clock may be off.
 */
const EARLY_PART = 1 / 10;
/** The board's clock in deep sleep: a 150 kHz RC oscillator, 5 % (ESP32 data sheet). */
const BOARD_CLOCK_ERROR = 0.05;
/** Longer sleeps come in two: one of nine minutes ends 28 s late at most, and no reading need say so. */
const SLEEP_WHOLE_MILLISECONDS_MAX = 540_000;

export interface ReadingDueOptions {
	/** The board's clock now. */
	readonly nowMilliseconds: number;
	/** Unix seconds now, or undefined. */
	readonly utcSeconds: number | undefined;
	/** Unix seconds of the last reading, or 0 where there is none of this boot or it had no time. */
	readonly lastUtcSeconds: number;
	/** When the next was due by what was known then, on the board's clock. */
	readonly dueMilliseconds: number;
	readonly intervalSeconds: number;
}

/**
 * When the next reading is due, on the board's clock; in the past when it is overdue. Where UTC is known:
 * at the first boundary that the last reading has not served, however far off the board's clock is by
 * then. UTC counts whole seconds, so the second has begun already when it is read and the wake comes at
 * or up to a second after the boundary.
 */
export function readingDueMilliseconds(options: ReadingDueOptions): number {
	const { nowMilliseconds, utcSeconds, lastUtcSeconds, intervalSeconds } = options;
	if (utcSeconds === undefined || lastUtcSeconds === 0) return options.dueMilliseconds;
	const early = EARLY_PART * intervalSeconds;
	const served = Math.floor((lastUtcSeconds + early) / intervalSeconds);
	const aheadSeconds = (served + 1) * intervalSeconds - utcSeconds;
	if (aheadSeconds <= intervalSeconds + early) return nowMilliseconds + aheadSeconds * 1000;
	// The last reading lies in the future of a clock that was put back: it served none of what is to come. What
	// was due comes when it was, or the next boundary would be put off at each boundary, for ever.
	const nextBoundarySeconds = intervalSeconds - (utcSeconds % intervalSeconds);
	return Math.min(options.dueMilliseconds, nowMilliseconds + nextBoundarySeconds * 1000);
}

/** When the next is due after one that was made without UTC: an interval after that was due. */
export function nextDueMilliseconds(
	nowMilliseconds: number,
	lastDueMilliseconds: number,
	intervalSeconds: number,
): number {
	const interval = intervalSeconds * 1000;
	const missed = Math.floor((nowMilliseconds - lastDueMilliseconds) / interval);
	return lastDueMilliseconds + (Math.max(missed, 0) + 1) * interval;
}

/** How long to sleep towards something that is due in `idleMilliseconds`: then the RTC says what is left. */
export function sleepMillisecondsOf(idleMilliseconds: number): number {
	const isWhole = idleMilliseconds <= SLEEP_WHOLE_MILLISECONDS_MAX;
	return Math.max(isWhole ? idleMilliseconds : idleMilliseconds * (1 - BOARD_CLOCK_ERROR), 1);
}
