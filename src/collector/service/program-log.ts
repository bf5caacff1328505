/** What this program says on stderr: how it looks is known once its options are. */
import { Log, type LogFields } from "./log.js";

export const LOG = new Log((line) => process.stderr.write(line));

export function say(line: string, fields?: LogFields): void {
	LOG.say(line, fields);
}
