#!/usr/bin/env node
/**
 * `bistrina`: the technician's tools. Composition root: command-line/ alone knows that there are a simulator and
 * a collector, and loads them only when they are asked for. Exit 0, 1 (operational error), 2 (usage), 70 (bug).
 */
import { CommanderError } from "commander";
import { onStderr } from "../host/colours.js";
import { OperationalError, UsageError, wordsOfError } from "../host/errors.js";
import { printable, printableLines } from "../host/printable.js";
import { terminalOf } from "./command-line/options.js";
import { commandLine } from "./command-line/program.js";

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
