/**
 * The collector as a service of its own: `node build/src/collector/service/main.js --data DIR
 * [--postgres URL] [--port N]`. On stdout one line of JSON when it listens; all else goes to stderr.
 * Exit 0 after SIGINT or SIGTERM, 1 operational error, 2 usage, 70 a bug.
 */
import { printableLines } from "../../host/printable.js";
import { tellStdoutErrors } from "../../host/stdout-errors.js";
import { runCollector } from "./program.js";
import { LOG, log } from "./program-log.js";

// Whoever started it need not listen to it.
tellStdoutErrors(() => {});

runCollector(process.argv.slice(2)).then(
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
