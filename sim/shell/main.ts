/** `npm start`: stations, rivers and the collector on one machine. Exit 0, 1 (operational error), 2 (usage), 70 (bug). */
import "./engine.js";
import { tellStdoutErrors } from "../../src/host/stdout-errors.js";
import { start } from "./start.js";

// The world is played to its end and saved all the same.
tellStdoutErrors(() => {});

start(process.argv.slice(2)).then(
	(code) => {
		process.exitCode = code;
	},
	(error: unknown) => {
		process.stderr.write(`bug: ${error instanceof Error ? error.stack : String(error)}\n`);
		process.exitCode = 70;
	},
);
