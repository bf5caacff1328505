/** When a run ends: as it was asked to, and before the calendar of the stations' clocks does. */
import { CLOCK_LAST_UTC_SECONDS } from "../../src/core/calendar.js";
import { OperationalError, UsageError } from "../../src/host/errors.js";
import { instant } from "./live-view.js";
import type { StartOptions } from "./options.js";
import type { RecordedSpan } from "./rivers.js";
import { SETTLE_SECONDS_MAX } from "./run-report.js";

/** After it stands what the last acknowledgement may take, in which no clock may lose its date. */
export const WORLD_LAST_UTC_SECONDS = CLOCK_LAST_UTC_SECONDS - SETTLE_SECONDS_MAX;
const WHERE = `a world ends at ${instant(WORLD_LAST_UTC_SECONDS)} (docs/RIVER.md)`;
/** Largest first. */
const UNITS = Object.freeze([
	["d", 86_400],
	["m", 60],
	["s", 1],
] as const);

/**
 * Unix seconds at which a run that continues from `beganUtcSeconds` ends, or undefined: at Ctrl-C. Throws
 * UsageError where a recording is asked for and there is none, OperationalError where nothing can be played.
 */
export function endOf(
	{ duration }: Pick<StartOptions, "duration">,
	beganUtcSeconds: number,
	recording: RecordedSpan | undefined,
	isBegun: boolean,
): number | undefined {
	const leftSeconds = WORLD_LAST_UTC_SECONDS - beganUtcSeconds;
	if (leftSeconds < 1) {
		throw new OperationalError(
			`this world has come to ${instant(beganUtcSeconds)}, and ${WHERE}; ` +
				"choose another --data and an earlier river",
		);
	}
	if (duration === undefined) return undefined;
	if (duration !== "recording") {
		if (duration <= leftSeconds) return beganUtcSeconds + duration;
		throw new OperationalError(`--for: at most ${durationOf(leftSeconds)} are left, for ${WHERE}`);
	}
	if (recording === undefined) {
		if (!isBegun) throw new UsageError("--for recording needs --river FILE.csv");
		throw new OperationalError(
			"--for recording: this data directory was begun without --river; choose another --data DIR for this",
		);
	}
	const { path, firstUtcSeconds, lastUtcSeconds } = recording;
	if (firstUtcSeconds === lastUtcSeconds) {
		throw new OperationalError(
			`${path}: one row lasts no time, so --for recording would play nothing; ` +
				"say --for 1h to hold it that long",
		);
	}
	if (lastUtcSeconds > WORLD_LAST_UTC_SECONDS) {
		throw new OperationalError(
			`${path}: its last row is of ${instant(lastUtcSeconds)}, and ${WHERE}; ` +
				`say --for ${durationOf(leftSeconds)}, or move its times`,
		);
	}
	return lastUtcSeconds;
}

/** As `--for` takes it, not longer. */
function durationOf(seconds: number): string {
	const [unit, unitSeconds] = UNITS.find(([, each]) => seconds >= 2 * each) ?? ["s", 1];
	return `${Math.floor(seconds / unitSeconds)}${unit}`;
}
