/**
 * Entries of a batch as columns of integer differences under an adaptive range coder. Each field of
 * a reading is a column with a state of its own: several simple predictors run along, the one that
 * erred least lately is taken, and what remains is coded on a scale that follows its errors. What
 * does not change costs a hundredth of a bit. The model is written once for both directions; its
 * constants are part of batch version 1 and described in docs/WIRE.md.
 */

import { putUint32, uint16At, uint32At } from "../../core/bytes.js";
import { AssertionError, assert, StationError } from "../../core/errors.js";
import { type BitCoder, Contexts, RangeDecoder, RangeEncoder } from "../../core/range-coder.js";
import {
	CHANNEL_SETS,
	type ChannelSet,
	type FieldSpec,
	fieldOf,
	putField,
} from "../record/channel-set.js";
import { ENTRY_BYTES_MAX, ENTRY_HEADER_BYTES, ENTRY_VERSION } from "../record/entry.js";
import { ENTRY_KINDS } from "../record/entry-layouts.js";
import { canBeAbsent } from "../record/reading.js";
import {
	ColumnCoder,
	codeDifference,
	codeUnsigned,
	ErrorShape,
	UNSIGNED_CONTEXTS,
} from "./column-coder.js";
import type { EntryRun } from "./packed-entries.js";

/** Which entries: fields of every header that need not be sent. */
export interface ColumnsRange {
	readonly epoch: number;
	/** Sequence of the first entry; the others follow without a hole. */
	readonly first: number;
	readonly count: number;
}

/** What a batch begins from, before anything was said; wrong guesses cost a byte or two each. */
const START = Object.freeze({ timeQuality: 2, boot: 1, configurationId: 1, intervalSeconds: 300 });

/** Steps in which a column's values may all move; the encoder takes the largest that divides. */
const QUANTA: readonly number[] = Object.freeze([1, 2, 5, 10, 25, 100, 125, 1000]);

/** Canonical bytes of consecutive entries to columns. */
export function encodeColumns(range: ColumnsRange, entries: EntryRun): Uint8Array {
	assert(entries.length >= range.count, "fewer entries than are to be encoded");
	const encoder = new RangeEncoder();
	const model = new EntryModel(encoder, range, entries);
	for (let index = 0; index < range.count; index++) model.code(entries.at(index));
	return encoder.finish();
}

/** Columns back to canonical bytes; throws StationError `batch-malformed`. */
export function decodeColumns(range: ColumnsRange, columns: Uint8Array): Uint8Array[] {
	const decoder = new RangeDecoder(columns);
	const model = new EntryModel(decoder, range, []);
	const entries: Uint8Array[] = [];
	for (let index = 0; index < range.count; index++) entries.push(model.code(undefined));
	if (!decoder.isSpent) throw malformed("bytes after the last entry");
	return entries;
}

/** From here on a common factor of all values is no accident. */
const CHANCE_ENTRIES = 8;

/** What the last reading of a channel set said of itself, and its columns. */
interface SetState {
	readonly set: ChannelSet;
	/** Fields that say something about a channel: compared, not predicted. */
	readonly marks: Map<FieldSpec, number>;
	/** Quantities by field. */
	readonly columns: Map<FieldSpec, Column>;
}

interface Column {
	readonly coder: ColumnCoder;
	readonly quantum: number;
	/** What the field can hold. */
	readonly least: number;
	readonly most: number;
	isAbsent: boolean;
}

const HEADER_MARKS = Object.freeze([
	{ at: 3, byteLength: 1, start: START.timeQuality },
	{ at: 12, byteLength: 4, start: START.boot },
	{ at: 24, byteLength: 2, start: START.configurationId },
	{ at: 26, byteLength: 2, start: 0 },
]);
const UPTIME_AT = 16;
const UTC_AT = 20;

const IS_READING = 0;
const IS_EXPECTED_QUANTUM = 1;
const IS_ABSENT = 2;

