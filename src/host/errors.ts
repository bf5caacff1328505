/** Errors that a person can act on. Anything else is a bug. */
import type { Language } from "./messages/messages.js";
import { type Notice, textOfNotice } from "./messages/notice.js";

/** Its message is one line that says what is wrong and how to fix it: exit 1. Any other error exits with 70. */
export class OperationalError extends Error {
	override name = "OperationalError";
	/** The message before a language was chosen; its `message` is the English one. */
	readonly notice: Notice | undefined;

	constructor(what: string | Notice, options?: ErrorOptions) {
		super(typeof what === "string" ? what : textOfNotice(what), options);
		this.notice = typeof what === "string" ? undefined : what;
	}
}

/** The request itself makes no sense: exit 2 on a command line. */
export class UsageError extends OperationalError {
	override name = "UsageError";
}

/** What an error says, in the reader's language where it knows it. */
export function wordsOfError(error: OperationalError, language: Language): string {
	return error.notice === undefined ? error.message : textOfNotice(error.notice, language);
}

/** What was thrown, in words: anything may be. */
export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
