/**
 * Readings on flash: differences from an anchor of the same sector, bit-packed, most of them in one
 * 16-byte slot. A delta names its anchor and depends on nothing else, and an anchor depends at most
 * on one key, so that what is corrupted costs itself and what was measured against it, never the rest.
 * Decoding gives back the canonical bytes bit for bit or nothing; layout in docs/FORMAT.md.
 */
import { putUint32, uint32At } from "../../core/bytes.js";
import { CHANNEL_SETS, type FieldSpec, fieldOf, putField } from "../record/channel-set.js";
import { ENTRY_BYTES_MAX, ENTRY_HEADER_BYTES, ENTRY_VERSION } from "../record/entry.js";
import { ENTRY_KINDS } from "../record/entry-layouts.js";
import { BitReader, BitWriter } from "./bits.js";
import { CRC_BYTES, FRAME_HEAD_BYTES, FRAME_SLOTS_MAX, SLOT_BYTES } from "./journal-format.js";
import { putSteady, takeSteady, valueFieldsOf } from "./steady-fields.js";

/** Steps that a channel may move in; a code of three bits each. 125 uV is a code of the ADC. */
export const QUANTA: readonly number[] = Object.freeze([1, 10, 100, 1000, 125, 5, 25, 50]);

/** How the deltas after an anchor are coded. */
export interface CodecParameters {
	/** Expected distance of readings, seconds 1..65535. */
	readonly intervalSeconds: number;
	/** Golomb orders 0..15: uptime, UTC, then one for each value field. */
	readonly orders: readonly number[];
	/** Indexes into QUANTA, one for each value field. */
	readonly quanta: readonly number[];
}

/** A reading that others refer to. */
export interface Anchor {
	/** Index of its frame within the sector. */
	readonly index: number;
	readonly canonicalBytes: Uint8Array;
	readonly parameters: CodecParameters;
}

const ORDER_BITS = 4;
const QUANTUM_BITS = 3;
export const ORDER_MAX = 15;
/** An anchor's own differences: far from the key, so one order for all. */
const ANCHOR_ORDER = 7;
/** Kind, version, epoch and sequence are known from elsewhere; the rest of the header is kept. */
const KEY_HEADER_AT = 12;
const ANCHOR_SLOTS_MAX = 3;

const UPTIME_AT = 16;
const UTC_AT = 20;

/** True for a canonical reading of a known channel set. */
export function isKnownReading(canonicalBytes: Uint8Array): boolean {
	return canonicalBytes[1] === ENTRY_KINDS.reading && CHANNEL_SETS.has(canonicalBytes[2] ?? 0);
}

// --- Encoding: each fills `frame` after its head and returns the slots it takes, 0 if none -------

/** Any entry whole, after its kind: at most 2 + 1 + 114 + 4 bytes. */
export function encodeRaw(canonicalBytes: Uint8Array, frame: Uint8Array): number {
	frame.fill(0);
	frame[FRAME_HEAD_BYTES] = canonicalBytes[1] ?? 0;
	frame[FRAME_HEAD_BYTES + 1] = canonicalBytes.length;
	frame[FRAME_HEAD_BYTES + 2] = canonicalBytes[2] ?? 0;
	frame[FRAME_HEAD_BYTES + 3] = canonicalBytes[3] ?? 0;
	frame.set(canonicalBytes.subarray(KEY_HEADER_AT), FRAME_HEAD_BYTES + 4);
	return slotsOf(FRAME_HEAD_BYTES + 4 + canonicalBytes.length - KEY_HEADER_AT);
}

