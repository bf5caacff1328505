/**
 * Fields of a reading that seldom change: one bit says that all are as in the anchor, else each that changed stands
 * whole; and which of the values came or went. docs/FORMAT.md has the layout.
 */
import { uint16At, uint32At } from "../../core/bytes.js";
import { CHANNEL_SETS, type FieldSpec, fieldOf, putField } from "../record/channel-set.js";
import { ENTRY_HEADER_BYTES } from "../record/entry.js";
import { canBeAbsent } from "../record/reading.js";
import type { BitReader, BitWriter } from "./bits.js";

interface HeaderField {
	readonly at: number;
	readonly bytes: 1 | 2 | 4;
}

/** Header fields that seldom change: time quality, boot, configuration, station flags. */
const STEADY_HEADER: readonly HeaderField[] = Object.freeze([
	{ at: 3, bytes: 1 },
	{ at: 12, bytes: 4 },
	{ at: 24, bytes: 2 },
	{ at: 26, bytes: 2 },
]);
interface SetFields {
	/** Their differences are coded. */
	readonly values: readonly FieldSpec[];
	/** These seldom change. */
	readonly steady: readonly FieldSpec[];
}

const FIELDS: ReadonlyMap<number, SetFields> = new Map(
	[...CHANNEL_SETS].map(([id, { fields }]) => [
		id,
		{
			values: fields.filter(canBeAbsent),
			steady: fields.filter((field) => !canBeAbsent(field)),
		},
	]),
);

/** Fields of a channel set whose differences are coded; the others seldom change. */
export function valueFieldsOf(channelSet: number): readonly FieldSpec[] {
	return FIELDS.get(channelSet)?.values ?? [];
}

function steadyFieldsOf(channelSet: number): readonly FieldSpec[] {
	return FIELDS.get(channelSet)?.steady ?? [];
}

/** One bit "all as before", or which changed and what they are now, and which values came or went. */
export function putSteady(
	writer: BitWriter,
	canonicalBytes: Uint8Array,
	from: Uint8Array,
	channelSet: number,
	values: readonly FieldSpec[],
): void {
	let isSame = true;
	for (const field of STEADY_HEADER) {
		if (headerValue(canonicalBytes, field) !== headerValue(from, field)) isSame = false;
	}
	const steady = steadyFieldsOf(channelSet);
	for (const field of steady) {
		if (
			fieldOf(canonicalBytes, ENTRY_HEADER_BYTES, field) !==
			fieldOf(from, ENTRY_HEADER_BYTES, field)
		) {
			isSame = false;
		}
	}
	let toggled = 0;
	values.forEach((field, position) => {
		const absent = field.absent;
		const was = fieldOf(from, ENTRY_HEADER_BYTES, field) === absent;
		const is = fieldOf(canonicalBytes, ENTRY_HEADER_BYTES, field) === absent;
		if (was !== is) toggled |= 1 << position;
	});
	writer.put(isSame && toggled === 0 ? 1 : 0, 1);
	if (isSame && toggled === 0) return;
	for (const field of STEADY_HEADER) {
		putChanged(writer, headerValue(from, field), headerValue(canonicalBytes, field), field.bytes);
	}
	for (const field of steady) {
		const before = fieldOf(from, ENTRY_HEADER_BYTES, field);
		const now = fieldOf(canonicalBytes, ENTRY_HEADER_BYTES, field);
		putChanged(writer, before, now, field.byteLength);
	}
	writer.put(toggled, values.length);
}

/** Puts in the steady fields that changed; returns the bits of the values that came or went. */
export function takeSteady(
	reader: BitReader,
	canonicalBytes: Uint8Array,
	channelSet: number,
	values: readonly FieldSpec[],
): number {
	if (reader.take(1) === 1) return 0;
	for (const field of STEADY_HEADER) {
		if (reader.take(1) === 0) continue;
		const value = reader.take(8 * field.bytes);
		canonicalBytes[field.at] = value;
		if (field.bytes > 1) canonicalBytes[field.at + 1] = value >>> 8;
		if (field.bytes > 2) {
			canonicalBytes[field.at + 2] = value >>> 16;
			canonicalBytes[field.at + 3] = value >>> 24;
		}
	}
	for (const field of steadyFieldsOf(channelSet)) {
		if (reader.take(1) === 0) continue;
		putField(canonicalBytes, ENTRY_HEADER_BYTES, field, reader.take(8 * field.byteLength));
	}
	return reader.take(values.length);
}

function putChanged(writer: BitWriter, before: number, now: number, bytes: number): void {
	writer.put(before === now ? 0 : 1, 1);
	if (before !== now) writer.put(now, 8 * bytes);
}

function headerValue(canonicalBytes: Uint8Array, { at, bytes }: HeaderField): number {
	if (bytes === 1) return canonicalBytes[at] ?? 0;
	return bytes === 2 ? uint16At(canonicalBytes, at) : uint32At(canonicalBytes, at);
}
