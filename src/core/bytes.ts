/** Small helpers over byte arrays; text is ASCII only, because string lengths differ on XS. */
import { assert } from "./errors.js";

const HEX_DIGITS = "0123456789abcdef";

/** Lower-case hexadecimal of `bytes`. */
export function hexOf(bytes: Uint8Array): string {
	// Joined: a text that grew by appending stays a chain of its parts in V8, 1.6 KB for a hash that is kept.
	const digits: string[] = [];
	for (const byte of bytes) {
		digits.push(HEX_DIGITS.charAt(byte >> 4), HEX_DIGITS.charAt(byte & 15));
	}
	return digits.join("");
}

/** Bytes of an even number of hexadecimal digits, or undefined when it is anything else. */
export function bytesOfHex(text: string): Uint8Array | undefined {
	if (text.length % 2 !== 0) return undefined;
	const bytes = new Uint8Array(text.length / 2);
	for (let index = 0; index < bytes.length; index++) {
		const high = HEX_DIGITS.indexOf(text.charAt(2 * index).toLowerCase());
		const low = HEX_DIGITS.indexOf(text.charAt(2 * index + 1).toLowerCase());
		if (high < 0 || low < 0) return undefined;
		bytes[index] = high * 16 + low;
	}
	return bytes;
}

/** True when both hold the same bytes. Not constant in time: use it for nothing secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
	if (a.length !== b.length) return false;
	for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
	return true;
}

/**
 * Little-endian words of small arrays, read and written without a `DataView`: to make one costs an
 * engine more than the few bytes do. The next three are its `getUint16`, `getUint32`, `setUint32`.
 */
export function uint16At(bytes: Uint8Array, at: number): number {
	return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

export function uint32At(bytes: Uint8Array, at: number): number {
	return (uint16At(bytes, at) | (uint16At(bytes, at + 2) << 16)) >>> 0;
}

export function putUint32(bytes: Uint8Array, at: number, word: number): void {
	bytes[at] = word;
	bytes[at + 1] = word >>> 8;
	bytes[at + 2] = word >>> 16;
	bytes[at + 3] = word >>> 24;
}

/** One array holding `parts` one after the other. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
	let length = 0;
	for (const part of parts) length += part.length;
	const bytes = new Uint8Array(length);
	let offset = 0;
	for (const part of parts) {
		bytes.set(part, offset);
		offset += part.length;
	}
	return bytes;
}

/** ASCII bytes of `text`; a character above 0x7F is a bug of the caller. */
export function asciiBytes(text: string): Uint8Array {
	const bytes = new Uint8Array(text.length);
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		assert(code < 0x80, "text beyond ASCII");
		bytes[index] = code;
	}
	return bytes;
}

/**
 * Text of ASCII bytes `first` to `end` (not included), all of them by default; anything above 0x7F
 * becomes `?`, so that noise can be shown.
 */
export function asciiText(bytes: Uint8Array, first = 0, end = bytes.length): string {
	let text = "";
	for (let index = first; index < end; index++) {
		const byte = bytes[index] ?? 0;
		text += byte < 0x80 ? String.fromCharCode(byte) : "?";
	}
	return text;
}
