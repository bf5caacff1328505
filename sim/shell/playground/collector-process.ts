/**
 * The collector of a simulation as a process of its own, so that it can be killed in the middle of whatever it does,
 * and started again over what it left. Questions about the record wait while there is none.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { RecordReader } from "../../../src/collector/publish/record-reader.js";
import type { CollectorIdentity } from "../../../src/collector/service/identity.js";
import { OperationalError } from "../../../src/host/errors.js";
import type { StationResult } from "../../../src/host/station-result.js";
import type { CollectorHost } from "../collector-host.js";
import type { Asked, CollectorOrder, FromCollector, ToCollector } from "./collector-messages.js";

const PROGRAM = fileURLToPath(new URL("./collector-program.js", import.meta.url));
/**
 * How this process compiles WebAssembly is how that one does, which has the database. A profile or a debugger's port of ours
 * is not its.
 */
const HANDED_ON = Object.freeze(process.execArgv.filter((each) => each === "--liftoff-only"));
/** One that does not end by itself is killed: what it committed is in its files. */
const CLOSE_MILLISECONDS_MAX = 15_000;

export interface CollectorProcessOptions extends CollectorOrder {
	readonly identity: CollectorIdentity;
	readonly onError: (line: string) => void;
	readonly onStored: (station: string) => void;
}

interface Question {
	readonly asked: Asked;
	readonly resolve: (result: unknown) => void;
	readonly reject: (error: Error) => void;
}

export class CollectorProcess implements CollectorHost {
	readonly identity: CollectorIdentity;
	readonly counts = { duplicates: 0, refusals: 0 };
	readonly record: RecordReader;
	port = 0;
	readonly #options: CollectorProcessOptions;
	readonly #questions = new Map<number, Question>();
	#asked = 0;
	#child: ChildProcess | undefined;
	#isOpen = false;
	#isClosing = false;
	/** Of the processes before this one. */
	#before = { duplicates: 0, refusals: 0 };

	private constructor(options: CollectorProcessOptions) {
		this.#options = options;
		this.identity = options.identity;
		this.record = new Proxy({} as RecordReader, {
			get: (_target, method) => {
				// A promise that is given this asks whether it is one, too.
				if (method === "then") return undefined;
				return (...parameters: readonly unknown[]) =>
					this.#ask({ of: "record", method: method as keyof RecordReader, parameters });
			},
		});
	}

	/** Resolves when it listens. Throws OperationalError with what it said. */
	static async open(options: CollectorProcessOptions): Promise<CollectorProcess> {
		const collector = new CollectorProcess(options);
		await collector.start();
		return collector;
	}

	/** False while it is dead, or opens its database. */
	get isUp(): boolean {
		return this.#isOpen;
	}

	/** Kills it with -9, as a machine without memory does. */
	async kill(): Promise<void> {
		const child = this.#child;
		if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
		const gone = once(child, "exit");
		child.kill("SIGKILL");
		await gone;
	}

	/** Starts it again, on the same port. Throws OperationalError. */
	async start(): Promise<void> {
		if (this.#child !== undefined) return;
		// Ctrl-C goes to all processes of a terminal. One that had not loaded yet what ignores it is needed all the same by the run
		// that ends: it is started once more. (In a session of its own Linux would give it as much processor as all the rest.)
		let port: number | "interrupted";
		do port = await this.#listens();
		while (port === "interrupted");
		this.port = port;
		this.#isOpen = true;
		for (const [id, { asked }] of this.#questions) this.#send(id, asked);
	}

	/** Its port as soon as it listens. Throws OperationalError, and then there is none any more. */
	async #listens(): Promise<number | "interrupted"> {
		const { directory, seed, port } = this.#options;
		// Advanced: bytes stay bytes.
		const child = fork(PROGRAM, { execArgv: [...HANDED_ON], serialization: "advanced" });
		this.#child = child;
		const listening = new Promise<number | "interrupted">((resolve, reject) => {
			child.on("message", (message: FromCollector) => {
				if (message.kind === "open") resolve(message.port);
				else if (message.kind === "refused") reject(new OperationalError(message.message));
				else this.#take(message);
			});
			child.once("exit", (_code, signal) => {
				this.#ended(child);
				if (signal === "SIGINT" && !this.#isClosing) resolve("interrupted");
				else reject(new OperationalError("the collector's process ended before it listened"));
			});
			child.once("error", reject);
			const order = { directory, seed, port: this.port || port };
			child.send({ kind: "open", order } satisfies ToCollector);
		});
		try {
			return await listening;
		} catch (error) {
			// One that does not open would wait for orders, and we for its end.
			await this.kill();
			throw error;
		}
	}

	async enrol(results: readonly StationResult[]): Promise<void> {
		await this.#ask({ of: "enrol", results });
	}

	async rowsOf(station: string): Promise<Uint8Array[]> {
		return (await this.#ask({ of: "rows", station })) as Uint8Array[];
	}

	async close(): Promise<void> {
		const child = this.#child;
		this.#isClosing = true;
		if (child !== undefined && this.#isOpen) {
			const gone = once(child, "exit");
			const timer = setTimeout(() => child.kill("SIGKILL"), CLOSE_MILLISECONDS_MAX);
			await this.#ask({ of: "close" }).catch(() => {});
			await gone;
			clearTimeout(timer);
		} else await this.kill();
		this.#refuseAll();
	}

	#ask(asked: Asked): Promise<unknown> {
		if (this.#isClosing && asked.of !== "close")
			return Promise.reject(new Error("the collector is closed"));
		return new Promise((resolve, reject) => {
			const id = ++this.#asked;
			this.#questions.set(id, { asked, resolve, reject });
			if (this.#isOpen) this.#send(id, asked);
		});
	}

	#send(id: number, asked: Asked): void {
		const message: ToCollector = { kind: "ask", id, asked };
		// What does not get there is asked again when there is one.
		this.#child?.send(message, () => {});
	}

	#take(message: FromCollector): void {
		switch (message.kind) {
			case "error":
				this.#options.onError(message.line);
				return;
			case "stored":
				this.#options.onStored(message.station);
				return;
			case "answer":
				this.counts.duplicates = this.#before.duplicates + message.counts.duplicates;
				this.counts.refusals = this.#before.refusals + message.counts.refusals;
				this.#questions.get(message.id)?.resolve(message.result);
				this.#questions.delete(message.id);
				return;
			case "failure":
				this.#questions.get(message.id)?.reject(failureOf(message));
				this.#questions.delete(message.id);
		}
	}

	#ended(child: ChildProcess): void {
		if (this.#child !== child) return;
		this.#child = undefined;
		this.#isOpen = false;
		this.#before = { ...this.counts };
		if (this.#isClosing) this.#refuseAll();
	}

	#refuseAll(): void {
		for (const { reject } of this.#questions.values())
			reject(new Error("the collector's process ended"));
		this.#questions.clear();
	}
}

function failureOf({
	message,
	isOperational,
}: FromCollector & { readonly kind: "failure" }): Error {
	return isOperational ? new OperationalError(message) : new Error(message);
}
