/** Runs one of the project's programs as a user would, in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { PROJECT } from "../sources.js";

/**
 * Programs that a test starts live for seconds: as in the tests' own process (.mocharc.json) PGlite's WebAssembly is compiled
 * once and not again to run faster, which costs half a second of processor time and more. Benchmarks and campaigns are
 * without it.
 */
export const AS_THIS_PROCESS = process.execArgv.filter((each) => each === "--liftoff-only");

export interface Finished {
	readonly exitCode: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

export interface Running {
	readonly child: ChildProcess;
	readonly finished: Promise<Finished>;
	/** Resolves when `pattern` has appeared on stdout or stderr; rejects when the program ends before. */
	seen(pattern: RegExp): Promise<RegExpMatchArray>;
}

/** Starts `build/PROGRAM` with arguments. The caller sees that it ends. */
export function startCommand(program: string, argv: readonly string[]): Running {
	const child = spawn(
		process.execPath,
		["--enable-source-maps", ...AS_THIS_PROCESS, join(PROJECT, "build", program), ...argv],
		{
			stdio: ["ignore", "pipe", "pipe"],
			// As on a machine that builds: what goes into a pipe is plain all the same.
			env: { ...process.env, CI: "true" },
		},
	);
	let stdout = "";
	let stderr = "";
	const watchers = new Set<() => void>();
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		stdout += text;
		for (const watch of watchers) watch();
	});
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		stderr += text;
		for (const watch of watchers) watch();
	});
	const finished = new Promise<Finished>((resolve, reject) => {
		child.on("error", reject);
		child.on("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
	});
	return {
		child,
		finished,
		seen: (pattern) =>
			new Promise((resolve, reject) => {
				const watch = (): void => {
					const match = (stdout + stderr).match(pattern);
					if (match === null) return;
					watchers.delete(watch);
					resolve(match);
				};
				watchers.add(watch);
				watch();
				finished.then(
					() => reject(new Error(`ended without ${pattern}: ${stdout}${stderr}`)),
					reject,
				);
			}),
	};
}

export function runCommand(program: string, ...argv: readonly string[]): Promise<Finished> {
	return startCommand(program, argv).finished;
}
