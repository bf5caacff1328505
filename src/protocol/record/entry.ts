/**
 * Entries and their canonical bytes, version 1: little-endian, fixed layout, one byte string per
 * content. The chain, the signatures and every comparison speak of these bytes; flash and wire
 * compress them and give them back bit for bit. The fields are rows of entry-layouts.ts.
 */
import { asciiBytes, asciiText, putUint32, uint16At, uint32At } from "../../core/bytes.js";
import { AssertionError, assert, StationError } from "../../core/errors.js";
import { isDigit, isLowerLetter, isTextOf } from "../../core/text.js";
import { CHANNEL_SETS, fieldOf, putField } from "./channel-set.js";
import {
	ENTRY_KINDS,
	ENTRY_LAYOUTS,
	type Entry,
	type EntryBody,
	type EntryDraft,
	type EntryHeader,
	type EntryKind,
	type FixedKind,
	type LayoutFieldRow,
	type LayoutFieldType,
	type ReadingBody,
	WIDTHS,
} from "./entry-layouts.js";

export const ENTRY_VERSION = 1;
export const ENTRY_HEADER_BYTES = 28;
/** Eight 16-byte slots on flash, less a frame's own head and CRC. */
export const ENTRY_BYTES_MAX = 123;
/** Sequences are 32 bits and begin at 1; at a reading every second they last 136 years. */
export const SEQUENCE_MAX = 0xfffffffe;

export const EVENT_TEXT_BYTES_MAX = 40;
export const PART_CONTENTS_BYTES_MAX = 87;
const STATION_ID_BYTES = 8;
const POINT_BYTES = 32;
const PART_TYPES = Object.freeze({ point: 1, exportBefore: 5, exportAfter: 6, last: 7 });

/** Canonical bytes of an entry: 28 to 123 bytes. A field that does not fit is a bug. */
export function encodeEntry(entry: Entry): Uint8Array {
	return encodeDraft(entry, entry.epoch, entry.sequence);
}

/** The same of a draft that has just been given its place. */
export function encodeDraft(entry: EntryDraft, epoch: number, sequence: number): Uint8Array {
	const bytes = new Uint8Array(ENTRY_HEADER_BYTES + bodyBytesOf(entry));
	bytes[0] = ENTRY_VERSION;
	bytes[1] = ENTRY_KINDS[entry.kind];
	bytes[2] = entry.channelSet;
	// A time past its end is none, and not one of 1970.
	const hasTime = entry.utcSeconds <= UINT32_MAX;
	bytes[3] = hasTime ? entry.timeQuality : 0;
	putUint32(bytes, 4, epoch);
	putUint32(bytes, 8, sequence);
	putUint32(bytes, 12, Math.min(entry.boot, UINT32_MAX));
	putUint32(bytes, 16, Math.min(entry.uptimeSeconds, UINT32_MAX));
	putUint32(bytes, 20, hasTime ? entry.utcSeconds : 0);
	putUint32(bytes, 24, (entry.configurationId & 0xffff) | (entry.stationFlags << 16));
	if (entry.kind === "reading") putFields(bytes, entry.channelSet, entry.fields);
	else writeBody(entry, bytes);
	return bytes;
}

/**
 * Reads canonical bytes. Strict: unknown version, kind or channel set, a wrong length or a non-zero
 * reserved byte throws StationError `entry-malformed`, so that bytes and content are one to one.
 */
export function decodeEntry(bytes: Uint8Array): Entry {
	if (bytes.length < ENTRY_HEADER_BYTES || bytes.length > ENTRY_BYTES_MAX) {
		throw malformed(`an entry of ${bytes.length} bytes`);
	}
	if (bytes[0] !== ENTRY_VERSION) throw malformed(`entry version ${bytes[0]} is not known`);
	const channelSet = bytes[2] ?? 0;
	const header: EntryHeader = {
		channelSet,
		timeQuality: bytes[3] ?? 0,
		epoch: uint32At(bytes, 4),
		sequence: uint32At(bytes, 8),
		boot: uint32At(bytes, 12),
		uptimeSeconds: uint32At(bytes, 16),
		utcSeconds: uint32At(bytes, 20),
		configurationId: uint16At(bytes, 24),
		stationFlags: uint16At(bytes, 26),
	};
	const kind = kindOf(bytes[1] ?? 0);
	const body =
		kind === "reading" ? readReading(channelSet, bytes) : readBody(kind, channelSet, bytes);
	return Object.assign(header, body);
}

/**
 * True for canonical bytes of a reading, as strictly as `decodeEntry`, without taking it apart: who
 * receives thousands a second asks nothing of what they measured. False: `decodeEntry` says what.
 */