/** A reading whole, with parameters. */
export function encodeKey(
	canonicalBytes: Uint8Array,
	parameters: CodecParameters,
	frame: Uint8Array,
): number {
	frame.fill(0);
	frame[FRAME_HEAD_BYTES] = canonicalBytes[2] ?? 0;
	frame[FRAME_HEAD_BYTES + 1] = canonicalBytes[3] ?? 0;
	frame.set(canonicalBytes.subarray(KEY_HEADER_AT), FRAME_HEAD_BYTES + 2);
	const bodyEnd = FRAME_HEAD_BYTES + 2 + canonicalBytes.length - KEY_HEADER_AT;
	const writer = new BitWriter(frame, bodyEnd * 8, frame.length * 8);
	putParameters(writer, parameters);
	return slotsOf(bodyEnd + Math.ceil(parameterBits(parameters) / 8));
}

/** A reading as differences from a key, with parameters of its own. */
export function encodeAnchor(
	canonicalBytes: Uint8Array,
	index: number,
	key: Anchor,
	parameters: CodecParameters,
	frame: Uint8Array,
): number {
	for (let slots = 2; slots <= ANCHOR_SLOTS_MAX; slots++) {
		frame.fill(0);
		const writer = writerOf(frame, slots);
		writer.put(key.index, 8);
		putParameters(writer, parameters);
		const coding = anchorCoding(parameters);
		if (!putDifferences(writer, canonicalBytes, index, key, coding)) return 0;
		if (!writer.isFull) return slots;
	}
	return 0;
}

/** A reading as differences from an anchor, in one slot. */
export function encodeDelta(
	canonicalBytes: Uint8Array,
	index: number,
	anchor: Anchor,
	frame: Uint8Array,
): number {
	frame.fill(0);
	const writer = writerOf(frame, 1);
	writer.put(anchor.index, 8);
	if (!putDifferences(writer, canonicalBytes, index, anchor, anchor.parameters)) return 0;
	return writer.isFull ? 0 : 1;
}

// --- Decoding: canonical bytes, or undefined when the frame is not what a writer wrote ------------

/** Position of an entry: what canonical bytes have and frames leave out. */
export interface EntryPosition {
	readonly epoch: number;
	readonly sequence: number;
}

export function decodeRaw(frame: Uint8Array, position: EntryPosition): Uint8Array | undefined {
	const length = frame[FRAME_HEAD_BYTES + 1] ?? 0;
	const end = FRAME_HEAD_BYTES + 4 + length - KEY_HEADER_AT;
	if (length < ENTRY_HEADER_BYTES || length > ENTRY_BYTES_MAX) return undefined;
	if (slotsOf(end) * SLOT_BYTES !== frame.length || !restIsZero(frame, end)) return undefined;
	const canonicalBytes = withPosition(length, frame[FRAME_HEAD_BYTES] ?? 0, position);
	canonicalBytes[2] = frame[FRAME_HEAD_BYTES + 2] ?? 0;
	canonicalBytes[3] = frame[FRAME_HEAD_BYTES + 3] ?? 0;
	canonicalBytes.set(frame.subarray(FRAME_HEAD_BYTES + 4, end), KEY_HEADER_AT);
	return canonicalBytes;
}

export function decodeKey(
	frame: Uint8Array,
	index: number,
	position: EntryPosition,
): Anchor | undefined {
	const set = CHANNEL_SETS.get(frame[FRAME_HEAD_BYTES] ?? 0);
	if (set === undefined) return undefined;
	const length = ENTRY_HEADER_BYTES + set.bodyBytes;
	const canonicalBytes = withPosition(length, ENTRY_KINDS.reading, position);
	canonicalBytes[2] = set.id;
	canonicalBytes[3] = frame[FRAME_HEAD_BYTES + 1] ?? 0;
	const bodyEnd = FRAME_HEAD_BYTES + 2 + length - KEY_HEADER_AT;
	canonicalBytes.set(frame.subarray(FRAME_HEAD_BYTES + 2, bodyEnd), KEY_HEADER_AT);
	const reader = new BitReader(frame, bodyEnd * 8, (frame.length - CRC_BYTES) * 8);
	const parameters = takeParameters(reader, set.id);
	if (reader.isSpent || !reader.restIsZero) return undefined;
	return { index, canonicalBytes, parameters };
}

