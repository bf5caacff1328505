/**
 * The collector's program as a function: `[--data DIR] [--postgres URL] [--port N]`, or `alarms` and a word to one that
 * runs. Resolves with the exit code: 0 after SIGINT or SIGTERM, 1 operational error, 2 usage.
 */
import { CommanderError } from "commander";
import { OperationalError } from "../../host/errors.js";
import { LOG, log } from "./program-log.js";

// Loaded as needed: neither a wrong option nor a word to a collector that runs waits for a database's WebAssembly.
export async function runCollector(argv: readonly string[]): Promise<number> {
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