class EntryModel {
	readonly #coder: BitCoder;
	readonly #range: ColumnsRange;
	/** All entries when encoding: the quanta come from them. */
	readonly #entries: EntryRun;
	readonly #sets = new Map<number, SetState>();
	readonly #headerMarks: number[] = HEADER_MARKS.map((mark) => mark.start);
	readonly #buffer = new Uint8Array(ENTRY_BYTES_MAX);
	/** Rare decisions, by the three indices above. */
	readonly #rare = new Contexts(3);
	readonly #asBefore = new Contexts(2, 31000, 4);
	readonly #markSame = new Contexts(1, 24000, 2);
	readonly #unsigned = new Contexts(UNSIGNED_CONTEXTS);
	readonly #uptime = new Contexts(UNSIGNED_CONTEXTS);
	readonly #utc = new Contexts(UNSIGNED_CONTEXTS);
	readonly #bodyByteIsZero = new Contexts(1, 10000, 4);
	readonly #shape = new ErrorShape();
	#index = 0;
	#uptimeSeconds = 0;
	#utcSeconds = 0;
	#intervalSeconds: number = START.intervalSeconds;
	#readingSetId = 1;

	constructor(coder: BitCoder, range: ColumnsRange, entries: EntryRun) {
		this.#coder = coder;
		this.#range = range;
		this.#entries = entries;
	}