export function decodeAnchor(
	frame: Uint8Array,
	index: number,
	anchorOf: (index: number) => Anchor | undefined,
	position: EntryPosition,
): Anchor | undefined {
	const reader = readerOf(frame);
	const key = anchorOf(reader.take(8));
	if (key === undefined) return undefined;
	const parameters = takeParameters(reader, key.canonicalBytes[2] ?? 0);
	const canonicalBytes = takeDifferences(reader, index, key, anchorCoding(parameters), position);
	if (canonicalBytes === undefined) return undefined;
	return { index, canonicalBytes, parameters };
}

export function decodeDelta(
	frame: Uint8Array,
	index: number,
	anchorOf: (index: number) => Anchor | undefined,
	position: EntryPosition,
): Uint8Array | undefined {
	const reader = readerOf(frame);
	const anchor = anchorOf(reader.take(8));
	if (anchor === undefined) return undefined;
	return takeDifferences(reader, index, anchor, anchor.parameters, position);
}

// --- Differences ----------------------------------------------------------------------------------

/** False when a difference is no multiple of its quantum. */
function putDifferences(
	writer: BitWriter,
	canonicalBytes: Uint8Array,
	index: number,
	anchor: Anchor,
	coding: CodecParameters,
): boolean {
	const from = anchor.canonicalBytes;
	const channelSet = canonicalBytes[2] ?? 0;
	if (channelSet !== from[2]) return false;
	const elapsed = (uint32At(canonicalBytes, UPTIME_AT) - uint32At(from, UPTIME_AT)) | 0;
	const intervals = Math.round(elapsed / coding.intervalSeconds);
	writer.putSigned(intervals - (index - anchor.index), 0);
	writer.putSigned(elapsed - intervals * coding.intervalSeconds, coding.orders[0] ?? 0);
	const utc = (uint32At(canonicalBytes, UTC_AT) - uint32At(from, UTC_AT)) | 0;
	writer.putSigned((utc - elapsed) | 0, coding.orders[1] ?? 0);
	const values = valueFieldsOf(channelSet);
	putSteady(writer, canonicalBytes, from, channelSet, values);
	for (let fieldIndex = 0; fieldIndex < values.length; fieldIndex++) {
		const field = values[fieldIndex] as FieldSpec;
		const value = fieldOf(canonicalBytes, ENTRY_HEADER_BYTES, field);
		if (value === field.absent) continue;
		const quantum = QUANTA[coding.quanta[fieldIndex] ?? 0] ?? 1;
		const steps = (value - presentValueOf(from, field)) / quantum;
		if (steps !== Math.floor(steps)) return false;
		writer.putSigned(steps | 0, coding.orders[2 + fieldIndex] ?? 0);
	}
	return true;
}

function takeDifferences(
	reader: BitReader,
	index: number,
	anchor: Anchor,
	coding: CodecParameters,
	position: EntryPosition,
): Uint8Array | undefined {
	const from = anchor.canonicalBytes;
	const channelSet = from[2] ?? 0;
	// What seldom changes is as the anchor has it, unless the frame says otherwise.
	const canonicalBytes = from.slice();
	putPosition(canonicalBytes, position);
	const intervals = reader.takeSigned(0) + (index - anchor.index);
	const residual = reader.takeSigned(coding.orders[0] ?? 0);
	const elapsed = (intervals * coding.intervalSeconds + residual) | 0;
	const utc = (reader.takeSigned(coding.orders[1] ?? 0) + elapsed) | 0;
	putUint32(canonicalBytes, UPTIME_AT, uint32At(from, UPTIME_AT) + elapsed);
	putUint32(canonicalBytes, UTC_AT, uint32At(from, UTC_AT) + utc);
	const values = valueFieldsOf(channelSet);
	const toggled = takeSteady(reader, canonicalBytes, channelSet, values);
	for (let fieldIndex = 0; fieldIndex < values.length; fieldIndex++) {
		const field = values[fieldIndex] as FieldSpec;
		const absent = field.absent;
		const wasAbsent = fieldOf(from, ENTRY_HEADER_BYTES, field) === absent;
		const isAbsent = wasAbsent !== ((toggled >>> fieldIndex) & 1) > 0;
		if (isAbsent) {
			putField(canonicalBytes, ENTRY_HEADER_BYTES, field, absent);
			continue;
		}
		const quantum = QUANTA[coding.quanta[fieldIndex] ?? 0] ?? 1;
		const steps = reader.takeSigned(coding.orders[2 + fieldIndex] ?? 0);
		const value = presentValueOf(from, field) + steps * quantum;
		putField(canonicalBytes, ENTRY_HEADER_BYTES, field, value);
	}
	return reader.isSpent || !reader.restIsZero ? undefined : canonicalBytes;
}

