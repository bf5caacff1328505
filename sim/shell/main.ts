/** `npm start`: stations, rivers and the collector on one machine. Exit 0, 1 (operational error), 2 (usage), 70 (bug). */
import { OperationalError, UsageError } from "../../src/host/errors.js";
import "./engine.js";
import { CommanderError } from "commander";
import { onStderr } from "../../src/host/colours.js";
import { printableLines } from "../../src/host/printable.js";
import { parseStartOptions, type StartOptions, startUsage } from "./options.js";

async function main(argv: readonly string[]): Promise<number> {
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

main(process.argv.slice(2)).then(
	(code) => {
		process.exitCode = code;
	},
	(error: unknown) => {
		process.stderr.write(`bug: ${error instanceof Error ? error.stack : String(error)}\n`);
		process.exitCode = 70;
	},
);
