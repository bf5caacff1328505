/** What the collector says that it is, offered to the clock, and what the record has to say of it. */
import { StationError } from "../../core/errors.js";
import { TIME_SOURCES } from "../../protocol/entry.js";
import type { LogBook } from "./log-book.js";
import type { TimeKeeper } from "./time-keeper.js";

const SOURCE = TIME_SOURCES.indexOf("collector");
/** A second of rounding at each end, and the way of the answer. */
const UNCERTAINTY_MILLISECONDS = 2000;

export function takeOfferedTime(
	utcSeconds: number,
	{
		time,
		book,
		boot,
	}: { readonly time: TimeKeeper; readonly book: LogBook; readonly boot: number },
): void {
	const first = time.disciplinedMilliseconds === undefined;
	const before = time.utcSeconds;
	try {
		const verdict = time.offer(utcSeconds, SOURCE);
		if (verdict.kind === "refused") {
			book.event("time-refused", clampToInt32(verdict.stepSeconds), "collector");
		}
		if (verdict.kind === "waiting-for-second-source" && verdict.isFirst) {
			book.event("time-refused", clampToInt32(verdict.stepSeconds), "needs a second source");
		}
		if (verdict.kind === "stepped" || (verdict.kind === "kept" && first)) {
			book.record({
				kind: "time",
				atBoot: boot,
				atUptimeSeconds: book.stamp().uptimeSeconds,
				atUtcSeconds: utcSeconds,
				uncertaintyMilliseconds: UNCERTAINTY_MILLISECONDS,
				stepMilliseconds: before === undefined ? 0 : clampToInt32(verdict.stepMilliseconds),
				driftPartsPerBillion: verdict.kind === "stepped" ? verdict.driftPartsPerBillion : undefined,
				source: SOURCE,
			});
		}
	} catch (error) {
		if (!(error instanceof StationError)) throw error;
		book.event("rtc-failed", 0, error.code);
	}
}

function clampToInt32(value: number): number {
	return Math.max(Math.min(Math.round(value), 0x7fffffff), -0x7fffffff);
}
