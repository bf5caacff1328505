/** A file's bytes as text, piece by piece, and the place of the first byte that is not UTF-8. */
import { isUtf8 } from "node:buffer";

/** Bytes of the longest character. */
const CHARACTER_BYTES_MAX = 4;
const BYTE_ORDER_MARK = 0xfeff;

export interface TextPiece {
	readonly text: string;
	/** The byte after the text, where it is no part of a character: nothing follows. */
	readonly badByte: number | undefined;
	readonly isEnd: boolean;
}

/** The pieces of a file's text, without the mark at its beginning. */
export async function* utf8Pieces(pieces: AsyncIterable<Buffer>): AsyncGenerator<TextPiece> {
	let rest: Buffer = Buffer.alloc(0);
	let isFirst = true;
	for await (const piece of pieces) {
		const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
		const whole = bytes.length - cutOffBytes(bytes);
		rest = Buffer.from(bytes.subarray(whole));
		const read = textOf(bytes.subarray(0, whole), isFirst);
		yield { ...read, isEnd: false };
		if (read.badByte !== undefined) return;
		isFirst &&= whole === 0;
	}
	const last = textOf(rest, isFirst);
	yield { ...last, isEnd: last.badByte === undefined };
}

function textOf(bytes: Buffer, isFirst: boolean): Omit<TextPiece, "isEnd"> {
	const good = isUtf8(bytes) ? bytes.length : goodBytes(bytes);
	const text = bytes.toString("utf8", 0, good);
	const isMarked = isFirst && text.charCodeAt(0) === BYTE_ORDER_MARK;
	return { text: isMarked ? text.slice(1) : text, badByte: bytes[good] };
}

/** How many bytes at the end begin a character that is not whole. */
function cutOffBytes(bytes: Buffer): number {
	for (let back = 1; back < CHARACTER_BYTES_MAX && back <= bytes.length; back++) {
		const length = characterBytes(bytes[bytes.length - back] ?? 0);
		if (length === 0) continue;
		return length > back ? back : 0;
	}
	return 0;
}

/** How many bytes are characters before the first that is none. */
function goodBytes(bytes: Buffer): number {
	let at = 0;
	for (;;) {
		const length = characterBytes(bytes[at] ?? 0);
		if (length === 0 || !isUtf8(bytes.subarray(at, at + length))) return at;
		at += length;
	}
}

/** Of the character that a byte begins (RFC 3629, section 3); 0: it begins none. */
function characterBytes(lead: number): number {
	if (lead < 0x80) return 1;
	if (lead < 0xc2) return 0;
	if (lead < 0xe0) return 2;
	if (lead < 0xf0) return 3;
	return lead < 0xf5 ? 4 : 0;
}
