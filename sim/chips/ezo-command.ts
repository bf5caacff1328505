/** Commands of the EZO circuits: what they lead to, and their bytes. */
import { asciiText, equalBytes } from "../../src/core/bytes.js";
import { decimalText } from "./decimal-text.js";

/** What a command leads to: `text` after `milliseconds`, and `commit` when it is done. */
export interface EzoOutcome {
	readonly text: string;
	readonly duration: "short" | "read" | "calibrate";
	/** Takes effect at the end: a loss of power before it leaves everything as it was. */
	readonly commit?: () => void;
}

/** A query answered at once. */
export function answer(text: string): EzoOutcome {
	return { text, duration: "short" };
}

/** A setting that takes effect when the command is done. */
export function change(commit: () => void): EzoOutcome {
	return { text: "", duration: "short", commit };
}

/** A calibration point, stored when the command is done. */
export function calibration(commit: () => void): EzoOutcome {
	return { text: "", duration: "calibrate", commit };
}

/** At least one decimal, at most three: `25.0`, `19.53`. */
export function trimmedText(value: number): string {
	const text = decimalText(value, 3);
	if (!text.endsWith("0")) return text;
	return text.endsWith("00") ? text.slice(0, -2) : text.slice(0, -1);
}

/** Commands need no terminator; one NUL, CR or LF at the end, or several, do no harm. */
export function stripped(text: string): string {
	let end = text.length;
	while (end > 0 && "\0\r\n".includes(text.charAt(end - 1))) end--;
	return text.slice(0, end);
}

/** The parts between commas, as `split` would give them; a circuit is spoken to a million times a year. */
export function wordsOf(text: string): string[] {
	const words: string[] = [];
	let first = 0;
	for (let comma = text.indexOf(","); comma >= 0; comma = text.indexOf(",", first)) {
		words.push(text.slice(first, comma));
		first = comma + 1;
	}
	words.push(text.slice(first));
	return words;
}

/** A command as its circuit takes it: without its terminator, and its parts in upper case. */
export interface HeardCommand {
	readonly text: string;
	readonly words: readonly string[];
}

/** A driver says ten commands, each wake the same, and one with a temperature. */
const HEARD_MAX = 12;

/** Takes commands apart; those that it heard last it knows. */
export class CommandEar {
	readonly #known: (HeardCommand & { readonly bytes: Uint8Array })[] = [];
	#next = 0;

	hear(bytes: Uint8Array): HeardCommand {
		for (let index = 0; index < this.#known.length; index++) {
			const known = this.#known[index];
			if (known !== undefined && equalBytes(known.bytes, bytes)) return known;
		}
		const text = stripped(asciiText(bytes));
		const heard = { bytes: bytes.slice(), text, words: wordsOf(text.toUpperCase()) };
		this.#known[this.#next] = heard;
		this.#next = (this.#next + 1) % HEARD_MAX;
		return heard;
	}
}

/** What a command led to, as it is read. */
export interface EzoAnswer {
	readonly status: number;
	readonly text: string;
}

/** Status and text into `bytes`, which are zeros: the first that is left ends it. As much of it as is read. */
export function putAnswer(bytes: Uint8Array, { status, text }: EzoAnswer): void {
	bytes[0] = status;
	const end = Math.min(text.length, bytes.length - 1);
	for (let index = 0; index < end; index++) bytes[index + 1] = text.charCodeAt(index);
}