export function isReading(bytes: Uint8Array): boolean {
	return (
		bytes.length <= ENTRY_BYTES_MAX &&
		bytes[0] === ENTRY_VERSION &&
		bytes[1] === ENTRY_KINDS.reading &&
		CHANNEL_SETS.get(bytes[2] ?? 0)?.bodyBytes === bytes.length - ENTRY_HEADER_BYTES
	);
}

/** Epoch of canonical bytes without decoding them. */
export function entryEpochOf(bytes: Uint8Array): number {
	return uint32At(bytes, 4);
}

/** Sequence of canonical bytes without decoding them. */
export function entrySequenceOf(bytes: Uint8Array): number {
	return uint32At(bytes, 8);
}

/** True for 1 to 8 characters of `[a-z0-9-]`. */
export function isStationId(text: string): boolean {
	return isTextOf(text, 1, STATION_ID_BYTES, isOfStationId);
}

function isOfStationId(code: number): boolean {
	return isLowerLetter(code) || isDigit(code) || code === 0x2d;
}

/** Station id as eight bytes, zero padded; `[a-z0-9-]{1,8}`, else StationError. */
export function stationIdBytes(station: string): Uint8Array {
	if (!isStationId(station)) {
		throw new StationError(
			"configuration-invalid",
			`station id "${station}": use 1 to 8 of a-z, 0-9 and -`,
		);
	}
	const bytes = new Uint8Array(STATION_ID_BYTES);
	bytes.set(asciiBytes(station));
	return bytes;
}

/** The reverse of `stationIdBytes`: the id in the eight bytes from `at` on. */
export function stationIdAt(bytes: Uint8Array, at: number): string {
	let end = at + STATION_ID_BYTES;
	while (end > at && bytes[end - 1] === 0) end--;
	return asciiText(bytes, at, end);
}

const KINDS: ReadonlyMap<number, EntryKind> = new Map(
	Object.entries(ENTRY_KINDS).map(([kind, code]) => [code, kind as EntryKind]),
);

function kindOf(code: number): EntryKind {
	const kind = KINDS.get(code);
	if (kind === undefined) throw malformed(`entry kind ${code} is not known`);
	return kind;
}

function widthOf(layout: readonly LayoutFieldRow[]): number {
	let width = 0;
	for (const [, type] of layout) width += WIDTHS[type];
	return width;
}

function bodyBytesOf(entry: EntryDraft): number {
	if (entry.kind === "reading") {
		const set = CHANNEL_SETS.get(entry.channelSet);
		if (set === undefined) throw new AssertionError(`channel set ${entry.channelSet} is not known`);
		return set.bodyBytes;
	}
	const tail = tailOf(entry);
	assert(tail.length <= tailMaxOf(entry.kind), "the end of an entry is too long");
	return widthOf(ENTRY_LAYOUTS[entry.kind]) + tail.length;
}

/** What comes after the fixed fields. */
function tailOf(entry: Exclude<EntryDraft, ReadingBody>): Uint8Array {
	if (entry.kind === "event") return asciiBytes(entry.text);
	return entry.kind === "calibration-part" ? entry.contents : NOTHING;
}
const NOTHING = new Uint8Array(0);

function tailMaxOf(kind: EntryKind): number {
	if (kind === "event") return EVENT_TEXT_BYTES_MAX;
	return kind === "calibration-part" ? PART_CONTENTS_BYTES_MAX : 0;
}

const UINT32_MAX = 0xffffffff;
const UNKNOWN_16 = -0x8000;
const UNKNOWN_32 = -0x80000000;
const UNKNOWN_UNSIGNED_32 = 0xffffffff;

function writeBody(entry: Exclude<EntryDraft, ReadingBody>, bytes: Uint8Array): void {
	const view = new DataView(bytes.buffer);
	const body = entry as unknown as Record<string, unknown>;
	let at = ENTRY_HEADER_BYTES;
	for (const [name, type] of ENTRY_LAYOUTS[entry.kind]) {
		const width = WIDTHS[type];
		const value = body[name];
		if (type === "f64x3") {
			(value as readonly number[]).forEach((coefficient, index) => {
				view.setFloat64(at + 8 * index, coefficient, true);
			});
		} else if (type === "station") bytes.set(stationIdBytes(value as string), at);
		else if (type === "b8" || type === "b32" || type === "b33") {
			bytes.set(exactly(value as Uint8Array, width), at);
		} else if (name !== "") {
			const number = (value ?? unknownOf(type)) as number;
			// A counter that has come to its end stays there: 1 after 4294967295 would be a lie.
			if (width === 1) view.setUint8(at, Math.min(number, 0xff));
			else if (width === 2) view.setUint16(at, Math.min(number, 0xffff), true);
			else view.setUint32(at, Math.min(number, UINT32_MAX), true);
		}
		at += width;
	}
	bytes.set(tailOf(entry), at);
}

