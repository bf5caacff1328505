/**
 * The part of CBOR (RFC 8949) that envelopes and payloads use: unsigned integers, byte strings,
 * ASCII text, arrays, null and tags, in the deterministic encoding of section 4.2.1. The reader
 * pulls what it expects and refuses everything else, so that bytes and content are one to one.
 */
import { asciiBytes, asciiText } from "./bytes.js";
import { assert } from "./errors.js";

const MAJOR_UNSIGNED = 0;
const MAJOR_BYTES = 2;
const MAJOR_TEXT = 3;
const MAJOR_ARRAY = 4;
const MAJOR_TAG = 6;
const NULL_BYTE = 0xf6;

const START_BYTES = 64;

/** Writes CBOR items one after the other into a growing buffer. */
export class CborWriter {
	#bytes: Uint8Array;
	#length = 0;

	/** `bytesExpected`: enough of them, and nothing need be copied on the way. */
	constructor(bytesExpected = START_BYTES) {
		this.#bytes = new Uint8Array(bytesExpected);
	}

	/** An integer, 0 .. 2^53 - 1. */
	unsigned(value: number): this {
		return this.#head(MAJOR_UNSIGNED, value);
	}

	/** A byte string; the bytes are copied. */
	bytes(value: Uint8Array): this {
		this.#head(MAJOR_BYTES, value.length);
		return this.encoded(value);
	}

	/** A text string of ASCII characters. */
	text(value: string): this {
		const ascii = asciiBytes(value);
		this.#head(MAJOR_TEXT, ascii.length);
		return this.encoded(ascii);
	}

	/** The head of an array; `count` items must follow. */
	array(count: number): this {
		return this.#head(MAJOR_ARRAY, count);
	}

	null(): this {
		this.#room(1);
		this.#bytes[this.#length++] = NULL_BYTE;
		return this;
	}

	/** A tag; the tagged item must follow. */
	tag(value: number): this {
		return this.#head(MAJOR_TAG, value);
	}

	/** Bytes that are CBOR already. */
	encoded(value: Uint8Array): this {
		this.#room(value.length);
		this.#bytes.set(value, this.#length);
		this.#length += value.length;
		return this;
	}

	/** A copy of all that was written. */
	finish(): Uint8Array {
		return this.#bytes.slice(0, this.#length);
	}

	#head(major: number, value: number): this {
		assert(Number.isSafeInteger(value) && value >= 0, "no length or number for a CBOR head");
		this.#room(9);
		const first = major << 5;
		if (value < 24) {
			this.#bytes[this.#length++] = first | value;
			return this;
		}
		const bytesLog2 = value < 0x100 ? 0 : value < 0x10000 ? 1 : value < 0x100000000 ? 2 : 3;
		this.#bytes[this.#length++] = first | (24 + bytesLog2);
		let unit = 2 ** (8 * (2 ** bytesLog2 - 1));
		for (; unit >= 1; unit /= 256) {
			this.#bytes[this.#length++] = Math.floor(value / unit) % 256;
		}
		return this;
	}

	#room(byteLength: number): void {
		const needed = this.#length + byteLength;
		if (needed <= this.#bytes.length) return;
		const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
		grown.set(this.#bytes.subarray(0, this.#length));
		this.#bytes = grown;
	}
}

/**
 * Reads the items that the caller names, in order. What is not there, is not in its shortest form
 * or is beyond the caller's limit throws the error that `fail` makes; `end` refuses what is left.
 */
export class CborReader {
	readonly #bytes: Uint8Array;
	readonly #fail: (what: string) => Error;
	#offset = 0;

	constructor(bytes: Uint8Array, fail: (what: string) => Error) {
		this.#bytes = bytes;
		this.#fail = fail;
	}

	/** An integer, 0 .. `max` (at most 2^53 - 1). */
	unsigned(max: number): number {
		return this.#head(MAJOR_UNSIGNED, max);
	}

	/** A copy of a byte string of `min` .. `max` bytes. */
	bytes(min: number, max: number): Uint8Array {
		return this.#string(MAJOR_BYTES, min, max);
	}

	/** Text of at most `max` ASCII characters. */
	text(max: number): string {
		const ascii = this.#string(MAJOR_TEXT, 0, max);
		for (const byte of ascii) if (byte >= 0x80) throw this.#fail("text beyond ASCII");
		return asciiText(ascii);
	}

	/** The head of an array of at most `max` items; their number. */
	array(max: number): number {
		return this.#head(MAJOR_ARRAY, max);
	}

	/** True, and the item consumed, when the next one is null. */
	takeNull(): boolean {
		if (this.#bytes[this.#offset] !== NULL_BYTE) return false;
		this.#offset++;
		return true;
	}

	/** Consumes exactly `expected`, which is CBOR already. */
	expect(expected: Uint8Array, what: string): void {
		for (const byte of expected) {
			if (this.#bytes[this.#offset++] !== byte) throw this.#fail(what);
		}
	}

	/** Refuses bytes after the last item. */
	end(): void {
		if (this.#offset !== this.#bytes.length) throw this.#fail("bytes after the end");
	}

	#string(major: number, min: number, max: number): Uint8Array {
		const length = this.#head(major, max);
		if (length < min) throw this.#fail(`a string of ${length} bytes`);
		const end = this.#offset + length;
		if (end > this.#bytes.length) throw this.#fail("a string beyond the end");
		const value = this.#bytes.slice(this.#offset, end);
		this.#offset = end;
		return value;
	}

	#head(major: number, max: number): number {
		const first = this.#bytes[this.#offset];
		if (first === undefined) throw this.#fail("the end comes too early");
		if (first >> 5 !== major) throw this.#fail(`byte ${first} at ${this.#offset}`);
		this.#offset++;
		const short = first & 31;
		if (short < 24) {
			if (short > max) throw this.#fail(`${short} is above ${max}`);
			return short;
		}
		if (short > 27) throw this.#fail(`an indefinite or reserved head ${first}`);
		const byteLength = 2 ** (short - 24);
		let value = 0;
		for (let index = 0; index < byteLength; index++) {
			const byte = this.#bytes[this.#offset++];
			if (byte === undefined) throw this.#fail("the end comes too early");
			value = value * 256 + byte;
		}
		// The shortest form: one byte says 24 or more, two 2^8 or more, four 2^16, eight 2^32.
		const least = byteLength === 1 ? 24 : 2 ** (4 * byteLength);
		if (value < least) throw this.#fail("a head longer than it need be");
		if (value > max || value > Number.MAX_SAFE_INTEGER) throw this.#fail(`${value} above ${max}`);
		return value;
	}
}
