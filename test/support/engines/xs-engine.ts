/**
 * A real XS engine for tests: the worker that npm's @agoric/xsnap builds (XS 13, with a C compiler, at
 * installation). Its JavaScript side hardens the process that loads it, so only the worker is used,
 * over its own protocol: netstrings on two pipes, `m` runs a module, `?` calls `handleCommand`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { PROJECT } from "../sources.js";

const PLATFORMS: Readonly<Record<string, string>> = { linux: "lin", darwin: "mac" };

/** Path of the worker, or why there is none. */
export function findXsWorker(): { readonly path: string } | { readonly missing: string } {
	const platform = PLATFORMS[process.platform];
	if (platform === undefined) return { missing: `@agoric/xsnap does not know ${process.platform}` };
	const path = join(
		PROJECT,
		"node_modules/@agoric/xsnap/xsnap-native/xsnap/build/bin",
		platform,
		"release/xsnap-worker",
	);
	if (existsSync(path)) return { path };
	return { missing: "@agoric/xsnap is not built; it needs make and a C compiler at npm install" };
}

/** What the engine counted for one command. */
export interface XsUsage {
	/** Byte codes run, modulo 2^32. */
	readonly computations: number;
	/** Bytes that the heaps take from the system, in all. */
	readonly allocatedBytes: number;
	/** Slots in use after the command; call `collect` before to have live ones. */
	readonly slots: number;
}

export interface XsReply {
	readonly text: string;
	readonly usage: XsUsage;
}

export class XsEngine {
	readonly #child: ChildProcess;
	readonly #input: Writable;
	readonly #waiting: { resolve: (message: Buffer) => void; reject: (error: Error) => void }[] = [];
	#received = Buffer.alloc(0);
	#errors = "";

	/** Answers what the engine asks its host, at once. */
	onQuery: (query: Uint8Array) => Uint8Array = () => new Uint8Array(0);

	constructor(workerPath: string) {
		this.#child = spawn(workerPath, ["bistrina"], {
			stdio: ["ignore", "inherit", "pipe", "pipe", "pipe", "ignore", "ignore"],
		});
		this.#input = this.#child.stdio[3] as Writable;
		(this.#child.stdio[4] as Readable).on("data", (part: Buffer) => this.#take(part));
		this.#child.stderr?.on("data", (part: Buffer) => {
			this.#errors += part.toString();
		});
		this.#child.on("exit", (code, signal) => {
			const error = new Error(`XS ended with ${code ?? signal}: ${this.#errors}`);
			for (const { reject } of this.#waiting.splice(0)) reject(error);
		});
	}

	/** Runs a module file with all that it imports. */
	async importModule(path: string): Promise<XsReply> {
		return this.#ask(`m${path}`);
	}

	/** Calls the global `handleCommand` with the text's bytes; its bytes back. */
	async command(text: string): Promise<XsReply> {
		return this.#ask(`?${text}`);
	}

	/** Evaluates a script; its value is lost. */
	async evaluate(script: string): Promise<XsReply> {
		return this.#ask(`e${script}`);
	}

	/** Collects garbage and reports what is left. */
	async collect(): Promise<XsUsage> {
		await this.evaluate("gc(); gc();");
		return (await this.evaluate("gc();")).usage;
	}

	/** Writes the whole machine into a file, as the engine's snapshots are. */
	async writeSnapshot(path: string): Promise<void> {
		await this.#ask(`w${path}`);
	}

	close(): void {
		this.#input.end();
	}

	async #ask(message: string): Promise<XsReply> {
		const answered = new Promise<Buffer>((resolve, reject) => {
			this.#waiting.push({ resolve, reject });
		});
		this.#send(Buffer.from(message));
		const answer = await answered;
		const kind = String.fromCharCode(answer[0] ?? 0);
		if (kind !== ".") {
			throw new Error(`XS: ${answer.subarray(1).toString()} ${this.#errors}`);
		}
		const end = answer.indexOf(1);
		const meters = JSON.parse(answer.subarray(1, end).toString()) as Record<string, number>;
		return {
			text: answer.subarray(end + 1).toString(),
			usage: {
				computations: meters["compute"] ?? 0,
				allocatedBytes: meters["allocate"] ?? 0,
				slots: meters["currentHeapCount"] ?? 0,
			},
		};
	}

	#send(payload: Uint8Array): void {
		this.#input.write(`${payload.length}:`);
		this.#input.write(payload);
		this.#input.write(",");
	}

	#take(part: Buffer): void {
		this.#received = Buffer.concat([this.#received, part]);
		for (;;) {
			const colon = this.#received.indexOf(":");
			if (colon < 0) return;
			const length = Number(this.#received.subarray(0, colon).toString());
			if (this.#received.length < colon + 1 + length + 1) return;
			const message = this.#received.subarray(colon + 1, colon + 1 + length);
			this.#received = this.#received.subarray(colon + length + 2);
			if (message[0] === 0x3f) {
				const answer = this.onQuery(new Uint8Array(message.subarray(1)));
				this.#send(Buffer.concat([Buffer.from("/"), answer]));
			} else {
				this.#waiting.shift()?.resolve(Buffer.from(message));
			}
		}
	}
}
