/** A real pseudo-terminal, which Node cannot open: a few lines of Python carry its bytes. */
import { type ChildProcess, spawn } from "node:child_process";

const PROGRAM = `
import os, pty, select, sys, tty
master, slave = pty.openpty()
tty.setraw(slave)
sys.stderr.write(os.ttyname(slave) + "\\n"); sys.stderr.flush()
while True:
    for ready in select.select([master, 0], [], [])[0]:
        data = os.read(ready, 4096)
        if not data: sys.exit()
        os.write(1 if ready == master else master, data)
`;

export interface PseudoTerminal {
	/** What a program opens. */
	readonly path: string;
	onBytes: ((bytes: Uint8Array) => void) | undefined;
	write(bytes: Uint8Array): void;
	close(): Promise<void>;
}

export async function openPseudoTerminal(): Promise<PseudoTerminal> {
	const child: ChildProcess = spawn("python3", ["-c", PROGRAM], {
		stdio: ["pipe", "pipe", "pipe"],
	});
	const path = await new Promise<string>((resolve, reject) => {
		child.once("error", reject);
		child.stderr?.once("data", (text: Buffer) => resolve(text.toString().trim()));
	});
	const terminal: PseudoTerminal = {
		path,
		onBytes: undefined,
		write: (bytes) => {
			child.stdin?.write(bytes);
		},
		close: () =>
			new Promise((resolve) => {
				child.once("close", () => resolve());
				child.stdin?.end();
				child.kill();
			}),
	};
	child.stdin?.on("error", () => {});
	child.stdout?.on("data", (bytes: Buffer) => terminal.onBytes?.(new Uint8Array(bytes)));
	return terminal;
}
