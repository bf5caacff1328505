/** What commands are given to speak with in tests: English, line by line into a list. */
import { messagesIn } from "../../../src/host/messages/messages.js";
import type { Terminal } from "../../../src/technician/file-commands.js";

export function englishInto(said: (line: string) => void): Terminal {
	return { print: said, messages: messagesIn("en") };
}
