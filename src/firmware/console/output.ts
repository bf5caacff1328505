/** Lines on their way out: a bounded buffer that empties as the stream takes bytes. */
import type { ConsoleStream } from "../ports.js";

/** Four of the longest lines. */
const OUTPUT_BYTES = 1024;

export class ConsoleOutput {
	readonly #stream: ConsoleStream;
	/** Made with the first line: in most wakes nobody listens. */
	#bytes: Uint8Array | undefined;
	#length = 0;

	constructor(stream: ConsoleStream) {
		this.#stream = stream;
	}

	/** Takes a whole line or none of it; false when there is no room. */
	offer(line: Uint8Array): boolean {
		this.pump();
		if (this.#length + line.length > OUTPUT_BYTES) return false;
		this.#bytes ??= new Uint8Array(OUTPUT_BYTES);
		this.#bytes.set(line, this.#length);
		this.#length += line.length;
		this.pump();
		return true;
	}

	/** Gives the stream what it takes. */
	pump(): void {
		if (this.#bytes === undefined || this.#length === 0) return;
		const taken = this.#stream.write(this.#bytes.subarray(0, this.#length));
		if (taken === 0) return;
		this.#bytes.copyWithin(0, taken, this.#length);
		this.#length -= taken;
	}

	clear(): void {
		this.#length = 0;
	}
}
