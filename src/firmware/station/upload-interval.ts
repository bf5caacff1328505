/**
 * How often to upload: as configured while all is well, more rarely as the battery empties, more often as
 * the journal's ring fills. Steps, not curves: the station keeps its slot within the interval.
 */

/** By battery step; each doubling halves what the radio takes. */
export const BATTERY_FACTORS: readonly number[] = Object.freeze([1, 2, 4, 8]);
/**
 * Where each step begins, millivolts above the configured "low". A rested 12 V lead battery has about
 * 12.7 V full, 12.2 V half full, 11.8 V a fifth and 11.6 V next to nothing; with "low" at 11.8 V the
 * steps are: below half, low, nearly empty.
 */
const STEP_MILLIVOLTS_ABOVE_LOW: readonly number[] = Object.freeze([400, 0, -200]);
/** Rising above a step's beginning by this much ends it; a load step is below it. */
const HYSTERESIS_MILLIVOLTS = 100;
/** By quarters of the ring that no acknowledgement has released. */
const FILL_DIVISORS: readonly number[] = Object.freeze([1, 2, 4, 8]);
/** A full ring hurries no further than this: a session takes a month of readings, and costs 4 s. */
const HURRY_SECONDS_MIN = 600;
/** An empty battery is heard of once a day, unless less often was asked for. */
const SPARING_SECONDS_MAX = 86_400;

/**
 * Index into BATTERY_FACTORS for a measured voltage, with hysteresis about `step`, the last one.
 * `lowMillivolts` is the configured threshold.
 */
export function batteryStepOf(
	batteryMillivolts: number,
	lowMillivolts: number,
	step: number,
): number {
	let next = 0;
	STEP_MILLIVOLTS_ABOVE_LOW.forEach((above, index) => {
		const hysteresis = step > index ? HYSTERESIS_MILLIVOLTS : 0;
		if (batteryMillivolts < lowMillivolts + above + hysteresis) next = index + 1;
	});
	return next;
}

export interface UploadIntervalOptions {
	/** 10..604800. */
	readonly configuredSeconds: number;
	/** The battery makes it so many times as long. */
	readonly batteryFactor: number;
	/** Share of the ring that waits for an acknowledgement, 0..1. */
	readonly waitingShare: number;
}

/**
 * Seconds between uploads. An hour becomes 2, 4 and 8 hours as the battery empties; a day becomes 12, 6 and
 * 3 hours as the ring fills; both together, with a low battery (x 4) and a ring half full (/ 4), are the
 * configured interval again: readings that would be overwritten count more than the battery.
 */
export function uploadIntervalSecondsOf(options: UploadIntervalOptions): number {
	const { configuredSeconds, batteryFactor, waitingShare } = options;
	const quarter = Math.min(Math.floor(Math.max(waitingShare, 0) * 4), FILL_DIVISORS.length - 1);
	const divisor = FILL_DIVISORS[quarter] ?? 1;
	const least = Math.min(configuredSeconds, HURRY_SECONDS_MIN);
	const most = Math.max(configuredSeconds, SPARING_SECONDS_MAX);
	return Math.min(Math.max(Math.round((configuredSeconds * batteryFactor) / divisor), least), most);
}