/** By a loop: the engines walk a frozen row of fields slowly when they call back for each. */
function putFields(bytes: Uint8Array, channelSet: number, values: readonly number[]): void {
	let index = 0;
	for (const field of CHANNEL_SETS.get(channelSet)?.fields ?? []) {
		putField(bytes, ENTRY_HEADER_BYTES, field, values[index++] ?? 0);
	}
}

function readReading(channelSet: number, bytes: Uint8Array): ReadingBody {
	const set = CHANNEL_SETS.get(channelSet);
	if (set === undefined) throw malformed(`channel set ${channelSet} is not known`);
	if (bytes.length !== ENTRY_HEADER_BYTES + set.bodyBytes) {
		throw malformed(`a reading of ${bytes.length} bytes`);
	}
	const fields: number[] = [];
	for (const field of set.fields) fields.push(fieldOf(bytes, ENTRY_HEADER_BYTES, field));
	return { kind: "reading", fields };
}

function readBody(kind: FixedKind, channelSet: number, bytes: Uint8Array): EntryBody {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const layout = ENTRY_LAYOUTS[kind];
	const tailBytes = bytes.length - ENTRY_HEADER_BYTES - widthOf(layout);
	if (channelSet !== 0) throw malformed(`a ${kind} entry with channel set ${channelSet}`);
	if (tailBytes < 0 || tailBytes > tailMaxOf(kind)) {
		throw malformed(`a ${kind} entry of ${bytes.length} bytes`);
	}
	const body: Record<string, unknown> = { kind };
	let at = ENTRY_HEADER_BYTES;
	for (const [name, type] of layout) {
		const end = at + WIDTHS[type];
		if (name === "") requireZero(bytes, at, end);
		else body[name] = valueAt(bytes, view, at, type);
		at = end;
	}
	const tail = bytes.slice(at);
	if (kind === "event") body["text"] = printable(tail);
	if (kind === "calibration-part") {
		requirePart(body["type"] as number, tail);
		body["contents"] = tail;
	}
	if (kind === "heartbeat" && body["version"] !== 1) throw malformed("another heartbeat");
	return body as unknown as EntryBody;
}

function valueAt(bytes: Uint8Array, view: DataView, at: number, type: LayoutFieldType): unknown {
	switch (type) {
		case "u8":
			return view.getUint8(at);
		case "i8":
			return view.getInt8(at);
		case "u16":
			return view.getUint16(at, true);
		case "i16":
			return view.getInt16(at, true);
		case "u32":
			return view.getUint32(at, true);
		case "i32":
			return view.getInt32(at, true);
		case "i16?":
			return unless(UNKNOWN_16, view.getInt16(at, true));
		case "i32?":
			return unless(UNKNOWN_32, view.getInt32(at, true));
		case "u32?":
			return unless(UNKNOWN_UNSIGNED_32, view.getUint32(at, true));
		case "f64x3":
			return [0, 8, 16].map((offset) => finite(view.getFloat64(at + offset, true)));
		case "station": {
			const station = stationIdAt(bytes, at);
			if (!isStationId(station)) throw malformed("a station id of other characters");
			return station;
		}
		case "b8":
		case "b32":
		case "b33":
		case "z1":
		case "z2":
		case "z3":
			return bytes.slice(at, at + WIDTHS[type]);
	}
}

function unknownOf(type: LayoutFieldType): number {
	if (type === "u32?") return UNKNOWN_UNSIGNED_32;
	return type === "i16?" ? UNKNOWN_16 : UNKNOWN_32;
}

function unless(unknown: number, value: number): number | undefined {
	return value === unknown ? undefined : value;
}

function printable(bytes: Uint8Array): string {
	if (bytes.some((byte) => byte < 0x20 || byte > 0x7e)) throw malformed("text not ASCII");
	return asciiText(bytes);
}

/** A calibration-part's contents by its type. */
function requirePart(type: number, contents: Uint8Array): void {
	const { point, exportBefore, exportAfter, last } = PART_TYPES;
	if (type < point || type > last) throw malformed(`a calibration part of type ${type}`);
	if (type === exportBefore || type === exportAfter) return;
	if (type !== point) printable(contents);
	else if (contents.length !== POINT_BYTES || (contents[30] ?? 0) > 3 || contents[31] !== 0) {
		throw malformed("a calibration point of another form");
	}
}

function exactly(bytes: Uint8Array, length: number): Uint8Array {
	assert(bytes.length === length, `${bytes.length} bytes where ${length} belong`);
	return bytes;
}

/** A NaN has many bit patterns, so it would break "one byte string per content". */
function finite(value: number): number {
	if (!Number.isFinite(value)) throw malformed("a coefficient that is not finite");
	return value;
}

function requireZero(bytes: Uint8Array, first: number, end: number): void {
	for (let index = first; index < end; index++) {
		if (bytes[index] !== 0) throw malformed("a reserved byte is not zero");
	}
}

function malformed(what: string): StationError {
	return new StationError("entry-malformed", `${what}: not an entry of this version`);
}
