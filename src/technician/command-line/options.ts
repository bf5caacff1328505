/** Options that commands share, and what every command may say. */
import { type Command, InvalidArgumentError } from "commander";
import type { Language } from "../../host/messages/messages.js";
import type { Notice } from "../../host/messages/notice.js";
import { instant, type OutputFormat } from "../../host/output.js";
import { printable } from "../../host/printable.js";
import type { Terminal } from "../file-commands.js";

/** Ids of one program's requests begin anywhere below; a thousand million would not fit. */
export const FIRST_ID_MAX = 900_000_000;

export interface CommonOptions {
	readonly port?: string;
	readonly baud: number;
	readonly format?: OutputFormat;
	readonly timeout?: number;
	readonly lang?: string;
}

export interface RecordOptions {
	readonly data?: string;
	readonly postgres?: string;
	readonly station?: string;
	readonly key?: readonly string[];
	readonly epoch?: number;
	readonly first?: number;
	readonly last?: number;
}

/** Ends the command with exit code `exitCode`. */
export type Done = (exitCode: number) => void;

/** What a command needs beyond its help is loaded when it runs: --help is asked for often, on slow machines. */
export const fileCommands = () => import("../file-commands.js");

export function print(line: string, paint: (text: string) => string = (text) => text): void {
	process.stderr.write(`${paint(printable(line))}\n`);
}

/** Where a command prints, and its messages in the language that was asked for or that of the locale. */
export async function terminalOf(command: Command): Promise<Terminal> {
	const { messagesIn } = await import("../../host/messages/messages.js");
	return { print, messages: messagesIn(await languageFor(command)) };
}

/** Prints sentences of the catalogue in the language of the command. */
export async function notifierOf(command: Command): Promise<Notifier> {
	const { textOfNotice } = await import("../../host/messages/notice.js");
	const language = await languageFor(command);
	return { notify: (what) => print(textOfNotice(what, language)), language };
}

export interface Notifier {
	readonly notify: (what: Notice) => void;
	readonly language: Language;
}

async function languageFor(command: Command): Promise<Language> {
	const { languageOf } = await import("../../host/messages/messages.js");
	const { lang } = command.optsWithGlobals<CommonOptions>();
	return languageOf(lang ?? localeOf(process.env));
}

/** By POSIX, XBD 8.2: of messages. */
export function localeOf({ LC_ALL, LC_MESSAGES, LANG }: NodeJS.ProcessEnv): string {
	return LC_ALL || LC_MESSAGES || LANG || "";
}

export function instantOption(text: string): number {
	const isIso = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/.test(text);
	const seconds = isIso ? Date.parse(text) / 1000 : Number.NaN;
	// Date.parse takes 30 February for 2 March.
	if (Number.isFinite(seconds) && instant(seconds).startsWith(text.slice(0, 10))) return seconds;
	throw new InvalidArgumentError("Use a date or a time in UTC: 2026-10-01 or 2026-10-01T06:00Z.");
}

export function recordOptions(command: Command): Command {
	return command
		.requiredOption("--station <id>", "whose record")
		.option(
			"--data <directory>",
			"a collector's embedded database (npm start: bistrina-data/collector)",
		)
		.option("--postgres <url>", "a collector's database; the password goes into PGPASSWORD");
}

/** What values rest on, and which of them. */
export function documentOptions(command: Command): Command {
	return command
		.option(
			"--policy <file>",
			"of the station or for any, each version a file",
			(path: string, before: readonly string[]) => [...before, path],
			[],
		)
		.option("--corrections <file>", "an operator's")
		.option("--approvals <file>", "an operator's")
		.option("--from <time>", "of values: first time, ISO 8601 in UTC", instantOption)
		.option("--to <time>", "of values: end, not included", instantOption);
}
