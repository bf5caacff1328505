/**
 * Columns of text cells as bytes and back, to the character: a column whose cells are all the same once, one of
 * numbers as differences, one of times as differences of seconds, any other as a list of the texts that occur and a
 * number for each cell. What goes in comes out, whatever it is.
 */
import { isoTextOf } from "../../core/calendar.js";

/** As a column is in a day. */
export type Column =
	/** One text for all. */
	| { readonly kind: "same"; readonly text: string }
	/** `steps[i] / 10^decimals`; undefined: an empty cell. */
	| {
			readonly kind: "number";
			readonly decimals: number;
			readonly steps: readonly (number | undefined)[];
	  }
	/** Unix seconds; undefined: an empty cell. */
	| { readonly kind: "time"; readonly seconds: readonly (number | undefined)[] }
	| {
			readonly kind: "text";
			readonly texts: readonly string[];
			readonly indexes: readonly number[];
	  };

const KINDS = Object.freeze({ same: 0, number: 1, time: 2, text: 3 });
const NUMBER = /^(-?)(\d{1,15})(?:\.(\d{1,9}))?$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

export class ByteWriter {
	#bytes = new Uint8Array(256);
	#length = 0;

	byte(value: number): void {
		if (this.#length === this.#bytes.length) {
			const grown = new Uint8Array(2 * this.#length);
			grown.set(this.#bytes);
			this.#bytes = grown;
		}
		this.#bytes[this.#length++] = value;
	}

	/** A whole number from 0 to 2^53 - 1, seven bits a byte, the lowest first. */
	count(value: number): void {
		let rest = value;
		while (rest >= 128) {
			this.byte((rest % 128) + 128);
			rest = Math.floor(rest / 128);
		}
		this.byte(rest);
	}

	/** Small amounts of either sign are short. */
	signed(value: number): void {
		this.count(value < 0 ? -2 * value - 1 : 2 * value);
	}

	raw(bytes: Uint8Array): void {
		for (const byte of bytes) this.byte(byte);
	}

	text(text: string): void {
		const bytes = Buffer.from(text, "utf8");
		this.count(bytes.length);
		this.raw(bytes);
	}

	take(): Uint8Array {
		return this.#bytes.slice(0, this.#length);
	}
}

export class ByteReader {
	readonly #bytes: Uint8Array;
	#at = 0;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	get isAtEnd(): boolean {
		return this.#at >= this.#bytes.length;
	}

	/** Bytes that were not read yet. */
	get left(): number {
		return this.#bytes.length - this.#at;
	}

	byte(): number {
		const byte = this.#bytes[this.#at++];
		if (byte === undefined) throw new RangeError("the bytes of a column end too early");
		return byte;
	}

	count(): number {
		let value = 0;
		let worth = 1;
		for (;;) {
			const byte = this.byte();
			value += (byte & 127) * worth;
			if (byte < 128) return value;
			worth *= 128;
		}
	}

	signed(): number {
		const value = this.count();
		return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
	}

	raw(length: number): Uint8Array {
		const end = this.#at + length;
		if (end > this.#bytes.length) throw new RangeError("the bytes of a column end too early");
		const part = this.#bytes.subarray(this.#at, end);
		this.#at = end;
		return part;
	}

	text(): string {
		return Buffer.from(this.raw(this.count())).toString("utf8");
	}
}

/** The shortest of the kinds that gives every cell back. */
export function columnOf(cells: readonly string[]): Column {
	const [first = ""] = cells;
	if (cells.every((cell) => cell === first)) return { kind: "same", text: first };
	return numberColumn(cells) ?? timeColumn(cells) ?? textColumn(cells);
}

export function cellOf(column: Column, index: number): string {
	switch (column.kind) {
		case "same":
			return column.text;
		case "number":
			return stepsText(column.steps[index], column.decimals);
		case "time": {
			const seconds = column.seconds[index];
			return seconds === undefined ? "" : isoTextOf(seconds);
		}
		case "text":
			return column.texts[column.indexes[index] ?? 0] ?? "";
	}
}

/** As numbers, NaN where a cell is empty or holds none; of times Unix seconds. */
export function numbersOf(column: Column, count: number): Float64Array {
	const numbers = new Float64Array(count).fill(Number.NaN);
	switch (column.kind) {
		case "same": {
			const time = TIME.test(column.text) ? Date.parse(column.text) / 1000 : Number(column.text);
			return column.text === "" ? numbers : numbers.fill(time);
		}
		case "number": {
			const scale = 10 ** column.decimals;
			column.steps.forEach((step, index) => {
				if (step !== undefined) numbers[index] = step / scale;
			});
			return numbers;
		}
		case "time":
			column.seconds.forEach((seconds, index) => {
				if (seconds !== undefined) numbers[index] = seconds;
			});
			return numbers;
		case "text":
			column.indexes.forEach((textIndex, index) => {
				const text = column.texts[textIndex] ?? "";
				if (text !== "") numbers[index] = Number(text);
			});
			return numbers;
	}
}

export function writeColumn(writer: ByteWriter, column: Column): void {
	writer.byte(KINDS[column.kind]);
	switch (column.kind) {
		case "same":
			writer.text(column.text);
			return;
		case "number":
			writer.byte(column.decimals);
			writeDifferences(writer, column.steps);
			return;
		case "time":
			writeDifferences(writer, column.seconds);
			return;
		case "text":
			writer.count(column.texts.length);
			for (const text of column.texts) writer.text(text);
			for (const index of column.indexes) writer.count(index);
	}
}

export function readColumn(reader: ByteReader, count: number): Column {
	const kind = reader.byte();
	if (kind === KINDS.same) return { kind: "same", text: reader.text() };
	if (kind === KINDS.number) {
		const decimals = reader.byte();
		return { kind: "number", decimals, steps: readDifferences(reader, count) };
	}
	if (kind === KINDS.time) return { kind: "time", seconds: readDifferences(reader, count) };
	if (kind !== KINDS.text) throw new RangeError(`a column of kind ${kind}`);
	const texts = Array.from({ length: reader.count() }, () => reader.text());
	return { kind: "text", texts, indexes: Array.from({ length: count }, () => reader.count()) };
}

function numberColumn(cells: readonly string[]): Column | undefined {
	let decimals: number | undefined;
	const steps: (number | undefined)[] = [];
	for (const cell of cells) {
		if (cell === "") {
			steps.push(undefined);
			continue;
		}
		const [, sign = "", whole = "", part = ""] = NUMBER.exec(cell) ?? [];
		if (whole === "" || part.length !== (decimals ?? part.length)) return undefined;
		decimals = part.length;
		const step = Number(sign + whole + part);
		// "-0", "007" and what is beyond exact numbers stay texts.
		if (!Number.isSafeInteger(2 * step) || stepsText(step, decimals) !== cell) return undefined;
		steps.push(step);
	}
	return { kind: "number", decimals: decimals ?? 0, steps };
}

function timeColumn(cells: readonly string[]): Column | undefined {
	const seconds: (number | undefined)[] = [];
	for (const cell of cells) {
		if (cell === "") {
			seconds.push(undefined);
			continue;
		}
		const at = TIME.test(cell) ? Date.parse(cell) / 1000 : Number.NaN;
		if (!Number.isSafeInteger(at) || isoTextOf(at) !== cell) return undefined;
		seconds.push(at);
	}
	return { kind: "time", seconds };
}

function textColumn(cells: readonly string[]): Column {
	const known = new Map<string, number>();
	const indexes = cells.map((cell) => {
		const index = known.get(cell) ?? known.size;
		known.set(cell, index);
		return index;
	});
	return { kind: "text", texts: [...known.keys()], indexes };
}

function stepsText(steps: number | undefined, decimals: number): string {
	if (steps === undefined) return "";
	const digits = String(Math.abs(steps)).padStart(decimals + 1, "0");
	const sign = steps < 0 || Object.is(steps, -0) ? "-" : "";
	if (decimals === 0) return sign + digits;
	return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** Runs of present and absent cells, then each present one as its difference from the one before. */
function writeDifferences(writer: ByteWriter, values: readonly (number | undefined)[]): void {
	let run = 0;
	let isPresent = true;
	for (const value of values) {
		if ((value !== undefined) === isPresent) run++;
		else {
			writer.count(run);
			isPresent = !isPresent;
			run = 1;
		}
	}
	writer.count(run);
	let before = 0;
	for (const value of values) {
		if (value === undefined) continue;
		writer.signed(value - before);
		before = value;
	}
}

function readDifferences(reader: ByteReader, count: number): (number | undefined)[] {
	const isPresent: boolean[] = [];
	for (let present = true; isPresent.length < count; present = !present) {
		const run = reader.count();
		if (run > count - isPresent.length) throw new RangeError("more cells than rows in a column");
		for (let index = 0; index < run; index++) isPresent.push(present);
	}
	let before = 0;
	return isPresent.map((present) => {
		if (!present) return undefined;
		before += reader.signed();
		return before;
	});
}
