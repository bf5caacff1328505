/**
 * The project's programs without a process for each: whoever asks what a program says to one command line more starts
 * none in a short run, where a process of Node takes half a second to a second of processor time. In a whole run each is
 * a process of its own. What a process is (stdout and stderr apart, the exit code, signals) is tried by startCommand and
 * runCommand in both.
 */
import { strict as assert } from "node:assert";
import { Readable, Writable } from "node:stream";
import { IS_WHOLE } from "../depth.js";
import { type Finished, runCommand } from "./command.js";

type Program = (argv: readonly string[]) => Promise<number>;

const PROGRAMS: Readonly<Record<string, () => Promise<Program>>> = Object.freeze({
	"sim/shell/main.js": async () => (await import("../../../sim/shell/start.js")).start,
	"src/collector/service/main.js": async () =>
		(await import("../../../src/collector/service/program.js")).runCollector,
	"src/technician/main.js": async () =>
		(await import("../../../src/technician/command-line/program.js")).runCommandLine,
});
const STREAMS = Object.freeze(["stdin", "stdout", "stderr"] as const);

/** What a stream was given. */
class Sink extends Writable {
	readonly pieces: Buffer[] = [];

	override _write(piece: Buffer, _encoding: BufferEncoding, done: () => void): void {
		this.pieces.push(piece);
		done();
	}

	get text(): string {
		return Buffer.concat(this.pieces).toString();
	}
}

/** As runCommand, and in a short run within this process: one after the other, not at once. */
export function callCommand(program: string, ...argv: readonly string[]): Promise<Finished> {
	if (IS_WHOLE || isColoured()) return runCommand(program, ...argv);
	return calledHere(program, argv, { environment: { CI: "true" } });
}

/** Whether this process has a terminal, by which the programs would have chosen their colours. */
export function isColoured(): boolean {
	return process.stdout.isTTY === true || process.stderr.isTTY === true;
}

/** Calls a program's function with streams of its own. */
export async function calledHere(
	program: string,
	argv: readonly string[],
	given: { readonly typed?: string; readonly environment?: Readonly<Record<string, string>> },
): Promise<Finished> {
	assert.ok(!(process.stdout instanceof Sink), "a call is in progress already");
	const run = await (PROGRAMS[program] ?? assert.fail(`${program} is no function here`))();
	const { typed = "", environment = {} } = given;
	const [stdout, stderr] = [new Sink(), new Sink()];
	const streams = {
		stdin: Readable.from(typed === "" ? [] : [Buffer.from(typed)]),
		stdout,
		stderr,
	};
	const before = STREAMS.map((name) => Object.getOwnPropertyDescriptor(process, name));
	const { env } = process;
	for (const name of STREAMS) {
		Object.defineProperty(process, name, { configurable: true, value: streams[name] });
	}
	process.env = { ...env, ...environment };
	try {
		const exitCode = await run(argv);
		return { exitCode, stdout: stdout.text, stderr: stderr.text };
	} finally {
		process.env = env;
		for (const [index, name] of STREAMS.entries()) {
			Object.defineProperty(process, name, before[index] ?? assert.fail());
		}
	}
}