	/** Codes the next entry, or decodes it when `entry` is undefined; its canonical bytes. */
	code(entry: Uint8Array | undefined): Uint8Array {
		const bytes = this.#buffer;
		if (entry !== undefined) this.#take(entry);
		let isAsBefore = 0;
		if (entry !== undefined && this.#isAsBefore()) isAsBefore = 1;
		isAsBefore = this.#coder.bit(this.#asBefore, this.#index === 0 ? 0 : 1, isAsBefore);
		let byteLength = entry?.length ?? 0;
		bytes[0] = ENTRY_VERSION;
		putUint32(bytes, 4, this.#range.epoch);
		putUint32(bytes, 8, this.#range.first + this.#index);
		if (isAsBefore === 1) {
			bytes[1] = ENTRY_KINDS.reading;
			bytes[2] = this.#readingSetId;
			this.#restoreHeaderMarks();
		} else {
			this.#codeHeader();
		}
		const isReading = (bytes[1] ?? 0) === ENTRY_KINDS.reading;
		this.#codeTime(isReading);
		if (isReading) {
			const state = this.#setState(bytes[2] ?? 0);
			byteLength = ENTRY_HEADER_BYTES + state.set.bodyBytes;
			if (isAsBefore === 1) restoreMarks(bytes, state);
			else this.#codeMarks(state);
			for (const [field, column] of state.columns) this.#codeQuantity(field, column);
		} else {
			byteLength = this.#codeBody(byteLength);
		}
		this.#index++;
		return bytes.slice(0, byteLength);
	}

	#take(entry: Uint8Array): void {
		const range = this.#range;
		assert(entry.length >= ENTRY_HEADER_BYTES && entry.length <= ENTRY_BYTES_MAX, "no entry");
		this.#buffer.set(entry);
		const bytes = this.#buffer;
		assert((bytes[0] ?? 0) === ENTRY_VERSION, "an entry of another version");
		assert(uint32At(bytes, 4) === range.epoch, "an entry of another epoch");
		assert(uint32At(bytes, 8) === range.first + this.#index, "entries with a hole");
	}

	#isAsBefore(): boolean {
		const bytes = this.#buffer;
		if ((bytes[1] ?? 0) !== ENTRY_KINDS.reading) return false;
		if ((bytes[2] ?? 0) !== this.#readingSetId) return false;
		for (let index = 0; index < HEADER_MARKS.length; index++) {
			if (this.#readMark(index) !== this.#headerMarks[index]) return false;
		}
		const state = this.#sets.get(this.#readingSetId);
		if (state === undefined) {
			// The first reading of a batch is as before when it carries no mark at all.
			return (CHANNEL_SETS.get(this.#readingSetId)?.fields ?? []).every((field) => {
				const value = fieldOf(bytes, ENTRY_HEADER_BYTES, field);
				return canBeAbsent(field) ? value !== field.absent : value === 0;
			});
		}
		for (const [field, value] of state.marks) {
			if (fieldOf(bytes, ENTRY_HEADER_BYTES, field) !== value) return false;
		}
		for (const [field, column] of state.columns) {
			const isAbsent = fieldOf(bytes, ENTRY_HEADER_BYTES, field) === field.absent;
			if (isAbsent !== column.isAbsent) return false;
		}
		return true;
	}

	#readMark(index: number): number {
		const mark = HEADER_MARKS[index];
		assert(mark !== undefined, "no such mark");
		const bytes = this.#buffer;
		if (mark.byteLength === 1) return bytes[mark.at] ?? 0;
		return mark.byteLength === 2 ? uint16At(bytes, mark.at) : uint32At(bytes, mark.at);
	}

	#writeMark(index: number, value: number): void {
		const mark = HEADER_MARKS[index];
		assert(mark !== undefined, "no such mark");
		const bytes = this.#buffer;
		bytes[mark.at] = value;
		if (mark.byteLength > 1) bytes[mark.at + 1] = value >>> 8;
		if (mark.byteLength > 2) {
			bytes[mark.at + 2] = value >>> 16;
			bytes[mark.at + 3] = value >>> 24;
		}
	}

	#restoreHeaderMarks(): void {
		this.#headerMarks.forEach((value, index) => {
			this.#writeMark(index, value);
		});
	}

	/** Kind, channel set and header marks, spelled out. */
	#codeHeader(): void {
		const coder = this.#coder;
		const bytes = this.#buffer;
		const isReading = coder.bit(
			this.#rare,
			IS_READING,
			(bytes[1] ?? 0) === ENTRY_KINDS.reading ? 1 : 0,
		);
		if (isReading === 1) {
			bytes[1] = ENTRY_KINDS.reading;
			bytes[2] = coder.raw(8, bytes[2] ?? 0);
			if (!CHANNEL_SETS.has(bytes[2] ?? 0)) throw malformed("an unknown channel set");
			this.#readingSetId = bytes[2] ?? 0;
		} else {
			const kind = coder.raw(4, (bytes[1] ?? 0) - 1) + 1;
			if (kind === ENTRY_KINDS.reading) throw malformed("a reading that says it is none");
			bytes[1] = kind;
			bytes[2] = 0;
		}
		HEADER_MARKS.forEach((mark, index) => {
			const before = this.#headerMarks[index] ?? 0;
			const value = this.#codeMark(this.#readMark(index), before, 8 * mark.byteLength);
			this.#headerMarks[index] = value;
			this.#writeMark(index, value);
		});
	}

	#codeMark(value: number, before: number, bits: number): number {
		const isSame = this.#coder.bit(this.#markSame, 0, value === before ? 1 : 0);
		if (isSame === 1) return before;
		const coded = codeUnsigned(this.#coder, this.#unsigned, value);
		if (coded >= 2 ** bits) throw malformed("a mark out of its range");
		return coded;
	}

	#codeTime(isReading: boolean): void {
		const bytes = this.#buffer;
		const isFirst = this.#index === 0;
		const expected = isFirst ? 0 : this.#uptimeSeconds + (isReading ? this.#intervalSeconds : 0);
		const uptime = isFirst
			? codeUnsigned(this.#coder, this.#unsigned, uint32At(bytes, UPTIME_AT))
			: expected + codeDifference(this.#coder, this.#uptime, uint32At(bytes, UPTIME_AT) - expected);
		requireUint32(uptime);
		putUint32(bytes, UPTIME_AT, uptime);
		const elapsed = uptime - this.#uptimeSeconds;
		// Unset stays unset; a clock that runs goes as far as the uptime did.
		const expectedUtc = this.#utcSeconds === 0 ? 0 : this.#utcSeconds + elapsed;
		const utc = isFirst
			? this.#coder.raw(32, uint32At(bytes, UTC_AT))
			: expectedUtc + codeDifference(this.#coder, this.#utc, uint32At(bytes, UTC_AT) - expectedUtc);
		requireUint32(utc);
		putUint32(bytes, UTC_AT, utc);
		if (isReading && !isFirst && elapsed > 0) this.#intervalSeconds = elapsed;
		this.#uptimeSeconds = uptime;
		this.#utcSeconds = utc;
	}

	#setState(id: number): SetState {
		const known = this.#sets.get(id);
		if (known !== undefined) return known;
		const set = CHANNEL_SETS.get(id);
		if (set === undefined) throw new AssertionError(`channel set ${id} is not known`);
		const state: SetState = { set, marks: new Map(), columns: new Map() };
		for (const field of set.fields) {
			if (canBeAbsent(field)) {
				const quantum = this.#codeQuantum(id, field);
				const coder = new ColumnCoder(field, quantum, this.#shape);
				const bits = 8 * field.byteLength;
				const least = field.type === "i16" || field.type === "i32" ? -(2 ** (bits - 1)) : 0;
				const most = least + 2 ** bits - 1;
				state.columns.set(field, { coder, quantum, least, most, isAbsent: false });
			} else {
				state.marks.set(field, 0);
			}
		}
		this.#sets.set(id, state);
		return state;
	}

	#codeQuantum(setId: number, field: FieldSpec): number {
		const expected = field.quantum;
		const quantum = this.#chooseQuantum(setId, field, expected);
		if (this.#coder.bit(this.#rare, IS_EXPECTED_QUANTUM, quantum === expected ? 1 : 0) === 1)
			return expected;
		return QUANTA[this.#coder.raw(3, QUANTA.indexOf(quantum))] ?? 1;
	}

	#chooseQuantum(setId: number, field: FieldSpec, expected: number): number {
		const count = Math.min(this.#entries.length, this.#range.count);
		const fits = (quantum: number): boolean => {
			for (let index = 0; index < count; index++) {
				const entry = this.#entries.at(index);
				if (entry !== undefined && !isMultiple(entry, setId, field, quantum)) return false;
			}
			return true;
		};
		// A few values may share a factor by chance; to say so costs more than it saves.
		if (count < CHANCE_ENTRIES && fits(expected)) return expected;
		for (let index = QUANTA.length - 1; index > 0; index--) {
			const quantum = QUANTA[index] ?? 1;
			if (fits(quantum)) return quantum;
		}
		return 1;
	}

	#codeMarks(state: SetState): void {
		const bytes = this.#buffer;
		for (const [field, before] of state.marks) {
			const value = fieldOf(bytes, ENTRY_HEADER_BYTES, field);
			const coded = this.#codeMark(value, before, 8 * field.byteLength);
			state.marks.set(field, coded);
			putField(bytes, ENTRY_HEADER_BYTES, field, coded);
		}
		for (const [field, column] of state.columns) {
			const isAbsent = fieldOf(bytes, ENTRY_HEADER_BYTES, field) === field.absent;
			column.isAbsent = this.#coder.bit(this.#rare, IS_ABSENT, isAbsent ? 1 : 0) === 1;
		}
	}

	#codeQuantity(field: FieldSpec, column: Column): void {
		const bytes = this.#buffer;
		if (column.isAbsent) {
			putField(bytes, ENTRY_HEADER_BYTES, field, field.absent);
			return;
		}
		const steps = fieldOf(bytes, ENTRY_HEADER_BYTES, field) / column.quantum;
		const coded = column.coder.code(this.#coder, steps) * column.quantum;
		if (coded < column.least || coded > column.most || coded === field.absent) {
			throw malformed("a quantity out of its range");
		}
		putField(bytes, ENTRY_HEADER_BYTES, field, coded);
	}

	/** Everything but readings is rare: its body goes byte by byte, zeros cheaply. */
	#codeBody(byteLength: number): number {
		const coded = this.#coder.raw(7, byteLength);
		if (coded < ENTRY_HEADER_BYTES || coded > ENTRY_BYTES_MAX) {
			throw malformed(`an entry of ${coded} bytes`);
		}
		for (let index = ENTRY_HEADER_BYTES; index < coded; index++) {
			const byte = this.#buffer[index] ?? 0;
			const isZero = this.#coder.bit(this.#bodyByteIsZero, 0, byte === 0 ? 1 : 0);
			this.#buffer[index] = isZero === 1 ? 0 : this.#coder.raw(8, byte);
		}
		return coded;
	}
}

function restoreMarks(bytes: Uint8Array, state: SetState): void {
	for (const [field, value] of state.marks) putField(bytes, ENTRY_HEADER_BYTES, field, value);
}

function isMultiple(entry: Uint8Array, setId: number, field: FieldSpec, quantum: number): boolean {
	if (entry[1] !== ENTRY_KINDS.reading || entry[2] !== setId) return true;
	const value = fieldOf(entry, ENTRY_HEADER_BYTES, field);
	return value === field.absent || value % quantum === 0;
}

function requireUint32(value: number): void {
	if (value < 0 || value > 0xffffffff) throw malformed("a time out of its range");
}

function malformed(what: string): StationError {
	return new StationError("batch-malformed", `columns: ${what}`);
}
