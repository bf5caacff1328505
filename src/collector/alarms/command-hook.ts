/** A program that is handed each alarm on its standard input. */
import { spawn } from "node:child_process";
import type { AlarmHook } from "./alarm-post.js";

const MILLISECONDS_MAX = 30_000;

/** Taken is an exit code of 0 within half a minute. One at a time: what a program does is its own affair. */
export function commandHook(path: string): AlarmHook {
	return {
		name: "command",
		atOnce: 1,
		deliver: (line) =>
			new Promise((resolve, reject) => {
				const child = spawn(path, [], {
					stdio: ["pipe", "ignore", "ignore"],
					timeout: MILLISECONDS_MAX,
					killSignal: "SIGKILL",
				});
				child.on("error", reject);
				// A program that does not read closes its end; its exit code says what it made of that.
				child.stdin.on("error", () => {});
				child.stdin.end(`${line}\n`);
				child.on("exit", (code, signal) => {
					if (code === 0) resolve({ isTaken: true });
					else resolve({ isTaken: false, why: signal ?? `exit ${code}` });
				});
			}),
	};
}
