/** What the service logs on stderr: lines for people, or a JSON object on each line for machines. */
import { printable, printableJson } from "../../host/printable.js";

export type LogFormat = "text" | "json";
export type LogLevel = "info" | "warning" | "error";

/** What a line is about, where a machine may want to know. */
export interface LogFields {
	readonly level?: LogLevel;
	readonly [name: string]: string | number | undefined;
}

export class Log {
	format: LogFormat = "text";
	readonly #write: (line: string) => void;
	readonly #now: () => Date;

	constructor(write: (line: string) => void, now: () => Date = () => new Date()) {
		this.#write = write;
		this.#now = now;
	}

	line(message: string, { level = levelOf(message), ...fields }: LogFields = {}): void {
		if (this.format === "text") {
			this.#write(`${printable(message)}\n`);
			return;
		}
		const time = this.#now().toISOString();
		this.#write(`${printableJson({ time, level, message, ...fields })}\n`);
	}
}

function levelOf(message: string): LogLevel {
	if (message.startsWith("error: ") || message.startsWith("bug: ")) return "error";
	return /^(warning: |not taken: )/.test(message) ? "warning" : "info";
}
