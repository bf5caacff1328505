/** `npm start` as a function: the command line understood, the world played, what is wrong said. */
import { CommanderError } from "commander";
import { onStderr } from "../../src/host/colours.js";
import { OperationalError, UsageError } from "../../src/host/errors.js";
import { printableLines } from "../../src/host/printable.js";
import { parseStartOptions, type StartOptions, startUsage } from "./options.js";

/** What `npm start` does with its arguments; the exit code. Throws only a bug. */
export async function start(argv: readonly string[]): Promise<number> {
	let options: StartOptions;
	try {
		options = parseStartOptions(argv);
	} catch (error) {
		if (!(error instanceof CommanderError)) throw error;
		return error.exitCode === 0 ? 0 : 2;
	}
	try {
		// Loaded only now: a wrong option must not wait for a database's WebAssembly.
		const { run } = await import("./run.js");
		return await run(options);
	} catch (error) {
		if (!(error instanceof OperationalError)) throw error;
		process.stderr.write(`${onStderr.red("error:")} ${printableLines(error.message)}\n`);
		if (error instanceof UsageError) process.stderr.write(`\n${startUsage()}`);
		return error instanceof UsageError ? 2 : 1;
	}
}
