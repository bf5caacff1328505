#!/usr/bin/env node
/**
 * `bistrina`: the technician's tools. Composition root: command-line/ alone knows that there are a simulator and
 * a collector, and loads them only when they are asked for. Exit 0, 1 (operational error), 2 (usage), 70 (bug).
 */
import { printableLines } from "../host/printable.js";
import { tellStdoutErrors } from "../host/stdout-errors.js";
import { runCommandLine } from "./command-line/program.js";

tellStdoutErrors(() => process.exit(0));

runCommandLine(process.argv.slice(2)).then(
	(code) => {
		process.exitCode = code;
	},
	(error: unknown) => {
		const stack = error instanceof Error ? String(error.stack) : String(error);
		process.stderr.write(`${printableLines(`bug: ${stack}`)}\n`);
		process.exitCode = 70;
	},
);
