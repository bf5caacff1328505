/** What a source says that it is, offered to the clock, and what the record has to say of it. */
import { TIME_SOURCES } from "../../protocol/record/entry-layouts.js";
import type { AnswerTimes } from "../uplink/uplink-options.js";
import type { EntryRecorder } from "./entry-recorder.js";
import type { TimeKeeper } from "./time-keeper.js";
import type { TimeVerdict } from "./time-state.js";

/** Uptime is recorded in whole seconds. */
const UPTIME_MILLISECONDS = 1000;

export interface OfferedTime {
	/** Unix seconds at this moment, whole. */
	readonly utcSeconds: number;
	readonly source: (typeof TIME_SOURCES)[number];
	/** What it may be off by, all included. */
	readonly uncertaintyMilliseconds: number;
}

/**
 * The collector read its clock some time between question and answer, in whole seconds that had begun, and
 * some time has passed since.
 */
export function offeredByCollector(
	utcSeconds: number,
	{ askedMilliseconds, answeredMilliseconds }: AnswerTimes,
	nowMilliseconds: number,
): OfferedTime {
	const least = nowMilliseconds - answeredMilliseconds;
	const most = nowMilliseconds - askedMilliseconds + 1000;
	// As clocks show it: a second that has begun.
	const passedSeconds = Math.round((least + most - 1000) / 2000);
	return {
		utcSeconds: utcSeconds + passedSeconds,
		source: "collector",
		uncertaintyMilliseconds: Math.max(most - passedSeconds * 1000, passedSeconds * 1000 - least),
	};
}

export interface TakingOptions {
	readonly time: TimeKeeper;
	readonly recorder: EntryRecorder;
}

/** What became of it. */
export function takeOfferedTime(
	{ utcSeconds, source, uncertaintyMilliseconds }: OfferedTime,
	{ time, recorder }: TakingOptions,
): TimeVerdict["kind"] {
	const sourceIndex = TIME_SOURCES.indexOf(source);
	const verdict = time.offer(utcSeconds, sourceIndex, uncertaintyMilliseconds / 1000);
	if (verdict.kind === "refused") {
		recorder.event("time-refused", clampToInt32(verdict.stepSeconds), source);
	}
	if (verdict.kind === "waiting-for-second-source" && verdict.isFirst) {
		recorder.event("time-refused", clampToInt32(verdict.stepSeconds), "needs a second source");
	}
	const isKept = verdict.kind === "kept";
	if (verdict.kind !== "stepped" && verdict.kind !== "reckoned" && !(isKept && verdict.isNews)) {
		return verdict.kind;
	}
	const stepSeconds = verdict.kind === "stepped" ? verdict.stepSeconds : undefined;
	// A clock that was left alone continues being off by what it is off by.
	const leftSeconds = isKept ? Math.abs(verdict.stepSeconds) : 0;
	const sequence = recorder.record({
		kind: "time",
		atBoot: recorder.boot,
		atUptimeSeconds: recorder.stamp().uptimeSeconds,
		atUtcSeconds: utcSeconds,
		uncertaintyMilliseconds:
			Math.ceil(uncertaintyMilliseconds) + leftSeconds * 1000 + UPTIME_MILLISECONDS,
		stepSeconds: time.hasUnrecordedStep ? undefined : isKept ? 0 : stepSeconds,
		driftPartsPerBillion: verdict.kind === "stepped" ? verdict.driftPartsPerBillion : undefined,
		source: sourceIndex,
	});
	time.recorded(sequence !== undefined);
	return verdict.kind;
}

/** Within what an event holds. */
function clampToInt32(value: number): number {
	return Math.max(Math.min(Math.round(value), 0x7fffffff), -0x80000000);
}
