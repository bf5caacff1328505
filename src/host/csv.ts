/** Cells of RFC 4180 that hold others' words. */

/** What a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/;
/** And computes to itself. */
const NUMBER = /^[+-]?(\d+(\.\d+)?(e[+-]?\d+)?)?$/i;

/** The text as it is, in quotes where it needs them; one that is a formula has an apostrophe before it. */
export function csvCell(text: string): string {
	const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
	return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
