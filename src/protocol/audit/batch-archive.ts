/**
 * An exported record: the signed envelopes of one station as they came, and an end that counts and
 * hashes them. Two spellings of the same: JSON lines, and a CBOR sequence (RFC 8742). Every byte of a
 * file is determined by the envelopes in it, so that no byte can change unnoticed. The end is not
 * signed: it shows a file that was cut off, not one whose end was rewritten by somebody.
 */
import { asciiBytes, asciiText, bytesOfHex, equalBytes, hexOf } from "../../core/bytes.js";
import { CborReader, CborWriter } from "../../core/cbor.js";
import { StationError } from "../../core/errors.js";
import type { Hash } from "../record/chain.js";
import { ENVELOPE_BYTES_MAX, KEY_ID_BYTES } from "../wire/cose.js";

export type ExportFormat = "json-lines" | "cbor-sequence";

const EXPORT_VERSION = 1;
const EXPORT_NAME = "bistrina-export";
const DIGEST_BYTES = 32;
/** At an envelope a minute, 68 years. */
const BATCHES_MAX = 0x2000000;
const STATION_CHARACTERS_MAX = 8;

/** One envelope of a file. */
export interface ExportedEnvelope {
	/** "line 3" or "byte 1200", for messages. */
	readonly where: string;
	readonly envelope: Uint8Array;
}

/** Something in a file that is not as it was written. */
export interface ExportFault {
	readonly where: string;
	readonly text: string;
}

/** Writes a file piece by piece: `item` for each envelope, ascending, then `end`. */
export class ExportWriter {
	readonly #format: ExportFormat;
	readonly #station: string;
	readonly #sha256: Hash;
	#digest: Uint8Array = new Uint8Array(DIGEST_BYTES);
	#count = 0;

	constructor(format: ExportFormat, station: string, sha256: Hash) {
		this.#format = format;
		this.#station = station;
		this.#sha256 = sha256;
	}

	/** Bytes of the next envelope. Order: epoch, first, last, hash of the envelope. */
	item(envelope: Uint8Array): Uint8Array {
		this.#digest = this.#sha256(this.#digest, envelope);
		this.#count++;
		return this.#format === "json-lines" ? asciiBytes(lineOf(envelope)) : envelope;
	}

