/** Finds and runs one benchmark or campaign of a folder by its file's name. */
import "../../../sim/shell/engine.js";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { leaveNothing } from "./leave-nothing.js";

/** A wrong option; the message says what is wrong and what there is. */
export class UsageError extends Error {}

interface Runnable {
	/** True when its own criteria hold. Its last line on stdout is one line of JSON. */
	run(args: string[]): Promise<boolean>;
}

/** Sets the exit code: 0 criteria hold, 1 they do not, 2 usage, 70 a bug. */
export async function dispatch(folder: URL, kind: string, args: string[]): Promise<void> {
	const names = readdirSync(fileURLToPath(folder))
		.filter((file) => file.endsWith(".js") && file !== "main.js")
		.map((file) => file.slice(0, -3))
		.sort();
	const name = args[0];
	if (name === undefined || !names.includes(name)) {
		console.error(`usage: npm run ${kind} -- ${names.join("|")} [options]`);
		process.exitCode = 2;
		return;
	}
	leaveNothing();
	const module = (await import(new URL(`${name}.js`, folder).href)) as Runnable;
	try {
		process.exitCode = (await module.run(args.slice(1))) ? 0 : 1;
	} catch (error) {
		if (error instanceof UsageError) {
			console.error(error.message);
			process.exitCode = 2;
			return;
		}
		console.error(error);
		process.exitCode = 70;
	}
}
