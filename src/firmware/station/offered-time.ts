/** What a source says that it is, offered to the clock, and what the record has to say of it. */
import { StationError } from "../../core/errors.js";
import { TIME_SOURCES } from "../../protocol/entry.js";
import type { LogBook } from "./log-book.js";
import type { TimeKeeper, TimeVerdict } from "./time-keeper.js";

/** A second of rounding at each end, and the way of the answer. */
export const COLLECTOR_UNCERTAINTY_MILLISECONDS = 2000;

export interface OfferedTime {
	/** Unix seconds at this moment. */
	readonly utcSeconds: number;
	readonly source: (typeof TIME_SOURCES)[number];
	readonly uncertaintyMilliseconds: number;
}

/** What became of it, or undefined when the RTC failed at it. */
export function takeOfferedTime(
	{ utcSeconds, source, uncertaintyMilliseconds }: OfferedTime,
	{
		time,
		book,
		boot,
	}: { readonly time: TimeKeeper; readonly book: LogBook; readonly boot: number },
): TimeVerdict["kind"] | undefined {
	const first = time.disciplinedMilliseconds === undefined;
	const before = time.utcSeconds;
	const sourceIndex = TIME_SOURCES.indexOf(source);
	try {
		const verdict = time.offer(utcSeconds, sourceIndex);
		if (verdict.kind === "refused") {
			book.event("time-refused", clampToInt32(verdict.stepSeconds), source);
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
				uncertaintyMilliseconds,
				stepMilliseconds: before === undefined ? 0 : clampToInt32(verdict.stepMilliseconds),
				driftPartsPerBillion: verdict.kind === "stepped" ? verdict.driftPartsPerBillion : undefined,
				source: sourceIndex,
			});
		}
		return verdict.kind;
	} catch (error) {
		if (!(error instanceof StationError)) throw error;
		book.event("rtc-failed", 0, error.code);
		return undefined;
	}
}

function clampToInt32(value: number): number {
	return Math.max(Math.min(Math.round(value), 0x7fffffff), -0x7fffffff);
}
