/** What this program logs on stderr: its format is known once its options are. */
import { Log, type LogFields } from "./log.js";

export const LOG = new Log((line) => process.stderr.write(line));

export function log(line: string, fields?: LogFields): void {
	LOG.line(line, fields);
}
