/**
 * Lines of the technician's line, shared by station and program: docs/CONSOLE.md. A line is bytes
 * without its end; what has a checksum is checked before anything else of it is believed.
 */
import { asciiBytes, asciiText } from "../../core/bytes.js";
import { crc32 } from "../../core/crc32.js";
import { assert } from "../../core/errors.js";
import { isDigits, isLetter, isLowerLetter, isTextOf, printable } from "../../core/text.js";

export const CONSOLE_VERSION = 1;
/** With its end. */
export const CONSOLE_LINE_BYTES_MAX = 256;

/** Every answer but "ok". */
export const CONSOLE_ERROR_CODES = [
	"garbled",
	"too-long",
	"unframed",
	"unknown-command",
	"bad-argument",
	"busy",
	"stopped",
	"other-epoch",
	"failed",
] as const;

export type ConsoleErrorCode = (typeof CONSOLE_ERROR_CODES)[number];

/** Names and values of a line, in order. */
export type ConsoleFields = ReadonlyMap<string, string>;

/** `id` 0: typed by a person, without checksum. */
export interface ConsoleRequest {
	readonly id: number;
	readonly command: string;
	readonly fields: ConsoleFields;
}

/** What a station makes of a line that came. */
export type StationInput =
	| { readonly kind: "request"; readonly request: ConsoleRequest }
	/** Nothing, or an echo of the station's own lines. */
	| { readonly kind: "nothing" }
	/** `id`: under a checksum that holds, so that whoever asked learns at once that this is no request. */
	| { readonly kind: "garbled"; readonly id?: number };

/** What a program makes of a line that came. */
export type StationOutput =
	| { readonly kind: "part"; readonly id: number; readonly fields: ConsoleFields }
	| {
			readonly kind: "answer";
			/** Undefined: to a line whose id could not be read. */
			readonly id: number | undefined;
			/** "ok", a ConsoleErrorCode, or one of a later version. */
			readonly code: string;
			readonly fields: ConsoleFields;
	  }
	| { readonly kind: "log"; readonly text: string }
	| { readonly kind: "garbled" };

/** Value of a field, as its writer has it. */
export type FieldValue = string | number;

const LINE_FEED = 0x0a;
const QUESTION = 0x3f;
/** ` *` and eight digits. */
const CHECKSUM_BYTES = 10;
const HEX_DIGITS = "0123456789abcdef";
const COMMAND_CHARACTERS_MAX = 24;
const FIELD_NAME_CHARACTERS_MAX = 23;
/** Begins what goes to the end of the line. */
const TEXT_NAME = "text";

/** A request with its checksum and line feed. */
export function encodeRequest(
	id: number,
	command: string,
	fields: Readonly<Record<string, FieldValue>> = {},
): Uint8Array {
	return sealed(`?${id} ${command}${textOfFields(fields)}`);
}

/** A part with its checksum and line feed. */
export function encodePart(id: number, fields: Readonly<Record<string, FieldValue>>): Uint8Array {
	return sealed(`+${id}${textOfFields(fields)}`);
}

/** An answer with its checksum and line feed. */
export function encodeConsoleAnswer(
	id: number | undefined,
	code: "ok" | ConsoleErrorCode,
	fields: Readonly<Record<string, FieldValue>> = {},
): Uint8Array {
	return sealed(`!${id ?? "-"} ${code}${textOfFields(fields)}`);
}

/** A log line, cut to the longest line. It may come to a raw terminal, which wants both line ends. */
export function encodeLog(uptimeSeconds: number, text: string): Uint8Array {
	const line = printable(`# ${uptimeSeconds} ${text}`);
	return asciiBytes(`${line.slice(0, CONSOLE_LINE_BYTES_MAX - 2)}\r\n`);
}

/** Reads a line as the station does. Allocates little for a line that is garbled. */
export function readRequest(line: Uint8Array): StationInput {
	const first = line[0];
	if (first === undefined) return { kind: "nothing" };
	if (first === 0x2b || first === 0x21 || first === 0x23) return { kind: "nothing" };
	if (first === QUESTION) {
		const words = wordsUnderChecksum(line);
		if (words === undefined) return { kind: "garbled" };
		const id = idOf(words[0] ?? "");
		// Else a text would be recorded with other characters than were sent.
		return isPrintable(line) ? requestOf(id, words) : requestOf(id, []);
	}
	if (first < 0x61 || first > 0x7a || !isPrintable(line)) return { kind: "garbled" };
	return requestOf(0, ["", ...asciiText(line).trimEnd().split(" ")]);
}

/** ASCII without control characters. */
export function isPrintable(line: Uint8Array): boolean {
	for (let index = 0; index < line.length; index++) {
		const byte = line[index] ?? 0;
		if (byte < 0x20 || byte > 0x7e) return false;
	}
	return true;
}

/** Reads a line as a program does. */
export function readStationLine(line: Uint8Array): StationOutput {
	if (line[0] === 0x23) return { kind: "log", text: asciiText(line.subarray(2)) };
	const words = wordsUnderChecksum(line);
	if (words === undefined) return { kind: "garbled" };
	const [head = "", second = ""] = words;
	if (head.charAt(0) === "+") {
		const id = idOf(head);
		const fields = fieldsOf(words, 1);
		if (id === undefined || fields === undefined) return { kind: "garbled" };
		return { kind: "part", id, fields };
	}
	const id = idOf(head);
	const fields = fieldsOf(words, 2);
	const isAnswer = head.charAt(0) === "!" && (id !== undefined || head === "!-");
	if (!isAnswer || !isCommand(second) || fields === undefined) return { kind: "garbled" };
	return { kind: "answer", id, code: second, fields };
}

