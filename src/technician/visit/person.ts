/** The person at the keyboard: lines of the standard input, one after the other, and what is shown in between. */
import { createInterface, type Interface } from "node:readline";
import type { Readable } from "node:stream";
import { printable } from "../../host/printable.js";

export class Person {
	readonly #input: Interface;
	readonly #lines: string[] = [];
	readonly #waiting: ((line: string | undefined) => void)[] = [];
	readonly #write: (text: string) => void;
	/** A terminal: a line may be written over. */
	readonly isLive: boolean;
	#hasEnded = false;
	#isLineOpen = false;

	constructor(input: Readable, isLive: boolean, write: (text: string) => void) {
		this.isLive = isLive;
		this.#write = write;
		this.#input = createInterface({ input, terminal: false });
		this.#input.on("line", (line) => {
			const next = this.#waiting.shift();
			if (next === undefined) this.#lines.push(line);
			else next(line);
		});
		this.#input.on("close", () => {
			this.#hasEnded = true;
			for (const next of this.#waiting.splice(0)) next(undefined);
		});
	}

	print(text: string): void {
		this.#write(`${this.#isLineOpen ? "\n" : ""}${printable(text)}\n`);
		this.#isLineOpen = false;
	}

	/** Over the line before, where that can be. */
	show(text: string): void {
		if (!this.isLive) return;
		this.#write(`\r\x1b[K${printable(text)}`);
		this.#isLineOpen = true;
	}

	/** What was typed, printable; undefined when nobody types any more. */
	async ask(prompt: string): Promise<string | undefined> {
		this.#write(`${this.#isLineOpen ? "\n" : ""}${printable(prompt)}`);
		this.#isLineOpen = false;
		return this.next();
	}

	next(): Promise<string | undefined> {
		const line = this.#lines.shift();
		if (line !== undefined) return Promise.resolve(printable(line.trim()));
		if (this.#hasEnded) return Promise.resolve(undefined);
		return new Promise((resolve) => {
			this.#waiting.push((next) =>
				resolve(next === undefined ? undefined : printable(next.trim())),
			);
		});
	}

	close(): void {
		this.#input.close();
	}
}
