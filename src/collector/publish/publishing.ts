/**
 * The readers' half of a collector: a thread of its own that derives, keeps and serves. It has no database; it asks for
 * pages of the record, one at a time, and nothing that a reader does makes it ask.
 */
import { Worker } from "node:worker_threads";
import { OperationalError } from "../../host/errors.js";
import type { RecordReader } from "./record-reader.js";
import type { FromThread, PublishingData, ToThread } from "./thread-messages.js";

export interface PublishingOptions extends PublishingData {
	/** May come later than the listener: what is asked before waits. */
	readonly reader: Promise<RecordReader>;
	/** `isFault`: it failed here, as often as something is tried or asked. */
	readonly log: (line: string, isFault?: boolean) => void;
	/** Told each second of answers since, by route and status, and of streams now. */
	readonly onCounted?: (counted: FromThread & { readonly kind: "counted" }) => void;
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

/** Resolves when it listens. Throws OperationalError where it cannot. */
export async function startPublishing(options: PublishingOptions): Promise<Publishing> {
	const { reader, log, onCounted, ...data } = options;
	const thread = new Worker(new URL("./publish-thread.js", import.meta.url), {
		workerData: data,
		resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES_MAX },
	});
	const post = (message: ToThread): void => thread.postMessage(message);
	let isClosing = false;
	let onClosed: () => void = () => {};
	const port = await new Promise<number>((resolve, reject) => {
		thread.on("message", (message: FromThread) => {
			switch (message.kind) {
				case "listening":
					return resolve(message.port);
				case "refused":
					return reject(new OperationalError(message.message));
				case "log":
					return log(message.line, message.isFault);
				case "closed":
					return onClosed();
				case "counted":
					return onCounted?.(message);
				case "ask":
					reader
						.then((given) => asked(given, message))
						.then(
							(result) => post({ kind: "answer", id: message.id, result }),
							(error: unknown) =>
								post({
									kind: "failure",
									id: message.id,
									message: error instanceof Error ? error.message : String(error),
								}),
						);
			}
		});
		thread.on("error", (error) => {
			reject(error);
			// Stations are served all the same; a reader of the page gets the reason.
			if (!isClosing) log(`publishing ended: ${error.message}`);
			onClosed();
		});
		thread.on("exit", () => onClosed());
	});
	return {
		port,
		arrived: (station) => post({ kind: "arrived", station }),
		reload: () => post({ kind: "reload" }),
		close: async () => {
			isClosing = true;
			await new Promise<void>((resolve) => {
				onClosed = resolve;
				post({ kind: "close" });
				setTimeout(resolve, CLOSE_MILLISECONDS_MAX).unref();
			});
			await thread.terminate();
		},
	};
}

const CLOSE_MILLISECONDS_MAX = 4000;

function asked(reader: RecordReader, message: FromThread & { readonly kind: "ask" }) {
	const method = reader[message.method] as (...parameters: readonly unknown[]) => Promise<unknown>;
	return method.apply(reader, message.parameters as unknown[]);
}
