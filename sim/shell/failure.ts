/** Trouble that a person can mend: shown as one line, exit 1. Anything else is a bug, exit 70. */
export class Failure extends Error {
	override name = "Failure";
}

/** What was asked for is not there to be asked for: exit 2 of who asks on a command line. */
export class UsageFailure extends Failure {
	override name = "UsageFailure";
}