function requestOf(id: number | undefined, words: readonly string[]): StationInput {
	const command = words[1] ?? "";
	const fields = fieldsOf(words, 2);
	if (id === undefined) return { kind: "garbled" };
	if (!isCommand(command) || fields === undefined) {
		return id === 0 ? { kind: "garbled" } : { kind: "garbled", id };
	}
	return { kind: "request", request: { id, command, fields } };
}

/** Words before the checksum, or undefined where it does not hold. */
function wordsUnderChecksum(line: Uint8Array): string[] | undefined {
	const end = line.length - CHECKSUM_BYTES;
	if (end < 2 || line[end] !== 0x20 || line[end + 1] !== 0x2a) return undefined;
	const crc = crc32(line, 0, end);
	for (let digit = 0; digit < 8; digit++) {
		const expected = HEX_DIGITS.charCodeAt((crc >>> (28 - 4 * digit)) & 15);
		if (line[end + 2 + digit] !== expected) return undefined;
	}
	return asciiText(line.subarray(0, end)).split(" ");
}

/** `[a-z][a-z-]*`. */
function isCommand(text: string): boolean {
	return text.charAt(0) !== "-" && isTextOf(text, 1, COMMAND_CHARACTERS_MAX, isOfCommand);
}

function isOfCommand(code: number): boolean {
	return isLowerLetter(code) || code === 0x2d;
}

/** Number after the first character of a line. */
function idOf(head: string): number | undefined {
	const digits = head.slice(1);
	if (!isDigits(digits, 9) || (digits.length > 1 && digits.charAt(0) === "0")) return undefined;
	// 0 is for what a person typed: with a checksum only the station may say it.
	return head.charAt(0) === "?" && digits === "0" ? undefined : Number(digits);
}

function fieldsOf(words: readonly string[], first: number): ConsoleFields | undefined {
	const fields = new Map<string, string>();
	for (let index = first; index < words.length; index++) {
		const word = words[index] ?? "";
		const equals = word.indexOf("=");
		const name = word.slice(0, equals);
		if (equals < 1 || !isTextOf(name, 1, FIELD_NAME_CHARACTERS_MAX, isLetter) || fields.has(name))
			return undefined;
		if (name === TEXT_NAME) {
			fields.set(
				name,
				words
					.slice(index)
					.join(" ")
					.slice(equals + 1),
			);
			return fields;
		}
		if (equals === word.length - 1) return undefined;
		fields.set(name, word.slice(equals + 1));
	}
	return fields;
}

function textOfFields(fields: Readonly<Record<string, FieldValue>>): string {
	let text = "";
	for (const [name, value] of Object.entries(fields)) {
		// Text from elsewhere (an error's message) must not end a line or leave ASCII.
		const shown = printable(String(value));
		text += ` ${name}=${name === TEXT_NAME ? shown : shown.split(" ").join("_")}`;
	}
	return text;
}

function sealed(text: string): Uint8Array {
	const lengthMax = CONSOLE_LINE_BYTES_MAX - CHECKSUM_BYTES - 1;
	const at = text.indexOf(` ${TEXT_NAME}=`);
	assert(text.length <= lengthMax || at >= 0, "a line of the console is too long");
	const body = asciiBytes(text.slice(0, lengthMax));
	const line = new Uint8Array(body.length + CHECKSUM_BYTES + 1);
	line.set(body);
	const crc = crc32(body);
	line[body.length] = 0x20;
	line[body.length + 1] = 0x2a;
	for (let digit = 0; digit < 8; digit++) {
		line[body.length + 2 + digit] = HEX_DIGITS.charCodeAt((crc >>> (28 - 4 * digit)) & 15);
	}
	line[line.length - 1] = LINE_FEED;
	return line;
}

const NOTHING = new Uint8Array(0);

/** Puts bytes that came in any pieces together to lines; holds one line. */
export class LineAssembler {
	/** Made with the first byte: in most wakes nobody is at the line. */
	#line: Uint8Array | undefined;
	readonly #canEdit: boolean;
	#length = 0;
	#isOverlong = false;

	/** `canEdit`: a person may take back a typed character. */
	constructor(canEdit: boolean) {
		this.#canEdit = canEdit;
	}

	/** The unfinished line; valid until the next call. */
	get held(): Uint8Array {
		return this.#line?.subarray(0, this.#length) ?? NOTHING;
	}

	/** Takes a byte; the line that it ended (valid until the next call), "too-long", or undefined. */
	push(byte: number): Uint8Array | "too-long" | undefined {
		this.#line ??= new Uint8Array(CONSOLE_LINE_BYTES_MAX);
		const held = this.#line;
		if (byte === LINE_FEED || byte === 0x0d) {
			const line = this.#isOverlong ? "too-long" : held.subarray(0, this.#length);
			this.clear();
			return line;
		}
		const isTyped = this.#length === 0 || held[0] !== QUESTION;
		if (this.#canEdit && isTyped && (byte === 0x08 || byte === 0x7f)) {
			if (this.#length > 0) this.#length--;
			return undefined;
		}
		if (this.#length >= CONSOLE_LINE_BYTES_MAX - 1) this.#isOverlong = true;
		else held[this.#length++] = byte;
		return undefined;
	}

	/** Forgets an unfinished line. */
	clear(): void {
		this.#length = 0;
		this.#isOverlong = false;
	}
}
