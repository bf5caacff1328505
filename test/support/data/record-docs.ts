/** What FORMAT.md says of flags, codes and event entries, and what of the record's numbers no station writes yet. */
import { CONDUCTIVITY_LAWS, TURBIDITY_UNITS } from "../../../src/protocol/record/derive.js";
import {
	RESET_REASONS,
	STATION_FLAGS,
	TIME_QUALITIES,
	WAKE_CAUSES,
} from "../../../src/protocol/record/entry-layouts.js";
import { EVENT_CODES, type EventCode } from "../../../src/protocol/record/events.js";
import { CHANNEL_FLAGS } from "../../../src/protocol/record/reading.js";
import { tableOf } from "./markdown.js";

/** What happened, what `detail` holds, what the text holds: the compiler asks for each code. */
const EVENT_WORDS: Readonly<Record<EventCode, readonly [string, string, string]>> = Object.freeze({
	"probe-failed": ["a probe or its bus failed", "channel", "the error's code"],
	"probe-recovered": ["a probe that had failed measures again", "channel", ""],
	"bus-cleared": ["a stuck bus was freed", "1 by clock pulses, 2 by cycling the rail", "channel"],
	"probe-identified": [
		"which probe measures: after a boot, and when another one answers",
		"channel",
		"model, firmware and points of calibration, or serial number",
	],
	"collector-refused": ["the collector refused a batch", "refusal code", "its reason"],
	"acknowledgement-rejected": ["an answer was not believed", "", "the error's code"],
	"released-not-held": ["the collector no longer holds what was released", "its cursor", ""],
	"time-refused": ["another time was offered and refused", "seconds it differed", "who, or why"],
	"rtc-stopped": ["the RTC's oscillator had stopped", "0", "the fault"],
	"rtc-failed": ["the RTC did not answer, or answered nonsense", "0", "the fault"],
	"sector-retired": ["the journal retired a sector", "its index", ""],
	"bits-corrected": ["corrupt bits were corrected in storage", "how many", ""],
	"journal-recovered": ["recovery found something to say", "", "what"],
	crash: ["the last run crashed", "crash code", "its message"],
	"safe-mode": ["safe mode", "1 begins, 0 ends", ""],
	"battery-low": ["the battery crossed its threshold", "1 fell below, 0 rose above", ""],
	"power-level": [
		"readings and uploads come at another pace for the battery's sake (POWER.md)",
		"level, 0 as configured to 4",
		"charge, and days that it lasts without sun",
	],
	"battery-waited": [
		"a boot was not recorded before the battery could bear it",
		"seconds since the loss of power",
		"reset reason",
	],
	service: ["a technician at the line", "1 attached, 0 left", ""],
	"configuration-refused": ["an offered configuration changed nothing", "its id, 0 unread", "why"],
	"configuration-reverted": ["a configuration on trial was given up", "its id", "why"],
	"configuration-confirmed": ["an upload was acknowledged under the one on trial", "its id", ""],
	"calibration-restored": [
		"a calibration was begun and not committed; the circuit holds the old one again",
		"channel",
		"cancelled, left or interrupted",
	],
	"settings-damaged": [
		"a stored configuration could not be read",
		"bank: 0 in force, 1 on trial",
		"",
	],
});

/** Numbers of the record that readers know and no firmware writes yet; they stay theirs. */
export const RESERVED = Object.freeze({
	events: ["released-not-held", "sector-retired", "bits-corrected"] as readonly string[],
	gapReasons: ["sector-lost"] as readonly string[],
	timeSources: ["technician"] as readonly string[],
});

/** A row for each code of an event entry. */
export function eventTable(): string {
	const rows = Object.entries(EVENT_CODES).map(([name, code]) => {
		const [what, detail, text] = EVENT_WORDS[name as EventCode];
		const words = RESERVED.events.includes(name) ? `reserved: ${what}` : what;
		return [String(code), `\`${name}\``, words, detail, text];
	});
	return tableOf([["code", "name", "what happened", "detail", "text"], ...rows]);
}

/** What a flag of a value says. */
const CHANNEL_FLAG_WORDS: Readonly<Record<keyof typeof CHANNEL_FLAGS, string>> = Object.freeze({
	absent: "no value: the field holds the absent mark",
	fault: "the probe or its bus reported a fault, or did not answer",
	outOfRange: "outside what the probe can measure, or at the end of its scale",
	unstable:
		"repeated readings did not agree, the value is the last one; of a burst: most of it may be of bubbles",
	uncompensated: "not compensated for temperature, or with a stand-in of 25 degC",
	suspect: "plausible by itself and suspicious in context: stuck at 7, out of water, flat line",
	saturated: "the signal is clipped: the true value may be larger",
	uncalibrated: "the circuit says that it holds no calibration, or nobody knows which",
});

/** What a flag of an entry says. */
const STATION_FLAG_WORDS: Readonly<Record<keyof typeof STATION_FLAGS, string>> = Object.freeze({
	batteryLow: "the battery is below its threshold",
	journalNearlyFull: "the ring is nearly full of what nobody acknowledged",
	journalDegraded: "the journal refused to open or to take an entry",
	clockUntrusted: "no clock is believed: `utc` is unknown",
	serviceMode: "a technician is at the line",
	safeMode: "safe mode, after crashes in a row",
	radioBudgetSpent: "what retries of uploads may cost is spent",
	collectorRefused: "the collector refused a batch",
	wakeLate: "the wake came later than it may",
});

/** A row for each bit of both bytes of flags. */
export function flagTable(): string {
	const rows = (
		of: string,
		flags: Readonly<Record<string, number>>,
		words: Readonly<Record<string, string>>,
	): string[][] =>
		Object.entries(flags).map(([name, mask]) => [
			of,
			String(Math.log2(mask)),
			`\`${name}\``,
			words[name] ?? "",
		]);
	return tableOf([
		["flags of", "bit", "name", "what it says"],
		...rows("a value", CHANNEL_FLAGS, CHANNEL_FLAG_WORDS),
		...rows("an entry", STATION_FLAGS, STATION_FLAG_WORDS),
	]);
}

/** The numbers of the fields whose words stand nowhere else in FORMAT.md. */
export function numberTable(): string {
	const row = (field: string, names: readonly string[]): string[] => [
		field,
		names.map((name, number) => `${number} \`${name}\``).join(", "),
	];
	return tableOf([
		["field", "its numbers"],
		row("quality of `utc`", Object.keys(TIME_QUALITIES)),
		row("reset reason", RESET_REASONS),
		row("wake cause", WAKE_CAUSES),
		row("conductivity law", CONDUCTIVITY_LAWS),
		row("turbidity unit", TURBIDITY_UNITS),
	]);
}
