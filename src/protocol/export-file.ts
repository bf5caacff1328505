/**
 * An exported record: the signed envelopes of one station as they came, and an end that counts and
 * hashes them. Two spellings of the same: JSON lines, and a CBOR sequence (RFC 8742). Every byte of a
 * file is determined by the envelopes in it, so that no byte can change unnoticed. The end is not
 * signed: it shows a file that was cut off, not one whose end was rewritten by somebody.
 */
import { asciiBytes, asciiText, bytesOfHex, equalBytes, hexOf } from "../core/bytes.js";
import { CborReader, CborWriter } from "../core/cbor.js";
import { StationError } from "../core/errors.js";
import type { Hash } from "./chain.js";
import { ENVELOPE_BYTES_MAX, KEY_ID_BYTES } from "./cose.js";

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

export interface ExportContent {
	readonly format: ExportFormat;
	readonly envelopes: readonly ExportedEnvelope[];
	/** Station that the end names; undefined when there is no readable end. */
	readonly station: string | undefined;
	readonly faults: readonly ExportFault[];
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

/** Takes a file apart; what does not belong is named in `faults`, the rest is read. Never throws. */
export function readExport(bytes: Uint8Array, sha256: Hash): ExportContent {
	const format = formatOf(bytes);
	const parts = format === "json-lines" ? readLines(bytes) : readSequence(bytes);
	let digest: Uint8Array = new Uint8Array(DIGEST_BYTES);
	for (const { envelope } of parts.envelopes) digest = sha256(digest, envelope);
	const faults = [...parts.faults];
	const { end } = parts;
	if (end === undefined) {
		faults.push({ where: "end", text: "missing or altered: the file may have been cut off" });
	} else if (end.count !== parts.envelopes.length) {
		const text = `${parts.envelopes.length} batches can be read, ${end.count} were exported`;
		faults.push({ where: end.where, text });
	} else if (!equalBytes(end.digest, endDigest(sha256, digest, end.station))) {
		const text = "station or batches are not those, or not in the order, exported";
		faults.push({ where: end.where, text });
	}
	return { format, envelopes: parts.envelopes, station: end?.station, faults };
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

interface Parts {
	readonly envelopes: ExportedEnvelope[];
	readonly faults: ExportFault[];
	end: ExportEnd | undefined;
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

function readLines(bytes: Uint8Array): Parts {
	const parts: Parts = { envelopes: [], faults: [], end: undefined };
	let offset = 0;
	for (let number = 1; offset < bytes.length; number++) {
		const found = bytes.indexOf(LINE_FEED, offset);
		const stop = found < 0 ? bytes.length : found;
		const where = `line ${number}`;
		if (parts.end !== undefined) {
			parts.faults.push({ where, text: "something follows the end" });
			return parts;
		}
		readLine(bytes.subarray(offset, stop), where, parts);
		if (found < 0) parts.faults.push({ where, text: "the line is not ended" });
		offset = stop + 1;
	}
	return parts;
}

function readLine(line: Uint8Array, where: string, parts: Parts): void {
	const text = line.length > LINE_BYTES_MAX ? "" : asciiText(line);
	const envelope = bytesOfHex(ENVELOPE_LINE.exec(text)?.[1] ?? "");
	if (envelope !== undefined && envelope.length > 0) {
		parts.envelopes.push({ where, envelope });
		return;
	}
	const [, station = "", count = "", digest = ""] = END_LINE.exec(text) ?? [];
	const digestBytes = bytesOfHex(digest);
	const isPlainCount = String(Number(count)) === count;
	if (station === "" || digestBytes === undefined || !isPlainCount) {
		parts.faults.push({ where, text: "neither an envelope nor the end of an export" });
		return;
	}
	parts.end = { where, station, count: Number(count), digest: digestBytes };
}

function readSequence(bytes: Uint8Array): Parts {
	const parts: Parts = { envelopes: [], faults: [], end: undefined };
	let offset = 0;
	while (offset < bytes.length) {
		const where = `byte ${offset}`;
		const byteLength = envelopeBytesAt(bytes, offset);
		if (byteLength !== undefined) {
			parts.envelopes.push({ where, envelope: bytes.slice(offset, offset + byteLength) });
			offset += byteLength;
			continue;
		}
		const end = endAt(bytes, offset);
		if (end !== undefined) {
			parts.end = end;
			return parts;
		}
		const next = nextItemAt(bytes, offset + 1);
		parts.faults.push({ where, text: `${next - offset} bytes that are not an envelope` });
		offset = next;
	}
	return parts;
}

/** Where after `from` something begins that can be read; the file's length when nothing does. */
function nextItemAt(bytes: Uint8Array, from: number): number {
	for (let offset = from; offset < bytes.length; offset++) {
		const first = bytes[offset];
		if (first === TAG_SIGN1 && envelopeBytesAt(bytes, offset) !== undefined) return offset;
		if (first === ARRAY_OF_FIVE && endAt(bytes, offset) !== undefined) return offset;
	}
	return bytes.length;
}

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
function endAt(bytes: Uint8Array, offset: number): ExportEnd | undefined {
	try {
		const reader = new CborReader(bytes.subarray(offset), notTheEnd);
		if (reader.array(5) !== 5) return undefined;
		if (reader.text(EXPORT_NAME.length) !== EXPORT_NAME) return undefined;
		if (reader.unsigned(EXPORT_VERSION) !== EXPORT_VERSION) return undefined;
		const station = reader.text(STATION_CHARACTERS_MAX);
		const count = reader.unsigned(BATCHES_MAX);
		const digest = reader.bytes(DIGEST_BYTES, DIGEST_BYTES);
		reader.end();
		return { where: `byte ${offset}`, station, count, digest };
	} catch (error) {
		if (error instanceof StationError) return undefined;
		throw error;
	}
}

function notTheEnd(what: string): StationError {
	return new StationError("batch-malformed", `export: ${what}`);
}