	/** Bytes of the end. */
	end(): Uint8Array {
		const digest = endDigest(this.#sha256, this.#digest, this.#station);
		return endOf(this.#format, this.#station, this.#count, digest);
	}
}

export interface ExportVisitor {
	readonly onEnvelope: (envelope: ExportedEnvelope) => void;
	/** What does not belong; the rest is read. */
	readonly onFault: (fault: ExportFault) => void;
}

/** Takes a file apart as it comes, in pieces of any length, and keeps no more of it than an item. Never throws. */
export class ExportReader {
	readonly #sha256: Hash;
	readonly #visitor: ExportVisitor;
	#format: ExportFormat | undefined;
	/** What has come and is not read, from `#at` on; `#offset` is where it begins in the file. */
	#held: Uint8Array = new Uint8Array(0);
	#at = 0;
	#offset = 0;
	#lines = 0;
	/** Bytes of a sequence that are not an envelope, so far. */
	#strangeFrom: number | undefined;
	#isOver = false;
	#count = 0;
	#digest: Uint8Array = new Uint8Array(DIGEST_BYTES);
	#end: ExportEnd | undefined;

	constructor(sha256: Hash, visitor: ExportVisitor) {
		this.#sha256 = sha256;
		this.#visitor = visitor;
	}

	push(piece: Uint8Array): void {
		const rest = this.#held.subarray(this.#at);
		const held = new Uint8Array(rest.length + piece.length);
		held.set(rest);
		held.set(piece, rest.length);
		this.#offset += this.#at;
		this.#held = held;
		this.#at = 0;
		this.#read(false);
	}

	/** The file is over: what it was, and the station that its end names. */
	end(): { readonly format: ExportFormat; readonly station: string | undefined } {
		this.#read(true);
		const end = this.#end;
		if (end === undefined) {
			this.#fault("end", "missing or altered: the file may have been cut off");
		} else if (end.count !== this.#count) {
			const text = `${this.#count} batches can be read, ${end.count} were exported`;
			this.#fault(end.where, text);
		} else if (!equalBytes(end.digest, endDigest(this.#sha256, this.#digest, end.station))) {
			const text = "station or batches are not those, or not in the order, exported";
			this.#fault(end.where, text);
		}
		return { format: this.#format ?? "cbor-sequence", station: end?.station };
	}

	#read(isWhole: boolean): void {
		if (this.#format === undefined) {
			if (this.#held.length < 3 && !isWhole) return;
			this.#format = formatOf(this.#held);
		}
		if (this.#format === "json-lines") this.#readLines(isWhole);
		else this.#readSequence(isWhole);
	}

	#fault(where: string, text: string): void {
		this.#visitor.onFault({ where, text });
	}

	#envelope(where: string, envelope: Uint8Array): void {
		this.#digest = this.#sha256(this.#digest, envelope);
		this.#count++;
		this.#visitor.onEnvelope({ where, envelope });
	}

	#readLines(isWhole: boolean): void {
		while (this.#at < this.#held.length) {
			const found = this.#held.indexOf(LINE_FEED, this.#at);
			const held = this.#held.length - this.#at;
			if (found < 0 && !isWhole) {
				// Of a line that is too long anyway, only that is kept.
				if (held > 2 * LINE_BYTES_MAX) this.#at = this.#held.length - LINE_BYTES_MAX - 1;
				return;
			}
			const where = `line ${++this.#lines}`;
			if (this.#end !== undefined) {
				if (!this.#isOver) this.#fault(where, "something follows the end");
				this.#isOver = true;
				this.#at = this.#held.length;
				return;
			}
			const stop = found < 0 ? this.#held.length : found;
			this.#readLine(this.#held.subarray(this.#at, stop), where);
			if (found < 0) this.#fault(where, "the line is not ended");
			this.#at = found < 0 ? this.#held.length : stop + 1;
		}
	}

	#readLine(line: Uint8Array, where: string): void {
		const text = line.length > LINE_BYTES_MAX ? "" : asciiText(line);
		const envelope = bytesOfHex(ENVELOPE_LINE.exec(text)?.[1] ?? "");
		if (envelope !== undefined && envelope.length > 0) {
			this.#envelope(where, envelope);
			return;
		}
		const [, station = "", count = "", digest = ""] = END_LINE.exec(text) ?? [];
		const digestBytes = bytesOfHex(digest);
		const isPlainCount = String(Number(count)) === count;
		if (station === "" || digestBytes === undefined || !isPlainCount) {
			this.#fault(where, "neither an envelope nor the end of an export");
			return;
		}
		this.#end = { where, station, count: Number(count), digest: digestBytes };
	}

	#readSequence(isWhole: boolean): void {
		// An item may be as long as an envelope, and only the last one is the end.
		while (this.#at < this.#held.length && !this.#isOver) {
			if (!isWhole && this.#held.length - this.#at < ENVELOPE_BYTES_MAX) return;
			const where = `byte ${this.#offset + this.#at}`;
			const isStart = this.#held[this.#at] === TAG_SIGN1;
			const byteLength = isStart ? envelopeBytesAt(this.#held, this.#at) : undefined;
			const isEnd = isWhole && this.#held[this.#at] === ARRAY_OF_FIVE;
			const end = isEnd ? endAt(this.#held, this.#at, where) : undefined;
			if (byteLength !== undefined || end !== undefined) this.#reportStrange();
			if (byteLength !== undefined) {
				this.#envelope(where, this.#held.slice(this.#at, this.#at + byteLength));
				this.#at += byteLength;
			} else if (end !== undefined) {
				this.#end = end;
				this.#isOver = true;
			} else {
				this.#strangeFrom ??= this.#offset + this.#at;
				this.#at++;
			}
		}
		if (isWhole && !this.#isOver) this.#reportStrange();
	}

	#reportStrange(): void {
		if (this.#strangeFrom === undefined) return;
		const byteCount = this.#offset + this.#at - this.#strangeFrom;
		this.#fault(`byte ${this.#strangeFrom}`, `${byteCount} bytes that are not an envelope`);
		this.#strangeFrom = undefined;
	}
}

/** The count needs no place in it: another number of envelopes is another digest. */
function endDigest(sha256: Hash, digest: Uint8Array, station: string): Uint8Array {
	return sha256(digest, asciiBytes(station));
}

interface ExportEnd {
	readonly where: string;
	readonly station: string;
	readonly count: number;
	readonly digest: Uint8Array;
}

/** Two of the first three bytes decide, so that one altered byte does not. */
function formatOf(bytes: Uint8Array): ExportFormat {
	let alike = 0;
	for (let index = 0; index < 3; index++) {
		if (bytes[index] === '{"e'.charCodeAt(index)) alike++;
	}
	return alike >= 2 ? "json-lines" : "cbor-sequence";
}

function lineOf(envelope: Uint8Array): string {
	return `{"envelope":"${hexOf(envelope)}"}\n`;
}

function endOf(
	format: ExportFormat,
	station: string,
	count: number,
	digest: Uint8Array,
): Uint8Array {
	if (format === "json-lines") {
		return asciiBytes(
			`{"${EXPORT_NAME}":${EXPORT_VERSION},"station":"${station}",` +
				`"batches":${count},"digest":"${hexOf(digest)}"}\n`,
		);
	}
	return new CborWriter()
		.array(5)
		.text(EXPORT_NAME)
		.unsigned(EXPORT_VERSION)
		.text(station)
		.unsigned(count)
		.bytes(digest)
		.finish();
}

/** {"envelope":"..."} around two digits a byte. */
const LINE_BYTES_MAX = 2 * ENVELOPE_BYTES_MAX + 16;
const ENVELOPE_LINE = /^\{"envelope":"([0-9a-f]{2,})"\}$/;
const END_LINE =
	/^\{"bistrina-export":1,"station":"([a-z0-9-]{1,8})","batches":(\d{1,8}),"digest":"([0-9a-f]{64})"\}$/;
const LINE_FEED = 0x0a;

const TAG_SIGN1 = 0xd2;
const ARRAY_OF_FIVE = 0x85;
/** Tag 18, array of four, and the protected header as bytes, without and with a key id: as in cose.ts. */
const ENVELOPE_HEADS: readonly (readonly number[])[] = Object.freeze([
	Object.freeze([0xd2, 0x84, 0x43, 0xa1, 0x01, 0x26]),
	Object.freeze([0xd2, 0x84, 0x4d, 0xa2, 0x01, 0x26, 0x04, 0x48]),
]);
const EMPTY_MAP = 0xa0;

/** Length of the envelope at `offset`, or undefined when none is there. */
function envelopeBytesAt(bytes: Uint8Array, offset: number): number | undefined {
	const head = ENVELOPE_HEADS.find((each) =>
		each.every((byte, index) => bytes[offset + index] === byte),
	);
	if (head === undefined) return undefined;
	let at = offset + head.length + (head === ENVELOPE_HEADS[0] ? 0 : KEY_ID_BYTES);
	if (bytes[at++] !== EMPTY_MAP) return undefined;
	for (let item = 0; item < 2; item++) {
		const first = bytes[at] ?? 0;
		// Byte strings with lengths of no, one or two further bytes: an envelope has no longer ones.
		if (first < 0x40 || first > 0x59) return undefined;
		const lengthBytes = first < 0x58 ? 0 : first - 0x57;
		let length = lengthBytes === 0 ? first - 0x40 : 0;
		for (let index = 1; index <= lengthBytes; index++) {
			length = length * 256 + (bytes[at + index] ?? 0);
		}
		at += 1 + lengthBytes + length;
	}
	return at > bytes.length || at - offset > ENVELOPE_BYTES_MAX ? undefined : at - offset;
}

/** The end, when it is all that `bytes` hold from `offset` on. */
function endAt(bytes: Uint8Array, offset: number, where: string): ExportEnd | undefined {
	try {
		const reader = new CborReader(bytes.subarray(offset), notTheEnd);
		if (reader.array(5) !== 5) return undefined;
		if (reader.text(EXPORT_NAME.length) !== EXPORT_NAME) return undefined;
		if (reader.unsigned(EXPORT_VERSION) !== EXPORT_VERSION) return undefined;
		const station = reader.text(STATION_CHARACTERS_MAX);
		const count = reader.unsigned(BATCHES_MAX);
		const digest = reader.bytes(DIGEST_BYTES, DIGEST_BYTES);
		reader.end();
		return { where, station, count, digest };
	} catch (error) {
		if (error instanceof StationError) return undefined;
		throw error;
	}
}

function notTheEnd(what: string): StationError {
	return new StationError("batch-malformed", `export: ${what}`);
}
