/** What an operator is notified of: an alarm that a station claims in its record, or a cause that the collector sees. */
import { isoTextOf } from "../../core/calendar.js";
import { type AlarmTextKey, alarmText } from "../../host/messages/alarm-texts.js";
import { type Language, messagesIn } from "../../host/messages/messages.js";
import type { AlarmBody, Entry } from "../../protocol/record/entry-layouts.js";
import { ALARM_CODES, ALARM_PHASES, nameOfCode } from "../../protocol/record/events.js";

export const CAUSES = Object.freeze([
	/** An entry of kind alarm: the station's own claim. */
	"event",
	"silence",
	"battery",
	"calibration",
	/** A batch that the station signed was not believed. */
	"refused",
	/** Other contents or another chain than what is stored. */
	"fork",
	/** A station has raised more than is told. */
	"capped",
	"test",
] as const);
export type Cause = (typeof CAUSES)[number];

export type Phase = keyof typeof ALARM_PHASES;

export interface AlarmNotice {
	/** Names it for ever. */
	readonly id: string;
	readonly station: string | null;
	readonly cause: Cause;
	readonly phase: Phase;
	/** Begin, changes and end of one thing share it. */
	readonly subject: string;
	/** A second notice with the same one is the same. */
	readonly occasion: string;
	/** What it rests on; goes into the hook's JSON as it is. */
	readonly details: Readonly<Record<string, string | number | null>>;
}

/**
 * A station's claim. What it claims twice of one event, as after a loss of power, is one occasion. A phase that this
 * version does not know is a change.
 */
export function noticeOfClaim(station: string, entry: Entry & AlarmBody): AlarmNotice {
	const { epoch, sequence, utcSeconds, code } = entry;
	const phase = nameOfCode(ALARM_PHASES, entry.phase) ?? "change";
	const begin = phase === "begin" || entry.beginSequence === 0 ? sequence : entry.beginSequence;
	const subject = `${station}/${epoch}/${begin}`;
	return {
		id: `${station}/${epoch}/${sequence}`,
		station,
		cause: "event",
		phase,
		subject,
		occasion: `${subject}/${code}/${entry.phase}`,
		details: {
			event: nameOfCode(ALARM_CODES, code) ?? `code ${code}`,
			utcSeconds: utcSeconds === 0 ? null : utcSeconds,
			rule: entry.rule,
			beginSequence: entry.beginSequence,
			readingSequence: entry.readingSequence,
			conductivity: entry.conductivityHundredths / 100,
			baseline: entry.baselineHundredths / 100,
			pH: known(entry.pHMilli, -0x8000),
			pHBefore: known(entry.pHBeforeMilli, -0x8000),
			turbidity: known(entry.turbidityMilli, -0x80000000),
			secondsSinceBegin: entry.secondsSinceBegin,
		},
	};
}

function known(milli: number, absent: number): number | null {
	return milli === absent ? null : milli / 1000;
}

/** One of a cause that the collector sees; `occasion` distinguishes it from another of this station and cause. */
export function noticeOf(
	station: string | null,
	cause: Cause,
	occasion: string | number,
	details: AlarmNotice["details"],
	phase: Phase = "begin",
): AlarmNotice {
	const subject = `${station ?? "collector"}/${cause}/${occasion}`;
	const id = phase === "begin" ? subject : `${subject}/${phase}`;
	return { id, station, cause, phase, subject, occasion: id, details };
}

/** The line of JSON that hooks are handed, but for its text. */
export interface AlarmBodyJson {
	readonly id: string;
	readonly station: string | null;
	readonly cause: Cause;
	readonly phase: Phase;
	readonly isTest: boolean;
	readonly raisedUtcSeconds: number;
	readonly [detail: string]: string | number | boolean | null;
}

export function bodyOf(notice: AlarmNotice, raisedUtcSeconds: number): AlarmBodyJson {
	const { id, station, cause, phase, details } = notice;
	return { id, station, cause, phase, isTest: cause === "test", raisedUtcSeconds, ...details };
}

/** One sentence for people. */
export function textOf(language: Language, body: AlarmBodyJson): string {
	const time = (value: unknown): string =>
		typeof value === "number" ? isoTextOf(value) : alarmText(language, "unknown");
	const number = (value: unknown): string =>
		language === "en" ? String(value) : String(value).replace(".", ",");
	const { station, cause, phase } = body;
	const words = messagesIn(language);
	const values: Record<string, string | number> = { station: station ?? "" };
	for (const [name, value] of Object.entries(body)) {
		if (typeof value === "number") values[name] = number(value);
		if (typeof value === "string" && name !== "station") values[name] = words.word(value);
	}
	values["time"] = time(body["utcSeconds"]);
	values["since"] = time(body["sinceUtcSeconds"]);
	switch (cause) {
		case "event": {
			const word = (name: unknown): string =>
				Object.hasOwn(ALARM_CODES, String(name)) || Object.hasOwn(ALARM_PHASES, String(name))
					? alarmText(language, name as AlarmTextKey)
					: String(name);
			const text = alarmText(language, "event", {
				...values,
				event: word(body["event"]),
				phase: word(phase),
			});
			return body["pH"] === null || body["pHBefore"] === null
				? text
				: text + alarmText(language, "pH", values);
		}
		case "silence":
			return alarmText(language, phase === "end" ? "silence-end" : "silence-begin", values);
		case "battery":
			return alarmText(
				language,
				`${body["days"] === undefined ? "level" : "battery"}-${phase === "end" ? "end" : "begin"}`,
				values,
			);
		case "calibration":
		case "refused":
		case "fork":
		case "capped":
			return alarmText(language, cause, values);
		case "test":
			// Who asked and why are people's own words.
			return alarmText(language, "test", { by: String(body["by"]), why: String(body["why"]) });
	}
}
