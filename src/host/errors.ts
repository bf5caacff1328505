/** Errors that a person can act on. Anything else is a bug. */
import type { Language } from "./messages/messages.js";
import { type Said, textOfSaid } from "./messages/said.js";

/** Its message is one line that says what is wrong and how to fix it: exit 1. Any other error exits with 70. */
export class OperationalError extends Error {
	override name = "OperationalError";
	/** The message before a language was chosen; its `message` is the English one. */
	readonly said: Said | undefined;

	constructor(what: string | Said, options?: ErrorOptions) {
		super(typeof what === "string" ? what : textOfSaid(what), options);
		this.said = typeof what === "string" ? undefined : what;
	}
}

/** The request itself makes no sense: exit 2 on a command line. */
export class UsageError extends OperationalError {
	override name = "UsageError";
}

/** What an error says, in the reader's language where it knows it. */
export function wordsOfError(error: OperationalError, language: Language): string {
	return error.said === undefined ? error.message : textOfSaid(error.said, language);
}
