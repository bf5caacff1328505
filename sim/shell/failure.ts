/** Trouble that a person can mend: shown as one line, exit 1. Anything else is a bug, exit 70. */
export class Failure extends Error {
	override name = "Failure";
}
