/**
 * The collector as a service of its own: `node build/src/collector/service/main.js --data DIR
 * [--postgres URL] [--port N]`. On stdout one line of JSON when it listens; all else goes to stderr.
 * Exit 0 after SIGINT or SIGTERM, 1 operational error, 2 usage, 70 a bug.
 */

import { CommanderError } from "commander";
import { OperationalError } from "../../host/errors.js";
import { printableLines } from "../../host/printable.js";
import { LOG, log } from "./program-log.js";

// Loaded as needed: neither a wrong option nor a word to a collector that runs waits for a database's WebAssembly.
async function main(argv: readonly string[]): Promise<number> {
	try {
		if (argv[0] === "alarms") {
			const { runAlarmCommand } = await import("./alarm-command.js");
			return await runAlarmCommand(argv.slice(1));
		}
		const { parseServiceOptions } = await import("./service-options.js");
		const options = parseServiceOptions(argv);
		LOG.format = options.logFormat;
		const { serve } = await import("./serve.js");
		await serve(options);
		return 0;
	} catch (error) {
		if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
		if (!(error instanceof OperationalError)) throw error;
		log(`error: ${error.message}`);
		return 1;
	}
}

main(process.argv.slice(2)).then(
	(code) => {
		process.exitCode = code;
	},
	(error: unknown) => {
		const stack = error instanceof Error ? String(error.stack) : String(error);
		if (LOG.format === "json") log(`bug: ${stack}`);
		else process.stderr.write(`${printableLines(`bug: ${stack}`)}\n`);
		process.exit(70);
	},
);
