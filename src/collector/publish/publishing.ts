/**
 * The readers' half of a collector: a thread of its own that derives, keeps and serves. It has no database; it asks for
 * pages of the record, one at a time, and nothing that a reader does makes it ask. A thread that ended begins again.
 */
import { Worker } from "node:worker_threads";
import { messageOf, OperationalError } from "../../host/errors.js";
import type { RecordReader } from "./record-reader.js";
import type { FromThread, PublishingData, ToThread } from "./thread-messages.js";

export interface PublishingOptions extends PublishingData {
	/** May come later than the listener: what is asked before waits. */
	readonly reader: Promise<RecordReader>;
	/** `isFault`: it failed here, as often as something is tried or asked. */
	readonly log: (line: string, isFault?: boolean) => void;
	/** Told each second of answers since, by route and status, and of streams now. */
	readonly onCounted?: (counted: FromThread & { readonly kind: "counted" }) => void;
	/** For tests: beyond it the thread ends. */
	readonly heapMegabytes?: number;
	/** For tests: waits so long the first time before it begins again. */
	readonly againMilliseconds?: number;
}

export interface Publishing {
	readonly port: number;
	/** A batch of it was stored. */
	arrived(station: string): void;
	/** The operator's file or the list of stations is another one. */
	reload(): void;
	close(): Promise<void>;
}

/** Derived days of a year are 8 MB in memory; beyond this the thread ends and not the collector. */
const HEAP_MEGABYTES_MAX = 768;
/** Doubled each time; what always ends soon costs little then. */
const AGAIN_MILLISECONDS_MIN = 5000;
const AGAIN_MILLISECONDS_MAX = 600_000;
/** After so long the next end is a new one. */
const STEADY_MILLISECONDS = 3_600_000;
const CLOSE_MILLISECONDS_MAX = 4000;

/** Resolves when it listens. Throws OperationalError where it cannot. */
export async function startPublishing(options: PublishingOptions): Promise<Publishing> {
	const publishing = new KeptThread(options);
	await publishing.begin();
	return publishing;
}

class KeptThread implements Publishing {
	readonly #options: PublishingOptions;
	readonly #data: PublishingData;
	/** The one that it was given first: readers know it. */
	#port: number;
	#thread: Worker | undefined;
	#againMilliseconds: number;
	#timer: NodeJS.Timeout | undefined;
	#isClosing = false;
	#onClosed: () => void = () => {};

	constructor(options: PublishingOptions) {
		const { reader, log, onCounted, heapMegabytes, againMilliseconds, ...data } = options;
		this.#options = options;
		this.#data = data;
		this.#port = data.port;
		this.#againMilliseconds = againMilliseconds ?? AGAIN_MILLISECONDS_MIN;
	}

	get port(): number {
		return this.#port;
	}

	/** Resolves when it listens; what ends after that begins again. */
	begin(): Promise<void> {
		const { heapMegabytes = HEAP_MEGABYTES_MAX } = this.#options;
		const thread = new Worker(new URL("./publish-thread.js", import.meta.url), {
			workerData: { ...this.#data, port: this.#port },
			resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
		});
		this.#thread = thread;
		return new Promise((resolve, reject) => {
			let listeningSince: number | undefined;
			let reason: Error = new Error("it ended by itself");
			thread.on("message", (message: FromThread) => {
				if (message.kind === "refused") {
					reason = new OperationalError(message.message);
				} else if (message.kind === "listening") {
					listeningSince = performance.now();
					this.#port = message.port;
					resolve();
				} else {
					this.#take(thread, message);
				}
			});
			thread.on("error", (error) => {
				reason = error;
			});
			thread.on("exit", () => {
				if (this.#thread === thread) this.#thread = undefined;
				this.#onClosed();
				if (listeningSince === undefined) reject(reason);
				else this.#beginAgain(reason, performance.now() - listeningSince);
			});
		});
	}

	/** Stations are served all the same; an operator is told. */
	#beginAgain(reason: Error, listenedMilliseconds: number): void {
		if (this.#isClosing) return;
		if (listenedMilliseconds > STEADY_MILLISECONDS)
			this.#againMilliseconds = this.#options.againMilliseconds ?? AGAIN_MILLISECONDS_MIN;
		const wait = this.#againMilliseconds;
		this.#againMilliseconds = Math.min(2 * wait, AGAIN_MILLISECONDS_MAX);
		const { log } = this.#options;
		log(`publishing ended: ${reason.message}; it begins again in ${wait / 1000} s`, true);
		this.#timer = setTimeout(() => {
			this.begin().then(
				() => log("publishing listens again"),
				(error: Error) => this.#beginAgain(error, 0),
			);
		}, wait).unref();
	}

	#take(thread: Worker, message: FromThread): void {
		const { reader, log, onCounted } = this.#options;
		const post = (answer: ToThread): void => thread.postMessage(answer);
		if (message.kind === "log") log(message.line, message.isFault);
		else if (message.kind === "closed") this.#onClosed();
		else if (message.kind === "counted") onCounted?.(message);
		else if (message.kind === "ask") {
			reader
				.then((given) => asked(given, message))
				.then(
					(result) => post({ kind: "answer", id: message.id, result }),
					(error: unknown) => post({ kind: "failure", id: message.id, message: messageOf(error) }),
				);
		}
	}

	/** A thread that begins looks at all stations itself. */
	#post(message: ToThread): void {
		this.#thread?.postMessage(message);
	}

	arrived(station: string): void {
		this.#post({ kind: "arrived", station });
	}

	reload(): void {
		this.#post({ kind: "reload" });
	}

	async close(): Promise<void> {
		this.#isClosing = true;
		clearTimeout(this.#timer);
		if (this.#thread === undefined) return;
		await new Promise<void>((resolve) => {
			this.#onClosed = resolve;
			this.#post({ kind: "close" });
			setTimeout(resolve, CLOSE_MILLISECONDS_MAX).unref();
		});
		await this.#thread?.terminate();
	}
}

function asked(reader: RecordReader, message: FromThread & { readonly kind: "ask" }) {
	const method = reader[message.method] as (...parameters: readonly unknown[]) => Promise<unknown>;
	return method.apply(reader, message.parameters as unknown[]);
}
