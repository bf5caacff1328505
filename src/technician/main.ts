#!/usr/bin/env node
/**
 * `bistrina`: the technician's tools. Composition root: command-line/ alone knows that there are a simulator and
 * a collector, and loads them only when they are asked for. Exit 0, 1 (operational error), 2 (usage), 70 (bug).
 */
import { Command, CommanderError, Option } from "commander";
import { onStderr } from "../host/colours.js";
import { OperationalError, UsageError, wordsOfError } from "../host/errors.js";
import { printable, printableLines } from "../host/printable.js";
import { PRINTABLE_USAGE } from "../host/usage.js";
import { addBoardCommands } from "./command-line/board.js";
import { addLineCommands } from "./command-line/line.js";
import { type Done, terminalOf, wholeNumber } from "./command-line/options.js";
import { addProvisionCommands } from "./command-line/provision.js";
import { addJudgingCommands, addRecordCommands } from "./command-line/record.js";
import { addValuesCommands } from "./command-line/values.js";
import { addVisitCommands } from "./command-line/visit.js";

const BAUD_DEFAULT = 115_200;

/** The command line; `done` is told the exit code of what ran. */
function commandLine(done: Done): Command {
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

async function main(argv: readonly string[]): Promise<number> {
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

// A reader that closes the pipe after the first lines has seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code !== "EPIPE") throw error;
	process.exit(0);
});

main(process.argv.slice(2)).then(
	(code) => {
		process.exitCode = code;
	},
	(error: unknown) => {
		const stack = error instanceof Error ? String(error.stack) : String(error);
		process.stderr.write(`${printableLines(`bug: ${stack}`)}\n`);
		process.exitCode = 70;
	},
);
