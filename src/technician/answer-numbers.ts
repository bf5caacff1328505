/**
 * Numbers of a station's answers. What answers may be another firmware, or no station at all: a number that is none is
 * told and not counted with, and a loop over answers ends.
 */
import { OperationalError } from "../host/errors.js";
import type { ConsoleFields } from "../protocol/line/console.js";

/** A sequence is a number of 32 bits, and a journal may end after the last of them. */
const WHOLE_MAX = 0x1_0000_0000;

/** A whole number, as sequences, epochs and times are. Throws OperationalError that names the field. */
export function wholeOf(fields: ConsoleFields, name: string): number {
	const text = fields.get(name) ?? "";
	const value = Number(text);
	if (/^\d{1,10}$/.test(text) && value <= WHOLE_MAX) return value;
	const what = text === "" ? `no ${name}` : `${name}=${text}, which is no number of its kind`;
	throw new OperationalError(`the station answered with ${what}; its firmware is another`);
}

/**
 * Where `journal`, asked from `first` on, is continued, and where the journal ends. Throws OperationalError, too, where
 * the station would have the same asked for ever.
 */
export function journalPlaceOf(
	fields: ConsoleFields,
	first: number,
): { readonly next: number; readonly end: number } {
	const [next, end] = [wholeOf(fields, "next"), wholeOf(fields, "end")];
	if (next > first || next >= end) return { next, end };
	throw new OperationalError(
		`the station gives nothing from entry ${first} on, and says that its journal goes to ${end}; its firmware is another`,
	);
}
