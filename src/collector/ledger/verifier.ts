/**
 * Verifies signatures on a thread of its own, many for each message: handing them one by one to
 * Node's threads takes as long of this thread as to verify them here. One thread does 15 000 a
 * second, more than what is around it.
 */
import { Worker } from "node:worker_threads";
import { packQuestions, type Question, VERDICTS } from "./verifier-message.js";

export interface EnvelopeVerifier {
	/** True when `signature` (64 bytes) over `signed` is by the key of 33 bytes; rejects when that is none. */
	isSigned(question: Question): Promise<boolean>;
	/** Ends the thread. Rejects what was not answered. */
	close(): Promise<void>;
}

interface Asked {
	readonly question: Question;
	readonly onVerdict: (isSigned: boolean) => void;
	readonly onFailed: (error: Error) => void;
}

/** Starts the thread with the first question, and again should it die. */
export class ThreadVerifier implements EnvelopeVerifier {
	#thread: Worker | undefined;
	/** Not sent yet. */
	#gathered: Asked[] = [];
	/** Sent, in the order in which verdicts come back. */
	#underWay: Asked[][] = [];

	isSigned(question: Question): Promise<boolean> {
		return new Promise((onVerdict, onFailed) => {
			if (this.#gathered.length === 0) setImmediate(() => this.#send());
			this.#gathered.push({ question, onVerdict, onFailed });
		});
	}

	async close(): Promise<void> {
		await this.#thread?.terminate();
	}

	#send(): void {
		const asked = this.#gathered;
		this.#gathered = [];
		const packed = packQuestions(asked.map(({ question }) => question));
		this.#underWay.push(asked);
		this.#thread ??= this.#start();
		this.#thread.ref();
		this.#thread.postMessage(packed, [packed.buffer as ArrayBuffer]);
	}

	#start(): Worker {
		const thread = new Worker(new URL("./verifier-thread.js", import.meta.url));
		thread.on("message", (verdicts: Uint8Array) => {
			const asked = this.#underWay.shift() ?? [];
			// A process that waits for nothing else may end.
			if (this.#underWay.length === 0) thread.unref();
			asked.forEach(({ onVerdict, onFailed }, index) => {
				const verdict = verdicts[index];
				if (verdict === VERDICTS.signed) onVerdict(true);
				else if (verdict === VERDICTS.notSigned) onVerdict(false);
				else onFailed(new Error("an enrolled key that is no point of P-256"));
			});
		});
		thread.on("error", (error) => this.#fail(thread, error));
		thread.on("exit", () => this.#fail(thread, new Error("the verifying thread ended")));
		return thread;
	}

	#fail(thread: Worker, error: Error): void {
		if (this.#thread !== thread) return;
		this.#thread = undefined;
		const lost = this.#underWay.flat();
		this.#underWay = [];
		for (const { onFailed } of lost) onFailed(error);
	}
}
