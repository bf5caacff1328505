/**
 * A person at a raw terminal: what is echoed, what a typed line means, and how its answer reads
 * (docs/CONSOLE.md, "A person at a terminal").
 */
import { asciiBytes, asciiText } from "../../core/bytes.js";
import { isoTextOf } from "../../core/calendar.js";
import { isLetter, printable } from "../../core/text.js";
import {
	CONSOLE_LINE_BYTES_MAX,
	isPrintable,
	LineAssembler,
	readRequest,
	type StationInput,
} from "../../protocol/line/console.js";
import type { AnswerFields } from "./service.js";

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const ESCAPE = 0x1b;
const BACKSPACE = 0x08;
const DELETE = 0x7f;
const QUESTION = 0x3f;
const SPACE = 0x20;
/** `?`, `+`, `!`, `#`: a program's line, or one of our own come back. */
const UNTYPED = [QUESTION, 0x2b, 0x21, 0x23];
/** What one read of the stream may give to echo: its buffer, and three bytes for each one taken back. */
const ECHO_BYTES_MAX = 512;

/** Puts bytes together to lines, as a person edits them. */
export class TerminalInput {
	readonly #lines = new LineAssembler(true);
	readonly #echo: number[] = [];
	/** Of an escape sequence: 1 after ESC, 2 after the bracket that opens it. */
	#escape = 0;
	#wasReturn = false;
	#isTyped = true;

	/** Whether the line that ended was typed. */
	get isTyped(): boolean {
		return this.#isTyped;
	}

	/** Whether it was ended by a key, and not by a program's line feed. */
	get isKey(): boolean {
		return this.#wasReturn;
	}

	/** What stands on the line so far. */
	get typed(): Uint8Array {
		return this.#lines.held;
	}

	/** Takes a byte; the line that it ended (valid until the next call), "too-long", or undefined. */
	push(sent: number): Uint8Array | "too-long" | undefined {
		let byte = sent;
		// Within a program's line every byte is what it is: what comes after noise must not become a line of its own.
		if (this.#lines.held[0] !== QUESTION) {
			// A tab is a space; Ctrl-C and Ctrl-U end a line that is given up.
			if (sent === 0x09) byte = SPACE;
			if (sent === 0x03 || sent === 0x15) {
				this.#lines.clear();
				byte = RETURN;
			}
		}
		const { held } = this.#lines;
		const first = held[0] ?? byte;
		const isEnd = byte === RETURN || byte === LINE_FEED;
		const isSecondHalf = byte === LINE_FEED && this.#wasReturn && held.length === 0;
		this.#wasReturn = byte === RETURN;
		if (isSecondHalf) return undefined;
		if (isEnd) {
			this.#escape = 0;
			const isQuestion = held.length === 1 && first === QUESTION;
			this.#isTyped = isQuestion || first !== QUESTION;
			if (isQuestion) this.#show(QUESTION);
			if (!UNTYPED.includes(first) || isQuestion)
				if (held.length > 0 || byte === RETURN) this.#show(RETURN, LINE_FEED);
			return this.#lines.push(byte);
		}
		if (first !== QUESTION && this.#isOfEscape(byte)) return undefined;
		const before = held.length;
		const line = this.#lines.push(byte);
		if (!UNTYPED.includes(first)) this.#echoOf(byte, before);
		return line;
	}

	/** What is to be echoed since the last call; undefined: nothing. */
	takeEcho(): Uint8Array | undefined {
		if (this.#echo.length === 0) return undefined;
		return new Uint8Array(this.#echo.splice(0));
	}

	/** Forgets an unfinished line. */
	clear(): void {
		this.#lines.clear();
		this.#echo.length = 0;
		this.#escape = 0;
		this.#wasReturn = false;
	}

	#isOfEscape(byte: number): boolean {
		if (byte === ESCAPE) this.#escape = 1;
		else if (this.#escape === 1) this.#escape = byte === 0x5b || byte === 0x4f ? 2 : 0;
		else if (this.#escape === 2) this.#escape = byte >= 0x40 && byte <= 0x7e ? 0 : 2;
		else return false;
		return true;
	}

	#echoOf(byte: number, heldBefore: number): void {
		const { length } = this.#lines.held;
		// What is not shown as it is stands as `?`: each character that is taken back is one that shows.
		if (length > heldBefore) this.#show(byte >= SPACE && byte < DELETE ? byte : QUESTION);
		if (length < heldBefore) this.#show(BACKSPACE, SPACE, BACKSPACE);
	}

	#show(...bytes: number[]): void {
		if (this.#echo.length < ECHO_BYTES_MAX) this.#echo.push(...bytes);
	}
}

/** What a typed line asks for. It never becomes a program's: that begins with `?` and has a checksum. */
export function typedRequest(line: Uint8Array): StationInput {
	if (UNTYPED.includes(line[0] ?? 0) && line.length > 1) return { kind: "nothing" };
	const [word = "", ...rest] = asciiText(line)
		.split(" ")
		.filter((each) => each !== "");
	if (word === "") return { kind: "nothing" };
	const command = word === "?" ? "help" : word.toLowerCase();
	if (!isLetter(command.charCodeAt(0)) || !isPrintable(line)) return { kind: "garbled" };
	const [about = ""] = rest;
	if (command === "help" && about !== "" && about.indexOf("=") < 0) {
		rest[0] = `command=${about.toLowerCase()}`;
	}
	return readRequest(asciiBytes([command, ...rest].join(" ")));
}

/** A part (`head` "+") or an answer ("! ok") for a person, with its line end. */
export function readable(head: string, fields: AnswerFields): Uint8Array {
	let line = head;
	for (const [name, value] of Object.entries(fields)) {
		if (value === "none" || name === "parts") continue;
		const isBare = name === "text" || name === "command";
		line += isBare ? `  ${value}` : `  ${name}=${name === "utc" ? timeText(value) : value}`;
	}
	return asciiBytes(`${printable(line).slice(0, CONSOLE_LINE_BYTES_MAX - 2)}\r\n`);
}

/** 0 is a time that nobody knows. */
function timeText(seconds: string | number): string | number {
	return typeof seconds === "number" && seconds > 0 ? isoTextOf(seconds) : "unknown";
}
