/**
 * The errors that a station can name. An operational error is a `StationError` with a code of the
 * closed union below; a bug is an `AssertionError`. Everything else that is thrown is foreign and
 * is given a code at the port where it enters.
 */

/** Every operational fault a station distinguishes. docs/TROUBLE.md lists each with its remedy. */
export const STATION_ERROR_CODES = [
	"bus-failed",
	"bus-stuck",
	"probe-absent",
	"probe-timeout",
	"probe-syntax",
	"probe-no-data",
	"probe-malformed",
	"probe-out-of-range",

	"calibration-order",
	"calibration-doubtful",

	"adc-timeout",
	"rtc-stopped",
	"rtc-malformed",
	"flash-failed",
	"journal-foreign-version",
	"journal-full-of-bad-sectors",
	"journal-geometry",
	"entry-malformed",
	"batch-malformed",
	"acknowledgement-malformed",
	"acknowledgement-forged",
	"acknowledgement-stale",
	"acknowledgement-beyond",
	"configuration-invalid",
	"settings-failed",
	"link-timeout",
	"name-timeout",
	"connect-timeout",
	"request-timeout",
	"transport-failed",
	"response-malformed",
	"collector-refused",
	"collector-busy",
	"sign-failed",
] as const;

export type StationErrorCode = (typeof STATION_ERROR_CODES)[number];

/** An operational fault: `code` for programs, `message` for the technician, `cause` for the log. */
export class StationError extends Error {
	// A field, not an assignment: XS freezes Error.prototype and assigning `name` throws there.
	override name = "StationError";
	readonly code: StationErrorCode;

	constructor(code: StationErrorCode, message: string, options?: { cause?: unknown }) {
		super(message, options);
		this.code = code;
	}
}

/** A bug in this program; the station logs it and resets. */
export class AssertionError extends Error {
	override name = "AssertionError";
}

/** Throws `AssertionError` unless `condition` holds. Stays on in the field. */
export function assert(condition: unknown, message: string): asserts condition {
	if (!condition) throw new AssertionError(message);
}

/** The `default` that a closed union never reaches. */
export function unreachable(never: never): never {
	throw new AssertionError(`unreachable: ${String(never)}`);
}
