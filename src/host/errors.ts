/** Errors that a person can act on. Anything else is a bug. */

/** Its message is one line that says what is wrong and how to fix it: exit 1. Any other error exits with 70. */
export class OperationalError extends Error {
	override name = "OperationalError";
}

/** The request itself makes no sense: exit 2 on a command line. */
export class UsageError extends OperationalError {
	override name = "UsageError";
}
