/** What commands are given to speak with in tests: English, line by line into a list. */
import { messagesIn } from "../../../src/host/messages/messages.js";
import type { Terminal } from "../../../src/technician/file-commands.js";

export function englishInto(print: (line: string) => void): Terminal {
	return { print: print, messages: messagesIn("en") };
}
