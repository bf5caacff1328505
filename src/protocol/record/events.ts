/** Codes of event and alarm entries: what happened to the station and to its water, for whoever reads the record. */

export const EVENT_CODES = Object.freeze({
	/** A probe or its bus failed; detail: channel index, text: the error's code. */
	"probe-failed": 1,
	/** A probe that had failed measures again; detail: channel index. */
	"probe-recovered": 2,
	/** A stuck bus was freed; detail: 1 by clock pulses, 2 by cycling the rail. */
	"bus-cleared": 3,
	/**
	 * Which probe measures: after a boot, and when another one answers. Detail: channel index; text:
	 * model, firmware and points of calibration, or serial number.
	 */
	"probe-identified": 4,
	/** The collector refused a batch; detail: refusal code. */
	"collector-refused": 10,
	/** An acknowledgement was not believed; text: the error's code. */
	"acknowledgement-rejected": 11,
	/** The collector says it no longer holds what was released; detail: its cursor. */
	"released-not-held": 12,
	/** A clock offered another time and was refused; detail: seconds it differed. */
	"time-refused": 20,
	/** The RTC lost its time (oscillator stopped). */
	"rtc-stopped": 21,
	/** The RTC did not answer or answered nonsense. */
	"rtc-failed": 22,
	/** The journal retired a sector; detail: its index. */
	"sector-retired": 30,
	/** Corrupted bits were corrected in storage; detail: how many. */
	"bits-corrected": 31,
	/** Recovery found something to say; text: what. */
	"journal-recovered": 32,
	/** The last run crashed; detail: crash code, text: its message. */
	crash: 40,
	/** Safe mode begins (detail 1) or ends (detail 0). */
	"safe-mode": 41,
	/** Battery fell below (detail 1) or rose above (detail 0) its threshold. */
	"battery-low": 50,
	/** A boot was not recorded before the battery could bear it; detail: seconds since the loss of power. */
	"battery-waited": 51,
	/** The station measures and uploads at another pace; detail: level 0..4, text: by which charge, and the forecast. */
	"power-level": 52,
	/** A technician attached (detail 1) or left (detail 0). */
	service: 60,
	/** A configuration that was offered changed nothing; detail: its id, 0 unread, text: why. */
	"configuration-refused": 70,
	/** One on trial was given up for the last good one; detail: its id, text: why. */
	"configuration-reverted": 71,
	/** An upload was acknowledged under the one on trial: it stays; detail: its id. */
	"configuration-confirmed": 72,
	/** A place of the stored configurations could not be read; detail: which. */
	"settings-damaged": 73,
	/** A calibration was begun and not committed, and its circuit holds the old one again; detail: channel, text: why. */
	"calibration-restored": 80,
} as const);

export type EventCode = keyof typeof EVENT_CODES;

/** Name of a code, or undefined for one of a newer firmware. */
export function eventNameOf(code: number): EventCode | undefined {
	return nameOfCode(EVENT_CODES, code);
}

/** `code` of alarm entries; the rule is in docs/EVENTS.md. */
export const ALARM_CODES = Object.freeze({ watch: 1, acid: 2, conductivity: 3, storm: 4 } as const);

/** `phase` of alarm entries. */
export const ALARM_PHASES = Object.freeze({ begin: 1, change: 2, end: 3 } as const);

/** Name of a code in one of these tables, or undefined for one of a newer firmware. */
export function nameOfCode<Name extends string>(
	codes: Readonly<Record<Name, number>>,
	code: number,
): Name | undefined {
	for (const name in codes) if (codes[name] === code) return name;
	return undefined;
}
