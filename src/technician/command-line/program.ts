/** The whole command line of `bistrina`. */
import { Command, CommanderError, Option } from "commander";
import { onStderr } from "../../host/colours.js";
import { OperationalError, UsageError, wordsOfError } from "../../host/errors.js";
import { printable } from "../../host/printable.js";
import { PRINTABLE_USAGE } from "../../host/usage.js";
import { wholeNumber } from "../../host/whole-number.js";
import { addBoardCommands } from "./board.js";
import { addLineCommands } from "./line.js";
import { type Done, terminalOf } from "./options.js";
import { addProvisionCommands } from "./provision.js";
import { addJudgingCommands, addRecordCommands } from "./record.js";
import { addValuesCommands } from "./values.js";
import { addVisitCommands } from "./visit.js";

const BAUD_DEFAULT = 115_200;

/** The command line; `done` gets the exit code of what ran. */
export function commandLine(done: Done): Command {
	const program = new Command("bistrina")
		.description("Tools for those who deploy and service Bistrina stations.")
		.version("0.1.0")
		.option(
			"--port <port>",
			"serial port, rfc2217://HOST:PORT, socket://HOST:PORT; sim:[SCENARIO][@AGE][,SEED]: a simulated station " +
				"with a collector of its own, a new one at each call (sim:dry-bor@9h); board:FOLDER: a simulated board, " +
				"bare where the folder is new, and the same one at the next call",
		)
		.option("--baud <rate>", "of the serial port", wholeNumber(300, 3_000_000), BAUD_DEFAULT)
		.addOption(
			new Option("--format <form>", "of what goes to stdout").choices([
				"text",
				"json",
				"jsonl",
				"csv",
			]),
		)
		.option(
			"--timeout <seconds>",
			"longest silence of any request, the first one included",
			wholeNumber(1, 3600),
		)
		.addOption(
			new Option(
				"--lang <language>",
				"of what people read; the locale's without it (data formats are never translated)",
			).choices(["en", "sr", "sr-Cyrl"]),
		)
		.showHelpAfterError("see bistrina --help")
		.configureOutput(PRINTABLE_USAGE)
		.exitOverride();
	addLineCommands(program, done);
	addVisitCommands(program, done);
	addBoardCommands(program, done);
	addProvisionCommands(program, done);
	addJudgingCommands(program, done);
	addValuesCommands(program, done);
	addRecordCommands(program, done);
	// The whole help would take the error off a small screen.
	for (const command of program.commands) {
		const name = `bistrina ${command.name()}`;
		command.showHelpAfterError(`usage: ${name} ${command.usage()}\nsee ${name} --help`);
	}
	return program;
}

/** Runs what `argv` asks for; the exit code. Throws only a bug. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
	let exitCode = 0;
	const program = commandLine((code) => {
		exitCode = code;
	});
	try {
		await program.parseAsync([...argv], { from: "user" });
		return exitCode;
	} catch (error) {
		if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
		if (!(error instanceof OperationalError)) throw error;
		const { messages } = await terminalOf(program);
		const words = printable(wordsOfError(error, messages.language));
		process.stderr.write(`${onStderr.red(messages.text("error"))} ${words}\n`);
		return error instanceof UsageError ? 2 : 1;
	}
}