/** What differences count from: an absent value counts as 0. */
function presentValueOf(canonicalBytes: Uint8Array, field: FieldSpec): number {
	const value = fieldOf(canonicalBytes, ENTRY_HEADER_BYTES, field);
	return value === field.absent ? 0 : value;
}

function anchorCoding(parameters: CodecParameters): CodecParameters {
	const { intervalSeconds, quanta } = parameters;
	const orders = [2, 2];
	for (let fieldIndex = 0; fieldIndex < quanta.length; fieldIndex++) orders.push(ANCHOR_ORDER);
	return { intervalSeconds, orders, quanta };
}

function putParameters(writer: BitWriter, parameters: CodecParameters): void {
	writer.put(parameters.intervalSeconds, 16);
	for (const order of parameters.orders) writer.put(order, ORDER_BITS);
	for (const quantum of parameters.quanta) writer.put(quantum, QUANTUM_BITS);
}

function takeParameters(reader: BitReader, channelSet: number): CodecParameters {
	const count = valueFieldsOf(channelSet).length;
	const intervalSeconds = reader.take(16);
	const orders: number[] = [];
	const quanta: number[] = [];
	for (let fieldIndex = 0; fieldIndex < 2 + count; fieldIndex++)
		orders.push(reader.take(ORDER_BITS));
	for (let fieldIndex = 0; fieldIndex < count; fieldIndex++) quanta.push(reader.take(QUANTUM_BITS));
	return { intervalSeconds, orders, quanta };
}

function parameterBits(parameters: CodecParameters): number {
	return 16 + parameters.orders.length * ORDER_BITS + parameters.quanta.length * QUANTUM_BITS;
}

function writerOf(frame: Uint8Array, slots: number): BitWriter {
	return new BitWriter(frame, FRAME_HEAD_BYTES * 8, (slots * SLOT_BYTES - CRC_BYTES) * 8);
}

function readerOf(frame: Uint8Array): BitReader {
	return new BitReader(frame, FRAME_HEAD_BYTES * 8, (frame.length - CRC_BYTES) * 8);
}

/** Slots of a frame whose contents end at byte `end`, its CRC added; 0 when it is too long. */
function slotsOf(end: number): number {
	const slots = Math.ceil((end + CRC_BYTES) / SLOT_BYTES);
	return slots > FRAME_SLOTS_MAX ? 0 : slots;
}

function withPosition(length: number, kind: number, position: EntryPosition): Uint8Array {
	const canonicalBytes = new Uint8Array(length);
	canonicalBytes[0] = ENTRY_VERSION;
	canonicalBytes[1] = kind;
	putPosition(canonicalBytes, position);
	return canonicalBytes;
}

function putPosition(canonicalBytes: Uint8Array, position: EntryPosition): void {
	putUint32(canonicalBytes, 4, position.epoch);
	putUint32(canonicalBytes, 8, position.sequence);
}

function restIsZero(frame: Uint8Array, first: number): boolean {
	for (let index = first; index < frame.length - CRC_BYTES; index++) {
		if (frame[index] !== 0) return false;
	}
	return true;
}
